//! When something that failed is tried again: decided here and nowhere else.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::store::StoreError;

/// The first wait.
const FIRST: Duration = Duration::from_secs(2);
/// No wait is longer: an outage must not cost more than this after its end.
const LONGEST: Duration = Duration::from_secs(60);
/// How long to wait for a database that could not be written.
const STORE_AGAIN: Duration = Duration::from_millis(500);
/// How often a trouble that goes on is told.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// How long to wait before attempt number `attempts + 1`; `attempts` counts those that failed.
#[must_use]
pub fn wait_after(attempts: u32) -> Duration {
    FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST)
}

/// Waits a little for a database that could not be written, or for the end.
pub(super) async fn rest(stop: &CancellationToken) {
    let _ = tokio::time::timeout(STORE_AGAIN, stop.cancelled()).await;
}

/// Notes something that must not get lost, such as the end of a pass: while the database cannot take it, it is tried
/// again. Nothing could be done meanwhile anyway.
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
