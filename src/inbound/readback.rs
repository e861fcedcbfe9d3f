//! What Synapse's pushes may have missed, asked for: everything since the last time at the start, the control room every minute.
//!
//! Synapse keeps what it has to push in memory and forgets some of it when it
//! ends at the wrong moment. What is read back goes the way of what is pushed,
//! where what is there already is noticed by its id.

use std::sync::Arc;
use std::time::Duration;

use equipemed_domain::command::Place;
use equipemed_domain::key::CONTROL_ROOM;
use equipemed_domain::wake::Wake;
use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedRoomId, RoomId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::answered::Answered;
use super::intake::{Intake, Way};
use super::sort::{Treatment, treatment};
use crate::engine::Engine;
use crate::homeserver::{HomeserverError, KNOWN_TYPES, Patience, RawEvent, Reader};
use crate::store::{SYNC_TOKEN, StoreError};

/// How often the control room is read back.
const EVERY: Duration = Duration::from_secs(60);
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// A push may be on its way for so long before it counts as lost.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(10);
/// The waits between pings: the first, and the longest.
const PING_AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// So many events are stored in one transaction.
const AT_ONCE: usize = 1_000;
/// What wake-ups from here are called.
const ORIGIN: &str = "missed events";

/// Reads back what was not pushed.
#[derive(Debug)]
pub struct ReadBack {
    /// Looking at Synapse.
    pub reader: Reader,
    /// Where events go.
    pub intake: Arc<Intake>,
    /// Woken when something was missed.
    pub engine: Engine,
    /// The service's id in its registration.
    pub service: String,
    /// Where Synapse sends transactions to, for telling people.
    pub url: String,
    /// Told at the end of each outage of the database: what came during it was not taken in.
    pub healed: watch::Receiver<()>,
    /// Ends it.
    pub stop: CancellationToken,
}

#[derive(Debug, thiserror::Error)]
enum ReadBackError {
    #[error(transparent)]
    Homeserver(#[from] HomeserverError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Synapse does not know the position: its database is another one now.
    #[error("the position is unknown")]
    Lost,
}

impl ReadBack {
    /// Until the service stops.
    pub async fn keep_up(self) {
        let asking = async {
            let mut healed = self.healed.clone();
            while !self.stop.is_cancelled() {
                self.prove_pushes().await;
                self.pause(&mut healed, Duration::MAX).await;
            }
        };
        tokio::join!(asking, self.read_back());
    }

    /// Asks Synapse to call, until it can. That also has it send at once what it put off while this service was away, or
    /// could not store it.
    async fn prove_pushes(&self) {
        let mut healed = self.healed.clone();
        let reader = self.reader.patient(Patience::NONE);
        let (mut wait, longest) = PING_AGAIN;
        let mut is_told = false;
        while !self.stop.is_cancelled() {
            match reader.ping(&self.service).await {
                Ok(took) => {
                    self.intake.prove();
                    tracing::info!(took.seconds = took.as_secs_f64(), "Synapse reaches this service");
                    return;
                }
                // It may not be there itself; that is told elsewhere.
                Err(error) if is_told || error.concerns_all() => {}
                Err(error) => {
                    is_told = true;
                    tracing::error!(
                        %error,
                        url = self.url,
                        "Synapse does not reach this service: commands come late and changes by hand are seen late. Set url in the registration to where appservice.listen can be reached from Synapse, and restart Synapse"
                    );
                }
            }
            self.pause(&mut healed, wait).await;
            wait = wait.saturating_mul(2).min(longest);
        }
    }

    async fn read_back(&self) {
        let (mut is_caught_up, mut healed) = (false, self.healed.clone());
        while !self.stop.is_cancelled() {
            let read = if is_caught_up { self.look_back().await } else { self.catch_up().await };
            self.intake.go_on();
            match read {
                Ok(true) => is_caught_up = true,
                // As before the first room is made.
                Ok(false) => tracing::debug!("There is no position in Synapse's events to read back from yet"),
                Err(_) if self.stop.is_cancelled() => return,
                Err(error) => {
                    tracing::warn!(%error, "What Synapse may not have pushed could not be read; trying again")
                }
            }
            self.pause(&mut healed, if is_caught_up { EVERY } else { AGAIN }).await;
        }
    }

    /// Waits, but no longer than an outage of the database that is under way.
    async fn pause(&self, healed: &mut watch::Receiver<()>, wait: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            // Its sender lives as long as the service.
            Ok(()) = healed.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    /// Reads all rooms from where an earlier process was. False when there is no position yet.
    async fn catch_up(&self) -> Result<bool, ReadBackError> {
        // Taken before anything is read: what happens meanwhile is read again the next time.
        let Some(now_at) = self.position().await? else { return Ok(false) };
        if let Some(stored) = self.intake.store().remembered(SYNC_TOKEN).await? {
            match self.read_rooms(&stored, &now_at, true).await {
                Ok(sent) if sent.is_empty() => {}
                Ok(sent) => {
                    tracing::info!(events = sent.len(), "Events were read back that came while nobody listened")
                }
                Err(ReadBackError::Lost) => self.begin_anew().await?,
                Err(error) => return Err(error),
            }
        }
        self.intake.store().remember(SYNC_TOKEN, &now_at).await?;
        Ok(true)
    }

    /// Reads the control room; if something was there that should have been pushed, everything.
    async fn look_back(&self) -> Result<bool, ReadBackError> {
        let Some(now_at) = self.position().await? else { return Ok(false) };
        let Some(from) = self.intake.store().remembered(SYNC_TOKEN).await? else {
            self.intake.store().remember(SYNC_TOKEN, &now_at).await?;
            return Ok(true);
        };
        match self.read_rooms(&from, &now_at, false).await {
            Ok(sent) => {
                let late = self.intake.now().checked_sub(ON_ITS_WAY).unwrap_or(Timestamp::MIN);
                if sent.iter().any(|sent| *sent < late) {
                    tracing::warn!("Synapse did not push all that happened; everything is looked at again");
                    self.doubt_everything().await?;
                    self.read_rooms(&from, &now_at, true).await?;
                }
            }
            Err(ReadBackError::Lost) => self.begin_anew().await?,
            Err(error) => return Err(error),
        }
        self.intake.store().remember(SYNC_TOKEN, &now_at).await?;
        Ok(true)
    }

    async fn begin_anew(&self) -> Result<(), StoreError> {
        tracing::warn!(
            "Synapse does not know where its events were last read, as after a restore; everything is looked at again"
        );
        self.doubt_everything().await
    }

    async fn doubt_everything(&self) -> Result<(), StoreError> {
        self.engine.room_cache().doubt_all();
        self.engine.wake(&Wake::Everything, ORIGIN).await
    }

    /// Where the server's events are now; None when the bot is in no room or the homeserver has no such positions.
    async fn position(&self) -> Result<Option<String>, ReadBackError> {
        for room_id in self.rooms(true).await? {
            match self.reader.position(&room_id).await {
                Err(HomeserverError::Refused { status: 403, .. } | HomeserverError::NotFound { .. }) => {}
                position => return Ok(position?),
            }
        }
        Ok(None)
    }

    /// The managed rooms, the control room first; or it alone.
    async fn rooms(&self, all: bool) -> Result<Vec<OwnedRoomId>, StoreError> {
        let bound = self.intake.store().rooms().await?;
        let (control, others): (Vec<_>, Vec<_>) = bound.into_iter().partition(|(key, _)| key.as_str() == CONTROL_ROOM);
        Ok(control.into_iter().chain(others.into_iter().filter(|_| all)).map(|(_, room_id)| room_id).collect())
    }

    /// When what was found new had happened, in the control room first and then perhaps in all others.
    async fn read_rooms(&self, from: &str, now_at: &str, all: bool) -> Result<Vec<Timestamp>, ReadBackError> {
        if went_back(from, now_at) {
            return Err(ReadBackError::Lost);
        }
        let mut sent = Vec::new();
        for room_id in self.rooms(all).await? {
            sent.extend(self.read_room(&room_id, from).await?);
        }
        Ok(sent)
    }

    async fn read_room(&self, room_id: &RoomId, from: &str) -> Result<Vec<Timestamp>, ReadBackError> {
        let types: Vec<&str> =
            ["m.room.message", "m.reaction", "m.room.redaction"].iter().chain(KNOWN_TYPES.iter()).copied().collect();
        let filter = self.intake.filter();
        let mut answered = Answered::default();
        let mut missed: Vec<RawEvent<'static>> = Vec::new();
        let mut next = Some(from.to_owned());
        while let Some(from) = next {
            let past = match self.reader.changes_since(room_id, &from, &types).await {
                Ok(past) => past,
                // A room without the bot is a finding of the pass; here there is nothing to hear.
                Err(HomeserverError::Refused { status: 403, .. } | HomeserverError::NotFound { .. }) => break,
                Err(HomeserverError::Refused { status: 400, .. }) => return Err(ReadBackError::Lost),
                Err(error) => return Err(error.into()),
            };
            // An answer may be pages behind its command: nothing is taken in before the end, and what people say to each
            // other is not kept so long.
            missed.extend(past.events.into_iter().filter(|event| {
                answered.note(event, &filter.bot);
                treatment(event, Place::Control, filter) != Treatment::Dropped
            }));
            next = past.next;
        }
        let mut sent = Vec::new();
        for events in missed.chunks(AT_ONCE) {
            sent.extend(self.intake.take(events, Way::ReadBack, &answered).await?);
        }
        Ok(sent)
    }
}

/// Whether the second position is before the first: then the events in between are of a database that is gone. Synapse
/// does not say so, it only finds nothing.
fn went_back(before: &str, after: &str) -> bool {
    let number = |position: &str| -> Option<u64> {
        let digits = position.trim_start_matches(|c: char| !c.is_ascii_digit());
        digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    number(before).zip(number(after)).is_some_and(|(before, after)| after < before)
}
