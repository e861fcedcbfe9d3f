//! What the engine knows of the managed rooms' state, and how it keeps that current with few requests.
//!
//! Cold, a room is read by one request. Warm, one request for all rooms tells
//! what changed since the last look; only rooms for which that is doubtful are
//! read again.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::{ObservedRoom, RoomSight};
use ruma_common::{OwnedRoomId, RoomId};

use crate::homeserver::{HomeserverError, Reader};

/// Room states as last seen.
#[derive(Debug, Default)]
pub struct Sights {
    /// Where the stream of changes stood before the oldest of these was read; None while cold.
    position: Option<String>,
    rooms: BTreeMap<OwnedRoomId, ObservedRoom>,
}

impl Sights {
    /// Brings everything known up to date. `stay_warm` asks for a position to start from.
    ///
    /// # Errors
    /// When Synapse does not answer.
    pub async fn refresh(&mut self, reader: &Reader, stay_warm: bool) -> Result<(), HomeserverError> {
        match (self.position.take(), stay_warm) {
            (Some(position), _) => {
                let (next, deltas) = reader.changes_since(&position).await?;
                for delta in deltas {
                    delta.apply(&mut self.rooms);
                }
                self.position = Some(next);
            }
            (None, true) => {
                self.rooms.clear();
                self.position = Some(reader.sync_position().await?);
            }
            (None, false) => self.rooms.clear(),
        }
        Ok(())
    }

    /// Forgets a room, so that it is read again.
    pub fn forget(&mut self, room_id: &RoomId) {
        self.rooms.remove(room_id);
    }

    /// Forgets everything: after this a look is a cold one.
    pub fn forget_all(&mut self) {
        *self = Self::default();
    }

    /// The sight of one room, reading it if it is not known.
    ///
    /// # Errors
    /// When Synapse does not answer at all; a refusal makes the room unreadable instead, so that one bad room does
    /// not stop the others.
    pub async fn look(&mut self, reader: &Reader, room_id: &RoomId) -> Result<RoomSight, HomeserverError> {
        if let Some(room) = self.rooms.get(room_id) {
            return Ok(RoomSight::Seen(Box::new(room.clone())));
        }
        match reader.room(room_id).await {
            Ok(room) => {
                if self.position.is_some() {
                    self.rooms.insert(room_id.to_owned(), room.clone());
                }
                Ok(RoomSight::Seen(Box::new(room)))
            }
            Err(error) if error.concerns_all() => Err(error),
            Err(error) => Ok(RoomSight::Unreadable { room_id: room_id.to_owned(), why: error.to_string() }),
        }
    }
}

/// Finds rooms that the bot made and the store does not know: a crash between Synapse's answer and our note.
///
/// # Errors
/// When Synapse does not answer.
pub async fn find_lost_rooms(
    reader: &Reader,
    wanted: &BTreeSet<RoomKey>,
    known: &BTreeSet<OwnedRoomId>,
) -> Result<BTreeMap<RoomKey, OwnedRoomId>, HomeserverError> {
    let mut found = BTreeMap::new();
    for room_id in reader.joined_rooms().await? {
        if known.contains(&room_id) {
            continue;
        }
        if let Some(key) = reader.room_key(&room_id).await?
            && wanted.contains(&key)
        {
            found.entry(key).or_insert(room_id);
        }
    }
    Ok(found)
}
