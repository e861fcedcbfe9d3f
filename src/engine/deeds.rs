//! The lane of deeds: one-off requests such as redactions, done at once whatever else is going on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use equipemed_domain::deed::Deed;
use equipemed_domain::fault::{Fault, Stays};
use equipemed_domain::outcome::Outcome;
use equipemed_domain::wish::Wish;
use jiff::Timestamp;
use ruma_common::{OwnedUserId, RoomId};
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use super::adopt::{Adoption, adopt};
use super::apply::{Applier, ended};
use super::backoff::{Seldom, insist, rest, wait_after};
use super::claims::{CLAIM, Claim, Claims};
use super::foreign::stays_in;
use super::lanes::come;
use super::wakes::TICK;
use crate::homeserver::{HomeserverError, Writer};
use crate::store::{AuditId, ClaimedDeed, DeedEnd, Intent, Pace, StoreError};

/// How many are done concurrently. Synapse works on one at a time; this many keep it busy.
const AT_ONCE: usize = 8;
/// With this many free again, more are claimed at once: each claim and each end is a write to the database.
const REFILL: usize = AT_ONCE / 2;
/// How many of those about whole rooms are done concurrently, beside the others: nobody's redaction waits for a room that
/// Synapse deletes.
const SLOW_AT_ONCE: usize = 2;
/// Attempts before a deed is given up. By then its asker was told long ago.
const ATTEMPTS: u32 = 20;

/// Result of a deed; and when to do it, if it was postponed on purpose.
pub(super) type Done = Result<(Outcome, Option<Timestamp>), Fault>;

/// A claimed deed with its audit entry.
struct Begun {
    deed: ClaimedDeed,
    audit: Option<AuditId>,
    _claim: Claim,
}

impl Begun {
    /// Whether nobody would ask again for such a deed: the service itself wants it, or it is what is left of a redaction.
    fn is_own(&self) -> bool {
        matches!(self.deed.deed, Deed::LeaveRoom { .. } | Deed::CloseReport { .. } | Deed::Quarantine { .. })
            || self.deed.deed.unwanted().is_some()
    }

    /// How this attempt ended.
    fn end(&self, done: &Done, now: Timestamp) -> DeedEnd<'_> {
        let outcome = match done {
            Ok((outcome, _)) => Some(outcome.clone()).filter(|outcome| *outcome != Outcome::Unknown),
            // Left open, for the next look to settle.
            Err(Fault::Store(error)) if error.is_outage() => None,
            Err(error) => Some(Outcome::Failed(error.clone())),
        };
        let again = match done {
            Ok((Outcome::Skipped(why), Some(due))) => Some((*due, why.clone())),
            Err(error) if is_passing(error) && (self.deed.attempt < ATTEMPTS || self.is_own()) => {
                Some((now.checked_add(wait_after(self.deed.attempt)).unwrap_or(now), error.clone()))
            }
            _ => None,
        };
        DeedEnd { deed: &self.deed, audit: self.audit, outcome, again }
    }
}

/// Deeds in progress.
type Running = JoinSet<(Begun, Done)>;

impl Applier {
    /// Does deeds of one pace until the service stops; those in progress are finished and noted.
    pub(super) async fn deed_lane(self: &Arc<Self>, holder: &str, claims: &Claims, pace: Pace) {
        let stop = &self.handles.stop;
        let (mut woken, mut said) = (self.handles.wakes.woken.subscribe(), Seldom::default());
        let mut running = Running::new();
        let mut least = 1;
        while !stop.is_cancelled() {
            self.handles.wakes.beats.beat(match pace {
                Pace::Quick => "deeds",
                Pace::Slow => "deeds about rooms",
            });
            if let Err(error) = self.begin_deeds(holder, claims, (pace, least), &mut running).await {
                if said.is_due() {
                    tracing::warn!(%error, "Deeds could not be claimed");
                }
                rest(stop).await;
            }
            least = tokio::select! {
                Some(ended) = running.join_next() => {
                    self.end_deeds(ended, &mut running).await;
                    at_once(pace).1
                }
                // Also if notified while the store was being asked.
                _ = woken.changed() => 1,
                () = tokio::time::sleep(TICK) => 1,
                () = stop.cancelled() => break,
            };
        }
        while let Some(ended) = running.join_next().await {
            self.end_deeds(ended, &mut running).await;
        }
    }

    /// Does due deeds that nobody else is doing. Returns how many.
    pub(super) async fn some_deeds(self: &Arc<Self>, holder: &str, claims: &Claims) -> Result<usize, StoreError> {
        let mut running = Running::new();
        for pace in [Pace::Quick, Pace::Slow] {
            self.begin_deeds(holder, claims, (pace, 1), &mut running).await?;
        }
        let begun = running.len();
        while let Some(ended) = running.join_next().await {
            self.end_deeds(ended, &mut running).await;
        }
        Ok(begun)
    }

    /// Claims and begins due deeds if at least this many may be begun.
    async fn begin_deeds(
        self: &Arc<Self>,
        holder: &str,
        claims: &Claims,
        (pace, least): (Pace, usize),
        running: &mut Running,
    ) -> Result<(), StoreError> {
        let free = at_once(pace).0.saturating_sub(running.len());
        if free < least {
            return Ok(());
        }
        let (store, clock) = (&self.handles.store, &self.handles.clock);
        let claimed = store.claim_deeds(holder, clock.now(), CLAIM, (pace, free)).await?;
        let held: Vec<Claim> = claimed.iter().map(|deed| claims.deed(deed.id)).collect();
        let mut rooms = BTreeMap::new();
        let mut intents = Vec::with_capacity(claimed.len());
        for deed in &claimed {
            let key = match (&deed.deed, deed.deed.room_id()) {
                (Deed::AdoptRoom { room, .. } | Deed::ReplaceRoom { room, .. }, _) => Some(room.clone()),
                (_, None) => None,
                (_, Some(room_id)) => match rooms.get(room_id) {
                    Some(known) => Option::clone(known),
                    None => {
                        let key = store.key_of_room(room_id).await?;
                        rooms.insert(room_id.clone(), key.clone());
                        key
                    }
                },
            };
            intents.push(Intent::of_deed(&deed.asker, deed.id, &deed.deed, key, None)?);
        }
        let mut ids = store.intend(&intents, clock.now()).await?.into_iter();
        for (deed, claim) in claimed.into_iter().zip(held) {
            let span = tracing::info_span!("deed", deed.id = deed.id.0, kind = deed.deed.kind(), wish = deed.source);
            let (applier, begun) = (self.clone(), Begun { audit: ids.next(), deed, _claim: claim });
            let doing = async move {
                let done = applier.do_deed(&begun.deed).await;
                (begun, done)
            };
            running.spawn(doing.instrument(span));
        }
        Ok(())
    }

    /// Notes the end of this deed and of all others that have ended meanwhile.
    async fn end_deeds(&self, ended: Result<(Begun, Done), JoinError>, running: &mut Running) {
        let more = std::iter::from_fn(|| running.try_join_next());
        let ended: Vec<_> = std::iter::once(ended).chain(more).filter_map(come).collect();
        let now = self.handles.clock.now();
        let ends: Vec<DeedEnd<'_>> = ended.iter().map(|(begun, done)| begun.end(done, now)).collect();
        if let Err(error) = insist(&self.handles.stop, || self.handles.store.end_deeds(&ends, now)).await {
            tracing::error!(%error, "The ends of deeds could not be noted; they are done again");
        }
        self.handles.wakes.ended.notify_waiters();
    }

    async fn do_deed(&self, claimed: &ClaimedDeed) -> Done {
        let outcome = match &claimed.deed {
            Deed::Redact { room_id, event_id, files, .. } => {
                return self.redact(claimed, room_id, event_id, files.as_ref()).await;
            }
            Deed::Quarantine { sender, file, unwanted, .. } => self.quarantine(sender, file, *unwanted).await?,
            Deed::DeleteRoom { room_id, purge, invited } => {
                delete_empty(&self.writer, room_id, *purge, invited).await?
            }
            Deed::ReplaceRoom { room_id, room } => self.replace(claimed, room, room_id).await?,
            Deed::SignOut { user } => self.sign_out(&self.writer, user).await?,
            Deed::CloseReport { room_id, report, received_at } => {
                ended(self.writer.delete_report(*report, *received_at, room_id).await?)
            }
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

/// How many deeds of a pace are done concurrently, and with how many free again more are claimed.
fn at_once(pace: Pace) -> (usize, usize) {
    match pace {
        Pace::Quick => (AT_ONCE, REFILL),
        Pace::Slow => (SLOW_AT_ONCE, 1),
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
pub(super) fn is_passing(error: &Fault) -> bool {
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
