//! Parses durations as people write them: `90s`, `2d12h`, `1h30`, `8 horas`, `2 dias e 12 horas`.

use jiff::SignedDuration;

use super::text::fold;
use super::tokens::Cursor;

/// Five years; anything longer is meant to be permanent.
const LONGEST: i64 = 5 * 365 * DAY;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Seconds in a unit, by its folded name.
fn unit(name: &str) -> Option<i64> {
    Some(match name {
        "s" | "seg" | "segs" | "segundo" | "segundos" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minuto" | "minutos" | "minute" | "minutes" => MINUTE,
        "h" | "hr" | "hrs" | "hora" | "horas" | "hour" | "hours" => HOUR,
        "d" | "dia" | "dias" | "day" | "days" => DAY,
        "w" | "sem" | "semana" | "semanas" | "week" | "weeks" => 7 * DAY,
        "mes" | "meses" | "month" | "months" => 30 * DAY,
        "ano" | "anos" | "year" | "years" => 365 * DAY,
        _ => return None,
    })
}

/// Reads a duration of one or more pieces; None if there is none, or it is too long.
pub(super) fn take(cursor: &mut Cursor<'_>) -> Option<SignedDuration> {
    let mut total = 0;
    while let Some((seconds, after)) = piece(*cursor) {
        total = seconds.checked_add(total)?;
        *cursor = after;
    }
    (1..=LONGEST).contains(&total).then(|| SignedDuration::from_secs(total))
}

/// `2h`, or `2` followed by `h`.
fn piece(mut cursor: Cursor<'_>) -> Option<(i64, Cursor<'_>)> {
    let first = cursor.next().ok()??.folded()?;
    if let Some(seconds) = compact(&first) {
        return Some((seconds, cursor));
    }
    let number = first.bytes().all(|byte| byte.is_ascii_digit()).then_some(first)?;
    let second = cursor.next().ok()??.folded()?;
    let seconds = compact(&format!("{number}{second}"))?;
    Some((seconds, cursor))
}

/// Whether the word is a duration by itself.
pub(super) fn is_one(word: &str) -> bool {
    compact(&fold(word)).is_some()
}

/// The seconds of numbers with units; the minutes of `1h30` need no unit.
fn compact(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total: i64 = 0;
    let mut hours = false;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (name, behind) = behind.split_at(letters);
        let seconds = match unit(name) {
            Some(seconds) => seconds,
            None if name.is_empty() && hours => MINUTE,
            None => return None,
        };
        hours = seconds == HOUR;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(seconds)?)?;
        rest = behind;
    }
    (!text.is_empty()).then_some(total)
}
