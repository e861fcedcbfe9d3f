//! The room cache: when a cached room is used, and everything that invalidates it.

use std::time::Duration;

use equipemed_bot::engine::room_cache::RoomCache;
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

fn trusted() -> RoomCache {
    let cache = RoomCache::new(user_id!("@bot:hospital.example").to_owned());
    cache.trust();
    cache
}

fn read(cache: &RoomCache, name: &str, now: Timestamp) {
    let room = room(name);
    let ticket = cache.begin_read(&room.room_id, now);
    cache.put(&ticket, &room);
}

fn push(cache: &RoomCache, kind: &str, key: &str, content: Value, sent_at: Timestamp) {
    let sent_at = sent_at.as_millisecond();
    let event = json!({"sender": ANA, "type": kind, "state_key": key, "content": content, "event_id": "$x", "origin_server_ts": sent_at});
    let text = event.to_string();
    let event: RawEvent<'_> = serde_json::from_str(&text).unwrap();
    cache.apply(room_id!("!icu:hospital.example"), &event);
}

fn rename(cache: &RoomCache, name: &str, sent_at: Timestamp) {
    push(cache, "m.room.name", "", json!({"name": name}), sent_at);
}

/// The name of the cached room.
fn name(cache: &RoomCache, now: Timestamp) -> Option<String> {
    match cache.seen(room_id!("!icu:hospital.example"), now)?.settings.remove(&RoomSetting::Name)? {
        SettingValue::Text(name) => Some(name),
        SettingValue::Time(_) => None,
    }
}

#[test]
fn nothing_is_kept_before_pushes_were_seen_to_arrive() {
    let cache = RoomCache::new(user_id!("@bot:hospital.example").to_owned());
    read(&cache, "UTI", at(0));
    assert_eq!(name(&cache, at(0)), None);
    // A read that began before the cache was trusted does not count, because events since then were not recorded.
    let ticket = cache.begin_read(room_id!("!icu:hospital.example"), at(0));
    cache.trust();
    cache.put(&ticket, &room("UTI"));
    drop(ticket);
    assert_eq!(name(&cache, at(0)), None);
    read(&cache, "UTI", at(1));
    assert_eq!(name(&cache, at(1)).as_deref(), Some("UTI"));
}

#[test]
fn what_is_pushed_is_put_on_top() {
    let cache = trusted();
    read(&cache, "UTI", at(0));
    rename(&cache, "UTI 1", at(1));
    rename(&cache, "UTI 2", at(1));
    assert_eq!(name(&cache, at(2)).as_deref(), Some("UTI 2"));
    // A doubt about another room has no effect.
    cache.doubt(room_id!("!ward:hospital.example"));
    assert_eq!(name(&cache, at(2)).as_deref(), Some("UTI 2"));
}

#[test]
fn what_comes_during_a_read_is_put_on_top_of_it() {
    let cache = trusted();
    let icu = room_id!("!icu:hospital.example");
    let ticket = cache.begin_read(icu, at(0));
    rename(&cache, "UTI 1", at(1));
    rename(&cache, "UTI 2", at(2));
    cache.put(&ticket, &room("UTI 1"));
    assert_eq!(name(&cache, at(3)).as_deref(), Some("UTI 2"));
    drop(ticket);
    // A doubt during a read applies to the read.
    let ticket = cache.begin_read(icu, at(4));
    cache.doubt(icu);
    cache.put(&ticket, &room("UTI 2"));
    drop(ticket);
    assert_eq!(name(&cache, at(5)), None);
    let ticket = cache.begin_read(icu, at(6));
    cache.doubt_all();
    cache.put(&ticket, &room("UTI 2"));
    assert_eq!(name(&cache, at(7)), None);
    drop(ticket);
    // A read that was given up is forgotten, and the next one counts.
    drop(cache.begin_read(icu, at(8)));
    read(&cache, "UTI 3", at(8));
    assert_eq!(name(&cache, at(8)).as_deref(), Some("UTI 3"));
}

#[test]
fn what_comes_too_late_puts_the_order_in_doubt() {
    let cache = trusted();
    read(&cache, "UTI", at(10));
    rename(&cache, "UTI 1", at(12));
    rename(&cache, "UTI 0", at(11));
    assert_eq!(name(&cache, at(13)), None, "older than what came before");
    read(&cache, "UTI 1", at(20));
    rename(&cache, "UTI 0", at(19));
    assert_eq!(name(&cache, at(21)), None, "older than the read, which may know better");
    let ticket = cache.begin_read(room_id!("!icu:hospital.example"), at(30));
    rename(&cache, "UTI 0", at(29));
    cache.put(&ticket, &room("UTI 1"));
    assert_eq!(name(&cache, at(31)), None, "the same during a read");
}

#[test]
fn a_picture_that_lost_its_way_is_dropped() {
    let cache = trusted();
    read(&cache, "UTI", at(0));
    push(&cache, "m.room.member", BOT, json!({"membership": "leave"}), at(1));
    assert_eq!(name(&cache, at(1)), None, "without the bot in it");
    read(&cache, "UTI", at(2));
    push(&cache, "m.room.create", "", json!({}), at(3));
    assert_eq!(name(&cache, at(3)), None);
}

#[test]
fn no_picture_is_believed_for_longer_than_a_day_or_across_an_outage() {
    let cache = trusted();
    read(&cache, "UTI", at(0));
    let day = SignedDuration::from_hours(24);
    assert!(name(&cache, at(-1) + day).is_some());
    // Even if an event updated it meanwhile.
    rename(&cache, "UTI 1", at(-2) + day);
    assert_eq!(name(&cache, at(0) + day), None);

    cache.note_breaks(3);
    read(&cache, "UTI", at(0));
    cache.note_breaks(3);
    assert!(name(&cache, at(1)).is_some());
    cache.note_breaks(4);
    assert_eq!(name(&cache, at(1)), None);
}

#[test]
fn a_read_that_cannot_keep_up_is_not_believed() {
    let cache = trusted();
    let ticket = cache.begin_read(room_id!("!icu:hospital.example"), at(0));
    for number in 0..1_100 {
        rename(&cache, &number.to_string(), at(0) + Duration::from_millis(number));
    }
    cache.put(&ticket, &room("0"));
    assert_eq!(name(&cache, at(2)), None);
}
