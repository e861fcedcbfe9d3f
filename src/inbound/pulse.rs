//! Whether the database can be written, found out by writing: reading goes on for long after nothing more can be written.
//!
//! It is known before anybody asks, so that `/ready` answers at once, however long the database takes. That an outage is
//! over is told to whoever may have missed something during it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::{Dialect, Store, StoreError};

/// How often it is tried. The end of an outage is noticed after half of it.
const EVERY: Duration = Duration::from_secs(2);
/// A try that takes longer has failed so far: as long as the store waits for another program that is writing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why no work can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unready {
    /// The disk is full, or the place cannot be written for another reason.
    Unwritable,
    /// Another program keeps the database to itself.
    Locked,
    /// The database does not answer.
    Away,
    /// It answers, with an error that needs a look at the log.
    Failing,
}

impl Unready {
    fn of(error: &StoreError) -> Self {
        match error {
            StoreError::NotWritable { .. } => Self::Unwritable,
            StoreError::Busy { .. } => Self::Locked,
            StoreError::Unreachable { .. } | StoreError::Refused { .. } => Self::Away,
            _ => Self::Failing,
        }
    }
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unwritable => "the database cannot be written, as on a full disk",
            Self::Locked => "another program keeps the database locked",
            Self::Away => "the database does not answer",
            Self::Failing => "the database fails; the log says how",
        })
    }
}

/// What is known of the database. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Pulse {
    last: Arc<Mutex<Last>>,
    healed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Last {
    unready: Option<Unready>,
    /// Since when the present try is under way, and what it means when that is long ago.
    trying: Option<(Instant, Unready)>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { last: Arc::default(), healed: watch::channel(()).0 }
    }
}

impl Pulse {
    /// Tries again and again, until the service stops. A store that was just opened has been written.
    pub async fn beat(&self, store: &Store, clock: &Clock, stop: &CancellationToken) {
        let silence = if store.dialect() == Dialect::Sqlite { Unready::Locked } else { Unready::Away };
        while !stop.is_cancelled() {
            self.last().trying = Some((Instant::now(), silence));
            let tried = tokio::select! {
                tried = store.try_to_write(clock.now()) => tried,
                () = stop.cancelled() => return,
            };
            let wait = if tried.is_ok() { EVERY } else { EVERY / 2 };
            self.note(tried);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Why no work can be done now; None when it can.
    #[must_use]
    pub fn unready(&self) -> Option<Unready> {
        let last = self.last();
        let stuck = last.trying.filter(|(since, _)| since.elapsed() > PATIENCE).map(|(_, silence)| silence);
        last.unready.or(stuck)
    }

    /// Hears of the end of each outage from now on.
    #[must_use]
    pub fn healed(&self) -> watch::Receiver<()> {
        self.healed.subscribe()
    }

    fn note(&self, tried: Result<(), StoreError>) {
        let unready = tried.as_ref().err().map(Unready::of);
        let before = {
            let mut last = self.last();
            last.trying = None;
            std::mem::replace(&mut last.unready, unready)
        };
        match (tried, before) {
            (Err(error), before) if before != unready => {
                tracing::error!(%error, "The database cannot be written: everything waits until it can");
            }
            (Ok(()), Some(_)) => {
                tracing::info!("The database can be written again");
                self.healed.send_replace(());
            }
            _ => {}
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Last> {
        // A panic elsewhere cannot leave these fields half-changed.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
