//! One-off wishes of a command: stored together, found again when the command is handled again, waited for.

use std::time::Duration;

use equipemed_domain::command::Place;
use equipemed_domain::deed::Deed;
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use tokio::time::Instant;

use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::Stop;
use crate::operations::{Deadline, await_deed};
use crate::store::{DeedId, DeedRecord, NewDeed};

/// For how long an answer waits for deeds.
const WITHIN: Duration = Duration::from_secs(60);

impl Chat {
    /// Stores what a command wishes. All or nothing: a command handled again after a crash finds what it wished in
    /// [`Self::begun`], and it must not be a part, because what is left to wish for is something else by then.
    pub(super) async fn wish(&self, ask: &Ask, deeds: Vec<Deed>, because: Option<&str>) -> Result<Vec<DeedId>, Stop> {
        let now = self.engine().clock().now();
        let new = |deed, because: Option<&str>, source| NewDeed {
            deed,
            asker: ask.user.to_string(),
            reason: because.map(str::to_owned),
            due_at: now,
            source: Some(source),
        };
        let mut wishes: Vec<NewDeed> =
            deeds.into_iter().enumerate().map(|(index, deed)| new(deed, because, source(ask, index))).collect();
        let wanted = wishes.len();
        // The command goes, too, so that the room stays clean; after the rest, and whatever becomes of it.
        if ask.place == Place::Managed && self.settings().tidy {
            let itself = Deed::Redact { room_id: ask.room_id.clone(), event_id: ask.event.clone() };
            wishes.push(new(itself, None, format!("{} itself", ask.event)));
        }
        let mut ids = self.engine().store().add_deeds(&wishes, now).await?;
        ids.truncate(wanted);
        self.engine().wakes().nudge();
        Ok(ids)
    }

    /// What this very command wished for before this process was there.
    pub(super) async fn begun(&self, ask: &Ask) -> Result<Vec<DeedRecord>, Stop> {
        let mut deeds = Vec::new();
        while let Some(deed) = self.engine().store().deed_of(&source(ask, deeds.len())).await? {
            deeds.push(deed);
        }
        Ok(deeds)
    }

    /// Waits for deeds: how many were done, and why the others were not.
    pub(super) async fn wait_for_deeds(&self, deeds: &[DeedId]) -> Result<(usize, Vec<Fault>), Stop> {
        let deadline = Deadline::At(Instant::now() + WITHIN);
        let (mut done, mut why) = (0, Vec::new());
        for deed in deeds {
            match await_deed(self.engine(), *deed, deadline).await? {
                Outcome::Failed(fault) | Outcome::Skipped(fault) => why.push(fault),
                Outcome::Done(_) | Outcome::AlreadySo => done += 1,
                Outcome::Unknown => why.push(Fault::Waits),
            }
        }
        Ok((done, why))
    }
}

/// What makes a deed of a command one, and is the id of its wish.
pub(super) fn source(ask: &Ask, index: usize) -> String {
    format!("{} {index}", ask.confirmed.as_deref().unwrap_or(ask.event.as_str()))
}
