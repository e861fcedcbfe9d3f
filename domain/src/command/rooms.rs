//! `rooms` and its subcommands.

use super::arguments::Keyword::{self, As, DryRun, In};
use super::arguments::{Allowed, Arguments, keyword, room, unexpected, wrong};
use super::text::{fold, nearness, quoted, unquoted};
use super::tokens::{Cursor, Kind, Token};
use super::{Command, Misunderstood, Where, Word};

const WORD: Word = Word::Rooms;

/// The longest name of a room, in bytes.
const LONGEST_NAME: usize = 255;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    List,
    Stats,
    Create,
    Replace,
    Cleanup,
    Adopt,
}

/// The subcommands by their folded names, the one to suggest first.
const PARTS: [(Part, &[&str]); 6] = [
    (Part::List, &["list", "listar", "lista"]),
    (Part::Stats, &["stats", "statistics", "estatisticas", "numeros"]),
    (Part::Create, &["create", "criar", "cria", "nova", "new"]),
    (Part::Replace, &["replace", "substituir", "substitui"]),
    (Part::Cleanup, &["cleanup", "limpar", "limpeza"]),
    (Part::Adopt, &["adopt", "adotar", "adota"]),
];

pub(super) fn rooms(mut cursor: Cursor<'_>, dry_run: bool) -> Result<Command, Misunderstood> {
    let part = match cursor.peek()? {
        Some(token) => {
            cursor.next()?;
            part(&token)?
        }
        None => Part::List,
    };
    let read = |keywords: &'static [Keyword]| {
        Arguments::read(WORD, cursor, Allowed { keywords, sent_at: None, most: 0 }, dry_run)
    };
    match part {
        Part::List => read(&[])?.at_most(0).map(|()| Command::RoomsList),
        Part::Stats => read(&[])?.at_most(0).map(|()| Command::RoomsStats),
        Part::Cleanup => {
            let all = read(&[DryRun])?;
            all.at_most(0)?;
            Ok(Command::RoomsCleanup { dry_run: all.dry_run })
        }
        Part::Replace => {
            let all = read(&[DryRun])?;
            Ok(Command::RoomsReplace { room: one_room(&all)?, dry_run: all.dry_run })
        }
        Part::Adopt => {
            let all = read(&[As])?;
            let room = one_room(&all)?;
            let key = all.name.ok_or(Misunderstood::Missing { word: WORD, what: "KEY" })?;
            Ok(Command::RoomsAdopt { room, key })
        }
        Part::Create if dry_run => {
            Err(Misunderstood::Unexpected { word: WORD, said: "--dry-run".to_owned(), nearest: None })
        }
        Part::Create => create(cursor),
    }
}

fn part(token: &Token<'_>) -> Result<Part, Misunderstood> {
    let said = token.folded().unwrap_or_default();
    if let Some((part, _)) = PARTS.iter().find(|(_, names)| names.contains(&said.as_str())) {
        return Ok(*part);
    }
    // A flag without a subcommand, such as `rooms --dry-run`, gets the same answer.
    let near = PARTS
        .iter()
        .filter_map(|(_, names)| Some((names.iter().filter_map(|name| nearness(&said, name)).min()?, *names.first()?)));
    let nearest = near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name.to_owned());
    Err(Misunderstood::Unexpected { word: WORD, said: token.said(), nearest })
}

fn one_room(all: &Arguments<'_>) -> Result<Where, Misunderstood> {
    let token = all.plain.first().ok_or(Misunderstood::Missing { word: WORD, what: "ROOM" })?;
    all.at_most(1)?;
    room(WORD, "ROOM", token)
}

/// `NAME for SELECTOR [in SPACE]`. The name ends at the first `for`. The space is the last word or quotation if an `in`
/// precedes it. A name or selector with these words has to be quoted.
fn create(mut cursor: Cursor<'_>) -> Result<Command, Misunderstood> {
    let missing = |what| Misunderstood::Missing { word: WORD, what };
    let start = cursor.at();
    let mut name = None;
    while name.is_none() {
        let before = cursor.at();
        let token = cursor.next()?.ok_or_else(|| missing(if before == start { "NAME" } else { "SELECTOR" }))?;
        match is_for(&token) {
            true => name = Some(unquoted(cursor.between(start, token.at))),
            false => no_pill(&token, "NAME")?,
        }
    }
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| missing("NAME"))?;
    if name.len() > LONGEST_NAME {
        return Err(Misunderstood::Wrong { word: WORD, what: "NAME", said: quoted(name) });
    }
    let (members, space) = members(cursor)?;
    let members = unquoted(members);
    if members.is_empty() {
        return Err(missing("SELECTOR"));
    }
    Ok(Command::RoomsCreate { name: name.to_owned(), members: members.to_owned(), space })
}

/// The selector, and the space if one ends the line.
fn members(mut cursor: Cursor<'_>) -> Result<(&str, Option<Where>), Misunderstood> {
    let start = cursor.at();
    let mut space = None;
    while let Some(token) = cursor.next()? {
        let is_flag = matches!(token.kind, Kind::Flag { .. });
        if keyword(WORD, &token, &[In]).ok().flatten() != Some(In) {
            if is_flag {
                return Err(unexpected(WORD, &token));
            }
            no_pill(&token, "SELECTOR")?;
            continue;
        }
        let mut ahead = cursor;
        let Some(value) = ahead.next()? else { return Err(Misunderstood::Missing { word: WORD, what: "SPACE" }) };
        let is_last = ahead.peek()?.is_none();
        if is_flag && !is_last {
            return Err(wrong(WORD, "SPACE", &value));
        }
        if is_last {
            space = Some((token.at, room(WORD, "SPACE", &value)?));
            break;
        }
    }
    // Without a space, the cursor has reached the end.
    let end = space.as_ref().map_or(cursor.at(), |(at, _)| *at);
    Ok((cursor.between(start, end), space.map(|(_, room)| room)))
}

fn is_for(token: &Token<'_>) -> bool {
    let said = match token.kind {
        Kind::Flag { .. } => fold(token.text).trim_start_matches('-').to_owned(),
        _ => token.folded().unwrap_or_default(),
    };
    matches!(said.as_str(), "for" | "para")
}

fn no_pill(token: &Token<'_>, what: &'static str) -> Result<(), Misunderstood> {
    match token.kind {
        Kind::Pill { .. } => Err(wrong(WORD, what, token)),
        Kind::Flag { .. } => Err(unexpected(WORD, token)),
        Kind::Bare | Kind::Quoted => Ok(()),
    }
}
