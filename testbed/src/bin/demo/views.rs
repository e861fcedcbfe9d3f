//! Synapse as a person's own client sees it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use equipemed_testbed::Client;
use equipemed_testbed::client::encode;
use equipemed_testbed::rooms::room_path;
use serde_json::Value;

/// Names of joined rooms with the person's level, by room id.
pub(crate) async fn joined(client: &Client) -> anyhow::Result<BTreeMap<String, (String, i64)>> {
    let mut rooms = BTreeMap::new();
    for room in client.joined_rooms().await? {
        let level = level(&client.power_levels(&room).await?, client.user_id());
        rooms.insert(room.clone(), (name(client, &room).await?, level));
    }
    Ok(rooms)
}

/// Ids of joined managed rooms by key.
pub(crate) async fn by_key(client: &Client) -> anyhow::Result<BTreeMap<String, String>> {
    let mut rooms = BTreeMap::new();
    for room in client.joined_rooms().await? {
        let create = client.state_event(&room, "m.room.create", "").await?;
        let key = create.as_ref().and_then(|content| content.get("br.equipemed.room")?.as_str());
        rooms.extend(key.map(|key| (key.to_owned(), room)));
    }
    Ok(rooms)
}

/// Names of rooms with an invitation, by room id.
pub(crate) async fn invited(client: &Client) -> anyhow::Result<BTreeMap<String, String>> {
    let answer = client.get_ok("/_matrix/client/v3/sync?timeout=0").await?;
    let invites = answer.pointer("/rooms/invite").and_then(Value::as_object);
    let names = invites.into_iter().flatten().filter_map(|(id, room)| {
        let state = room.pointer("/invite_state/events")?.as_array()?;
        let named = state.iter().find(|event| event.get("type").is_some_and(|kind| kind == "m.room.name"))?;
        Some((id.clone(), named.pointer("/content/name")?.as_str()?.to_owned()))
    });
    Ok(names.collect())
}

/// Names of everything the person sees in a space, including the space.
pub(crate) async fn in_space(client: &Client, space: &str) -> anyhow::Result<BTreeSet<String>> {
    let path = format!("/_matrix/client/v1/rooms/{}/hierarchy?limit=50", encode(space));
    let answer = client.get_ok(&path).await?;
    let rooms = answer.get("rooms").and_then(Value::as_array).context("no rooms in the hierarchy")?;
    Ok(rooms.iter().filter_map(|room| room.get("name")?.as_str().map(str::to_owned)).collect())
}

/// A person's level in `m.room.power_levels`.
pub(crate) fn level(levels: &Value, user_id: &str) -> i64 {
    let own = levels.get("users").and_then(|users| users.get(user_id)).and_then(Value::as_i64);
    own.or_else(|| levels.get("users_default").and_then(Value::as_i64)).unwrap_or_default()
}

/// HTTP statuses of attempts to read a room's state and to join it.
pub(crate) async fn intrusion(client: &Client, room: &str) -> anyhow::Result<(u16, u16)> {
    let (read, _) = client.get(&room_path(room, "state")).await?;
    let path = format!("/_matrix/client/v3/join/{}", encode(room));
    let (joined, _) = client.post(&path, serde_json::json!({})).await?;
    Ok((read, joined))
}

async fn name(client: &Client, room: &str) -> anyhow::Result<String> {
    let content = client.state_event(room, "m.room.name", "").await?;
    let name = content.as_ref().and_then(|content| content.get("name")?.as_str());
    Ok(name.unwrap_or("(no name)").to_owned())
}
