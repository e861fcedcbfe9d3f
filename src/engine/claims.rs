//! What this process is working on: only these claims in the store are extended.
//!
//! Work holds a [`Claim`]. When the work ends, in whatever way, the claim is dropped and expires by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use equipemed_domain::wake::Wake;
use jiff::Timestamp;

use super::backoff::Seldom;
use crate::clock::{Clock, Term};
use crate::store::{DeedId, Store, StoreError};

/// How long claimed work belongs to a worker. If the worker died, the work is claimed again after that.
pub(super) const CLAIM: Duration = Duration::from_secs(15);
/// How often claims are extended.
const KEEP_EVERY: Duration = Duration::from_secs(5);

pub(super) fn end_of_claim(now: Timestamp) -> Timestamp {
    now.checked_add(CLAIM).unwrap_or(now)
}

/// All work in progress. Cheap to clone; clones share state.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    wakes: BTreeMap<u64, (Wake, Term)>,
    deeds: BTreeMap<u64, DeedId>,
}

/// Work in progress.
#[derive(Debug)]
pub(super) struct Claim {
    claims: Claims,
    number: u64,
}

impl Claims {
    /// Extends the claims while polled. Work may wait long for Synapse, and nobody else may begin it meanwhile.
    pub(super) async fn keep(&self, store: &Store, clock: &Clock, holder: &str) -> Infallible {
        let mut said = Seldom::default();
        loop {
            tokio::time::sleep(KEEP_EVERY).await;
            if let Err(error) = self.prolong_all(store, clock, holder).await
                && said.is_due()
            {
                tracing::warn!(%error, "Claims could not be prolonged");
            }
        }
    }

    async fn prolong_all(&self, store: &Store, clock: &Clock, holder: &str) -> Result<(), StoreError> {
        let (wakes, deeds, now) = (self.wakes(), self.deeds(), clock.now());
        if !wakes.is_empty() {
            self.prolong(&store.keep_wakeups(holder, &wakes, now, CLAIM).await?, end_of_claim(now));
        }
        if !deeds.is_empty() {
            store.keep_deeds(holder, &deeds, clock.now(), CLAIM).await?;
        }
        Ok(())
    }

    /// Registers a pass that this process makes within the term.
    pub(super) fn pass(&self, wake: &Wake, term: &Term) -> Claim {
        let mut inner = self.inner();
        // An earlier claim on the same has expired: its pass must not be extended with this one.
        inner.wakes.retain(|_, (other, _)| other != wake);
        let number = inner.number();
        inner.wakes.insert(number, (wake.clone(), term.clone()));
        Claim { claims: self.clone(), number }
    }

    /// Registers a deed.
    pub(super) fn deed(&self, deed: DeedId) -> Claim {
        let mut inner = self.inner();
        let number = inner.number();
        inner.deeds.insert(number, deed);
        Claim { claims: self.clone(), number }
    }

    /// Targets of the passes in progress.
    pub(super) fn wakes(&self) -> Vec<Wake> {
        self.inner().wakes.values().map(|(wake, _)| wake.clone()).collect()
    }

    /// Deeds in progress.
    pub(super) fn deeds(&self) -> Vec<DeedId> {
        self.inner().deeds.values().copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Extends the passes over these targets.
    pub(super) fn prolong(&self, kept: &[Wake], until: Timestamp) {
        self.inner().wakes.values().filter(|(wake, _)| kept.contains(wake)).for_each(|(_, term)| term.set(until));
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere cannot leave these maps half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut inner = self.claims.inner();
        inner.wakes.remove(&self.number);
        inner.deeds.remove(&self.number);
    }
}
