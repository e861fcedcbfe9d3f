//! Detects a Synapse that encrypts new rooms (`encryption_enabled_by_default_for_room_type`). No API shows that; the
//! first new room does, and is deleted again. No other is created until `setup` runs again.

use equipemed_domain::fault::Fault;
use ruma_common::RoomId;

use crate::homeserver::Writer;
use crate::store::{Store, StoreError};

/// Store key for having seen it.
const SEEN: &str = "synapse_encrypts";

/// If a room that was just created is encrypted, deletes it and remembers that.
///
/// # Errors
/// [`Fault::Encrypts`] if it was.
pub(super) async fn delete_if_so(writer: &Writer, store: &Store, room_id: &RoomId) -> Result<(), Fault> {
    if writer.reader().state(room_id, "m.room.encryption", "").await?.is_none() {
        return Ok(());
    }
    store.remember(SEEN, "").await?;
    writer.delete_room(room_id, true).await?;
    Err(Fault::Encrypts)
}

/// Whether no rooms are created for now.
pub(super) async fn is_seen(store: &Store) -> Result<bool, StoreError> {
    Ok(store.remembered(SEEN).await?.is_some())
}

/// Forgets it: the operator says that it is over.
pub(super) async fn forget(store: &Store) -> Result<(), StoreError> {
    store.forget(SEEN).await
}
