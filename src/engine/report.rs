//! What a pass found, planned, held and did: what the command line prints; its summary is kept in the run's row.

use std::sync::Arc;

use equipemed_domain::directory::Directory;
use equipemed_domain::fault::Interruption;
use equipemed_domain::finding::Finding;
use equipemed_domain::plan::Plan;
use equipemed_domain::review::Held;
use equipemed_domain::summary::Summary;
use jiff::Timestamp;

/// Everything about one pass.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was planned, after brakes and flags.
    pub plan: Plan,
    /// What is kept of it.
    pub summary: Summary,
    /// Held parts that were not held before, to be announced.
    pub newly_held: Vec<Held>,
    /// People as they were read, to name them in findings.
    pub people: Arc<Directory>,
    /// When the picture changes by itself.
    pub next_change: Option<Timestamp>,
    /// Why it stopped before the end, so that the rest must be tried again.
    pub interrupted: Option<Interruption>,
    /// Whether it is unclear how the account that was looked at alone should be.
    pub is_unclear: bool,
    /// How many steps were left, because a narrower pass came between looking and doing.
    pub left: usize,
}

impl Report {
    /// Adds what was found only when it was carried out.
    pub fn find(&mut self, found: impl IntoIterator<Item = Finding>) {
        for finding in found {
            if !self.plan.findings.contains(&finding) {
                self.summary.find(&finding);
                self.plan.findings.push(finding);
            }
        }
    }

    /// This one and the one of a further look right after it, as one.
    #[must_use]
    pub fn and(mut self, mut next: Self) -> Self {
        next.summary.after(self.summary, self.left);
        self.newly_held.extend(next.newly_held);
        Self { newly_held: self.newly_held, ..next }
    }
}
