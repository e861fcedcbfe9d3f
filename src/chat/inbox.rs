//! Unhandled events: which are due, which run in the background, and which are retried later.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::store::{InboxEvent, Store, StoreError};

/// Events per read, not counting postponed ones, which must not block others.
const BATCH: usize = 500;
/// How long handled events are remembered; Synapse does not resend older ones.
const REMEMBER: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Delay before an event without an error is looked at again.
const SOON: Duration = Duration::from_millis(500);

/// This process's view of the inbox.
#[derive(Debug)]
pub(super) struct Inbox {
    store: Store,
    clock: Clock,
    /// Events handled in the background (None), and postponed ones with the instant of their next attempt.
    put_off: Mutex<BTreeMap<i64, Option<Instant>>>,
}

impl Inbox {
    pub(super) fn new(store: &Store, clock: &Clock) -> Self {
        Self { store: store.clone(), clock: clock.clone(), put_off: Mutex::default() }
    }

    /// Events to handle now, in order of arrival.
    pub(super) async fn due(&self) -> Result<Vec<InboxEvent>, StoreError> {
        let at_most = BATCH + self.put_off().len();
        let mut events = self.store.inbox_waiting(at_most).await?;
        let (put_off, now) = (self.put_off(), Instant::now());
        events.retain(|event| put_off.get(&event.seq).is_none_or(|again| again.is_some_and(|at| at <= now)));
        Ok(events)
    }

    /// Marks events as handled.
    pub(super) async fn done(&self, seqs: &[i64]) -> Result<(), StoreError> {
        if seqs.is_empty() {
            return Ok(());
        }
        self.store.inbox_done(seqs, self.clock.now()).await?;
        let mut put_off = self.put_off();
        seqs.iter().for_each(|seq| _ = put_off.remove(seq));
        Ok(())
    }

    /// Notes that an event is handled in the background.
    pub(super) fn begin(&self, seq: i64) {
        self.put_off().insert(seq, None);
    }

    /// Postpones an event for a moment; nothing went wrong with it.
    pub(super) fn look_later(&self, seq: i64) {
        self.put_off().insert(seq, Some(Instant::now() + SOON));
    }

    /// Counts a failed attempt and postpones the event.
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

    /// Deletes events handled long ago.
    pub(super) async fn forget(&self) {
        let Ok(before) = self.clock.now().checked_sub(REMEMBER) else { return };
        if let Err(error) = self.store.prune_inbox(before).await {
            tracing::warn!(%error, "Old events could not be forgotten");
        }
    }

    fn put_off(&self) -> MutexGuard<'_, BTreeMap<i64, Option<Instant>>> {
        // A panic elsewhere cannot leave the map inconsistent.
        self.put_off.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
