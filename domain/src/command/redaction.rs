//! `redact`: the replied-to message, messages by link, somebody's messages, or reactions.

use ruma_common::OwnedEventId;

use super::arguments::Keyword::{Because, DryRun, In, Last, Of, Since};
use super::arguments::{Allowed, Arguments, target, wrong};
use super::spoken::SpokenBody;
use super::targets::TargetWord;
use super::text::nearness;
use super::tokens::{Cursor, Kind};
use super::{Command, CommandPlace, Misunderstood, Redaction, Where, Word, reason};

const WORD: Word = Word::Redact;

/// The largest number after `last`.
const MOST: u32 = 1_000;

/// The longest key of a reaction, in bytes; the longest emoji has about thirty.
const LONGEST_KEY: usize = 100;

const REACTION: [&str; 4] = ["reaction", "reacao", "reactions", "reacoes"];

pub(super) fn redact(
    said: &SpokenBody,
    cursor: Cursor<'_>,
    reply_to: Option<&OwnedEventId>,
    place: CommandPlace,
) -> Result<Command, Misunderstood> {
    let mut ahead = cursor;
    if let Some(token) = ahead.next()?
        && token.folded().is_some_and(|said| REACTION.contains(&said.as_str()))
    {
        return reactions(ahead, reply_to, said.dry_run);
    }
    if let Some(token) = cursor.peek()?
        && let Some(said) = token.folded()
        && let Some(near) = REACTION.iter().find(|name| nearness(&said, name).is_some_and(|far| far <= 1))
    {
        return Err(Misunderstood::Unexpected { word: WORD, said: token.said(), nearest: Some((*near).to_owned()) });
    }
    let allowed = Allowed { keywords: &[In, Last, Since, Because, DryRun], sent_at: None, most: MOST };
    let all = Arguments::read(WORD, cursor, allowed, said.dry_run);
    if let Some(event) = reply_to
        && let Some(because) = reason::unmarked(WORD, cursor)?
    {
        let because = Some(because).filter(|because| !because.is_empty());
        let (what, unmarked) = (Redaction::Replied(event.clone()), because.is_some());
        return Ok(Command::Redact { what, because, unmarked, dry_run: said.dry_run });
    }
    let all = all?;
    let what = what(&all, reply_to, place)?;
    Ok(Command::Redact { what, because: all.because, unmarked: false, dry_run: all.dry_run })
}

fn what(all: &Arguments<'_>, reply_to: Option<&OwnedEventId>, place: CommandPlace) -> Result<Redaction, Misunderstood> {
    let missing = |what| Misunderstood::Missing { word: WORD, what };
    let Some(first) = all.plain.first() else {
        return match (all.extent, &all.room, reply_to) {
            (None, None, Some(event)) => Ok(Redaction::Replied(event.clone())),
            (None, None, None) if place == CommandPlace::Managed => Err(missing("REPLY")),
            (None, None, None) => Err(missing("LINK")),
            _ => Err(missing("WHO")),
        };
    };
    if let TargetWord::Event(..) = target(WORD, "LINK", first)? {
        return events(all);
    }
    let people = all.people()?;
    let extent = all.extent.ok_or_else(|| missing("last N|since 1h"))?;
    if all.room.is_none() && place == CommandPlace::Control {
        return Err(missing("ROOM"));
    }
    Ok(Redaction::Of { who: people, room: all.room.clone(), extent })
}

fn events(all: &Arguments<'_>) -> Result<Redaction, Misunderstood> {
    if all.extent.is_some() {
        return Err(Misunderstood::Missing { word: WORD, what: "WHO" });
    }
    let mut events: Vec<(Where, OwnedEventId)> = Vec::new();
    for token in &all.plain {
        let one = match (target(WORD, "LINK", token)?, &all.room) {
            (TargetWord::Event(Some(room), event), None) => (room, event),
            (TargetWord::Event(None, event), Some(room)) => (room.clone(), event),
            (TargetWord::Event(None, _), None) => return Err(Misunderstood::Missing { word: WORD, what: "ROOM" }),
            _ => return Err(wrong(WORD, "LINK", token)),
        };
        if !events.contains(&one) {
            events.push(one);
        }
    }
    Ok(Redaction::Events(events))
}

/// `reaction 👍 of ana`, `reactions`.
fn reactions(cursor: Cursor<'_>, reply_to: Option<&OwnedEventId>, dry_run: bool) -> Result<Command, Misunderstood> {
    let all = Arguments::read(WORD, cursor, Allowed { keywords: &[Of], sent_at: None, most: 0 }, dry_run)?;
    all.at_most(1)?;
    let key = match all.plain.first() {
        // Punctuation alone is no key that means any.
        None if all.of.is_none() && !cursor.rest().trim().is_empty() && !dry_run => {
            Some(cursor.rest().trim().to_owned()).filter(|key| key.len() <= LONGEST_KEY)
        }
        None => None,
        Some(token) if matches!(token.kind, Kind::Bare | Kind::Quoted) && token.text.len() <= LONGEST_KEY => {
            Some(token.text.to_owned())
        }
        Some(token) => return Err(wrong(WORD, "KEY", token)),
    };
    let event = reply_to.ok_or(Misunderstood::Missing { word: WORD, what: "REPLY" })?.clone();
    Ok(Command::RedactReactions { event, key, of: all.of })
}
