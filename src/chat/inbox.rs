//! The events that wait to be handled: which are due, which are handled beside the loop, which are tried again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::store::{InboxEvent, Store, StoreError};

/// How many events are looked at together, beside those that are put off: they must not stand in the way of others.
const BATCH: usize = 500;
/// Handled events are remembered for so long: Synapse sends nothing again that is older.
const REMEMBER: SignedDuration = SignedDuration::from_hours(24 * 30);
/// After so long an event is looked at again with which nothing went wrong.
const SOON: Duration = Duration::from_millis(500);

/// The inbox of this process.
#[derive(Debug)]
pub(super) struct Inbox {
    store: Store,
    clock: Clock,
    /// Events that are being handled beside the loop, and those that failed with the moment they are tried again.
    put_off: Mutex<BTreeMap<i64, Option<Instant>>>,
}

impl Inbox {
    pub(super) fn new(store: &Store, clock: &Clock) -> Self {
        Self { store: store.clone(), clock: clock.clone(), put_off: Mutex::default() }
    }

    /// The events that are to be handled now, in the order they came.
    pub(super) async fn due(&self) -> Result<Vec<InboxEvent>, StoreError> {
        let at_most = BATCH + self.put_off().len();
        let mut events = self.store.inbox_waiting(at_most).await?;
        let (put_off, now) = (self.put_off(), Instant::now());
        events.retain(|event| put_off.get(&event.seq).is_none_or(|again| again.is_some_and(|at| at <= now)));
        Ok(events)
    }

    /// Notes that events are handled.
    pub(super) async fn done(&self, seqs: &[i64]) -> Result<(), StoreError> {
        if seqs.is_empty() {
            return Ok(());
        }
        self.store.inbox_done(seqs, self.clock.now()).await?;
        let mut put_off = self.put_off();
        seqs.iter().for_each(|seq| _ = put_off.remove(seq));
        Ok(())
    }

    /// Notes that an event is handled beside the loop.
    pub(super) fn begin(&self, seq: i64) {
        self.put_off().insert(seq, None);
    }

    /// Has an event looked at again soon; nothing went wrong with it.
    pub(super) fn look_later(&self, seq: i64) {
        self.put_off().insert(seq, Some(Instant::now() + SOON));
    }

    /// Has an event handled again after a while.
    pub(super) async fn try_later(&self, seq: i64, error: &anyhow::Error) {
        let attempts = self.store.inbox_retry(seq).await.unwrap_or(1);
        let wait = crate::engine::backoff::wait_after(attempts);
        tracing::warn!(
            inbox.seq = seq,
            attempts,
            why = format!("{error:#}"),
            "An event could not be handled; it is tried again"
        );
        self.put_off().insert(seq, Some(Instant::now() + wait));
    }

    /// Forgets what was handled long ago.
    pub(super) async fn forget(&self) {
        let Ok(before) = self.clock.now().checked_sub(REMEMBER) else { return };
        if let Err(error) = self.store.prune_inbox(before).await {
            tracing::warn!(%error, "Old events could not be forgotten");
        }
    }

    fn put_off(&self) -> MutexGuard<'_, BTreeMap<i64, Option<Instant>>> {
        // A panic elsewhere cannot leave a map half-changed.
        self.put_off.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
