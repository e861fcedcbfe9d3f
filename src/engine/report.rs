//! What a pass found, planned, held and did. The command line prints it; the run's row keeps the summary.

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
    /// Its summary, which is kept.
    pub summary: Summary,
    /// Parts that were not held before, to be announced.
    pub newly_held: Vec<Held>,
    /// The people as read, to name them in findings.
    pub people: Arc<Directory>,
    /// When the desired state changes by itself.
    pub next_change: Option<Timestamp>,
    /// Why it stopped early; the rest must be tried again.
    pub interrupted: Option<Interruption>,
    /// Whether the desired state of the only account looked at is unclear.
    pub is_unclear: bool,
    /// Steps left, because a narrower pass came between looking and doing.
    pub left: usize,
}

impl Report {
    /// Adds findings made while carrying it out.
    pub fn find(&mut self, found: impl IntoIterator<Item = Finding>) {
        for finding in found {
            if !self.plan.findings.contains(&finding) {
                self.summary.find(&finding);
                self.plan.findings.push(finding);
            }
        }
    }

    /// Combines this report with that of a further look right after it.
    #[must_use]
    pub fn and(mut self, mut next: Self) -> Self {
        next.summary.after(self.summary, self.left);
        self.newly_held.extend(next.newly_held);
        Self { newly_held: self.newly_held, ..next }
    }
}
