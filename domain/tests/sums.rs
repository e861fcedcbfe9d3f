//! How much one person may do by command within a day before somebody else has to agree.

use std::collections::BTreeSet;

use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::{Grant, GrantId, GrantKind};
use equipemed_domain::key::RoomKey;
use equipemed_domain::policy::Limits;
use equipemed_domain::sums::{Beyond, Past, Sum, SumContext, SumOrder, beyond};
use jiff::{SignedDuration, Timestamp};

const CHIEF: &str = "@chefe:h.example";

fn now() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().expect("an instant")
}

fn people(ids: impl IntoIterator<Item = i64>) -> BTreeSet<PersonId> {
    ids.into_iter().map(PersonId).collect()
}

/// A grant in force that the chief requested some hours ago.
fn past(person: i64, kind: GrantKind, hours: i64) -> Past {
    let created_at = now().checked_sub(SignedDuration::from_hours(hours)).expect("an instant");
    let grant = Grant {
        id: GrantId(person),
        person: PersonId(person),
        kind,
        scope: None,
        asker: CHIEF.to_owned(),
        reason: None,
        created_at,
        expires_at: None,
    };
    Past { grant, ended: None }
}

fn ended(past: Past, by: &str) -> Past {
    Past { ended: Some((now(), by.to_owned())), ..past }
}

/// The judgement in a hospital with `active` people; `icu` has 12 members, `todos` everybody.
fn judged(active: i64, kind: GrantKind, who: &BTreeSet<PersonId>, before: &[Past]) -> Option<(Sum, usize, usize)> {
    let rooms = [RoomKey::from("icu"), RoomKey::from("todos")];
    let lowered = if kind.level().is_some_and(|level| level < 50) { who.clone() } else { BTreeSet::new() };
    let order = SumOrder {
        asker: CHIEF,
        kind: Some(kind),
        people: who.clone(),
        lowered,
        signed_out: people([]),
        rooms: &rooms,
    };
    let limits = Limits::default();
    let with = SumContext { limits: &limits, active: usize::try_from(active).expect("small"), now: now() };
    let members = |room: &RoomKey| if room.as_str() == "icu" { people(1..=12) } else { people(1..=active) };
    let covers = |scope: Option<&RoomKey>, room: &RoomKey| scope.is_none_or(|scope| scope == room);
    beyond(&order, before, with, members, covers).map(|Beyond { sum, people, limit }| (sum, people, limit))
}

#[test]
fn as_many_are_locked_by_one_persons_word_as_the_brakes_let_pass() {
    for (active, most) in [(20, 4), (49, 4), (50, 5), (100, 10), (109, 10)] {
        let limit = usize::try_from(most).expect("small");
        assert_eq!(judged(active, GrantKind::Lock, &people(1..=most), &[]), None, "{most} of {active}");
        let found = judged(active, GrantKind::Lock, &people(1..=most + 1), &[]);
        assert_eq!(found, Some((Sum::Locked, limit + 1, limit)), "of {active}");
    }
    let fifty = judged(200, GrantKind::Lock, &people(1..=50), &[]);
    assert_eq!(fifty, Some((Sum::Locked, 50, 20)));
}

#[test]
fn single_acts_add_up_and_what_was_lifted_counts_for_nothing() {
    let mut before: Vec<Past> = (1..=4).map(|person| past(person, GrantKind::Lock, 2)).collect();
    assert_eq!(judged(20, GrantKind::Lock, &people([5]), &before), Some((Sum::Locked, 5, 4)));
    assert_eq!(judged(20, GrantKind::Deactivate, &people([5]), &before), Some((Sum::Locked, 5, 4)), "together");
    assert_eq!(judged(20, GrantKind::Lock, &people([4]), &before), None, "the same person again");
    before[0] = ended(before[0].clone(), "@outra:h.example");
    assert_eq!(judged(20, GrantKind::Lock, &people([5]), &before), None, "unlocked by whomever");
    before[0] = past(1, GrantKind::Lock, 25);
    assert_eq!(judged(20, GrantKind::Lock, &people([5]), &before), None, "a day ago");
    before[0] = past(1, GrantKind::Lock, 1);
    before[0].grant.expires_at = Some(now());
    assert_eq!(judged(20, GrantKind::Lock, &people([5]), &before), None, "over");
    before[0] = past(1, GrantKind::Lock, 1);
    before[0].grant.asker = "@outra:h.example".to_owned();
    assert_eq!(judged(20, GrantKind::Lock, &people([5]), &before), None, "somebody else's");
}

#[test]
fn deactivations_have_a_limit_of_their_own() {
    assert_eq!(judged(1000, GrantKind::Deactivate, &people(1..=5), &[]), None);
    assert_eq!(judged(1000, GrantKind::Deactivate, &people(1..=6), &[]), Some((Sum::Deactivated, 6, 5)));
    let before: Vec<Past> = (1..=5).map(|person| past(person, GrantKind::Deactivate, 20)).collect();
    assert_eq!(judged(1000, GrantKind::Deactivate, &people([6]), &before), Some((Sum::Deactivated, 6, 5)));
    assert_eq!(judged(1000, GrantKind::Lock, &people([6]), &before), None, "a lock is none");
}

#[test]
fn removals_count_in_each_room_against_its_members() {
    let icu = || Sum::Removed { room: "icu".into() };
    assert_eq!(judged(100, GrantKind::Kick, &people(1..=5), &[]), None);
    assert_eq!(judged(100, GrantKind::Kick, &people(1..=6), &[]), Some((icu(), 6, 5)));
    assert_eq!(judged(100, GrantKind::Ban, &people(1..=6), &[]), Some((icu(), 6, 5)));
    assert_eq!(judged(100, GrantKind::Ban, &people(40..=60), &[]), None, "who is no member is not removed");
    let mut before: Vec<Past> = (1..=5).map(|person| past(person, GrantKind::Ban, 3)).collect();
    assert_eq!(judged(100, GrantKind::Kick, &people([6]), &before), Some((icu(), 6, 5)));
    before[0].grant.scope = Some("todos".into());
    assert_eq!(judged(100, GrantKind::Kick, &people([6]), &before), None, "one was banned elsewhere");
    assert_eq!(judged(100, GrantKind::Lock, &people([6]), &before), None, "another sum");
}

#[test]
fn power_that_was_given_counts_even_when_it_was_taken_back() {
    let chief = |person| ended(past(person, GrantKind::Admin, 5), CHIEF);
    let before: Vec<Past> = (1..=3).map(chief).collect();
    assert_eq!(judged(500, GrantKind::Admin, &people([4]), &before), Some((Sum::Entrusted, 4, 3)));
    assert_eq!(judged(500, GrantKind::Level(100), &people([4]), &before), Some((Sum::Entrusted, 4, 3)));
    assert_eq!(judged(500, GrantKind::Admin, &people([3]), &before), None, "the same person again");
    assert_eq!(judged(500, GrantKind::Moderator, &people(4..=10), &before), None, "ten in all");
    assert_eq!(judged(500, GrantKind::Moderator, &people(4..=11), &before), Some((Sum::Empowered, 11, 10)));
    assert_eq!(judged(500, GrantKind::Level(50), &people(1..=11), &[]), Some((Sum::Empowered, 11, 10)));
    assert_eq!(judged(500, GrantKind::Level(49), &people(1..=10), &[]), None);
}

#[test]
fn levels_that_are_taken_count_with_voices() {
    assert_eq!(judged(500, GrantKind::Level(0), &people(1..=10), &[]), None);
    assert_eq!(judged(500, GrantKind::Level(0), &people(1..=11), &[]), Some((Sum::Lowered, 11, 10)));
    let mut before: Vec<Past> = (1..=5).map(|person| past(person, GrantKind::Mute, 3)).collect();
    before.extend((6..=10).map(|person| ended(past(person, GrantKind::Moderator, 90), CHIEF)));
    assert_eq!(judged(500, GrantKind::Mute, &people([11]), &before), Some((Sum::Lowered, 11, 10)));
    before[4] = ended(before[4].clone(), CHIEF);
    assert_eq!(judged(500, GrantKind::Mute, &people([11]), &before), None, "one has the voice back");
    before[9] = ended(past(10, GrantKind::Moderator, 90), "@outra:h.example");
    assert_eq!(judged(500, GrantKind::Mute, &people([11, 12]), &before), None, "one was ended by somebody else");
}

#[test]
fn who_only_lifts_something_needs_nobody() {
    let order = SumOrder {
        asker: CHIEF,
        kind: None,
        people: people(1..=400),
        lowered: BTreeSet::new(),
        signed_out: BTreeSet::new(),
        rooms: &[RoomKey::from("icu")],
    };
    let limits = Limits::default();
    let with = SumContext { limits: &limits, active: 400, now: now() };
    let before: Vec<Past> = (1..=40).map(|person| past(person, GrantKind::Ban, 1)).collect();
    assert_eq!(beyond(&order, &before, with, |_| people(1..=400), |_, _| true), None);
}

#[test]
fn as_many_are_signed_out_by_one_persons_word_as_are_locked() {
    let limits = Limits::default();
    let with = SumContext { limits: &limits, active: 100, now: now() };
    let judged = |count| {
        let signed_out = people(1..=count);
        let (lowered, people) = (BTreeSet::new(), people([1]));
        let order = SumOrder { asker: CHIEF, kind: None, people, lowered, signed_out, rooms: &[] };
        beyond(&order, &[], with, |_| BTreeSet::new(), |_, _| true)
    };
    assert_eq!(judged(10), None);
    assert_eq!(judged(11), Some(Beyond { sum: Sum::SignedOut, people: 11, limit: 10 }));
}
