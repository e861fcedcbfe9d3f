//! Parses durations as people write and say them: `90s`, `2d12h`, `1h30`, `1,5h`, `2 dias e 12 horas`, `uma hora e meia`.
//!
//! What is not one clear duration is none: `1h, 5h`, `2-3h` and `1.500h` are asked about, never added up.

use jiff::SignedDuration;

use super::lexemes::{Lexeme, Lexer};
use super::text::{fold, is_behind};
use super::tokens::Cursor;

/// Five years; anything longer is meant to be permanent.
pub(super) const LONGEST: i64 = 5 * 365 * DAY;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const AND: [&str; 2] = ["e", "and"];
const HALF: [&str; 3] = ["meia", "meio", "half"];

/// Numbers in words, by their folded names; the tens take ones behind them.
const NUMBERS: [(i64, &[&str]); 27] = [
    (1, &["um", "uma", "a", "an", "one"]),
    (2, &["dois", "duas", "two"]),
    (3, &["tres", "three"]),
    (4, &["quatro", "four"]),
    (5, &["cinco", "five"]),
    (6, &["seis", "six"]),
    (7, &["sete", "seven"]),
    (8, &["oito", "eight"]),
    (9, &["nove", "nine"]),
    (10, &["dez", "ten"]),
    (11, &["onze", "eleven"]),
    (12, &["doze", "twelve"]),
    (13, &["treze", "thirteen"]),
    (14, &["quatorze", "catorze", "fourteen"]),
    (15, &["quinze", "fifteen"]),
    (16, &["dezesseis", "sixteen"]),
    (17, &["dezessete", "seventeen"]),
    (18, &["dezoito", "eighteen"]),
    (19, &["dezenove", "nineteen"]),
    (20, &["vinte", "twenty"]),
    (30, &["trinta", "thirty"]),
    (40, &["quarenta", "forty"]),
    (50, &["cinquenta", "fifty"]),
    (60, &["sessenta", "sixty"]),
    (70, &["setenta", "seventy"]),
    (80, &["oitenta", "eighty"]),
    (90, &["noventa", "ninety"]),
];

fn number(name: &str) -> Option<i64> {
    let one = |name: &str| NUMBERS.iter().find(|(_, names)| names.contains(&name)).map(|(number, _)| *number);
    match name.split_once('-') {
        Some((tens, ones)) => joined(one(tens)?, one(ones)?),
        None => one(name),
    }
}

/// `vinte` and `quatro`.
fn joined(tens: i64, ones: i64) -> Option<i64> {
    (tens >= 20 && tens % 10 == 0 && ones < 10).then_some(tens + ones)
}

/// Seconds in a unit, by its folded name.
fn unit(name: &str) -> Option<i64> {
    Some(match name {
        "s" | "seg" | "segs" | "segundo" | "segundos" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minuto" | "minutos" | "minute" | "minutes" => MINUTE,
        "h" | "hs" | "hr" | "hrs" | "hora" | "horas" | "hour" | "hours" => HOUR,
        "d" | "dia" | "dias" | "day" | "days" => DAY,
        "w" | "wk" | "wks" | "sem" | "semana" | "semanas" | "week" | "weeks" => 7 * DAY,
        "mes" | "meses" | "month" | "months" => 30 * DAY,
        "ano" | "anos" | "yr" | "yrs" | "year" | "years" => 365 * DAY,
        _ => return None,
    })
}

/// Reads a duration of one or more pieces, each smaller than the one before.
///
/// # Errors
/// The text that is not one clear duration, or is too long a one.
pub(super) fn take(cursor: &mut Cursor<'_>) -> Result<SignedDuration, String> {
    let text = cursor.plain_rest();
    let (seconds, after) = read(Lexer::new(text)).ok_or_else(|| unclear(text))?;
    cursor.skip(after.at());
    Ok(SignedDuration::from_secs(seconds))
}

/// Whether the word is a unit.
pub(super) fn is_unit(word: &str) -> bool {
    unit(&fold(word)).is_some()
}

/// Whether the word is a duration by itself, clear or not.
pub(super) fn is_one(word: &str) -> bool {
    let mut lexer = Lexer::new(word.trim_end_matches(is_behind));
    let mut units = 0;
    let mut numbers = 0;
    while let Some(lexeme) = lexer.next() {
        match lexeme {
            Lexeme::Number { .. } => numbers += 1,
            Lexeme::Name(name) if numbers > 0 && unit(&name).is_some() => units += 1,
            _ => return false,
        }
    }
    units > 0 && lexer.rest().is_empty()
}

/// The words at the beginning of a text that belong to what is not clear, to be repeated: at least one.
pub(super) fn unclear(text: &str) -> String {
    let text = text.trim_start_matches([' ', '`']);
    let mut end = 0;
    for word in text.split_inclusive([' ', '`']) {
        let mut lexer = Lexer::new(word);
        let is_number = matches!(lexer.clone().next(), Some(Lexeme::Number { .. }));
        let is_part = is_number
            || word.contains(|c: char| c.is_ascii_digit())
            || lexer.name().is_some_and(|name| {
                unit(&name).is_some() || number(&name).is_some() || AND.contains(&&*name) || HALF.contains(&&*name)
            });
        if end > 0 && !is_part {
            break;
        }
        end += word.len();
    }
    let said = text.get(..end).unwrap_or_default();
    said.trim_end_matches(|c| c == ' ' || c == '`' || is_behind(c)).to_owned()
}

/// The seconds, and what follows.
fn read(mut lexer: Lexer<'_>) -> Option<(i64, Lexer<'_>)> {
    let first = Piece::at(lexer)?;
    let (mut total, mut last) = (first.seconds, first);
    lexer = last.after;
    loop {
        let mut ahead = lexer;
        ahead.takes_sign(',');
        if (ahead.takes(&AND) || ahead.takes_sign('&'))
            && let Some((rest, after)) = last.tail(ahead)
        {
            total = total.checked_add(rest)?;
            lexer = after;
            break;
        }
        let Some(piece) = Piece::at(ahead) else { break };
        if last.ends || piece.unit >= last.unit {
            return None;
        }
        total = total.checked_add(piece.seconds)?;
        lexer = piece.after;
        last = piece;
    }
    (lexer.is_at_end_of_word() && (1..=LONGEST).contains(&total)).then_some((total, lexer))
}

/// How many of a unit.
enum Amount {
    Whole(i64),
    /// With the digits behind the comma.
    Decimal(i64, String),
    Half,
}

impl Amount {
    fn read(lexer: &mut Lexer<'_>) -> Option<Self> {
        match lexer.next()? {
            Lexeme::Number { whole, fraction, .. } => match fraction.len() {
                0 => Some(Self::Whole(whole.into())),
                1 | 2 => Some(Self::Decimal(whole.into(), fraction)),
                // In `1.500` the point separates thousands for some.
                _ => None,
            },
            Lexeme::Name(name) if HALF.contains(&name.as_str()) => {
                lexer.takes(&["a", "an"]);
                Some(Self::Half)
            }
            Lexeme::Name(name) => {
                let number = number(&name)?;
                let mut ahead = *lexer;
                ahead.takes(&AND);
                let Some(more) = ahead.name().and_then(|ones| joined(number, self::number(&ones)?)) else {
                    return Some(Self::Whole(number));
                };
                *lexer = ahead;
                Some(Self::Whole(more))
            }
            Lexeme::Sign(_) => None,
        }
    }

    /// In seconds, never rounded up.
    fn of(&self, unit: i64) -> Option<i64> {
        match self {
            Self::Whole(number) => number.checked_mul(unit),
            Self::Decimal(..) if unit == 1 => None,
            Self::Decimal(whole, fraction) => {
                let part =
                    fraction.parse::<i64>().ok()?.checked_mul(unit)? / if fraction.len() == 1 { 10 } else { 100 };
                whole.checked_mul(unit)?.checked_add(part)
            }
            Self::Half => (unit > 1).then_some(unit / 2),
        }
    }
}

/// An amount with its unit.
struct Piece<'a> {
    seconds: i64,
    unit: i64,
    /// Whether nothing smaller may follow.
    ends: bool,
    after: Lexer<'a>,
}

impl<'a> Piece<'a> {
    fn at(mut lexer: Lexer<'a>) -> Option<Self> {
        let amount = Amount::read(&mut lexer)?;
        let unit = unit(&lexer.name()?)?;
        let piece = Self { seconds: amount.of(unit)?, unit, ends: !matches!(amount, Amount::Whole(_)), after: lexer };
        Some(piece.minutes().filter(|_| unit == HOUR).unwrap_or(piece))
    }

    /// With the minutes of `1h30`, which need no unit.
    fn minutes(&self) -> Option<Self> {
        let mut lexer = self.after;
        let Lexeme::Number { whole, digits: 2, fraction } = lexer.next()? else { return None };
        let is_named = lexer.clone().name().is_some_and(|name| unit(&name).is_some());
        let is_good = self.after.is_glued() && !self.ends && !is_named && fraction.is_empty() && whole < 60;
        let seconds = self.seconds.checked_add(i64::from(whole) * MINUTE)?;
        is_good.then_some(Self { seconds, unit: MINUTE, ends: true, after: lexer })
    }

    /// What follows `uma hora e`: `meia`, or at the end of the line the minutes of `uma hora e quinze`.
    fn tail(&self, mut lexer: Lexer<'a>) -> Option<(i64, Lexer<'a>)> {
        let mut half = lexer;
        half.takes(&["a"]);
        if half.takes(&HALF) {
            let mut ahead = half;
            ahead.takes(&["a", "an"]);
            // `um dia e meia hora` is another piece.
            let is_piece = ahead.name().is_some_and(|name| unit(&name).is_some());
            return (!is_piece && !self.ends).then_some((self.unit / 2, half));
        }
        // In digits, `2h e 25`, it may be anything.
        lexer.clone().name()?;
        let Amount::Whole(minutes) = Amount::read(&mut lexer)? else { return None };
        let is_end = lexer.rest().trim_matches(|c| c == ' ' || is_behind(c)).is_empty();
        (is_end && !self.ends && self.unit == HOUR && minutes < 60).then_some((minutes * MINUTE, lexer))
    }
}
