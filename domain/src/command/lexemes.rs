//! Splits what follows `for` or `until` into numbers, names and signs. Separate from tokens, because here a comma may be
//! a decimal one, and `1h30` is four things.

use super::text::{fold, is_behind};

/// What ends a sentence or a list, and changes nothing behind a word or number.
pub(super) const PUNCTUATION: [char; 8] = ['.', ',', ';', ':', '?', '!', ')', '…'];

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lexeme {
    /// A number, with the digits behind its decimal comma or point.
    Number {
        whole: u32,
        digits: usize,
        fraction: String,
    },
    /// Letters, folded; a hyphen between letters belongs to them.
    Name(String),
    Sign(char),
}

/// The digits of a fraction that is one character.
fn vulgar(c: char) -> Option<&'static str> {
    match c {
        '½' => Some("5"),
        '¼' => Some("25"),
        '¾' => Some("75"),
        _ => None,
    }
}

/// A position in a text. Copy it to look ahead.
#[derive(Clone, Copy)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(self) -> usize {
        self.at
    }

    /// Whether no space is in between.
    pub(super) fn is_glued(self) -> bool {
        !self.rest().starts_with(' ') && !self.rest().is_empty()
    }

    /// Whether a word ends here: a space, a comma or the end follows, perhaps behind punctuation.
    pub(super) fn is_at_end_of_word(self) -> bool {
        let rest = self.rest();
        rest.starts_with([',', ';']) || {
            let behind = rest.trim_start_matches(is_behind);
            behind.is_empty() || behind.starts_with([' ', '`'])
        }
    }

    pub(super) fn rest(self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next lexeme, behind spaces; None at the end, and at a number too large to count.
    pub(super) fn next(&mut self) -> Option<Lexeme> {
        let rest = self.rest().trim_start_matches([' ', '`']);
        let start = self.text.len() - rest.len();
        let first = rest.chars().next()?;
        if let Some(fraction) = vulgar(first) {
            self.at = start + first.len_utf8();
            return Some(Lexeme::Number { whole: 0, digits: 0, fraction: fraction.to_owned() });
        }
        if first.is_ascii_digit() {
            let digits = run(rest, |c| c.is_ascii_digit());
            let behind = rest.get(digits..).unwrap_or_default();
            let fraction = behind.strip_prefix(['.', ',']).unwrap_or_default();
            let decimals = run(fraction, |c| c.is_ascii_digit());
            let whole = rest.get(..digits)?.parse().ok()?;
            if let Some((half, fraction)) = behind.chars().next().and_then(|half| Some((half, vulgar(half)?))) {
                self.at = start + digits + half.len_utf8();
                return Some(Lexeme::Number { whole, digits, fraction: fraction.to_owned() });
            }
            self.at = start + digits + if decimals == 0 { 0 } else { 1 + decimals };
            let fraction = fraction.get(..decimals)?.to_owned();
            return Some(Lexeme::Number { whole, digits, fraction });
        }
        if first.is_alphabetic() {
            let is_letter = |c: char| c.is_alphabetic() || ('\u{300}'..='\u{36f}').contains(&c);
            let mut end = run(rest, is_letter);
            while let Some(behind) = rest.get(end..).and_then(|behind| behind.strip_prefix('-'))
                && behind.starts_with(is_letter)
            {
                end += 1 + run(behind, is_letter);
            }
            self.at = start + end;
            return Some(Lexeme::Name(fold(rest.get(..end)?)));
        }
        self.at = start + first.len_utf8();
        Some(Lexeme::Sign(first))
    }

    /// The next lexeme if it is a name.
    pub(super) fn name(&mut self) -> Option<String> {
        match self.next()? {
            Lexeme::Name(name) => Some(name),
            _ => None,
        }
    }

    /// Whether the next lexeme is one of these names; then it is read.
    pub(super) fn takes(&mut self, names: &[&str]) -> bool {
        let mut ahead = *self;
        let is_it = ahead.name().is_some_and(|name| names.contains(&name.as_str()));
        if is_it {
            *self = ahead;
        }
        is_it
    }

    /// Whether the next lexeme is this sign; then it is read.
    pub(super) fn takes_sign(&mut self, sign: char) -> bool {
        let mut ahead = *self;
        let is_it = ahead.next() == Some(Lexeme::Sign(sign));
        if is_it {
            *self = ahead;
        }
        is_it
    }
}

fn run(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}
