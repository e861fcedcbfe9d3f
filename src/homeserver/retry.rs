//! The one place that decides whether and when a request is sent again.
//!
//! Reads and idempotent writes are repeated; other writes only when they surely were not carried out. Waits grow from
//! [`FIRST`] to [`LONGEST`], so there is never a tight loop.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use equipemed_domain::fault::HomeserverError;
use tokio_util::sync::CancellationToken;

use super::endpoint::Endpoint;

/// The first wait, before jitter.
pub const FIRST: Duration = Duration::from_millis(250);
/// The longest wait, unless Synapse asks for a longer one.
pub const LONGEST: Duration = Duration::from_secs(30);
/// How long an internal error of Synapse is considered temporary. A request that always fails must not block everything
/// for as long as an outage may last.
const INTERNAL_ERROR: Duration = Duration::from_secs(60);

/// How long to keep trying a request, waits included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Time since the first attempt; no wait begins that would end later.
    pub total: Duration,
}

impl Patience {
    /// For the service: longer than a Synapse restart with migrations.
    pub const SERVE: Self = Self { total: Duration::from_secs(10 * 60) };
    /// For a command that somebody waits for.
    pub const COMMAND: Self = Self { total: Duration::from_secs(2 * 60) };
    /// Only one attempt.
    pub const NONE: Self = Self { total: Duration::ZERO };
}

/// Whether a request may be sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Changes nothing; abandoned at once when the service stops.
    Read,
    /// Sending it twice has the same effect as once.
    Idempotent,
    /// Sending it twice would change things twice.
    Once,
}

/// Reported before each wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The request.
    pub endpoint: Endpoint,
    /// Failed attempts so far.
    pub attempt: u32,
    /// Wait until the next attempt.
    pub next_in: Duration,
    /// Why the last attempt failed, without identifiers.
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

/// The wait after a number of failed attempts; None to give up.
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
        // Never shorter than Synapse asked for; slightly longer, so that clients do not all return at once.
        HomeserverError::Limited { retry_after: Some(asked) } => (*asked).max(FIRST).mul_f64(1.0 + jitter / 10.0),
        _ => {
            let grown = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16));
            // Never below the first wait.
            grown.min(LONGEST).mul_f64(0.5 + jitter / 2.0).max(FIRST)
        }
    };
    (elapsed + wait <= total).then_some(wait)
}

/// Repeats a request until it succeeds, is refused, patience runs out or the service stops.
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
            // A write in flight is awaited: abandoning it would leave its outcome unknown.
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

/// Between 0 and 1; 0.5 when the operating system provides no randomness.
fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}
