//! What the engine knows of the managed rooms' state.
//!
//! A room is read by one request and kept as long as somebody vouches for it:
//! a one-off run never asks twice, a running service forgets a room when an
//! event in it arrives, and everything when it cannot be sure to have heard
//! every event.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::{ObservedRoom, RoomSight};
use ruma_common::{OwnedRoomId, RoomId};

use crate::homeserver::{HomeserverError, Reader};

/// Room states as last seen.
#[derive(Debug, Default)]
pub struct Sights {
    rooms: BTreeMap<OwnedRoomId, ObservedRoom>,
}

impl Sights {
    /// Forgets a room, so that it is read again.
    pub fn forget(&mut self, room_id: &RoomId) {
        self.rooms.remove(room_id);
    }

    /// Forgets everything: the next look is a cold one.
    pub fn forget_all(&mut self) {
        self.rooms.clear();
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
                self.rooms.insert(room_id.to_owned(), room.clone());
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
