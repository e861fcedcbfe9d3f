//! When a failed pass is tried again: decided here and nowhere else.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(2);
/// No wait is longer: an outage must not cost more than this after its end.
const LONGEST: Duration = Duration::from_secs(60);

/// How long to wait before attempt number `attempts + 1`; `attempts` counts those that failed.
#[must_use]
pub fn wait_after(attempts: u32) -> Duration {
    FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST)
}
