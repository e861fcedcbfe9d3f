//! A message composed of lines and lists, split into pieces that Synapse accepts.
//!
//! Uses lists rather than tables, which Element X cannot show.

use super::arg::escape;
use crate::homeserver::Said;

/// Maximum bytes of tags, bullets and line ends around one part.
const AROUND: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Directly below the previous part.
    Line,
    /// After a blank line.
    Paragraph,
    /// A list item.
    Item,
}

/// A message of the bot, built part by part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    parts: Vec<(Shape, Said)>,
}

impl Answer {
    /// The largest piece, just below half of Synapse's limit because an edit contains the text twice.
    pub const PIECE: usize = 28 * 1024;

    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line.
    #[must_use]
    pub fn line(self, said: Said) -> Self {
        self.with(Shape::Line, said)
    }

    /// Adds a line after a blank line.
    #[must_use]
    pub fn paragraph(self, said: Said) -> Self {
        self.with(Shape::Paragraph, said)
    }

    /// Adds an item to the last list, or starts one.
    #[must_use]
    pub fn item(self, said: Said) -> Self {
        self.with(Shape::Item, said)
    }

    /// Adds an item for each text.
    #[must_use]
    pub fn items(self, items: impl IntoIterator<Item = Said>) -> Self {
        items.into_iter().fold(self, Self::item)
    }

    /// Appends another answer.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// Whether it has no parts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Everything as one message of any length.
    #[must_use]
    pub fn said(&self) -> Said {
        together(&self.parts)
    }

    /// Splits the answer between lines and items into messages of at most `max_bytes`, counting both formats as JSON. A
    /// longer single part is truncated and loses its formatting.
    #[must_use]
    pub fn pieces(&self, max_bytes: usize) -> Vec<Said> {
        let mut pieces = Vec::new();
        let mut piece: Vec<(Shape, Said)> = Vec::new();
        let mut bytes = 0;
        for (shape, said) in &self.parts {
            let mut part = (*shape, said.clone());
            let mut cost = cost(said);
            if cost > max_bytes {
                part.1 = shortened(said, max_bytes);
                cost = self::cost(&part.1);
            }
            if bytes + cost > max_bytes && !piece.is_empty() {
                pieces.push(together(&piece));
                piece.clear();
                bytes = 0;
            }
            bytes += cost;
            piece.push(part);
        }
        if !piece.is_empty() {
            pieces.push(together(&piece));
        }
        pieces
    }

    fn with(mut self, shape: Shape, said: Said) -> Self {
        self.parts.push((shape, said));
        self
    }
}

fn cost(said: &Said) -> usize {
    json_bytes(&said.plain) + json_bytes(&said.html) + AROUND
}

/// Upper bound of a text's bytes in JSON without quotation marks; line ends include indentation.
fn json_bytes(text: &str) -> usize {
    let escaped = |c: char| match c {
        '"' | '\\' => 2,
        '\n' => 4,
        c if c.is_ascii_control() => 6,
        c => c.len_utf8(),
    };
    text.chars().map(escaped).sum()
}

/// Truncated plain text.
fn shortened(said: &Said, max_bytes: usize) -> Said {
    let mut plain = String::new();
    let mut html = String::new();
    let mut room = max_bytes.saturating_sub(AROUND + 2 * '…'.len_utf8());
    for c in said.plain.chars() {
        let mut buffer = [0; 4];
        let text: &str = c.encode_utf8(&mut buffer);
        let escaped = escape(text);
        let Some(left) = room.checked_sub(json_bytes(text) + json_bytes(&escaped)) else { break };
        room = left;
        plain.push(c);
        html.push_str(&escaped);
    }
    plain.push('…');
    html.push('…');
    Said { plain, html }
}

fn together(parts: &[(Shape, Said)]) -> Said {
    let mut said = Said::default();
    // A single line needs no paragraph tags.
    let bare = !parts.iter().skip(1).any(|(shape, _)| *shape != Shape::Line) && !is_list(parts.first());
    let mut before: Option<Shape> = None;
    for (index, (shape, part)) in parts.iter().enumerate() {
        let begins = match (before, shape) {
            (None, _) => true,
            (Some(Shape::Item), Shape::Item) => false,
            (Some(before), Shape::Line) => before == Shape::Item,
            _ => true,
        };
        let gap = match (before, shape) {
            (None, _) => "",
            (Some(_), Shape::Paragraph) => "\n\n",
            _ => "\n",
        };
        said.plain.push_str(gap);
        let next = parts.get(index + 1).map(|(shape, _)| *shape);
        if *shape == Shape::Item {
            said.plain.push_str("• ");
            said.plain.push_str(&part.plain.replace('\n', "\n  "));
            said.html.push_str(if begins { "<ul><li>" } else { "<li>" });
            said.html.push_str(&part.html);
            said.html.push_str(if next == Some(Shape::Item) { "</li>" } else { "</li></ul>" });
        } else {
            said.plain.push_str(&part.plain);
            let opening = if begins { "<p>" } else { "<br>" };
            let closing = if next == Some(Shape::Line) { "" } else { "</p>" };
            said.html.push_str(if bare && begins { "" } else { opening });
            said.html.push_str(&part.html);
            said.html.push_str(if bare { "" } else { closing });
        }
        before = Some(*shape);
    }
    said
}

fn is_list(part: Option<&(Shape, Said)>) -> bool {
    matches!(part, Some((Shape::Item, _)))
}
