//! The observed state of Synapse.
//!
//! `homeserver` builds it without guessing: what was not read is absent, and the planner plans nothing for it.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::{OwnedEventId, OwnedRoomId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::desired::AccountState;
use crate::fault::HomeserverError;
use crate::key::RoomKey;
use crate::setting::RoomSettings;

/// Everything that was read for one pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The server's local accounts.
    pub accounts: ObservedAccounts,
    /// The managed rooms examined.
    pub rooms: BTreeMap<RoomKey, RoomSight>,
    /// Stored rooms whose key is no longer in the policy.
    pub no_longer_managed: BTreeMap<RoomKey, OwnedRoomId>,
    /// The versions in which Synapse makes rooms; asked where one may have to be made.
    pub room_versions: BTreeSet<String>,
}

/// The server's accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedAccounts {
    /// The local accounts that were read.
    pub list: BTreeMap<OwnedUserId, ObservedAccount>,
    /// Whether these are all local accounts.
    pub is_complete: bool,
    /// Accounts that hold external ids of unbound people, by public id.
    pub holders: BTreeMap<String, OwnedUserId>,
    /// Accounts that hold e-mail addresses to be sent, by digest.
    pub email_holders: BTreeMap<String, OwnedUserId>,
}

impl ObservedAccounts {
    /// The account with this external id, if it was looked up.
    #[must_use]
    pub fn holder(&self, public_id: &str) -> Option<&UserId> {
        self.holders.get(public_id).map(|user| &**user)
    }

    /// Accounts whose names are not lower-case, by lower-case name; Synapse refuses a second account that differs only
    /// in case.
    #[must_use]
    pub fn twins(&self) -> BTreeMap<String, &OwnedUserId> {
        let lower = |user: &OwnedUserId| format!("@{}:{}", user.localpart().to_lowercase(), user.server_name());
        self.list.keys().map(|user| (lower(user), user)).filter(|(name, user)| name != user.as_str()).collect()
    }
}

/// An account in the user list, which omits external ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedAccount {
    /// Its display name.
    pub display_name: Option<String>,
    /// Whether it is a Synapse administrator.
    pub admin: bool,
    /// Whether it is locked.
    pub locked: bool,
    /// Whether it is deactivated.
    pub deactivated: bool,
    /// Whether it can read but not write. Known only of an account read alone.
    pub suspended: bool,
    /// Whether nobody sees what it writes.
    pub shadow_banned: bool,
    /// The address of its picture.
    pub picture: Option<String>,
}

impl ObservedAccount {
    /// Its state.
    #[must_use]
    pub fn state(&self) -> AccountState {
        match (self.deactivated, self.locked) {
            (true, _) => AccountState::Deactivated,
            (false, true) => AccountState::Locked,
            (false, false) => AccountState::Active,
        }
    }
}

/// Result of looking at a managed room.
#[derive(Clone, Debug, PartialEq)]
pub enum RoomSight {
    /// The key has no room.
    Absent,
    /// The bot gave this key to several rooms, and the store knows none of them: nothing is planned for any.
    Several {
        /// Their ids.
        room_ids: BTreeSet<OwnedRoomId>,
    },
    /// The room was read.
    Seen(Box<ObservedRoom>),
    /// The room could not be read; nothing is planned for it.
    Unreadable {
        /// Its id.
        room_id: OwnedRoomId,
        /// Synapse's response.
        why: HomeserverError,
    },
}

impl RoomSight {
    /// Whether nobody can use the room any more: it was replaced, or Synapse no longer has it. One that only the bot may
    /// not see is not meant.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        match self {
            Self::Seen(seen) => seen.replaced.is_some(),
            Self::Unreadable { why, .. } => matches!(why, HomeserverError::NotFound { .. }),
            Self::Absent | Self::Several { .. } => false,
        }
    }
}

/// The part of a room's state that planning needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedRoom {
    /// Its id.
    pub room_id: OwnedRoomId,
    /// Its version.
    pub version: String,
    /// Sender of `m.room.create`.
    pub creator: OwnedUserId,
    /// `additional_creators`, room version 12 and later.
    pub additional_creators: BTreeSet<OwnedUserId>,
    /// Whether it is a space.
    pub is_space: bool,
    /// Its settings; those without an event or value are absent.
    pub settings: RoomSettings,
    /// Whether it has `m.room.encryption`.
    pub encrypted: bool,
    /// Its `m.room.tombstone`.
    pub replaced: Option<Replacement>,
    /// Spaces named by `m.space.parent`.
    pub parents: BTreeSet<OwnedRoomId>,
    /// Rooms named by `m.space.child`.
    pub children: BTreeSet<OwnedRoomId>,
    /// People with a relevant membership.
    pub members: BTreeMap<OwnedUserId, Membership>,
    /// How members are shown there, as fingerprints, by the fingerprint of their id: of a large hospital all are kept.
    pub faces: BTreeMap<u64, u64>,
    /// Bans not set by the bot, if their sender is known.
    pub bans_by_hand: BTreeMap<OwnedUserId, BanByHand>,
    /// The raw content of `m.room.power_levels`, to keep unknown keys.
    pub power_levels: Option<Map<String, Value>>,
}

/// A tombstone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacement {
    /// Who replaced the room, if known.
    pub by: Option<OwnedUserId>,
    /// The room that people are sent to.
    pub successor: Option<OwnedRoomId>,
}

/// A ban that the bot did not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanByHand {
    /// The event that set it.
    pub event: OwnedEventId,
    /// Its sender.
    pub sender: OwnedUserId,
}

/// A membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// In the room.
    Join,
    /// Invited.
    Invite,
    /// Asking to be let in.
    Knock,
    /// Left by their own choice, or declined an invitation: the state of a room does not tell which.
    Left,
    /// Banned, not by the bot, and it is unknown whether with the right to.
    Ban,
    /// Banned for a grant, by the bot or by somebody with the right; lifted when the grant ends.
    BannedForGrant,
    /// Banned by somebody without the right; lifted for people who belong in the room.
    BannedWithoutRight,
}

impl Membership {
    /// Whether the person is banned.
    #[must_use]
    pub fn is_ban(self) -> bool {
        matches!(self, Self::Ban | Self::BannedForGrant | Self::BannedWithoutRight)
    }
}

/// The fingerprint of a name and a picture (FNV-1a). Not a secret's: only whether both are the same is asked of it.
#[must_use]
pub fn face(name: Option<&str>, picture: Option<&str>) -> u64 {
    let parts = [name.unwrap_or_default(), picture.unwrap_or_default()];
    let bytes = parts.into_iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl ObservedRoom {
    /// How a member is shown there, if known.
    #[must_use]
    pub fn face_of(&self, user: &UserId) -> Option<u64> {
        self.faces.get(&face(Some(user.as_str()), None)).copied()
    }

    /// Notes how a member is shown there; None when they are no member.
    pub fn set_face(&mut self, user: &UserId, shown: Option<u64>) {
        let key = face(Some(user.as_str()), None);
        match shown {
            Some(shown) => _ = self.faces.insert(key, shown),
            None => _ = self.faces.remove(&key),
        }
    }

    /// Whether creators rank above every level and are not listed, as from room version 12 on.
    #[must_use]
    pub fn has_privileged_creators(&self) -> bool {
        has_privileged_creators(&self.version)
    }

    /// Creators who rank above every level.
    pub fn privileged(&self) -> impl Iterator<Item = &UserId> {
        let privileged = self.has_privileged_creators();
        std::iter::once(&*self.creator)
            .chain(self.additional_creators.iter().map(|user| &**user))
            .filter(move |_| privileged)
    }

    /// The joined members.
    pub fn joined(&self) -> impl Iterator<Item = &UserId> {
        self.members.iter().filter(|(_, state)| **state == Membership::Join).map(|(user, _)| &**user)
    }
}

/// Whether rooms of this version rank creators above every level: 12 and later (MSC4289).
#[must_use]
pub fn has_privileged_creators(version: &str) -> bool {
    version.parse::<u32>().is_ok_and(|number| number >= 12)
}
