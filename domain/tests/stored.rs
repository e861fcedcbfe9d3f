//! Actions in rows of the audit: rows of earlier versions can be read, and those written now read back the same.

use std::time::Duration;

use equipemed_domain::action::{Action, NewRoom};
use equipemed_domain::authority::Act;
use equipemed_domain::command::Command;
use equipemed_domain::drift::{Drift, changed_by, put_back_by};
use equipemed_domain::event::MembershipState;
use equipemed_domain::key::RoomKey;
use equipemed_domain::power::Power;
use equipemed_domain::setting::{RoomSetting, RoomSettings, SettingValue};

/// A row of each kind, as written before settings were rows of one table.
const OLD: [(&str, RoomSetting); 7] = [
    (r#"{"action":"set_name","room":"icu","from":"Old","to":"UTI"}"#, RoomSetting::Name),
    (r#"{"action":"set_topic","room":"icu","from":null,"to":""}"#, RoomSetting::Topic),
    (r#"{"action":"set_avatar","room":"icu","from":null,"to":"mxc://h.example/x"}"#, RoomSetting::Avatar),
    (r##"{"action":"set_alias","room":"icu","from":null,"to":"#icu:h.example"}"##, RoomSetting::Alias),
    (r#"{"action":"set_join_rule","room":"icu","from":"public","to":"invite"}"#, RoomSetting::JoinRule),
    (r#"{"action":"set_history","room":"icu","from":"world_readable","to":"joined"}"#, RoomSetting::History),
    (
        r#"{"action":"set_retention","room":"icu","from":{"secs":86400,"nanos":0},"to":{"secs":60,"nanos":5000000}}"#,
        RoomSetting::Retention,
    ),
];

#[test]
fn a_setting_is_stored_as_it_always_was() {
    for (row, kind) in OLD {
        let action: Action = serde_json::from_str(row).expect(row);
        assert!(matches!(action, Action::Set { setting, .. } if setting == kind), "{action:?}");
        assert!(row.contains(&format!("\"{}\"", action.kind())), "{row}");
        assert_eq!(serde_json::to_string(&action).expect(row), row);
    }
    for row in [
        r#"{"action":"set_parent","room":"icu","parent":"hospital"}"#,
        r#"{"action":"add_child","room":"hospital","child":"icu"}"#,
        r#"{"action":"lock_account","user":"@x:h.example"}"#,
    ] {
        let action: Action = serde_json::from_str(row).expect(row);
        assert_eq!(serde_json::to_string(&action).expect(row), row);
    }
    assert!(serde_json::from_str::<Action>(r#"{"action":"set_weather","room":"icu","from":null,"to":"x"}"#).is_err());
}

#[test]
fn a_new_room_of_an_earlier_version_is_read() {
    let old = r#"{"kind":"room","version":"12","name":"UTI","topic":null,"avatar":"mxc://h.example/x","alias":"icu",
        "parent":"hospital","history":"shared","retention":{"secs":60,"nanos":0},"levels":{"@x:h.example":50},
        "default_level":25,"invite":[]}"#;
    let new: NewRoom = serde_json::from_str(old).expect("an old row");
    let settings = RoomSettings::from([
        (RoomSetting::Avatar, "mxc://h.example/x".into()),
        (RoomSetting::History, "shared".into()),
        (RoomSetting::Retention, SettingValue::Time(Duration::from_secs(60))),
    ]);
    assert_eq!(new.settings, settings);
    assert_eq!((new.alias.as_deref(), new.levels.len(), new.default_level), (Some("icu"), 1, 25));
    let again = serde_json::to_string(&new).expect("JSON");
    assert_eq!(serde_json::from_str::<NewRoom>(&again).expect("the same"), new);
    // As a process of the previous version expects it.
    assert!(again.contains(r#""history":"shared","retention":{"secs":60,"nanos":0}"#), "{again}");
}

#[test]
fn powers_keep_their_words() {
    let words = [
        "list_rooms",
        "name_space",
        "change_name",
        "change_topic",
        "change_picture",
        "change_alias",
        "close",
        "change_history",
        "change_retention",
        "change_levels",
        "invite",
        "remove",
        "ban",
        "unban",
    ];
    for word in words.map(|word| format!("{word:?}")) {
        let power: Power = serde_json::from_str(&word).expect(&word);
        assert_eq!(serde_json::to_string(&power).expect(&word), word);
    }
}

#[test]
fn an_event_and_the_action_that_puts_it_back_have_one_name() {
    let room = RoomKey::from("icu");
    for setting in RoomSetting::ALL.iter().copied() {
        let set = Action::Set { setting, room: room.clone(), from: None, to: "UTI".into() };
        assert_eq!(put_back_by(&set), changed_by(setting.row().event, "", MembershipState::Unknown));
    }
    let user = crate::world::user_id("x");
    let member = Action::RemoveMember { room: room.clone(), user: user.clone(), reason: String::new() };
    assert_eq!(put_back_by(&member), changed_by("m.room.member", "@x:h.example", MembershipState::Join));
    let lifted = Action::UnbanMember { room, user };
    assert_eq!(put_back_by(&lifted), changed_by("m.room.member", "@x:h.example", MembershipState::Ban));
    assert_eq!(changed_by("m.room.message", "", MembershipState::Unknown), None);
}

#[test]
fn text_and_change_are_one_to_one() {
    let words = ["name", "topic", "avatar", "alias", "join rule", "history", "retention"];
    let others =
        ["levels", "parent", "children", "encryption", "replacement", "member @x:h.example", "ban @x:h.example"];
    for text in words.into_iter().chain(others) {
        assert_eq!(Drift::try_from(text.to_owned()).map(String::from).as_deref(), Ok(text));
    }
    for text in ["", "member", "ban x", "other", "join_rule"] {
        assert!(Drift::try_from(text.to_owned()).is_err(), "{text:?}");
    }
}

#[test]
fn a_measure_is_stored_as_the_variant_of_its_word_always_was() {
    for (word, act) in [("kick", Act::Kick), ("unban", Act::Unban), ("deactivate", Act::Deactivate)] {
        let row = format!(
            r#"{{"command":"{word}","with":{{"who":[{{"name":"ana"}}],"room":null,"lasts":null,"because":"x"}}}}"#
        );
        let command: Command = serde_json::from_str(&row).expect("a row");
        assert!(matches!(&command, Command::Measure { act: of, .. } if *of == act), "{command:?}");
        assert_eq!(serde_json::to_string(&command).expect("JSON"), row);
    }
}
