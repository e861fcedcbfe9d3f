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
use crate::policy::{Policy, Role};
use crate::privilege::Place;
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

/// What somebody has in one place: a power is never counted or compared without its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    /// The level; outside rooms the one that holds everywhere, which stands for no room.
    pub level: i64,
    /// The rights.
    pub rights: Rights,
}

impl LevelReason {
    /// Where what gives the level holds; None when nothing gives one.
    #[must_use]
    pub fn place(&self, policy: &Policy, room: &RoomKey) -> Option<Place> {
        match self {
            Self::Nothing => None,
            Self::Role(key) => Some(Place::of_scope(policy.roles.get(key).and_then(|role| role.scope.as_ref()))),
            Self::RoomLevel(_) | Self::Everybody => Some(Place::In(room.clone())),
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

    /// The grant about levels that wins in a room: the most specific one, of those the newest. Outside rooms the newest of
    /// those for everywhere.
    fn winner<'g>(&self, grants: &[&'g Grant], room: Option<&RoomKey>) -> Option<&'g Grant> {
        let distance = |grant: &Grant| match (&grant.scope, room) {
            (None, _) => Some(usize::MAX),
            (Some(scope), Some(room)) => self.policy.distance(room, scope),
            (Some(_), None) => None,
        };
        let about_levels = grants.iter().filter(|grant| grant.kind.level().is_some());
        let here = about_levels.filter_map(|grant| Some((distance(grant)?, *grant)));
        here.max_by_key(|(distance, grant)| (std::cmp::Reverse(*distance), grant.id)).map(|(_, grant)| grant)
    }

    fn level_grant(&self, person: PersonId, room: Option<&RoomKey>) -> Option<&'a Grant> {
        self.winner(self.grants.get(&person).map_or(&[], Vec::as_slice), room)
    }

    /// Where the person should stand in a room, and why.
    #[must_use]
    pub fn level(&self, person: &Person, room: &RoomKey) -> (i64, LevelReason) {
        if let Some(grant) = self.level_grant(person.id, Some(room)) {
            return (level_of(grant), LevelReason::Grant(grant.clone()));
        }
        self.policy_level(person, room)
    }

    /// Where the person would stand if nothing were granted: by the administrators' rules and the roles alone.
    pub(crate) fn policy_level(&self, person: &Person, room: &RoomKey) -> (i64, LevelReason) {
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
        self.rights_with(person, self.level_grant(person.id, room), room)
    }

    /// A grant about levels replaces rights, too: one below what the policy gives there takes the rights it gives.
    fn rights_with(&self, person: &Person, grant: Option<&Grant>, room: Option<&RoomKey>) -> Rights {
        let Some(grant) = grant else { return self.policy_rights(person, room) };
        let mut rights = grant.kind.rights();
        if !self.is_below_policy(person, grant, room) {
            rights.extend(self.policy_rights(person, room));
        }
        rights
    }

    fn is_below_policy(&self, person: &Person, grant: &Grant, room: Option<&RoomKey>) -> bool {
        level_of(grant) < self.powers_by_policy(person, room).level
    }

    /// The rights that the policy gives there and a grant takes.
    #[must_use]
    pub fn taken(&self, person: &Person, room: Option<&RoomKey>) -> Option<(Rights, &'a Grant)> {
        let grant = self.level_grant(person.id, room)?;
        let rights = self.rights(person, room);
        let taken: Rights = self.policy_rights(person, room).difference(&rights).copied().collect();
        (!taken.is_empty()).then_some((taken, grant))
    }

    /// Rights by roles and the administrators' rules alone.
    fn policy_rights(&self, person: &Person, room: Option<&RoomKey>) -> Rights {
        if room.is_some_and(|room| self.administered(person, room).is_some()) {
            return all_rights();
        }
        let roles = self.roles_holding(person, room);
        roles.flat_map(|role| role.rights.iter().copied()).collect()
    }

    /// The roles of a person that hold in a room, or outside rooms.
    fn roles_holding(&self, person: &Person, room: Option<&RoomKey>) -> impl Iterator<Item = &'a Role> {
        let roles = self.roles(person.id).filter_map(|key| self.policy.roles.get(key));
        roles.filter(move |role| match (&role.scope, room) {
            (None, _) => true,
            (Some(scope), Some(room)) => self.policy.distance(room, scope).is_some(),
            (Some(_), None) => false,
        })
    }

    /// What the policy alone gives in a place.
    #[must_use]
    pub fn powers_by_policy(&self, person: &Person, room: Option<&RoomKey>) -> Powers {
        let level = match room {
            Some(room) => self.policy_level(person, room).0,
            None => self.roles_holding(person, None).filter_map(|role| role.level).max().unwrap_or(0).min(PEOPLE_MAX),
        };
        Powers { level, rights: self.policy_rights(person, room) }
    }

    /// What the person would have in a place with these grants and no others.
    #[must_use]
    pub fn powers_with(&self, person: &Person, grants: &[&Grant], room: Option<&RoomKey>) -> Powers {
        match self.winner(grants, room) {
            None => self.powers_by_policy(person, room),
            Some(grant) => Powers { level: level_of(grant), rights: self.rights_with(person, Some(grant), room) },
        }
    }

    /// What the person has in a place.
    #[must_use]
    pub fn powers(&self, person: &Person, room: Option<&RoomKey>) -> Powers {
        self.powers_with(person, self.grants.get(&person.id).map_or(&[], Vec::as_slice), room)
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
        self.rights_by_rules(person)
    }

    /// The same as if nothing were granted.
    pub(crate) fn rights_by_rules(&self, person: &Person) -> BTreeSet<(Right, Place)> {
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
    /// need that, for one grant may hide another, or what the policy gives.
    #[must_use]
    pub fn rights_anywhere(&self, person: &Person) -> Rights {
        if self.grants.contains_key(&person.id) {
            let everywhere = self.rights(person, None);
            let rooms = self.policy.rooms.keys().flat_map(|room| self.rights(person, Some(room)));
            return everywhere.into_iter().chain(rooms).collect();
        }
        let mut rooms = self.policy.rooms.values();
        if rooms.any(|room| room.administrators.as_ref().is_some_and(|rule| rule.matches(person, &self.rules, false))) {
            return all_rights();
        }
        let roles = self.roles(person.id).filter_map(|key| self.policy.roles.get(key));
        let holds = |scope: &RoomKey| self.policy.rooms.contains_key(scope);
        roles
            .filter(|role| role.scope.as_ref().is_none_or(holds))
            .flat_map(|role| role.rights.iter().copied())
            .collect()
    }
}

/// The level a grant gives to a person.
fn level_of(grant: &Grant) -> i64 {
    grant.kind.level().unwrap_or(0).min(PEOPLE_MAX)
}
