//! Converts marked-up text to plain text and HTML.
//!
//! Our texts may contain `**bold**` and `` `code` ``. During parsing, each argument is one private-use character; only
//! then is the escaped argument inserted. So nothing in an argument is ever parsed as markup.

use super::arg::{Arg, clean, escape};
use crate::homeserver::Said;

/// First placeholder character.
const FIRST_PLACE: u32 = 0xE000;
/// Last placeholder character.
const LAST_PLACE: u32 = 0xF8FF;

/// The placeholder of the argument with this index.
pub(super) fn place(index: usize) -> Option<char> {
    let at = FIRST_PLACE.checked_add(u32::try_from(index).ok()?)?;
    char::from_u32(at).filter(|_| at <= LAST_PLACE)
}

fn index(c: char) -> Option<usize> {
    usize::try_from(u32::from(c).checked_sub(FIRST_PLACE)?).ok()
}

/// An argument in both formats.
pub(super) fn argument(arg: &Arg) -> Said {
    match arg {
        Arg::Text(text) | Arg::Time(text) => text_only(text),
        Arg::Code(code) => {
            let Said { plain, html } = text_only(code);
            Said { plain, html: format!("<code>{html}</code>") }
        }
        Arg::Number(number) => text_only(&number.to_string()),
        Arg::User { user, name } => {
            let id = clean(user.as_str());
            let name = name.as_deref().map(clean).filter(|name| !name.is_empty());
            let html = link(&user.matrix_to_uri().to_string(), name.as_deref().unwrap_or(&id));
            Said { plain: broken(&name.map_or_else(|| id.clone(), |name| format!("{name} ({id})"))), html }
        }
        Arg::Room { room_id, name } => {
            let name = clean(name);
            let name = match room_id {
                Some(room_id) if name.is_empty() => clean(room_id.as_str()),
                _ => name,
            };
            let html = match room_id {
                Some(room_id) => link(&room_id.matrix_to_uri().to_string(), &name),
                None => broken(&escape(&name)),
            };
            Said { plain: broken(&name), html }
        }
        Arg::Link(address) => {
            let plain = clean(address);
            Said { html: link(&plain, &plain), plain }
        }
        Arg::Said(said) => said.clone(),
    }
}

fn text_only(text: &str) -> Said {
    let plain = broken(&clean(text));
    Said { html: escape(&plain).into_owned(), plain }
}

fn link(address: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escape(address), broken(&escape(text)))
}

/// Removes code tags, for use inside code.
fn uncoded(html: &str) -> &str {
    let inner = html.strip_prefix("<code>").and_then(|html| html.strip_suffix("</code>"));
    inner.filter(|inner| !inner.contains('<')).unwrap_or(html)
}

/// Breaks up `@room`, which clients and servers without `m.mentions` would treat as a mention of everybody.
fn broken(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = rest.split_at(at + 1);
        safe.push_str(before);
        if after.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("room")) {
            safe.push('\u{200B}');
        }
        rest = after;
    }
    safe.push_str(rest);
    safe
}

/// Parses markup and inserts the arguments. With `breaks`, an empty line starts a new line; otherwise the text is one
/// line.
pub(super) fn render(text: &str, inserts: &[Said], breaks: bool) -> Said {
    let mut said = Said::default();
    let (mut bold, mut code) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '`' => {
                said.html.push_str(if code { "</code>" } else { "<code>" });
                code = !code;
            }
            '*' if !code && chars.next_if_eq(&'*').is_some() => {
                said.html.push_str(if bold { "</strong>" } else { "<strong>" });
                bold = !bold;
            }
            '\n' => {
                let mut is_break = false;
                while chars.next_if_eq(&'\n').is_some() {
                    is_break = true;
                }
                let (plain, html) = if is_break && breaks { ("\n", "<br>") } else { (" ", " ") };
                said.plain.push_str(plain);
                said.html.push_str(html);
            }
            c => match index(c).and_then(|index| inserts.get(index)) {
                Some(insert) => {
                    said.plain.push_str(&insert.plain);
                    said.html.push_str(if code { uncoded(&insert.html) } else { &insert.html });
                }
                None => {
                    said.plain.push(c);
                    said.html.push_str(&escape(c.encode_utf8(&mut [0; 4])));
                }
            },
        }
    }
    if code {
        said.html.push_str("</code>");
    }
    if bold {
        said.html.push_str("</strong>");
    }
    said
}
