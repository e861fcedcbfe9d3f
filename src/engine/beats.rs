//! Signs of life of the lanes, for a supervisor that restarts a service which hangs.
//!
//! A lane that waits for something to do goes round a few times a second. One that is busy shows progress otherwise, or
//! ends with its work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The last sign of each lane. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Beats(Arc<Mutex<BTreeMap<&'static str, Instant>>>);

impl Beats {
    /// Notes a sign of life.
    pub fn beat(&self, lane: &'static str) {
        self.all().insert(lane, Instant::now());
    }

    /// A lane that has given no sign for this long, if there is one.
    #[must_use]
    pub fn silent(&self, limit: Duration) -> Option<&'static str> {
        self.all().iter().find(|(_, last)| last.elapsed() > limit).map(|(lane, _)| *lane)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<&'static str, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
