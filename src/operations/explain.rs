//! Why somebody is where they are.

use std::collections::BTreeSet;

use equipemed_domain::desired::{Wishes, desired};
use equipemed_domain::directory::Person;
use equipemed_domain::explain::{Explanation, explain};
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::ObservedAccounts;

use super::Scene;

/// The rules behind a person's account, and behind their place in these rooms. Nothing is asked of Synapse.
pub(crate) fn explain_person(scene: &Scene, person: &Person, rooms: &[RoomKey]) -> Explanation {
    let wishes = Wishes {
        directory: &scene.directory,
        policy: &scene.policy,
        grants: &scene.grants,
        bindings: &scene.bindings,
        now: scene.now,
        deactivate_gone_now: false,
        ended: &[],
        held: &BTreeSet::new(),
    };
    let picture = desired(wishes, &ObservedAccounts::default());
    explain(wishes, &picture, person, rooms)
}
