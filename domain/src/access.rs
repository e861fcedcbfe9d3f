//! Levels and rights of people, from roles, administrators' rules and grants. Whom `users.who` does not select has none.
//!
//! The planner, the control room and `explain` all use this module, so that they cannot disagree.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::directory::{Directory, Person, PersonId};
use crate::grant::{Grant, GrantKind};
use crate::key::{RoleKey, RoomKey};
use crate::levels::PEOPLE_MAX;
use crate::policy::{Policy, Role, RoomPolicy};
use crate::privilege::Place;
use crate::rights::{Right, Rights, all_rights};
use crate::selector::Selector;

/// Why a person has a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LevelReason {
    /// Nothing gives a level, so the room's default applies.
    Nothing,
    /// The room's default level.
    Everybody,
    /// A role's level.
    Role(RoleKey),
    /// The room's level for a role.
    RoomLevel(RoleKey),
    /// Being an administrator of this room or space.
    Administrator(RoomKey),
    /// A grant.
    Grant(Grant),
}

/// A person's level and rights in one place; powers are never counted or compared without their place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonPowers {
    /// The level; outside rooms, the level given everywhere.
    pub level: i64,
    /// The rights.
    pub rights: Rights,
}

impl LevelReason {
    /// The place where the source of the level applies; None without a source.
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

/// Levels and rights of everybody in a directory, computed on request.
#[derive(Clone, Debug)]
pub struct Access<'a> {
    policy: &'a Policy,
    directory: &'a Directory,
    grants: BTreeMap<PersonId, Vec<&'a Grant>>,
    lines: BTreeMap<&'a RoomKey, Vec<(&'a RoomKey, Option<&'a RoomPolicy>)>>,
    /// Rooms and spaces that have administrators, with the rule.
    administrators: Vec<(&'a RoomKey, &'a Selector)>,
}

/// A room with itself and the spaces above it, nearest first; empty if the policy lacks the room.
#[derive(Clone, Copy, Debug)]
struct Line<'r, 'a> {
    room: &'r RoomKey,
    above: &'r [(&'a RoomKey, Option<&'a RoomPolicy>)],
}

impl Line<'_, '_> {
    /// Distance from the room up to the scope.
    fn distance(self, scope: &RoomKey) -> Option<usize> {
        match self.room == scope {
            true => Some(0),
            false => self.above.iter().position(|(key, _)| *key == scope),
        }
    }

    fn is_below(self, scope: Option<&RoomKey>) -> bool {
        scope.is_none_or(|scope| self.distance(scope).is_some())
    }
}

/// A person with roles and grants, looked up once for several rooms.
#[derive(Clone, Debug)]
pub(crate) struct Holder<'h, 'a> {
    access: &'h Access<'a>,
    pub(crate) person: &'h Person,
    pub(crate) roles: Vec<(&'a RoleKey, &'a Role)>,
    grants: &'h [&'a Grant],
    /// Whether `users.who` selects the person; else nothing gives a level or right.
    is_selected: bool,
}

impl<'a> Access<'a> {
    /// Selects the grants in force at `now`.
    #[must_use]
    pub fn new(directory: &'a Directory, policy: &'a Policy, grants: &'a [Grant], now: Timestamp) -> Self {
        let mut by_person: BTreeMap<PersonId, Vec<&Grant>> = BTreeMap::new();
        for grant in grants.iter().filter(|grant| grant.holds_at(now)) {
            by_person.entry(grant.person).or_default().push(grant);
        }
        let line = |key| policy.lineage(key).map(|above| (above, policy.rooms.get(above))).collect();
        let lines = policy.rooms.keys().map(|key| (key, line(key))).collect();
        let administrators = policy.rooms.iter().filter_map(|(key, room)| Some((key, room.administrators.as_ref()?)));
        Self { policy, directory, grants: by_person, lines, administrators: administrators.collect() }
    }

    fn line<'r>(&'r self, room: &'r RoomKey) -> Line<'r, 'a> {
        Line { room, above: self.lines.get(room).map_or(&[], Vec::as_slice) }
    }

    fn matches(&self, rule: &Selector, person: &Person) -> bool {
        rule.matches(person, &self.policy.roles, false)
    }

    /// Whether `users.who` selects the person.
    #[must_use]
    pub fn is_selected(&self, person: &Person) -> bool {
        self.policy.selects(person)
    }

    /// Looks up a person's roles and grants.
    pub(crate) fn of<'h>(&'h self, person: &'h Person) -> Holder<'h, 'a> {
        self.holding(person, self.roles_of(person))
    }

    /// As [`Self::of`], with known roles.
    pub(crate) fn holding<'h>(&'h self, person: &'h Person, roles: Vec<(&'a RoleKey, &'a Role)>) -> Holder<'h, 'a> {
        let is_selected = self.is_selected(person);
        let roles = if is_selected { roles } else { Vec::new() };
        Holder { access: self, person, roles, grants: self.of_person(person.id), is_selected }
    }

    /// As [`Self::of`], as if `users.who` selected the person. Acts on a released person are judged by it, because
    /// grants outlast a release.
    pub(crate) fn once_selected<'h>(&'h self, person: &'h Person) -> Holder<'h, 'a> {
        let (roles, grants) = (self.roles_of(person), self.of_person(person.id));
        Holder { access: self, person, roles, grants, is_selected: true }
    }

    fn roles_of(&self, person: &Person) -> Vec<(&'a RoleKey, &'a Role)> {
        self.policy.roles.iter().filter(|(_, role)| self.matches(&role.when, person)).collect()
    }

    fn of_person(&self, person: PersonId) -> &[&'a Grant] {
        self.grants.get(&person).map_or(&[], Vec::as_slice)
    }

    /// Whether the selector matches the person, whom `users.who` need not select.
    #[must_use]
    pub fn selects(&self, selector: &Selector, person: &Person) -> bool {
        let is_trusted = selector.asks_for_trust() && self.of(person).is_trusted();
        selector.matches(person, &self.policy.roles, is_trusted)
    }

    /// Whether the person belongs in a room by its rules, if their account is open.
    #[must_use]
    pub fn belongs(&self, room: &RoomPolicy, person: &Person) -> bool {
        let rules = [Some(&room.members), room.administrators.as_ref()];
        self.is_selected(person) && rules.into_iter().flatten().any(|rule| self.selects(rule, person))
    }

    /// The person's roles.
    pub fn roles(&self, person: PersonId) -> impl Iterator<Item = &'a RoleKey> {
        let roles = self.directory.get(person).map(|person| self.of(person).roles);
        roles.unwrap_or_default().into_iter().map(|(key, _)| key)
    }

    /// People with grants in force.
    pub(crate) fn granted(&self) -> impl Iterator<Item = PersonId> {
        self.grants.keys().copied()
    }

    /// Rooms and spaces that have administrators, with the rule.
    pub(crate) fn administrators(&self) -> &[(&'a RoomKey, &'a Selector)] {
        &self.administrators
    }

    /// The person's grants in force.
    pub fn grants(&self, person: PersonId) -> impl Iterator<Item = &'a Grant> {
        self.of_person(person).iter().copied()
    }

    /// The newest grant of an account-wide kind in force.
    #[must_use]
    pub fn account_grant(&self, person: PersonId, kind: GrantKind) -> Option<&'a Grant> {
        self.grants(person).filter(|grant| grant.kind == kind).max_by_key(|grant| grant.id)
    }

    /// The newest grant of a kind in force in the room.
    #[must_use]
    pub fn room_grant(&self, person: PersonId, room: &RoomKey, kind: GrantKind) -> Option<&'a Grant> {
        let covers = |grant: &&Grant| self.line(room).is_below(grant.scope.as_ref());
        let of_kind = self.grants(person).filter(|grant| grant.kind == kind);
        of_kind.filter(covers).max_by_key(|grant| grant.id)
    }

    /// The person's desired level in a room, with the reason.
    #[must_use]
    pub fn level(&self, person: &Person, room: &RoomKey) -> (i64, LevelReason) {
        self.of(person).level(room)
    }

    /// The level that the person would have if `users.who` selected them: grants outlast a release.
    #[must_use]
    pub fn level_once_selected(&self, person: &Person, room: &RoomKey) -> i64 {
        self.once_selected(person).level(room).0
    }

    /// The person's rights in a room; for None, only rights that apply everywhere.
    #[must_use]
    pub fn rights(&self, person: &Person, room: Option<&RoomKey>) -> Rights {
        self.of(person).rights(room)
    }

    /// All rights that the person has in any room or outside rooms.
    #[must_use]
    pub fn rights_anywhere(&self, person: &Person) -> Rights {
        self.of(person).rights_by_place().into_iter().map(|(right, _)| right).collect()
    }

    /// The person's powers in a place.
    #[must_use]
    pub fn powers(&self, person: &Person, room: Option<&RoomKey>) -> PersonPowers {
        self.of(person).powers_with(self.of_person(person.id), room)
    }
}

impl<'h, 'a> Holder<'h, 'a> {
    /// The level grant that applies in a room: the most specific, then the newest. Outside rooms, the newest one for
    /// everywhere.
    fn winner<'g>(&self, grants: &[&'g Grant], room: Option<&RoomKey>) -> Option<&'g Grant> {
        if grants.is_empty() || !self.is_selected {
            return None;
        }
        let line = room.map(|room| self.access.line(room));
        let distance = |grant: &Grant| match &grant.scope {
            None => Some(usize::MAX),
            Some(scope) => line?.distance(scope),
        };
        let about_levels = grants.iter().filter(|grant| grant.kind.level().is_some());
        let here = about_levels.filter_map(|grant| Some((distance(grant)?, *grant)));
        here.max_by_key(|(distance, grant)| (std::cmp::Reverse(*distance), grant.id)).map(|(_, grant)| grant)
    }

    fn level_grant(&self, room: Option<&RoomKey>) -> Option<&'a Grant> {
        self.winner(self.grants, room)
    }

    /// The person's desired level in a room, with the reason.
    pub(crate) fn level(&self, room: &RoomKey) -> (i64, LevelReason) {
        match self.level_grant(Some(room)) {
            Some(grant) => (level_of(grant), LevelReason::Grant(grant.clone())),
            None => self.policy_level(room),
        }
    }

    /// The person's level without grants, by administrators' rules and roles.
    pub(crate) fn policy_level(&self, room: &RoomKey) -> (i64, LevelReason) {
        if !self.is_selected {
            return (0, LevelReason::Nothing);
        }
        let line = self.access.line(room);
        if let Some(above) = self.administered(line) {
            return (PEOPLE_MAX, LevelReason::Administrator(above.clone()));
        }
        let own = line.above.first().and_then(|(_, room)| *room);
        let mut best: Option<(i64, LevelReason)> = None;
        for (key, role) in &self.roles {
            let of_room = own.and_then(|room| room.levels.get(*key));
            let of_role = || role.level.filter(|_| line.is_below(role.scope.as_ref()));
            let (level, reason): (i64, fn(RoleKey) -> LevelReason) = match (of_room, of_role()) {
                (Some(level), _) => (*level, LevelReason::RoomLevel),
                (None, Some(level)) => (level, LevelReason::Role),
                (None, None) => continue,
            };
            if best.as_ref().is_none_or(|(best, _)| level > *best) {
                best = Some((level, reason((*key).clone())));
            }
        }
        match (best, own.and_then(|room| room.default_level)) {
            // Only a room's own level or a muting role may put somebody below the default level.
            (Some((level, LevelReason::Role(_))), Some(usual)) if (0..usual).contains(&level) => {
                (usual, LevelReason::Everybody)
            }
            (Some((level, reason)), _) => (level.min(PEOPLE_MAX), reason),
            (None, Some(usual)) if usual != 0 => (usual, LevelReason::Everybody),
            (None, _) => (0, LevelReason::Nothing),
        }
    }

    /// The nearest room or space, from this one upwards, that the person administers.
    fn administered(&self, line: Line<'_, 'a>) -> Option<&'a RoomKey> {
        if !self.is_selected {
            return None;
        }
        let rules = line.above.iter().filter_map(|(key, room)| Some((*key, room.as_ref()?.administrators.as_ref()?)));
        let mut administered = rules.filter(|(_, rule)| self.access.matches(rule, self.person));
        administered.next().map(|(key, _)| key)
    }

    /// The person's rights in a room; for None, only rights that apply everywhere.
    pub(crate) fn rights(&self, room: Option<&RoomKey>) -> Rights {
        self.rights_with(self.level_grant(room), room)
    }

    /// A level grant also replaces rights: one below the policy's level takes the policy's rights away.
    fn rights_with(&self, grant: Option<&Grant>, room: Option<&RoomKey>) -> Rights {
        let Some(grant) = grant else { return self.policy_rights(room) };
        let mut rights = grant.kind.rights();
        if level_of(grant) >= self.powers_by_policy(room).level {
            rights.extend(self.policy_rights(room));
        }
        rights
    }

    /// The policy's rights in a place that a grant takes away, and that grant.
    pub(crate) fn taken(&self, room: Option<&RoomKey>) -> Option<(Rights, &'a Grant)> {
        let grant = self.level_grant(room)?;
        let taken: Rights = self.policy_rights(room).difference(&self.rights(room)).copied().collect();
        (!taken.is_empty()).then_some((taken, grant))
    }

    /// The rights from roles and administrators' rules alone.
    fn policy_rights(&self, room: Option<&RoomKey>) -> Rights {
        if room.is_some_and(|room| self.administered(self.access.line(room)).is_some()) {
            return all_rights();
        }
        self.roles_holding(room).into_iter().flat_map(|role| role.rights.iter().copied()).collect()
    }

    /// The person's roles that apply in a room, or outside rooms.
    fn roles_holding(&self, room: Option<&RoomKey>) -> Vec<&'a Role> {
        let line = room.map(|room| self.access.line(room));
        let holds = move |role: &&Role| match line {
            Some(line) => line.is_below(role.scope.as_ref()),
            None => role.scope.is_none(),
        };
        self.roles.iter().map(|(_, role)| *role).filter(holds).collect()
    }

    /// The person's powers without grants in a place.
    pub(crate) fn powers_by_policy(&self, room: Option<&RoomKey>) -> PersonPowers {
        let level = match room {
            Some(room) => self.policy_level(room).0,
            None => {
                self.roles_holding(None).into_iter().filter_map(|role| role.level).max().unwrap_or(0).min(PEOPLE_MAX)
            }
        };
        PersonPowers { level, rights: self.policy_rights(room) }
    }

    /// The person's powers in a place with exactly these grants.
    pub(crate) fn powers_with(&self, grants: &[&Grant], room: Option<&RoomKey>) -> PersonPowers {
        match self.winner(grants, room) {
            None => self.powers_by_policy(room),
            Some(grant) => PersonPowers { level: level_of(grant), rights: self.rights_with(Some(grant), room) },
        }
    }

    /// All rights of the person with the places where the policy or a grant gives them.
    ///
    /// Without grants this follows the rules instead of checking every room; with grants it checks every room, because
    /// a grant may take rights away.
    pub(crate) fn rights_by_place(&self) -> BTreeSet<(Right, Place)> {
        if self.grants.is_empty() {
            return self.rights_by_rules();
        }
        let everywhere = self.rights(None);
        let mut held = BTreeSet::new();
        for room in self.access.policy.rooms.keys() {
            let only_here = self.rights(Some(room)).into_iter().filter(|right| !everywhere.contains(right));
            held.extend(only_here.map(|right| (right, Place::In(room.clone()))));
        }
        held.extend(everywhere.into_iter().map(|right| (right, Place::Everywhere)));
        held
    }

    /// As [`Self::rights_by_place`], without grants.
    pub(crate) fn rights_by_rules(&self) -> BTreeSet<(Right, Place)> {
        let holds = |scope: &RoomKey| self.access.policy.rooms.contains_key(scope);
        let roles = self.roles.iter().map(|(_, role)| role);
        let mut held: BTreeSet<(Right, Place)> = roles
            .filter(|role| role.scope.as_ref().is_none_or(holds))
            .flat_map(|role| role.rights.iter().map(|right| (*right, Place::of_scope(role.scope.as_ref()))))
            .collect();
        for (key, rule) in &self.access.administrators {
            if self.is_selected && self.access.matches(rule, self.person) {
                held.extend(all_rights().into_iter().map(|right| (right, Place::In((*key).clone()))));
            }
        }
        held
    }

    /// The person's grants in force.
    pub(crate) fn grants(&self) -> &'h [&'a Grant] {
        self.grants
    }

    /// Whether the person's roles or grants may give rights; the only other source is being an administrator.
    pub(crate) fn may_have_rights(&self) -> bool {
        !self.grants.is_empty() || self.roles.iter().any(|(_, role)| !role.rights.is_empty())
    }

    /// Whether the person has any right beyond `redact` anywhere.
    pub(crate) fn is_trusted(&self) -> bool {
        self.rights_by_place().iter().any(|(right, _)| *right != Right::Redact)
    }
}

/// The level that a grant gives.
fn level_of(grant: &Grant) -> i64 {
    grant.kind.level().unwrap_or(0).min(PEOPLE_MAX)
}
