//! Finds groups and specialties in rules that EquipeMed does not have: a typo that would otherwise only show as an
//! empty room.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::find::nearest;
use crate::finding::Finding;
use crate::policy::Policy;
use crate::selector::Selector;

/// The kind of name in a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// A Django group.
    Group,
    /// A medical specialty.
    Specialty,
}

/// A finding for each name in the policy's rules that EquipeMed does not have. If the source gives only people, a
/// finding for each name that nobody has and that is much like one that somebody has.
#[must_use]
pub fn unknown_names(policy: &Policy, directory: &Directory) -> Vec<Finding> {
    let mut used: BTreeSet<(Named, &str)> = BTreeSet::new();
    for rule in policy.rules() {
        rule.each(&mut |rule| match rule {
            Selector::Group(name) => _ = used.insert((Named::Group, name)),
            Selector::Specialty(name) => _ = used.insert((Named::Specialty, name)),
            _ => {}
        });
    }
    if used.is_empty() {
        return Vec::new();
    }
    let mut known: BTreeMap<Named, BTreeSet<&str>> = BTreeMap::new();
    let (groups, specialties) = match directory.catalogue() {
        Some(catalogue) => (catalogue.groups.iter().collect(), catalogue.specialties.iter().collect()),
        None => (
            directory.people().flat_map(|person| &person.groups).collect::<Vec<_>>(),
            directory.people().flat_map(|person| &person.specialties).collect::<Vec<_>>(),
        ),
    };
    known.insert(Named::Group, groups.into_iter().map(String::as_str).collect());
    known.insert(Named::Specialty, specialties.into_iter().map(String::as_str).collect());
    let is_unknown = |(what, name): &(Named, &str)| known.get(what).is_none_or(|known| !known.contains(name));
    let is_listed = directory.catalogue().is_some();
    let finding = |(what, name): (Named, &str)| {
        let others = known.get(&what).into_iter().flatten().map(|other| (*other, [(*other).to_owned()]));
        let near = nearest(others, name).map(str::to_owned);
        // A group that nobody is in yet is no mistake; one whose name nearly is another's may be.
        (is_listed || near.is_some()).then(|| Finding::NameUnknown { what, name: name.to_owned(), near, is_listed })
    };
    used.into_iter().filter(is_unknown).filter_map(finding).collect()
}
