//! Authority: named examples, and the law that holds for every sequence of commands.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use equipemed_domain::access::{Access, PersonPowers};
use equipemed_domain::authority::{Act, Allowed, Asker, Refusal, Request, WaitingGains, Whose, decide};
use equipemed_domain::command::Rank;
use equipemed_domain::directory::{Directory, Person, PersonId};
use equipemed_domain::grant::{Grant, GrantId, GrantKind};
use equipemed_domain::key::RoomKey;
use equipemed_domain::review::Effect;
use equipemed_domain::rights::Right;
use equipemed_domain::selector::Selector;
use equipemed_domain::standing::Standing;
use jiff::{SignedDuration, Timestamp};

use crate::laws::in_all_worlds;
use crate::world::World;
use crate::world::dice::Dice;
use crate::world::reader::Case;

const HOSPITAL: &str = "
about: A moderator of a space, administrators of rooms below it, equals, and people without power.
policy:
  roles:
    chief: {when: {superuser: true}, level: 100, rights: [all]}
    chair: {when: {user: bia}, in: hospital, level: 50, rights: [redact, kick, ban, promote]}
    peer: {when: {user: caio}, in: hospital, level: 50, rights: [redact, kick]}
    auditor: {when: {user: eva}, rights: [audit]}
    cleaner: {when: {user: fabio}, in: icu, rights: [redact]}
    ward_chair: {when: {user: gil}, in: ward, level: 60, rights: [redact, kick, ban, promote]}
  rooms:
    hospital: {kind: space}
    icu: {parent: hospital, administrators: {user: dora}}
    ward: {parent: hospital}
    office: {}
  users: {protected: ['@hugo'], break_glass: '@vidro'}
  control_room: true
people:
  - {id: 1, username: ana, superuser: true}
  - {id: 2, username: bia}
  - {id: 3, username: caio}
  - {id: 4, username: dora}
  - {id: 5, username: eva}
  - {id: 6, username: fabio}
  - {id: 7, username: gil}
  - {id: 8, username: hugo}
  - {id: 9, username: ines}
  - {id: 10, username: leo, superuser: true}
  - {id: 11, username: mara, superuser: true, account_status: suspended}
expect: {}
";

const ANA: i64 = 1;
const BIA: i64 = 2;
const CAIO: i64 = 3;
const DORA: i64 = 4;
const EVA: i64 = 5;
const FABIO: i64 = 6;
const GIL: i64 = 7;
const HUGO: i64 = 8;
const INES: i64 = 9;
const LEO: i64 = 10;
const MARA: i64 = 11;

fn hospital() -> World {
    let case: Case = serde_yaml::from_str(HOSPITAL).expect("a case");
    case.read().0
}

/// A request about a person.
fn request(act: Act, person: i64, place: &str) -> Request {
    let place = (!place.is_empty()).then(|| RoomKey::new(place));
    Request { act, person: (person != 0).then_some(PersonId(person)), place, until: None }
}

fn ask(world: &World, asker: Asker, request: &Request) -> Result<Allowed, Refusal> {
    ask_while(&WaitingGains::default(), world, asker, request)
}

fn ask_while(waiting: &WaitingGains, world: &World, asker: Asker, request: &Request) -> Result<Allowed, Refusal> {
    let directory = world.directory();
    decide(asker, request, &world.picture(&directory).without(waiting))
}

/// Carries out an allowed request, like chat and the command line.
fn act(world: &mut World, asker: Asker, request: &Request) -> Result<Allowed, Refusal> {
    let allowed = ask(world, asker, request)?;
    let id = world.grants.iter().map(|grant| grant.id.0).max().unwrap_or(0) + 1;
    world.grants.retain(|grant| !allowed.effect.ends.contains(&grant.id));
    if let (Some(kind), Some(person)) = (allowed.effect.adds, request.person) {
        let by = match asker {
            Asker::Person(by) => world.bindings.get(&by).map_or_else(String::new, |binding| binding.user.to_string()),
            _ => "operator".to_owned(),
        };
        world.grants.push(Grant {
            id: GrantId(id),
            person,
            kind,
            scope: request.place.clone(),
            asker: by,
            reason: None,
            created_at: world.now,
            expires_at: request.until,
        });
    }
    Ok(allowed)
}

fn by(person: i64) -> Asker {
    Asker::Person(PersonId(person))
}

#[test]
fn whom_users_who_does_not_select_may_nothing_and_is_judged_by_what_comes_back() {
    let mut world = hospital();
    world.policy.users.who = Selector::Not(Box::new(Selector::User("leo".to_owned())));
    let lock = request(Act::Lock, INES, "");
    assert_eq!(ask(&world, by(LEO), &lock), Err(Refusal::Right { right: Right::Lock, room: None }));
    assert!(ask(&world, by(ANA), &lock).is_ok());
    assert_eq!(level(&world, LEO, "icu"), 0);
    // What a moderator did to a chief outside would hold once the chief is back.
    for (act, place) in [(Act::Demote, "hospital"), (Act::Kick, "icu"), (Act::Ban, "icu")] {
        let refused = ask(&world, by(BIA), &request(act, LEO, place));
        assert!(matches!(refused, Err(Refusal::Higher { .. })), "{act:?}: {refused:?}");
    }
    assert_eq!(
        ask(&world, by(ANA), &request(Act::Lock, LEO, "")),
        Err(Refusal::Higher { person: PersonId(LEO), room: None })
    );
}

/// A gain as the brakes hold it.
fn gain(person: i64, powers: &[&str]) -> Effect {
    let powers = powers.iter().map(|power| power.parse().expect("a power")).collect();
    Effect::Gain { person: PersonId(person), user: ruma_common::owned_user_id!("@x:hospital.test"), powers }
}

fn level(world: &World, person: i64, room: &str) -> i64 {
    let directory = world.directory();
    let access = Access::new(&directory, &world.policy, &world.grants, world.now);
    access.powers(directory.get(PersonId(person)).expect("somebody"), Some(&RoomKey::new(room))).level
}

fn higher(person: i64, room: &str) -> Refusal {
    Refusal::Higher { person: PersonId(person), room: (!room.is_empty()).then(|| RoomKey::new(room)) }
}

fn without(right: Right, room: &str) -> Refusal {
    Refusal::Right { right, room: (!room.is_empty()).then(|| RoomKey::new(room)) }
}

fn hours(world: &World, hours: i64) -> Timestamp {
    world.now.checked_add(SignedDuration::from_hours(hours)).expect("an instant")
}

const ADMIN: Act = Act::Promote(Rank::Admin);
const MODERATOR: Act = Act::Promote(Rank::Moderator);

fn to(level: i64) -> Act {
    Act::Promote(Rank::Level(level))
}

#[test]
fn rank_is_asked_in_every_room_below_the_one_that_was_named() {
    let world = hospital();
    for what in [Act::Ban, Act::Mute, Act::Kick, Act::Demote, to(10), Act::Unban, Act::Unmute] {
        // Dora has level 100 in icu and nothing in the space.
        assert_eq!(ask(&world, by(BIA), &request(what, DORA, "icu")), Err(higher(DORA, "icu")), "{what:?}");
        assert_eq!(ask(&world, by(BIA), &request(what, DORA, "hospital")), Err(higher(DORA, "icu")), "{what:?}");
        assert!(ask(&world, by(BIA), &request(what, DORA, "ward")).is_ok(), "{what:?}");
        assert!(ask(&world, by(BIA), &request(what, INES, "hospital")).is_ok(), "{what:?}");
        assert_eq!(ask(&world, by(BIA), &request(what, CAIO, "hospital")), Err(higher(CAIO, "hospital")), "{what:?}");
        assert_eq!(ask(&world, by(GIL), &request(what, CAIO, "hospital")).map_err(|_| ()), Err(()), "{what:?}");
        assert!(ask(&world, by(GIL), &request(what, CAIO, "ward")).is_ok(), "{what:?}");
        // "Everywhere" includes every room, and outside rooms.
        assert_eq!(ask(&world, by(ANA), &request(what, DORA, "")), Err(higher(DORA, "icu")), "{what:?}");
        assert!(ask(&world, by(ANA), &request(what, EVA, "")).is_ok(), "{what:?}");
        assert_eq!(ask(&world, by(ANA), &request(what, LEO, "")).map_err(|_| ()), Err(()), "{what:?}");
        assert_eq!(ask(&world, by(ANA), &request(what, ANA, "icu")), Err(Refusal::Own), "{what:?}");
    }
}

#[test]
fn rights_are_asked_in_every_room_that_is_reached() {
    let mut world = hospital();
    for (what, right) in [(Act::Ban, Right::Ban), (Act::Kick, Right::Kick), (to(10), Right::Promote)] {
        assert_eq!(ask(&world, by(GIL), &request(what, INES, "hospital")), Err(without(right, "hospital")));
        assert_eq!(ask(&world, by(BIA), &request(what, INES, "")), Err(without(right, "")));
        assert_eq!(ask(&world, by(EVA), &request(what, INES, "icu")), Err(without(right, "icu")));
        // Mara is no longer active, and 77 is unknown.
        assert_eq!(ask(&world, by(MARA), &request(what, INES, "icu")), Err(Refusal::NotActive));
        assert_eq!(ask(&world, by(77), &request(what, INES, "icu")), Err(Refusal::Unknown));
        assert_eq!(ask(&world, Asker::BreakGlass, &request(what, INES, "icu")), Err(without(right, "icu")));
    }
    // A right taken in one room is missing for the space around it.
    act(&mut world, by(ANA), &request(Act::Demote, BIA, "icu")).expect("lower");
    assert_eq!(ask(&world, by(BIA), &request(Act::Ban, INES, "hospital")), Err(without(Right::Ban, "icu")));
    assert!(ask(&world, by(BIA), &request(Act::Ban, INES, "ward")).is_ok());
}

#[test]
fn nobody_gives_more_than_they_hold_in_every_room_that_is_reached() {
    let mut world = hospital();
    let above = |level, own, room: &str| Refusal::Above { level, own, room: Some(RoomKey::new(room)) };
    assert_eq!(ask(&world, by(BIA), &request(to(51), INES, "hospital")), Err(above(51, 50, "hospital")));
    assert!(ask(&world, by(BIA), &request(MODERATOR, INES, "hospital")).is_ok());
    // Level 50 in the space, but only 20 in one of its rooms.
    act(&mut world, by(ANA), &request(to(20), BIA, "ward")).expect("lower");
    assert_eq!(
        ask(&world, by(BIA), &request(MODERATOR, INES, "hospital")),
        Err(without(Right::Promote, "ward")),
        "a level below the role's takes its rights"
    );
    let mut world = hospital();
    act(&mut world, Asker::Operator, &request(ADMIN, GIL, "hospital")).expect("the operator");
    act(&mut world, Asker::Operator, &request(to(60), GIL, "ward")).expect("the operator");
    assert_eq!(ask(&world, by(GIL), &request(to(80), INES, "hospital")), Err(above(80, 60, "ward")));
    assert!(ask(&world, by(GIL), &request(to(80), INES, "icu")).is_ok());
    // A named rank gives rights, which the asker needs too.
    assert_eq!(ask(&world, by(DORA), &request(ADMIN, INES, "icu")).map(|_| ()), Ok(()));
    assert_eq!(ask(&world, by(DORA), &request(ADMIN, INES, "ward")), Err(without(Right::Promote, "ward")));
}

#[test]
fn who_gave_may_take_back_and_nothing_else() {
    let mut world = hospital();
    act(&mut world, by(ANA), &request(ADMIN, INES, "icu")).expect("up to the own level");
    for who in [LEO, DORA] {
        assert_eq!(ask(&world, by(who), &request(Act::Demote, INES, "icu")), Err(higher(INES, "icu")));
    }
    assert!(ask(&world, by(ANA), &request(MODERATOR, INES, "icu")).is_ok(), "to less");
    assert!(ask(&world, by(ANA), &request(Act::Demote, INES, "icu")).is_ok());
    assert!(ask(&world, by(ANA), &request(Act::Demote, INES, "hospital")).is_ok(), "with all below");
    // Dora is also administrator by rule in icu, which stays.
    act(&mut world, by(ANA), &request(ADMIN, DORA, "ward")).expect("lower there");
    let back = act(&mut world, by(ANA), &request(Act::Demote, DORA, "hospital")).expect("the own gift");
    assert_eq!((back.effect.ends.len(), back.effect.adds), (1, None));
    assert_eq!((level(&world, DORA, "ward"), level(&world, DORA, "icu")), (0, 100));
    assert_eq!(ask(&world, by(ANA), &request(Act::Demote, DORA, "hospital")), Err(higher(DORA, "icu")));
    // Nobody can take back a grant without the right.
    act(&mut world, by(BIA), &request(MODERATOR, INES, "ward")).expect("up to the own level");
    act(&mut world, by(ANA), &request(Act::Demote, BIA, "ward")).expect("lower");
    assert_eq!(ask(&world, by(BIA), &request(Act::Demote, INES, "ward")), Err(without(Right::Promote, "ward")));
}

#[test]
fn what_is_lifted_gives_back_no_more_than_the_policy_or_the_asker_has() {
    let mut world = hospital();
    act(&mut world, Asker::Operator, &request(ADMIN, INES, "hospital")).expect("the operator");
    act(&mut world, Asker::Operator, &request(to(0), INES, "ward")).expect("the operator");
    act(&mut world, Asker::Operator, &request(Act::Mute, INES, "icu")).expect("the operator");
    let above = |room: &str| Refusal::Above { level: 100, own: 50, room: Some(RoomKey::new(room)) };
    assert_eq!(ask(&world, by(BIA), &request(Act::Unmute, INES, "icu")), Err(above("icu")));
    // A low level for a short time, instead of the demotion, would bring the old grant back.
    let short = Request { until: Some(hours(&world, 1)), ..request(to(10), INES, "ward") };
    assert_eq!(ask(&world, by(BIA), &short), Err(above("ward")));
    assert!(ask(&world, by(BIA), &request(to(10), INES, "ward")).is_ok(), "for good it hides it as well");
    let demotion = world.grants.iter().find(|grant| grant.kind == GrantKind::Level(0)).expect("it is there").id;
    assert_eq!(ask(&world, by(BIA), &request(Act::End(demotion), INES, "ward")), Err(above("ward")));
    assert!(ask(&world, by(ANA), &request(Act::End(demotion), INES, "ward")).is_ok());
    // Up to what the policy gives, it is allowed.
    let mut world = hospital();
    act(&mut world, by(ANA), &request(Act::Mute, CAIO, "icu")).expect("lower");
    assert!(ask(&world, by(BIA), &request(Act::Unmute, CAIO, "icu")).is_ok());
}

#[test]
fn a_demotion_for_a_while_is_no_invitation_to_one_for_good() {
    let mut world = hospital();
    let soon = Request { until: Some(hours(&world, 2)), ..request(to(0), CAIO, "icu") };
    act(&mut world, Asker::Operator, &soon).expect("the operator");
    assert_eq!(ask(&world, by(BIA), &request(Act::Mute, CAIO, "icu")), Err(higher(CAIO, "icu")));
    let shorter = Request { until: Some(hours(&world, 1)), ..request(Act::Mute, CAIO, "icu") };
    assert!(ask(&world, by(BIA), &shorter).is_ok());
}

#[test]
fn acts_on_accounts_compare_rights() {
    let world = hospital();
    for what in [Act::Lock, Act::Unlock, Act::Deactivate, Act::Reactivate] {
        assert_eq!(ask(&world, by(BIA), &request(what, INES, "")), Err(without(Right::Lock, "")));
        assert_eq!(ask(&world, by(DORA), &request(what, INES, "")), Err(without(Right::Lock, "")));
        assert_eq!(ask(&world, by(ANA), &request(what, LEO, "")), Err(higher(LEO, "")));
        assert_eq!(ask(&world, by(ANA), &request(what, ANA, "")), Err(Refusal::Own));
        assert!(ask(&world, by(ANA), &request(what, DORA, "")).is_ok());
        let protected = ask(&world, Asker::Operator, &request(what, HUGO, ""));
        assert!(matches!(protected, Err(Refusal::Protected { .. })), "{protected:?}");
    }
}

#[test]
fn messages_are_removed_by_right_and_not_by_rank_and_the_record_by_who_may_approve() {
    let world = hospital();
    let others = |room: &str| request(Act::Redact(Whose::Others), 0, room);
    let own = |room: &str| request(Act::Redact(Whose::Own), 0, room);
    assert!(ask(&world, by(FABIO), &others("icu")).is_ok(), "an equal's, or an administrator's");
    assert_eq!(ask(&world, by(FABIO), &others("ward")), Err(without(Right::Redact, "ward")));
    assert!(ask(&world, by(INES), &own("icu")).is_ok());
    assert_eq!(ask(&world, by(INES), &others("icu")), Err(without(Right::Redact, "icu")));
    for who in [BIA, FABIO, EVA] {
        assert_eq!(ask(&world, by(who), &others("control")), Err(without(Right::Approve, "control")));
        assert!(ask(&world, by(who), &own("control")).is_ok());
    }
    assert!(ask(&world, by(ANA), &others("control")).is_ok());
    assert!(ask(&world, Asker::BreakGlass, &request(Act::Approve, 0, "")).is_ok());
    assert_eq!(ask(&world, by(DORA), &request(Act::Approve, 0, "")), Err(without(Right::Approve, "")));
}

/// Everybody's powers in all places.
fn powers(
    world: &World,
    directory: &Directory,
    grants: &[Grant],
    at: Timestamp,
) -> BTreeMap<(i64, String), PersonPowers> {
    let access = Access::new(directory, &world.policy, grants, at);
    let mut all = BTreeMap::new();
    for person in directory.people() {
        for room in world.policy.rooms.keys().map(Some).chain([None]) {
            let place = room.map_or_else(String::new, ToString::to_string);
            all.insert((person.id.0, place), access.powers(person, room));
        }
    }
    all
}

fn some_act(dice: &mut Dice, world: &World, person: PersonId) -> Act {
    let own: Vec<GrantId> = world.grants.iter().filter(|grant| grant.person == person).map(|grant| grant.id).collect();
    match dice.below(11) {
        0 => MODERATOR,
        1 => ADMIN,
        2 | 3 => to(dice.pick(&[5, 10, 50, 60, 100])),
        4 | 5 => Act::Demote,
        6 => Act::Mute,
        7 => Act::Unmute,
        8 => dice.pick(&[Act::Kick, Act::Ban, Act::Unban]),
        9 if !own.is_empty() => Act::End(dice.pick(&own)),
        _ => dice.pick(&[Act::Lock, Act::Unlock]),
    }
}

/// The maximum of both, of level and rights separately.
fn with(one: &PersonPowers, other: &PersonPowers) -> PersonPowers {
    PersonPowers { level: one.level.max(other.level), rights: one.rights.union(&other.rights).copied().collect() }
}

fn is_within(powers: &PersonPowers, bound: &PersonPowers, place: &str) -> bool {
    (place.is_empty() || powers.level <= bound.level) && powers.rights.is_subset(&bound.rights)
}

#[test]
fn by_no_sequence_of_commands_anybody_ends_with_more_than_was_held_and_nobody_as_high_loses() {
    let counts: RefCell<BTreeMap<&'static str, usize>> = RefCell::default();
    let number = Cell::new(0);
    in_all_worlds(|mut world| {
        let directory = world.directory();
        let people: Vec<PersonId> = world.people.iter().map(|person| person.id).collect();
        let access = Access::new(&directory, &world.policy, &[], world.now);
        // People without rights are refused everything, as other tests show.
        let is_active = |one: &Person| world.policy.users.standing.standing(one, world.now) == Some(Standing::Active);
        let may = |one: &Person| is_active(one) && access.rights_anywhere(one).len() > 1;
        let has_rights = |id: &PersonId| directory.get(*id).is_some_and(may);
        let bound = people.iter().copied().filter(|id| world.bindings.contains_key(id));
        let askers: Vec<PersonId> = bound.filter(|id| has_rights(id)).collect();
        if askers.is_empty() {
            return;
        }
        number.set(number.get() + 1);
        let mut dice = Dice::new(number.get());
        // Only few people, so that requests about the same person interact.
        let people: Vec<PersonId> = (0..3).map(|_| dice.pick(&people)).collect();
        let by_policy = powers(&world, &directory, &[], world.now);
        // Upper bounds of everybody's powers: by the policy, by earlier grants, and by the powers of askers.
        let mut bounds = by_policy.clone();
        let raise = |bounds: &mut BTreeMap<(i64, String), PersonPowers>, world: &World| {
            let ends = world.grants.iter().filter_map(|grant| grant.expires_at);
            for at in ends.chain([world.now]).filter(|at| *at >= world.now) {
                for (place, had) in powers(world, &directory, &world.grants, at) {
                    let bound = bounds.entry(place).or_default();
                    *bound = with(bound, &had);
                }
            }
        };
        raise(&mut bounds, &world);
        let mut places: Vec<Option<RoomKey>> = world.policy.rooms.keys().take(4).cloned().map(Some).collect();
        places.extend([None, Some(RoomKey::new("hospital"))]);
        for _ in 0..60 {
            if dice.chance(30) {
                world.now = world.now.checked_add(SignedDuration::from_mins(40)).expect("an instant");
                world.grants.retain(|grant| grant.holds_at(world.now));
            }
            let (asker, person) = (dice.pick(&askers), dice.pick(&people));
            let what = some_act(&mut dice, &world, person);
            let place = match what {
                Act::End(id) => world.grants.iter().find(|grant| grant.id == id).and_then(|grant| grant.scope.clone()),
                what if what.is_of_account() => None,
                _ => dice.pick(&places),
            };
            let until = dice.chance(40).then(|| hours(&world, dice.pick(&[1, 3])));
            let request = Request { act: what, person: Some(person), place, until };
            if dice.chance(25) {
                // The operator's grants may be overridden by other requests, or override them.
                if act(&mut world, Asker::Operator, &request).is_ok() {
                    raise(&mut bounds, &world);
                }
                continue;
            }
            let grants = world.grants.clone();
            let before = powers(&world, &directory, &grants, world.now);
            let Ok(allowed) = act(&mut world, Asker::Person(asker), &request) else { continue };
            *counts.borrow_mut().entry(what.grant().map_or("lifts", GrantKind::as_str)).or_default() += 1;
            assert_ne!(asker, person, "to oneself");
            let giver = world.bindings[&asker].user.as_str();
            let not_given: Vec<Grant> = grants.iter().filter(|grant| grant.asker != giver).cloned().collect();
            let left = powers(&world, &directory, &not_given, world.now);
            let after = powers(&world, &directory, &world.grants, world.now);
            let told = |place: &str| format!("{asker} {request:?} {allowed:?} in {place:?} with {grants:#?}");
            for ((id, place), had) in &before {
                let key = (*id, place.clone());
                let (has, own) = (&after[&key], &before[&(asker.0, place.clone())]);
                let room = (!place.is_empty()).then(|| RoomKey::new(place.clone()));
                let is_in =
                    |room: &RoomKey| request.place.as_ref().is_none_or(|p| world.policy.distance(room, p).is_some());
                let is_reached = room.as_ref().map_or(request.place.is_none(), is_in);
                if *id == person.0 && is_reached {
                    let bound = bounds.entry(key.clone()).or_default();
                    *bound = with(bound, own);
                } else {
                    assert_eq!(has, had, "somebody or somewhere else: {}", told(place));
                }
                let most = with(&with(had, own), &by_policy[&key]);
                assert!(is_within(has, &most, place), "more than was held: {}", told(place));
                let keeps_out = matches!(what, Act::Kick | Act::Ban) && room.is_some() && is_reached;
                let loses = *id == person.0 && (!is_within(had, has, place) || keeps_out);
                let gave_it = !keeps_out && is_within(&left[&key], has, place);
                let was_lower = match place.is_empty() {
                    true => had.rights != own.rights,
                    false => had.level.min(left[&key].level) < own.level,
                };
                assert!(!loses || gave_it || was_lower, "from who stands as high: {}", told(place));
            }
        }
        // Also after all temporary grants have ended.
        for hours_on in [0, 2, 5] {
            let at = hours(&world, hours_on);
            for (key, has) in powers(&world, &directory, &world.grants, at) {
                assert!(is_within(&has, &bounds[&key], &key.1), "{key:?} has {has:?} at {at}: {:#?}", world.grants);
            }
        }
    });
    let counts = counts.into_inner();
    assert!(counts.len() == 8 && counts.values().all(|count| *count >= 10), "{counts:?}");
}

#[test]
fn what_the_brakes_hold_of_somebody_does_nothing_by_command_either() {
    let world = hospital();
    let kick = request(Act::Kick, INES, "ward");
    let gains = gain(GIL, &["level 50 in ward", "right kick in ward", "right promote in ward"]);
    let held = WaitingGains::new([&gains], BTreeMap::new());
    assert!(ask(&world, by(GIL), &kick).is_ok());
    assert_eq!(ask_while(&held, &world, by(GIL), &kick), Err(Refusal::GainHeld { right: Right::Kick }));
    // Own messages need no right, and rights that are not held work.
    assert!(ask_while(&held, &world, by(GIL), &request(Act::Redact(Whose::Own), 0, "ward")).is_ok());
    assert!(ask_while(&held, &world, by(GIL), &request(Act::Redact(Whose::Others), 0, "ward")).is_ok());
    assert!(ask_while(&held, &world, by(ANA), &kick).is_ok(), "somebody else's");
    // A held level cannot be given away, not even by somebody whose rights were noted before.
    let noted = |powers: &[&str]| {
        BTreeMap::from([(PersonId(GIL), powers.iter().map(|p| p.parse().expect("a power")).collect())])
    };
    let had = WaitingGains::new([&gains], noted(&["right kick in ward", "right promote in hospital"]));
    assert!(ask_while(&had, &world, by(GIL), &kick).is_ok());
    let promote = |level| request(Act::Promote(Rank::Level(level)), INES, "ward");
    assert!(ask_while(&had, &world, by(GIL), &promote(49)).is_ok());
    let above = Refusal::Above { level: 50, own: 49, room: Some(RoomKey::new("ward")) };
    assert_eq!(ask_while(&had, &world, by(GIL), &promote(50)), Err(above));
    // A gain everywhere is held in every room, except where the person already had the power.
    let all = gain(ANA, &["level 100 everywhere", "right kick everywhere"]);
    let had = BTreeMap::from([(PersonId(ANA), ["right kick in icu".parse().expect("a power")].into())]);
    let waiting = WaitingGains::new([&all], had);
    assert!(ask_while(&waiting, &world, by(ANA), &request(Act::Kick, INES, "icu")).is_ok());
    for place in ["ward", "hospital", ""] {
        let asked = ask_while(&waiting, &world, by(ANA), &request(Act::Kick, INES, place));
        assert_eq!(asked, Err(Refusal::GainHeld { right: Right::Kick }), "{place:?}");
    }
}
