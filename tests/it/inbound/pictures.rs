//! Rooms as they were last seen: when they are believed, and everything that ends it.

use std::time::Duration;

use equipemed_bot::engine::pictures::Pictures;
use equipemed_bot::homeserver::RawEvent;
use equipemed_domain::observed::ObservedRoom;
use equipemed_domain::setting::{RoomSetting, SettingValue};
use jiff::{SignedDuration, Timestamp};
use ruma_common::{room_id, user_id};
use serde_json::{Value, json};

const BOT: &str = "@bot:hospital.example";
const ANA: &str = "@ana:hospital.example";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn room(name: &str) -> ObservedRoom {
    ObservedRoom { settings: [(RoomSetting::Name, name.into())].into(), ..crate::homeserver::picture::room() }
}

fn trusted() -> Pictures {
    let pictures = Pictures::new(user_id!("@bot:hospital.example").to_owned());
    pictures.trust();
    pictures
}

fn read(pictures: &Pictures, name: &str, now: Timestamp) {
    let room = room(name);
    let ticket = pictures.begin_read(&room.room_id, now);
    pictures.put(&ticket, &room);
}

fn push(pictures: &Pictures, kind: &str, key: &str, content: Value, sent_at: Timestamp) {
    let sent_at = sent_at.as_millisecond();
    let event = json!({"sender": ANA, "type": kind, "state_key": key, "content": content, "event_id": "$x", "origin_server_ts": sent_at});
    let text = event.to_string();
    let event: RawEvent<'_> = serde_json::from_str(&text).unwrap();
    pictures.apply(room_id!("!icu:hospital.example"), &event);
}

fn rename(pictures: &Pictures, name: &str, sent_at: Timestamp) {
    push(pictures, "m.room.name", "", json!({"name": name}), sent_at);
}

/// The room's name in its picture.
fn name(pictures: &Pictures, now: Timestamp) -> Option<String> {
    match pictures.seen(room_id!("!icu:hospital.example"), now)?.settings.remove(&RoomSetting::Name)? {
        SettingValue::Text(name) => Some(name),
        SettingValue::Time(_) => None,
    }
}

#[test]
fn nothing_is_kept_before_pushes_were_seen_to_arrive() {
    let pictures = Pictures::new(user_id!("@bot:hospital.example").to_owned());
    read(&pictures, "UTI", at(0));
    assert_eq!(name(&pictures, at(0)), None);
    // A read that began before does not count: what came meanwhile was not noted.
    let ticket = pictures.begin_read(room_id!("!icu:hospital.example"), at(0));
    pictures.trust();
    pictures.put(&ticket, &room("UTI"));
    drop(ticket);
    assert_eq!(name(&pictures, at(0)), None);
    read(&pictures, "UTI", at(1));
    assert_eq!(name(&pictures, at(1)).as_deref(), Some("UTI"));
}

#[test]
fn what_is_pushed_is_put_on_top() {
    let pictures = trusted();
    read(&pictures, "UTI", at(0));
    rename(&pictures, "UTI 1", at(1));
    rename(&pictures, "UTI 2", at(1));
    assert_eq!(name(&pictures, at(2)).as_deref(), Some("UTI 2"));
    // Of another room.
    pictures.doubt(room_id!("!ward:hospital.example"));
    assert_eq!(name(&pictures, at(2)).as_deref(), Some("UTI 2"));
}

#[test]
fn what_comes_during_a_read_is_put_on_top_of_it() {
    let pictures = trusted();
    let icu = room_id!("!icu:hospital.example");
    let ticket = pictures.begin_read(icu, at(0));
    rename(&pictures, "UTI 1", at(1));
    rename(&pictures, "UTI 2", at(2));
    pictures.put(&ticket, &room("UTI 1"));
    assert_eq!(name(&pictures, at(3)).as_deref(), Some("UTI 2"));
    drop(ticket);
    // A doubt during a read concerns the read.
    let ticket = pictures.begin_read(icu, at(4));
    pictures.doubt(icu);
    pictures.put(&ticket, &room("UTI 2"));
    drop(ticket);
    assert_eq!(name(&pictures, at(5)), None);
    let ticket = pictures.begin_read(icu, at(6));
    pictures.doubt_all();
    pictures.put(&ticket, &room("UTI 2"));
    assert_eq!(name(&pictures, at(7)), None);
    drop(ticket);
    // One that was given up is forgotten, and the next one counts.
    drop(pictures.begin_read(icu, at(8)));
    read(&pictures, "UTI 3", at(8));
    assert_eq!(name(&pictures, at(8)).as_deref(), Some("UTI 3"));
}

#[test]
fn what_comes_too_late_puts_the_order_in_doubt() {
    let pictures = trusted();
    read(&pictures, "UTI", at(10));
    rename(&pictures, "UTI 1", at(12));
    rename(&pictures, "UTI 0", at(11));
    assert_eq!(name(&pictures, at(13)), None, "older than what came before");
    read(&pictures, "UTI 1", at(20));
    rename(&pictures, "UTI 0", at(19));
    assert_eq!(name(&pictures, at(21)), None, "older than the read, which may know better");
    let ticket = pictures.begin_read(room_id!("!icu:hospital.example"), at(30));
    rename(&pictures, "UTI 0", at(29));
    pictures.put(&ticket, &room("UTI 1"));
    assert_eq!(name(&pictures, at(31)), None, "the same during a read");
}

#[test]
fn a_picture_that_lost_its_way_is_dropped() {
    let pictures = trusted();
    read(&pictures, "UTI", at(0));
    push(&pictures, "m.room.member", BOT, json!({"membership": "leave"}), at(1));
    assert_eq!(name(&pictures, at(1)), None, "without the bot in it");
    read(&pictures, "UTI", at(2));
    push(&pictures, "m.room.create", "", json!({}), at(3));
    assert_eq!(name(&pictures, at(3)), None);
}

#[test]
fn no_picture_is_believed_for_longer_than_a_day_or_across_an_outage() {
    let pictures = trusted();
    read(&pictures, "UTI", at(0));
    let day = SignedDuration::from_hours(24);
    assert!(name(&pictures, at(-1) + day).is_some());
    // Also when it was changed meanwhile.
    rename(&pictures, "UTI 1", at(-2) + day);
    assert_eq!(name(&pictures, at(0) + day), None);

    pictures.heed(3);
    read(&pictures, "UTI", at(0));
    pictures.heed(3);
    assert!(name(&pictures, at(1)).is_some());
    pictures.heed(4);
    assert_eq!(name(&pictures, at(1)), None);
}

#[test]
fn a_read_that_cannot_keep_up_is_not_believed() {
    let pictures = trusted();
    let ticket = pictures.begin_read(room_id!("!icu:hospital.example"), at(0));
    for number in 0..1_100 {
        rename(&pictures, &number.to_string(), at(0) + Duration::from_millis(number));
    }
    pictures.put(&ticket, &room("0"));
    assert_eq!(name(&pictures, at(2)), None);
}
