//! Types of single values: text, numbers, words of a set, durations, shares, addresses.
//!
//! Every getter returns `None` for an absent value, and for a wrong one after reporting what would be right. Reports
//! repeat words of a set but never free text, which may be a misplaced secret.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use equipemed_domain::directory::Profession;
use serde_yaml::Value;
use url::Url;

use super::problems::{instead, nearest};
use super::reader::{Node, kind};

/// Seconds in a minute, hour, day and year of 365 days.
pub(crate) const MINUTE: u64 = 60;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;
pub(crate) const YEAR: u64 = 365 * DAY;

impl Node<'_> {
    fn expected(&self, what: &str, found: &Value) {
        self.problem(format!("expected {what}, found {}", kind(found)));
    }

    /// Text that is not blank.
    pub(crate) fn text(&self) -> Option<String> {
        let text = self.any_text()?;
        if text.trim().is_empty() {
            self.problem("is empty; give a value or remove the line");
            return None;
        }
        Some(text)
    }

    /// Text that may be empty.
    pub(crate) fn any_text(&self) -> Option<String> {
        match self.value? {
            Value::String(text) => Some(text.clone()),
            other @ (Value::Bool(_) | Value::Number(_)) => {
                self.problem(format!("expected text, found {}; put it in quotes", kind(other)));
                None
            }
            other => {
                self.expected("text", other);
                None
            }
        }
    }

    /// Text, or a number as text, as in `version: 12`.
    pub(crate) fn text_or_number(&self) -> Option<String> {
        match self.value? {
            Value::Number(number) => Some(number.to_string()),
            _ => self.text(),
        }
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match self.value? {
            Value::Bool(bool) => Some(*bool),
            Value::String(text) if self.is_substituted() && matches!(text.trim(), "true" | "false") => {
                Some(text.trim() == "true")
            }
            other => {
                self.expected("true or false", other);
                None
            }
        }
    }

    /// A whole number in a range.
    pub(crate) fn integer(&self, range: &RangeInclusive<i64>) -> Option<i64> {
        let number = match self.value? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) if self.is_substituted() => text.trim().parse().ok(),
            other => {
                self.expected("a whole number", other);
                return None;
            }
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.problem(match *range.end() {
                i64::MAX => format!("expected a whole number from {} up", range.start()),
                end => format!("expected a whole number from {} to {end}", range.start()),
            });
        }
        number
    }

    /// A count from 0 to `most`.
    pub(crate) fn count(&self, most: i64) -> Option<usize> {
        self.integer(&(0..=most)).and_then(|count| usize::try_from(count).ok())
    }

    /// One of several words.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            self.unknown_word(&text, words.iter().map(|(word, _)| *word));
        }
        found
    }

    /// Reports an unknown word.
    pub(crate) fn unknown_word<'a>(&self, word: &str, known: impl IntoIterator<Item = &'a str> + Clone) {
        // A variable may hold a misplaced secret.
        let shown = if self.is_substituted() { "the variable's value".to_owned() } else { format!("{word:?}") };
        self.problem(format!("{shown} is not known here; {}", instead(word, known)));
    }

    /// Text parsed by `check`, which returns the message for wrong text.
    pub(crate) fn parsed<T>(&self, check: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match check(&self.text()?) {
            Ok(value) => Some(value),
            Err(why) => {
                self.problem(why);
                None
            }
        }
    }

    /// A duration of at least `least` seconds.
    pub(crate) fn duration(&self, least: u64) -> Option<Duration> {
        self.duration_or_off(least, false).flatten()
    }

    /// A duration, or `off`, which reads as `Some(None)`.
    pub(crate) fn duration_or_off(&self, least: u64, off: bool) -> Option<Option<Duration>> {
        if let Some(Value::Number(number)) = self.value {
            self.problem(format!(
                "{number} needs a unit; write {number}m for minutes, {number}h for hours or {number}d for days"
            ));
            return None;
        }
        self.parsed(|text| match text.trim() {
            "off" if off => Ok(None),
            "off" => Err("cannot be switched off; give a length of time such as 30d".to_owned()),
            text => {
                let length = parse_duration(text)?;
                if length.as_secs() < least {
                    return Err(format!(
                        "is too short; it has to be {} or more",
                        show_duration(Duration::from_secs(least))
                    ));
                }
                Ok(Some(length))
            }
        })
    }

    /// A percentage as a fraction.
    pub(crate) fn share(&self) -> Option<f64> {
        const EXPECTED: &str = "expected a share from 0% to 100%, written with the sign, such as 10%";
        if let Some(Value::Number(_)) = self.value {
            self.problem(EXPECTED);
            return None;
        }
        self.parsed(|text| {
            let percent = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
            match percent {
                Some(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
                _ => Err(EXPECTED.to_owned()),
            }
        })
    }

    /// An address to listen on.
    pub(crate) fn listen(&self) -> Option<SocketAddr> {
        self.parsed(|text| {
            text.trim().parse().map_err(|_| {
                "expected an IP address and a port to listen on, such as 127.0.0.1:9009 or [::1]:9009 (host names are not taken here)"
                    .to_owned()
            })
        })
    }

    /// A web server's URL.
    pub(crate) fn http_url(&self) -> Option<Url> {
        self.parsed(|text| match Url::parse(text.trim()) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() => {
                Err("expected an address that begins with https:// or http://".to_owned())
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                Err("must not hold a user name or password; remove the part before @".to_owned())
            }
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                Err("must end before ? and #; give the plain address".to_owned())
            }
            Ok(url) => Ok(url),
            Err(error) => Err(format!("is not an address ({error}); write it as https://matrix.hospital.example")),
        })
    }
}

const UNITS: [(&str, u64); 6] = [("s", 1), ("m", MINUTE), ("h", HOUR), ("d", DAY), ("w", 7 * DAY), ("y", YEAR)];

/// Parses `30d`, `1h30m`, `5y`. Units are s, m, h, d, w and y; a year has 365 days.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a length of time such as 45s, 60m, 1h30m, 30d or 5y";
    let mut seconds: u64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(EXPECTED.to_owned());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let (Ok(number), Some((_, factor))) = (number.parse::<u64>(), UNITS.iter().find(|(name, _)| *name == unit))
        else {
            return Err(EXPECTED.to_owned());
        };
        seconds = number
            .checked_mul(*factor)
            .and_then(|part| seconds.checked_add(part))
            // Added to today, it must stay within the calendar.
            .filter(|sum| *sum <= 1000 * YEAR)
            .ok_or("is longer than 1000 years; give a shorter time")?;
        rest = behind;
    }
    Ok(Duration::from_secs(seconds))
}

/// Formats a duration as in the configuration, such as `1h30m`.
#[must_use]
pub fn show_duration(length: Duration) -> String {
    let mut rest = length.as_secs();
    let mut text = String::new();
    for (unit, factor) in UNITS.iter().rev().filter(|(unit, _)| *unit != "w") {
        if rest >= *factor {
            text.push_str(&format!("{}{unit}", rest / factor));
            rest %= factor;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Whether a user-defined key can be typed in chat and in file names.
pub(crate) fn check_key(key: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if key.len() <= 64 && key.starts_with(|c: char| c.is_ascii_lowercase()) && key.chars().all(good) {
        return Ok(());
    }
    Err("a key begins with a-z and has only a-z, 0-9, _ and -, at most 64 of them; the name for people goes into `name:`".to_owned())
}

/// Reports a key that is not in `known`.
pub(crate) fn unknown_key<'a>(what: &str, key: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(key, known.clone()) {
        Some(near) => format!("there is no {what} {key:?}; did you mean \"{near}\"?"),
        None => {
            let all: Vec<_> = known.collect();
            let all =
                if all.is_empty() { "there are none".to_owned() } else { format!("there are: {}", all.join(", ")) };
            format!("there is no {what} {key:?}; {all}")
        }
    }
}

/// Reads a profession; shared with the roster.
pub(crate) fn profession(node: &Node<'_>) -> Option<Profession> {
    let word = node.text()?;
    let profession = Profession::from_word(&word);
    if profession.is_none() {
        node.unknown_word(&word, Profession::ALL.map(Profession::as_str));
    }
    profession
}
