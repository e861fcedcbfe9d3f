//! `rooms list`: all rooms of the server, managed or not.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Exit, Format, connect, output};
use crate::homeserver::Patience;

/// Prints the list.
pub(super) async fn list(config: &Path, format: Format) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let store = connect::store(&settings).await?;
    let connection = connect::connection(&settings, Patience::NONE, &CancellationToken::new(), None);
    let reader = connect::reader(connection, &settings).await?;
    let keys: BTreeMap<_, _> = store.rooms().await?.into_iter().map(|(key, room_id)| (room_id, key)).collect();
    let rooms = reader.rooms_list().await?;
    let managed = |room_id| keys.get(room_id).filter(|key| settings.policy.rooms.contains_key(*key));
    match format {
        Format::Text => {
            let rows: Vec<_> = rooms
                .iter()
                .map(|room| {
                    let key = match (managed(&room.room_id), keys.get(&room.room_id)) {
                        (Some(key), _) => key.to_string(),
                        (None, Some(key)) => format!("{key}, no longer managed"),
                        (None, None) => "–".to_owned(),
                    };
                    vec![
                        key,
                        room.name.clone().unwrap_or_else(|| "–".to_owned()),
                        room.alias.clone().unwrap_or_else(|| "–".to_owned()),
                        room.members.to_string(),
                        room.version.clone().unwrap_or_default(),
                        if room.encryption.is_some() { "encrypted" } else { "" }.to_owned(),
                        room.room_id.to_string(),
                    ]
                })
                .collect();
            output::text(&output::table(&["KEY", "NAME", "ALIAS", "MEMBERS", "VERSION", "", "ROOM ID"], &rows));
        }
        Format::Json => {
            let rows: Vec<_> = rooms
                .iter()
                .map(|room| {
                    json!({
                        "room_id": room.room_id,
                        "key": managed(&room.room_id),
                        "name": room.name,
                        "alias": room.alias,
                        "members": room.members,
                        "version": room.version,
                        "encrypted": room.encryption.is_some(),
                    })
                })
                .collect();
            output::json(&rows)?;
        }
    }
    Ok(Exit::Done)
}
