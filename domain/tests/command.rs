//! Messages to the bot: the entries of `command/*.yaml`, and the table of words.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use equipemed_domain::command::word::{Needs, WORDS};
use equipemed_domain::command::{
    self, Command, CommandPlace, Message, Misunderstood, Setting, SyncTarget, Word, is_yes, sounds_like_command,
};
use equipemed_domain::rights::Right;
use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ruma_common::{OwnedEventId, UserId};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    say: Texts,
    html: Option<String>,
    #[serde(rename = "in")]
    place: Option<String>,
    #[serde(default)]
    reply: bool,
    means: Option<Value>,
    wrong: Option<String>,
    #[serde(default)]
    silence: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

impl Entry {
    fn texts(&self) -> &[String] {
        match &self.say {
            Texts::One(text) => std::slice::from_ref(text),
            Texts::Several(texts) => texts,
        }
    }

    fn expected(&self) -> String {
        match (&self.means, &self.wrong, self.silence) {
            (Some(means), None, false) => means.to_string(),
            (None, Some(wrong), false) => wrong.clone(),
            (None, None, true) => "silence".to_owned(),
            _ => panic!("{:?}: one of means, wrong, silence", self.texts()),
        }
    }
}

fn bot() -> &'static UserId {
    "@equipemed_bot:h.example".try_into().expect("a user id")
}

/// A Thursday evening at the hospital.
pub(crate) fn sent_at() -> Zoned {
    let zone = TimeZone::fixed(jiff::tz::offset(-3));
    "2026-11-26T22:00:00".parse::<DateTime>().expect("a time").to_zoned(zone).expect("a time there")
}

pub(crate) fn parse(message: &Message<'_>, setting: &Setting<'_>) -> Option<Result<Command, Misunderstood>> {
    command::parse(message, setting, &sent_at())
}

pub(crate) fn setting(place: CommandPlace) -> Setting<'static> {
    Setting { prefix: "!", bot: bot(), bot_name: "EquipeMed", place }
}

pub(crate) fn plain(body: &str) -> Message<'_> {
    Message { body: body.into(), formatted_body: None, reply_to: None, thread: None }
}

pub(crate) fn said(body: &str) -> Option<Result<Command, Misunderstood>> {
    parse(&plain(body), &setting(CommandPlace::Control))
}

/// Removes absent values.
fn bare(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            map.into_iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key, bare(value))).collect()
        }
        Value::Array(list) => list.into_iter().map(bare).collect(),
        other => other,
    }
}

fn name(word: Word) -> &'static str {
    word.entry().name
}

fn shown(result: Option<Result<Command, Misunderstood>>) -> String {
    match result {
        None => "silence".to_owned(),
        Some(Ok(command)) => bare(serde_json::to_value(command).expect("a command as JSON")).to_string(),
        Some(Err(why)) => match why {
            Misunderstood::NoSuchWord { said, nearest } => {
                format!("no such word {said}: {}", nearest.into_iter().map(name).collect::<Vec<_>>().join(", "))
            }
            Misunderstood::Missing { word, what } => format!("{} lacks {what}", name(word)),
            Misunderstood::Unexpected { word, said, nearest: None } => format!("{} does not take {said}", name(word)),
            Misunderstood::Unexpected { word, said, nearest: Some(nearest) } => {
                format!("{} does not take {said}, rather {nearest}", name(word))
            }
            Misunderstood::Wrong { word, what, said } => format!("{}: {said} is no {what}", name(word)),
            Misunderstood::Ambiguous { said } => format!("ambiguous {said}"),
            Misunderstood::Unquoted { word, said } => format!("{}: unquoted {said}", name(word)),
            Misunderstood::Unclosed => "unclosed".to_owned(),
            Misunderstood::TooMany { word, .. } => format!("too many for {}", name(word)),
        },
    }
}

#[test]
fn every_entry_is_taken_for_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command");
    let reply: OwnedEventId = "$replied".try_into().expect("an event id");
    let (mut wrong, mut count) = (String::new(), 0);
    for file in std::fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path()) {
        if file.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a file");
        let entries: Vec<Entry> =
            serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for entry in &entries {
            let place = match entry.place.as_deref() {
                None => CommandPlace::Control,
                Some("managed") => CommandPlace::Managed,
                Some(other) => panic!("in: {other}"),
            };
            for body in entry.texts() {
                count += 1;
                let message = Message {
                    body: body.into(),
                    formatted_body: entry.html.as_deref().map(Into::into),
                    reply_to: entry.reply.then(|| reply.clone()),
                    thread: None,
                };
                let result = parse(&message, &setting(place));
                assert_eq!(sounds_like_command(&message, &setting(place)), result.is_some(), "{body}");
                if let Some(Ok(command)) = &result {
                    let json = serde_json::to_string(command).expect("JSON");
                    assert_eq!(serde_json::from_str::<Command>(&json).expect("the command again"), *command);
                }
                let (expected, got) = (entry.expected(), shown(result));
                if expected != got {
                    let _ = write!(wrong, "\n{body}\n  - {expected}\n  + {got}");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 250, "{count} texts");
}

#[test]
fn every_name_is_one_words_alone() {
    let mut names = BTreeMap::new();
    for entry in WORDS {
        for name in entry.names() {
            assert_eq!(Word::named(name), Some(entry.word), "{name}");
            assert_eq!(Word::named(&name.to_uppercase()), Some(entry.word), "{name}");
            assert_eq!(names.insert(name, entry.word), None, "{name}");
            assert!(name.chars().count() > 1 && !name.contains(' '), "{name}");
        }
    }
}

#[test]
fn every_example_is_understood_as_its_own_word_under_every_name() {
    for entry in WORDS {
        let arguments = entry.example.strip_prefix(entry.name).expect("an example begins with its word");
        for name in entry.names() {
            let text = format!("!{name}{arguments}");
            let command = said(&text).expect("a command").unwrap_or_else(|why| panic!("{text}: {why:?}"));
            assert_eq!(command.word(), entry.word, "{text}");
            // Everybody may redact their own messages; the right is for those of others.
            let needs = if entry.word == Word::Redact { Needs::Nothing } else { entry.needs };
            assert_eq!(command.needs(), needs, "{text}");
        }
    }
}

#[test]
fn looking_at_the_rooms_needs_less_than_changing_them() {
    let needs = |text: &str| said(text).expect("a command").expect("understood").needs();
    for (text, right) in [
        ("!rooms", Right::Audit),
        ("!salas números", Right::Audit),
        ("!rooms cleanup --dry-run", Right::Rooms),
        ("!rooms replace icu", Right::Rooms),
        ("!rooms adopt icu as icu", Right::Rooms),
        ("!rooms create A for everybody", Right::Rooms),
    ] {
        assert_eq!(needs(text), Needs::Right(right), "{text}");
    }
    assert_eq!(needs("!whoami"), Needs::Nothing);
}

#[test]
fn whatever_may_be_different_after_a_command_changes_something() {
    let changes = |text: &str| said(text).expect("a command").expect("understood").changes_something();
    let yes = "!demote ana, !promote ana 0, !promote ana user in icu, !promote ana 10, !promote ana admin, !ban ana, \
        !unban ana, !kick ana in icu, !mute ana in icu, !unmute ana in icu, !lock ana, !unlock ana, !signout ana, !deactivate ana, \
        !reactivate ana, !redact ana last 2 in icu, !sync, !sync icu, !approve 0a1b2c3d, !confirm ABCDE, \
        !rooms cleanup, !rooms replace icu, !rooms adopt icu as icu, !rooms create A for everybody";
    let no = "!help, !status, !whoami, !user ana, !users, !why ana, !grants, !audit, !rooms, !rooms stats, \
        !promote ana 0 --dry-run, !demote ana --dry-run, !sync --dry-run, !rooms cleanup --dry-run, \
        !redact ana last 2 in icu --dry-run";
    for (texts, wanted) in [(yes, true), (no, false)] {
        for text in texts.split(", ") {
            assert_eq!(changes(text), wanted, "{text}");
        }
    }
}

#[test]
fn lifting_needs_either_of_two_rights() {
    let needs = Word::Unban.entry().needs;
    for (right, meets) in [(Right::Ban, true), (Right::Kick, true), (Right::Redact, false)] {
        assert_eq!(needs.are_met_by(&[right].into()), meets, "{right}");
    }
    assert!(!Needs::Right(Right::Ban).are_met_by(&[Right::Kick].into()));
    assert!(Needs::Nothing.are_met_by(&[].into()));
}

#[test]
fn a_command_names_fifty_people_at_most_and_each_once() {
    let people = |count: usize| (0..count).map(|n| format!("p{n} p{n}x p{n}")).collect::<Vec<_>>().join(" ");
    let text = format!("!lock {}", (0..51).map(|n| format!("p{n:02}")).collect::<Vec<_>>().join(", "));
    assert_eq!(said(&text), Some(Err(Misunderstood::TooMany { word: Word::Lock, most: 50 })));
    let Some(Ok(Command::Measure { measure, .. })) = said(&format!("!lock {}", people(10))) else { panic!() };
    assert_eq!(measure.who.len(), 20);
}

#[test]
fn what_is_repeated_to_the_asker_is_short() {
    let long = "é".repeat(5_000);
    for text in [format!("!{long}"), format!("!lock ana --{long}"), format!("!promote ana level {long}")] {
        let shown = shown(said(&text));
        assert!(shown.chars().count() < 200, "{}", shown.len());
    }
}

#[test]
fn a_thumb_of_any_skin_and_every_check_mark_is_a_yes() {
    for yes in [
        "👍",
        "👍️",
        "👍︎",
        "👍🏻",
        "👍🏼",
        "👍🏽",
        "👍🏾",
        "👍🏿",
        "👍🏿️",
        "✅",
        "✅️",
        "✅︎",
        "✔",
        "✔️",
        "✔︎",
        "☑️",
        "☑",
        "☑︎",
        "👍🏿︎",
        " 👍 ",
    ] {
        assert!(is_yes(yes), "{yes}");
    }
    for other in ["👎", "👎🏽", "❌", "👌", "🏽", "", " ", "👍👎", "👍 ok", "yes", "✖️", "❎", "🆗"]
    {
        assert!(!is_yes(other), "{other}");
    }
}

#[test]
fn no_near_miss_is_carried_out() {
    for entry in WORDS {
        for name in entry.names() {
            for place in 0..name.chars().count() {
                let mut letters: Vec<char> = name.chars().collect();
                letters[place] = 'j';
                let wrong: String = letters.into_iter().collect();
                if wrong == name {
                    continue;
                }
                let arguments = entry.example.strip_prefix(entry.name).unwrap_or_default();
                match said(&format!("!{wrong}{arguments}")) {
                    Some(Err(Misunderstood::NoSuchWord { nearest, .. })) => {
                        assert!(wrong.len() < 4 || nearest.contains(&entry.word), "{wrong}: {nearest:?}");
                    }
                    other => panic!("{wrong}: {other:?}"),
                }
            }
        }
    }
}

#[test]
fn a_prefix_that_is_a_word_has_a_space_behind_it() {
    let setting = Setting { prefix: "eq", ..setting(CommandPlace::Control) };
    let parse = |body: &str| parse(&plain(body), &setting);
    assert_eq!(parse("eq sync"), Some(Ok(Command::Sync { target: SyncTarget::Everything, dry_run: false })));
    assert_eq!(parse("equipe sync"), None);
    assert_eq!(parse("!sync"), None);
    let none = Setting { prefix: "", ..setting };
    let message = plain("sync");
    assert_eq!(command::parse(&message, &none, &sent_at()), None);
}
