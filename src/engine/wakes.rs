//! Wake-ups: storing them, hearing of them, and waiting until somebody looked.
//!
//! The store is asked, not this process: with several replicas another one may be at it.

use std::sync::Arc;
use std::time::Duration;

use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::backoff::{Seldom, rest};
use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// How often the store is asked for work. In-process wakes do not wait for it.
const TICK: Duration = Duration::from_millis(250);
/// How often it is asked how waiting stands. Passes of this process are heard of at once.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How waiting ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Everything was looked at.
    Yes,
    /// A pass failed and is tried again.
    TriedAgain,
    /// It takes longer than the asker waits.
    NotYet,
}

/// Wakes passes. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Wakes {
    store: Store,
    clock: Clock,
    stop: CancellationToken,
    /// Told of wake-ups and deeds that this process stored.
    pub(super) woken: watch::Sender<()>,
    /// Told when a narrow pass or a deed ended.
    pub(super) ended: Arc<Notify>,
}

impl Wakes {
    pub(super) fn new(store: &Store, clock: &Clock, stop: &CancellationToken) -> Self {
        let (store, clock, stop) = (store.clone(), clock.clone(), stop.clone());
        Self { store, clock, stop, woken: watch::channel(()).0, ended: Arc::default() }
    }

    /// Stores a wake-up that is due now.
    pub async fn wake(&self, wake: &Wake, origin: &str) -> Result<(), StoreError> {
        self.wake_for(std::slice::from_ref(wake), &[], origin).await
    }

    /// Stores wake-ups that are due now, all or none; the passes that look serve these wishes.
    pub async fn wake_for(&self, wakes: &[Wake], wishes: &[Wish], origin: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store.wake_for(wakes, wishes, origin, now, now).await?;
        self.nudge();
        Ok(())
    }

    /// Has the lanes look at the store now, after somebody stored something for them.
    pub fn nudge(&self) {
        self.woken.send_replace(());
    }

    /// Ready when the next pass or deed of this process ends.
    pub fn ended(&self) -> Notified<'_> {
        self.ended.notified()
    }

    /// Works until the service stops or `goes_on` denies it: at once while there is something to do, else when woken. A
    /// store that fails is asked again a little later, and told of seldom.
    pub(super) async fn lane<F>(&self, trouble: &str, goes_on: impl Fn() -> bool, work: impl Fn() -> F)
    where
        F: Future<Output = Result<bool, StoreError>>,
    {
        let (mut woken, mut said) = (self.woken.subscribe(), Seldom::default());
        while !self.stop.is_cancelled() && goes_on() {
            match work().await {
                Ok(true) => {}
                Ok(false) => tokio::select! {
                    () = self.stop.cancelled() => {}
                    // Also when it was told while the store was being asked.
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

    /// Waits until nobody has to look at these subjects any more.
    pub async fn wait_for(&self, wakes: &[Wake], within: Duration) -> Result<Waited, StoreError> {
        let deadline = tokio::time::Instant::now() + within;
        for wake in wakes {
            loop {
                let ended = self.ended();
                tokio::pin!(ended);
                // From now on, so that what ends while the store is asked is heard of.
                ended.as_mut().enable();
                match self.store.wakeup(wake).await? {
                    None => break,
                    Some(state) if state.attempts > 0 && !state.is_claimed => return Ok(Waited::TriedAgain),
                    // What was put off on purpose is not waited for.
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
