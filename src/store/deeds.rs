//! One-off wishes: stored before they are acknowledged, claimed by one worker at a time, tried until they end.
//!
//! A claim is a lease on one row. A worker that dies loses it when it expires;
//! one that comes back late finds its attempt's number gone and can end nothing.

use std::time::Duration;

use equipemed_domain::deed::Deed;
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use jiff::Timestamp;

use super::dispatch::PerDialect;
use super::rows::{Record, Table, limit, ms, ms_after, to_json};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "deeds", key: "id" };

/// The same source has the deed it made first.
const ADD: &str = "insert into deeds (content, asker, reason, created_at, state, due_at, source)
    values ($1, $2, $3, $4, 'waiting', $5, $6)
    on conflict (source) where source is not null do update set source = excluded.source returning id";

macro_rules! columns {
    () => {
        "id, content, asker, reason, created_at, state, due_at, attempts, error, finished_at, outcome, source"
    };
}

/// The store's number of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeedId(pub i64);

/// A wish that has no number yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeed {
    /// What is to be done.
    pub deed: Deed,
    /// Who asked: an MXID, or `operator` at the machine.
    pub asker: String,
    /// Why, as the asker wrote it.
    pub reason: Option<String>,
    /// Not before then.
    pub due_at: Timestamp,
    /// What it came from, such as an event: the same source makes one deed, however often it is handled.
    pub source: Option<String>,
}

/// A deed that this worker, and nobody else, may do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedDeed {
    /// Its number.
    pub id: DeedId,
    /// What is to be done.
    pub deed: Deed,
    /// Who asked.
    pub asker: String,
    /// Why.
    pub reason: Option<String>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// What it came from; what is done for it serves the wish of that id.
    pub source: Option<String>,
}

/// How far a deed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeedState {
    /// Nobody is at it.
    Waiting,
    /// A worker is at it, or died over it.
    Claimed,
    /// Done, or was so already.
    Done,
    /// Given up.
    Failed,
}

/// A deed and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeedRecord {
    /// Its number.
    pub id: DeedId,
    /// What was wished, by whom and why.
    pub wish: NewDeed,
    /// When it was asked.
    pub created_at: Timestamp,
    /// How far it is.
    pub state: DeedState,
    /// How often it was begun.
    pub attempts: u32,
    /// Why the last attempt did not succeed, while another one is due.
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

    /// Stores deeds, all or nothing; the answer is in the same order.
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

    /// Claims due deeds for `worker`, the longest due first, also those whose claim has expired.
    pub async fn claim_deeds(
        &self,
        worker: &str,
        now: Timestamp,
        claim_for: Duration,
        at_most: usize,
    ) -> Result<Vec<ClaimedDeed>, StoreError> {
        const SQL: PerDialect = claiming!(
            "select id as picked_id from deeds
                where finished_at is null
                    and ((state = 'waiting' and due_at <= $2) or (state = 'claimed' and claimed_until <= $2))
                order by due_at, id limit $4",
            "update deeds set state = 'claimed', claimed_by = $1, claimed_until = $3, attempts = attempts + 1
                from picked where id = picked_id
                returning id, content, asker, reason, created_at, due_at, attempts, source"
        );
        let read = |row: &Record<'_>| {
            let deed = ClaimedDeed {
                id: DeedId(row.int("id")?),
                deed: row.json("content")?,
                asker: row.text("asker")?,
                reason: row.maybe_text("reason")?,
                created_at: row.time("created_at")?,
                attempt: row.count("attempts")?,
                source: row.maybe_text("source")?,
            };
            Ok((row.time("due_at")?, deed))
        };
        let mut claimed = on_writer!(self, db => {
            let query = sqlx::query(self.pick(&SQL)).bind(worker).bind(ms(now)).bind(ms_after(now, claim_for));
            TABLE.all(&query.bind(limit(at_most)).fetch_all(db).await?, read)?
        })?;
        claimed.sort_by_key(|(due_at, deed)| (*due_at, deed.id));
        Ok(claimed.into_iter().map(|(_, deed)| deed).collect())
    }

    /// Ends a deed; false when the claim was lost meanwhile.
    pub async fn finish_deed(
        &self,
        claimed: &ClaimedDeed,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "update deeds set state = $3, outcome = $4, finished_at = $5, error = null,
                claimed_by = null, claimed_until = null
            where id = $1 and attempts = $2 and state = 'claimed'";
        let state = if outcome.is_good() { "done" } else { "failed" };
        let outcome = to_json(outcome)?;
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(claimed.id.0).bind(i64::from(claimed.attempt));
            query.bind(state).bind(&outcome).bind(ms(now)).execute(db).await?.rows_affected() == 1
        })
    }

    /// Puts a deed back until `due_at`; false when the claim was lost meanwhile.
    pub async fn retry_deed(
        &self,
        claimed: &ClaimedDeed,
        due_at: Timestamp,
        error: &Fault,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "update deeds set state = 'waiting', due_at = $3, error = $4,
                claimed_by = null, claimed_until = null
            where id = $1 and attempts = $2 and state = 'claimed'";
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(claimed.id.0).bind(i64::from(claimed.attempt));
            query.bind(ms(due_at)).bind(error.to_stored()).execute(db).await?.rows_affected() == 1
        })
    }

    /// Prolongs the claims of a worker on deeds that it is really `at`.
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

    /// The deed that came from a source.
    pub async fn deed_of(&self, source: &str) -> Result<Option<DeedRecord>, StoreError> {
        const SQL: &str = concat!("select ", columns!(), " from deeds where source = $1");
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(source).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// How many deeds have not ended.
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
