//! In every random hospital, narrow passes derive the same desired state as a full pass.

use std::collections::BTreeSet;

use equipemed_domain::action::Action;
use equipemed_domain::desired::{Desired, DesiredAccount};
use equipemed_domain::directory::PersonId;
use equipemed_domain::key::RoomKey;
use equipemed_domain::plan::Step;
use equipemed_domain::scope::Scope;
use equipemed_domain::wake::Wake;
use ruma_common::UserId;

use crate::laws::in_all_worlds;
use crate::world::{World, lines};

/// The desired state of a person, without the address, which depends on everybody's.
fn said_of(picture: &Desired, person: PersonId, user: &UserId) -> String {
    let account = picture.accounts.get(user).map(|account| DesiredAccount { email: None, ..account.clone() });
    let is_frozen = picture.frozen.contains(user);
    let powers = (picture.privileges.get(&person), picture.asked.get(&person));
    let rooms: Vec<_> = picture
        .rooms
        .iter()
        .map(|(key, room)| {
            let (banned, kept_out) = (room.banned.get(user), room.kept_out.get(user));
            (key, room.members.get(user), banned, kept_out, room.levels.get(user))
        })
        .collect();
    format!("{account:#?} {is_frozen} {powers:#?} {rooms:#?}")
}

fn is_about(step: &Step, user: &UserId) -> bool {
    match &step.action {
        Action::SetLevels { changes, .. } => changes.users.contains_key(user),
        action => action.user() == Some(user),
    }
}

#[test]
fn of_one_person_the_near_picture_says_what_the_whole_says() {
    in_all_worlds(|world| {
        let rooms: BTreeSet<RoomKey> = world.policy.rooms.keys().cloned().collect();
        for (person, binding) in world.bindings.iter() {
            let scope = Scope::Only { accounts: BTreeSet::from([binding.user.clone()]), rooms: rooms.clone() };
            let seen: World = world.narrowed(&scope);
            let (near, whole) = (seen.desired_of(&Wake::Person(*person)), seen.desired());
            let said = [&near, &whole].map(|picture| said_of(picture, *person, &binding.user));
            assert_eq!(said[0], said[1], "{}", binding.user);
            let [near, whole] = [&near, &whole].map(|picture| seen.plan_by(picture, &scope));
            let missed: Vec<String> =
                whole.steps.iter().filter(|step| is_about(step, &binding.user)).map(lines::step).collect();
            assert!(!near.is_empty() || missed.is_empty(), "{} is overlooked: {missed:#?}", binding.user);
            let others = near.steps.iter().filter(|step| step.action.user().is_some_and(|user| user != binding.user));
            assert_eq!(others.map(lines::step).collect::<Vec<_>>(), Vec::<String>::new(), "{}", binding.user);
        }
    });
}

#[test]
fn of_one_room_the_near_picture_plans_what_the_whole_plans() {
    in_all_worlds(|world| {
        for key in world.policy.rooms.keys() {
            let scope = Scope::room(key);
            let seen = world.narrowed(&scope);
            let (near, whole) = (seen.desired_of(&Wake::Room(key.clone())), seen.desired());
            assert_eq!(near.rooms.get(key), whole.rooms.get(key), "{key}");
            assert_eq!((&near.accounts, &near.frozen), (&whole.accounts, &whole.frozen), "{key}");
            let [near, whole] = [&near, &whole].map(|picture| seen.plan_by(picture, &scope));
            let shown = |steps: &[Step]| steps.iter().map(lines::step).collect::<Vec<_>>();
            assert_eq!(shown(&near.steps), shown(&whole.steps), "{key}");
        }
    });
}
