//! The difference between what should be and what is, as an ordered list of actions.

use crate::action::Action;
use crate::finding::Finding;

/// What to do, in order, and what somebody should look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Actions, accounts first, then rooms with spaces before what hangs in them.
    pub actions: Vec<Action>,
    /// Findings, sorted, each once.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}
