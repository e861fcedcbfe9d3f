//! `audit`: lists entries, newest first.

use std::collections::BTreeMap;

use equipemed_domain::command::{About, Command};
use equipemed_domain::key::RoomKey;
use equipemed_domain::outcome::Outcome;
use ruma_common::OwnedUserId;

use crate::chat::ask::Ask;
use crate::chat::reply::{Stop, Turn};
use crate::chat::words::Wording;
use crate::homeserver::Said;
use crate::operations::topic_of;
use crate::speech::{Answer, Arg, number};
use crate::store::AuditEntry;

/// Levels of one change that are listed; further ones are counted.
const LEVELS_SHOWN: usize = 4;

/// Lists entries.
pub(super) async fn audit(ask: &Ask, about: Option<&About>, last: u32) -> Result<Turn, Stop> {
    let (words, entries) = (&ask.words, ask.audit(about, last).await?);
    if entries.is_empty() {
        return Ok(Turn::told(Answer::new().line(words.say("audit-none", &[]))));
    }
    let intro = words.say("audit-intro", &[("count", number(entries.len()))]);
    let readable = ask.readable();
    let lines = entries.iter().map(|entry| {
        let named = room_named(words, entry).filter(|room| readable.contains(room));
        line(words, entry, named.as_ref().or(entry.intent.room.as_ref()))
    });
    Ok(Turn::told(Answer::new().line(intro).items(lines)))
}

/// The command that an entry is about.
fn command(entry: &AuditEntry) -> Option<Command> {
    serde_json::from_str(&entry.intent.action).ok().filter(|_| entry.intent.kind == "command")
}

/// The room that a command named; the entry itself is about the room where it was said.
fn room_named(words: &Wording, entry: &AuditEntry) -> Option<RoomKey> {
    words.scene.find_room(command(entry)?.room()?).ok()
}

/// `room` is the one that the entry concerns.
fn line(words: &Wording, entry: &AuditEntry, room: Option<&RoomKey>) -> Said {
    let outcome = entry.settled.as_ref().map(|settled| &settled.outcome);
    let word = outcome.map_or("open", Outcome::as_str);
    let kind = match entry.intent.kind.as_str() {
        "command" => {
            let said = command(entry).map(|command| words.spelled(command.word()));
            words.shown(&Arg::Code(said.unwrap_or_else(|| entry.intent.subject.clone())))
        }
        _ if entry.intent.gives_administrator() => words.word("action", "adopt_administrator"),
        kind => words.word("action", kind),
    };
    let levels = entry.intent.levels();
    let subject = match (&entry.intent.user, room) {
        (Some(user), Some(room)) => {
            Arg::Said(words.line("audit-in-room", &[("user", words.user(user)), ("room", words.room(room))]))
        }
        (Some(user), None) => words.user(user),
        (None, Some(room)) if !levels.is_empty() => Arg::Said(words.levels_set(room, &levels)),
        (None, Some(room)) => words.room(room),
        (None, None) => Arg::Said(words.topic(&topic_of(&entry.intent))),
    };
    let mut args = vec![
        ("id", Arg::Number(entry.id.0)),
        ("when", words.time(entry.at)),
        ("kind", Arg::Said(kind)),
        ("subject", subject),
        ("outcome", Arg::Said(words.word("outcome", word))),
        ("actor", words.asker(&entry.intent.actor)),
    ];
    match outcome.and_then(Outcome::fault) {
        Some(why) => {
            args.push(("detail", words.why(why)));
            words.line("audit-line-detail", &args)
        }
        None => words.line("audit-line", &args),
    }
}

impl Wording {
    /// Whose levels were set in a room, and to what.
    fn levels_set(&self, room: &RoomKey, levels: &BTreeMap<OwnedUserId, Option<i64>>) -> Said {
        let one = |(user, level): (&OwnedUserId, &Option<i64>)| match level {
            Some(level) => self.line("audit-level", &[("user", self.user(user)), ("level", Arg::Number(*level))]),
            None => self.line("audit-level-usual", &[("user", self.user(user))]),
        };
        let mut all: Vec<Said> = levels.iter().take(LEVELS_SHOWN).map(one).collect();
        if levels.len() > LEVELS_SHOWN {
            all.push(self.line("audit-levels-more", &[("count", number(levels.len() - LEVELS_SHOWN))]));
        }
        self.line("audit-levels", &[("room", self.room(room)), ("list", Arg::Said(self.list(all)))])
    }
}
