//! A level event that is nearly full: who gets an entry, who waits, and that power can always be taken.

use std::collections::BTreeMap;

use equipemed_domain::action::{Change, LevelChanges};
use equipemed_domain::default_level::{Proposal, proposals};
use equipemed_domain::level_budget::{ENVELOPE, MOST_BYTES, Overflow, RESERVE, takes_alone, within_budget};
use equipemed_domain::levels::{first_levels, initial_content, levelling, with_changes};
use equipemed_domain::observed::{Membership, ObservedRoom};
use equipemed_domain::policy::RoomKind;
use ruma_common::OwnedUserId;
use serde_json::{Map, Value, json};

use crate::world::dice::Dice;
use crate::world::reader::Case;
use crate::world::{agreeing, random, user_id};

/// A user with a localpart of 140 characters.
fn long(number: usize) -> OwnedUserId {
    user_id(&format!("{}{number:05}", "n".repeat(135)))
}

fn size(content: &Map<String, Value>) -> usize {
    serde_json::to_string(content).expect("JSON").len() + ENVELOPE
}

/// A room created by the bot, with these entries.
fn room(entries: &[(OwnedUserId, i64)]) -> ObservedRoom {
    let policy = random::world(1, 0, 0).policy;
    let mut room = agreeing::room(&policy, &"hospital".into(), "12");
    let people: BTreeMap<_, _> = entries.iter().cloned().collect();
    room.power_levels = Some(initial_content("12", RoomKind::Room, &policy.bot, &people, 0));
    room.members.extend(entries.iter().map(|(user, _)| (user.clone(), Membership::Join)));
    room
}

/// Writes these desired levels; returns the changes and what did not fit.
fn written(room: &mut ObservedRoom, wanted: &[(OwnedUserId, i64)]) -> (LevelChanges, Option<Overflow>) {
    let levels = levelling(room, i64::MAX, &wanted.iter().cloned().collect(), Some(0));
    let content = with_changes(room.power_levels.as_ref(), &levels.changes);
    assert!(size(&content) <= MOST_BYTES, "{} bytes", size(&content));
    room.power_levels = Some(content);
    (levels.changes, levels.overflow)
}

/// A full room: as many people at level 25 as fit.
fn full() -> (ObservedRoom, Vec<(OwnedUserId, i64)>) {
    let mut room = room(&[]);
    let wanted: Vec<_> = (0..500).map(|number| (long(number), 25)).collect();
    written(&mut room, &wanted);
    let there = wanted.into_iter().filter(|(user, _)| room.user_entry(user).is_some()).collect();
    (room, there)
}

#[test]
fn what_gives_stops_before_the_limit_and_the_rest_is_counted() {
    let mut room = room(&[]);
    let wanted: Vec<_> = (0..500).map(|number| (long(number), 25)).collect();
    let (changes, overflow) = written(&mut room, &wanted);
    let overflow = overflow.expect("500 people are too many");
    let now = size(room.power_levels.as_ref().expect("levels"));
    assert!(now <= MOST_BYTES - RESERVE && now > MOST_BYTES - RESERVE - 200, "{now} bytes");
    assert_eq!((overflow.entries, overflow.waiting), (changes.users.len(), 500 - changes.users.len()));
    assert!(overflow.bytes > 75_000 && overflow.bytes < 85_000, "{overflow:?}");
    // The second time nothing fits, and nothing is written.
    let (again, still) = written(&mut room, &wanted);
    assert!(again.is_empty(), "{again:?}");
    assert_eq!(still, Some(overflow));
}

#[test]
fn the_highest_come_first_and_whoever_has_an_entry_keeps_it() {
    let mut fresh = room(&[]);
    let mut wanted: Vec<_> = (0..500).map(|number| (long(number), 25)).collect();
    for (_, level) in &mut wanted[490..] {
        *level = 100;
    }
    written(&mut fresh, &wanted);
    assert!(wanted[490..].iter().all(|(user, _)| fresh.user_entry(user) == Some(100)), "100 before 25");

    let (mut room, mut wanted) = full();
    let before = wanted.clone();
    let newcomers: Vec<_> = (900..910).map(|number| (long(number), 100)).collect();
    wanted.extend(newcomers.clone());
    let (changes, overflow) = written(&mut room, &wanted);
    assert!(changes.is_empty(), "nobody makes room for them: {changes:?}");
    assert_eq!(overflow.expect("full").waiting, 10);
    assert!(before.iter().all(|(user, _)| room.user_entry(user) == Some(25)));
    // A shorter name with a lower level does not take the space that a higher level waits for.
    wanted.push((user_id("s"), 10));
    assert!(written(&mut room, &wanted).0.is_empty());
    // When one entry goes, the highest waiting level gets in.
    wanted[0].1 = 0;
    let (changes, _) = written(&mut room, &wanted);
    assert_eq!(changes.users.get(&long(0)).map(|change| change.to), Some(None));
    assert_eq!(room.user_entry(&newcomers[0].0), Some(100));
    assert_eq!(changes.users.len(), 2, "{changes:?}");
}

#[test]
fn a_higher_level_in_an_entry_that_is_there_needs_no_room() {
    let (mut room, mut wanted) = full();
    wanted[3].1 = 50;
    let (changes, overflow) = written(&mut room, &wanted);
    assert_eq!((changes.users.len(), overflow), (1, None));
    assert_eq!(room.user_entry(&long(3)), Some(50));
}

#[test]
fn power_is_taken_however_full_it_is() {
    let (mut room, mut wanted) = full();
    let others = wanted.len() - 60;
    for (_, level) in &mut wanted[..30] {
        *level = 0;
    }
    for (_, level) in &mut wanted[30..60] {
        *level = -1;
    }
    // Muted people without an entry need one.
    wanted.extend((1000..1100).map(|number| (long(number), -1)));
    let (_, _) = written(&mut room, &wanted);
    assert!(wanted[..30].iter().all(|(user, _)| room.user_entry(user).is_none()));
    assert!(wanted[30..60].iter().all(|(user, _)| room.user_entry(user) == Some(-1)));
    assert!((1000..1100).all(|number| room.user_entry(&long(number)) == Some(-1)), "all are muted");
    let kept = wanted[60..60 + others].iter().filter(|(user, _)| room.user_entry(user) == Some(25)).count();
    assert!(kept < others && kept > others - 80, "some of the lowest made room: {kept} of {others}");
    assert!(written(&mut room, &wanted).0.is_empty(), "and that is a rest");
}

#[test]
fn what_others_wrote_into_the_event_makes_no_room_and_stops_no_taking() {
    // An event at the limit, full of people who are not managed here.
    let strangers: Vec<_> = (0..360).map(|number| (long(5000 + number), 50)).collect();
    let mut room = room(&strangers);
    let pad = MOST_BYTES - size(room.power_levels.as_ref().expect("levels")) - 60;
    room.power_levels.as_mut().expect("levels").insert("org.example.pad".to_owned(), json!("p".repeat(pad)));
    let ana = user_id("ana");
    room.power_levels.as_mut().expect("levels")["users"][ana.as_str()] = json!(100);
    let wanted = [(ana.clone(), 0), (user_id("bia"), 50), (user_id("caio"), -1)];
    let (changes, overflow) = written(&mut room, &wanted);
    assert_eq!(room.user_entry(&ana), None, "what takes is written alone");
    assert_eq!(room.user_entry(&user_id("bia")), None);
    assert_eq!(overflow.expect("full").waiting, 1, "{changes:?}");
    assert_eq!(room.user_entry(&user_id("caio")), Some(-1), "in the place that became free");
}

#[test]
fn everybodys_level_makes_room_for_all() {
    let (mut room, there) = full();
    let mut people: BTreeMap<_, _> = (0..5000).map(|number| (long(number), 25)).collect();
    people.insert(user_id("mudo"), -1);
    let levels = levelling(&room, i64::MAX, &people, Some(25));
    assert_eq!(levels.overflow, None);
    room.power_levels = Some(with_changes(room.power_levels.as_ref(), &levels.changes));
    assert_eq!(room.users_default(), 25);
    assert_eq!(room.user_entries().collect::<Vec<_>>(), [(user_id("mudo"), -1)]);
    assert_eq!(levels.changes.users.len(), there.len() + 1);
    // Not if there is no space to name everybody who must not have it: then everybody keeps their level.
    let (room, there) = full();
    let mut people: BTreeMap<_, _> = there.iter().cloned().collect();
    people.extend((1000..1600).map(|number| (long(number), 0)));
    let levels = levelling(&room, i64::MAX, &people, Some(25));
    let content = with_changes(room.power_levels.as_ref(), &levels.changes);
    assert_eq!(content["users_default"], 0, "strangers would have had it");
    assert!(there.iter().all(|(user, _)| content["users"][user.as_str()] == 25));
}

#[test]
fn a_room_begins_with_as_many_as_fit() {
    let bot = user_id("equipemed_bot");
    for version in ["11", "12"] {
        let mut people: BTreeMap<_, _> = (0..600).map(|number| (long(number), 25)).collect();
        people.insert(user_id("chefe"), 100);
        let (first, overflow) = first_levels(version, RoomKind::Room, &bot, people.clone(), 0);
        let content = initial_content(version, RoomKind::Room, &bot, &first, 0);
        assert!(size(&content) <= MOST_BYTES - RESERVE + 200, "{} bytes", size(&content));
        assert_eq!(first.get(&user_id("chefe")), Some(&100));
        assert_eq!(overflow.expect("too many").waiting, people.len() - first.len());
        let (first, overflow) = first_levels(version, RoomKind::Room, &bot, people, 25);
        assert_eq!((first, overflow), (BTreeMap::from([(user_id("chefe"), 100)]), None));
    }
}

#[test]
fn an_event_that_synapse_finds_too_large_all_the_same_takes_what_is_taken() {
    let room = room(&[(user_id("ana"), 100), (user_id("bia"), 25)]);
    let change = |from: Option<i64>, to| Change { from, to };
    let users = [
        (user_id("ana"), change(Some(100), None)),
        (user_id("bia"), change(Some(25), Some(50))),
        (user_id("caio"), change(None, Some(-1))),
        (user_id("dora"), change(None, Some(25))),
    ];
    let changes = LevelChanges { users: users.into(), ..LevelChanges::default() };
    let alone = takes_alone(room.power_levels.as_ref(), &changes);
    assert_eq!(alone.users.keys().map(|user| user.localpart()).collect::<Vec<_>>(), ["ana", "caio"]);
}

/// With any amount of free space: never beyond the limits, takes before gives, and nothing to do the second time.
#[test]
fn it_holds_for_any_mixture() {
    for seed in 0..300 {
        let mut dice = Dice::new(seed);
        let name = |dice: &mut Dice, number: usize| user_id(&format!("{}{number}", "x".repeat(dice.below(150))));
        let entries: Vec<_> =
            (0..dice.below(500)).map(|number| (name(&mut dice, number), dice.pick(&[-1, 25, 50, 100]))).collect();
        let mut room = room(&[]);
        written(&mut room, &entries);
        let before = room.clone();
        let default = dice.pick(&[0, 0, 25]);
        let mut wanted: BTreeMap<_, _> = entries
            .iter()
            .map(|(user, level)| (user.clone(), if dice.chance(70) { *level } else { dice.pick(&[-1, 0, 25, 100]) }))
            .collect();
        wanted.extend((500..500 + dice.below(200)).map(|number| (name(&mut dice, number), dice.pick(&[-1, 0, 50]))));
        let levels = levelling(&room, i64::MAX, &wanted, Some(default));
        let content = with_changes(room.power_levels.as_ref(), &levels.changes);
        assert!(size(&content) <= MOST_BYTES, "{seed}: {} bytes", size(&content));
        room.power_levels = Some(content);
        for (user, level) in &wanted {
            let (had, has) = (before.level_of(user), room.level_of(user));
            assert!(has <= had.max(*level), "{seed}: {user} {had} -> {has}, not {level}");
            assert!(has <= *level || levels.overflow.is_some(), "{seed}: {user} kept {has} instead of {level}");
        }
        if levels.overflow.is_none() {
            assert!(wanted.iter().all(|(user, level)| room.level_of(user) == *level), "{seed}");
        }
        let again = levelling(&room, i64::MAX, &wanted, Some(default));
        assert!(again.changes.is_empty(), "{seed}: {:?}", again.changes);
    }
}

#[test]
fn a_change_that_fits_is_not_looked_at_twice() {
    let changes =
        LevelChanges { users: [(user_id("a"), Change { from: None, to: Some(50) })].into(), ..LevelChanges::default() };
    let fits = within_budget(None, changes.clone(), &BTreeMap::new());
    assert_eq!((fits.changes, fits.overflow, fits.takes_wait), (changes, None, false));
}

#[test]
fn a_level_that_a_rule_gives_to_all_members_is_proposed() {
    let case: Case = serde_yaml::from_str(
        "
about: rules
policy:
  roles:
    doctor: {when: {profession: medical_doctor}}
    nurse: {when: {profession: nurse}, level: 30}
    icu: {when: {all: [{group: UTI}, {role: doctor}]}, in: ward, level: 40}
    all: {when: {any: true}, in: annex, level: 5}
    chief: {when: {superuser: true}, level: 100}
  rooms:
    doctors: {members: {role: doctor}, levels: {doctor: 25}}
    same_rule: {members: {profession: medical_doctor}, levels: {doctor: 25}}
    nurses: {members: {role: nurse}}
    both: {members: {any_of: [{role: doctor}, {role: nurse}]}, levels: {doctor: 25}}
    some: {members: {any_of: [{role: doctor}, {group: UTI}]}, levels: {doctor: 25}}
    narrowed: {members: {all: [{role: doctor}, {group: UTI}]}, levels: {doctor: 25}}
    ward: {members: {all: [{group: UTI}, {role: doctor}]}}
    elsewhere: {members: {all: [{group: UTI}, {role: doctor}]}}
    annex: {members: {group: UTI}}
    everybody: {members: {any: true}, levels: {doctor: 25}}
    moderators: {members: {role: doctor}, levels: {doctor: 50}}
    chiefs: {members: {role: chief}}
    has_one: {members: {role: doctor}, levels: {doctor: 25}, default_level: 10}
    muted: {members: {role: doctor}, levels: {doctor: -1}}
",
    )
    .expect("a case");
    let found: Vec<_> = proposals(&case.read().0.policy)
        .into_iter()
        .map(|Proposal { room, level }| format!("{room} {level}"))
        .collect();
    let expected = ["annex 5", "both 25", "doctors 25", "narrowed 25", "nurses 30", "same_rule 25", "ward 40"];
    assert_eq!(found, expected);
}
