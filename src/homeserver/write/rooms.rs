//! Creates rooms and changes their state.
//!
//! A single request creates a complete room, so that nobody sees it half-made. Content given here replaces the whole
//! event: to change levels, read them first and pass all of them.

use std::time::Duration;

use equipemed_domain::action::NewRoom;
use equipemed_domain::fault::{HomeserverError, Nonsense};
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::has_privileged_creators;
use equipemed_domain::policy::RoomKind;
use equipemed_domain::room_origin::ROOM_MARK;
use equipemed_domain::setting::{RoomSetting, SettingValue};
use matrix_sdk::ruma::api::client::alias::{create_alias, delete_alias};
use matrix_sdk::ruma::api::client::room::Visibility;
use matrix_sdk::ruma::api::client::room::create_room::v3::{Request, RoomPreset};
use matrix_sdk::ruma::api::client::state::send_state_event;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{EventId, OwnedEventId, OwnedRoomId, RoomAliasId, RoomId, RoomVersionId};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use super::{Done, Writer};
use crate::homeserver::endpoint::Endpoint;
use crate::homeserver::error::from_json;
use crate::homeserver::picture::ROOM_KEY_FIELD;
use crate::homeserver::transport::Sending;
use crate::homeserver::wire::{Deletion, DeletionBegun, DeletionStatus};

/// Synapse deletes in the background: poll interval and maximum number of polls.
const DELETION_LOOK_EVERY: Duration = Duration::from_millis(500);
const DELETION_LOOKS: usize = 600;

/// What a new room needs beside its policy.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomToCreate<'a> {
    /// The room's key in the policy, which it keeps for ever.
    pub key: &'a RoomKey,
    /// The room's policy.
    pub new: &'a NewRoom,
    /// Its parent space.
    pub parent: Option<&'a RoomId>,
    /// The room that it replaces, with one of its events.
    pub predecessor: Option<(&'a RoomId, Option<&'a EventId>)>,
    /// The full content of `m.room.power_levels`: Synapse would choose defaults for missing keys.
    pub levels: Map<String, Value>,
}

impl Writer {
    /// Creates a room or space with everything in it. Takes about 0.1 s per invitation.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `MaybeDone` when it is unknown whether the room exists: look for the key with
    /// [`Reader::rooms_with_key`](crate::homeserver::Reader::rooms_with_key) or for the alias. `Refused` with
    /// `M_ROOM_IN_USE` when the alias is taken.
    pub async fn create_room(&self, wanted_room: &RoomToCreate<'_>) -> Result<OwnedRoomId, HomeserverError> {
        let RoomToCreate { key, new, parent, predecessor, levels } = wanted_room;
        let mut request = Request::new();
        request.preset = Some(RoomPreset::PrivateChat);
        request.visibility = Visibility::Private;
        request.room_version = Some(version(&new.version)?);
        request.name = Some(new.name.clone());
        if let Some(SettingValue::Text(topic)) = new.settings.get(&RoomSetting::Topic) {
            request.topic = Some(topic.clone());
        }
        request.room_alias_name = new.alias.clone();
        request.invite = new.invite.iter().cloned().collect();
        let mut creation = creation(key, new.kind);
        if let Some((room_id, event_id)) = predecessor {
            // From version 12 on the event is not named (MSC4291).
            let event_id = event_id.filter(|_| !has_privileged_creators(&new.version));
            creation["predecessor"] = event_id.map_or_else(
                || json!({"room_id": room_id}),
                |event_id| json!({"room_id": room_id, "event_id": event_id}),
            );
        }
        request.creation_content = Some(raw(&creation)?);
        request.initial_state = self.initial_state(new, *parent).iter().map(raw).collect::<Result<_, _>>()?;
        request.power_level_content_override = Some(raw(levels)?);
        let sending = Sending::create(new.invite.len());
        Ok(self.reader.transport.client(request, sending).await?.room_id)
    }

    fn initial_state(&self, new: &NewRoom, parent: Option<&RoomId>) -> Vec<Value> {
        let event = |kind: &str, content: Value| json!({"type": kind, "state_key": "", "content": content});
        let mut state = vec![event("m.room.guest_access", json!({"guest_access": "forbidden"}))];
        state.extend(RoomSetting::ALL.iter().filter_map(|setting| {
            let row = setting.row();
            let value = row.always.map(Into::into).or_else(|| new.settings.get(setting).cloned())?;
            // The request has a field for the topic.
            (*setting != RoomSetting::Topic).then(|| event(row.event, setting.content(&value)))
        }));
        state.extend(
            parent.map(|parent| json!({"type": "m.space.parent", "state_key": parent, "content": self.link(true)})),
        );
        state
    }

    /// Replaces one state event. Sending unchanged content makes no new event.
    pub async fn send_state(
        &self,
        room_id: &RoomId,
        kind: &str,
        state_key: &str,
        content: &Value,
    ) -> Result<OwnedEventId, HomeserverError> {
        let request = send_state_event::v3::Request::new_raw(
            room_id.to_owned(),
            kind.into(),
            state_key.to_owned(),
            raw(content)?,
        );
        Ok(self.reader.transport.client(request, Sending::WRITE).await?.event_id)
    }

    /// Writes the key into a room, so that the room is recognised without our database; None removes it, as when
    /// another room now has the key.
    pub async fn mark_room(&self, room_id: &RoomId, key: Option<&RoomKey>) -> Result<OwnedEventId, HomeserverError> {
        let content = key.map_or_else(|| json!({}), |key| json!({ROOM_KEY_FIELD: key}));
        self.send_state(room_id, ROOM_MARK, "", &content).await
    }

    /// Changes a setting of a room. Publish an alias first: [`set_alias`](Self::set_alias).
    pub async fn set(
        &self,
        room_id: &RoomId,
        setting: RoomSetting,
        to: &SettingValue,
    ) -> Result<OwnedEventId, HomeserverError> {
        self.send_state(room_id, setting.row().event, "", &setting.content(to)).await
    }

    /// Names the parent space in the room.
    pub async fn set_parent(&self, room_id: &RoomId, space: &RoomId) -> Result<OwnedEventId, HomeserverError> {
        self.send_state(room_id, "m.space.parent", space.as_str(), &self.link(true)).await
    }

    /// Removes a parent space from what the room names.
    pub async fn drop_parent(&self, room_id: &RoomId, space: &RoomId) -> Result<OwnedEventId, HomeserverError> {
        self.send_state(room_id, "m.space.parent", space.as_str(), &json!({})).await
    }

    /// Closes a room and names its replacement. Clients show their own text for this.
    pub async fn close_room(&self, room_id: &RoomId, successor: &RoomId) -> Result<OwnedEventId, HomeserverError> {
        let content = json!({"body": "This room has been replaced", "replacement_room": successor});
        self.send_state(room_id, "m.room.tombstone", "", &content).await
    }

    /// Adds a room to a space's children.
    pub async fn add_child(&self, space: &RoomId, room_id: &RoomId) -> Result<OwnedEventId, HomeserverError> {
        self.send_state(space, "m.space.child", room_id.as_str(), &self.link(false)).await
    }

    /// Removes a room from a space's children.
    pub async fn drop_child(&self, space: &RoomId, room_id: &RoomId) -> Result<OwnedEventId, HomeserverError> {
        self.send_state(space, "m.space.child", room_id.as_str(), &json!({})).await
    }

    /// Replaces all power levels of a room: read the content right before and change it.
    pub async fn set_levels(
        &self,
        room_id: &RoomId,
        levels: Map<String, Value>,
    ) -> Result<OwnedEventId, HomeserverError> {
        self.send_state(room_id, "m.room.power_levels", "", &Value::Object(levels)).await
    }

    /// Publishes an alias and makes it canonical. An earlier alias still leads to the room until it is released.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with 409 when it leads to another room, with `M_EXCLUSIVE` when it is outside
    /// the registration's namespace.
    pub async fn set_alias(&self, room_id: &RoomId, alias: &RoomAliasId) -> Result<Done, HomeserverError> {
        let request = create_alias::v3::Request::new(alias.to_owned(), room_id.to_owned());
        let published = match self.reader.transport.client(request, Sending::WRITE).await {
            Ok(_) => Done::Changed,
            Err(error @ HomeserverError::Refused { status: 409, .. }) => {
                if self.reader.resolve_alias(alias).await?.as_deref() != Some(room_id) {
                    return Err(error);
                }
                Done::Already
            }
            Err(error) => return Err(error),
        };
        self.send_state(room_id, "m.room.canonical_alias", "", &json!({"alias": alias})).await?;
        Ok(published)
    }

    /// Removes an alias, whatever room it leads to. Synapse reports success even when there is none.
    pub async fn release_alias(&self, alias: &RoomAliasId) -> Result<Done, HomeserverError> {
        let request = delete_alias::v3::Request::new(alias.to_owned());
        match self.reader.transport.client(request, Sending::WRITE).await {
            Ok(_) => Ok(Done::Changed),
            Err(HomeserverError::NotFound { .. }) => Ok(Done::Already),
            Err(error) => Err(error),
        }
    }

    /// Deletes a room from the server and waits for the end.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Nonsense` with Synapse's status when the deletion fails or does not end.
    pub async fn delete_room(&self, room_id: &RoomId, purge: bool) -> Result<Done, HomeserverError> {
        const NOTHING: Option<&()> = None;
        let transport = &self.reader.transport;
        let body = Some(&Deletion { purge });
        let begun: DeletionBegun =
            transport.json(Endpoint::DeleteRoom, &[room_id.as_str()], &[], body, Sending::WRITE).await?;
        for _ in 0..DELETION_LOOKS {
            let id = [begun.delete_id.as_str()];
            let now: DeletionStatus = transport.json(Endpoint::DeleteStatus, &id, &[], NOTHING, Sending::READ).await?;
            match now.status.as_str() {
                "complete" => return Ok(Done::Changed),
                "failed" => {
                    return Err(HomeserverError::nonsense(Nonsense::DeletionFailed {
                        said: now.error.unwrap_or_default(),
                    }));
                }
                _ => tokio::time::sleep(DELETION_LOOK_EVERY).await,
            }
        }
        Err(HomeserverError::nonsense(Nonsense::DeletionEndless))
    }

    /// A link between room and space through this server.
    fn link(&self, canonical: bool) -> Value {
        let via = [self.reader.bot().server_name()];
        if canonical { json!({"via": via, "canonical": true}) } else { json!({"via": via}) }
    }
}

fn creation(key: &RoomKey, kind: RoomKind) -> Value {
    let mut content = json!({ROOM_KEY_FIELD: key, "m.federate": false});
    if kind == RoomKind::Space {
        content["type"] = "m.space".into();
    }
    content
}

fn version(version: &str) -> Result<RoomVersionId, HomeserverError> {
    version.try_into().map_err(|_| HomeserverError::nonsense(Nonsense::RoomVersion { version: version.to_owned() }))
}

/// JSON passed to the library unchanged: its own types drop unknown keys.
fn raw<T>(value: &impl serde::Serialize) -> Result<Raw<T>, HomeserverError> {
    Ok(Raw::from_json(to_raw_value(value).map_err(|error| from_json(&error))?))
}
