//! Parses messages into commands, by word.

use jiff::Zoned;
use ruma_common::OwnedEventId;

use super::arguments::Keyword::{Because, DryRun, For, In, Last, Level, Until};
use super::arguments::{Allowed, Arguments, room, target, unexpected, who, wrong};
use super::redaction::redact;
use super::rooms::rooms;
use super::spoken::{self, SpokenBody};
use super::targets::TargetWord;
use super::text::{fold, is_dash, quoted};
use super::tokens::{Cursor, Kind, Token};
use super::{
    About, Command, Extent, Measure, Message, Misunderstood, Preview, Rank, Setting, SyncTarget, UsersFilter, Who, Word,
};
use crate::authority::Act;

/// How many entries `audit` shows by default, and at most.
const AUDITED: u32 = 10;
const MOST_AUDITED: u32 = 200;

/// The statuses of accounts, by what people call them.
const STATUSES: [(&str, &[&str]); 6] = [
    ("synced", &["synced", "sincronizado", "sincronizados", "sincronizada", "sincronizadas"]),
    ("stale", &["stale", "desatualizado", "desatualizados", "desatualizada", "desatualizadas"]),
    ("released", &["released", "nao-incluidas", "nao-incluidos", "nao-incluida", "nao-incluido"]),
    ("never", &["never", "nunca"]),
    ("locked", &["locked", "bloqueado", "bloqueados", "bloqueada", "bloqueadas"]),
    ("gone", &["gone", "ausente", "ausentes", "desligado", "desligados", "sairam"]),
];

/// The flag of `users` that also asks where people are signed in.
const DEVICES: [&str; 2] = ["devices", "aparelhos"];

/// Whether a message is addressed to the bot: it begins with the prefix directly before a word, or with the bot's name.
/// In a managed room only the commands accepted there count, and what may be a mistyped `redact`.
#[must_use]
pub fn sounds_like_command(message: &Message<'_>, setting: &Setting<'_>) -> bool {
    spoken::said(message, setting).is_some()
}

/// Whether it begins with the word of a command, and not with one that is only near.
#[must_use]
pub fn has_known_word(message: &Message<'_>, setting: &Setting<'_>) -> bool {
    spoken::said(message, setting).is_some_and(|said| said.word.is_some())
}

/// The command in a message; None exactly if [`sounds_like_command`] is false. `sent_at` is when it was sent, in the time
/// zone of the hospital, which is what `until tomorrow` counts from.
#[must_use]
pub fn parse(message: &Message<'_>, setting: &Setting<'_>, sent_at: &Zoned) -> Option<Result<Command, Misunderstood>> {
    let said = spoken::said(message, setting)?;
    Some(understand(&said, message, setting, sent_at))
}

fn understand(
    said: &SpokenBody,
    message: &Message<'_>,
    setting: &Setting<'_>,
    sent_at: &Zoned,
) -> Result<Command, Misunderstood> {
    let cursor = Cursor::new(&said.line, said.at);
    let Some(word) = said.word else {
        return match said.said.as_str() {
            "" if cursor.rest().trim().is_empty() => Ok(Command::Help(None)),
            "" => Err(no_such_word(cursor.rest().trim())),
            word => Err(no_such_word(word)),
        };
    };
    let read = |keywords: &'static [_], most| {
        Arguments::read(word, cursor, Allowed { keywords, sent_at: Some(sent_at), most }, said.dry_run)
    };
    let measure = |act, keywords| {
        let measure = measure_of(&read(keywords, 0)?)?;
        // Nobody means to kick somebody everywhere.
        if act == Act::Kick && measure.room.is_none() {
            return Err(Misunderstood::Missing { word, what: "ROOM" });
        }
        Ok(Command::Measure { act, measure })
    };
    match word {
        Word::Help => help(&read(&[], 0)?, setting.prefix),
        Word::Status => read(&[], 0)?.at_most(0).map(|()| Command::Status),
        Word::WhoAmI => read(&[], 0)?.at_most(0).map(|()| Command::WhoAmI),
        Word::Confirm => preview(&read(&[], 0)?, message.reply_to.as_ref()).map(Command::Confirm),
        Word::Cancel => preview(&read(&[], 0)?, message.reply_to.as_ref()).map(Command::Cancel),
        Word::Stop => read(&[], 0)?
            .at_most(0)
            .map(|()| Command::Stop { replied: message.reply_to.as_deref().map(ToOwned::to_owned) }),
        Word::Pause => {
            let all = read(&[For, Until, Because], 0)?;
            all.at_most(0)?;
            Ok(Command::Pause { lasts: all.lasts, because: all.because })
        }
        Word::Resume => read(&[], 0)?.at_most(0).map(|()| Command::Resume),
        Word::Approve => code(&read(&[], 0)?, "ID").map(|id| Command::Approve { id: id.to_ascii_lowercase() }),
        Word::Sync => sync(&read(&[In, DryRun], 0)?),
        Word::User => {
            let all = read(&[], 0)?;
            all.at_most(1)?;
            Ok(Command::User { who: first_person(&all)? })
        }
        Word::Users => users(cursor, said.dry_run).map(Command::Users),
        Word::Why => why(&read(&[In], 0)?),
        Word::Grants => {
            let all = read(&[], 0)?;
            all.at_most(1)?;
            let who = all.plain.first().map(|token| who(word, token)).transpose()?;
            Ok(Command::Grants { who })
        }
        Word::Audit => audit(&read(&[In, Last], MOST_AUDITED)?),
        Word::Promote => {
            let all = read(&[In, For, Until, Because, DryRun, Level], 0)?;
            let rank = all.rank.unwrap_or(Rank::Moderator);
            Ok(Command::Promote { measure: measure_of(&all)?, rank, dry_run: all.dry_run })
        }
        Word::Demote => {
            let all = read(&[In, For, Until, Because, DryRun], 0)?;
            Ok(Command::Demote { measure: measure_of(&all)?, dry_run: all.dry_run })
        }
        Word::Redact => redact(said, cursor, message.reply_to.as_ref(), setting.place),
        Word::Kick => measure(Act::Kick, &[In, For, Until, Because]),
        Word::Ban => measure(Act::Ban, &[In, For, Until, Because]),
        Word::Unban => measure(Act::Unban, &[In, Because]),
        Word::Mute => measure(Act::Mute, &[In, For, Until, Because]),
        Word::Unmute => measure(Act::Unmute, &[In]),
        Word::Lock => measure(Act::Lock, &[For, Until, Because]),
        Word::Unlock => measure(Act::Unlock, &[]),
        Word::SignOut => measure(Act::SignOut, &[Because]),
        Word::Deactivate => measure(Act::Deactivate, &[Because]),
        Word::Reactivate => measure(Act::Reactivate, &[]),
        Word::Rooms => rooms(cursor, said.dry_run),
    }
}

fn measure_of(all: &Arguments<'_>) -> Result<Measure, Misunderstood> {
    Ok(Measure { who: all.people()?, room: all.room.clone(), lasts: all.lasts, because: all.because.clone() })
}

fn first_person(all: &Arguments<'_>) -> Result<Who, Misunderstood> {
    let token = all.plain.first().ok_or(Misunderstood::Missing { word: all.word, what: "WHO" })?;
    who(all.word, token)
}

fn help(all: &Arguments<'_>, prefix: &str) -> Result<Command, Misunderstood> {
    all.at_most(1)?;
    let Some(token) = all.plain.first() else { return Ok(Command::Help(None)) };
    let said = token.text.strip_prefix(prefix.trim()).unwrap_or(token.text);
    match Word::named(said) {
        Some(word) => Ok(Command::Help(Some(word))),
        None => Err(no_such_word(said)),
    }
}

fn no_such_word(said: &str) -> Misunderstood {
    Misunderstood::NoSuchWord { said: quoted(said), nearest: Word::nearest(said) }
}

/// By its code, or by replying to it.
fn preview(all: &Arguments<'_>, reply_to: Option<&OwnedEventId>) -> Result<Preview, Misunderstood> {
    match (code(all, "CODE"), reply_to) {
        (Err(Misunderstood::Missing { .. }), Some(event)) => Ok(Preview::Replied(event.clone())),
        (code, _) => code.map(|code| Preview::Code(code.to_ascii_uppercase())),
    }
}

/// The only argument, an id or a code.
fn code(all: &Arguments<'_>, what: &'static str) -> Result<String, Misunderstood> {
    let word = all.word;
    let token = all.plain.first().ok_or(Misunderstood::Missing { word, what })?;
    all.at_most(1)?;
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_code = token.text.len() <= 64 && token.text.chars().all(good) && !token.text.is_empty();
    is_code.then(|| token.text.to_owned()).ok_or_else(|| wrong(word, what, token))
}

fn sync(all: &Arguments<'_>) -> Result<Command, Misunderstood> {
    let target = match (all.plain.as_slice(), all.room.clone()) {
        ([], None) => SyncTarget::Everything,
        ([], Some(room)) => SyncTarget::Room(room),
        ([token, ..], Some(_)) => return Err(unexpected(all.word, token)),
        ([token, ..], None) => match target(all.word, "WHO", token)? {
            TargetWord::Room(room) => {
                all.at_most(1)?;
                SyncTarget::Room(room)
            }
            // A quoted text that cannot name a person names a room.
            _ if all.plain.len() == 1 && token.kind == Kind::Quoted && who(all.word, token).is_err() => {
                SyncTarget::Room(room(all.word, "ROOM", token)?)
            }
            _ => SyncTarget::People(all.people()?),
        },
    };
    Ok(Command::Sync { target, dry_run: all.dry_run })
}

/// Optionally begins with a status; the rest is the search text.
fn users(mut cursor: Cursor<'_>, dry_run: bool) -> Result<UsersFilter, Misunderstood> {
    let mut filter = UsersFilter::default();
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut end = cursor.at();
    while let Some(token) = cursor.next()? {
        if matches!(token.kind, Kind::Flag { .. }) {
            if !DEVICES.contains(&&*fold(token.text.trim_start_matches(is_dash))) {
                return Err(unexpected(Word::Users, &token));
            }
            filter.devices = true;
            continue;
        }
        match token.folded().as_deref().and_then(status) {
            Some(status) if found.is_empty() && filter.status.is_none() => filter.status = Some(status.to_owned()),
            _ => {
                found.push(token);
                end = cursor.at();
            }
        }
    }
    if dry_run {
        return Err(Misunderstood::Unexpected { word: Word::Users, said: "--dry-run".to_owned(), nearest: None });
    }
    filter.search = match found.as_slice() {
        [] => None,
        [one] => Some(one.text.to_owned()),
        [first, ..] => Some(cursor.between(first.at, end).trim().to_owned()),
    };
    Ok(filter)
}

fn status(said: &str) -> Option<&'static str> {
    STATUSES.iter().find(|(_, names)| names.contains(&said)).map(|(status, _)| *status)
}

fn why(all: &Arguments<'_>) -> Result<Command, Misunderstood> {
    let who = first_person(all)?;
    all.at_most(if all.room.is_some() { 1 } else { 2 })?;
    let second = all.plain.get(1).map(|token| room(all.word, "ROOM", token)).transpose()?;
    Ok(Command::Why { who, room: second.or_else(|| all.room.clone()) })
}

fn audit(all: &Arguments<'_>) -> Result<Command, Misunderstood> {
    let last = match all.extent {
        Some(Extent::Last(last)) => last,
        _ => AUDITED,
    };
    all.at_most(usize::from(all.room.is_none()))?;
    let about = match (all.plain.first(), all.room.clone()) {
        (None, None) => None,
        (None, Some(room)) => Some(About::Room(room)),
        (Some(token), _) => Some(about(all.word, token)?),
    };
    Ok(Command::Audit { about, last })
}

fn about(word: Word, token: &Token<'_>) -> Result<About, Misunderstood> {
    // A bare number is probably a forgotten `last`.
    if token.kind == Kind::Bare && token.text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(word, "N", token));
    }
    match target(word, "WHO", token)? {
        TargetWord::Room(room) => Ok(About::Room(room)),
        _ => match who(word, token) {
            Err(_) if token.kind == Kind::Quoted => room(word, "ROOM", token).map(About::Room),
            who => who.map(About::Who),
        },
    }
}
