//! Laws that hold in every world: random hospitals against the model of Synapse.
//!
//! Worlds are generated from a fixed seed, so a run is repeatable; `PROPTEST_CASES=20000` tries more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use equipemed_domain::access::Access;
use equipemed_domain::action::{Action, Subject};
use equipemed_domain::desired::AccountState;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::{Membership, Observed, ObservedAccounts, RoomSight};
use equipemed_domain::plan::{Plan, Step};
use equipemed_domain::privilege::Privilege;
use equipemed_domain::review::{Consent, Effect, Held, HeldReason};
use equipemed_domain::rights::Rights;
use equipemed_domain::room_origin::{KeyTold, RoomOrigin, rooms_by_key};
use equipemed_domain::scope::Scope;
use equipemed_domain::setting::RoomSetting;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use ruma_common::{OwnedRoomId, OwnedUserId, UserId};

use crate::world::dice::Dice;
use crate::world::random;
use crate::world::reader::refused;
use crate::world::{World, agreeing, lines, synapse, user_id};

/// Checks a law in many worlds. A failing world is shrunk to few people and rooms, and identified by its numbers.
pub(crate) fn in_all_worlds(law: impl Fn(World)) {
    let config = Config { failure_persistence: None, ..Config::default() };
    let config = Config { cases: config.cases.max(300), ..config };
    let seeds = (proptest::num::u64::ANY, 0usize..14, 0usize..6);
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&seeds.prop_map(|seed| seed), |(seed, people, rooms)| {
        law(random::world(seed, people, rooms));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn planning_after_applying_plans_nothing() {
    in_all_worlds(|mut world| {
        let plan = world.plan(&Scope::Everything);
        synapse::apply(&mut world, &plan);
        let rest = world.plan(&Scope::Everything);
        assert!(rest.is_empty(), "after\n{:#?}\nstill\n{:#?}", lines::plan(&plan), lines::plan(&rest));
    });
}

#[test]
fn an_agreeing_world_plans_nothing_and_a_change_by_hand_is_put_back() {
    in_all_worlds(|mut world| {
        let plan = world.plan(&Scope::Everything);
        synapse::apply(&mut world, &plan);
        let agreeing = world.observed.clone();
        let mut dice = Dice::new(world.people.len() as u64);
        let wanted = world.desired();
        // Reverting can be promised only in rooms that the bot created.
        for (key, sight) in &mut world.observed.rooms {
            let RoomSight::Seen(room) = sight else { continue };
            let joined = room.members.get(&world.policy.bot) == Some(&Membership::Join);
            if !joined || room.level_of(&world.policy.bot) <= 150 || room.replaced.is_some() {
                continue;
            }
            room.settings.insert(RoomSetting::Name, "By hand".into());
            let members = &wanted.rooms[key].members;
            room.members
                .retain(|user, state| !(*state == Membership::Join && members.contains_key(user) && dice.chance(30)));
        }
        let repair = world.plan(&Scope::Everything);
        synapse::apply(&mut world, &repair);
        for (key, sight) in &world.observed.rooms {
            let (RoomSight::Seen(now), Some(RoomSight::Seen(before))) = (sight, agreeing.rooms.get(key)) else {
                continue;
            };
            assert_eq!(now.settings, before.settings, "{key}");
            for user in wanted.rooms[key].levels.keys() {
                let there = |room: &equipemed_domain::observed::ObservedRoom| room.members.contains_key(user);
                assert!(there(now) || !there(before), "{user} is not back in {key}");
            }
        }
    });
}

#[test]
fn the_order_of_people_and_grants_does_not_matter() {
    let bytes = |plan: &Plan| (serde_json::to_string(&plan.steps).expect("JSON"), plan.findings.clone());
    in_all_worlds(|world| {
        let mut shuffled = world.clone();
        let mut dice = Dice::new(7);
        for index in (1..shuffled.people.len()).rev() {
            shuffled.people.swap(index, dice.below(index + 1));
        }
        shuffled.grants.reverse();
        assert_eq!(bytes(&world.plan(&Scope::Everything)), bytes(&shuffled.plan(&Scope::Everything)));
        let (one, other) = (world.verdict(&Scope::Everything), shuffled.verdict(&Scope::Everything));
        assert_eq!(one, other);
    });
}

/// A create event or mark by somebody else, with any key of the policy in it.
fn of_a_stranger(dice: &mut Dice, world: &World) -> RoomOrigin {
    let mut keys: Vec<Option<RoomKey>> = world.policy.rooms.keys().cloned().map(Some).collect();
    keys.extend([None, Some("control".into())]);
    let told = |dice: &mut Dice| KeyTold {
        sender: user_id(dice.pick(&["eva", "u1", "breakglass", "bot:elsewhere.example"])),
        key: dice.pick(&keys),
    };
    RoomOrigin { made: told(dice), mark: dice.chance(50).then(|| told(dice)) }
}

#[test]
fn a_strangers_rooms_change_no_plan() {
    in_all_worlds(|world| {
        let bot = world.policy.bot.clone();
        let mut dice = Dice::new(world.people.len() as u64);
        // The memory is lost, so rooms are known only by their own events.
        let seen = world.observed.rooms.clone();
        let mut own: BTreeMap<OwnedRoomId, RoomOrigin> = BTreeMap::new();
        for (key, sight) in &seen {
            let RoomSight::Seen(room) = sight else { continue };
            let by_the_bot = KeyTold { sender: bot.clone(), key: Some(key.clone()) };
            let mut origin = of_a_stranger(&mut dice, &world);
            // Adopted rooms have the bot's mark; strangers may have written marks into others.
            if room.creator == bot {
                origin.made = by_the_bot
            } else {
                origin.mark = Some(by_the_bot)
            }
            own.insert(room.room_id.clone(), origin);
        }
        // Some rooms were created twice.
        for (key, _) in seen.iter().filter(|_| dice.chance(10)) {
            let made = KeyTold { sender: bot.clone(), key: Some(key.clone()) };
            own.insert(agreeing::room_id(&format!("second-{key}")), RoomOrigin { made, mark: None });
        }
        let strangers = (0..dice.below(8)).map(|index| {
            // Ids that sort before or after those of the bot's rooms.
            let id = agreeing::room_id(&format!("{}{index}", dice.pick(&["-", "0", "m", "z"])));
            (id, of_a_stranger(&mut dice, &world))
        });
        let all: Vec<_> = own.clone().into_iter().chain(strangers).collect();
        let plan_with = |rooms: Vec<(OwnedRoomId, RoomOrigin)>| {
            let mut found = rooms_by_key(&bot, rooms);
            let mut world = world.clone();
            for (key, sight) in &mut world.observed.rooms {
                let room_ids = found.remove(key).unwrap_or_default();
                match (room_ids.len(), &sight) {
                    (0, _) => *sight = RoomSight::Absent,
                    (1, RoomSight::Seen(room)) if room_ids.contains(&room.room_id) => {}
                    (1, _) => {
                        *sight = RoomSight::Unreadable {
                            room_id: room_ids.first().expect("one").clone(),
                            why: refused("M_FORBIDDEN"),
                        }
                    }
                    _ => *sight = RoomSight::Several { room_ids },
                }
            }
            lines::plan(&world.plan(&Scope::Everything))
        };
        assert_eq!(plan_with(all), plan_with(own.into_iter().collect()));
    });
}

/// People whose memberships and levels this service manages.
fn managed(world: &World) -> BTreeSet<OwnedUserId> {
    let wanted = world.desired();
    wanted.accounts.into_keys().filter(|user| !world.is_untouchable(user)).collect()
}

/// People who are joined or invited.
fn present(room: &equipemed_domain::observed::ObservedRoom) -> impl Iterator<Item = &OwnedUserId> {
    let states = room.members.iter().filter(|(_, state)| matches!(state, Membership::Join | Membership::Invite));
    states.map(|(user, _)| user)
}

/// Whether an action gives somebody an entry only to protect them from a new default level.
fn keeps(before: &Observed, action: &Action, user: &UserId) -> bool {
    let Action::SetLevels { room, changes } = action else { return false };
    let Some(RoomSight::Seen(room)) = before.rooms.get(room) else { return false };
    let to = changes.users.get(user).and_then(|change| change.to);
    room.user_entry(user).is_none() && to.is_some_and(|to| to <= room.level_of(user).max(0))
}

#[test]
fn what_is_not_managed_is_not_touched() {
    in_all_worlds(|mut world| {
        let before = world.observed.clone();
        let managed = managed(&world);
        let frozen = world.desired().frozen;
        let plan = world.plan(&Scope::Everything);
        for action in plan.actions() {
            let named = action.user().into_iter().chain(levels_of(action));
            for user in named.filter(|user| !keeps(&before, action, user)) {
                assert!(managed.contains(user), "{user} is not managed: {action:?}");
                assert!(!frozen.contains(user), "{user} is frozen: {action:?}");
            }
        }
        synapse::apply(&mut world, &plan);
        let others = |user: &UserId| !managed.contains(user);
        for (user, account) in before.accounts.list.iter().filter(|(user, _)| others(user)) {
            assert_eq!(world.observed.accounts.list.get(user), Some(account), "{user}");
        }
        for (key, sight) in &before.rooms {
            let (RoomSight::Seen(before), Some(RoomSight::Seen(after))) = (sight, world.observed.rooms.get(key)) else {
                continue;
            };
            for (user, state) in before.members.iter().filter(|(user, _)| others(user)) {
                assert_eq!(after.members.get(user), Some(state), "{user} in {key}");
            }
            for user in present(before).filter(|user| others(user)) {
                assert!(after.level_of(user) <= before.level_of(user), "{user} gained in {key}");
            }
            for (user, level) in before.user_entries().filter(|(user, _)| others(user)) {
                assert_eq!(after.user_entry(&user), Some(level), "{user} in {key}");
            }
            let own = |content: &serde_json::Map<String, serde_json::Value>| {
                let mut content = content.clone();
                content.remove("users");
                content.remove("invite");
                content.remove("users_default");
                // In the control room, also the level for redactions.
                if key.as_str() == "control" {
                    content.remove("redact");
                }
                if let Some(events) = content.get_mut("events").and_then(serde_json::Value::as_object_mut) {
                    events.retain(|event, _| !equipemed_domain::levels::ABOVE_EVERYONE.contains(&event.as_str()));
                    if key.as_str() == "control" {
                        events.remove("m.room.redaction");
                    }
                }
                content.retain(|_, value| value.as_object().is_none_or(|map| !map.is_empty()));
                content
            };
            let content =
                |room: &equipemed_domain::observed::ObservedRoom| own(&room.power_levels.clone().unwrap_or_default());
            assert_eq!(content(before), content(after), "{key}");
        }
    });
}

fn levels_of(action: &Action) -> Vec<&UserId> {
    match action {
        Action::SetLevels { changes, .. } => changes.users.keys().map(|user| &**user).collect(),
        Action::CreateRoom { new, .. } => new.levels.keys().chain(&new.invite).map(|user| &**user).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn what_may_go_comes_to_rest_and_leaves_no_half_of_what_is_held() {
    in_all_worlds(|mut world| {
        let verdict = world.verdict(&Scope::Everything);
        for part in &verdict.held {
            for effect in &part.effects {
                nothing_of(&world, &verdict.go, effect, &part.reason);
            }
        }
        let before = world.memory.applied_before;
        synapse::apply(&mut world, &verdict.go);
        if before {
            let rest = world.verdict(&Scope::Everything);
            // New members make a room larger, so that a removal of more than half of it can be less than half later.
            let grown = |step: &&Step| {
                let room = step.action.room();
                !verdict.held.iter().any(|part| match &part.reason {
                    HeldReason::ManyRemoved { room: held, .. } => room.as_ref() == Some(held),
                    _ => false,
                })
            };
            let first = lines::plan(&verdict.go).join("\n");
            let then: Vec<_> = rest.go.steps.iter().filter(grown).map(lines::step).collect();
            assert!(then.is_empty(), "first\n{first}\nheld {:#?}\nthen\n{then:#?}", verdict.held);
        }
    });
}

/// Checks that no part of a held effect is done.
fn nothing_of(world: &World, go: &Plan, effect: &Effect, reason: &HeldReason) {
    let atom = &effect.atom();
    match effect {
        Effect::Lock { user } => nothing_taken(go, user, None, atom),
        Effect::Deactivate { user } => {
            let ends = |action: &Action| matches!(action, Action::DeactivateAccount { user: whom } if whom == user);
            assert!(!go.actions().any(ends), "{atom}");
            let account = world.observed.accounts.list.get(user);
            let is_open = account.is_some_and(|account| account.state() == AccountState::Active);
            if is_open && !matches!(reason, HeldReason::ManyDeactivated { .. }) {
                nothing_taken(go, user, None, atom);
            }
        }
        Effect::Remove { user, room } => nothing_taken(go, user, Some(room.as_str()), atom),
        Effect::Join { user, room } => {
            let joins = |action: &Action| matches!(action, Action::AddMember { room: key, user: whom, .. } if (key, whom) == (room, user));
            assert!(!go.actions().any(joins), "{atom}");
        }
        Effect::Lose { user, powers, .. } => {
            let taken = |action: &Action| match action {
                Action::SetServerAdmin { user: whom, to } => whom == user && !to,
                Action::NotePrivileges { user: whom, lost, .. } => whom == user && !lost.is_disjoint(powers),
                Action::SetLevels { changes, .. } => changes.users.contains_key(user),
                _ => false,
            };
            assert!(!go.actions().any(taken), "{atom}");
        }
        Effect::Gain { user, powers, .. } => nothing_given(go, user, powers, atom),
        Effect::Shorten { room, .. } => {
            let shortens = |action: &Action| matches!(action, Action::Set { setting: RoomSetting::Retention, room: key, .. } if key == room);
            assert!(!go.actions().any(shortens), "{atom}");
        }
        Effect::Settle { user } | Effect::Remake { user } => {
            let named = |action: &Action| action.user() == Some(&**user) || levels_of(action).contains(&&**user);
            assert!(!go.actions().any(named), "{atom}");
        }
    }
}

/// Checks that nothing held for `user` is half done: no lock, no removal, no lower level or power.
fn nothing_taken(go: &Plan, user: &UserId, room: Option<&str>, atom: &str) {
    for step in &go.steps {
        let action = &step.action;
        let here = room.is_none_or(|room| action.room().is_some_and(|key| key.as_str() == room));
        let taken = match action {
            Action::LockAccount { user: whom } | Action::DeactivateAccount { user: whom } => {
                room.is_none() && whom == user && step.cause == equipemed_domain::cause::Cause::Policy
            }
            Action::SetServerAdmin { user: whom, to: false } => room.is_none() && whom == user,
            Action::NotePrivileges { user: whom, lost, .. } => room.is_none() && whom == user && !lost.is_empty(),
            Action::RemoveMember { user: whom, room: key, .. } => {
                whom == user
                    && (room.is_some() && here || room.is_none() && key.as_str() == "control")
                    && step.cause == equipemed_domain::cause::Cause::Policy
            }
            Action::SetLevels { changes, .. } => here && changes.users.contains_key(user),
            _ => false,
        };
        assert!(!taken, "held: {atom}, and yet {}", lines::step(step));
    }
}

/// Checks that somebody whose gain is held gets no part of it.
fn nothing_given(go: &Plan, user: &UserId, powers: &BTreeSet<Privilege>, atom: &str) {
    for step in &go.steps {
        let given = match &step.action {
            Action::SetServerAdmin { user: whom, to: true } => whom == user,
            Action::NotePrivileges { user: whom, gained, .. } => whom == user && !gained.is_disjoint(powers),
            Action::SetLevels { changes, .. } => changes
                .users
                .get(user)
                .is_some_and(|change| change.to.is_some_and(|to| to >= 50 && to > change.from.unwrap_or(0))),
            Action::CreateRoom { new, .. } => new.levels.get(user).is_some_and(|level| *level >= 50),
            Action::AddMember { user: whom, room, .. } => whom == user && room.as_str() == "control",
            _ => false,
        };
        assert!(!given, "held: {atom}, and yet {}", lines::step(step));
    }
}

#[test]
fn consent_to_everything_held_lets_everything_go() {
    in_all_worlds(|mut world| {
        let plan = world.plan(&Scope::Everything);
        world.consented = world.verdict(&Scope::Everything).held.into_iter().flat_map(|part| part.atoms()).collect();
        let verdict = world.verdict(&Scope::Everything);
        assert_eq!(verdict.held, Vec::new());
        assert_eq!(verdict.go, plan);
    });
}

fn steps_of(plan: &Plan, subject: &Subject) -> Vec<Step> {
    plan.steps.iter().filter(|step| step.action.subject() == *subject).cloned().collect()
}

#[test]
fn a_plan_for_one_subject_is_its_part_of_the_full_plan() {
    in_all_worlds(|mut world| {
        let full = world.plan(&Scope::Everything);
        for user in world.desired().accounts.keys() {
            let part = world.plan(&Scope::account(user));
            assert_eq!(part.steps, steps_of(&full, &Subject::Account(user.clone())), "{user}");
        }
        // Rooms come after accounts, and narrow passes over rooms read no accounts.
        let accounts = Plan {
            steps: full.steps.iter().filter(|step| step.action.room().is_none()).cloned().collect(),
            findings: Vec::new(),
        };
        synapse::apply(&mut world, &accounts);
        let full = world.plan(&Scope::Everything);
        world.observed.accounts = ObservedAccounts::default();
        for key in world.policy.rooms.keys() {
            let part = world.plan(&Scope::room(key));
            let show = |steps: &[Step]| steps.iter().map(lines::step).collect::<Vec<_>>();
            assert_eq!(show(&part.steps), show(&steps_of(&full, &Subject::Room(key.clone()))), "{key}");
        }
    });
}

#[test]
fn nobody_off_is_open_and_nobody_off_or_released_stands_too_high() {
    in_all_worlds(|mut world| {
        let plan = world.plan(&Scope::Everything);
        synapse::apply(&mut world, &plan);
        let wanted = world.desired();
        for (user, account) in &wanted.accounts {
            let Some(seen) = world.observed.accounts.list.get(user) else { continue };
            let right = match account.state {
                AccountState::Active => !seen.locked && !seen.deactivated || account.released && seen.deactivated,
                AccountState::Locked => seen.locked || seen.deactivated,
                AccountState::Deactivated => seen.deactivated,
            };
            assert!(right, "{user} should be {:?}: {seen:?}", account.state);
        }
        for sight in world.observed.rooms.values() {
            let RoomSight::Seen(room) = sight else { continue };
            let bot = room.level_of(&world.policy.bot);
            if room.members.get(&world.policy.bot) != Some(&Membership::Join) || bot <= 150 || room.replaced.is_some() {
                continue;
            }
            for event in equipemed_domain::levels::ABOVE_EVERYONE {
                assert!(room.needs_for_state(event) > 100, "{event} in {room:?}");
            }
            assert!(room.needs_for_invite() >= 50);
            for (user, state) in &room.members {
                let account = wanted.accounts.get(user).filter(|_| !world.is_untouchable(user));
                if account.is_some_and(|account| account.state != AccountState::Active || account.released) {
                    let standing = room.level_of(user);
                    assert!(standing <= room.users_default() || standing >= bot, "{user} is {state:?} at {standing}");
                }
            }
        }
    });
}

#[test]
fn rights_anywhere_are_those_of_all_rooms_together() {
    in_all_worlds(|world| {
        let directory = world.directory();
        let access = Access::new(&directory, &world.policy, &world.grants, world.now);
        for person in &world.people {
            let rooms = world.policy.rooms.keys().map(|room| access.rights(person, Some(room)));
            let all: Rights = rooms.chain([access.rights(person, None)]).flatten().collect();
            assert_eq!(access.rights_anywhere(person), all, "{person:?}");
        }
    });
}

/// Counts kinds, to check that the worlds are varied enough.
fn count<T: Debug + Ord>(counts: &mut BTreeMap<T, usize>, kinds: impl IntoIterator<Item = T>) {
    for kind in kinds {
        *counts.entry(kind).or_default() += 1;
    }
}

#[test]
fn the_worlds_are_varied_enough() {
    let actions = std::cell::RefCell::new(BTreeMap::new());
    let findings = std::cell::RefCell::new(BTreeMap::new());
    let held = std::cell::RefCell::new(BTreeMap::new());
    in_all_worlds(|world| {
        let plan = world.plan(&Scope::Everything);
        count(&mut actions.borrow_mut(), plan.actions().map(Action::kind));
        count(&mut findings.borrow_mut(), plan.findings.iter().map(equipemed_domain::finding::Finding::kind));
        let verdict = world.verdict(&Scope::Everything);
        let word = |text: String| text.split(' ').take(2).collect::<Vec<_>>().join(" ");
        count(&mut held.borrow_mut(), verdict.held.iter().map(|part| word(lines::reason(&part.reason))));
    });
    let (actions, findings, held) = (actions.into_inner(), findings.into_inner(), held.into_inner());
    let rare: Vec<_> = actions.iter().chain(&findings).filter(|(_, count)| **count < 3).collect();
    assert_eq!(actions.len(), 28, "every kind of action: {actions:?}");
    assert_eq!(findings.len(), 32, "every kind of finding: {findings:?}");
    assert_eq!(held.len(), 12, "every reason to hold: {held:?}");
    assert!(rare.is_empty(), "{rare:?}");
}

#[test]
fn a_part_has_grown_when_the_same_thing_means_more_than_was_looked_at() {
    let effects = |names: &[&str]| names.iter().map(|name| Effect::Lock { user: user_id(name) }).collect();
    let part = |reason: HeldReason, names: &[&str]| Held { id: names.concat(), reason, effects: effects(names) };
    let locked = |people| HeldReason::ManyLocked { people, of: 40, went: 0 };
    let consent = Consent { kind: locked(2).kind(), effects: effects(&["a", "b"]) };
    let outgrown = |held: Held| consent.outgrown_by(std::slice::from_ref(&held)).map(|part| part.id.clone());
    assert_eq!(outgrown(part(locked(3), &["a", "b", "c"])).as_deref(), Some("abc"));
    assert_eq!(outgrown(part(locked(2), &["b", "c"])).as_deref(), Some("bc"));
    assert_eq!(outgrown(part(locked(2), &["a", "b"])), None, "the same");
    assert_eq!(outgrown(part(locked(1), &["a"])), None, "less is covered");
    assert_eq!(outgrown(part(locked(2), &["c", "d"])), None, "something else altogether");
    let shrank = HeldReason::DirectoryShrank { before: 40, now: 9 };
    assert_eq!(outgrown(part(shrank, &["a", "b", "c"])), None, "another reason needs a consent of its own");
}
