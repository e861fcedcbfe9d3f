//! Wake-ups: storing them, being notified, and waiting until somebody looked.
//!
//! Waiting asks the store and not this process, because another replica may do the work.

use std::sync::Arc;
use std::time::Duration;

use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::backoff::{Seldom, rest};
use super::beats::Beats;
use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// How often the store is asked for work. Wake-ups within the process do not wait for it.
pub(super) const TICK: Duration = Duration::from_millis(250);
/// How often waiting asks the store. Passes of this process notify at once.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Result of waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Everything was looked at.
    Yes,
    /// A pass failed and will be tried again.
    TriedAgain,
    /// It takes longer than the caller waits.
    NotYet,
}

/// Wakes passes. Cheap to clone; clones share state.
#[derive(Clone, Debug)]
pub struct Wakes {
    store: Store,
    clock: Clock,
    stop: CancellationToken,
    /// Notified of wake-ups and deeds stored by this process.
    pub(super) woken: watch::Sender<()>,
    /// Notified when a narrow pass or a deed ends.
    pub(super) ended: Arc<Notify>,
    /// Signs of life of the lanes.
    pub(super) beats: Beats,
}

impl Wakes {
    pub(super) fn new(store: &Store, clock: &Clock, stop: &CancellationToken) -> Self {
        let (store, clock, stop) = (store.clone(), clock.clone(), stop.clone());
        Self { store, clock, stop, woken: watch::channel(()).0, ended: Arc::default(), beats: Beats::default() }
    }

    /// Stores a wake-up that is due now.
    pub async fn wake(&self, wake: &Wake, origin: &str) -> Result<(), StoreError> {
        self.wake_for(std::slice::from_ref(wake), &[], origin).await
    }

    /// Stores wake-ups that are due now, all or none. Their passes serve these wishes.
    pub async fn wake_for(&self, wakes: &[Wake], wishes: &[Wish], origin: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store.wake_for(wakes, wishes, origin, now, now).await?;
        self.nudge();
        Ok(())
    }

    /// Makes the lanes ask the store now, after something was stored for them.
    pub fn nudge(&self) {
        self.woken.send_replace(());
    }

    /// Resolves when the next pass or deed of this process ends.
    pub fn ended(&self) -> Notified<'_> {
        self.ended.notified()
    }

    /// Works until the service stops or `goes_on` returns false: at once while there is something to do, else when
    /// woken. Retries a little later if the store fails, and logs that rarely.
    pub(super) async fn lane<F>(
        &self,
        name: &'static str,
        trouble: &str,
        goes_on: impl Fn() -> bool,
        work: impl Fn() -> F,
    ) where
        F: Future<Output = Result<bool, StoreError>>,
    {
        let (mut woken, mut said) = (self.woken.subscribe(), Seldom::default());
        while !self.stop.is_cancelled() && goes_on() {
            self.beats.beat(name);
            match work().await {
                Ok(true) => {}
                Ok(false) => tokio::select! {
                    () = self.stop.cancelled() => {}
                    // Also if notified while the store was being asked.
                    _ = woken.changed() => {}
                    () = tokio::time::sleep(TICK) => {}
                },
                Err(error) => {
                    if said.is_due() {
                        tracing::warn!(%error, "{trouble}");
                    }
                    rest(&self.stop).await;
                }
            }
        }
    }

    /// Waits until no subject needs a look any more.
    pub async fn wait_for(&self, wakes: &[Wake], within: Duration) -> Result<Waited, StoreError> {
        let deadline = tokio::time::Instant::now() + within;
        for wake in wakes {
            loop {
                let ended = self.ended();
                tokio::pin!(ended);
                // Registers now, to notice what ends while the store is asked.
                ended.as_mut().enable();
                match self.store.wakeup(wake).await? {
                    None => break,
                    Some(state) if state.attempts > 0 && !state.is_claimed => return Ok(Waited::TriedAgain),
                    // Work postponed on purpose is not waited for.
                    Some(state) if !state.is_claimed && state.due_at > self.clock.now() => break,
                    Some(_) => {}
                }
                tokio::select! {
                    () = ended => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = tokio::time::sleep_until(deadline) => return Ok(Waited::NotYet),
                    () = self.stop.cancelled() => return Ok(Waited::NotYet),
                }
            }
        }
        Ok(Waited::Yes)
    }
}
