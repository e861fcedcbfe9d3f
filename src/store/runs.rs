//! Runs: who requested a full pass, its progress and its result.
//!
//! One process claims a run. If its holder is silent for too long, it can be claimed again from the start; repeating a
//! pass does no harm.

use std::time::Duration;

use equipemed_domain::fault::Fault;
use equipemed_domain::mode::Mode;
use equipemed_domain::summary::Summary;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::dispatch::PerDialect;
use super::rows::{Record, Table, limit, ms, to_json};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "runs", key: "id" };

macro_rules! columns {
    () => {
        "id, origin, options, requested_at, state, mode, holder, started_at, heartbeat_at,
            progress_done, progress_total, finished_at, summary, error"
    };
}

/// Number of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// A requested run.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    /// Where it came from: `timer`, `cli`, `chat`, `api` …
    pub origin: String,
    /// Its options, such as selecting flags, for the process that claims it.
    pub options: Value,
    /// Its origin, such as an event: the same source makes only one run.
    pub source: Option<String>,
}

/// State of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Not begun.
    Queued,
    /// Being run by a process, which may have died.
    Running,
    /// Ended, whatever became of single actions.
    Done,
    /// Broke off.
    Failed,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEnd {
    /// It ended.
    Done(Box<Summary>),
    /// It broke off.
    Failed(Fault),
}

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// Where it came from.
    pub origin: String,
    /// Its options.
    pub options: Value,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// Its state.
    pub state: RunState,
    /// Whether it may write; known once claimed.
    pub mode: Option<Mode>,
    /// The process that claimed it.
    pub holder: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// Last sign of life of its holder.
    pub heartbeat_at: Option<Timestamp>,
    /// Steps done and total.
    pub progress: (u64, u64),
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How it ended.
    pub end: Option<RunEnd>,
}

impl Store {
    /// Requests a run.
    pub async fn request_run(&self, new: &NewRun, now: Timestamp) -> Result<RunId, StoreError> {
        const SQL: &str = "insert into runs (origin, options, requested_at, state, source)
            values ($1, $2, $3, 'queued', $4)
            on conflict (source) where source is not null do update set source = excluded.source returning id";
        let options = to_json(&new.options)?;
        on_writer!(self, db => {
            let row = sqlx::query(SQL).bind(&new.origin).bind(&options).bind(ms(now)).bind(&new.source).fetch_one(db).await?;
            TABLE.one(&row, |row| row.int("id").map(RunId))?
        })
    }

    /// Claims the oldest run that is queued, or whose holder has been silent for `silence`; `only` that one if given.
    pub async fn claim_run(
        &self,
        holder: &str,
        mode: Mode,
        now: Timestamp,
        silence: Duration,
        only: Option<RunId>,
    ) -> Result<Option<Run>, StoreError> {
        const SQL: PerDialect = claiming!(
            "select id as picked_id from runs
                where finished_at is null and (state = 'queued' or heartbeat_at <= $4)
                    and ($5 is null or id = $5)
                order by id limit 1",
            concat!(
                "update runs set state = 'running', holder = $1, mode = $2, started_at = $3, heartbeat_at = $3,
                    progress_done = 0, progress_total = 0
                from picked where id = picked_id returning ",
                columns!()
            )
        );
        let silent_since = SignedDuration::try_from(silence).ok().and_then(|silence| now.checked_sub(silence).ok());
        let silent_since = silent_since.unwrap_or(Timestamp::MIN);
        on_writer!(self, db => {
            let query = sqlx::query(self.pick(&SQL)).bind(holder).bind(mode.as_str());
            let query = query.bind(ms(now)).bind(ms(silent_since)).bind(only.map(|run| run.0));
            let row = query.fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// Stores a run's progress and a sign of life; false when another process has taken it over.
    pub async fn progress(
        &self,
        id: RunId,
        holder: &str,
        (done, total): (u64, u64),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "update runs set progress_done = $3, progress_total = $4, heartbeat_at = $5
            where id = $1 and holder = $2 and state = 'running'";
        let [done, total] = [done, total].map(|steps| i64::try_from(steps).unwrap_or(i64::MAX));
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(id.0).bind(holder).bind(done).bind(total);
            query.bind(ms(now)).execute(db).await?.rows_affected() == 1
        })
    }

    /// Ends a run; false when another process has taken it over.
    pub async fn finish_run(&self, id: RunId, holder: &str, end: &RunEnd, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "update runs set state = $3, summary = $4, error = $5, finished_at = $6
            where id = $1 and holder = $2 and state = 'running'";
        let (state, summary, error) = match end {
            RunEnd::Done(summary) => ("done", Some(to_json(summary)?), None),
            RunEnd::Failed(fault) => ("failed", None, Some(fault.to_stored())),
        };
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(id.0).bind(holder).bind(state).bind(&summary).bind(error);
            query.bind(ms(now)).execute(db).await?.rows_affected() == 1
        })
    }

    /// Withdraws a queued run; false when it has begun.
    pub async fn withdraw_run(&self, id: RunId) -> Result<bool, StoreError> {
        const SQL: &str = "delete from runs where id = $1 and state = 'queued'";
        on_writer!(self, db => sqlx::query(SQL).bind(id.0).execute(db).await?.rows_affected() == 1)
    }

    /// One run.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        const SQL: &str = concat!("select ", columns!(), " from runs where id = $1");
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(id.0).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// The latest runs, newest first.
    pub async fn recent_runs(&self, at_most: usize) -> Result<Vec<Run>, StoreError> {
        const SQL: &str = concat!("select ", columns!(), " from runs order by id desc limit $1");
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(limit(at_most)).fetch_all(db).await?, read)?)
    }

    /// When a run that may write first ended: power gained until then was the start, not a gain.
    pub async fn first_applied_at(&self) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "select min(finished_at) as finished_at, 'the first one' as id from runs
            where state = 'done' and mode = 'enforce'";
        on_reader!(self, db => TABLE.one(&sqlx::query(SQL).fetch_one(db).await?, |row| row.maybe_time("finished_at"))?)
    }

    /// Whether a run that may write has ever ended.
    pub async fn applied_before(&self) -> Result<bool, StoreError> {
        Ok(self.first_applied_at().await?.is_some())
    }
}

fn read(row: &Record<'_>) -> Result<Run, StoreError> {
    let state = row.word("state", |word| {
        Some(match word {
            "queued" => RunState::Queued,
            "running" => RunState::Running,
            "done" => RunState::Done,
            "failed" => RunState::Failed,
            _ => return None,
        })
    })?;
    let mode = match row.maybe_text("mode")? {
        None => None,
        Some(_) => Some(row.word("mode", Mode::from_word)?),
    };
    let end = match state {
        RunState::Queued | RunState::Running => None,
        RunState::Done => Some(RunEnd::Done(row.json("summary")?)),
        RunState::Failed => Some(RunEnd::Failed(Fault::from_stored(&row.text("error")?))),
    };
    Ok(Run {
        id: RunId(row.int("id")?),
        origin: row.text("origin")?,
        options: row.json("options")?,
        requested_at: row.time("requested_at")?,
        state,
        mode,
        holder: row.maybe_text("holder")?,
        started_at: row.maybe_time("started_at")?,
        heartbeat_at: row.maybe_time("heartbeat_at")?,
        progress: (row.count("progress_done")?, row.count("progress_total")?),
        finished_at: row.maybe_time("finished_at")?,
        end,
    })
}
