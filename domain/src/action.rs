//! Actions: every change that this service can make.
//!
//! Dry runs, audit, chat and metrics use the same names. An action names rooms by key, because a room created by the
//! same plan has no id yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ruma_common::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::policy::{JoinMode, RoomKind, RoomPolicy};
use crate::privilege::Privilege;
use crate::setting::{RoomSetting, RoomSettings, SettingValue, by_word};

/// What a change concerns; two passes never work on the same subject at once.
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
    /// The person's id there: EquipeMed's public id.
    pub id: String,
}

/// Everything needed to create a room with one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRoom {
    /// Room or space.
    pub kind: RoomKind,
    /// Room version.
    pub version: String,
    /// Name.
    pub name: String,
    /// Localpart of the alias.
    pub alias: Option<String>,
    /// Its parent space.
    pub parent: Option<RoomKey>,
    /// Its other settings in the policy.
    #[serde(flatten, with = "by_word")]
    pub settings: RoomSettings,
    /// Initial levels of people.
    pub levels: BTreeMap<OwnedUserId, i64>,
    /// Initial level of everybody else.
    #[serde(default)]
    pub default_level: i64,
    /// People to invite.
    pub invite: BTreeSet<OwnedUserId>,
}

impl NewRoom {
    /// A room of this version according to the policy, without people.
    #[must_use]
    pub fn of(policy: &RoomPolicy, version: &str) -> Self {
        Self {
            kind: policy.kind,
            version: version.to_owned(),
            name: policy.name.clone(),
            alias: policy.alias.clone(),
            parent: policy.parent.clone(),
            settings: policy.settings.clone(),
            levels: BTreeMap::new(),
            default_level: policy.default_level.unwrap_or(0),
            invite: BTreeSet::new(),
        }
    }
}

/// An old and a new value; None means no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Old value.
    pub from: Option<i64>,
    /// New value.
    pub to: Option<i64>,
}

/// Changes to a room's `m.room.power_levels` event. Everything else in it stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelChanges {
    /// Entries in `users`.
    pub users: BTreeMap<OwnedUserId, Change>,
    /// Entries in `events`.
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
    /// Create an account.
    CreateAccount { person: PersonId, user: OwnedUserId, display_name: String, external_id: Option<ExternalId> },
    /// Store that an existing account is a person's, by its external id or the operator's word. Changes nothing on Synapse.
    AdoptAccount {
        person: PersonId,
        user: OwnedUserId,
        /// Whether it is a Synapse administrator.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        administrator: bool,
    },
    /// Let an account go whose person is no longer in EquipeMed, by the operator's word. Changes nothing on Synapse.
    ReleaseAccount { person: PersonId, user: OwnedUserId },
    /// Change an account's display name.
    SetDisplayName { user: OwnedUserId, from: Option<String>, to: String },
    /// Replace the e-mail address that this service gave to an account. The address is looked up when it is sent: no
    /// plan or audit row contains it.
    SetEmail { user: OwnedUserId },
    /// Add the person's external id to the account.
    LinkExternalId { user: OwnedUserId, external_id: ExternalId },
    /// Lock an account: nobody gets in while it lasts; sessions and memberships stay.
    LockAccount { user: OwnedUserId },
    /// End all sessions of a locked account: its devices and their pushers are deleted.
    SignOut { user: OwnedUserId },
    /// Unlock an account.
    UnlockAccount { user: OwnedUserId },
    /// Deactivate an account: it leaves all rooms; direct chats are lost for good.
    DeactivateAccount { user: OwnedUserId },
    /// Reactivate an account.
    ReactivateAccount { user: OwnedUserId },
    /// Grant or remove Synapse administration.
    SetServerAdmin { user: OwnedUserId, to: bool },
    /// Store changes of power that the brakes count. Changes nothing on Synapse.
    NotePrivileges { person: PersonId, user: OwnedUserId, gained: BTreeSet<Privilege>, lost: BTreeSet<Privilege> },
    /// Create a room or space.
    CreateRoom { room: RoomKey, new: Box<NewRoom> },
    /// Put the room into a space: `m.space.parent` in the room.
    SetParent { room: RoomKey, parent: RoomKey },
    /// List the room in the space: `m.space.child` in the space.
    AddChild { room: RoomKey, child: RoomKey },
    /// Remove a managed room from the space that it left.
    DropChild { room: RoomKey, child: RoomKey },
    /// Change levels, all in one event.
    SetLevels { room: RoomKey, changes: LevelChanges },
    /// Add a person to the room.
    AddMember { room: RoomKey, user: OwnedUserId, how: JoinMode },
    /// Remove a person from the room or revoke an invitation.
    RemoveMember { room: RoomKey, user: OwnedUserId, reason: String },
    /// Ban a person from the room.
    BanMember { room: RoomKey, user: OwnedUserId, reason: String },
    /// Lift a ban.
    UnbanMember { room: RoomKey, user: OwnedUserId },
    /// Change a setting of the room; each setting is an action kind of its own.
    #[serde(untagged)]
    Set {
        #[serde(rename = "action")]
        setting: RoomSetting,
        room: RoomKey,
        from: Option<SettingValue>,
        to: SettingValue,
    },
}

impl Action {
    /// What it concerns.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self.about() {
            (Ok(room), _) => Subject::Room(room.clone()),
            (Err(user), _) => Subject::Account(user.clone()),
        }
    }

    /// The managed room concerned, if any.
    #[must_use]
    pub fn room(&self) -> Option<RoomKey> {
        self.about().0.ok().cloned()
    }

    /// The account concerned, if any; also the member of a membership change.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        let (place, member) = self.about();
        place.err().or(member).map(|user| &**user)
    }

    /// Its room or else its account, plus the member of a membership change.
    fn about(&self) -> (Result<&RoomKey, &OwnedUserId>, Option<&OwnedUserId>) {
        match self {
            Self::CreateAccount { user, .. }
            | Self::AdoptAccount { user, .. }
            | Self::ReleaseAccount { user, .. }
            | Self::SetDisplayName { user, .. }
            | Self::SetEmail { user }
            | Self::LinkExternalId { user, .. }
            | Self::LockAccount { user }
            | Self::SignOut { user }
            | Self::UnlockAccount { user }
            | Self::DeactivateAccount { user }
            | Self::ReactivateAccount { user }
            | Self::SetServerAdmin { user, .. }
            | Self::NotePrivileges { user, .. } => (Err(user), None),
            Self::AddMember { room, user, .. }
            | Self::RemoveMember { room, user, .. }
            | Self::BanMember { room, user, .. }
            | Self::UnbanMember { room, user } => (Ok(room), Some(user)),
            Self::CreateRoom { room, .. }
            | Self::Set { room, .. }
            | Self::SetParent { room, .. }
            | Self::AddChild { room, .. }
            | Self::DropChild { room, .. }
            | Self::SetLevels { room, .. } => (Ok(room), None),
        }
    }

    /// A short name for audit, logs, metrics and counts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.place().1
    }

    /// Whether it changes only this service's database.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self, Self::AdoptAccount { .. } | Self::ReleaseAccount { .. } | Self::NotePrivileges { .. })
    }

    /// Its order among the actions of one subject.
    #[must_use]
    pub(crate) fn rank(&self) -> u8 {
        self.place().0
    }

    /// Order and kind. Prerequisites come first. Levels change before a removal, because Synapse would restore an entry
    /// at a rejoin. People come last.
    fn place(&self) -> (u8, &'static str) {
        match self {
            Self::AdoptAccount { .. } => (0, "adopt_account"),
            Self::CreateAccount { .. } => (1, "create_account"),
            Self::ReactivateAccount { .. } => (2, "reactivate_account"),
            Self::LinkExternalId { .. } => (3, "link_external_id"),
            Self::SetDisplayName { .. } => (4, "set_display_name"),
            Self::SetEmail { .. } => (5, "set_email"),
            Self::SetServerAdmin { .. } => (6, "set_server_admin"),
            Self::UnlockAccount { .. } => (7, "unlock_account"),
            Self::LockAccount { .. } => (8, "lock_account"),
            // Of an open account somebody could sign in again.
            Self::SignOut { .. } => (9, "sign_out"),
            Self::DeactivateAccount { .. } => (10, "deactivate_account"),
            Self::NotePrivileges { .. } => (11, "note_privileges"),
            Self::ReleaseAccount { .. } => (12, "release_account"),
            Self::CreateRoom { .. } => (20, "create_room"),
            Self::Set { setting: RoomSetting::JoinRule, .. } => (21, RoomSetting::JoinRule.row().kind),
            Self::Set { setting, .. } => (22 + *setting as u8, setting.row().kind),
            Self::SetParent { .. } => (50, "set_parent"),
            Self::AddChild { .. } => (51, "add_child"),
            Self::DropChild { .. } => (52, "drop_child"),
            Self::SetLevels { .. } => (53, "set_levels"),
            Self::RemoveMember { .. } => (54, "remove_member"),
            Self::BanMember { .. } => (55, "ban_member"),
            Self::UnbanMember { .. } => (56, "unban_member"),
            Self::AddMember { .. } => (57, "add_member"),
        }
    }
}
