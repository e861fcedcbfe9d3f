//! What people do in rooms with their clients.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::client::{encode, text};
use crate::{Client, random_hex};

impl Client {
    /// The account's joined rooms.
    pub async fn joined_rooms(&self) -> anyhow::Result<Vec<String>> {
        let answer = self.get_ok("/_matrix/client/v3/joined_rooms").await?;
        let rooms = answer.get("joined_rooms").and_then(Value::as_array).context("no joined_rooms in the answer")?;
        Ok(rooms.iter().filter_map(|room| room.as_str().map(str::to_owned)).collect())
    }

    /// All state events of a room.
    pub async fn state(&self, room: &str) -> anyhow::Result<Vec<Value>> {
        let answer = self.get_ok(&room_path(room, "state")).await?;
        serde_json::from_value(answer).context("the state is not a list")
    }

    /// Content of one state event; `None` when there is none.
    pub async fn state_event(&self, room: &str, kind: &str, key: &str) -> anyhow::Result<Option<Value>> {
        let path = room_path(room, &format!("state/{}/{}", encode(kind), encode(key)));
        match self.get(&path).await? {
            (200, content) => Ok(Some(content)),
            (404, _) => Ok(None),
            (status, answer) => anyhow::bail!("GET {path} was answered {status} {answer}"),
        }
    }

    /// Content of `m.room.power_levels`.
    pub async fn power_levels(&self, room: &str) -> anyhow::Result<Value> {
        self.state_event(room, "m.room.power_levels", "").await?.context("the room has no power levels")
    }

    /// A person's membership in a room, such as `join`; None if there never was one.
    pub async fn membership(&self, room: &str, user_id: &str) -> anyhow::Result<Option<String>> {
        let content = self.state_event(room, "m.room.member", user_id).await?;
        Ok(content.and_then(|content| content.get("membership")?.as_str().map(str::to_owned)))
    }

    /// Creates a room from the body of `createRoom` and returns its id.
    pub async fn create_room(&self, body: Value) -> anyhow::Result<String> {
        let answer = self.post_ok("/_matrix/client/v3/createRoom", body).await?;
        Ok(text(&answer, "room_id")?.to_owned())
    }

    /// Joins by room id or alias and returns the room's id.
    pub async fn join(&self, room: &str) -> anyhow::Result<String> {
        let answer = self.post_ok(&format!("/_matrix/client/v3/join/{}", encode(room)), json!({})).await?;
        Ok(text(&answer, "room_id")?.to_owned())
    }

    /// Sends an event and returns its id.
    pub async fn send(&self, room: &str, kind: &str, content: Value) -> anyhow::Result<String> {
        let path = room_path(room, &format!("send/{}/{}", encode(kind), random_hex(8)?));
        let answer = self.put_ok(&path, content).await?;
        Ok(text(&answer, "event_id")?.to_owned())
    }

    /// Sends a text message and returns its id.
    pub async fn send_text(&self, room: &str, body: &str) -> anyhow::Result<String> {
        self.send(room, "m.room.message", json!({"msgtype": "m.text", "body": body})).await
    }

    /// Sends a text message in reply to another event and returns its id.
    pub async fn reply(&self, room: &str, to: &str, body: &str) -> anyhow::Result<String> {
        let relation = json!({"m.in_reply_to": {"event_id": to}});
        self.send(room, "m.room.message", json!({"msgtype": "m.text", "body": body, "m.relates_to": relation})).await
    }

    /// Reacts to an event and returns the reaction's id.
    pub async fn react(&self, room: &str, to: &str, key: &str) -> anyhow::Result<String> {
        let relation = json!({"rel_type": "m.annotation", "event_id": to, "key": key});
        self.send(room, "m.reaction", json!({"m.relates_to": relation})).await
    }

    /// Sends a state event and returns its id.
    pub async fn send_state(&self, room: &str, kind: &str, key: &str, content: Value) -> anyhow::Result<String> {
        let path = room_path(room, &format!("state/{}/{}", encode(kind), encode(key)));
        let answer = self.put_ok(&path, content).await?;
        Ok(text(&answer, "event_id")?.to_owned())
    }

    /// Changes one person's level by hand, as Element does.
    pub async fn set_level(&self, room: &str, user_id: &str, level: i64) -> anyhow::Result<String> {
        let mut levels = self.power_levels(room).await?;
        let users = levels
            .as_object_mut()
            .context("the power levels are not an object")?
            .entry("users")
            .or_insert_with(|| json!({}));
        users.as_object_mut().context("the users are not an object")?.insert(user_id.to_owned(), json!(level));
        self.send_state(room, "m.room.power_levels", "", levels).await
    }

    /// Redacts an event and returns the redaction's id.
    pub async fn redact(&self, room: &str, event: &str, reason: &str) -> anyhow::Result<String> {
        let path = room_path(room, &format!("redact/{}/{}", encode(event), random_hex(8)?));
        let answer = self.put_ok(&path, json!({"reason": reason})).await?;
        Ok(text(&answer, "event_id")?.to_owned())
    }

    /// The current form of an event.
    pub async fn event(&self, room: &str, event: &str) -> anyhow::Result<Value> {
        self.get_ok(&room_path(room, &format!("event/{}", encode(event)))).await
    }

    /// The newest events of a room, newest first.
    pub async fn messages(&self, room: &str, limit: u32) -> anyhow::Result<Vec<Value>> {
        let answer = self.get_ok(&room_path(room, &format!("messages?dir=b&limit={limit}"))).await?;
        serde_json::from_value(answer.get("chunk").cloned().unwrap_or_default()).context("no chunk in the answer")
    }

    /// As an administrator: whether an account is locked, deactivated and so on.
    pub async fn account(&self, user_id: &str) -> anyhow::Result<Value> {
        self.get_ok(&format!("/_synapse/admin/v2/users/{}", encode(user_id))).await
    }
}

/// A client API path below a room.
pub fn room_path(room: &str, rest: &str) -> String {
    format!("/_matrix/client/v3/rooms/{}/{rest}", encode(room))
}
