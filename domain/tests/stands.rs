//! A state is confirmed only if it was observed; otherwise there is a specific reason.

use std::collections::BTreeSet;

use equipemed_domain::authority::Act;
use equipemed_domain::command::Rank;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::RoomSight;
use equipemed_domain::stands::{Looked, Unmet, in_room, of_account};

use crate::world::reader::Case;
use crate::world::reader::refused;
use crate::world::{World, agreeing, user_id};

const HOSPITAL: &str = "
about: People who belong in the room, one who does not, one who is off, one who is left out.
policy:
  users: {who: {group: Rede}}
  rooms:
    icu: {members: {group: UTI}}
people:
  - {id: 1, username: ana, groups: [Rede, UTI]}
  - {id: 2, username: bia, groups: [Rede]}
  - {id: 3, username: caio, groups: [Rede, UTI], account_status: suspended}
  - {id: 4, username: dora, groups: [UTI]}
  - {id: 5, username: eva, groups: [Rede, UTI], account_status: on_the_moon}
grants:
  - {id: 1, who: 1, kind: 50, in: icu}
rooms:
  icu: {members: [ana, caio, dora, eva], levels: {ana: 50}}
expect: {}
";

const PROMOTE: Act = Act::Promote(Rank::Level(50));

fn hospital(change: impl Fn(&mut equipemed_domain::observed::ObservedRoom)) -> World {
    let case: Case = serde_yaml::from_str(HOSPITAL).expect("a case");
    let mut world = case.read().0;
    if let Some(RoomSight::Seen(room)) = world.observed.rooms.get_mut(&RoomKey::new("icu")) {
        change(room);
    }
    world
}

fn unmet(world: &World, act: Act, name: &str, deleted: &BTreeSet<RoomKey>) -> Option<Unmet> {
    let desired = world.desired();
    let looked = Looked { bot: &world.policy.bot, desired: &desired, observed: &world.observed, deleted };
    in_room(act, &user_id(name), &RoomKey::new("icu"), looked)
}

#[test]
fn it_is_so_only_where_it_was_seen_to_be_so() {
    let none = BTreeSet::new();
    let world = hospital(|_| ());
    assert_eq!(unmet(&world, PROMOTE, "ana", &none), None);
    assert_eq!(unmet(&world, Act::Kick, "bia", &none), None, "out already");
    assert_eq!(unmet(&world, Act::Kick, "ana", &none), Some(Unmet::NotYet));
    assert_eq!(unmet(&world, Act::Ban, "bia", &none), Some(Unmet::NotYet), "out is not banned");
    assert_eq!(unmet(&world, PROMOTE, "bia", &none), Some(Unmet::NotMember));
    assert_eq!(unmet(&world, PROMOTE, "caio", &none), Some(Unmet::Off));
    // Whom `users.who` does not select is no longer in the room, and has no level by command either.
    assert_eq!(unmet(&world, Act::Demote, "dora", &none), Some(Unmet::Released));
    assert_eq!(unmet(&world, Act::Kick, "dora", &none), Some(Unmet::NotYet));
    assert_eq!(unmet(&world, Act::Demote, "eva", &none), Some(Unmet::Unclear));
    let lower = hospital(|room| _ = room.power_levels.as_mut().map(|levels| levels.remove("users")));
    assert_eq!(unmet(&lower, PROMOTE, "ana", &none), Some(Unmet::NotYet));
}

#[test]
fn a_room_that_cannot_be_worked_on_is_no_room_where_it_is_so() {
    let none = BTreeSet::new();
    let key = RoomKey::new("icu");
    for act in [PROMOTE, Act::Demote, Act::Kick, Act::Ban, Act::Mute, Act::Unmute, Act::Unban] {
        let mut world = hospital(|_| ());
        assert_eq!(unmet(&world, act, "ana", &BTreeSet::from([key.clone()])), Some(Unmet::Deleted));
        let why = refused("M_FORBIDDEN");
        let sight = RoomSight::Unreadable { room_id: agreeing::room_id("icu"), why: why.clone() };
        world.observed.rooms.insert(key.clone(), sight);
        assert_eq!(unmet(&world, act, "ana", &none), Some(Unmet::Unreadable { why }));
        world.observed.rooms.insert(key.clone(), RoomSight::Absent);
        assert_eq!(unmet(&world, act, "ana", &none), Some(Unmet::NoRoom));
        assert_eq!(
            unmet(&hospital(|room| room.replaced = Some(Default::default())), act, "ana", &none),
            Some(Unmet::Replaced)
        );
        let bot =
            |room: &mut equipemed_domain::observed::ObservedRoom| _ = room.members.remove(&user_id("equipemed_bot"));
        assert_eq!(unmet(&hospital(bot), act, "ana", &none), Some(Unmet::BotOut));
    }
    // The creator of an adopted room has the bot's own level, so the bot cannot change it.
    let adopted = hospital(|room| {
        room.version = "11".to_owned();
        room.power_levels =
            serde_json::json!({"users": {"@ana:h.example": 100, "@equipemed_bot:h.example": 100}}).as_object().cloned();
    });
    for act in [PROMOTE, Act::Kick, Act::Ban, Act::Demote] {
        let found = unmet(&adopted, act, "ana", &none);
        assert_eq!(found, Some(Unmet::OutOfReach { level: 100, bot: 100 }), "{act:?}");
    }
}

#[test]
fn an_account_is_locked_when_synapse_says_so() {
    let world = hospital(|_| ());
    let (desired, none) = (world.desired(), BTreeSet::new());
    let looked = Looked { bot: &world.policy.bot, desired: &desired, observed: &world.observed, deleted: &none };
    assert_eq!(of_account(Act::Lock, &user_id("ana"), looked), Some(Unmet::NotYet));
    assert_eq!(of_account(Act::Unlock, &user_id("ana"), looked), None);
    assert_eq!(of_account(Act::Lock, &user_id("dora"), looked), Some(Unmet::NotYet));
    assert_eq!(of_account(Act::Lock, &user_id("nobody"), looked), Some(Unmet::NoAccount));
}
