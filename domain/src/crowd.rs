//! An index of people, so that a rule is evaluated only for people whom it may match.
//!
//! Ten thousand people and five hundred rooms would be five million evaluations, nearly all negative.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Access, Holder};
use crate::directory::{Person, Profession};
use crate::key::RoleKey;
use crate::policy::{Policy, Role};
use crate::privilege;
use crate::rights::Right;
use crate::selector::Selector;

/// Index of a person among all.
pub(crate) type CrowdPlace = usize;

/// People with their roles.
pub(crate) struct Crowd<'h, 'a> {
    access: &'h Access<'a>,
    policy: &'a Policy,
    people: Vec<Holder<'h, 'a>>,
    index: Index<'h>,
    /// Rights of everybody who has any.
    rights: BTreeMap<CrowdPlace, BTreeSet<(Right, privilege::Place)>>,
}

#[derive(Default)]
struct Index<'h> {
    everybody: Vec<CrowdPlace>,
    names: BTreeMap<&'h str, Vec<CrowdPlace>>,
    groups: BTreeMap<&'h str, Vec<CrowdPlace>>,
    specialties: BTreeMap<&'h str, Vec<CrowdPlace>>,
    professions: BTreeMap<Profession, Vec<CrowdPlace>>,
}

impl<'h> Index<'h> {
    fn new(people: &[&'h Person]) -> Self {
        let mut index = Self { everybody: (0..people.len()).collect(), ..Self::default() };
        for (place, person) in people.iter().enumerate() {
            index.names.entry(&person.username).or_default().push(place);
            for group in &person.groups {
                index.groups.entry(group).or_default().push(place);
            }
            for specialty in person.specialties.iter().collect::<BTreeSet<_>>() {
                index.specialties.entry(specialty).or_default().push(place);
            }
            if let Some(profession) = person.profession {
                index.professions.entry(profession).or_default().push(place);
            }
        }
        index
    }

    /// A superset of the people whom a rule matches.
    fn candidates(&self, rule: &Selector, roles: &BTreeMap<RoleKey, Role>) -> Vec<CrowdPlace> {
        let among = |found: Option<&Vec<CrowdPlace>>| found.cloned().unwrap_or_default();
        match rule {
            Selector::Any(false) => Vec::new(),
            Selector::Role(role) => roles.get(role).map_or_else(Vec::new, |role| self.candidates(&role.when, roles)),
            Selector::Group(group) => among(self.groups.get(group.as_str())),
            Selector::Profession(profession) => among(self.professions.get(profession)),
            Selector::Specialty(specialty) => among(self.specialties.get(specialty.as_str())),
            Selector::User(username) => among(self.names.get(username.as_str())),
            Selector::All(rules) => {
                let each = rules.iter().map(|rule| self.candidates(rule, roles));
                each.min_by_key(Vec::len).unwrap_or_else(|| self.everybody.clone())
            }
            Selector::AnyOf(rules) => {
                let mut all: Vec<CrowdPlace> = rules.iter().flat_map(|rule| self.candidates(rule, roles)).collect();
                all.sort_unstable();
                all.dedup();
                all
            }
            _ => self.everybody.clone(),
        }
    }
}

impl<'h, 'a> Crowd<'h, 'a> {
    /// Looks up everybody's roles.
    pub(crate) fn new(access: &'h Access<'a>, policy: &'a Policy, people: Vec<&'h Person>) -> Self {
        let index = Index::new(&people);
        let mut roles: Vec<Vec<(&RoleKey, &Role)>> = vec![Vec::new(); people.len()];
        for role in &policy.roles {
            for place in index.candidates(&role.1.when, &policy.roles) {
                if let (Some(person), Some(roles)) = (people.get(place), roles.get_mut(place))
                    && role.1.when.matches(person, &policy.roles, false)
                {
                    roles.push(role);
                }
            }
        }
        let people = people.into_iter().zip(roles).map(|(person, roles)| access.holding(person, roles)).collect();
        let mut crowd = Self { access, policy, people, index, rights: BTreeMap::new() };
        crowd.rights = crowd.find_rights();
        crowd
    }

    fn find_rights(&self) -> BTreeMap<CrowdPlace, BTreeSet<(Right, privilege::Place)>> {
        let may_have = |(_, one): &(CrowdPlace, &Holder<'_, '_>)| one.may_have_rights();
        let mut likely: BTreeSet<CrowdPlace> =
            self.people.iter().enumerate().filter(may_have).map(|(place, _)| place).collect();
        for (_, rule) in self.access.administrators() {
            likely.extend(self.index.candidates(rule, &self.policy.roles));
        }
        let rights = |place: CrowdPlace| Some((place, self.people.get(place)?.rights_by_place()));
        likely.into_iter().filter_map(rights).filter(|(_, rights)| !rights.is_empty()).collect()
    }

    /// The person at this index.
    pub(crate) fn get(&self, place: CrowdPlace) -> Option<&Holder<'h, 'a>> {
        self.people.get(place)
    }

    /// Everybody, in order.
    pub(crate) fn people(&self) -> &[Holder<'h, 'a>] {
        &self.people
    }

    /// Everybody's rights with their places.
    pub(crate) fn rights(&self) -> &BTreeMap<CrowdPlace, BTreeSet<(Right, privilege::Place)>> {
        &self.rights
    }

    /// The people whom a rule matches, in order.
    pub(crate) fn select(&self, rule: &Selector) -> Vec<CrowdPlace> {
        let mut found = self.index.candidates(rule, &self.policy.roles);
        let is_trusted = |place: CrowdPlace| {
            let rights = self.rights.get(&place);
            rights.is_some_and(|rights| rights.iter().any(|(right, _)| *right != Right::Redact))
        };
        let means = |place: &CrowdPlace| {
            let one = self.people.get(*place);
            one.is_some_and(|one| rule.matches(one.person, &self.policy.roles, is_trusted(*place)))
        };
        found.retain(means);
        found
    }
}
