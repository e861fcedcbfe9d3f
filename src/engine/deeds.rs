//! The deeds' lane: one-off wishes, such as a redaction, done at once whatever else goes on.

use equipemed_domain::deed::Deed;
use equipemed_domain::outcome::Outcome;
use jiff::Timestamp;
use ruma_common::RoomId;

use super::adopt::{AdoptError, Adoption};
use super::backoff::Seldom;
use super::foreign::Stays;
use super::look::LookError;
use super::queue::{CLAIM, Lanes};
use super::{Engine, backoff};
use crate::homeserver::{Done, HomeserverError, Writer};
use crate::store::{ClaimedDeed, Intent, StoreError};

/// How many are done at once.
const AT_ONCE: usize = 4;
/// After so many attempts a deed is given up; by then it is hours old and the asker has long been told.
const ATTEMPTS: u32 = 20;

/// Why a deed was not done.
#[derive(Debug, thiserror::Error)]
enum Undone {
    /// Synapse.
    #[error(transparent)]
    Homeserver(#[from] HomeserverError),
    /// Our own memory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not to be done before then.
    #[error("{0}")]
    NotYet(Stays, Timestamp),
    /// It cannot be, as things stand.
    #[error("{0}")]
    Impossible(String),
}

impl From<LookError> for Undone {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Homeserver(error) => Self::Homeserver(error),
            LookError::Store(error) => Self::Store(error),
        }
    }
}

impl From<AdoptError> for Undone {
    fn from(error: AdoptError) -> Self {
        match error {
            AdoptError::Homeserver(error) => Self::Homeserver(error),
            AdoptError::Store(error) => Self::Store(error),
            other => Self::Impossible(other.to_string()),
        }
    }
}

impl Engine {
    /// Does deeds until the service stops. In mode observe they wait in the store.
    pub(super) async fn deed_lane(&self, lanes: &Lanes) {
        let Some(writer) = &self.parts().writer else { return };
        let (mut woken, mut said) = (self.woken(), Seldom::default());
        while !self.is_ending() {
            match self.some_deeds(writer, &lanes.holder).await {
                Ok(0) => self.pause(&mut woken).await,
                Ok(_) => {}
                Err(error) => {
                    if said.is_due() {
                        tracing::warn!(%error, "Deeds could not be claimed");
                    }
                    self.rest().await;
                }
            }
        }
    }

    /// Does deeds that are due, if nobody else is at them: for a command beside or without a running service. Tells how
    /// many it began with.
    pub async fn help_with_deeds(&self, holder: &str) -> Result<usize, StoreError> {
        match &self.parts().writer {
            Some(writer) => self.some_deeds(writer, holder).await,
            None => Ok(0),
        }
    }

    async fn some_deeds(&self, writer: &Writer, holder: &str) -> Result<usize, StoreError> {
        let (store, clock) = (&self.parts().store, &self.parts().clock);
        let claimed = store.claim_deeds(holder, clock.now(), CLAIM, AT_ONCE).await?;
        let done = claimed.iter().map(|deed| self.one_deed(writer, deed));
        let done = futures_util::future::join_all(done).await;
        if !done.is_empty() {
            self.inner.ended.notify_waiters();
        }
        for result in done {
            if let Err(error) = result {
                tracing::error!(%error, "A deed's end could not be noted; it is done again");
            }
        }
        Ok(claimed.len())
    }

    async fn one_deed(&self, writer: &Writer, claimed: &ClaimedDeed) -> Result<(), StoreError> {
        let (store, clock) = (&self.parts().store, &self.parts().clock);
        let _claim = self.inner.claims.deed(claimed.id);
        let key = match &claimed.deed {
            Deed::AdoptRoom { room, .. } => Some(room.clone()),
            deed => store.key_of_room(deed.room_id()).await?,
        };
        let intent = Intent::of_deed(&claimed.asker, claimed.id, &claimed.deed, key, None)?;
        let ids = store.intend(&[intent], clock.now()).await?;
        // The deed is the transaction: sent twice, Synapse answers with the first redaction. A number may come again in a
        // new database, an instant does not.
        let transaction = format!("equipemed-deed-{}-{}", claimed.id.0, claimed.created_at.as_millisecond());
        let result: Result<Outcome, Undone> = match &claimed.deed {
            Deed::Redact { room_id, event_id } => {
                let reason = self.spoken_reason(&claimed.asker, claimed.reason.as_deref());
                let redacted = writer.redact(room_id, event_id, Some(&reason), &transaction).await;
                redacted.map(|event| Outcome::Done(Some(event.to_string()))).map_err(Undone::from)
            }
            Deed::DeleteRoom { room_id, purge } => delete_empty(writer, room_id, *purge).await.map(Outcome::Done),
            Deed::LeaveRoom { room_id } => self.leave_foreign(writer, room_id).await,
            Deed::AdoptRoom { room_id, room, instead, accept } => {
                let (key, room_id, accept) = (room.clone(), room_id.clone(), accept.clone());
                let wish = Adoption { key, room_id, instead: *instead, accept };
                self.adopt(&wish, Some(writer)).await.map(|_| Outcome::Done(None)).map_err(Undone::from)
            }
        };
        let outcome = match &result {
            Ok(outcome) => outcome.clone(),
            Err(Undone::NotYet(why, _)) => Outcome::Skipped(why.to_string()),
            Err(Undone::Store(error)) if error.is_outage() => Outcome::Unknown,
            Err(error) => Outcome::Failed(error.to_string()),
        };
        // What is not known stays open, for the next look to settle.
        let known = ids.into_iter().filter(|_| outcome != Outcome::Unknown);
        let ended: Vec<_> = known.map(|id| (id, outcome.clone())).collect();
        self.insist(|| store.conclude(&ended, clock.now())).await?;
        match result {
            Err(Undone::NotYet(why, due)) => {
                let why = why.to_string();
                _ = self.insist(|| store.retry_deed(claimed, due, &why)).await?;
            }
            Err(error) if is_passing(&error) && claimed.attempt < ATTEMPTS => {
                let due = clock.now().checked_add(backoff::wait_after(claimed.attempt)).unwrap_or(clock.now());
                let why = error.to_string();
                self.insist(|| store.retry_deed(claimed, due, &why)).await?;
            }
            _ => {
                self.insist(|| store.finish_deed(claimed, &outcome, clock.now())).await?;
            }
        }
        Ok(())
    }

    /// Leaves a room that somebody brought the bot into, unless it has become one to stay in.
    async fn leave_foreign(&self, writer: &Writer, room_id: &RoomId) -> Result<Outcome, Undone> {
        let (store, now) = (&self.parts().store, self.parts().clock.now());
        match self.stays_in(room_id).await? {
            Some(why @ Stays::Yet(due)) => Err(Undone::NotYet(why, due)),
            Some(why) => {
                if why != Stays::Gone {
                    store.keep_foreign_room(room_id, now).await?;
                }
                Ok(Outcome::Skipped(why.to_string()))
            }
            None => {
                let done = writer.leave(room_id).await?;
                store.forget_foreign_room(room_id).await?;
                Ok(if done == Done::Already { Outcome::AlreadySo } else { Outcome::Done(None) })
            }
        }
    }
}

/// Deletes a room that nobody is in. Whether that is so is looked at again: somebody may have come since it was asked for.
async fn delete_empty(writer: &Writer, room_id: &RoomId, purge: bool) -> Result<Option<String>, Undone> {
    let rooms = writer.reader().rooms_list().await?;
    match rooms.iter().find(|room| room.room_id == *room_id) {
        None => Ok(None),
        Some(room) if room.members > 0 => {
            Err(Undone::Impossible(format!("{} people are in the room now; it was left alone", room.members)))
        }
        Some(_) => Ok(writer.delete_room(room_id, purge).await.map(|_| None)?),
    }
}

/// Whether the same deed may succeed later.
fn is_passing(error: &Undone) -> bool {
    match error {
        Undone::Homeserver(error) => error.is_retryable() || error.concerns_all(),
        Undone::Store(error) => error.is_outage(),
        Undone::NotYet(..) | Undone::Impossible(_) => false,
    }
}
