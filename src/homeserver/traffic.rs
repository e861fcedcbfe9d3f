//! Counts requests by endpoint and result, and waits, for metrics, progress and the bench.
//!
//! Counters are per process and start at zero.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use equipemed_domain::fault::HomeserverError;
use jiff::Timestamp;

use super::endpoint::Endpoint;
use crate::metrics::Requests;

/// Counters of one connection, shared by its clones.
#[derive(Debug)]
pub struct Traffic {
    sent: Vec<AtomicU64>,
    waits: AtomicU64,
    breaks: AtomicU64,
    requests: Requests,
    /// The latest time by Synapse's clock, and when it was received.
    date: Mutex<Option<(Timestamp, Instant)>>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            sent: Endpoint::ALL.iter().map(|_| AtomicU64::default()).collect(),
            waits: AtomicU64::default(),
            breaks: AtomicU64::default(),
            requests: Requests::default(),
            date: Mutex::default(),
        }
    }
}

impl Traffic {
    /// Number of requests sent to each endpoint, repetitions included.
    #[must_use]
    pub fn by_endpoint(&self) -> BTreeMap<Endpoint, u64> {
        let counts =
            Endpoint::ALL.iter().zip(&self.sent).map(|(endpoint, count)| (*endpoint, count.load(Ordering::Relaxed)));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// Number of requests sent, repetitions included.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.sent.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Number of temporary failures followed by a wait.
    #[must_use]
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// How often Synapse was unreachable. It may have restarted and lost pending pushes.
    #[must_use]
    pub fn breaks(&self) -> u64 {
        self.breaks.load(Ordering::SeqCst)
    }

    /// The counters with results and durations, for `/metrics`.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// The time by Synapse's clock, up to a second early because it is in whole seconds. None before the first
    /// response.
    #[must_use]
    pub fn server_time(&self) -> Option<Timestamp> {
        let (date, heard) = (*self.date.lock().unwrap_or_else(PoisonError::into_inner))?;
        date.checked_add(heard.elapsed()).ok()
    }

    /// Notes the date of a response.
    pub(super) fn heard(&self, date: Timestamp) {
        *self.date.lock().unwrap_or_else(PoisonError::into_inner) = Some((date, Instant::now()));
    }

    pub(super) fn ended<T>(&self, endpoint: Endpoint, answer: &Result<T, HomeserverError>, took: Duration) {
        if matches!(answer, Err(HomeserverError::Unreachable { .. })) {
            self.breaks.fetch_add(1, Ordering::SeqCst);
        }
        let result = answer.as_ref().map_or_else(HomeserverError::class, |_| "ok");
        self.requests.count(endpoint.name(), result, took);
    }

    pub(super) fn sent(&self, endpoint: Endpoint) {
        // One macro generates both the list and the enum, in the same order.
        if let Some(count) = self.sent.get(endpoint as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn waited(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }
}
