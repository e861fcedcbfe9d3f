//! When the bot does not answer, so that it is no part of a loop: to senders whom nobody knows, and to one sender whom it
//! misunderstands again and again, as two bots do with each other.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use ruma_common::{EventId, OwnedEventId, OwnedUserId, UserId};

/// How long a stranger waits for the next answer, and for how long a row of misunderstandings is remembered.
const WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// How many misunderstandings in a row are answered.
const ANSWERED: u32 = 3;

/// Counts answers by sender. An event that is handled again after a failure counts once.
#[derive(Debug, Default)]
pub struct Restraint {
    strangers: BTreeMap<OwnedUserId, Last>,
    unclear: BTreeMap<OwnedUserId, Last>,
}

#[derive(Debug)]
struct Last {
    event: OwnedEventId,
    at: Timestamp,
    count: u32,
}

/// Whether to answer a message that was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answering {
    /// Yes.
    Yes,
    /// Yes, and say that it is for the last time.
    LastTime,
    /// No.
    No,
}

impl Restraint {
    /// Whether to answer an event of somebody who is not known: once a minute.
    pub fn answers_stranger(&mut self, sender: &UserId, event: &EventId, now: Timestamp) -> bool {
        forget(&mut self.strangers, now);
        let last = Last { event: event.to_owned(), at: now, count: 1 };
        self.strangers.entry(sender.to_owned()).or_insert(last).event == event
    }

    /// Whether to answer an event that was not understood. A row ends with a minute without any.
    pub fn misunderstood(&mut self, sender: &UserId, event: &EventId, now: Timestamp) -> Answering {
        forget(&mut self.unclear, now);
        let first = || Last { event: event.to_owned(), at: now, count: 1 };
        let last = self.unclear.entry(sender.to_owned()).or_insert_with(first);
        if last.event != event {
            *last = Last { count: last.count.saturating_add(1), ..first() };
        }
        match last.count {
            ANSWERED => Answering::LastTime,
            count if count < ANSWERED => Answering::Yes,
            _ => Answering::No,
        }
    }

    /// Ends a row: a command was understood.
    pub fn understood(&mut self, sender: &UserId) {
        self.unclear.remove(sender);
    }
}

fn forget(all: &mut BTreeMap<OwnedUserId, Last>, now: Timestamp) {
    all.retain(|_, last| now.duration_since(last.at) < WITHIN);
}
