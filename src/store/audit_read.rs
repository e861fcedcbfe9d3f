//! The audit, reading side: lists for people, actions a crash left unfinished, and concurrent changes to a subject.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_domain::action::Subject;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::BadCell;
use equipemed_domain::key::RoomKey;
use equipemed_domain::outcome::Outcome;
use jiff::Timestamp;
use ruma_common::{OwnedUserId, UserId};

use super::audit::{AuditCause, AuditId, Intent};
use super::rows::{Record, Table, limit, ms};
use super::runs::RunId;
use super::{Store, StoreError};

/// How many attempts to create one account are examined.
const MAKINGS: usize = 50;

const TABLE: Table = Table { name: "audit", key: "id" };

macro_rules! columns {
    () => {
        "id, run_id, at, actor, cause, kind, subject, room_key, user_id, person_id, action,
            outcome, outcome_detail, outcome_at"
    };
}

/// One recorded action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number; later entries have larger ones.
    pub id: AuditId,
    /// When the intent was written.
    pub at: Timestamp,
    /// The intent.
    pub intent: Intent,
    /// Its outcome; None while the action runs, and after a crash.
    pub settled: Option<Settled>,
}

/// An action's outcome, and when it was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The outcome.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

/// Which entries to list; an empty field does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// About this account.
    pub user: Option<OwnedUserId>,
    /// About this managed room.
    pub room: Option<RoomKey>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this run.
    pub run: Option<RunId>,
    /// With this outcome: [`Outcome::as_str`].
    pub outcome: Option<String>,
    /// Written at or after this instant.
    pub since: Option<Timestamp>,
    /// With a smaller number, for the next page.
    pub before: Option<AuditId>,
    /// Maximum number of entries, newest first.
    pub limit: Option<usize>,
}

impl Store {
    /// Entries, newest first.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, StoreError> {
        const SQL: &str = concat!(
            "select ",
            columns!(),
            " from audit
                where ($1 is null or user_id = $1) and ($2 is null or room_key = $2) and ($3 is null or kind = $3)
                    and ($4 is null or run_id = $4) and ($5 is null or at >= $5) and ($6 is null or id < $6)
                    and ($7 is null or outcome = $7)
                order by id desc limit $8"
        );
        on_reader!(self, db => {
            let query = sqlx::query(SQL)
                .bind(filter.user.as_ref().map(|user| user.as_str()))
                .bind(filter.room.as_ref().map(RoomKey::as_str))
                .bind(&filter.kind)
                .bind(filter.run.map(|run| run.0))
                .bind(filter.since.map(ms))
                .bind(filter.before.map(|id| id.0))
                .bind(&filter.outcome)
                .bind(limit(filter.limit.unwrap_or(usize::MAX)));
            TABLE.all(&query.fetch_all(db).await?, read)?
        })
    }

    /// When creation of a person's account began, if it is not known to have ended: no response came, or it failed.
    /// None when it ended or never began.
    pub async fn making_begun(&self, person: PersonId, user: &UserId) -> Result<Option<Timestamp>, StoreError> {
        let filter = AuditFilter {
            user: Some(user.to_owned()),
            kind: Some("create_account".to_owned()),
            limit: Some(MAKINGS),
            ..AuditFilter::default()
        };
        let is_open = |entry: &AuditEntry| {
            let outcome = entry.settled.as_ref().map(|settled| &settled.outcome);
            entry.intent.person == Some(person) && matches!(outcome, None | Some(Outcome::Failed(_)))
        };
        let entries = self.audit(&filter).await?;
        Ok(entries.into_iter().take_while(is_open).last().map(|entry| entry.at))
    }

    /// Finished and running actions for one wish, oldest first.
    pub async fn served(&self, wish: &str) -> Result<Vec<AuditEntry>, StoreError> {
        const SQL: &str = concat!(
            "select ",
            columns!(),
            " from audit where id in (select audit_id from served_wishes where wish = $1) order by id"
        );
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(wish).fetch_all(db).await?, read)?)
    }

    /// Actions caused by one grant, deed or command, oldest first.
    pub async fn caused(&self, cause: AuditCause) -> Result<Vec<AuditEntry>, StoreError> {
        const SQL: &str = concat!("select ", columns!(), " from audit where cause = $1 order by id");
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(cause.to_string()).fetch_all(db).await?, read)?)
    }

    /// Whether this service acted in a room at an instant, give or take `slack`.
    pub async fn was_busy_in(&self, room: &RoomKey, at: Timestamp, slack: Duration) -> Result<bool, StoreError> {
        // Searches from the newest on, because callers ask about recent instants.
        const SQL: &str = "select id from audit
            where room_key = $1 and at <= $2 and (outcome_at is null or outcome_at >= $3) order by id desc limit 1";
        let slack_ms = i64::try_from(slack.as_millis()).unwrap_or(i64::MAX);
        on_reader!(self, db => {
            let query = sqlx::query(SQL).bind(room.as_str());
            let query = query.bind(ms(at).saturating_add(slack_ms)).bind(ms(at).saturating_sub(slack_ms));
            query.fetch_optional(db).await?.is_some()
        })
    }

    /// `Some(true)` if an action of this kind on an account has no outcome yet, `Some(false)` if the last one ended
    /// since an instant.
    pub async fn busy_with(&self, user: &UserId, kind: &str, since: Timestamp) -> Result<Option<bool>, StoreError> {
        const SQL: &str = "select id, outcome is null as is_open from audit
            where user_id = $1 and kind = $2 and (outcome is null or outcome_at >= $3)
            order by outcome is null desc, id desc limit 1";
        on_reader!(self, db => {
            let query = sqlx::query(SQL).bind(user.as_str()).bind(kind).bind(ms(since));
            let row = query.fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, |row| row.flag("is_open"))).transpose()?
        })
    }

    /// The newest entry so far.
    pub async fn newest_audit(&self) -> Result<AuditId, StoreError> {
        const SQL: &str = "select coalesce(max(id), 0) from audit";
        on_reader!(self, db => AuditId(sqlx::query_scalar(SQL).fetch_one(db).await?))
    }

    /// Whether anyone except the run `own` began to act on a room or account after an entry.
    pub async fn was_touched(&self, subject: &Subject, after: AuditId, own: Option<RunId>) -> Result<bool, StoreError> {
        const ROOM: &str = "select id from audit
            where room_key = $1 and id > $2 and ($3 is null or run_id is null or run_id <> $3) limit 1";
        const ACCOUNT: &str = "select id from audit
            where user_id = $1 and room_key is null and id > $2
                and ($3 is null or run_id is null or run_id <> $3) limit 1";
        let (sql, name) = match subject {
            Subject::Room(room) => (ROOM, room.as_str()),
            Subject::Account(user) => (ACCOUNT, user.as_str()),
        };
        on_reader!(self, db => {
            let query = sqlx::query(sql).bind(name).bind(after.0).bind(own.map(|run| run.0));
            query.fetch_optional(db).await?.is_some()
        })
    }

    /// Intents without an outcome, oldest first.
    pub async fn unfinished(&self) -> Result<Vec<AuditEntry>, StoreError> {
        const SQL: &str = concat!("select ", columns!(), " from audit where outcome is null order by id");
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).fetch_all(db).await?, read)?)
    }

    /// Rooms whose creation was interrupted: one may exist that is not bound yet.
    pub async fn rooms_half_made(&self) -> Result<BTreeSet<RoomKey>, StoreError> {
        const SQL: &str = "select id, room_key from audit where outcome is null and kind = 'create_room'";
        let read = |row: &Record<'_>| row.text("room_key").map(RoomKey::new);
        let rooms = on_reader!(self, db => TABLE.all(&sqlx::query(SQL).fetch_all(db).await?, read)?)?;
        Ok(rooms.into_iter().collect())
    }
}

fn read(row: &Record<'_>) -> Result<AuditEntry, StoreError> {
    let user = match row.maybe_text("user_id")? {
        Some(_) => Some(row.user("user_id")?),
        None => None,
    };
    let settled = match row.maybe_text("outcome")? {
        None => None,
        Some(word) => {
            let outcome = Outcome::from_stored(&word, row.maybe_text("outcome_detail")?);
            let outcome = outcome.ok_or_else(|| row.nonsense("outcome", BadCell::UnknownWord))?;
            Some(Settled { outcome, at: row.time("outcome_at")? })
        }
    };
    Ok(AuditEntry {
        id: AuditId(row.int("id")?),
        at: row.time("at")?,
        intent: Intent {
            run: row.maybe_int("run_id")?.map(RunId),
            actor: row.text("actor")?,
            cause: row.word("cause", AuditCause::from_text)?,
            kind: row.text("kind")?,
            subject: row.text("subject")?,
            room: row.maybe_text("room_key")?.map(RoomKey::new),
            user,
            person: row.maybe_int("person_id")?.map(PersonId),
            action: row.text("action")?,
            wishes: Vec::new(),
        },
        settled,
    })
}
