//! The one place that decides whether and when a request is sent again.
//!
//! Reads and repeatable writes are; a request that must not happen twice is only when it surely was not carried
//! out. There is never a tight loop: each wait is at least [`FIRST`] and grows to [`LONGEST`].

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use equipemed_domain::fault::HomeserverError;
use tokio_util::sync::CancellationToken;

use super::endpoint::Endpoint;

/// The first wait, before jitter.
pub const FIRST: Duration = Duration::from_millis(250);
/// The longest wait that nobody asked for.
pub const LONGEST: Duration = Duration::from_secs(30);
/// How long a failure that Synapse itself reports is believed to be passing. A request that it always fails on
/// must not hold up everything for as long as an outage may last.
const INTERNAL_ERROR: Duration = Duration::from_secs(60);

/// How long a request is tried for, waits included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From the first attempt on; no wait is begun that would end later.
    pub total: Duration,
}

impl Patience {
    /// For the service: longer than a restart of Synapse with migrations.
    pub const SERVE: Self = Self { total: Duration::from_secs(10 * 60) };
    /// For a command with somebody waiting.
    pub const COMMAND: Self = Self { total: Duration::from_secs(2 * 60) };
    /// One attempt only.
    pub const NONE: Self = Self { total: Duration::ZERO };
}

/// Whether a request may be sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, and is given up at once when this service stops.
    Read,
    /// Twice is as good as once.
    Idempotent,
    /// Twice would be two changes.
    Once,
}

/// Told before each wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What is being tried.
    pub endpoint: Endpoint,
    /// How many attempts failed so far.
    pub attempt: u32,
    /// How long until the next.
    pub next_in: Duration,
    /// Why the last one failed, without identifiers.
    pub why: String,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.next_in.as_secs_f64();
        write!(f, "waiting for Synapse: attempt {} failed ({}), next in {seconds:.1} s", self.attempt, self.why)
    }
}

/// Called before each wait; must return at once.
pub type OnWait = Arc<dyn Fn(&Waiting) + Send + Sync>;

/// How long before the next attempt after so many failed ones; None when it is time to give up.
///
/// `jitter` is in 0..=1. `elapsed` is the time since the first attempt began.
#[must_use]
pub fn next_wait(
    error: &HomeserverError,
    attempt: u32,
    elapsed: Duration,
    patience: Patience,
    jitter: f64,
) -> Option<Duration> {
    if !error.is_retryable() {
        return None;
    }
    let total = match error {
        HomeserverError::Refused { .. } => patience.total.min(INTERNAL_ERROR),
        _ => patience.total,
    };
    let wait = match error {
        // Asked for, so never shorter than that; a little longer, so that not all who wait come back together.
        HomeserverError::Limited { retry_after: Some(asked) } => (*asked).max(FIRST).mul_f64(1.0 + jitter / 10.0),
        _ => {
            let grown = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16));
            // Never below the first wait.
            grown.min(LONGEST).mul_f64(0.5 + jitter / 2.0).max(FIRST)
        }
    };
    (elapsed + wait <= total).then_some(wait)
}

/// Sends until it works, is refused, patience ends or this service stops.
pub(super) async fn persist<T, F>(
    endpoint: Endpoint,
    repeat: Repeat,
    patience: Patience,
    cancel: &CancellationToken,
    on_wait: &(dyn Fn(&Waiting) + Send + Sync),
    mut send: impl FnMut() -> F,
) -> Result<T, HomeserverError>
where
    F: Future<Output = Result<T, HomeserverError>>,
{
    let start = Instant::now();
    for attempt in 1_u32.. {
        if cancel.is_cancelled() {
            return Err(HomeserverError::Cancelled);
        }
        let answer = match repeat {
            Repeat::Read => tokio::select! {
                () = cancel.cancelled() => return Err(HomeserverError::Cancelled),
                answer = send() => answer,
            },
            // A write in flight is waited for: giving it up would leave open whether it happened.
            Repeat::Idempotent | Repeat::Once => send().await,
        };
        let error = match answer {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if repeat == Repeat::Once && error.is_retryable() && !error.nothing_done() {
            return Err(error.maybe_done());
        }
        let Some(next_in) = next_wait(&error, attempt, start.elapsed(), patience, jitter()) else {
            return Err(error);
        };
        on_wait(&Waiting { endpoint, attempt, next_in, why: error.to_string() });
        tokio::select! {
            () = cancel.cancelled() => return Err(HomeserverError::Cancelled),
            () = tokio::time::sleep(next_in) => {}
        }
    }
    Err(HomeserverError::Cancelled)
}

/// Between 0 and 1; the middle when the operating system has no randomness to give.
fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}
