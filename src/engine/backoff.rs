//! Decides when something that failed is tried again; nothing else does.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::store::StoreError;

/// The first delay.
const FIRST: Duration = Duration::from_secs(2);
/// The longest delay: an outage must not cost more than this after its end.
const LONGEST: Duration = Duration::from_secs(60);
/// Delay after a failed write to the database.
const STORE_AGAIN: Duration = Duration::from_millis(500);
/// How often a lasting problem is logged.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Delay before attempt number `attempts + 1`; `attempts` counts those that failed.
#[must_use]
pub fn wait_after(attempts: u32) -> Duration {
    FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST)
}

/// Waits a little after a failed write to the database, or until the service stops.
pub(super) async fn rest(stop: &CancellationToken) {
    let _ = tokio::time::timeout(STORE_AGAIN, stop.cancelled()).await;
}

/// Stores something that must not get lost, such as the end of a pass. Retries while the database is unavailable;
/// nothing could be done meanwhile anyway.
pub(super) async fn insist<T, F>(stop: &CancellationToken, note: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    insist_within(Duration::MAX, stop, note).await
}

pub(super) async fn insist_within<T, F>(
    within: Duration,
    stop: &CancellationToken,
    note: impl Fn() -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let (begun, mut said) = (Instant::now(), Seldom::default());
    loop {
        match note().await {
            Err(error) if error.is_outage() && begun.elapsed() < within && !stop.is_cancelled() => {
                if said.is_due() {
                    tracing::warn!(%error, "What came of something could not be noted; trying again");
                }
                rest(stop).await;
            }
            result => return result,
        }
    }
}

/// Logs a lasting problem once a minute instead of at every attempt: the full disk may be the one with the log.
#[derive(Debug, Default)]
pub struct Seldom(Option<Instant>);

impl Seldom {
    /// Whether to log it now.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.0.is_none_or(|told| told.elapsed() >= TOLD_EVERY);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}
