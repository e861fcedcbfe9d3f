//! JSON types of Synapse's admin API, private to this folder.
//!
//! They contain only the fields in use, optional where possible, so that a newer Synapse does no harm.

use std::fmt;

use equipemed_domain::action::ExternalId;
use equipemed_domain::observed::ObservedAccount;
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

#[derive(Debug, Deserialize)]
pub(super) struct Version {
    pub(super) server_version: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Accounts {
    pub(super) users: Vec<Account>,
    pub(super) next_token: Option<String>,
}

/// An account, from the list or read alone.
#[derive(Debug, Deserialize)]
pub(super) struct Account {
    pub(super) name: OwnedUserId,
    pub(super) displayname: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    admin: bool,
    #[serde(default, deserialize_with = "flag")]
    locked: bool,
    #[serde(default, deserialize_with = "flag")]
    deactivated: bool,
    #[serde(default, deserialize_with = "flag")]
    suspended: bool,
    #[serde(default, deserialize_with = "flag")]
    shadow_banned: bool,
    avatar_url: Option<String>,
    #[serde(default)]
    pub(super) external_ids: Vec<WireExternalId>,
    #[serde(default)]
    pub(super) threepids: Vec<Threepid>,
    pub(super) appservice_id: Option<String>,
    pub(super) last_seen_ts: Option<u64>,
    pub(super) creation_ts: Option<i64>,
}

/// `GET v2/users/{}/devices`.
#[derive(Debug, Deserialize)]
pub(super) struct Devices {
    pub(super) devices: Vec<Device>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Device {
    pub(super) device_id: String,
    pub(super) last_seen_ts: Option<i64>,
}

/// `POST v2/users/{}/delete_devices`.
#[derive(Debug, Serialize)]
pub(super) struct DeviceIds<'a> {
    pub(super) devices: &'a [String],
}

/// `GET v1/media/{}/{}`.
#[derive(Debug, Deserialize)]
pub(super) struct MediaAnswer {
    pub(super) media_info: Media,
}

#[derive(Debug, Deserialize)]
pub(super) struct Media {
    pub(super) user_id: Option<OwnedUserId>,
    pub(super) media_type: Option<String>,
    pub(super) quarantined_by: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub(super) safe_from_quarantine: bool,
}

/// `GET v1/rooms/{}/state`.
#[derive(Debug, Deserialize)]
pub(super) struct WholeState {
    pub(super) state: Box<RawValue>,
}

impl Account {
    pub(super) fn observed(&self) -> ObservedAccount {
        ObservedAccount {
            display_name: self.displayname.clone(),
            admin: self.admin,
            locked: self.locked,
            deactivated: self.deactivated,
            suspended: self.suspended,
            shadow_banned: self.shadow_banned,
            picture: self.avatar_url.clone(),
        }
    }
}

/// An e-mail address or phone number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Threepid {
    pub(super) medium: String,
    pub(super) address: String,
}

/// Omits the address, which must not reach a log through `{:?}`.
impl fmt::Debug for Threepid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threepid").field("medium", &self.medium).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WireExternalId {
    pub(super) auth_provider: String,
    pub(super) external_id: String,
}

impl From<&ExternalId> for WireExternalId {
    fn from(id: &ExternalId) -> Self {
        Self { auth_provider: id.provider.clone(), external_id: id.id.clone() }
    }
}

impl From<WireExternalId> for ExternalId {
    fn from(id: WireExternalId) -> Self {
        Self { provider: id.auth_provider, id: id.external_id }
    }
}

/// Body of an account PUT: only set fields are sent. It has no password on purpose.
#[derive(Debug, Default, Serialize)]
pub(super) struct AccountChange<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) displayname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) avatar_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) external_ids: Option<Vec<WireExternalId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) threepids: Option<Vec<Threepid>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) admin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) locked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deactivated: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct HolderAnswer {
    pub(super) user_id: OwnedUserId,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rooms {
    pub(super) rooms: Vec<Room>,
    pub(super) next_batch: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Room {
    pub(super) room_id: OwnedRoomId,
    pub(super) name: Option<String>,
    pub(super) canonical_alias: Option<String>,
    #[serde(default)]
    pub(super) joined_members: u64,
    #[serde(default)]
    pub(super) joined_local_members: u64,
    pub(super) version: Option<String>,
    pub(super) creator: Option<String>,
    pub(super) encryption: Option<String>,
    pub(super) room_type: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Join<'a> {
    pub(super) user_id: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Deactivation {
    pub(super) erase: bool,
}

/// `DELETE v2/rooms/{}`.
#[derive(Debug, Serialize)]
pub(super) struct Deletion {
    pub(super) purge: bool,
}

/// Response to [`Deletion`].
#[derive(Debug, Deserialize)]
pub(super) struct DeletionBegun {
    pub(super) delete_id: String,
}

/// `GET v2/rooms/delete_status/{}`.
#[derive(Debug, Deserialize)]
pub(super) struct DeletionStatus {
    pub(super) status: String,
    pub(super) error: Option<String>,
}

/// `GET v1/event_reports`: the same in Synapse 1.99 and 1.163.
#[derive(Debug, Deserialize)]
pub(super) struct EventReports {
    pub(super) event_reports: Vec<EventReport>,
}

/// Ids as text: one report of something odd must not hide the others.
#[derive(Deserialize)]
pub(super) struct EventReport {
    pub(super) id: i64,
    pub(super) received_ts: i64,
    #[serde(default)]
    pub(super) room_id: String,
    #[serde(default)]
    pub(super) event_id: String,
    #[serde(default)]
    pub(super) user_id: String,
    #[serde(default, deserialize_with = "text_or_none")]
    pub(super) sender: Option<String>,
    #[serde(default, deserialize_with = "text_or_none")]
    pub(super) reason: Option<String>,
}

/// Omits what people wrote.
impl fmt::Debug for EventReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventReport").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A response that is ignored.
#[derive(Debug, Deserialize)]
pub(super) struct Anything {}

/// Synapse on SQLite used to send 0 and 1 where it now sends false and true; null means false.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Flag {
        Bool(bool),
        Number(u8),
        None(()),
    }
    Ok(match Flag::deserialize(deserializer)? {
        Flag::Bool(value) => value,
        Flag::Number(value) => value != 0,
        Flag::None(()) => false,
    })
}

/// A page of a room's history, filtered to names and memberships.
#[derive(Debug, Deserialize)]
pub(super) struct History {
    pub(super) chunk: Vec<NameOrMember>,
    #[serde(default)]
    pub(super) end: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NameOrMember {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) state_key: String,
    pub(super) content: NameOrMembership,
}

/// Content written by any user: a value of another type counts as missing.
#[derive(Debug, Default, Deserialize)]
pub(super) struct NameOrMembership {
    #[serde(default, deserialize_with = "text_or_none")]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "text_or_none")]
    pub(super) membership: Option<String>,
}

fn text_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().map(str::to_owned))
}
