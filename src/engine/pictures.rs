//! Pictures from files: uploaded once, and remembered by content.

use std::collections::BTreeMap;

use equipemed_domain::fault::Fault;
use equipemed_domain::policy::Policy;
use equipemed_domain::setting::{PictureFile, RoomSetting, RoomSettings, SettingValue};

use crate::homeserver::Writer;
use crate::store::{Store, StoreError};

/// Store key for a picture's address, by the digest of its content.
fn remembered_as(digest: &str) -> String {
    format!("picture:{digest}")
}

/// A picture's address. Uploads a file that is not on Synapse yet.
///
/// # Errors
/// When the file cannot be read any more, or Synapse rejects it.
pub async fn uploaded(writer: &Writer, store: &Store, picture: &str) -> Result<String, Fault> {
    let Some(file) = PictureFile::of(picture) else { return Ok(picture.to_owned()) };
    if let Some(uri) = store.remembered(&remembered_as(file.digest)).await? {
        return Ok(uri);
    }
    let unreadable = |why: String| Fault::PictureUnreadable { path: file.path.to_owned(), why };
    let content = std::fs::read(file.path).map_err(|error| unreadable(error.to_string()))?;
    if PictureFile::digest_of(&content) != file.digest {
        return Err(unreadable("it changed since the configuration was read: reload it".to_owned()));
    }
    let media_type = file.media_type().ok_or_else(|| unreadable("it is no image".to_owned()))?;
    let uri = writer.upload_picture(content, media_type).await?.to_string();
    store.remember(&remembered_as(file.digest), &uri).await?;
    Ok(uri)
}

/// The same for the avatar in the settings of a new room.
pub(super) async fn upload_in(writer: &Writer, store: &Store, settings: &mut RoomSettings) -> Result<(), Fault> {
    if let Some(SettingValue::Text(picture)) = settings.get_mut(&RoomSetting::Avatar) {
        *picture = uploaded(writer, store, picture).await?;
    }
    Ok(())
}

/// Replaces picture files by the addresses of their uploads.
pub(super) async fn known(policy: &mut Policy, store: &Store) -> Result<(), StoreError> {
    // Many rooms may have one picture, and this is asked at every pass.
    let mut addresses: BTreeMap<String, Option<String>> = BTreeMap::new();
    for room in policy.rooms.values_mut() {
        let Some(SettingValue::Text(picture)) = room.settings.get_mut(&RoomSetting::Avatar) else { continue };
        let Some(file) = PictureFile::of(picture) else { continue };
        let address = match addresses.get(file.digest) {
            Some(address) => address.clone(),
            None => {
                let address = store.remembered(&remembered_as(file.digest)).await?;
                addresses.insert(file.digest.to_owned(), address.clone());
                address
            }
        };
        if let Some(address) = address {
            *picture = address;
        }
    }
    Ok(())
}

/// Whether any room's picture is a file.
pub(super) fn are_there(policy: &Policy) -> bool {
    let avatars = policy.rooms.values().filter_map(|room| room.settings.get(&RoomSetting::Avatar));
    avatars.into_iter().any(|value| matches!(value, SettingValue::Text(text) if PictureFile::of(text).is_some()))
}
