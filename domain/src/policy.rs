//! The hospital's policy: the checked configuration, as far as planning needs it.
//!
//! Only `config` builds it, after all checks passed; nothing here validates again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ruma_common::{OwnedRoomAliasId, OwnedServerName, OwnedUserId, RoomAliasId};
use serde::{Deserialize, Serialize};

use crate::directory::{Person, Profession};
use crate::key::{RoleKey, RoomKey};
use crate::rights::Rights;
use crate::room_version::RoomVersion;
use crate::selector::Selector;
use crate::setting::{RoomSetting, RoomSettings};
use crate::standing::StandingTable;

/// The whole policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The homeserver's name, the part of every id after the colon.
    pub server_name: OwnedServerName,
    /// The bot, which is never in a plan.
    pub bot: OwnedUserId,
    /// Rules for accounts.
    pub users: UsersPolicy,
    /// Roles by key.
    pub roles: BTreeMap<RoleKey, Role>,
    /// Managed rooms and spaces by key, the control room among them.
    pub rooms: BTreeMap<RoomKey, RoomPolicy>,
    /// The brakes.
    pub limits: Limits,
}

/// Rules for accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct UsersPolicy {
    /// Who gets an account at all.
    pub who: Selector,
    /// Whether missing accounts are created.
    pub create: bool,
    /// Whether display names and e-mail addresses are updated.
    pub update_profiles: bool,
    /// Whether Synapse gets EquipeMed's e-mail addresses.
    pub email: bool,
    /// Whether people may give themselves another display name.
    pub own_display_name: bool,
    /// Sources of the localpart; the first valid one wins.
    pub localpart: Vec<LocalpartSource>,
    /// Template with `{full_name}`, `{display_name}`, `{username}`, `{profession}`, `{specialty}`,
    /// `{current_specialty}`.
    pub display_name: String,
    /// What the hospital calls each profession.
    pub professions: BTreeMap<Profession, String>,
    /// Synapse's name of the identity provider, `oidc-<idp_id>`; None means that no external ids are set.
    pub identity_provider: Option<String>,
    /// How members get into rooms unless a room says otherwise.
    pub join: JoinMode,
    /// What each EquipeMed account status means.
    pub standing: StandingTable,
    /// The reasons to lock an account that end its sessions too: statuses, and the other words of `standing`.
    pub sign_out: BTreeSet<String>,
    /// How long a person must be gone before the account is deactivated.
    pub deactivate_after: Duration,
    /// How long after a pass last saw it in the desired state an account counts as stale.
    pub stale_after: Duration,
    /// Accounts that are never changed, including the bot and the break-glass account.
    pub protected: BTreeSet<OwnedUserId>,
    /// The account that may approve while EquipeMed is unavailable.
    pub break_glass: Option<OwnedUserId>,
    /// Localparts that nobody may get, in lower case.
    pub reserved: BTreeSet<String>,
}

/// A source of localparts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalpartSource {
    /// The profile's `matrix_localpart`.
    MatrixLocalpart,
    /// The EquipeMed username.
    Username,
    /// `u_` and the public id.
    PublicId,
}

/// How a member gets into a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinMode {
    /// Synapse's admin join.
    Force,
    /// An invite, which the person or Synapse's `auto_accept_invites` accepts.
    Invite,
}

/// A role: who has it, and what it gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// What people see instead of its key.
    pub name: Option<String>,
    /// Who has it.
    pub when: Selector,
    /// Where level and rights apply: a room, or a space with everything below it; None means everywhere.
    pub scope: Option<RoomKey>,
    /// The level it gives there.
    pub level: Option<i64>,
    /// The rights it gives there.
    pub rights: Rights,
    /// Whether its holders become Synapse administrators.
    pub server_admin: bool,
}

/// The kind of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// A room for messages.
    Room,
    /// A space.
    Space,
}

/// One managed room or space.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomPolicy {
    /// Room or space.
    pub kind: RoomKind,
    /// Matrix room version of a new room.
    pub version: RoomVersion,
    /// Its name.
    pub name: String,
    /// Localpart of its alias, without `#` and server.
    pub alias: Option<String>,
    /// The parent space.
    pub parent: Option<RoomKey>,
    /// Who belongs in it.
    pub members: Selector,
    /// Who has level 100 and all rights here and in everything below.
    pub administrators: Option<Selector>,
    /// Levels of roles in this room, instead of the roles' own.
    pub levels: BTreeMap<RoleKey, i64>,
    /// The level of people without an entry (`users_default`). None means 0 in rooms that the bot created, and no
    /// change in others.
    pub default_level: Option<i64>,
    /// How members get in.
    pub join: JoinMode,
    /// Whether people who leave may stay away.
    pub leave_allowed: bool,
    /// Its other settings; absent ones are left alone.
    pub settings: RoomSettings,
}

/// The brakes; see `review`.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Share of the managed active people that may be locked or deactivated in 24 hours.
    pub lock_share: f64,
    /// Fewer than this are always allowed.
    pub lock_least: usize,
    /// Share of a room's members that may be removed in 24 hours.
    pub remove_share: f64,
    /// Fewer than this are always allowed.
    pub remove_least: usize,
    /// Share of a room's members that may be put into it in 24 hours.
    pub join_share: f64,
    /// Fewer than this are always allowed.
    pub join_least: usize,
    /// How many people may gain administrator power in 24 hours: server administration, level 100, `approve`,
    /// `promote`.
    pub gain: usize,
    /// How many people may gain any other power in 24 hours: level 50 or more, any right.
    pub gain_lesser: usize,
    /// How many people may lose such power in 24 hours, other than by their own lock or departure.
    pub lose: usize,
    /// How many accounts may be deactivated in 24 hours.
    pub deactivate: usize,
    /// Share by which the directory may shrink between two reads.
    pub shrink_share: f64,
    /// Whether a held part needs the consent of two different people.
    pub two_consents: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lock_share: 0.10,
            lock_least: 5,
            remove_share: 0.50,
            remove_least: 5,
            join_share: 0.50,
            join_least: 10,
            gain: 3,
            gain_lesser: 10,
            lose: 10,
            deactivate: 5,
            shrink_share: 0.20,
            two_consents: false,
        }
    }
}

/// A room requested by command; its other properties have defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeRoom {
    /// Its name.
    pub name: String,
    /// Who belongs in it.
    pub members: Selector,
    /// The parent space.
    pub parent: Option<RoomKey>,
}

impl MadeRoom {
    /// The room with default properties.
    #[must_use]
    pub fn policy(&self, join: JoinMode) -> RoomPolicy {
        RoomPolicy {
            kind: RoomKind::Room,
            version: RoomVersion::Best,
            name: self.name.clone(),
            alias: None,
            parent: self.parent.clone(),
            members: self.members.clone(),
            administrators: None,
            levels: BTreeMap::new(),
            default_level: None,
            join,
            leave_allowed: false,
            settings: RoomSettings::from([(RoomSetting::History, "shared".into())]),
        }
    }
}

impl Policy {
    /// The whole alias of a key's room. The configuration takes only localparts that make a valid one.
    #[must_use]
    pub fn alias_of(&self, key: &RoomKey) -> Option<OwnedRoomAliasId> {
        let local = self.rooms.get(key)?.alias.as_deref()?;
        RoomAliasId::parse(format!("#{local}:{}", self.server_name)).ok()
    }

    /// Whether `users.who` selects the person: nobody else gets or keeps anything by the policy.
    #[must_use]
    pub fn selects(&self, person: &Person) -> bool {
        self.users.who.matches(person, &self.roles, false)
    }

    /// Whether a role makes the person a Synapse administrator.
    #[must_use]
    pub fn makes_administrator(&self, person: &Person) -> bool {
        let makes = |role: &Role| role.server_admin && role.when.matches(person, &self.roles, false);
        self.roles.values().any(makes)
    }

    /// All rules in the policy.
    pub fn rules(&self) -> impl Iterator<Item = &Selector> {
        let roles = self.roles.values().map(|role| &role.when);
        let rooms = self.rooms.values().flat_map(|room| [Some(&room.members), room.administrators.as_ref()]);
        [&self.users.who].into_iter().chain(roles).chain(rooms.flatten())
    }

    /// The room itself and every space above it, nearest first.
    pub fn lineage<'a>(&'a self, room: &'a RoomKey) -> impl Iterator<Item = &'a RoomKey> {
        std::iter::successors(Some(room), |key| self.rooms.get(*key)?.parent.as_ref())
    }

    /// How many levels `above` is above `room`: 0 for the room itself, None if it is not above.
    #[must_use]
    pub fn distance(&self, room: &RoomKey, above: &RoomKey) -> Option<usize> {
        self.lineage(room).position(|key| key == above)
    }

    /// The rooms that a place covers, by key: the room with everything below it, or for None all rooms.
    pub fn reach<'a>(&'a self, place: Option<&RoomKey>) -> impl Iterator<Item = &'a RoomKey> {
        let reached = move |key: &&RoomKey| place.is_none_or(|place| self.distance(key, place).is_some());
        self.rooms.keys().filter(reached)
    }

    /// All rooms, every space before the rooms in it, otherwise by key.
    #[must_use]
    pub fn rooms_parents_first(&self) -> Vec<&RoomKey> {
        let mut keys: Vec<_> = self.rooms.keys().collect();
        keys.sort_by_cached_key(|key| (self.lineage(key).count(), *key));
        keys
    }
}
