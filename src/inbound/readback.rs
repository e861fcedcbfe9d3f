//! Reads back events that Synapse may have failed to push: all rooms at startup, the control room every minute.
//!
//! Synapse keeps queued pushes in memory and loses some if it ends at the wrong moment. Events read back are taken in
//! like pushed ones, and known ones are recognised by id.

use std::sync::Arc;
use std::time::Duration;

use equipemed_domain::command::CommandPlace;
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

/// Interval between reads of the control room.
const EVERY: Duration = Duration::from_secs(60);
/// Delay after a failure.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a push may take before it counts as lost.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(10);
/// First and longest delay between pings.
const PING_AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Number of events stored in one transaction.
const AT_ONCE: usize = 1_000;
/// Origin of wake-ups from here.
const ORIGIN: &str = "missed events";

/// Reads back events that were not pushed.
#[derive(Debug)]
pub struct ReadBack {
    /// Connection to Synapse.
    pub reader: Reader,
    /// Destination of the events.
    pub intake: Arc<Intake>,
    /// Woken when an event was missed.
    pub engine: Engine,
    /// The service's id in its registration.
    pub service: String,
    /// Where Synapse sends transactions, for messages.
    pub url: String,
    /// Notified at the end of each database outage, during which events were not taken in.
    pub healed: watch::Receiver<()>,
    /// Stops it.
    pub stop: CancellationToken,
}

#[derive(Debug, thiserror::Error)]
enum ReadBackError {
    #[error(transparent)]
    Homeserver(#[from] HomeserverError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Synapse does not know the position, because its database was replaced.
    #[error("the position is unknown")]
    Lost,
}

impl ReadBack {
    /// Runs until the service stops.
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

    /// Pings until Synapse reaches this service. A ping also makes Synapse send at once what it postponed while the
    /// service was away or could not store events.
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
                // Synapse itself may be away, which is reported elsewhere.
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
                // Normal until the first room exists.
                Ok(false) => tracing::debug!("There is no position in Synapse's events to read back from yet"),
                Err(_) if self.stop.is_cancelled() => return,
                Err(error) => {
                    tracing::warn!(%error, "What Synapse may not have pushed could not be read; trying again")
                }
            }
            self.pause(&mut healed, if is_caught_up { EVERY } else { AGAIN }).await;
        }
    }

    /// Waits, but no longer than until a database outage ends.
    async fn pause(&self, healed: &mut watch::Receiver<()>, wait: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            // The sender lives as long as the service.
            Ok(()) = healed.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    /// Reads all rooms from where an earlier process stopped. False when there is no position yet.
    async fn catch_up(&self) -> Result<bool, ReadBackError> {
        // Taken before reading, so that concurrent events are read again the next time.
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

    /// Reads the control room; if a push was lost there, reads all rooms.
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

    /// The server's current stream position; None when the bot is in no room or the homeserver uses another format.
    async fn position(&self) -> Result<Option<String>, ReadBackError> {
        for room_id in self.rooms(true).await? {
            match self.reader.position(&room_id).await {
                Err(HomeserverError::Refused { status: 403, .. } | HomeserverError::NotFound { .. }) => {}
                position => return Ok(position?),
            }
        }
        Ok(None)
    }

    /// The control room, followed by the other managed rooms if `all`.
    async fn rooms(&self, all: bool) -> Result<Vec<OwnedRoomId>, StoreError> {
        let bound = self.intake.store().rooms().await?;
        let (control, others): (Vec<_>, Vec<_>) = bound.into_iter().partition(|(key, _)| key.as_str() == CONTROL_ROOM);
        Ok(control.into_iter().chain(others.into_iter().filter(|_| all)).map(|(_, room_id)| room_id).collect())
    }

    /// Reads the control room and, if `all`, the others; returns when the new events were sent.
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
        let types: Vec<&str> = ["m.room.message", "m.sticker", "m.reaction", "m.room.redaction"]
            .iter()
            .chain(KNOWN_TYPES.iter())
            .copied()
            .collect();
        let filter = self.intake.filter();
        let mut answered = Answered::default();
        let mut missed: Vec<RawEvent<'static>> = Vec::new();
        let mut next = Some(from.to_owned());
        while let Some(from) = next {
            let past = match self.reader.changes_since(room_id, &from, &types).await {
                Ok(past) => past,
                // The bot's absence from a room is a finding of the pass; there is nothing to read here.
                Err(HomeserverError::Refused { status: 403, .. } | HomeserverError::NotFound { .. }) => break,
                Err(HomeserverError::Refused { status: 400, .. }) => return Err(ReadBackError::Lost),
                Err(error) => return Err(error.into()),
            };
            // An answer may be pages after its command, so nothing is stored before the end. Other messages are dropped
            // at once.
            missed.extend(past.events.into_iter().filter(|event| {
                answered.note(event, &filter.bot);
                treatment(event, CommandPlace::Control, filter) != Treatment::Dropped
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

/// Whether the second position is before the first: then the events in between were in a database that no longer
/// exists. Synapse does not report this; it just finds nothing.
fn went_back(before: &str, after: &str) -> bool {
    let number = |position: &str| -> Option<u64> {
        let digits = position.trim_start_matches(|c: char| !c.is_ascii_digit());
        digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    number(before).zip(number(after)).is_some_and(|(before, after)| after < before)
}
