//! Explains why somebody belongs where they do, and where they are on Synapse.

use equipemed_domain::desired::{Wishes, desired};
use equipemed_domain::directory::Person;
use equipemed_domain::explain::{Explanation, Reason, add_seen, explain};
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::ObservedAccounts;
use equipemed_domain::wake::Wake;

use super::Scene;
use crate::engine::Engine;

/// The rules behind a person's account and their place in these rooms, with what differs on Synapse now. If Synapse
/// cannot be read, the explanation says so and still gives the rules.
pub(crate) async fn explain_person(
    scene: &Scene,
    engine: Result<&Engine, Fault>,
    person: &Person,
    rooms: &[RoomKey],
) -> Explanation {
    let world = scene.world();
    let picture = desired(&world, &Wishes::default(), &ObservedAccounts::default(), &Wake::Person(person.id));
    let mut explanation = explain(&world, &picture, person, rooms);
    let Some(user) = scene.user_of(person.id) else { return explanation };
    let seen = match engine {
        Ok(engine) => engine.look_at_person(person.id).await,
        Err(why) => Err(why),
    };
    match seen {
        Ok(sight) => add_seen(&mut explanation, &world, sight.looked(), user),
        Err(why) => explanation.person.push(Reason::NotSeen { why: Box::new(why) }),
    }
    explanation
}
