//! What people report in their clients ("report content"): what is shown of it, and how much.
//!
//! The reported message itself is never read or shown: it may hold patients' data.

use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedEventId, OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::visible::visible;
use crate::words::words;

/// How many different events of one person's reports are shown singly within [`SINGLY_WITHIN`]; the others are counted.
pub const SHOWN_SINGLY: usize = 10;
/// See [`SHOWN_SINGLY`].
pub const SINGLY_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// How many reporters a message names, and of how many it shows the words.
pub const NAMED: usize = 3;

/// Longer reasons are truncated: what is kept of them is what is shown.
const REASON_CHARS: usize = 280;

/// One report, as Synapse has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its number. Synapse gives a number again once the newest report was deleted.
    pub id: i64,
    /// When it arrived, by Synapse's clock.
    pub received_at: Timestamp,
    /// The room of the reported event.
    pub room_id: OwnedRoomId,
    /// The reported event.
    pub event_id: OwnedEventId,
    /// Who reported it.
    pub reporter: OwnedUserId,
    /// Who sent the event, if Synapse still has it.
    pub sender: Option<OwnedUserId>,
    /// The reporter's words.
    pub reason: Option<String>,
}

/// Where a reported event is, as far as it matters to whoever reads of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportPlace {
    /// In a managed room, where the bot can redact it.
    Redactable,
    /// In a managed room, but no message, or one that the bot cannot see.
    Managed,
    /// In a room that is not managed.
    Unmanaged,
    /// Between two people.
    Direct,
    /// In several: one person's reports together.
    Several,
}

/// How a report was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportEnding {
    /// The event was redacted.
    Redacted,
    /// Somebody said that it is settled.
    Settled,
}

words!(ReportPlace both ways: Redactable = "redactable", Managed = "managed", Unmanaged = "unmanaged", Direct = "direct",
    Several = "several");
words!(ReportEnding both ways: Redacted = "redacted", Settled = "settled");

/// A reporter's words on one line, without invisible characters, of limited length; None if nothing is left.
#[must_use]
pub fn reason(text: &str) -> Option<String> {
    let shown = visible(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = match shown.char_indices().nth(REASON_CHARS) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default().trim_end()),
        None => shown,
    };
    (!shown.is_empty()).then_some(shown)
}

/// Whether a message that shows `shown` reports is due for `count`. One person's many reports are told again only when
/// they have doubled, so that a flood of them is no flood of edits.
#[must_use]
pub fn is_news(place: ReportPlace, shown: i64, count: i64) -> bool {
    match place {
        ReportPlace::Several => count >= shown.saturating_mul(2).max(1),
        _ => count > shown,
    }
}

#[cfg(test)]
mod tests {
    use super::{REASON_CHARS, ReportPlace, is_news, reason};

    #[test]
    fn a_reason_is_one_line_of_visible_characters() {
        let said = reason("  foto de\npaciente \u{202e}<b>@room</b>\u{200b}\u{7}  ");
        assert_eq!(said.as_deref(), Some("foto de paciente <b>@room</b>"));
        assert_eq!(reason("\u{200b} \n\u{feff}"), None);
        assert_eq!(reason(&"ã ".repeat(1_000)).map(|text| text.chars().count()), Some(REASON_CHARS));
    }

    #[test]
    fn a_flood_is_told_again_when_it_has_doubled() {
        let told = |place| {
            (1..=40).fold(vec![], |mut told: Vec<i64>, count| {
                if is_news(place, told.last().copied().unwrap_or(0), count) {
                    told.push(count);
                }
                told
            })
        };
        assert_eq!(told(ReportPlace::Several), [1, 2, 4, 8, 16, 32]);
        assert_eq!(told(ReportPlace::Direct).len(), 40);
    }
}
