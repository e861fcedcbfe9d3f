//! Grants. A grant ends but is never deleted: who asked for what stays on record.

use std::collections::BTreeSet;

use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::BadCell;
use equipemed_domain::grant::{Grant, GrantId, GrantKind};
use equipemed_domain::key::RoomKey;
use equipemed_domain::sums::Past;
use jiff::Timestamp;

use super::rows::{Record, Table, limit, ms};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "grants", key: "id" };

macro_rules! columns {
    () => {
        "id, person_id, kind, level, scope, asker, reason, created_at, expires_at, ended_at, ended_by"
    };
}

/// A grant without a number yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGrant {
    /// The person it concerns.
    pub person: PersonId,
    /// What it grants.
    pub kind: GrantKind,
    /// A room, or a space with everything below; everywhere when None.
    pub scope: Option<RoomKey>,
    /// Who asked: a Matrix id, or `operator` at the machine.
    pub asker: String,
    /// The asker's reason.
    pub reason: Option<String>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Its origin, such as an event: the same source makes only one grant.
    pub source: Option<String>,
}

/// A grant and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRecord {
    /// The grant.
    pub grant: Grant,
    /// When it was ended, and by whom. None for one that expired.
    pub ended: Option<(Timestamp, String)>,
}

/// Which grants to list; an empty field does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// For this person.
    pub person: Option<PersonId>,
    /// With exactly this scope.
    pub scope: Option<RoomKey>,
    /// In force at this instant; None includes ended and expired ones.
    pub holding_at: Option<Timestamp>,
    /// Maximum number of grants, newest first.
    pub limit: Option<usize>,
}

impl Store {
    /// Stores a grant, in force from `now` on.
    pub async fn add_grant(&self, new: &NewGrant, now: Timestamp) -> Result<Grant, StoreError> {
        const SQL: &str = concat!(
            // A no-op update, because only updated rows are returned.
            "insert into grants (person_id, kind, level, scope, asker, reason, created_at, expires_at, source)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                on conflict (source) where source is not null do update set source = excluded.source returning ",
            columns!()
        );
        let level = match new.kind {
            GrantKind::Level(level) => Some(level),
            _ => None,
        };
        on_writer!(self, db => {
            let row = sqlx::query(SQL)
                .bind(new.person.0)
                .bind(new.kind.as_str())
                .bind(level)
                .bind(new.scope.as_ref().map(RoomKey::as_str))
                .bind(&new.asker)
                .bind(&new.reason)
                .bind(ms(now))
                .bind(new.expires_at.map(ms))
                .bind(&new.source)
                .fetch_one(db)
                .await?;
            TABLE.one(&row, read)?.grant
        })
    }

    /// All grants in force at `now`, oldest first.
    pub async fn grants_holding(&self, now: Timestamp) -> Result<Vec<Grant>, StoreError> {
        const SQL: &str = concat!(
            "select ",
            columns!(),
            " from grants
                where ended_at is null and created_at <= $1 and (expires_at is null or expires_at > $1) order by id"
        );
        let records = on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(ms(now)).fetch_all(db).await?, read)?)?;
        Ok(records.into_iter().map(|record| record.grant).collect())
    }

    /// Grants that expired or were ended since `since` and are not in force at `now`.
    pub async fn grants_ended(&self, since: Timestamp, now: Timestamp) -> Result<Vec<Grant>, StoreError> {
        const SQL: &str = concat!(
            "select ",
            columns!(),
            " from grants where ended_at >= $1 or (ended_at is null and expires_at >= $1 and expires_at <= $2) order by id"
        );
        let records = on_reader!(self, db => {
            TABLE.all(&sqlx::query(SQL).bind(ms(since)).bind(ms(now)).fetch_all(db).await?, read)?
        })?;
        Ok(records.into_iter().map(|record| record.grant).collect())
    }

    /// The sources of all bans, ended ones too; for a ban by hand, the event that set it.
    pub async fn sources_of_bans(&self) -> Result<BTreeSet<String>, StoreError> {
        const SQL: &str = "select id, source from grants where kind = 'ban' and source is not null";
        on_reader!(self, db => {
            let rows = sqlx::query(SQL).fetch_all(db).await?;
            TABLE.all(&rows, |row| row.text("source"))?.into_iter().collect()
        })
    }

    /// Grants with how they ended, newest first.
    pub async fn grants(&self, filter: &GrantFilter) -> Result<Vec<GrantRecord>, StoreError> {
        const SQL: &str = concat!(
            "select ",
            columns!(),
            " from grants
                where ($1 is null or person_id = $1) and ($2 is null or scope = $2)
                    and ($3 is null or (ended_at is null and created_at <= $3
                        and (expires_at is null or expires_at > $3)))
                order by id desc limit $4"
        );
        on_reader!(self, db => {
            let query = sqlx::query(SQL)
                .bind(filter.person.map(|person| person.0))
                .bind(filter.scope.as_ref().map(RoomKey::as_str))
                .bind(filter.holding_at.map(ms))
                .bind(limit(filter.limit.unwrap_or(usize::MAX)));
            TABLE.all(&query.fetch_all(db).await?, read)?
        })
    }

    /// Grants that somebody requested or ended since `since`, for their daily limits.
    pub async fn grants_of_asker(&self, asker: &str, since: Timestamp) -> Result<Vec<Past>, StoreError> {
        const SQL: &str = concat!(
            "select ",
            columns!(),
            " from grants where (asker = $1 and created_at >= $2) or (ended_by = $1 and ended_at >= $2) order by id"
        );
        let rows = on_reader!(self, db => {
            TABLE.all(&sqlx::query(SQL).bind(asker).bind(ms(since)).fetch_all(db).await?, read)?
        })?;
        Ok(rows.into_iter().map(|GrantRecord { grant, ended }| Past { grant, ended }).collect())
    }

    /// Ends a grant; false when it was not in force or never existed.
    pub async fn end_grant(&self, id: GrantId, by: &str, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "update grants set ended_at = $3, ended_by = $2
            where id = $1 and ended_at is null and (expires_at is null or expires_at > $3)";
        on_writer!(self, db => {
            sqlx::query(SQL).bind(id.0).bind(by).bind(ms(now)).execute(db).await?.rows_affected() == 1
        })
    }
}

fn read(row: &Record<'_>) -> Result<GrantRecord, StoreError> {
    let kind = match row.text("kind")?.as_str() {
        "moderator" => GrantKind::Moderator,
        "admin" => GrantKind::Admin,
        "level" => GrantKind::Level(row.int("level")?),
        "mute" => GrantKind::Mute,
        "kick" => GrantKind::Kick,
        "ban" => GrantKind::Ban,
        "lock" => GrantKind::Lock,
        "deactivate" => GrantKind::Deactivate,
        _ => return Err(row.nonsense("kind", BadCell::UnknownWord)),
    };
    let ended = match row.maybe_time("ended_at")? {
        Some(at) => Some((at, row.text("ended_by")?)),
        None => None,
    };
    let grant = Grant {
        id: GrantId(row.int("id")?),
        person: PersonId(row.int("person_id")?),
        kind,
        scope: row.maybe_text("scope")?.map(RoomKey::new),
        asker: row.text("asker")?,
        reason: row.maybe_text("reason")?,
        created_at: row.time("created_at")?,
        expires_at: row.maybe_time("expires_at")?,
    };
    Ok(GrantRecord { grant, ended })
}
