//! Finds what the bot has visibly answered in a room's history, so that nothing is done twice after the database was
//! restored from an older backup.

use std::collections::BTreeSet;

use ruma_common::{EventId, OwnedEventId, UserId};

use crate::homeserver::RawEvent;

/// Marks on a finished command.
const MARKS: [&str; 3] = ["✅", "❌", "⚠"];
/// The mark on a running command.
const GOES_ON: &str = "⏳";

/// Ids of events that the bot has answered.
#[derive(Debug, Default)]
pub(super) struct Answered {
    replied: BTreeSet<OwnedEventId>,
    marked: BTreeSet<OwnedEventId>,
    going_on: BTreeSet<OwnedEventId>,
}

impl Answered {
    /// Notes what an event answers. A redacted event has no content and is ignored.
    pub(super) fn note(&mut self, event: &RawEvent<'_>, bot: &UserId) {
        let is_told = matches!(&*event.kind, "m.room.message" | "m.reaction");
        if event.sender != bot.as_str() || !is_told || event.state_key().is_some() {
            return;
        }
        let relation = event.relation();
        self.replied.extend(relation.in_reply_to());
        if let (Some(target), Some(key)) = (relation.to("m.annotation"), relation.key()) {
            match key.trim_end_matches('\u{FE0F}') {
                GOES_ON => _ = self.going_on.insert(target),
                key if MARKS.contains(&key) => _ = self.marked.insert(target),
                _ => {}
            }
        }
    }

    /// Whether a message was fully answered. A running command also has replies, which tell its progress.
    pub(super) fn has(&self, message: &EventId) -> bool {
        self.marked.contains(message) || self.replied.contains(message) && !self.going_on.contains(message)
    }

    /// Whether a reaction to this event was answered. Only a reply counts, because the bot itself marks its questions.
    pub(super) fn has_reply(&self, target: &EventId) -> bool {
        self.replied.contains(target)
    }
}
