//! The product's vocabulary: every change this service can make.
//!
//! The same words appear in dry runs, audit rows, chat and metrics. An action
//! names rooms by key: a room that is made by the same plan has no id yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use ruma_common::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::policy::{History, JoinMode, RoomKind};
use crate::privilege::Privilege;

/// Whom or what a change is about; no two passes work on the same one at the same time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A person's account.
    Account(OwnedUserId),
    /// A managed room.
    Room(RoomKey),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(user) => write!(f, "account {user}"),
            Self::Room(room) => write!(f, "room {room}"),
        }
    }
}

/// A person's external id at an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalId {
    /// Synapse's name of the provider, `oidc-<idp_id>`.
    pub provider: String,
    /// The id there: EquipeMed's public id.
    pub id: String,
}

/// Everything a room is made with, in one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRoom {
    /// Room or space.
    pub kind: RoomKind,
    /// Room version.
    pub version: String,
    /// Name.
    pub name: String,
    /// Topic.
    pub topic: Option<String>,
    /// Picture.
    pub avatar: Option<String>,
    /// Localpart of the alias.
    pub alias: Option<String>,
    /// The space it hangs in.
    pub parent: Option<RoomKey>,
    /// History visibility.
    pub history: History,
    /// Retention.
    pub retention: Option<Duration>,
    /// People's levels from the start.
    pub levels: BTreeMap<OwnedUserId, i64>,
    /// Everybody else's.
    #[serde(default)]
    pub default_level: i64,
    /// People invited from the start.
    pub invite: BTreeSet<OwnedUserId>,
}

/// A number before and after; None where there is no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Before.
    pub from: Option<i64>,
    /// After.
    pub to: Option<i64>,
}

/// What changes in a room's one `m.room.power_levels` event. Everything not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelChanges {
    /// Entries of people.
    pub users: BTreeMap<OwnedUserId, Change>,
    /// Entries of `events`.
    pub events: BTreeMap<String, Change>,
    /// Top-level entries, such as `invite`.
    pub keys: BTreeMap<String, Change>,
}

impl LevelChanges {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.events.is_empty() && self.keys.is_empty()
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// Make an account.
    CreateAccount { person: PersonId, user: OwnedUserId, display_name: String, external_id: Option<ExternalId> },
    /// Remember that an existing account with the person's external id is theirs. Changes nothing on Synapse.
    AdoptAccount { person: PersonId, user: OwnedUserId },
    /// Change an account's display name.
    SetDisplayName { user: OwnedUserId, from: Option<String>, to: String },
    /// Give an account EquipeMed's e-mail address in place of the one it had from here. Which one is looked up when it is
    /// sent: no plan and no audit row shows it.
    SetEmail { user: OwnedUserId },
    /// Add the external id to those the account has.
    LinkExternalId { user: OwnedUserId, external_id: ExternalId },
    /// Lock an account: sessions stop, memberships stay.
    LockAccount { user: OwnedUserId },
    /// Unlock an account.
    UnlockAccount { user: OwnedUserId },
    /// Deactivate an account: it leaves all rooms, direct chats for good.
    DeactivateAccount { user: OwnedUserId },
    /// Reactivate an account.
    ReactivateAccount { user: OwnedUserId },
    /// Make the account a Synapse administrator, or no longer.
    SetServerAdmin { user: OwnedUserId, to: bool },
    /// Remember who holds power that the brakes count. Changes nothing on Synapse.
    NotePrivileges { person: PersonId, user: OwnedUserId, gained: BTreeSet<Privilege>, lost: BTreeSet<Privilege> },
    /// Make a room or space.
    CreateRoom { room: RoomKey, new: Box<NewRoom> },
    /// Change the name.
    SetName { room: RoomKey, from: Option<String>, to: String },
    /// Change the topic.
    SetTopic { room: RoomKey, from: Option<String>, to: String },
    /// Change the picture.
    SetAvatar { room: RoomKey, from: Option<String>, to: String },
    /// Publish the alias and make it the canonical one; whole aliases.
    SetAlias { room: RoomKey, from: Option<String>, to: String },
    /// Change who may join; always to `invite`.
    SetJoinRule { room: RoomKey, from: Option<String>, to: String },
    /// Change who sees what was said before.
    SetHistory { room: RoomKey, from: Option<String>, to: History },
    /// Change how long messages are kept.
    SetRetention { room: RoomKey, from: Option<Duration>, to: Duration },
    /// Hang the room into a space: `m.space.parent` in the room.
    SetParent { room: RoomKey, parent: RoomKey },
    /// Show the room in the space: `m.space.child` in the space.
    AddChild { room: RoomKey, child: RoomKey },
    /// Take a managed room out of the space it no longer hangs in.
    DropChild { room: RoomKey, child: RoomKey },
    /// Change levels, all in one event.
    SetLevels { room: RoomKey, changes: LevelChanges },
    /// Put a person into the room.
    AddMember { room: RoomKey, user: OwnedUserId, how: JoinMode },
    /// Take a person out of the room, or take an invite back.
    RemoveMember { room: RoomKey, user: OwnedUserId, reason: String },
    /// Ban a person from the room.
    BanMember { room: RoomKey, user: OwnedUserId, reason: String },
    /// Lift a ban of the bot's own.
    UnbanMember { room: RoomKey, user: OwnedUserId },
}

impl Action {
    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::CreateAccount { user, .. }
            | Self::AdoptAccount { user, .. }
            | Self::SetDisplayName { user, .. }
            | Self::SetEmail { user }
            | Self::LinkExternalId { user, .. }
            | Self::LockAccount { user }
            | Self::UnlockAccount { user }
            | Self::DeactivateAccount { user }
            | Self::ReactivateAccount { user }
            | Self::SetServerAdmin { user, .. }
            | Self::NotePrivileges { user, .. } => Subject::Account(user.clone()),
            Self::CreateRoom { room, .. }
            | Self::SetName { room, .. }
            | Self::SetTopic { room, .. }
            | Self::SetAvatar { room, .. }
            | Self::SetAlias { room, .. }
            | Self::SetJoinRule { room, .. }
            | Self::SetHistory { room, .. }
            | Self::SetRetention { room, .. }
            | Self::SetParent { room, .. }
            | Self::AddChild { room, .. }
            | Self::DropChild { room, .. }
            | Self::SetLevels { room, .. }
            | Self::AddMember { room, .. }
            | Self::RemoveMember { room, .. }
            | Self::BanMember { room, .. }
            | Self::UnbanMember { room, .. } => Subject::Room(room.clone()),
        }
    }

    /// The managed room it is about, if it is about one.
    #[must_use]
    pub fn room(&self) -> Option<RoomKey> {
        match self.subject() {
            Subject::Room(room) => Some(room),
            Subject::Account(_) => None,
        }
    }

    /// The one account it is about, if it is about one; also the member of a membership change.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::CreateAccount { user, .. }
            | Self::AdoptAccount { user, .. }
            | Self::SetDisplayName { user, .. }
            | Self::SetEmail { user }
            | Self::LinkExternalId { user, .. }
            | Self::LockAccount { user }
            | Self::UnlockAccount { user }
            | Self::DeactivateAccount { user }
            | Self::ReactivateAccount { user }
            | Self::SetServerAdmin { user, .. }
            | Self::NotePrivileges { user, .. }
            | Self::AddMember { user, .. }
            | Self::RemoveMember { user, .. }
            | Self::BanMember { user, .. }
            | Self::UnbanMember { user, .. } => Some(user),
            _ => None,
        }
    }

    /// A short name for audit, logs, metrics and counts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateAccount { .. } => "create_account",
            Self::AdoptAccount { .. } => "adopt_account",
            Self::SetDisplayName { .. } => "set_display_name",
            Self::SetEmail { .. } => "set_email",
            Self::LinkExternalId { .. } => "link_external_id",
            Self::LockAccount { .. } => "lock_account",
            Self::UnlockAccount { .. } => "unlock_account",
            Self::DeactivateAccount { .. } => "deactivate_account",
            Self::ReactivateAccount { .. } => "reactivate_account",
            Self::SetServerAdmin { .. } => "set_server_admin",
            Self::NotePrivileges { .. } => "note_privileges",
            Self::CreateRoom { .. } => "create_room",
            Self::SetName { .. } => "set_name",
            Self::SetTopic { .. } => "set_topic",
            Self::SetAvatar { .. } => "set_avatar",
            Self::SetAlias { .. } => "set_alias",
            Self::SetJoinRule { .. } => "set_join_rule",
            Self::SetHistory { .. } => "set_history",
            Self::SetRetention { .. } => "set_retention",
            Self::SetParent { .. } => "set_parent",
            Self::AddChild { .. } => "add_child",
            Self::DropChild { .. } => "drop_child",
            Self::SetLevels { .. } => "set_levels",
            Self::AddMember { .. } => "add_member",
            Self::RemoveMember { .. } => "remove_member",
            Self::BanMember { .. } => "ban_member",
            Self::UnbanMember { .. } => "unban_member",
        }
    }

    /// Whether it only changes what this service remembers.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self, Self::AdoptAccount { .. } | Self::NotePrivileges { .. })
    }

    /// Its place among the actions of one subject: what others need comes first, levels go before a removal so
    /// that nobody keeps an entry (Synapse gives it back at a rejoin), people come last.
    #[must_use]
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::AdoptAccount { .. } => 0,
            Self::CreateAccount { .. } => 1,
            Self::ReactivateAccount { .. } => 2,
            Self::LinkExternalId { .. } => 3,
            Self::SetDisplayName { .. } => 4,
            Self::SetEmail { .. } => 5,
            Self::SetServerAdmin { .. } => 6,
            Self::UnlockAccount { .. } => 7,
            Self::LockAccount { .. } => 8,
            Self::DeactivateAccount { .. } => 9,
            Self::NotePrivileges { .. } => 10,
            Self::CreateRoom { .. } => 20,
            Self::SetJoinRule { .. } => 21,
            Self::SetName { .. } => 22,
            Self::SetTopic { .. } => 23,
            Self::SetAvatar { .. } => 24,
            Self::SetAlias { .. } => 25,
            Self::SetHistory { .. } => 26,
            Self::SetRetention { .. } => 27,
            Self::SetParent { .. } => 28,
            Self::AddChild { .. } => 29,
            Self::DropChild { .. } => 30,
            Self::SetLevels { .. } => 31,
            Self::RemoveMember { .. } => 32,
            Self::BanMember { .. } => 33,
            Self::UnbanMember { .. } => 34,
            Self::AddMember { .. } => 35,
        }
    }
}
