//! Who stands where, and who may ask for what: roles, administrators and grants put together.
//!
//! The one place that answers "which level" and "which rights"; the planner,
//! the control room and `explain` all ask here, so that they cannot disagree.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::directory::{Directory, Person, PersonId};
use crate::grant::{Grant, GrantKind};
use crate::key::{RoleKey, RoomKey};
use crate::levels::PEOPLE_MAX;
use crate::policy::Policy;
use crate::rights::{Right, Rights, all_rights};
use crate::selector::{RoleRules, Selector};

/// Why somebody stands at a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LevelReason {
    /// Nothing gives a level: the room's default.
    Nothing,
    /// It is everybody's in this room.
    Everybody,
    /// A role's own level.
    Role(RoleKey),
    /// The room's level for a role.
    RoomLevel(RoleKey),
    /// Named as administrator of this room or space.
    Administrator(RoomKey),
    /// A grant.
    Grant(Grant),
}

/// Levels and rights of everybody in one directory.
#[derive(Debug)]
pub struct Access<'a> {
    policy: &'a Policy,
    rules: RoleRules,
    roles: BTreeMap<PersonId, BTreeSet<RoleKey>>,
    grants: BTreeMap<PersonId, Vec<&'a Grant>>,
    trusted: BTreeSet<PersonId>,
}

impl<'a> Access<'a> {
    /// Works out everybody's roles; grants that do not hold at `now` are left out.
    #[must_use]
    pub fn new(directory: &Directory, policy: &'a Policy, grants: &'a [Grant], now: Timestamp) -> Self {
        let rules = policy.role_rules();
        let roles = directory
            .people()
            .filter_map(|person| {
                let held = policy
                    .roles
                    .iter()
                    .filter(|(_, role)| role.when.matches(person, &rules, false))
                    .map(|(key, _)| key);
                let held: BTreeSet<RoleKey> = held.cloned().collect();
                (!held.is_empty()).then_some((person.id, held))
            })
            .collect();
        let mut by_person: BTreeMap<PersonId, Vec<&Grant>> = BTreeMap::new();
        for grant in grants.iter().filter(|grant| grant.holds_at(now)) {
            by_person.entry(grant.person).or_default().push(grant);
        }
        let mut access = Self { policy, rules, roles, grants: by_person, trusted: BTreeSet::new() };
        access.trusted = directory
            .people()
            .filter(|person| access.rights_anywhere(person).iter().any(|right| *right != Right::Redact))
            .map(|person| person.id)
            .collect();
        access
    }

    /// Whether the selector holds for the person.
    #[must_use]
    pub fn selects(&self, selector: &Selector, person: &Person) -> bool {
        selector.matches(person, &self.rules, self.is_trusted(person.id))
    }

    /// Whether the person has any right beyond `redact` anywhere.
    #[must_use]
    pub fn is_trusted(&self, person: PersonId) -> bool {
        self.trusted.contains(&person)
    }

    /// The person's roles.
    pub fn roles(&self, person: PersonId) -> impl Iterator<Item = &RoleKey> {
        self.roles.get(&person).into_iter().flatten()
    }

    /// The person's grants that hold.
    pub fn grants(&self, person: PersonId) -> impl Iterator<Item = &'a Grant> {
        self.grants.get(&person).into_iter().flatten().copied()
    }

    /// The newest holding grant of a kind that is about the whole account.
    #[must_use]
    pub fn account_grant(&self, person: PersonId, kind: GrantKind) -> Option<&'a Grant> {
        self.grants(person).filter(|grant| grant.kind == kind).max_by_key(|grant| grant.id)
    }

    /// The newest holding grant of a kind that covers the room.
    #[must_use]
    pub fn room_grant(&self, person: PersonId, room: &RoomKey, kind: GrantKind) -> Option<&'a Grant> {
        self.grants(person).filter(|grant| grant.kind == kind && self.covers(grant, room)).max_by_key(|grant| grant.id)
    }

    fn covers(&self, grant: &Grant, room: &RoomKey) -> bool {
        grant.scope.as_ref().is_none_or(|scope| self.policy.distance(room, scope).is_some())
    }

    /// The grant about levels that wins in a room: the most specific one, of those the newest.
    fn level_grant(&self, person: PersonId, room: &RoomKey) -> Option<&'a Grant> {
        self.grants(person).filter(|grant| grant.kind.level().is_some() && self.covers(grant, room)).max_by_key(
            |grant| {
                let distance = grant
                    .scope
                    .as_ref()
                    .map_or(usize::MAX, |scope| self.policy.distance(room, scope).unwrap_or(usize::MAX));
                (std::cmp::Reverse(distance), grant.id)
            },
        )
    }

    /// Where the person should stand in a room, and why.
    #[must_use]
    pub fn level(&self, person: &Person, room: &RoomKey) -> (i64, LevelReason) {
        if let Some(grant) = self.level_grant(person.id, room) {
            return (grant.kind.level().unwrap_or(0).min(PEOPLE_MAX), LevelReason::Grant(grant.clone()));
        }
        if let Some(above) = self.administered(person, room) {
            return (PEOPLE_MAX, LevelReason::Administrator(above));
        }
        let own = self.policy.rooms.get(room).map(|room| &room.levels);
        let usual = self.policy.rooms.get(room).and_then(|room| room.default_level);
        let mut best: Option<(i64, LevelReason)> = None;
        for key in self.roles(person.id) {
            let found = match own.and_then(|levels| levels.get(key)) {
                Some(level) => Some((*level, LevelReason::RoomLevel(key.clone()))),
                None => self
                    .policy
                    .roles
                    .get(key)
                    .filter(|role| role.scope.as_ref().is_none_or(|scope| self.policy.distance(room, scope).is_some()))
                    .and_then(|role| role.level)
                    .map(|level| (level, LevelReason::Role(key.clone()))),
            };
            if let Some(found) = found
                && best.as_ref().is_none_or(|(level, _)| found.0 > *level)
            {
                best = Some(found);
            }
        }
        match (best, usual) {
            // Below everybody's level stands only who is meant to, by this room's own levels or because a role silences.
            (Some((level, LevelReason::Role(_))), Some(usual)) if (0..usual).contains(&level) => {
                (usual, LevelReason::Everybody)
            }
            (Some((level, reason)), _) => (level.min(PEOPLE_MAX), reason),
            (None, Some(usual)) if usual != 0 => (usual, LevelReason::Everybody),
            (None, _) => (0, LevelReason::Nothing),
        }
    }

    /// The nearest room or space, this one or above, of which the person is administrator.
    fn administered(&self, person: &Person, room: &RoomKey) -> Option<RoomKey> {
        self.policy
            .lineage(room)
            .find(|key| {
                let administrators = self.policy.rooms.get(*key).and_then(|room| room.administrators.as_ref());
                administrators.is_some_and(|rule| rule.matches(person, &self.rules, false))
            })
            .cloned()
    }

    /// The person's rights in a room; outside rooms (`None`) only those that hold everywhere.
    #[must_use]
    pub fn rights(&self, person: &Person, room: Option<&RoomKey>) -> Rights {
        let mut rights = Rights::new();
        for key in self.roles(person.id) {
            let Some(role) = self.policy.roles.get(key) else { continue };
            let holds = match (&role.scope, room) {
                (None, _) => true,
                (Some(scope), Some(room)) => self.policy.distance(room, scope).is_some(),
                (Some(_), None) => false,
            };
            if holds {
                rights.extend(role.rights.iter().copied());
            }
        }
        match room {
            Some(room) => {
                if self.administered(person, room).is_some() {
                    rights.extend(all_rights());
                }
                if let Some(grant) = self.level_grant(person.id, room) {
                    rights.extend(grant.kind.rights());
                }
            }
            None => {
                let everywhere = self.grants(person.id).filter(|grant| grant.scope.is_none());
                let winner = everywhere.filter(|grant| grant.kind.level().is_some()).max_by_key(|grant| grant.id);
                rights.extend(winner.into_iter().flat_map(|grant| grant.kind.rights()));
            }
        }
        rights
    }

    /// Every right the person has somewhere: the union of [`Self::rights`] over all rooms and outside them.
    ///
    /// Asked of everybody at every pass, so it goes by what the person has and not by room; only people with grants
    /// need that, for one grant may hide another.
    #[must_use]
    pub fn rights_anywhere(&self, person: &Person) -> Rights {
        let mut rooms = self.policy.rooms.values();
        if rooms.any(|room| room.administrators.as_ref().is_some_and(|rule| rule.matches(person, &self.rules, false))) {
            return all_rights();
        }
        if self.grants.contains_key(&person.id) {
            let everywhere = self.rights(person, None);
            let rooms = self.policy.rooms.keys().flat_map(|room| self.rights(person, Some(room)));
            return everywhere.into_iter().chain(rooms).collect();
        }
        let roles = self.roles(person.id).filter_map(|key| self.policy.roles.get(key));
        let holds = |scope: &RoomKey| self.policy.rooms.contains_key(scope);
        roles
            .filter(|role| role.scope.as_ref().is_none_or(holds))
            .flat_map(|role| role.rights.iter().copied())
            .collect()
    }
}
