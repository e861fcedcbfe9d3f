//! What the bot visibly answered, found in a room's past beside the commands: a restored database has forgotten it, and
//! nothing is to be done twice for that.

use std::collections::BTreeSet;

use ruma_common::{EventId, OwnedEventId, UserId};

use crate::homeserver::RawEvent;

/// Marks that end a command.
const MARKS: [&str; 3] = ["✅", "❌", "⚠"];
/// The mark of a command that goes on.
const GOES_ON: &str = "⏳";

/// Events that the bot has answered, by their ids.
#[derive(Debug, Default)]
pub(super) struct Answered {
    replied: BTreeSet<OwnedEventId>,
    marked: BTreeSet<OwnedEventId>,
    going_on: BTreeSet<OwnedEventId>,
}

impl Answered {
    /// Looks at an event; one that was taken back has no content, and says nothing.
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

    /// Whether a message was answered to the end. While a command goes on, its progress is told in reply as well.
    pub(super) fn has(&self, message: &EventId) -> bool {
        self.marked.contains(message) || self.replied.contains(message) && !self.going_on.contains(message)
    }

    /// Whether a reaction to this event was: the bot's own marks stand on its questions from the beginning.
    pub(super) fn has_reply(&self, target: &EventId) -> bool {
        self.replied.contains(target)
    }
}
