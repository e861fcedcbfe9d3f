//! Arguments of texts, each kind with a safe format.
//!
//! Users choose names, room names and reasons, so only this file decides how they get into a message. Invisible
//! characters and those that change the writing direction are dropped, because they can make a text look like another
//! one.

use std::borrow::Cow;

use equipemed_domain::visible::visible;
use ruma_common::{OwnedRoomId, OwnedUserId};

use crate::homeserver::Said;

/// Longer user text is truncated.
pub const ARG_CHARS: usize = 300;

/// An argument of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// User text or a name.
    Text(String),
    /// Something to type.
    Code(String),
    /// A number, which also selects singular or plural.
    Number(i64),
    /// An account, with its display name.
    User {
        /// Its id.
        user: OwnedUserId,
        /// Its display name, if it has one.
        name: Option<String>,
    },
    /// A room.
    Room {
        /// Its id; None if it does not exist yet.
        room_id: Option<OwnedRoomId>,
        /// Its name.
        name: String,
    },
    /// An address to open or to paste.
    Link(String),
    /// A formatted time or duration.
    Time(String),
    /// A finished text, such as a word or a list.
    Said(Said),
}

/// Makes outside text safe to show: one line, no invisible characters, limited length.
pub(super) fn clean(text: &str) -> String {
    let shown = visible(text);
    let shown = shown.trim();
    match shown.char_indices().nth(ARG_CHARS) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default().trim_end()),
        None => shown.to_owned(),
    }
}

/// Escapes text for HTML content and attributes.
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
