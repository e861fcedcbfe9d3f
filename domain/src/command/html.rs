//! The visible lines of a message's HTML, and the links in them.
//!
//! Reads only what matters for commands: text, links, line ends, and quotations and code blocks, which are no commands.
//! The text is untrusted: each character is read a bounded number of times, and malformed HTML hides the rest of the
//! message instead of showing it.

use super::spoken::{Line, Pill};
use super::text::visible;

/// Elements whose content the sender did not write, or nobody sees.
const HIDDEN: [&str; 7] = ["mx-reply", "blockquote", "pre", "script", "style", "head", "template"];

/// Elements that begin and end a line.
const BLOCKS: [&str; 22] = [
    "p", "div", "br", "hr", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "table", "tr", "td", "th", "thead",
    "tbody", "details", "summary", "section",
];

/// The longest entity, such as `&thinsp;`, in bytes.
const ENTITY: usize = 10;

/// The visible lines, without empty ones.
pub(super) fn lines(html: &str) -> Vec<Line> {
    let mut page = Page::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        page.text(text);
        match tag_of(tag) {
            Some((Tag::None, after)) => {
                page.text("<");
                rest = after;
            }
            Some((tag, after)) => {
                page.tag(tag);
                rest = after;
            }
            None => return page.end(),
        }
    }
    page.text(rest);
    page.end()
}

/// Whether a link leads to a person, a room or a message.
fn leads_into_matrix(href: &str) -> bool {
    let href = href.trim_start().to_ascii_lowercase();
    href.starts_with("matrix:") || ["matrix.to/#/", "/#/user/", "/#/room/"].iter().any(|part| href.contains(part))
}

enum Tag<'a> {
    Open {
        name: String,
        href: Option<&'a str>,
    },
    Close {
        name: String,
    },
    Comment,
    /// A `<` that begins no tag.
    None,
}

/// The tag at the beginning of the text, and the text after it; None if the tag does not end.
fn tag_of(text: &str) -> Option<(Tag<'_>, &str)> {
    let inside = text.strip_prefix('<')?;
    if let Some(comment) = inside.strip_prefix("!--") {
        return comment.find("-->").map(|end| (Tag::Comment, comment.get(end + 3..).unwrap_or_default()));
    }
    match inside.bytes().next() {
        Some(b'!' | b'?') => inside.find('>').map(|end| (Tag::Comment, inside.get(end + 1..).unwrap_or_default())),
        Some(b'/') if inside.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic) => {
            let (name, rest) = name_of(inside.get(1..)?);
            attributes(rest).map(|(_, after)| (Tag::Close { name }, after))
        }
        Some(c) if c.is_ascii_alphabetic() => {
            let (name, rest) = name_of(inside);
            attributes(rest).map(|(href, after)| (Tag::Open { name, href }, after))
        }
        _ => Some((Tag::None, inside)),
    }
}

fn name_of(text: &str) -> (String, &str) {
    let end = text.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (name.to_ascii_lowercase(), rest)
}

/// The `href` attribute, and the text after the tag; None if the tag does not end.
fn attributes(mut text: &str) -> Option<(Option<&str>, &str)> {
    let mut href = None;
    loop {
        text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = text.strip_prefix('>') {
            return Some((href, after));
        }
        // Each turn takes at least one character, because a `=` may begin a name.
        let skip = text.chars().next()?.len_utf8();
        let end = text.get(skip..)?.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/'))? + skip;
        let (name, rest) = text.split_at(end);
        text = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let Some(value) = text.strip_prefix('=') else { continue };
        let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let quote = value.chars().next()?;
        let (value, rest) = if matches!(quote, '"' | '\'') {
            value.get(1..)?.split_once(quote)?
        } else {
            value.split_at(value.find(|c: char| c.is_ascii_whitespace() || c == '>')?)
        };
        if href.is_none() && name.eq_ignore_ascii_case("href") {
            href = Some(value);
        }
        text = rest;
    }
}

#[derive(Default)]
struct Page {
    lines: Vec<Line>,
    line: Line,
    /// The open link: where its text begins, and its target.
    link: Option<(usize, String)>,
    /// The outermost hidden element, and how many elements of its name are open.
    hidden: Option<(String, usize)>,
}

impl Page {
    fn text(&mut self, text: &str) {
        if self.hidden.is_none() {
            for c in Unescaped(text) {
                self.push(c);
            }
        }
    }

    fn push(&mut self, c: char) {
        // HTML generators keep the line ends of the text that they convert.
        if matches!(c, '\n' | '\r') {
            self.end_line();
            return;
        }
        match visible(c) {
            Some(' ') if self.line.text.is_empty() || self.line.text.ends_with(' ') => {}
            Some(c) => self.line.text.push(c),
            None => {}
        }
    }

    fn tag(&mut self, tag: Tag<'_>) {
        let (name, href, open) = match tag {
            Tag::Open { name, href } => (name, href, true),
            Tag::Close { name } => (name, None, false),
            Tag::Comment | Tag::None => return,
        };
        if let Some((hiding, depth)) = &mut self.hidden {
            if *hiding == name {
                *depth = if open { *depth + 1 } else { *depth - 1 };
            }
            if *depth == 0 {
                self.hidden = None;
            }
        } else if HIDDEN.contains(&name.as_str()) {
            self.end_line();
            if open {
                self.hidden = Some((name, 1));
            }
        } else if BLOCKS.contains(&name.as_str()) {
            self.end_line();
        } else if name == "a" {
            self.end_link();
            self.link = href.map(|href| (self.line.text.len(), Unescaped(href).collect()));
        } else if name == "code" {
            // As in the plain body, so that a line that begins with code is no command.
            self.push('`');
        }
    }

    fn end_link(&mut self) {
        let Some((start, href)) = self.link.take() else { return };
        let shown = self.line.text.get(start..).unwrap_or_default();
        let start = self.line.text.len() - shown.trim_start().len();
        let end = self.line.text.trim_end().len();
        if start < end && leads_into_matrix(&href) {
            self.line.pills.push(Pill { range: start..end, href });
        }
    }

    fn end_line(&mut self) {
        self.end_link();
        let mut line = std::mem::take(&mut self.line);
        line.text.truncate(line.text.trim_end().len());
        if !line.text.is_empty() {
            self.lines.push(line);
        }
    }

    fn end(mut self) -> Vec<Line> {
        self.end_line();
        self.lines
    }
}

/// Decodes entities; unknown ones stay as written.
struct Unescaped<'a>(&'a str);

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let first = self.0.chars().next()?;
        if first == '&'
            && let Some(end) = self.0.bytes().take(ENTITY).position(|byte| byte == b';')
            && let Some(c) = self.0.get(1..end).and_then(entity)
        {
            self.0 = self.0.get(end + 1..).unwrap_or_default();
            return Some(c);
        }
        self.0 = self.0.get(first.len_utf8()..).unwrap_or_default();
        Some(first)
    }
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "mdash" => '—',
        "ndash" => '–',
        "ldquo" => '“',
        "rdquo" => '”',
        "lsquo" => '‘',
        "rsquo" => '’',
        "hellip" => '…',
        _ => return None,
    })
}
