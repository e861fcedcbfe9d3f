//! The current time as a value to pass around.
//!
//! A lint forbids reading the system time anywhere else, so that tests control "now".

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Tells the time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// Milliseconds since the epoch, moved by hand.
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until moved.
    #[must_use]
    pub fn held(at: Timestamp) -> Self {
        Self(Source::Held(Arc::new(AtomicI64::new(at.as_millisecond()))))
    }

    /// The current time, to the millisecond as in the store.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let millisecond = match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
            Source::System => Timestamp::now().as_millisecond(),
            Source::Held(at) => at.load(Ordering::SeqCst),
        };
        Timestamp::from_millisecond(millisecond).unwrap_or_default()
    }

    /// Moves a held clock; does nothing to the system clock.
    pub fn advance(&self, by: std::time::Duration) {
        if let Source::Held(at) = &self.0 {
            at.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

/// The time limit of a lease or claim: granted elsewhere, extended while work goes on, ends by itself. Clones share it.
#[derive(Clone, Debug)]
pub struct Term {
    /// Milliseconds since the epoch.
    until: Arc<AtomicI64>,
    clock: Clock,
}

impl Term {
    /// A term until an instant.
    #[must_use]
    pub fn new(clock: &Clock, until: Timestamp) -> Self {
        Self { until: Arc::new(AtomicI64::new(until.as_millisecond())), clock: clock.clone() }
    }

    /// Changes its end.
    pub fn set(&self, until: Timestamp) {
        self.until.store(until.as_millisecond(), Ordering::SeqCst);
    }

    /// Ends it now.
    pub fn end(&self) {
        self.until.store(i64::MIN, Ordering::SeqCst);
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.clock.now().as_millisecond() >= self.until.load(Ordering::SeqCst)
    }
}
