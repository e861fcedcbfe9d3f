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
use crate::privilege::Place;
use crate::rights::{Right, Rights, all_rights};
use crate::selector::{RoleRules, Selector};

/// Why somebody stands at a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LevelReason {
    /// Nothing gives a level: the room's default.
    Nothing,
    /// A role's own level.
    Role(RoleKey),
    /// The room's level for a role.
    RoomLevel(RoleKey),
    /// Named as administrator of this room or space.
    Administrator(RoomKey),
    /// A grant.
    Grant(Grant),
}

impl LevelReason {
    /// Where what gives the level holds; None when nothing gives one.
    #[must_use]
    pub fn place(&self, policy: &Policy, room: &RoomKey) -> Option<Place> {
        match self {
            Self::Nothing => None,
            Self::Role(key) => Some(Place::of_scope(policy.roles.get(key).and_then(|role| role.scope.as_ref()))),
            Self::RoomLevel(_) => Some(Place::In(room.clone())),
            Self::Administrator(above) => Some(Place::In(above.clone())),
            Self::Grant(grant) => Some(Place::of_scope(grant.scope.as_ref())),
        }
    }
}

/// Levels and rights of everybody in one directory.
#[derive(Debug)]
pub struct Access<'a> {
    policy: &'a Policy,
    rules: RoleRules,
    roles: BTreeMap<PersonId, BTreeSet<RoleKey>>,
    grants: BTreeMap<PersonId, Vec<&'a Grant>>,
    trusted: BTreeSet<PersonId>,
    /// Who has any right at all.
    entitled: BTreeSet<PersonId>,
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
        let (trusted, entitled) = (BTreeSet::new(), BTreeSet::new());
        let mut access = Self { policy, rules, roles, grants: by_person, trusted, entitled };
        for person in directory.people() {
            let rights = access.rights_anywhere(person);
            if rights.iter().any(|right| *right != Right::Redact) {
                access.trusted.insert(person.id);
            }
            if !rights.is_empty() {
                access.entitled.insert(person.id);
            }
        }
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
        best.map_or((0, LevelReason::Nothing), |(level, reason)| (level.min(PEOPLE_MAX), reason))
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

    /// Every right the person has, with the places where the policy or a grant gives it.
    ///
    /// As [`Self::rights_anywhere`], it goes by room only for people with grants, for one may take what another gives.
    #[must_use]
    pub fn rights_by_place(&self, person: &Person) -> BTreeSet<(Right, Place)> {
        if self.grants.contains_key(&person.id) {
            let everywhere = self.rights(person, None);
            let mut held = BTreeSet::new();
            for room in self.policy.rooms.keys() {
                let only_here = self.rights(person, Some(room)).into_iter().filter(|right| !everywhere.contains(right));
                held.extend(only_here.map(|right| (right, Place::In(room.clone()))));
            }
            held.extend(everywhere.into_iter().map(|right| (right, Place::Everywhere)));
            return held;
        }
        let holds = |scope: &RoomKey| self.policy.rooms.contains_key(scope);
        let roles = self.roles(person.id).filter_map(|key| self.policy.roles.get(key));
        let mut held: BTreeSet<(Right, Place)> = roles
            .filter(|role| role.scope.as_ref().is_none_or(holds))
            .flat_map(|role| role.rights.iter().map(|right| (*right, Place::of_scope(role.scope.as_ref()))))
            .collect();
        for (key, room) in &self.policy.rooms {
            if room.administrators.as_ref().is_some_and(|rule| rule.matches(person, &self.rules, false)) {
                held.extend(all_rights().into_iter().map(|right| (right, Place::In(key.clone()))));
            }
        }
        held
    }

    /// Whether the person has any right anywhere.
    #[must_use]
    pub fn has_rights(&self, person: PersonId) -> bool {
        self.entitled.contains(&person)
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
