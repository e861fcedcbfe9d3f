//! Parses until when something lasts, as people say it: `amanhã 7h`, `sexta`, `friday 7pm`, `15/12 às 19:30`.
//!
//! The result is a duration from the message on. A day without a time ends where it begins, which is the shorter of what
//! may be meant; `hoje` ends at midnight. What is over, or may be two days, is none.

use jiff::civil::{Date, Time, Weekday};
use jiff::{SignedDuration, ToSpan, Zoned};

use super::duration::{LONGEST, unclear};
use super::lexemes::{Lexeme, Lexer};
use super::tokens::Cursor;

/// Words before a day or a time.
const LINKS: [&str; 13] = ["o", "a", "as", "ao", "aos", "at", "on", "the", "de", "do", "da", "of", "dia"];

const WEEKDAYS: [(Weekday, &[&str]); 7] = [
    (Weekday::Monday, &["segunda", "segunda-feira", "seg", "monday", "mon"]),
    (Weekday::Tuesday, &["terca", "terca-feira", "ter", "tuesday", "tue"]),
    (Weekday::Wednesday, &["quarta", "quarta-feira", "qua", "wednesday", "wed"]),
    (Weekday::Thursday, &["quinta", "quinta-feira", "qui", "thursday", "thu"]),
    (Weekday::Friday, &["sexta", "sexta-feira", "sex", "friday", "fri"]),
    (Weekday::Saturday, &["sabado", "sab", "saturday", "sat"]),
    (Weekday::Sunday, &["domingo", "dom", "sunday", "sun"]),
];

const MONTHS: [&[&str]; 12] = [
    &["janeiro", "january"],
    &["fevereiro", "february"],
    &["marco", "march"],
    &["abril", "april"],
    &["maio", "may"],
    &["junho", "june"],
    &["julho", "july"],
    &["agosto", "august"],
    &["setembro", "september"],
    &["outubro", "october"],
    &["novembro", "november"],
    &["dezembro", "december"],
];

/// A date without a year that is further away is more probably past.
const FAR: i32 = 183;

enum Day {
    Today,
    /// So many days from now.
    In(i64),
    On(Weekday),
    /// So named with `que vem` or `next`, which on that day itself is a week later.
    Next(Weekday),
    /// The next one with this number.
    Numbered(i8),
    /// In this year, or in the next.
    Dated(i8, i8),
    Exactly(Date),
}

/// Reads a moment; how long it is until then.
///
/// # Errors
/// The text that is not one clear moment to come.
pub(super) fn take(cursor: &mut Cursor<'_>, now: &Zoned) -> Result<SignedDuration, String> {
    let text = cursor.plain_rest();
    let (lasts, after) = read(Lexer::new(text), now).ok_or_else(|| unclear(text))?;
    cursor.skip(after.at());
    Ok(lasts)
}

fn read<'a>(mut lexer: Lexer<'a>, now: &Zoned) -> Option<(SignedDuration, Lexer<'a>)> {
    let (mut day, mut time) = (None, None);
    let mut end = lexer;
    loop {
        lexer.takes_sign(',');
        // `às 7`, `dia 15`: what a bare number is.
        let (mut is_time, mut is_day) = (false, false);
        loop {
            if lexer.takes(&["as", "aos", "at"]) {
                (is_time, is_day) = (true, false);
            } else if lexer.takes(&["dia"]) {
                (is_time, is_day) = (false, true);
            } else if !lexer.takes(&LINKS) {
                break;
            }
        }
        if day.is_none()
            && let Some((found, after)) = day_at(lexer, is_day)
        {
            (day, lexer) = (Some(found), after);
        } else if time.is_none()
            && let Some((found, after)) = time_at(lexer, is_time, day.is_some())
        {
            (time, lexer) = (Some(found), after);
        } else {
            break;
        }
        end = lexer;
    }
    if day.is_none() && time.is_none() || !end.is_at_end_of_word() {
        return None;
    }
    let until = resolve(day.as_ref(), time, now)?;
    let lasts = now.duration_until(&until);
    (1..=LONGEST).contains(&lasts.as_secs()).then_some((lasts, end))
}

fn day_at(mut lexer: Lexer<'_>, is_day: bool) -> Option<(Day, Lexer<'_>)> {
    match lexer.next()? {
        Lexeme::Name(name) => {
            let day = match name.as_str() {
                "hoje" | "today" => Day::Today,
                "amanha" | "tomorrow" => Day::In(1),
                "depois" => (lexer.takes(&["de"]) && lexer.takes(&["amanha"])).then_some(Day::In(2))?,
                "day" => (lexer.takes(&["after"]) && lexer.takes(&["tomorrow"])).then_some(Day::In(2))?,
                "proxima" | "proximo" | "next" => {
                    let named = lexer.name()?;
                    lexer.takes(&["feira"]);
                    Day::Next(weekday(&named).or_else(|| is_week(&named).then_some(Weekday::Monday))?)
                }
                _ if is_week(&name) => {
                    (lexer.takes(&["que"]) && lexer.takes(&["vem"])).then_some(Day::Next(Weekday::Monday))?
                }
                _ => match weekday(&name) {
                    Some(weekday) => {
                        lexer.takes(&["feira"]);
                        let mut ahead = lexer;
                        if ahead.takes(&["que"]) && ahead.takes(&["vem"]) {
                            lexer = ahead;
                            Day::Next(weekday)
                        } else {
                            Day::On(weekday)
                        }
                    }
                    None => {
                        let month = month(&name)?;
                        let Lexeme::Number { whole, fraction, .. } = lexer.next()? else { return None };
                        Day::Dated(month, i8::try_from(whole).ok().filter(|_| fraction.is_empty())?)
                    }
                },
            };
            Some((day, lexer))
        }
        Lexeme::Number { whole, digits, fraction } if fraction.is_empty() => {
            let mut ahead = lexer;
            let first = i8::try_from(whole).ok();
            if digits == 4 && ahead.takes_sign('-') {
                let month = two_digits(&mut ahead)?;
                let day = ahead.takes_sign('-').then(|| two_digits(&mut ahead))??;
                return Some((Day::Exactly(Date::new(i16::try_from(whole).ok()?, month, day).ok()?), ahead));
            }
            if ahead.takes_sign('/') {
                let month = two_digits(&mut ahead)?;
                if !ahead.takes_sign('/') {
                    return Some((Day::Dated(month, first?), ahead));
                }
                let Lexeme::Number { whole, digits: 4, fraction } = ahead.next()? else { return None };
                let year = i16::try_from(whole).ok().filter(|_| fraction.is_empty())?;
                return Some((Day::Exactly(Date::new(year, month, first?).ok()?), ahead));
            }
            ahead.takes(&["de", "of"]);
            if let Some(month) = ahead.name().and_then(|name| month(&name)) {
                return Some((Day::Dated(month, first?), ahead));
            }
            lexer.takes(&["º"]);
            is_day.then_some((Day::Numbered(first?), lexer))
        }
        Lexeme::Number { .. } | Lexeme::Sign(_) => None,
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(_, names)| names.contains(&name)).map(|(weekday, _)| *weekday)
}

fn is_week(name: &str) -> bool {
    matches!(name, "semana" | "week")
}

fn month(name: &str) -> Option<i8> {
    i8::try_from(MONTHS.iter().position(|names| names.contains(&name))? + 1).ok()
}

fn two_digits(lexer: &mut Lexer<'_>) -> Option<i8> {
    match lexer.next()? {
        Lexeme::Number { whole, digits: 1 | 2, fraction } if fraction.is_empty() => i8::try_from(whole).ok(),
        _ => None,
    }
}

/// `is_time` if `às` precedes it, so that a bare number is one.
fn time_at(mut lexer: Lexer<'_>, is_time: bool, has_day: bool) -> Option<(Time, Lexer<'_>)> {
    let whole = match lexer.next()? {
        Lexeme::Number { whole, fraction, .. } if fraction.is_empty() => i8::try_from(whole).ok()?,
        Lexeme::Name(name) => {
            let hour = match name.as_str() {
                "meio-dia" | "noon" => 12,
                "meia-noite" | "midnight" => 0,
                "meio" => lexer.takes(&["dia"]).then_some(12)?,
                "meia" => lexer.takes(&["noite"]).then_some(0)?,
                _ => return None,
            };
            return Some((Time::new(hour, 0, 0, 0).ok()?, lexer));
        }
        _ => return None,
    };
    let mut minutes = 0;
    let mut is_clear = is_time;
    if lexer.is_glued() && lexer.takes_sign(':') {
        minutes = two_digits(&mut lexer)?;
        lexer.takes(&["h", "hs"]);
        is_clear = true;
    } else if lexer.takes(&["h", "hs"]) {
        is_clear = true;
        let mut ahead = lexer;
        if lexer.is_glued()
            && let Some(after) = two_digits(&mut ahead)
        {
            ahead.takes(&["m", "min"]);
            (minutes, lexer) = (after, ahead);
        }
    } else {
        // `2 horas` alone may be a duration.
        is_clear |= lexer.takes(&["horas", "hora"]) && (has_day || whole > 12);
    }
    let mut ahead = lexer;
    if ahead.takes(&["e"]) && ahead.takes(&["meia"]) {
        (minutes, lexer) = (30, ahead);
    }
    let hour = match half_of_day(&mut lexer) {
        None if is_clear => whole,
        Some(is_late) if (1..=12).contains(&whole) => whole % 12 + if is_late { 12 } else { 0 },
        Some(true) if (13..24).contains(&whole) => whole,
        _ => return None,
    };
    Some((Time::new(hour, minutes, 0, 0).ok()?, lexer))
}

/// Whether it is the later half of the day, if `pm`, `da noite` and the like follow.
fn half_of_day(lexer: &mut Lexer<'_>) -> Option<bool> {
    let mut ahead = *lexer;
    ahead.takes(&["da", "de", "in"]);
    ahead.takes(&["the"]);
    let is_late = match ahead.name()?.as_str() {
        "am" | "manha" | "madrugada" | "morning" => false,
        "pm" | "tarde" | "noite" | "afternoon" | "evening" => true,
        _ => return None,
    };
    *lexer = ahead;
    Some(is_late)
}

fn resolve(day: Option<&Day>, time: Option<Time>, now: &Zoned) -> Option<Zoned> {
    let (today, zone) = (now.date(), now.time_zone());
    let at = |date: Date| date.to_datetime(time.unwrap_or(Time::midnight())).to_zoned(zone.clone()).ok();
    let in_days = |days: i64| at(today.checked_add(days.days()).ok()?);
    let is_ahead = |moment: &Zoned| moment > now;
    match day {
        None => at(today).filter(is_ahead).or_else(|| in_days(1)),
        // What is left of today ends with it.
        Some(Day::Today) if time.is_none_or(|time| time == Time::midnight()) => in_days(1),
        Some(Day::Today) => at(today),
        Some(Day::In(days)) => in_days(*days),
        Some(Day::On(weekday)) => match today.weekday().until(*weekday) {
            0 => time.and_then(|_| at(today)),
            days => in_days(days.into()),
        },
        // The one to come, which is the sooner of two that may be meant.
        Some(Day::Next(weekday)) => match today.weekday().until(*weekday) {
            0 => in_days(7),
            days => in_days(days.into()),
        },
        Some(Day::Numbered(number)) => {
            let this = Date::new(today.year(), today.month(), *number).ok().and_then(at).filter(is_ahead);
            let next = today.first_of_month().checked_add(1.month()).ok()?;
            this.or_else(|| at(Date::new(next.year(), next.month(), *number).ok()?))
        }
        Some(Day::Dated(month, number)) => {
            let this = Date::new(today.year(), *month, *number).ok();
            let next = || Date::new(today.year() + 1, *month, *number).ok();
            let date = this.filter(|date| *date >= today).or_else(next)?;
            at(date).filter(|_| today.until(date).is_ok_and(|span| span.get_days() <= FAR))
        }
        Some(Day::Exactly(date)) => at(*date),
    }
}
