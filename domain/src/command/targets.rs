//! Parses references to people, rooms and messages: ids, links or plain names.
//!
//! Does not use `ruma` for links, because its parser panics at `https://matrix.to/#///x` and refuses what people really
//! paste: missing percent-encoding, `via` on anything, the permalinks of a hospital's own Element.

use ruma_common::{OwnedEventId, OwnedRoomAliasId, OwnedRoomId, OwnedUserId, ServerName};

use super::Where;
use super::text::trimmed;

/// The longest id that Matrix allows, in bytes.
const LONGEST: usize = 255;

/// What a text refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TargetWord {
    User(OwnedUserId),
    /// By id or alias.
    Room(Where),
    /// A message, with its room if known.
    Event(Option<Where>, OwnedEventId),
    /// Anything that does not look like an id or a link.
    Name(String),
}

/// Parses typed text; None for a malformed id or link.
pub(super) fn typed(text: &str) -> Option<TargetWord> {
    let text = text.trim_start_matches('<').trim_end_matches('>');
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    if ["https://", "http://", "matrix:", "matrix.t"].iter().any(|start| lower.starts_with(start)) {
        return link(text);
    }
    match text.chars().next()? {
        '@' if text.contains(':') => id(text),
        // Some people write `@` before plain names.
        '@' => text.get(1..).filter(|name| !name.is_empty()).map(|name| TargetWord::Name(name.to_owned())),
        '!' | '#' | '$' => id(text),
        _ => Some(TargetWord::Name(text.to_owned())),
    }
}

/// Parses a link; None if it leads to nothing in Matrix.
pub(super) fn link(href: &str) -> Option<TargetWord> {
    let href = href.trim();
    if let Some(start) = href.get(..7)
        && start.eq_ignore_ascii_case("matrix:")
    {
        return uri(href.get(7..)?);
    }
    let (host, path) = href.split_once("/#/")?;
    let host = host.strip_prefix("https://").or_else(|| host.strip_prefix("http://")).unwrap_or(host);
    let path = if host.eq_ignore_ascii_case("matrix.to") {
        path
    } else {
        path.strip_prefix("room/").or_else(|| path.strip_prefix("user/"))?
    };
    let path = decoded(without_query(path))?;
    pair(path.trim_end_matches('/'))
}

/// `r/alias:s`, `roomid/id:s/e/event`, `u/a:s`.
fn uri(path: &str) -> Option<TargetWord> {
    let mut parts = without_query(path).trim_end_matches('/').split('/');
    let mut ids = String::new();
    while let Some(kind) = parts.next() {
        let sign = match kind.to_ascii_lowercase().as_str() {
            "u" | "user" => '@',
            "r" | "room" => '#',
            "roomid" => '!',
            "e" | "event" => '$',
            _ => return None,
        };
        if !ids.is_empty() {
            ids.push('/');
        }
        ids.push(sign);
        ids.push_str(&decoded(parts.next()?)?);
    }
    pair(&ids)
}

/// A single id, or a room's and an event's.
fn pair(ids: &str) -> Option<TargetWord> {
    let Some((room, event)) = ids.split_once("/$") else { return id(ids) };
    match (id(room)?, id(&format!("${event}"))?) {
        (TargetWord::Room(room), TargetWord::Event(None, event)) => Some(TargetWord::Event(Some(room), event)),
        _ => None,
    }
}

fn id(text: &str) -> Option<TargetWord> {
    if text.len() > LONGEST || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    match text.chars().next()? {
        '@' => OwnedUserId::try_from(text).ok().filter(|user| !user.localpart().is_empty()).map(TargetWord::User),
        '#' => OwnedRoomAliasId::try_from(text)
            .ok()
            .filter(|alias| !alias.alias().is_empty())
            .map(|alias| TargetWord::Room(Where::Alias(alias))),
        '!' if is_room_id(text) => OwnedRoomId::try_from(text).ok().map(|room| TargetWord::Room(Where::Id(room))),
        '$' if is_hash(text) || has_server(text) => {
            OwnedEventId::try_from(text).ok().map(|event| TargetWord::Event(None, event))
        }
        _ => None,
    }
}

/// Whether this is a room id: with a server, or in the form without one that version 12 has.
pub(super) fn is_room_id(text: &str) -> bool {
    text.starts_with('!') && (has_server(text) || is_hash(text) && !text.contains(['+', '/']))
}

/// A sigil and a SHA-256 in base64, in either alphabet.
fn is_hash(text: &str) -> bool {
    let hash = text.get(1..).unwrap_or_default();
    hash.len() == 43 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+/".contains(&byte))
}

fn has_server(text: &str) -> bool {
    text.split_once(':').is_some_and(|(local, server)| local.len() > 1 && ServerName::parse(server).is_ok())
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// Whether a link's text contains an id or a link to something else than the link's target. A display name is none, not
/// even with the `@` that some clients put before it.
pub(super) fn lies(shown: &str, target: &TargetWord) -> bool {
    shown.split(' ').any(|word| match typed(trimmed(word.trim_start_matches('('))) {
        Some(TargetWord::Name(_)) | None => false,
        Some(other) => other != *target,
    })
}

/// Decodes percent-encoding; None if the result is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high * 16 + low);
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}
