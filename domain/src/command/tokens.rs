//! Splits a line into tokens: words, quotations, flags and pills.

use super::Misunderstood;
use super::spoken::Line;
use super::text::{fold, is_behind, is_dash, quoted, trimmed};

/// A token of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    /// The text, without quotation marks.
    pub(super) text: &'a str,
    pub(super) kind: Kind<'a>,
    /// Where it begins in the line.
    pub(super) at: usize,
    /// Whether a comma, a semicolon or an `and` precedes it.
    pub(super) listed: bool,
}

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A plain word; only this can be a keyword.
    Bare,
    /// In quotation marks.
    Quoted,
    /// A word after a dash; `with_value` if a `=` follows it.
    Flag { with_value: bool },
    /// A linked text.
    Pill { href: &'a str },
}

impl Token<'_> {
    /// The folded text of a plain word, for comparison; None for others, which are never keywords.
    pub(super) fn folded(&self) -> Option<String> {
        (self.kind == Kind::Bare).then(|| fold(self.text))
    }

    /// The text as an answer may repeat it.
    pub(super) fn said(&self) -> String {
        if self.text.trim().is_empty() { "\"\"".to_owned() } else { quoted(self.text) }
    }
}

/// A position in a line. Copy it to look ahead.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    line: &'a Line,
    at: usize,
    /// How many pills are before it.
    pill: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a Line, at: usize) -> Self {
        let pill = line.pills.partition_point(|pill| pill.range.start < at);
        Self { line, at, pill }
    }

    /// The unread rest.
    pub(super) fn rest(&self) -> &'a str {
        self.from(self.at)
    }

    /// The unread rest up to the next pill.
    pub(super) fn plain_rest(&self) -> &'a str {
        let end = self.line.pills.get(self.pill).map_or(self.line.text.len(), |pill| pill.range.start);
        self.between(self.at, end)
    }

    /// Skips so many bytes, and the punctuation behind.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
        self.trim_behind();
    }

    /// Skips the mark that begins an unclosed quotation.
    pub(super) fn skip_mark(&mut self) {
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
    }

    /// The further lines of the message.
    pub(super) fn more(&self) -> &'a str {
        &self.line.more
    }

    /// The text between two positions.
    pub(super) fn between(&self, start: usize, end: usize) -> &'a str {
        self.line.text.get(start..end).unwrap_or_default()
    }

    /// Skips the rest.
    pub(super) fn finish(&mut self) {
        self.at = self.line.text.len();
        self.pill = self.line.pills.len();
    }

    /// The position.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn from(&self, start: usize) -> &'a str {
        self.line.text.get(start..).unwrap_or_default()
    }

    /// Reads the next token.
    ///
    /// # Errors
    /// An unclosed quotation mark, or a pill without a space before the next word.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, Misunderstood> {
        let mut listed = false;
        loop {
            let Some(c) = self.rest().chars().next() else { return Ok(None) };
            match c {
                // People paste codes and ids with backticks around them.
                ' ' | '`' => self.at += 1,
                ',' | ';' => {
                    listed = true;
                    self.at += 1;
                }
                _ => {
                    let token = self.piece(c, listed)?;
                    match token.folded().as_deref() {
                        Some("and" | "e" | "&") => listed = true,
                        // Punctuation alone.
                        Some("") => {}
                        _ => return Ok(Some(token)),
                    }
                }
            }
        }
    }

    /// The next token, without reading it.
    pub(super) fn peek(&self) -> Result<Option<Token<'a>>, Misunderstood> {
        let mut ahead = *self;
        ahead.next()
    }

    fn piece(&mut self, first: char, listed: bool) -> Result<Token<'a>, Misunderstood> {
        let at = self.at;
        if let Some(pill) = self.line.pills.get(self.pill).filter(|pill| pill.range.start == at) {
            self.pill += 1;
            self.at = pill.range.end;
            let text = self.between(at, self.at);
            self.trim_behind();
            if self.is_at_word() {
                return Err(Misunderstood::Ambiguous { said: quoted(self.from(at)) });
            }
            return Ok(Token { text, kind: Kind::Pill { href: &pill.href }, at, listed });
        }
        if is_opening(first) {
            return self.quotation().map(|token| Token { listed, ..token });
        }
        if is_dash(first) && !self.rest().trim_start_matches(is_dash).starts_with(|c: char| c.is_ascii_digit()) {
            let end = self.end_of_word(&[' ', '=']);
            self.at = end;
            let with_value = self.rest().starts_with('=');
            self.at += usize::from(with_value);
            self.check_glue(at, end)?;
            return Ok(Token { text: trimmed(self.between(at, end)), kind: Kind::Flag { with_value }, at, listed });
        }
        // Ids and links may contain commas.
        let is_id =
            matches!(first, '!' | '#' | '$') || self.rest().starts_with("http") || self.rest().starts_with("matrix:");
        let end = if is_id { self.end_of_word(&[' ']) } else { self.end_of_word(&[' ', '`', ',', ';']) };
        self.at = end;
        self.check_glue(at, end)?;
        Ok(Token { text: trimmed(self.between(at, end)), kind: Kind::Bare, at, listed })
    }

    /// Reads the quotation that begins here.
    ///
    /// # Errors
    /// It is not closed, or contains a pill among other words.
    pub(super) fn quotation(&mut self) -> Result<Token<'a>, Misunderstood> {
        let at = self.at;
        let single = self.rest().starts_with(['\'', '‘']);
        let mut inside = self.rest().char_indices().peekable();
        let start = inside.next().map_or(at, |(_, c)| at + c.len_utf8());
        // A mark inside a word, as in `d'Ávila`, does not close.
        let mut close = None;
        while let Some((place, c)) = inside.next() {
            let ends = inside.peek().is_none_or(|(_, next)| matches!(next, ' ' | '`') || is_behind(*next));
            if ends && is_closing(c, single) {
                close = Some((at + place, c.len_utf8()));
                break;
            }
        }
        let (end, width) = close.ok_or(Misunderstood::Unclosed)?;
        self.at = end + width;
        let text = self.between(start, end);
        let pills = self.line.pills.get(self.pill..).unwrap_or_default();
        let within = pills.iter().take_while(|pill| pill.range.start < self.at).count();
        self.pill += within;
        let kind = match pills.first() {
            _ if within == 0 => Kind::Quoted,
            Some(pill) if within == 1 && pill.range == (start..end) => Kind::Pill { href: &pill.href },
            _ => return Err(Misunderstood::Ambiguous { said: quoted(text) }),
        };
        self.trim_behind();
        Ok(Token { text, kind, at, listed: false })
    }

    /// Whether a quotation begins here.
    pub(super) fn is_at_quotation(&self) -> bool {
        self.rest().starts_with(is_opening)
    }

    /// Whether a word follows directly, as after a `=`.
    pub(super) fn is_at_word(&self) -> bool {
        self.rest().starts_with(|c: char| !matches!(c, ' ' | ',' | ';' | '`'))
    }

    /// Skips spaces, colons and backticks, as after `motivo:`.
    pub(super) fn skip_to_words(&mut self) {
        let words = self.rest().trim_start_matches([' ', ':', '`']);
        self.at = self.line.text.len() - words.len();
    }

    /// Skips punctuation, except commas, which separate items.
    fn trim_behind(&mut self) {
        let words = self.rest().trim_start_matches(|c| is_behind(c) && !matches!(c, ',' | ';'));
        if words.is_empty() || words.starts_with([' ', ',', ';', '`']) {
            self.at = self.line.text.len() - words.len();
        }
    }

    fn end_of_word(&self, stops: &[char]) -> usize {
        let rest = self.rest();
        self.at + rest.find(stops).unwrap_or(rest.len())
    }

    /// Refuses a word with a pill inside, because its meaning is unclear.
    fn check_glue(&self, start: usize, end: usize) -> Result<(), Misunderstood> {
        match self.line.pills.get(self.pill) {
            Some(pill) if pill.range.start < end => {
                Err(Misunderstood::Ambiguous { said: quoted(self.between(start, end)) })
            }
            _ => Ok(()),
        }
    }
}

fn is_opening(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '\'' | '‘')
}

fn is_closing(c: char, single: bool) -> bool {
    if single { matches!(c, '\'' | '’' | '‘') } else { matches!(c, '"' | '”' | '“' | '»') }
}
