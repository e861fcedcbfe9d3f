//! Rooms seen from single events.

use std::time::Duration;

use equipemed_bot::homeserver::{Applied, RawEvent, apply};
use equipemed_domain::observed::{Membership, ObservedRoom};
use equipemed_domain::setting::{RoomSetting, SettingValue};
use ruma_common::{OwnedUserId, room_id, user_id};
use serde_json::{Value, json};

pub(crate) fn room() -> ObservedRoom {
    ObservedRoom {
        room_id: room_id!("!icu:hospital.example").to_owned(),
        version: "12".to_owned(),
        creator: user_id!("@bot:hospital.example").to_owned(),
        additional_creators: Default::default(),
        is_space: false,
        settings: Default::default(),
        encrypted: false,
        replaced: None,
        parents: Default::default(),
        children: Default::default(),
        members: Default::default(),
        faces: Default::default(),
        bans_by_hand: Default::default(),
        power_levels: None,
    }
}

fn put(room: &mut ObservedRoom, sender: &str, kind: &str, state_key: &str, content: Value) -> Applied {
    let text = json!({"sender": sender, "type": kind, "state_key": state_key, "content": content, "event_id": "$x", "origin_server_ts": 0})
        .to_string();
    let event: RawEvent<'_> = serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{error}"));
    apply(room, &event, user_id!("@bot:hospital.example"))
}

const BOT: &str = "@bot:hospital.example";
const ANA: &str = "@ana:hospital.example";

fn ana() -> OwnedUserId {
    user_id!("@ana:hospital.example").to_owned()
}

#[test]
fn who_left_and_who_was_removed_differ() {
    let mut room = room();
    let member = |room: &mut ObservedRoom, sender: &str, membership: &str| {
        put(room, sender, "m.room.member", ANA, json!({"membership": membership}))
    };
    assert_eq!(member(&mut room, BOT, "invite"), Applied::Changed);
    assert_eq!(member(&mut room, ANA, "join"), Applied::Changed);
    assert_eq!(member(&mut room, ANA, "join"), Applied::Same, "a new display name");
    assert_eq!(member(&mut room, ANA, "leave"), Applied::Changed);
    assert_eq!(room.members.get(&ana()), Some(&Membership::Left));
    assert_eq!(member(&mut room, BOT, "leave"), Applied::Changed);
    assert_eq!(room.members.get(&ana()), None);
    member(&mut room, BOT, "ban");
    assert_eq!(room.members.get(&ana()), Some(&Membership::BannedForGrant));
    assert_eq!(member(&mut room, "@rui:hospital.example", "ban"), Applied::Changed);
    assert_eq!(room.members.get(&ana()), Some(&Membership::Ban));
}

#[test]
fn a_room_that_the_bot_lost_is_doubtful() {
    let mut room = room();
    assert_eq!(put(&mut room, BOT, "m.room.member", BOT, json!({"membership": "join"})), Applied::Changed);
    assert_eq!(put(&mut room, ANA, "m.room.member", BOT, json!({"membership": "leave"})), Applied::Doubtful);
    assert_eq!(put(&mut room, ANA, "m.room.member", ANA, json!({"membership": 7})), Applied::Doubtful);
    assert_eq!(put(&mut room, ANA, "m.room.create", "", json!({})), Applied::Doubtful);
}

#[test]
fn links_without_a_way_are_none() {
    let mut room = room();
    let child = "!bed:hospital.example";
    assert_eq!(put(&mut room, BOT, "m.space.child", child, json!({"via": ["hospital.example"]})), Applied::Changed);
    assert_eq!(room.children.len(), 1);
    assert_eq!(put(&mut room, BOT, "m.space.child", child, json!({})), Applied::Changed);
    assert!(room.children.is_empty());
}

#[test]
fn odd_contents_count_as_absent() {
    let mut room = room();
    put(&mut room, BOT, "m.room.name", "", json!({"name": "UTI"}));
    assert_eq!(room.settings.get(&RoomSetting::Name), Some(&"UTI".into()));
    assert_eq!(put(&mut room, BOT, "m.room.name", "", json!({"name": 5})), Applied::Changed);
    assert_eq!(room.settings.get(&RoomSetting::Name), None);
    put(&mut room, BOT, "m.room.retention", "", json!({"max_lifetime": 86_400_000}));
    assert_eq!(room.settings.get(&RoomSetting::Retention), Some(&SettingValue::Time(Duration::from_secs(86_400))));
    assert_eq!(put(&mut room, BOT, "m.room.topic", "not empty", json!({"topic": "x"})), Applied::Same);
    assert_eq!(put(&mut room, BOT, "org.example.anything", "", json!({"x": 1})), Applied::Same);
}

#[test]
fn levels_keep_what_is_unknown() {
    let mut room = room();
    put(&mut room, BOT, "m.room.power_levels", "", json!({"historical": 100, "users": {(ANA): 50}}));
    let levels = room.power_levels.expect("levels");
    assert_eq!(levels["historical"], json!(100));
}
