//! Checks by writing whether the database is writable: reads may work long after writes fail.
//!
//! A background task checks regularly, so `/ready` answers at once however slow the database is. Parts that may have
//! missed something are notified when an outage ends.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::{Dialect, Store, StoreError};

/// Interval of checks; half of it during an outage.
const EVERY: Duration = Duration::from_secs(2);
/// A check that takes longer counts as failed: as long as the store waits for another writer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the service cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unready {
    /// The disk is full, or the database is not writable for another reason.
    Unwritable,
    /// Another program holds a lock on the database.
    Locked,
    /// The database does not answer.
    Away,
    /// The database reports an error; the log has details.
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

/// The database's last known state. Clones share it.
#[derive(Clone, Debug)]
pub struct Pulse {
    last: Arc<Mutex<Last>>,
    healed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Last {
    unready: Option<Unready>,
    /// Start of the running check, and what it means if it takes too long.
    trying: Option<(Instant, Unready)>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { last: Arc::default(), healed: watch::channel(()).0 }
    }
}

impl Pulse {
    /// Checks repeatedly until the service stops. Opening the store counts as a first write.
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

    /// Why the service cannot work now; None when it can.
    #[must_use]
    pub fn unready(&self) -> Option<Unready> {
        let last = self.last();
        let stuck = last.trying.filter(|(since, _)| since.elapsed() > PATIENCE).map(|(_, silence)| silence);
        last.unready.or(stuck)
    }

    /// Notifies of the end of each outage from now on.
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
        // A panic elsewhere cannot leave these fields inconsistent.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
