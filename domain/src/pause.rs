//! A pause: the service looks, plans and tells, and changes nothing but what a person asks for by command.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A pause of the service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pause {
    /// Who asked: a Matrix id, or `operator` at the machine.
    pub by: String,
    /// When it began.
    pub since: Timestamp,
    /// When it ends by itself; None means that somebody has to end it.
    pub until: Option<Timestamp>,
    /// The asker's reason.
    pub because: Option<String>,
}

impl Pause {
    /// Whether its time is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}
