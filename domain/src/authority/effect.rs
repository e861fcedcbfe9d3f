//! The effect of an act on somebody's grants. Decisions, previews and the store all use it.

use std::collections::BTreeSet;

use super::Request;
use super::act::Act;
use crate::directory::{Person, PersonId};
use crate::grant::{Grant, GrantId, GrantKind};
use crate::key::RoomKey;
use crate::world::World;

/// Changes to one person's grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantEffect {
    /// Grants that end.
    pub ends: BTreeSet<GrantId>,
    /// The grant added in the requested place.
    pub adds: Option<GrantKind>,
}

impl GrantEffect {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.adds.is_none()
    }

    /// The person's remaining grants.
    pub(super) fn remaining<'g>(&self, grants: &[&'g Grant]) -> Vec<&'g Grant> {
        grants.iter().filter(|grant| !self.ends.contains(&grant.id)).copied().collect()
    }

    /// The usual effect of a request.
    #[must_use]
    pub fn of(request: &Request, person: PersonId, world: &World<'_>) -> Self {
        let grants: Vec<&Grant> = world.access.grants(person).collect();
        let ends = replaced(request, &grants, world);
        let mut effect = Self { ends, adds: request.act.grant() };
        if request.act == Act::Demote && !is_needed(&effect, request, person, &grants, world) {
            effect.adds = None;
        }
        effect
    }
}

/// Grants that an act ends: in the same place and, when it takes something away, also below it.
fn replaced(request: &Request, grants: &[&Grant], world: &World<'_>) -> BTreeSet<GrantId> {
    if let Act::End(id) = request.act {
        return grants.iter().filter(|grant| grant.id == id).map(|grant| grant.id).collect();
    }
    // A temporary ban in a space does not end a permanent one in a room below it.
    let reaches_down = !matches!(request.act, Act::Promote(_) | Act::Ban);
    let is_within = |scope: &RoomKey| match &request.place {
        None => true,
        Some(place) => world.policy.distance(scope, place).is_some(),
    };
    let ended = grants.iter().filter(|grant| request.act.ends(grant.kind)).filter(|grant| match &grant.scope {
        scope if *scope == request.place => true,
        Some(scope) => reaches_down && is_within(scope),
        None => false,
    });
    ended.map(|grant| grant.id).collect()
}

/// Whether a demotion needs a grant of its own. A temporary one always does; otherwise ending the person's grants may
/// be enough.
fn is_needed(effect: &GrantEffect, request: &Request, person: PersonId, grants: &[&Grant], world: &World<'_>) -> bool {
    let Some(person) = world.directory.get(person) else { return false };
    let rest = effect.remaining(grants);
    let holder = world.access.once_selected(person);
    let stands = |room: &RoomKey| holder.powers_with(&rest, Some(room)).level > 0;
    request.until.is_some() || world.reach(request.place.as_ref()).any(stands)
}

/// Takes back only the asker's own grants of levels, in that place and below it.
pub(super) fn taken_back(request: &Request, person: &Person, giver: &str, world: &World<'_>) -> GrantEffect {
    let grants: Vec<&Grant> = world.access.grants(person.id).collect();
    let given = |id: &GrantId| grants.iter().any(|grant| grant.id == *id && grant.asker == giver);
    let ends = replaced(request, &grants, world).into_iter().filter(given).collect();
    GrantEffect { ends, adds: None }
}
