//! What Synapse says is there now.
//!
//! Built by `homeserver`, never by guessing: what was not read is absent here,
//! and the planner plans nothing for it.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::{OwnedEventId, OwnedRoomId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::desired::AccountState;
use crate::fault::HomeserverError;
use crate::key::RoomKey;
use crate::setting::Settings;

/// Everything that was read for one pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The server's local accounts.
    pub accounts: ObservedAccounts,
    /// Managed rooms that were looked at.
    pub rooms: BTreeMap<RoomKey, RoomSight>,
    /// Rooms in the store whose key left the policy.
    pub no_longer_managed: BTreeMap<RoomKey, OwnedRoomId>,
}

/// The server's accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedAccounts {
    /// All local accounts that were read.
    pub list: BTreeMap<OwnedUserId, ObservedAccount>,
    /// Whether these are all there are.
    pub is_complete: bool,
    /// Holders of external ids, for people who are not bound yet: public id → account.
    pub holders: BTreeMap<String, OwnedUserId>,
    /// Holders of e-mail addresses that are to be sent: digest → account.
    pub email_holders: BTreeMap<String, OwnedUserId>,
}

impl ObservedAccounts {
    /// The account that carries this external id, as far as it was looked up.
    #[must_use]
    pub fn holder(&self, public_id: &str) -> Option<&UserId> {
        self.holders.get(public_id).map(|user| &**user)
    }

    /// Accounts whose names are not lower-case, by the name they would have; Synapse refuses a second one that
    /// differs in case only.
    #[must_use]
    pub fn twins(&self) -> BTreeMap<String, &OwnedUserId> {
        let lower = |user: &OwnedUserId| format!("@{}:{}", user.localpart().to_lowercase(), user.server_name());
        self.list.keys().map(|user| (lower(user), user)).filter(|(name, user)| name != user.as_str()).collect()
    }
}

/// One account, as the user list shows it (external ids are not in the list).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedAccount {
    /// Its display name.
    pub display_name: Option<String>,
    /// Synapse administrator.
    pub admin: bool,
    /// Locked.
    pub locked: bool,
    /// Deactivated.
    pub deactivated: bool,
}

impl ObservedAccount {
    /// Usable, locked or deactivated.
    #[must_use]
    pub fn state(&self) -> AccountState {
        match (self.deactivated, self.locked) {
            (true, _) => AccountState::Deactivated,
            (false, true) => AccountState::Locked,
            (false, false) => AccountState::Active,
        }
    }
}

/// What looking at a managed room gave.
#[derive(Clone, Debug, PartialEq)]
pub enum RoomSight {
    /// There is no room for this key.
    Absent,
    /// Several rooms have this key by the bot's own hand, and none of them is known to be the one: nothing is planned for any.
    Several {
        /// Their ids.
        room_ids: BTreeSet<OwnedRoomId>,
    },
    /// The room is known and was read.
    Seen(Box<ObservedRoom>),
    /// The room is known and could not be read; nothing is planned for it.
    Unreadable {
        /// Its id.
        room_id: OwnedRoomId,
        /// Synapse's answer.
        why: HomeserverError,
    },
}

/// A room's state, as far as planning needs it.
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
    /// `m.space` or absent.
    pub is_space: bool,
    /// What it is set to; what is absent has no event, or one without a value.
    pub settings: Settings,
    /// Has `m.room.encryption`.
    pub encrypted: bool,
    /// Has `m.room.tombstone`.
    pub replaced: bool,
    /// Spaces named by `m.space.parent`.
    pub parents: BTreeSet<OwnedRoomId>,
    /// Rooms named by `m.space.child`.
    pub children: BTreeSet<OwnedRoomId>,
    /// People with a membership worth knowing.
    pub members: BTreeMap<OwnedUserId, Membership>,
    /// Bans that somebody else than the bot set, as far as it can be told who did.
    pub bans_by_hand: BTreeMap<OwnedUserId, BanByHand>,
    /// The content of `m.room.power_levels`, raw: unknown keys must survive a change.
    pub power_levels: Option<Map<String, Value>>,
}

/// A ban that somebody else than the bot set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanByHand {
    /// The event that set it.
    pub event: OwnedEventId,
    /// Who sent that.
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
    /// Asked to be let in.
    Knock,
    /// Left of their own will.
    Left,
    /// Banned by somebody else than the bot, and whether by right is not known.
    Ban,
    /// Banned for a grant, by the bot or by somebody with the right: lifted when the grant has ended.
    BannedForGrant,
    /// Banned by somebody who had no right to: lifted for those who belong in the room.
    BannedWithoutRight,
}

impl Membership {
    /// Whether it keeps the person out until it is lifted.
    #[must_use]
    pub fn is_ban(self) -> bool {
        matches!(self, Self::Ban | Self::BannedForGrant | Self::BannedWithoutRight)
    }
}

impl ObservedRoom {
    /// Whether room version 12's rules hold: creators stand above every level and are not listed.
    #[must_use]
    pub fn has_privileged_creators(&self) -> bool {
        has_privileged_creators(&self.version)
    }

    /// People who stand above every level.
    pub fn privileged(&self) -> impl Iterator<Item = &UserId> {
        let privileged = self.has_privileged_creators();
        std::iter::once(&*self.creator)
            .chain(self.additional_creators.iter().map(|user| &**user))
            .filter(move |_| privileged)
    }

    /// Who is joined.
    pub fn joined(&self) -> impl Iterator<Item = &UserId> {
        self.members.iter().filter(|(_, state)| **state == Membership::Join).map(|(user, _)| &**user)
    }
}

/// Whether rooms of this version have creators above every level: 12 and later (MSC4289).
#[must_use]
pub fn has_privileged_creators(version: &str) -> bool {
    version.parse::<u32>().is_ok_and(|number| number >= 12)
}
