//! What the engine sees of the managed rooms' state: what is known of them from what is pushed, else one request a room,
//! several rooms at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::RoomSight;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use ruma_common::OwnedRoomId;

use super::handles::Handles;
use crate::homeserver::{HomeserverError, Reader};

/// How many rooms are read at once. Each is a few hundred kilobytes for a moment, and Synapse reads one at a time.
const ROOMS_IN_FLIGHT: usize = 4;
/// How long Synapse may go on with a room whose asker went away, before the room can be seen.
pub(super) const STILL_AT_IT: Duration = Duration::from_secs(2);

impl Handles {
    /// Looks at rooms by id.
    ///
    /// # Errors
    /// When Synapse does not answer at all; a refusal makes one room unreadable instead, so that one bad room does not
    /// stop the others.
    pub(super) async fn rooms(
        &self,
        rooms: impl IntoIterator<Item = (RoomKey, OwnedRoomId)>,
    ) -> Result<BTreeMap<RoomKey, RoomSight>, HomeserverError> {
        self.room_cache.note_breaks(self.reader.traffic().breaks());
        let mut looks: Vec<BoxFuture<'_, _>> = Vec::new();
        for (key, room_id) in rooms {
            looks.push(self.room(key, room_id).boxed());
        }
        stream::iter(looks).buffer_unordered(ROOMS_IN_FLIGHT).try_collect().await
    }

    async fn room(&self, key: RoomKey, room_id: OwnedRoomId) -> Result<(RoomKey, RoomSight), HomeserverError> {
        if let Some(room) = self.room_cache.seen(&room_id, self.clock.now()) {
            return Ok((key, RoomSight::Seen(Box::new(room))));
        }
        let ticket = self.room_cache.begin_read(&room_id, self.clock.now());
        match self.reader.room(&room_id).await {
            Ok(room) => {
                self.room_cache.put(&ticket, &room);
                Ok((key, RoomSight::Seen(Box::new(room))))
            }
            Err(error) if error.concerns_all() => Err(error),
            Err(error) => Ok((key, RoomSight::Unreadable { room_id, why: error })),
        }
    }
}

/// Finds rooms that the bot made and the store does not know: a crash between Synapse's answer and our note.
pub(super) async fn find_lost_rooms(
    reader: &Reader,
    wanted: &BTreeSet<RoomKey>,
    known: &BTreeSet<OwnedRoomId>,
) -> Result<BTreeMap<RoomKey, BTreeSet<OwnedRoomId>>, HomeserverError> {
    let mut found = reader.rooms_by_key(known).await?;
    found.retain(|key, _| wanted.contains(key));
    Ok(found)
}
