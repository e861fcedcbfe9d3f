//! What a text is about, each kind with its own safe form.
//!
//! People choose their names, rooms' names and reasons themselves: here is the only place that says how such a thing
//! gets into a message. What is invisible or turns the direction of writing is dropped, because it can make a text look
//! like another one.

use std::borrow::Cow;

use ruma_common::{OwnedRoomId, OwnedUserId};

use crate::homeserver::Said;

/// More of what somebody wrote is not repeated.
pub const ARG_CHARS: usize = 300;

/// Something that is put into a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// What somebody wrote, or something is called.
    Text(String),
    /// Something to type.
    Code(String),
    /// A number, which also decides about singular and plural.
    Number(i64),
    /// An account, with its display name.
    User {
        /// Its id.
        user: OwnedUserId,
        /// Its display name, where it has one.
        name: Option<String>,
    },
    /// A room.
    Room {
        /// Its id; None for one that is not there yet.
        room_id: Option<OwnedRoomId>,
        /// Its name.
        name: String,
    },
    /// A time or a length of time, ready to be read.
    Time(String),
    /// Something said already, such as a word or a list.
    Said(Said),
}

/// What may be shown of a text that came from outside: one line, nothing invisible, not too long.
pub(super) fn clean(text: &str) -> String {
    let shown: String = text.chars().filter_map(shown).collect();
    let shown = shown.trim();
    match shown.char_indices().nth(ARG_CHARS) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default().trim_end()),
        None => shown.to_owned(),
    }
}

fn shown(c: char) -> Option<char> {
    match c {
        '\n' | '\r' | '\t' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator, zero widths, directions, fillers.
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' => None,
        '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{115F}' | '\u{1160}' | '\u{3164}' => None,
        // Private use, where the places of arguments are, and tags.
        '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}' => None,
        c if c.is_control() => None,
        c => Some(c),
    }
}

/// Text as it stands in HTML, between tags and in attributes.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut html = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    Cow::Owned(html)
}
