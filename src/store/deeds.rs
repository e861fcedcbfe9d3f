//! Deeds: stored before they are acknowledged, claimed by one worker at a time, retried until they end.
//!
//! A claim is a lease on one row. A dead worker's claim expires; a late worker's attempt number no longer matches, so
//! it can end nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_domain::deed::Deed;
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use jiff::Timestamp;
use ruma_common::OwnedUserId;

use super::audit::{AuditId, conclusion};
use super::dispatch::PerDialect;
use super::rows::{Record, Table, limit, ms, ms_after, to_json};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "deeds", key: "id" };

/// Repeating a source returns its first deed.
const ADD: &str = "insert into deeds (content, asker, reason, created_at, state, due_at, source)
    values ($1, $2, $3, $4, 'waiting', $5, $6)
    on conflict (source) where source is not null do update set source = excluded.source returning id";

/// Deeds that are done or not, with nothing in between.
macro_rules! in_one_step {
    () => {
        "(content like '{\"deed\":\"redact\"%' or content like '{\"deed\":\"sign_out\"%'
            or content like '{\"deed\":\"delete_room\"%')"
    };
}

/// Deeds about whole rooms, as [`Pace::Slow`].
macro_rules! slow {
    () => {
        "(content like '{\"deed\":\"delete_room\"%' or content like '{\"deed\":\"replace_room\"%'
            or content like '{\"deed\":\"adopt_room\"%')"
    };
}

macro_rules! claim {
    ($pace:expr) => {
        claiming!(
            concat!(
                "select id as picked_id from deeds
                where finished_at is null
                    and ((state = 'waiting' and due_at <= $2) or (state = 'claimed' and claimed_until <= $2)) and ",
                $pace,
                " order by case when substr(source, length(source) - 1) = ' 0' then 0 else 1 end, due_at, id limit $4"
            ),
            "update deeds set state = 'claimed', claimed_by = $1, claimed_until = $3, attempts = attempts + 1
                from picked where id = picked_id
                returning id, content, asker, reason, created_at, due_at, attempts, source"
        )
    };
}

macro_rules! columns {
    () => {
        "id, content, asker, reason, created_at, state, due_at, attempts, error, finished_at, outcome, source"
    };
}

/// How long a deed may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One request or two, such as a redaction.
    Quick,
    /// Synapse may take minutes: rooms that are deleted, replaced or adopted.
    Slow,
}

/// Number of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeedId(pub i64);

/// A deed without a number yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeed {
    /// The deed.
    pub deed: Deed,
    /// Who asked: a Matrix id, or `operator` at the machine.
    pub asker: String,
    /// The asker's reason.
    pub reason: Option<String>,
    /// Earliest time to start.
    pub due_at: Timestamp,
    /// Its origin, such as an event: the same source makes only one deed.
    pub source: Option<String>,
}

/// A deed claimed by one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedDeed {
    /// Its number.
    pub id: DeedId,
    /// The deed.
    pub deed: Deed,
    /// Who asked.
    pub asker: String,
    /// The reason.
    pub reason: Option<String>,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When it became due: later than that if it had to wait, as in a pause.
    pub due_at: Timestamp,
    /// Number of this attempt, from 1.
    pub attempt: u32,
    /// Its origin, which is also the id of the wish it serves.
    pub source: Option<String>,
}

/// The source of the deed that redacts the command itself, beside the numbered ones that the command asked for.
#[must_use]
pub fn source_of_itself(request: &str) -> String {
    format!("{request} itself")
}

/// How an attempt at a deed ended.
#[derive(Clone, Debug)]
pub struct DeedEnd<'a> {
    /// The deed, as claimed.
    pub deed: &'a ClaimedDeed,
    /// The audit entry of the attempt.
    pub audit: Option<AuditId>,
    /// What came of it; None if unknown, which leaves the audit entry for the next look to settle.
    pub outcome: Option<Outcome>,
    /// When to try again, and why; None if it is over.
    pub again: Option<(Timestamp, Fault)>,
}

/// State of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeedState {
    /// Not claimed.
    Waiting,
    /// Claimed by a worker, which may have died.
    Claimed,
    /// Finished, or there was nothing to do.
    Done,
    /// Abandoned.
    Failed,
}

/// A deed with its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeedRecord {
    /// Its number.
    pub id: DeedId,
    /// The request.
    pub wish: NewDeed,
    /// When it was requested.
    pub created_at: Timestamp,
    /// Its state.
    pub state: DeedState,
    /// Number of attempts.
    pub attempts: u32,
    /// Why the last attempt failed, while another one is due.
    pub error: Option<Fault>,
    /// When and how it ended.
    pub ended: Option<(Timestamp, Outcome)>,
}

impl Store {
    /// Stores a deed.
    pub async fn add_deed(&self, new: &NewDeed, now: Timestamp) -> Result<DeedId, StoreError> {
        let content = to_json(&new.deed)?;
        on_writer!(self, db => {
            let query = sqlx::query(ADD).bind(&content).bind(&new.asker).bind(&new.reason);
            let row = query.bind(ms(now)).bind(ms(new.due_at)).bind(&new.source).fetch_one(db).await?;
            TABLE.one(&row, |row| row.int("id").map(DeedId))?
        })
    }

    /// Stores deeds, all or none; returns ids in the same order.
    pub async fn add_deeds(&self, new: &[NewDeed], now: Timestamp) -> Result<Vec<DeedId>, StoreError> {
        in_transaction!(self, tx => {
            let mut ids = Vec::with_capacity(new.len());
            for new in new {
                let content = to_json(&new.deed)?;
                let query = sqlx::query(ADD).bind(&content).bind(&new.asker).bind(&new.reason);
                let row = query.bind(ms(now)).bind(ms(new.due_at)).bind(&new.source).fetch_one(&mut *tx).await?;
                ids.push(TABLE.one(&row, |row| row.int("id").map(DeedId))?);
            }
            ids
        })
    }

    /// Claims due deeds of this pace for `worker`, including those with an expired claim: the first of each request before all
    /// others, so that one redaction does not wait for somebody's five hundred; then longest due first.
    pub async fn claim_deeds(
        &self,
        worker: &str,
        now: Timestamp,
        claim_for: Duration,
        (pace, at_most): (Pace, usize),
    ) -> Result<Vec<ClaimedDeed>, StoreError> {
        const QUICK: PerDialect = claim!(concat!("not ", slow!()));
        const SLOW: PerDialect = claim!(slow!());
        let sql = match pace {
            Pace::Quick => &QUICK,
            Pace::Slow => &SLOW,
        };
        let read = |row: &Record<'_>| {
            let deed = ClaimedDeed {
                id: DeedId(row.int("id")?),
                deed: row.json("content")?,
                asker: row.text("asker")?,
                reason: row.maybe_text("reason")?,
                created_at: row.time("created_at")?,
                due_at: row.time("due_at")?,
                attempt: row.count("attempts")?,
                source: row.maybe_text("source")?,
            };
            Ok(deed)
        };
        let mut claimed = on_writer!(self, db => {
            let query = sqlx::query(self.pick(sql)).bind(worker).bind(ms(now)).bind(ms_after(now, claim_for));
            TABLE.all(&query.bind(limit(at_most)).fetch_all(db).await?, read)?
        })?;
        claimed.sort_by_key(|deed| (deed.due_at, deed.id));
        Ok(claimed)
    }

    /// Notes the ends of attempts, all or none, and concludes their audit entries. Returns the deeds whose claim was
    /// lost: what another worker does with those stands.
    pub async fn end_deeds(&self, ends: &[DeedEnd<'_>], now: Timestamp) -> Result<BTreeSet<DeedId>, StoreError> {
        const OVER: &str = "update deeds set state = $3, outcome = $4, finished_at = $5, error = null,
                claimed_by = null, claimed_until = null
            where id = $1 and attempts = $2 and state = 'claimed'";
        const HALTED: &str = "update deeds set state = 'failed', outcome = $3, finished_at = $4, error = null,
                claimed_by = null, claimed_until = null
            where id = $1 and attempts = $2 and state = 'claimed' and halted_at is not null";
        const AGAIN: &str = "update deeds set state = 'waiting', due_at = $3, error = $4,
                claimed_by = null, claimed_until = null
            where id = $1 and attempts = $2 and state = 'claimed'";
        in_transaction!(self, tx => {
            let mut lost = BTreeSet::new();
            for DeedEnd { deed, audit, outcome, again } in ends {
                if let Some((id, outcome)) = audit.zip(outcome.as_ref()) {
                    conclusion!(id, outcome, now).execute(&mut *tx).await?;
                }
                let (id, attempt) = (deed.id.0, i64::from(deed.attempt));
                let noted = match (again, outcome) {
                    (Some((due_at, why)), _) => {
                        let halted = to_json(&Outcome::Skipped(Fault::Halted))?;
                        let query = sqlx::query(HALTED).bind(id).bind(attempt).bind(halted).bind(ms(now));
                        if query.execute(&mut *tx).await?.rows_affected() == 1 {
                            continue;
                        }
                        let query = sqlx::query(AGAIN).bind(id).bind(attempt);
                        query.bind(ms(*due_at)).bind(why.to_stored()).execute(&mut *tx).await?.rows_affected()
                    }
                    (None, outcome) => {
                        let outcome = outcome.as_ref().unwrap_or(&Outcome::Unknown);
                        let state = if outcome.is_good() { "done" } else { "failed" };
                        let query = sqlx::query(OVER).bind(id).bind(attempt).bind(state);
                        query.bind(to_json(outcome)?).bind(ms(now)).execute(&mut *tx).await?.rows_affected()
                    }
                };
                if noted == 0 {
                    lost.insert(deed.id);
                }
            }
            lost
        })
    }

    /// Ends the deeds of a request that no worker has begun, except the command's own redaction. Returns how many. Those in
    /// progress are not tried again. `request` is the part that their sources have in common, without the number.
    ///
    /// A room that is being replaced or adopted is finished: half of it would leave two rooms. So are the files of messages
    /// that are redacted already.
    pub async fn halt_deeds(&self, request: &str, outcome: &Outcome, now: Timestamp) -> Result<u64, StoreError> {
        const WAITING: &str = concat!(
            "update deeds set state = 'failed', outcome = $3, finished_at = $4, error = null
            where state = 'waiting' and substr(source, 1, $2) = $1 and source <> $5
                and content not like '{\"deed\":\"quarantine\"%' and (attempts = 0 or ",
            in_one_step!(),
            ")"
        );
        const BEGUN: &str = concat!(
            "update deeds set halted_at = $3
            where state = 'claimed' and substr(source, 1, $2) = $1 and source <> $4 and ",
            in_one_step!()
        );
        let (prefix, itself) = (format!("{request} "), source_of_itself(request));
        let outcome = to_json(outcome)?;
        // Counted as both databases do: in characters.
        let length = i32::try_from(prefix.chars().count()).unwrap_or(i32::MAX);
        in_transaction!(self, tx => {
            let query = sqlx::query(BEGUN).bind(&prefix).bind(length).bind(ms(now)).bind(&itself);
            query.execute(&mut *tx).await?;
            let query = sqlx::query(WAITING).bind(&prefix).bind(length).bind(&outcome).bind(ms(now)).bind(&itself);
            query.execute(&mut *tx).await?.rows_affected()
        })
    }

    /// Redactions of files that waited for the end of a pause are due now.
    pub async fn hasten_files(&self, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "update deeds set due_at = $1
            where state = 'waiting' and due_at > $1 and substr(source, 1, 5) = 'file '";
        on_writer!(self, db => { sqlx::query(SQL).bind(ms(now)).execute(db).await?; })
    }

    /// The requests of this asker with deeds that no worker has begun, as [`Self::halt_deeds`] takes them; newest first.
    pub async fn requests_under_way(&self, asker: &str) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "select source from deeds
            where finished_at is null and state = 'waiting' and asker = $1 and source is not null order by id desc";
        let sources: Vec<String> = on_reader!(self, db => sqlx::query_scalar(SQL).bind(asker).fetch_all(db).await?)?;
        let mut requests = Vec::new();
        for request in sources.iter().filter_map(|source| source.rsplit_once(' ')).map(|(request, _)| request) {
            if !requests.iter().any(|known| known == request) {
                requests.push(request.to_owned());
            }
        }
        Ok(requests)
    }

    /// Extends a worker's claims on the deeds that it is really working `at`.
    pub async fn keep_deeds(
        &self,
        worker: &str,
        at: &[DeedId],
        now: Timestamp,
        claim_for: Duration,
    ) -> Result<u64, StoreError> {
        const SQL: PerDialect = PerDialect {
            sqlite: "update deeds set claimed_until = $2 where claimed_by = $1 and state = 'claimed'
                and id in (select value from json_each($3))",
            postgres: "update deeds set claimed_until = $2 where claimed_by = $1 and state = 'claimed'
                and id in (select value::bigint from json_array_elements_text($3::json))",
        };
        let at = to_json(&at.iter().map(|id| id.0).collect::<Vec<_>>())?;
        on_writer!(self, db => {
            let query = sqlx::query(self.pick(&SQL)).bind(worker).bind(ms_after(now, claim_for)).bind(&at);
            query.execute(db).await?.rows_affected()
        })
    }

    /// One deed.
    pub async fn deed(&self, id: DeedId) -> Result<Option<DeedRecord>, StoreError> {
        const SQL: &str = concat!("select ", columns!(), " from deeds where id = $1");
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(id.0).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// The deed with this source.
    pub async fn deed_of(&self, source: &str) -> Result<Option<DeedRecord>, StoreError> {
        const SQL: &str = concat!("select ", columns!(), " from deeds where source = $1");
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(source).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// Accounts that somebody requested to sign out since `since`.
    pub async fn signed_out_by(&self, asker: &str, since: Timestamp) -> Result<BTreeSet<OwnedUserId>, StoreError> {
        const SQL: &str = "select id, content from deeds
            where asker = $1 and created_at >= $2 and content like '{\"deed\":\"sign_out\"%'";
        let read = |row: &Record<'_>| row.json::<Deed>("content");
        let deeds = on_reader!(self, db => {
            TABLE.all(&sqlx::query(SQL).bind(asker).bind(ms(since)).fetch_all(db).await?, read)?
        })?;
        Ok(deeds.iter().filter_map(Deed::user).cloned().collect())
    }

    /// Number of deeds that have not ended.
    pub async fn deeds_open(&self) -> Result<u64, StoreError> {
        const SQL: &str = "select count(*) as open, 'all' as id from deeds where finished_at is null";
        on_reader!(self, db => TABLE.one(&sqlx::query(SQL).fetch_one(db).await?, |row| row.count("open"))?)
    }
}

fn read(row: &Record<'_>) -> Result<DeedRecord, StoreError> {
    let ended = match row.maybe_time("finished_at")? {
        Some(at) => Some((at, row.json("outcome")?)),
        None => None,
    };
    Ok(DeedRecord {
        id: DeedId(row.int("id")?),
        wish: NewDeed {
            deed: row.json("content")?,
            asker: row.text("asker")?,
            reason: row.maybe_text("reason")?,
            due_at: row.time("due_at")?,
            source: row.maybe_text("source")?,
        },
        created_at: row.time("created_at")?,
        state: row.word("state", |word| {
            Some(match word {
                "waiting" => DeedState::Waiting,
                "claimed" => DeedState::Claimed,
                "done" => DeedState::Done,
                "failed" => DeedState::Failed,
                _ => return None,
            })
        })?,
        attempts: row.count("attempts")?,
        error: row.maybe_text("error")?.map(|text| Fault::from_stored(&text)),
        ended,
    })
}
