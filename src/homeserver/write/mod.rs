//! Everything that changes something on Synapse, one method a change.
//!
//! What is asked for twice is done once: an answer lost on the way is asked for again, and a refusal that only says
//! "it is so already" is [`Done::Already`]. Nothing here decides whether a change is wanted.

mod accounts;
mod members;
mod rooms;

use std::fmt;

pub use rooms::RoomToCreate;

use super::read::Reader;
use crate::clock::Term;

/// Leave to change things on Synapse. `cli` gives it, in mode enforce and in setup; nothing else may.
#[derive(Debug)]
pub struct WritePermit(());

impl WritePermit {
    /// For `mode: enforce`.
    #[must_use]
    pub fn for_mode_enforce() -> Self {
        Self(())
    }

    /// For setup, which an operator runs and which makes the bot and its control room only.
    #[must_use]
    pub fn for_setup() -> Self {
        Self(())
    }
}

/// Changes things on Synapse. Clones share connections, bound and counters.
#[derive(Clone)]
pub struct Writer {
    reader: Reader,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("reader", &self.reader).finish()
    }
}

/// What became of a change that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It was made.
    Changed,
    /// It was so already.
    Already,
}

impl Writer {
    /// Turns a reader into a writer over the same connection.
    #[must_use]
    pub fn new(reader: Reader, permit: WritePermit) -> Self {
        let WritePermit(()) = permit;
        Self { reader }
    }

    /// The same connection, for looking.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The same that makes changes within this span only.
    #[must_use]
    pub fn during(&self, term: Term) -> Self {
        Self { reader: self.reader.during(term) }
    }

    /// The same with a bound of its own on requests in flight, for work that must not queue behind bulk work.
    #[must_use]
    pub fn lane(&self, in_flight: usize) -> Self {
        Self { reader: self.reader.lane(in_flight) }
    }
}
