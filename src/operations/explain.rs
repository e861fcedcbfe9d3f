//! Why somebody is where they are.

use equipemed_domain::desired::{Wishes, desired};
use equipemed_domain::directory::Person;
use equipemed_domain::explain::{Explanation, explain};
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::ObservedAccounts;
use equipemed_domain::wake::Wake;

use super::Scene;

/// The rules behind a person's account, and behind their place in these rooms. Nothing is asked of Synapse.
pub(crate) fn explain_person(scene: &Scene, person: &Person, rooms: &[RoomKey]) -> Explanation {
    let world = scene.world();
    let picture = desired(&world, &Wishes::default(), &ObservedAccounts::default(), &Wake::Person(person.id));
    explain(&world, &picture, person, rooms)
}
