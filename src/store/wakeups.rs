//! Wake-ups: stored before an event is acknowledged, deleted only after a pass.
//!
//! There is one row per subject. Equal wake-ups merge: the earliest instant wins and `seq` counts them, so that one
//! which arrives during a pass can be told from the one that the pass began with. Merging drops the later instant on
//! purpose: each pass schedules the next wake-up that it knows of.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_domain::directory::PersonId;
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use jiff::Timestamp;

use super::dispatch::PerDialect;
use super::rows::{Record, Table, limit, ms, ms_after, to_json};
use super::{Store, StoreError};

const TABLE: Table = Table { name: "wakeups", key: "subject" };

/// Wakes `$1` because of `$2`, due at `$3`, at time `$4`. The first wake-up during a pass replaces the instant that
/// this pass was for.
pub(super) const WAKE: &str = "insert into wakeups (subject, origin, seq, woken_at, due_at) values ($1, $2, 1, $4, $3)
    on conflict (subject) do update set origin = excluded.origin, seq = wakeups.seq + 1,
        due_at = case when wakeups.claimed_seq = wakeups.seq or excluded.due_at < wakeups.due_at
            then excluded.due_at else wakeups.due_at end,
        woken_at = case when wakeups.claimed_seq = wakeups.seq
            then excluded.woken_at else wakeups.woken_at end";

/// Wake-ups as stored, without duplicates; sorted, or two replicas could deadlock.
pub(super) fn subjects(wakes: &[Wake]) -> Vec<String> {
    let mut subjects: Vec<String> = wakes.iter().map(ToString::to_string).collect();
    subjects.sort();
    subjects.dedup();
    subjects
}

/// A wake-up claimed by one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedWake {
    /// Its subject.
    pub wake: Wake,
    /// Origin of the latest merged wake-up, for people.
    pub origin: String,
    /// Number of merged wake-ups.
    pub seq: i64,
    /// Number of failed passes.
    pub attempts: u32,
    /// Who claimed it.
    pub worker: String,
    /// When the first merged one was stored, to measure latency.
    pub woken_at: Timestamp,
    /// The wishes it serves.
    pub wishes: Vec<Wish>,
}

/// State of a wake-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WakeState {
    /// When it is due.
    pub due_at: Timestamp,
    /// Number of failed passes.
    pub attempts: u32,
    /// Why the last pass failed.
    pub error: Option<String>,
    /// Whether a worker has claimed it.
    pub is_claimed: bool,
}

/// Which wake-ups a worker claims: a full pass waits for the lease and must not block the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Full passes.
    Full,
    /// Passes over one person or room.
    Narrow,
}

impl Store {
    /// Wakes a subject at `due_at`.
    ///
    /// # Errors
    /// When the database fails: then nothing may be acknowledged.
    pub async fn wake(&self, wake: &Wake, origin: &str, due_at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        self.wake_all(std::slice::from_ref(wake), origin, due_at, now).await
    }

    /// Wakes several subjects, all or none.
    ///
    /// # Errors
    /// When the database fails: then nothing may be acknowledged.
    pub async fn wake_all(
        &self,
        wakes: &[Wake],
        origin: &str,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.wake_for(wakes, &[], origin, due_at, now).await
    }

    /// As [`Self::wake_all`], and each wake-up also serves these wishes.
    ///
    /// # Errors
    /// When the database fails: then nothing may be acknowledged.
    pub async fn wake_for(
        &self,
        wakes: &[Wake],
        wishes: &[Wish],
        origin: &str,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const WISH: &str = "insert into woken_wishes (subject, wish, person_id) values ($1, $2, $3)
            on conflict (subject, wish) do nothing";
        let subjects = subjects(wakes);
        in_transaction!(self, tx => {
            for subject in &subjects {
                let query = sqlx::query(WAKE).bind(subject).bind(origin).bind(ms(due_at)).bind(ms(now));
                query.execute(&mut *tx).await?;
                for wish in wishes {
                    let query = sqlx::query(WISH).bind(subject).bind(&wish.id);
                    query.bind(wish.person.map(|person| person.0)).execute(&mut *tx).await?;
                }
            }
        })
    }

    /// The wishes that a subject's wake-up serves.
    async fn woken_wishes(&self, wake: &Wake) -> Result<Vec<Wish>, StoreError> {
        const SQL: &str = "select wish, person_id from woken_wishes where subject = $1 order by wish";
        const TABLE: Table = Table { name: "woken_wishes", key: "wish" };
        let read =
            |row: &Record<'_>| Ok(Wish { id: row.text("wish")?, person: row.maybe_int("person_id")?.map(PersonId) });
        on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(wake.to_string()).fetch_all(db).await?, read)?)
    }

    /// Claims due wake-ups of a lane or of both for `worker`, longest due first, including those with an expired claim.
    pub async fn claim_wakeups(
        &self,
        worker: &str,
        now: Timestamp,
        claim_for: Duration,
        lane: Option<Lane>,
        at_most: usize,
    ) -> Result<Vec<ClaimedWake>, StoreError> {
        const SQL: PerDialect = claiming!(
            "select subject as picked_subject from wakeups
                where ((claimed_until is null and due_at <= $2) or claimed_until <= $2)
                    and ($5 is null or (subject = 'everything') = $5)
                order by due_at, subject limit $4",
            "update wakeups set claimed_by = $1, claimed_until = $3, claimed_seq = seq
                from picked where subject = picked_subject
                returning subject, origin, seq, woken_at, due_at, attempts, claimed_by"
        );
        let read = |row: &Record<'_>| {
            let claimed = ClaimedWake {
                wake: row.word("subject", |text| text.parse().ok())?,
                origin: row.text("origin")?,
                seq: row.int("seq")?,
                attempts: row.count("attempts")?,
                worker: row.text("claimed_by")?,
                woken_at: row.time("woken_at")?,
                wishes: Vec::new(),
            };
            Ok((row.time("due_at")?, claimed))
        };
        let mut claimed = on_writer!(self, db => {
            let query = sqlx::query(self.pick(&SQL)).bind(worker).bind(ms(now)).bind(ms_after(now, claim_for));
            let query = query.bind(limit(at_most)).bind(lane.map(|lane| lane == Lane::Full));
            TABLE.all(&query.fetch_all(db).await?, read)?
        })?;
        claimed.sort_by(|(a_due, a), (b_due, b)| (a_due, &a.wake).cmp(&(b_due, &b.wake)));
        let mut claimed: Vec<ClaimedWake> = claimed.into_iter().map(|(_, claimed)| claimed).collect();
        for claimed in &mut claimed {
            claimed.wishes = self.woken_wishes(&claimed.wake).await?;
        }
        Ok(claimed)
    }

    /// Extends a worker's unexpired claims on subjects that it is really working `at`; returns these. An expired claim
    /// stays expired even if nobody else took it: a process that was suspended must not go on as if nothing had
    /// happened. Subjects whose pass has died become free for others.
    pub async fn keep_wakeups(
        &self,
        worker: &str,
        at: &[Wake],
        now: Timestamp,
        claim_for: Duration,
    ) -> Result<Vec<Wake>, StoreError> {
        const SQL: PerDialect = PerDialect {
            sqlite: "update wakeups set claimed_until = $3 where claimed_by = $1 and claimed_until > $2
                and subject in (select value from json_each($4)) returning subject",
            postgres: "update wakeups set claimed_until = $3 where claimed_by = $1 and claimed_until > $2
                and subject in (select json_array_elements_text($4::json)) returning subject",
        };
        let read = |row: &Record<'_>| row.word("subject", |text| text.parse().ok());
        let at = to_json(&subjects(at))?;
        on_writer!(self, db => {
            let query = sqlx::query(self.pick(&SQL)).bind(worker).bind(ms(now)).bind(ms_after(now, claim_for)).bind(&at);
            TABLE.all(&query.fetch_all(db).await?, read)?
        })
    }

    /// Frees a subject, whoever claimed it; only when nobody can be working on it.
    pub async fn free_wakeup(&self, wake: &Wake) -> Result<(), StoreError> {
        const SQL: &str =
            "update wakeups set claimed_by = null, claimed_until = null, claimed_seq = null, attempts = 0,
                error = null
            where subject = $1";
        on_writer!(self, db => { sqlx::query(SQL).bind(wake.to_string()).execute(db).await?; })
    }

    /// Ends a claim after a successful pass. False when the wake-up stays: another one arrived during the pass and can
    /// be claimed now, or the claim was lost.
    pub async fn finish_wakeup(&self, claimed: &ClaimedWake) -> Result<bool, StoreError> {
        const DONE: &str = "delete from wakeups where subject = $1 and claimed_by = $2 and seq = $3";
        const AGAIN: &str = "update wakeups set claimed_by = null, claimed_until = null, claimed_seq = null,
                attempts = 0, error = null
            where subject = $1 and claimed_by = $2 and claimed_seq = $3";
        // If another wake-up arrived during the pass, it keeps the wishes for the next pass.
        const SERVED: &str = "delete from woken_wishes where subject = $1";
        let subject = claimed.wake.to_string();
        in_transaction!(self, tx => {
            let done = sqlx::query(DONE).bind(&subject).bind(&claimed.worker).bind(claimed.seq);
            let done = done.execute(&mut *tx).await?.rows_affected() == 1;
            if done {
                sqlx::query(SERVED).bind(&subject).execute(&mut *tx).await?;
            } else {
                let again = sqlx::query(AGAIN).bind(&subject).bind(&claimed.worker).bind(claimed.seq);
                again.execute(&mut *tx).await?;
            }
            done
        })
    }

    /// Ends a claim after a failed pass. It can be claimed again at `due_at`, or earlier when an earlier wake-up
    /// arrived during the pass. False when the claim was lost.
    pub async fn retry_wakeup(
        &self,
        claimed: &ClaimedWake,
        due_at: Timestamp,
        error: &str,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "update wakeups set claimed_by = null, claimed_until = null, claimed_seq = null,
                attempts = attempts + 1, error = $5,
                due_at = case when seq = $3 or due_at > $4 then $4 else due_at end
            where subject = $1 and claimed_by = $2 and claimed_seq = $3";
        let subject = claimed.wake.to_string();
        on_writer!(self, db => {
            let query = sqlx::query(SQL).bind(&subject).bind(&claimed.worker).bind(claimed.seq);
            query.bind(ms(due_at)).bind(error).execute(db).await?.rows_affected() == 1
        })
    }

    /// State of a subject's wake-up; None when there is none.
    pub async fn wakeup(&self, wake: &Wake) -> Result<Option<WakeState>, StoreError> {
        const SQL: &str = "select subject, due_at, attempts, error, claimed_until from wakeups where subject = $1";
        let read = |row: &Record<'_>| {
            Ok(WakeState {
                due_at: row.time("due_at")?,
                attempts: row.count("attempts")?,
                error: row.maybe_text("error")?,
                is_claimed: row.maybe_time("claimed_until")?.is_some(),
            })
        };
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(wake.to_string()).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, read)).transpose()?
        })
    }

    /// Whether any unexpired claim on a person, a room or a deed exists.
    pub async fn is_anybody_at_work(&self, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "select (select count(*) from wakeups where claimed_until > $1 and subject <> 'everything')
            + (select count(*) from deeds where claimed_until > $1 and state = 'claimed')";
        let claims: i64 = on_reader!(self, db => sqlx::query_scalar(SQL).bind(ms(now)).fetch_one(db).await?)?;
        Ok(claims > 0)
    }

    /// People with a due or claimed wake-up.
    pub async fn people_woken(&self, now: Timestamp) -> Result<BTreeSet<PersonId>, StoreError> {
        const SQL: &str = "select subject from wakeups where subject like 'person:%' and due_at <= $1";
        let read = |row: &Record<'_>| row.word("subject", |text| text.parse().ok());
        let wakes = on_reader!(self, db => TABLE.all(&sqlx::query(SQL).bind(ms(now)).fetch_all(db).await?, read)?)?;
        let people = wakes.into_iter().filter_map(|wake| match wake {
            Wake::Person(person) => Some(person),
            Wake::Everything | Wake::Room(_) => None,
        });
        Ok(people.collect())
    }

    /// Number of due subjects, including claimed ones.
    pub async fn wakeups_due(&self, now: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "select count(*) as waiting, 'all' as subject from wakeups where due_at <= $1";
        on_reader!(self, db => {
            TABLE.one(&sqlx::query(SQL).bind(ms(now)).fetch_one(db).await?, |row| row.count("waiting"))?
        })
    }

    /// Number of waiting subjects, including claimed ones.
    pub async fn wakeups_waiting(&self) -> Result<u64, StoreError> {
        const SQL: &str = "select count(*) as waiting, 'all' as subject from wakeups";
        on_reader!(self, db => TABLE.one(&sqlx::query(SQL).fetch_one(db).await?, |row| row.count("waiting"))?)
    }
}
