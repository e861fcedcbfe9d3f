//! Finds what the bot has visibly answered in a room's history, so that nothing is done twice after the database was
//! restored from an older backup.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::{EventId, OwnedEventId, UserId};

use crate::homeserver::RawEvent;

/// Marks on a finished command.
const MARKS: [&str; 3] = ["✅", "❌", "⚠"];

/// Ids of events that the bot has answered.
#[derive(Debug, Default)]
pub(super) struct Answered {
    replied: BTreeSet<OwnedEventId>,
    marked: BTreeSet<OwnedEventId>,
    /// What shows a command's progress, with the command.
    progress: BTreeMap<OwnedEventId, OwnedEventId>,
    /// What was edited into an answer.
    edited: BTreeSet<OwnedEventId>,
}

impl Answered {
    /// Notes what an event answers. A redacted event has no content and is ignored.
    pub(super) fn note(&mut self, event: &RawEvent<'_>, bot: &UserId) {
        let is_told = matches!(&*event.kind, "m.room.message" | "m.reaction");
        if event.sender != bot.as_str() || !is_told || event.state_key().is_some() {
            return;
        }
        let relation = event.relation();
        match (event.is_progress(), relation.in_reply_to(), EventId::parse(&*event.event_id)) {
            (true, Some(command), Ok(own)) => _ = self.progress.insert(own, command),
            (true, ..) => {}
            (false, replied, _) => {
                self.replied.extend(replied);
                self.edited.extend(relation.to("m.replace"));
            }
        }
        if let (Some(target), Some(key)) = (relation.to("m.annotation"), relation.key())
            && MARKS.contains(&key.trim_end_matches('\u{FE0F}'))
        {
            self.marked.insert(target);
        }
    }

    /// Whether a message was fully answered.
    pub(super) fn has(&self, message: &EventId) -> bool {
        self.marked.contains(message) || self.has_reply(message)
    }

    /// Whether a reaction to this event was answered. Only a reply counts, because the bot itself marks its questions.
    pub(super) fn has_reply(&self, target: &EventId) -> bool {
        let is_edited = |(own, of): (&OwnedEventId, &OwnedEventId)| of == target && self.edited.contains(own);
        self.replied.contains(target) || self.progress.iter().any(is_edited)
    }
}
