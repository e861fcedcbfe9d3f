//! When a failed pass is tried again: decided here and nowhere else.

use std::time::Duration;

use tokio::time::Instant;

/// The first wait.
const FIRST: Duration = Duration::from_secs(2);
/// No wait is longer: an outage must not cost more than this after its end.
const LONGEST: Duration = Duration::from_secs(60);

/// How long to wait before attempt number `attempts + 1`; `attempts` counts those that failed.
#[must_use]
pub fn wait_after(attempts: u32) -> Duration {
    FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST)
}

/// How often a trouble that goes on is told.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Tells of a trouble that goes on once a minute, not at every try: the disk that the log is on may be the one that is full.
#[derive(Debug, Default)]
pub struct Seldom(Option<Instant>);

impl Seldom {
    /// Whether it is to be told now.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.0.is_none_or(|told| told.elapsed() >= TOLD_EVERY);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}
