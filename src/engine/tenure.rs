//! Exclusive work: a lease in the store, renewed while the work goes on.
//!
//! A process that lost the lease (it slept, the database was unreachable) must not write any more. So the tenure is
//! checked before each batch of writes, and goes by the clock alone.

use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};

use crate::clock::{Clock, Term};
use crate::store::{Lease, Store, StoreError};

/// Name of the lease for full passes.
const ENGINE: &str = "engine";
/// How long the lease outlives its holder. Then another process takes over.
const TTL: Duration = Duration::from_secs(12);
/// How often it is renewed; two renewals may fail before it is lost.
const RENEW: Duration = Duration::from_secs(4);
/// Delay between attempts to release it.
const GIVE_BACK_AGAIN: Duration = Duration::from_millis(500);
/// How long the holder waits for its release, which continues in the background until the lease expires by itself.
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(1);

/// The time during which only this process does some work: full passes, or the control room.
#[derive(Debug)]
pub struct Tenure {
    /// How long the store grants it.
    term: Term,
    ended: CancellationToken,
    _end: DropGuard,
    keeper: tokio::task::JoinHandle<()>,
}

impl Tenure {
    /// Takes the lease if it is free.
    pub async fn begin(store: &Store, clock: &Clock, holder: &str) -> Result<Option<Self>, StoreError> {
        Self::begin_as(ENGINE, store, clock, holder).await
    }

    /// Takes another lease, for other exclusive work.
    pub async fn begin_as(name: &str, store: &Store, clock: &Clock, holder: &str) -> Result<Option<Self>, StoreError> {
        let Some(lease) = store.acquire(name, holder, clock.now(), TTL).await? else { return Ok(None) };
        let term = Term::new(clock, lease.expires_at());
        let ended = CancellationToken::new();
        let keeper = tokio::spawn(keep(store.clone(), clock.clone(), lease, term.clone(), ended.clone()));
        Ok(Some(Self { term, _end: ended.clone().drop_guard(), ended, keeper }))
    }

    /// The present holder of the lease, if any.
    pub async fn holder(store: &Store, clock: &Clock) -> Result<Option<String>, StoreError> {
        store.holder_of(ENGINE, clock.now()).await
    }

    /// Whether this process still has the lease.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.term.is_over()
    }

    /// The time limit of the lease.
    #[must_use]
    pub fn term(&self) -> &Term {
        &self.term
    }

    /// Releases the lease, so that the next process need not wait.
    pub async fn end(self) {
        self.ended.cancel();
        let _ = tokio::time::timeout(GIVE_BACK_WITHIN, self.keeper).await;
    }
}

async fn keep(store: Store, clock: Clock, mut lease: Lease, term: Term, ended: CancellationToken) {
    loop {
        tokio::select! {
            () = ended.cancelled() => break,
            () = tokio::time::sleep(RENEW) => {}
        }
        match store.renew(&mut lease, clock.now(), TTL).await {
            Ok(true) => term.set(lease.expires_at()),
            Ok(false) => {
                term.end();
                tracing::warn!("Another process took the lease over");
                return;
            }
            // A process that cannot write must not continue, not even until the lease expires.
            Err(error) if error.is_unwritable() => {
                tracing::warn!(%error, "The lease is given up: nothing can be written");
                break;
            }
            Err(error) => tracing::warn!(%error, "The lease could not be renewed"),
        }
    }
    term.end();
    // The next holder, perhaps this process, need not wait for it to expire.
    let mut is_told = false;
    while let Err(error) = store.release(&mut lease, clock.now()).await {
        if !lease.holds_at(clock.now()) {
            return;
        }
        if !is_told {
            tracing::warn!(%error, "The lease could not be given back; trying again until it expires");
            is_told = true;
        }
        tokio::time::sleep(GIVE_BACK_AGAIN).await;
    }
}
