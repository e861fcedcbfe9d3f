//! A Synapse that encrypts new rooms by itself (`encryption_enabled_by_default_for_room_type`), which no API shows: it is
//! seen at the first new room, which is deleted again. Then no other is made until `setup` is run again.

use equipemed_domain::fault::Fault;
use ruma_common::RoomId;

use crate::homeserver::Writer;
use crate::store::{Store, StoreError};

/// Where the store keeps that it was seen.
const SEEN: &str = "synapse_encrypts";

/// Deletes a room that was just made when it is encrypted, and remembers that.
///
/// # Errors
/// [`Fault::Encrypts`] when it was.
pub(super) async fn delete_if_so(writer: &Writer, store: &Store, room_id: &RoomId) -> Result<(), Fault> {
    if writer.reader().state(room_id, "m.room.encryption", "").await?.is_none() {
        return Ok(());
    }
    store.remember(SEEN, "").await?;
    writer.delete_room(room_id, true).await?;
    Err(Fault::Encrypts)
}

/// Whether no rooms are made for now.
pub(super) async fn is_seen(store: &Store) -> Result<bool, StoreError> {
    Ok(store.remembered(SEEN).await?.is_some())
}

/// Forgets it: the operator says that it is over.
pub(super) async fn forget(store: &Store) -> Result<(), StoreError> {
    store.forget(SEEN).await
}
