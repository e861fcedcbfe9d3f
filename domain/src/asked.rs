//! Power that people have gained or lost through grants.
//!
//! The brakes hold mass changes by EquipeMed and the rules. Commands have their own limits (`sums`): they must neither
//! be held by the brakes nor make a change by EquipeMed look like a mass change.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::PersonId;
use crate::grant::{Grant, GrantId};
use crate::policy::Policy;
use crate::privilege::{Might, Place, Privilege};
use crate::world::World;

/// The effect of one person's grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByGrants {
    /// The newest of these grants.
    pub by: GrantId,
    /// Power by the rules alone.
    rules: BTreeSet<Privilege>,
    /// Power from grants that ended within the last 24 hours.
    ended: BTreeSet<Privilege>,
}

impl ByGrants {
    /// Whether the person has a power only through a grant.
    #[must_use]
    pub fn gave(&self, power: &Privilege, policy: &Policy) -> bool {
        power.might != Might::ServerAdmin && !self.rules.iter().any(|own| own.covers(power, policy))
    }

    /// Whether the person lost a power through a grant, or through the end of the grant that gave it.
    #[must_use]
    pub fn took(&self, power: &Privilege, policy: &Policy) -> bool {
        self.rules.iter().chain(&self.ended).any(|other| other.covers(power, policy))
    }
}

/// For everybody with a level grant that is in force or ended recently.
pub(crate) fn asked(
    world: &World<'_>,
    ended: &[Grant],
    is_managed: impl Fn(PersonId) -> bool,
) -> BTreeMap<PersonId, ByGrants> {
    let mut over: BTreeMap<PersonId, Vec<&Grant>> = BTreeMap::new();
    for grant in ended.iter().filter(|grant| grant.kind.level().is_some()) {
        over.entry(grant.person).or_default().push(grant);
    }
    let World { directory, policy, access, .. } = world;
    let people: BTreeSet<PersonId> = access.granted().chain(over.keys().copied()).collect();
    let mut found = BTreeMap::new();
    for id in people.into_iter().filter(|id| is_managed(*id)) {
        let Some(person) = directory.get(id) else { continue };
        let over = over.get(&id).map_or(&[][..], Vec::as_slice);
        let holding = access.grants(id).filter(|grant| grant.kind.level().is_some());
        let Some(by) = holding.chain(over.iter().copied()).map(|grant| grant.id).max() else { continue };
        let holder = access.of(person);
        let mut rules: BTreeSet<Privilege> = holder.rights_by_rules().into_iter().map(right).collect();
        rules.extend(policy.rooms.keys().filter_map(|room| {
            let (level, why) = holder.policy_level(room);
            Some(Privilege::new(Might::of_level(level)?, why.place(policy, room)?))
        }));
        let ended = over.iter().flat_map(|grant| given(grant)).collect();
        found.insert(id, ByGrants { by, rules, ended });
    }
    found
}

fn right((right, place): (crate::rights::Right, Place)) -> Privilege {
    Privilege::new(Might::Right(right), place)
}

/// Power that a grant gives.
fn given(grant: &Grant) -> impl Iterator<Item = Privilege> {
    let place = Place::of_scope(grant.scope.as_ref());
    let level = grant.kind.level().and_then(Might::of_level);
    let mights = level.into_iter().chain(grant.kind.rights().into_iter().map(Might::Right));
    mights.map(move |might| Privilege::new(might, place.clone()))
}
