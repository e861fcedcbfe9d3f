//! Reasons: after `because` and what people write for it, and after a `redact` in reply without any such word.

use super::arguments::{Keyword, is_filler, is_in, is_number, nearest, option, unexpected};
use super::spoken::{Line, is_dry_run};
use super::targets::{self, TargetWord};
use super::text::{fold, is_dash, quoted, trimmed, unquoted};
use super::tokens::{Cursor, Kind, Token};
use super::{Misunderstood, Word, duration};

/// The longest reason, in characters; it becomes part of an event.
const LONGEST: usize = 1_000;

/// Reasons that begin with several words; some begin like another option.
const PHRASES: [[&str; 2]; 13] = [
    ["por", "que"],
    ["por", "causa"],
    ["por", "conta"],
    ["por", "motivo"],
    ["por", "motivos"],
    ["em", "razao"],
    ["em", "virtude"],
    ["devido", "a"],
    ["devido", "ao"],
    ["ja", "que"],
    ["visto", "que"],
    ["because", "of"],
    ["due", "to"],
];

/// What links a phrase with its reason.
const LINKS: [&str; 6] = ["de", "do", "da", "dos", "das", "of"];

/// What asks for more than one message.
const MANY: [&str; 6] = ["tudo", "todas", "todos", "all", "every", "everything"];

/// The most words of a room's name that are looked for in a reason.
const NAME_WORDS: usize = 4;

/// Politeness is no reason.
const POLITE: [&str; 6] = ["por favor", "please", "pfv", "pf", "obrigado", "obrigada"];

/// Whether the text is nothing but politeness.
pub(super) fn is_polite(text: &str) -> bool {
    POLITE.contains(&&*fold(text.trim_matches(|c: char| !c.is_alphabetic())))
}

/// What may be the name of a room in a reason: up to four words behind `in`, shortest first.
pub fn places(reason: &str) -> impl Iterator<Item = String> {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let words: Vec<String> = reason.split(' ').map(bare).filter(|word| !word.is_empty()).collect();
    let mut places = Vec::new();
    for (place, word) in words.iter().enumerate() {
        if is_in(word) {
            let behind = words.get(place + 1..).unwrap_or_default();
            places.extend((1..=behind.len().min(NAME_WORDS)).filter_map(|count| Some(behind.get(..count)?.join(" "))));
        }
    }
    places.into_iter()
}

/// Whether the token, which was just read, begins a reason of several words; then they are read.
pub(super) fn takes_phrase(token: &Token<'_>, cursor: &mut Cursor<'_>) -> bool {
    let Some(first) = token.folded() else { return false };
    let mut ahead = *cursor;
    let Some(second) = ahead.next().ok().flatten().and_then(|token| token.folded()) else { return false };
    let is_phrase = PHRASES.contains(&[first.as_str(), second.as_str()]);
    if is_phrase {
        *cursor = ahead;
        if second != "que"
            && ahead.next().ok().flatten().and_then(|token| token.folded()).is_some_and(|said| LINKS.contains(&&*said))
        {
            *cursor = ahead;
        }
    }
    is_phrase
}

/// The rest of the message, or the text in quotation marks.
pub(super) fn read(word: Word, cursor: &mut Cursor<'_>) -> Result<String, Misunderstood> {
    cursor.skip_to_words();
    let mut ahead = *cursor;
    let reason = match cursor.is_at_quotation().then(|| ahead.quotation()) {
        Some(Ok(token)) if token.kind == Kind::Quoted => {
            *cursor = ahead;
            token.text.to_owned()
        }
        _ => rest(cursor),
    };
    if reason.is_empty() {
        return Err(Misunderstood::Missing { word, what: "because" });
    }
    if reason.chars().count() > LONGEST {
        return Err(Misunderstood::Wrong { word, what: "because", said: quoted(&reason) });
    }
    Ok(reason)
}

/// The reason that the next line begins with, if one does.
pub(super) fn below(word: Word, cursor: Cursor<'_>) -> Result<Option<String>, Misunderstood> {
    let line = Line { text: cursor.more().to_owned(), ..Line::default() };
    let mut cursor = Cursor::new(&line, 0);
    let Ok(Some(token)) = cursor.next() else { return Ok(None) };
    let begins = takes_phrase(&token, &mut cursor) || option(&token) == Some(Keyword::Because);
    begins.then(|| read(word, &mut cursor)).transpose()
}

/// The rest of the message as one line, without `--dry-run` and marks around all of it.
fn rest(cursor: &mut Cursor<'_>) -> String {
    let words = cursor.rest().split(' ').chain(cursor.more().split(' '));
    let words = words.filter(|word| !word.is_empty() && !is_dry_run(word)).collect::<Vec<_>>();
    cursor.finish();
    unquoted(&words.join(" ")).to_owned()
}

/// The reason of a `redact` in reply that no word marks as one; None if the line has to be read as arguments.
///
/// # Errors
/// It holds a name, or something near to an option: then more may be meant than the message that is replied to.
pub(super) fn unmarked(word: Word, mut cursor: Cursor<'_>) -> Result<Option<String>, Misunderstood> {
    if is_polite(cursor.rest()) {
        return Ok(Some(String::new()));
    }
    let mut all = cursor;
    while let Ok(Some(token)) = cursor.next()
        && token.text.chars().all(is_dash)
    {
        all = cursor;
    }
    cursor = all;
    let mut tokens: Vec<Token<'_>> = Vec::new();
    loop {
        match cursor.next() {
            Ok(Some(token)) if is_dry_run(token.text) => {}
            Ok(Some(token)) => tokens.push(token),
            Ok(None) => break,
            // An apostrophe begins no quotation in a reason.
            Err(Misunderstood::Unclosed) => cursor.skip_mark(),
            Err(why) => return Err(why),
        }
    }
    let Some(first) = tokens.first() else { return Ok(None) };
    let mut behind = all;
    behind.next()?;
    let is_other = match option(first) {
        _ if takes_phrase(first, &mut behind) => true,
        // `por engano` is a reason, `por 2h` an option that is not taken.
        Some(Keyword::For) => tokens.get(1).is_none_or(is_amount),
        // `na sala errada` is a reason, unless a room is called so.
        Some(Keyword::In) => tokens.len() == 1,
        Some(_) => true,
        None => is_filler(first),
    };
    let is_marked = |token: &Token<'_>| {
        let marks = matches!(option(token), Some(Keyword::Because | Keyword::Last | Keyword::Since));
        marks || matches!(token.kind, Kind::Flag { .. }) || is_event(token)
    };
    if is_other || tokens.iter().any(is_marked) {
        return Ok(None);
    }
    check(word, &tokens, all.rest())?;
    read(word, &mut all).map(Some)
}

/// Asks about what may be a name or a mistyped option.
fn check(word: Word, tokens: &[Token<'_>], rest: &str) -> Result<(), Misunderstood> {
    for (place, token) in tokens.iter().enumerate() {
        let before_amount = tokens.get(place + 1).is_some_and(is_amount);
        if let Some(name) = mistyped(token, place == 0, before_amount) {
            return Err(Misunderstood::Unexpected { word, said: token.said(), nearest: Some(name.to_owned()) });
        }
        let is_many = || token.folded().is_some_and(|said| MANY.contains(&said.as_str()));
        if is_name(token) || place == 0 && (is_amount(token) || is_many()) {
            return Err(unexpected(word, token));
        }
    }
    // `Ana` or `"Ana Souza"` and nothing else.
    let is_capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase)
    };
    match tokens {
        [one] if one.text.split(' ').all(is_capitalised) => Err(unexpected(word, one)),
        [_, _, ..] if tokens.iter().all(|token| token.text.split(' ').all(is_capitalised)) => {
            Err(Misunderstood::Unexpected { word, said: quoted(trimmed(rest.trim_start())), nearest: None })
        }
        _ => Ok(()),
    }
}

/// The option whose keyword the token is nearly, also with its number as in `lst5`.
fn mistyped(token: &Token<'_>, is_first: bool, before_amount: bool) -> Option<&'static str> {
    let said = token.folded().filter(|_| option(token).is_none())?;
    let letters = said.trim_end_matches(|c: char| c.is_ascii_digit());
    if before_amount || letters.len() < said.len() {
        return nearest(letters, &[Keyword::Last, Keyword::Since]);
    }
    nearest(letters, &[Keyword::Because]).filter(|_| is_first)
}

/// Whether the token can only be somebody's or something's name: a pill, an id, a link, `@ana`, `ana.souza`.
fn is_name(token: &Token<'_>) -> bool {
    let is_username = || {
        let parts = token.text.split(['.', '_']);
        parts.clone().count() > 1
            && parts.clone().all(|part| part.chars().count() > 1 && part.chars().all(char::is_alphanumeric))
    };
    match token.kind {
        Kind::Pill { .. } => true,
        Kind::Bare => {
            !matches!(targets::typed(token.text), Some(TargetWord::Name(_)))
                || token.text.contains('@')
                || is_username()
        }
        Kind::Quoted | Kind::Flag { .. } => false,
    }
}

fn is_event(token: &Token<'_>) -> bool {
    let target = match token.kind {
        Kind::Pill { href } => targets::link(href),
        _ => targets::typed(token.text),
    };
    matches!(target, Some(TargetWord::Event(..)))
}

fn is_amount(token: &Token<'_>) -> bool {
    token.kind == Kind::Bare && (duration::is_one(token.text) || is_number(token.text))
}
