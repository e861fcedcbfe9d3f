//! Arithmetic on the level event: which parts are kept, dropped and written.

use std::collections::BTreeMap;

use equipemed_domain::action::{Change, LevelChanges};
use equipemed_domain::levels::{
    ABOVE_EVERYONE, ABOVE_PEOPLE, BOT_HEADROOM, CREATOR, beyond_reach, initial_content, level_changes, with_changes,
};
use equipemed_domain::observed::ObservedRoom;
use equipemed_domain::policy::RoomKind;
use serde_json::{Map, Value, json};

use crate::world::{agreeing, random, user_id};

/// A room of this version, created by `creator`, with this level event.
fn room(version: &str, creator: &str, content: Value) -> ObservedRoom {
    let policy = random::world(1, 0, 0).policy;
    let mut room = agreeing::room(&policy, &"hospital".into(), version);
    room.creator = user_id(creator);
    room.power_levels = content.as_object().cloned();
    room
}

fn wish(people: &[(&str, i64)]) -> BTreeMap<ruma_common::OwnedUserId, i64> {
    people.iter().map(|(name, level)| (user_id(name), *level)).collect()
}

#[test]
fn a_change_keeps_what_it_does_not_name() {
    let content = json!({
        "users": { "@a:h.example": 50, "@b:h.example": "25" },
        "events": { "org.example.own": 7 },
        "notifications": { "room": 20, "else": 1 },
        "historical": 100,
        "org.example.key": { "deep": [1] },
        "users_default": 0,
    });
    let mut changes = LevelChanges::default();
    changes.users.insert(user_id("a"), Change { from: Some(50), to: None });
    changes.users.insert(user_id("c"), Change { from: None, to: Some(-1) });
    changes.events.insert("m.room.name".to_owned(), Change { from: None, to: Some(50) });
    changes.keys.insert("invite".to_owned(), Change { from: None, to: Some(50) });
    let mut expected = content.clone();
    expected["users"] = json!({ "@b:h.example": "25", "@c:h.example": -1 });
    expected["events"] = json!({ "org.example.own": 7, "m.room.name": 50 });
    expected["invite"] = json!(50);
    let after = with_changes(content.as_object(), &changes);
    assert_eq!(Value::Object(after), expected);
}

#[test]
fn no_change_writes_nothing_into_any_section() {
    let after = with_changes(Some(&Map::new()), &LevelChanges::default());
    assert_eq!(after, Map::new());
}

#[test]
fn the_first_content_of_a_room_needs_no_correction() {
    let bot = user_id("equipemed_bot");
    for version in ["6", "10", "11", "12"] {
        for kind in [RoomKind::Room, RoomKind::Space] {
            let people = wish(&[("a", 100), ("b", 50), ("c", 0), ("d", -1)]);
            let content = initial_content(version, kind, &bot, &people, 0);
            let room = room(version, "equipemed_bot", Value::Object(content));
            let bot_level = room.level_of(&bot);
            assert_eq!(bot_level, if version == "12" { CREATOR } else { BOT_HEADROOM });
            assert_eq!(room.user_entry(&bot).is_some(), version != "12");
            assert_eq!(room.user_entry(&user_id("c")), None, "an entry equal to the default");
            assert_eq!(level_changes(&room, bot_level, &people, Some(0)), (LevelChanges::default(), Vec::new()));
            for event in ABOVE_EVERYONE {
                assert_eq!(room.needs_for_state(event), ABOVE_PEOPLE, "{event}");
            }
        }
    }
}

#[test]
fn the_two_ways_to_stand_at_the_default_are_one() {
    let content = json!({ "users": { "@bot:h.example": 9001, "@a:h.example": 0 }, "invite": 50, "state_default": 150 });
    let room = room("11", "bot", content);
    let (changes, out_of_reach) = level_changes(&room, 9001, &wish(&[("a", 0), ("b", 0)]), None);
    assert!(changes.is_empty() && out_of_reach.is_empty(), "{changes:?}");
}

#[test]
fn only_what_stands_below_the_bot_is_written() {
    let content = json!({
        "users": { "@bot:h.example": 100, "@same:h.example": 100, "@above:h.example": 150, "@below:h.example": 99 },
        "invite": 50, "state_default": 100,
    });
    let room = room("10", "same", content);
    let people = wish(&[("same", 0), ("above", 50), ("below", 0), ("new", 100), ("new2", 99)]);
    let (changes, out_of_reach) = level_changes(&room, 100, &people, None);
    let written: Vec<_> =
        changes.users.iter().map(|(user, change)| (user.localpart(), change.from, change.to)).collect();
    assert_eq!(written, [("below", Some(99), None), ("new2", None, Some(99))]);
    let told: Vec<_> = out_of_reach.iter().map(|entry| (entry.user.localpart(), entry.has, entry.wanted)).collect();
    assert_eq!(told, [("above", 150, 50), ("new", 0, 100), ("same", 100, 0)]);
}

#[test]
fn what_a_missing_key_means() {
    let bare = room("11", "maker", json!({}));
    assert_eq!(bare.level_of(&user_id("maker")), 0, "an event without users takes the creator's level");
    let defaults = [bare.needs_for_state("m.room.name"), bare.needs_for_kick(), bare.needs_for_ban()];
    assert_eq!((defaults, bare.needs_for_invite(), bare.users_default()), ([50, 50, 50], 0, 0));
    let none = room("11", "maker", Value::Null);
    assert_eq!((none.level_of(&user_id("maker")), none.level_of(&user_id("x"))), (100, 0));
    let twelve = room("12", "maker", json!({ "users_default": 10 }));
    assert_eq!((twelve.level_of(&user_id("maker")), twelve.level_of(&user_id("x"))), (CREATOR, 10));
}

#[test]
fn texts_are_numbers_in_old_rooms_and_nonsense_is_none() {
    let content =
        json!({ "users": { "@a:h.example": " 50 ", "@b:h.example": "x", "nobody": 7 }, "users_default": "5" });
    let room = room("5", "maker", content);
    assert_eq!(room.level_of(&user_id("a")), 50);
    assert_eq!(room.level_of(&user_id("b")), 5);
    assert_eq!(room.user_entries().count(), 1);
}

#[test]
fn who_is_beyond_the_bots_reach_stands_at_its_level_or_above() {
    let bot = random::world(1, 0, 0).policy.bot;
    let beyond = |version, creator, users: Value, more: &[&str]| {
        let mut room = room(version, creator, json!({ "users": users, "users_default": 0 }));
        room.additional_creators = more.iter().map(|user| user_id(user)).collect();
        beyond_reach(&room, &bot).into_iter().collect::<Vec<_>>()
    };
    let at =
        |level: i64| json!({ (bot.as_str()): level, "@a:h.example": 100, "@b:h.example": "99", "@c:h.example": 101 });
    let named = |people: &[(&str, i64)]| wish(people).into_iter().collect::<Vec<_>>();
    assert_eq!(beyond("11", "dona", at(100), &[]), named(&[("a", 100), ("c", 101)]), "its creator gave up the level");
    assert_eq!(beyond("11", "a", at(9001), &[]), []);
    assert_eq!(beyond("6", "c", at(99), &[]), named(&[("a", 100), ("b", 99), ("c", 101)]), "numbers as text");
    assert_eq!(beyond("12", "dona", at(101), &[]), named(&[("c", 101), ("dona", CREATOR)]));
    assert_eq!(beyond("12", "dona", at(150), &["rui"]), named(&[("dona", CREATOR), ("rui", CREATOR)]));
    assert_eq!(beyond("12", bot.as_str(), at(0), &[]), []);
    assert_eq!(beyond("12", bot.as_str(), at(0), &["rui"]), named(&[("rui", CREATOR)]), "two creators are equals");
    let mut bare = room("11", "dona", json!({}));
    bare.power_levels = None;
    assert_eq!(beyond_reach(&bare, &bot).into_iter().collect::<Vec<_>>(), named(&[("dona", 100)]));
}
