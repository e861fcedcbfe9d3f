//! The lane of deeds: one-off requests such as redactions, done at once whatever else is going on.

use std::collections::BTreeSet;

use equipemed_domain::deed::Deed;
use equipemed_domain::fault::{Fault, Stays};
use equipemed_domain::outcome::Outcome;
use equipemed_domain::wish::Wish;
use jiff::Timestamp;
use ruma_common::{OwnedUserId, RoomId};
use tracing::Instrument;

use super::adopt::{Adoption, adopt};
use super::apply::{Applier, ended};
use super::backoff::{insist, wait_after};
use super::claims::{CLAIM, Claims};
use super::foreign::stays_in;
use crate::homeserver::{HomeserverError, Writer};
use crate::store::{ClaimedDeed, Intent, StoreError};

/// How many are done concurrently.
const AT_ONCE: usize = 4;
/// Attempts before a deed is given up. By then its asker was told long ago.
const ATTEMPTS: u32 = 20;

/// Result of a deed; and when to do it, if it was postponed on purpose.
type Done = Result<(Outcome, Option<Timestamp>), Fault>;

impl Applier {
    /// Does deeds until the service stops.
    pub(super) async fn deed_lane(&self, holder: &str, claims: &Claims) {
        let work = || async { Ok(self.some_deeds(holder, claims).await? > 0) };
        self.handles.wakes.lane("Deeds could not be claimed", || true, work).await;
    }

    /// Does due deeds that nobody else is doing. Returns how many it began.
    pub(super) async fn some_deeds(&self, holder: &str, claims: &Claims) -> Result<usize, StoreError> {
        let (store, clock) = (&self.handles.store, &self.handles.clock);
        let claimed = store.claim_deeds(holder, clock.now(), CLAIM, AT_ONCE).await?;
        let done = claimed.iter().map(|deed| {
            let span = tracing::info_span!("deed", deed.id = deed.id.0, kind = deed.deed.kind(), wish = deed.source);
            self.one_deed(deed, claims).instrument(span)
        });
        let done = futures_util::future::join_all(done).await;
        if !done.is_empty() {
            self.handles.wakes.ended.notify_waiters();
        }
        for result in done {
            if let Err(error) = result {
                tracing::error!(%error, "A deed's end could not be noted; it is done again");
            }
        }
        Ok(claimed.len())
    }

    async fn one_deed(&self, claimed: &ClaimedDeed, claims: &Claims) -> Result<(), StoreError> {
        let (store, clock) = (&self.handles.store, &self.handles.clock);
        let _claim = claims.deed(claimed.id);
        let key = match &claimed.deed {
            Deed::AdoptRoom { room, .. } | Deed::ReplaceRoom { room, .. } => Some(room.clone()),
            deed => match deed.room_id() {
                Some(room_id) => store.key_of_room(room_id).await?,
                None => None,
            },
        };
        let intent = Intent::of_deed(&claimed.asker, claimed.id, &claimed.deed, key, None)?;
        let ids = store.intend(&[intent], clock.now()).await?;
        // The transaction id belongs to the deed: if it is sent twice, Synapse returns the first redaction. Numbers
        // repeat in a new database, times do not.
        let transaction = format!("equipemed-deed-{}-{}", claimed.id.0, claimed.created_at.as_millisecond());
        let result = self.do_deed(claimed, &transaction).await;
        let outcome = match &result {
            Ok((outcome, _)) => outcome.clone(),
            Err(Fault::Store(error)) if error.is_outage() => Outcome::Unknown,
            Err(error) => Outcome::Failed(error.clone()),
        };
        // An unknown outcome stays open, for the next look to settle.
        let known = ids.into_iter().filter(|_| outcome != Outcome::Unknown);
        let ended: Vec<_> = known.map(|id| (id, outcome.clone())).collect();
        insist(&self.handles.stop, || store.conclude(&ended, clock.now())).await?;
        match result {
            Ok((Outcome::Skipped(why), Some(due))) => {
                _ = insist(&self.handles.stop, || store.retry_deed(claimed, due, &why)).await?;
            }
            Err(error) if is_passing(&error) && claimed.attempt < ATTEMPTS => {
                let due = clock.now().checked_add(wait_after(claimed.attempt)).unwrap_or(clock.now());
                insist(&self.handles.stop, || store.retry_deed(claimed, due, &error)).await?;
            }
            _ => {
                insist(&self.handles.stop, || store.finish_deed(claimed, &outcome, clock.now())).await?;
            }
        }
        Ok(())
    }

    async fn do_deed(&self, claimed: &ClaimedDeed, transaction: &str) -> Done {
        let outcome = match &claimed.deed {
            Deed::Redact { room_id, event_id } => {
                let reason = self.reason(&claimed.asker, claimed.reason.as_deref());
                let redaction = self.writer.redact(room_id, event_id, Some(&reason), transaction).await?;
                Outcome::Done(Some(redaction.to_string()))
            }
            Deed::DeleteRoom { room_id, purge, invited } => {
                delete_empty(&self.writer, room_id, *purge, invited).await?
            }
            Deed::ReplaceRoom { room_id, room } => self.replace(claimed, room, room_id).await?,
            Deed::SignOut { user } => self.sign_out(&self.writer, user).await?,
            Deed::LeaveRoom { room_id } => return self.leave_foreign(room_id).await,
            Deed::AdoptRoom { room_id, room, instead, accept } => {
                let (key, room_id, accept) = (room.clone(), room_id.clone(), accept.clone());
                let wish = Adoption { key, room_id, instead: *instead, accept };
                let wishes: Vec<Wish> = claimed.source.iter().map(Wish::new).collect();
                adopt(&self.handles, &wish, &wishes, Some(&self.writer)).await?;
                Outcome::Done(None)
            }
        };
        Ok((outcome, None))
    }

    /// Leaves a room that somebody brought the bot into, unless the bot is to stay by now.
    async fn leave_foreign(&self, room_id: &RoomId) -> Done {
        let (store, now) = (&self.handles.store, self.handles.clock.now());
        let Some((why, due)) = stays_in(&self.handles, room_id).await? else {
            let done = self.writer.leave(room_id).await?;
            store.forget_foreign_room(room_id).await?;
            return Ok((ended(done), None));
        };
        if !matches!(why, Stays::Gone | Stays::Yet) {
            store.keep_foreign_room(room_id, now).await?;
        }
        Ok((Outcome::Skipped(Fault::Stays(why)), due))
    }
}

/// Deletes an empty room. Checks again that it is empty: somebody may have joined after the request.
async fn delete_empty(
    writer: &Writer,
    room_id: &RoomId,
    purge: bool,
    invited: &BTreeSet<OwnedUserId>,
) -> Result<Outcome, Fault> {
    let rooms = writer.reader().rooms_list().await?;
    let Some(room) = rooms.iter().find(|room| room.room_id == *room_id) else { return Ok(Outcome::Done(None)) };
    if room.members > 0 {
        return Err(Fault::PeopleInside { count: room.members });
    }
    let people: BTreeSet<_> = writer.reader().left_in(room_id).await?.invited.difference(invited).cloned().collect();
    if !people.is_empty() {
        return Err(Fault::PeopleInvited { people });
    }
    writer.delete_room(room_id, purge).await?;
    Ok(Outcome::Done(None))
}

/// Whether the deed may succeed later.
fn is_passing(error: &Fault) -> bool {
    match error {
        Fault::Homeserver(error) => {
            // Every deed that can end so checks whether it was done before trying again.
            let may_be_done = matches!(error, HomeserverError::MaybeDone { .. });
            may_be_done || error.is_retryable() || error.concerns_all()
        }
        Fault::Store(error) => error.is_outage(),
        _ => false,
    }
}
