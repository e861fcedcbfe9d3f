//! Everything that changes something on Synapse, one method per change.
//!
//! All methods are idempotent: a lost response leads to a repeat, and a refusal that only says "it is so already"
//! becomes [`Done::Already`]. Nothing here decides whether a change is wanted.

mod accounts;
mod media;
mod members;
mod reports;
mod rooms;

use std::fmt;

pub use rooms::RoomToCreate;

use super::read::Reader;
use crate::clock::Term;

/// Permission to change things on Synapse. Only `cli` creates it, in mode enforce and for setup.
#[derive(Debug)]
pub struct WritePermit(());

impl WritePermit {
    /// For `mode: enforce`.
    #[must_use]
    pub fn for_mode_enforce() -> Self {
        Self(())
    }

    /// For setup, which an operator runs and which creates only the bot and its control room.
    #[must_use]
    pub fn for_setup() -> Self {
        Self(())
    }
}

/// Changes things on Synapse. Clones share connections, concurrency limit and counters.
#[derive(Clone)]
pub struct Writer {
    reader: Reader,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("reader", &self.reader).finish()
    }
}

/// Result of a change that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The change was made.
    Changed,
    /// There was nothing to change.
    Already,
}

impl Writer {
    /// Turns a reader into a writer over the same connection.
    #[must_use]
    pub fn new(reader: Reader, permit: WritePermit) -> Self {
        let WritePermit(()) = permit;
        Self { reader }
    }

    /// The reader of the same connection.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// A writer that makes changes only within this term.
    #[must_use]
    pub fn during(&self, term: Term) -> Self {
        Self { reader: self.reader.during(term) }
    }

    /// A writer with its own concurrency limit, for work that must not queue behind bulk work.
    #[must_use]
    pub fn lane(&self, in_flight: usize) -> Self {
        Self { reader: self.reader.lane(in_flight) }
    }
}
