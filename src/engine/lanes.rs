//! The running service: wake-ups, full passes, and who does them.
//!
//! Three lanes, so that none waits for another: full passes (one at a time, under the lease), passes over one person or
//! room, and deeds.

use std::sync::Arc;
use std::time::Duration;

use equipemed_domain::fault::Side;
use equipemed_domain::wake::Wake;
use jiff::Timestamp;
use tokio::task::{JoinError, JoinSet};
use tracing::{Instrument, Span};

use super::backoff::{insist, wait_after};
use super::claims::{CLAIM, Claim, Claims, end_of_claim};
use super::handles::Handles;
use super::options::Options;
use super::pass::Passes;
use super::runs::{Runs, SILENCE};
use super::tenure::Tenure;
use super::{FULL_PASSES, Rhythm, account_changes, foreign, reports, verify};
use crate::clock::Term;
use crate::store::{ClaimedWake, Lane, Pace, StoreError};

/// After this many passes with failures, a narrow wake-up is not repeated.
const REFUSALS: u32 = 4;
/// How many narrow passes run concurrently.
const NARROW_IN_FLIGHT: usize = 4;

/// The work of `serve`, and the process doing it.
#[derive(Debug)]
pub(super) struct Lanes {
    /// The name of this process in the store.
    pub(super) holder: String,
    pub(super) rhythm: Rhythm,
    /// What this process is working on.
    pub(super) claims: Claims,
    pub(super) handles: Handles,
    pub(super) runs: Runs,
    pub(super) passes: Arc<Passes>,
}

impl Lanes {
    /// Works until stopped. Work in progress is finished and noted.
    pub(super) async fn work(self: Arc<Self>) {
        let deeds = async {
            if let Some(applier) = &self.passes.applier {
                let lane = |pace| applier.deed_lane(&self.holder, &self.claims, pace);
                tokio::join!(lane(Pace::Quick), lane(Pace::Slow));
            }
        };
        let working = async {
            tokio::join!(
                Box::pin(self.full_lane()),
                Box::pin(self.narrow_lane()),
                Box::pin(deeds),
                foreign::lane(&self.handles)
            );
        };
        let Handles { store, clock, .. } = &self.handles;
        tokio::select! {
            () = working => {}
            never = self.claims.keep(store, clock, &self.holder) => match never {},
        }
    }

    async fn full_lane(&self) {
        let work = || async {
            let Some(tenure) = Tenure::begin(&self.handles.store, &self.handles.clock, &self.holder).await? else {
                return Ok(false);
            };
            tracing::info!("This process runs the full passes");
            let beside = async {
                tokio::join!(
                    verify::lane(&self.handles, &tenure),
                    account_changes::lane(&self.passes.looks, &tenure, self.rhythm.accounts),
                    reports::lane(&self.handles, &tenure, self.rhythm.reports),
                );
                std::future::pending().await
            };
            // Side work may wait for Synapse for minutes. Requesting a lost lease again must not wait for it.
            tokio::select! {
                () = Box::pin(self.under_tenure(&tenure)) => {}
                () = Box::pin(beside) => {}
            }
            tenure.end().await;
            Ok(true)
        };
        self.handles.wakes.lane(FULL_PASSES, "The lease could not be asked for", || true, work).await;
    }

    async fn under_tenure(&self, tenure: &Tenure) {
        if let Err(error) = self.runs.end_dead(&self.holder).await {
            tracing::warn!(%error, "Runs of dead processes could not be ended");
        }
        // The previous holder, perhaps this process, lost the right to continue with the lease. Its claim may last a
        // while.
        if let Err(error) = self.handles.store.free_wakeup(&Wake::Everything).await {
            tracing::warn!(%error, "The claim of a dead process could not be freed");
        }
        // A service that was down may have missed anything.
        let ask = || self.handles.wakes.wake(&Wake::Everything, "start");
        if let Err(error) = insist(&self.handles.stop, ask).await {
            tracing::error!(%error, "The first pass could not be asked for");
        }
        let next = || self.next_full(tenure);
        self.handles.wakes.lane(FULL_PASSES, "The store failed between passes", || tenure.is_held(), next).await;
    }

    /// Does one full pass if one is requested.
    async fn next_full(&self, tenure: &Tenure) -> Result<bool, StoreError> {
        let (store, clock) = (&self.handles.store, &self.handles.clock);
        let woken = store.claim_wakeups(&self.holder, clock.now(), CLAIM, Some(Lane::Full), 1).await?.pop();
        let term = Term::new(clock, end_of_claim(clock.now()));
        let _claim = woken.as_ref().map(|woken| self.claims.pass(&woken.wake, &term));
        let own = match &woken {
            Some(woken) => Some(self.runs.request(&woken.origin, serde_json::Value::Null).await?),
            None => None,
        };
        // A wake-up ends with its own run, not with an earlier one of a command that requested less.
        let Some(run) = self.runs.claim(&self.holder, SILENCE, own).await? else {
            return Ok(false);
        };
        // Runs of our own have no options; those of commands were checked when stored.
        let options: Options = serde_json::from_value(run.options).unwrap_or_default();
        let result = self.runs.keep(run.id, &self.holder, Box::pin(self.passes.full(tenure, &options, run.id))).await;
        let now = clock.now();
        let Some(woken) = woken else { return Ok(true) };
        match result {
            Ok(report) if report.interrupted.is_none() => {
                insist(&self.handles.stop, || store.finish_wakeup(&woken)).await?;
                if let Some(due) = next_full(now, self.rhythm.everything, report.next_change) {
                    insist(&self.handles.stop, || store.wake(&Wake::Everything, "timer", due, now)).await?;
                }
            }
            _ => self.try_later(&woken, now).await?,
        }
        Ok(true)
    }

    async fn try_later(&self, claimed: &ClaimedWake, now: Timestamp) -> Result<(), StoreError> {
        let due = now.checked_add(wait_after(claimed.attempts + 1)).unwrap_or(now);
        let store = &self.handles.store;
        insist(&self.handles.stop, || store.retry_wakeup(claimed, due, "the pass did not come to its end")).await?;
        Ok(())
    }

    async fn narrow_lane(self: &Arc<Self>) {
        let Handles { store, clock, .. } = &self.handles;
        let running = tokio::sync::Mutex::new(JoinSet::new());
        let claim = || async {
            let mut running = running.lock().await;
            while let Some(ended) = running.try_join_next() {
                come(ended);
            }
            if running.len() >= NARROW_IN_FLIGHT {
                return Ok(false);
            }
            let (free, now) = (NARROW_IN_FLIGHT - running.len(), clock.now());
            let claimed = store.claim_wakeups(&self.holder, now, CLAIM, Some(Lane::Narrow), free).await?;
            let any = !claimed.is_empty();
            for claimed in claimed {
                let (lanes, span, term) = (self.clone(), span_of(&claimed), Term::new(clock, end_of_claim(now)));
                let claim = self.claims.pass(&claimed.wake, &term);
                running.spawn(async move { lanes.one_narrow(&claimed, &term, claim).await }.instrument(span));
            }
            Ok(any)
        };
        self.handles.wakes.lane("narrow passes", "Work could not be claimed", || true, claim).await;
        let mut running = running.into_inner();
        while let Some(ended) = running.join_next().await {
            come(ended);
        }
    }

    /// Does one narrow pass, and holds the claim until its end is noted.
    async fn one_narrow(&self, claimed: &ClaimedWake, term: &Term, _claim: Claim) {
        let result = self.passes.narrow(&claimed.wake, term, &claimed.wishes).await;
        let now = self.handles.clock.now();
        if let Ok(report) = &result
            && !claimed.wishes.is_empty()
        {
            let summary = &report.summary;
            let (done, failed) = (summary.total(|counts| counts.done), summary.total(|counts| counts.failed));
            tracing::info!(planned = summary.planned, done, failed, "A pass that somebody asked for ended");
        }
        let ended = match result {
            // What Synapse refuses repeatedly is left to the next full pass instead of being tried every minute.
            Ok(report)
                if report.interrupted.is_none() && (!report.summary.has_failures() || claimed.attempts >= REFUSALS) =>
            {
                self.end_narrow(claimed, report.next_change, now).await
            }
            Ok(_) => self.try_later(claimed, now).await,
            Err(error) => {
                let side = error.side().map(Side::as_str);
                tracing::warn!(side, %error, "A narrow pass failed; it is tried again");
                self.try_later(claimed, now).await
            }
        };
        self.handles.wakes.ended.notify_waiters();
        if let Err(error) = ended {
            tracing::warn!(%error, "The end of a narrow pass could not be noted; it is done again");
        }
    }

    /// Ends a narrow pass. The next change that it knows of (a grant that ends, an access that expires) may be earlier
    /// than the last full pass's.
    async fn end_narrow(
        &self,
        claimed: &ClaimedWake,
        next_change: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let store = &self.handles.store;
        insist(&self.handles.stop, || store.finish_wakeup(claimed)).await?;
        let Some(due) = next_change else { return Ok(()) };
        let planned = insist(&self.handles.stop, || store.wakeup(&Wake::Everything)).await?;
        if planned.is_none_or(|planned| planned.is_claimed || planned.due_at > due) {
            insist(&self.handles.stop, || store.wake(&Wake::Everything, "expiry", due, now)).await?;
        }
        Ok(())
    }
}

/// A task's result. A panic in it must not go unnoticed: it continues here, in the lane, and ends the service.
pub(super) fn come<T>(ended: Result<T, JoinError>) -> Option<T> {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(result) => Some(result),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => None,
    }
}

/// The target of a narrow pass and its wishes, so that one wish can be followed through the log.
fn span_of(claimed: &ClaimedWake) -> Span {
    let wishes: Vec<&str> = claimed.wishes.iter().map(|wish| wish.id.as_str()).collect();
    let wishes = (!wishes.is_empty()).then(|| wishes.join(" "));
    match &claimed.wake {
        Wake::Person(person) => tracing::info_span!("pass", kind = "person", person.id = person.0, wishes),
        Wake::Room(room) => tracing::info_span!("pass", kind = "room", room.key = room.as_str(), wishes),
        Wake::Everything => tracing::info_span!("pass", kind = "full", wishes),
    }
}

/// When to look at everything next: by the timer, or earlier if the desired state changes by itself.
fn next_full(now: Timestamp, interval: Option<Duration>, next_change: Option<Timestamp>) -> Option<Timestamp> {
    let by_timer = interval.and_then(|interval| now.checked_add(interval).ok());
    [by_timer, next_change].into_iter().flatten().min()
}
