//! What was wished for: stored, woken for, waited for, and what became of it.

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
use crate::store::{DeedId, DeedRecord, Intent, NewDeed};

/// For how long an answer waits for the passes.
const WITHIN: Duration = Duration::from_secs(90);
/// For how long it waits for deeds.
const DEEDS_WITHIN: Duration = Duration::from_secs(60);

/// What was done for a wish.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    /// What went wrong.
    pub(crate) troubles: Vec<Trouble>,
}

impl Asked {
    /// Wakes these subjects for wishes and waits until they were looked at; persons first, then the rooms that their
    /// passes woke.
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
            // What is unknown or open is seen by the next look, which is not over.
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

    /// Stores one-off wishes. All or nothing: a request handled again after a crash finds what it wished in
    /// [`Self::begun`], and it must not be a part, because what is left to wish for is something else by then. What was
    /// `said` to ask for it goes, too; after the rest, and whatever becomes of it.
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
        wishes.extend(said.map(|itself| new(itself, None, format!("{} itself", self.source))));
        let mut ids = self.store().add_deeds(&wishes, now).await?;
        ids.truncate(wanted);
        self.engine.wakes().nudge();
        Ok(ids)
    }

    /// What this very request wished for before this process was there.
    pub(crate) async fn begun(&self) -> Result<Vec<DeedRecord>, Stop> {
        let mut deeds = Vec::new();
        while let Some(deed) = self.store().deed_of(&self.deed_id(deeds.len())).await? {
            deeds.push(deed);
        }
        Ok(deeds)
    }

    /// What makes one of its deeds one, and is the id of the deed's wish.
    pub(crate) fn deed_id(&self, index: usize) -> String {
        format!("{} {index}", self.confirmed.as_deref().unwrap_or(&self.source))
    }
}

/// Waits for deeds: how many were done, and why the others were not.
pub(crate) async fn wait_for_deeds(engine: &Engine, deeds: &[DeedId]) -> Result<(usize, Vec<Fault>), Stop> {
    let deadline = Deadline::At(Instant::now() + DEEDS_WITHIN);
    let (mut done, mut why) = (0, Vec::new());
    for deed in deeds {
        match await_deed(engine, *deed, deadline).await? {
            Outcome::Failed(fault) | Outcome::Skipped(fault) => why.push(fault),
            Outcome::Done(_) | Outcome::AlreadySo => done += 1,
            Outcome::Unknown => why.push(Fault::Waits),
        }
    }
    Ok((done, why))
}

/// What an entry of the record is about.
pub(crate) fn topic_of(intent: &Intent) -> Topic {
    match (&intent.room, &intent.user) {
        (Some(room), Some(user)) => Topic::Member { user: user.clone(), room: room.clone() },
        (Some(room), None) => Topic::Room(room.clone()),
        (None, Some(user)) => Topic::Account(user.clone()),
        (None, None) => Topic::Worded(intent.subject.clone()),
    }
}
