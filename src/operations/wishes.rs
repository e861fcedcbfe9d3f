//! Wishes: stores them, wakes their subjects, waits for them and collects the results.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use equipemed_domain::deed::Deed;
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::summary::{Counts, Topic, Trouble};
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use tokio::time::Instant;

use super::{Asked, Deadline, Stop, await_deed};
use crate::engine::Engine;
use crate::engine::wakes::Waited;
use crate::store::{DeedId, DeedRecord, Intent, NewDeed, source_of_itself};

/// How long an answer waits for passes.
const WITHIN: Duration = Duration::from_secs(90);
/// How long it waits for each deed after the one before.
const DEEDS_WITHIN: Duration = Duration::from_secs(60);

/// What was done for a wish.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    /// What went wrong.
    pub(crate) troubles: Vec<Trouble>,
}

impl Asked {
    /// Wakes these subjects for wishes and waits for their passes: first people's, then those of the rooms that these
    /// woke.
    pub(crate) async fn look_and_wait(&self, wakes: &[Wake], wishes: &[Wish]) -> Result<Waited, Stop> {
        let engine = &self.engine;
        engine.wakes().wake_for(wakes, wishes, self.origin).await?;
        let settled = engine.wakes().wait_for(wakes, WITHIN).await?;
        if settled != Waited::Yes || !wakes.iter().any(|wake| matches!(wake, Wake::Person(_))) {
            return Ok(settled);
        }
        let rooms: Vec<Wake> = engine.policy().await?.rooms.keys().cloned().map(Wake::Room).collect();
        Ok(engine.wakes().wait_for(&rooms, WITHIN).await?)
    }

    /// Counts what was done for a wish.
    pub(crate) async fn tally(&self, wish: &Wish) -> Result<Tally, Stop> {
        let mut tally = Tally::default();
        for entry in self.store().served(&wish.id).await? {
            // Still running, or interrupted: the next pass, which is yet to come, sees it.
            let Some(outcome) = entry.settled.map(|settled| settled.outcome) else { continue };
            tally.counts.count(outcome.ended());
            if let Some(why) = outcome.fault() {
                let subject = topic_of(&entry.intent);
                let (kind, outcome, detail) = (entry.intent.kind.clone(), outcome.ended(), why.clone());
                tally.troubles.push(Trouble { kind, subject, outcome, detail, more: 0 });
            }
        }
        Ok(tally)
    }

    /// Stores deeds, all or none. A request handled again after a crash finds them with [`Self::begun`]. That must not
    /// be a part of them, because the targets left by then are different. `said` removes the command itself, after the
    /// others and whatever becomes of them.
    pub(crate) async fn wish(
        &self,
        deeds: Vec<Deed>,
        because: Option<&str>,
        said: Option<Deed>,
    ) -> Result<Vec<DeedId>, Stop> {
        let now = self.now();
        let new = |deed, because: Option<&str>, source| NewDeed {
            deed,
            asker: self.by.name.clone(),
            reason: because.map(str::to_owned),
            due_at: now,
            source: Some(source),
        };
        let mut wishes: Vec<NewDeed> =
            deeds.into_iter().enumerate().map(|(index, deed)| new(deed, because, self.deed_id(index))).collect();
        let wanted = wishes.len();
        wishes.extend(said.map(|itself| new(itself, None, source_of_itself(&self.source))));
        let mut ids = self.store().add_deeds(&wishes, now).await?;
        ids.truncate(wanted);
        self.engine.wakes().nudge();
        Ok(ids)
    }

    /// Deeds that this same request stored in an earlier process.
    pub(crate) async fn begun(&self) -> Result<Vec<DeedRecord>, Stop> {
        let mut deeds = Vec::new();
        while let Some(deed) = self.store().deed_of(&self.deed_id(deeds.len())).await? {
            deeds.push(deed);
        }
        Ok(deeds)
    }

    /// The source of one of its deeds, which is also the id of the deed's wish.
    pub(crate) fn deed_id(&self, index: usize) -> String {
        format!("{} {index}", self.confirmed.as_deref().unwrap_or(&self.source))
    }
}

/// Waits for deeds. Returns how many were done, and why the others were not.
pub(crate) async fn wait_for_deeds(engine: &Engine, deeds: &[DeedId]) -> Result<(usize, Vec<Fault>), Stop> {
    wait_and_count(engine, deeds, &AtomicUsize::default()).await
}

/// The same; counts those that have ended meanwhile.
pub(crate) async fn wait_and_count(
    engine: &Engine,
    deeds: &[DeedId],
    ended: &AtomicUsize,
) -> Result<(usize, Vec<Fault>), Stop> {
    let (mut done, mut why) = (0, Vec::new());
    for deed in deeds {
        ended.store(done + why.len(), Ordering::Relaxed);
        let deadline = Deadline::At(Instant::now() + DEEDS_WITHIN);
        match await_deed(engine, *deed, deadline).await? {
            Outcome::Failed(fault) | Outcome::Skipped(fault) => why.push(fault),
            Outcome::Done(_) | Outcome::AlreadySo => done += 1,
            Outcome::Unknown => why.push(Fault::Waits),
        }
    }
    Ok((done, why))
}

/// What an audit entry is about.
pub(crate) fn topic_of(intent: &Intent) -> Topic {
    match (&intent.room, &intent.user) {
        (Some(room), Some(user)) => Topic::Member { user: user.clone(), room: room.clone() },
        (Some(room), None) => Topic::Room(room.clone()),
        (None, Some(user)) => Topic::Account(user.clone()),
        (None, None) => Topic::Worded(intent.subject.clone()),
    }
}
