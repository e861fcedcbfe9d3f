//! The running service: wake-ups, full passes, and who does them.
//!
//! Three lanes, so that none waits for another: full passes (one at a time,
//! under the lease), passes over one person or room, and deeds.

use std::convert::Infallible;
use std::time::Duration;

use equipemed_domain::fault::{Fault, Side};
use equipemed_domain::finding::Finding;
use equipemed_domain::mode::Mode;
use equipemed_domain::wake::Wake;
use jiff::Timestamp;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::backoff::{Seldom, insist};
use super::claims::Claim;
use super::pass::Options;
use super::report::Report;
use super::tenure::Tenure;
use super::{Engine, backoff};
use crate::clock::Term;
use crate::store::{ClaimedWake, Lane, NewRun, RunEnd, RunId, RunState, StoreError};

/// For how long claimed work belongs to one worker; it is claimed anew when the worker died.
pub(super) const CLAIM: Duration = Duration::from_secs(15);
/// How often claims are prolonged: a pass may wait long for Synapse, and nobody else is to begin it meanwhile.
const KEEP_EVERY: Duration = Duration::from_secs(5);
/// How many of the latest runs are looked through for those of dead processes.
const RUNS_LOOKED_THROUGH: usize = 50;
/// After so many passes with failures a narrow wake-up is not repeated.
const REFUSALS: u32 = 4;
/// A run whose holder was not heard of for so long is taken over.
const SILENCE: Duration = Duration::from_secs(30);
/// How often a run's progress is noted, which is also its holder's sign of life.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);
/// How many narrow passes run at once.
const NARROW_IN_FLIGHT: usize = 4;

/// What `serve` decides about the lanes.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// This process, as the store names it.
    pub holder: String,
    /// How often everything is looked at without being asked to; None is never.
    pub interval: Option<Duration>,
}

impl Engine {
    /// Works until it is stopped. What is under way at that moment is finished and noted.
    pub async fn work(&self, lanes: &Lanes) {
        let lanes_ended = CancellationToken::new();
        let working = async {
            tokio::join!(
                self.full_lane(lanes),
                self.narrow_lane(lanes),
                self.deed_lane(lanes),
                self.inner.foreign.lane()
            );
            lanes_ended.cancel();
        };
        tokio::join!(working, self.keep_claims(lanes, &lanes_ended));
    }

    async fn keep_claims(&self, lanes: &Lanes, ended: &CancellationToken) {
        let mut said = Seldom::default();
        loop {
            tokio::select! {
                () = ended.cancelled() => return,
                () = tokio::time::sleep(KEEP_EVERY) => {}
            }
            if let Err(error) = self.prolong_claims(&lanes.holder).await
                && said.is_due()
            {
                tracing::warn!(%error, "Claims could not be prolonged");
            }
        }
    }

    async fn prolong_claims(&self, holder: &str) -> Result<(), StoreError> {
        let (store, clock, claims) = (&self.parts().store, &self.parts().clock, &self.inner.claims);
        let (wakes, deeds, now) = (claims.wakes(), claims.deeds(), clock.now());
        if !wakes.is_empty() {
            claims.prolong(&store.keep_wakeups(holder, &wakes, now, CLAIM).await?, end_of_claim(now));
        }
        if !deeds.is_empty() {
            store.keep_deeds(holder, &deeds, clock.now(), CLAIM).await?;
        }
        Ok(())
    }

    async fn full_lane(&self, lanes: &Lanes) {
        let work = || async {
            let (store, clock) = (&self.parts().store, &self.parts().clock);
            let Some(tenure) = Tenure::begin(store, clock, &lanes.holder).await? else { return Ok(false) };
            tracing::info!("This process runs the full passes");
            tokio::join!(Box::pin(self.under_tenure(&tenure, lanes)), Box::pin(self.inner.verify.lane(&tenure)));
            tenure.end().await;
            Ok(true)
        };
        self.wakes().lane("The lease could not be asked for", || true, work).await;
    }

    async fn under_tenure(&self, tenure: &Tenure, lanes: &Lanes) {
        if let Err(error) = self.end_dead_runs(&lanes.holder).await {
            tracing::warn!(%error, "Runs of dead processes could not be ended");
        }
        // Whoever was at it, this process among others, has lost the lease with the right to go on; its claim may have a
        // while to go.
        if let Err(error) = self.parts().store.free_wakeup(&Wake::Everything).await {
            tracing::warn!(%error, "The claim of a dead process could not be freed");
        }
        // A service that was away may have missed anything.
        if let Err(error) = self.wake(&Wake::Everything, "start").await {
            tracing::error!(%error, "The first pass could not be asked for");
        }
        let next = || self.next_full(tenure, lanes);
        self.wakes().lane("The store failed between passes", || tenure.is_held(), next).await;
    }

    /// Does one full pass if one is asked for.
    async fn next_full(&self, tenure: &Tenure, lanes: &Lanes) -> Result<bool, StoreError> {
        let (store, clock) = (&self.parts().store, &self.parts().clock);
        let woken = store.claim_wakeups(&lanes.holder, clock.now(), CLAIM, Some(Lane::Full), 1).await?.pop();
        let term = Term::new(clock, end_of_claim(clock.now()));
        let _claim = woken.as_ref().map(|woken| self.inner.claims.pass(&woken.wake, &term));
        let own = match &woken {
            Some(woken) => {
                let new = NewRun { origin: woken.origin.clone(), options: serde_json::Value::Null, source: None };
                Some(store.request_run(&new, clock.now()).await?)
            }
            None => None,
        };
        // A wake-up is over with its own run, not with that of a command which asked for less and came before.
        let Some(run) = store.claim_run(&lanes.holder, self.mode(), clock.now(), SILENCE, own).await? else {
            return Ok(false);
        };
        // A run of our own making has no options; those of a command were checked when it stored them.
        let options: Options = serde_json::from_value(run.options).unwrap_or_default();
        let result = self.run(tenure, &options, run.id, &lanes.holder).await;
        let now = clock.now();
        let Some(woken) = woken else { return Ok(true) };
        match result {
            Ok(report) if report.interrupted.is_none() => {
                insist(&self.wakes().stop, || store.finish_wakeup(&woken)).await?;
                if let Some(due) = next_full(now, lanes.interval, report.next_change) {
                    insist(&self.wakes().stop, || store.wake(&Wake::Everything, "timer", due, now)).await?;
                }
            }
            _ => self.try_later(&woken, now).await?,
        }
        Ok(true)
    }

    async fn try_later(&self, claimed: &ClaimedWake, now: Timestamp) -> Result<(), StoreError> {
        let due = now.checked_add(backoff::wait_after(claimed.attempts + 1)).unwrap_or(now);
        let store = &self.parts().store;
        insist(&self.wakes().stop, || store.retry_wakeup(claimed, due, "the pass did not come to its end")).await?;
        Ok(())
    }

    /// What runs of this engine may do.
    fn mode(&self) -> Mode {
        if self.inner.writer.is_some() { Mode::Enforce } else { Mode::Observe }
    }

    /// Asks for a run and takes it, for a command that does it itself.
    pub async fn begin_run(&self, origin: &str, options: &Options, holder: &str) -> Result<RunId, Fault> {
        let (store, clock) = (&self.parts().store, &self.parts().clock);
        self.end_dead_runs(holder).await?;
        let new = NewRun { origin: origin.to_owned(), options: options.to_json()?, source: None };
        let id = store.request_run(&new, clock.now()).await?;
        store.claim_run(holder, self.mode(), clock.now(), SILENCE, Some(id)).await?;
        Ok(id)
    }

    /// Ends runs whose process died: under the lease nobody else can be at one. They are not done again, because what a
    /// command asked for back then may not be what anybody wants now.
    async fn end_dead_runs(&self, holder: &str) -> Result<(), StoreError> {
        let (store, clock) = (&self.parts().store, &self.parts().clock);
        for run in store.recent_runs(RUNS_LOOKED_THROUGH).await? {
            let is_dead = run.state == RunState::Running && run.holder.as_deref() != Some(holder);
            let now = clock.now();
            if is_dead && store.claim_run(holder, self.mode(), now, Duration::ZERO, Some(run.id)).await?.is_some() {
                let end = RunEnd::Failed(Fault::ProcessEnded);
                store.finish_run(run.id, holder, &end, now).await?;
            }
        }
        Ok(())
    }

    /// Runs a full pass with its row in the store kept up to date: others follow it there.
    pub async fn run(&self, tenure: &Tenure, options: &Options, run: RunId, holder: &str) -> Result<Report, Fault> {
        let (store, clock) = (&self.parts().store, &self.parts().clock);
        let start = clock.now();
        // Side by side, never the one inside the other's turn: the pass may hold the one connection that noting waits for.
        let span = tracing::info_span!("pass", kind = "full", run.id = run.0);
        let result = tokio::select! {
            result = self.full_pass(tenure, options, run).instrument(span) => result,
            never = self.note_progress(run, holder) => match never {},
        };
        let end = match &result {
            Ok(Report { interrupted: Some(interruption), .. }) => RunEnd::Failed(Fault::Interrupted(*interruption)),
            Ok(report) => {
                log_report(run, report);
                RunEnd::Done(Box::new(report.summary.clone()))
            }
            Err(error) => {
                let side = error.side().map(Side::as_str);
                tracing::error!(run.id = run.0, side, %error, "A full pass failed");
                RunEnd::Failed(error.clone())
            }
        };
        self.count_run(&result, start);
        if let Err(error) = store.finish_run(run, holder, &end, clock.now()).await {
            tracing::error!(%error, run.id = run.0, "The end of a pass could not be noted");
        }
        result
    }

    fn count_run(&self, result: &Result<Report, Fault>, start: Timestamp) {
        let (now, metrics) = (self.parts().clock.now(), self.metrics());
        let took = Duration::try_from(now.duration_since(start)).unwrap_or_default();
        let result = match result {
            Ok(report) if report.interrupted.is_some() => "interrupted",
            Ok(report) => {
                metrics.findings(report.plan.findings.iter().map(Finding::kind));
                "done"
            }
            Err(_) => "failed",
        };
        metrics.run(result, now.as_duration().as_secs_f64(), took);
    }

    /// Keeps the run's row up to date until it is dropped.
    async fn note_progress(&self, run: RunId, holder: &str) -> Infallible {
        let (mut progress, mut said) = (self.progress(), Seldom::default());
        loop {
            tokio::time::sleep(PROGRESS_EVERY).await;
            let now = *progress.borrow_and_update();
            let steps = (now.done as u64, now.total as u64);
            if let Err(error) = self.parts().store.progress(run, holder, steps, self.parts().clock.now()).await
                && said.is_due()
            {
                tracing::warn!(%error, run.id = run.0, "Progress could not be noted");
            }
        }
    }

    async fn narrow_lane(&self, lanes: &Lanes) {
        let running = tokio::sync::Mutex::new(JoinSet::new());
        let claim = || async {
            let mut running = running.lock().await;
            while let Some(ended) = running.try_join_next() {
                notice(ended);
            }
            let claimed = match NARROW_IN_FLIGHT - running.len() {
                0 => return Ok(false),
                free => self.claim_narrow(lanes, free).await?,
            };
            let any = !claimed.is_empty();
            for (claimed, term, claim) in claimed {
                let engine = self.clone();
                let span = span_of(&claimed);
                running.spawn(async move { engine.one_narrow(&claimed, &term, claim).await }.instrument(span));
            }
            Ok(any)
        };
        self.wakes().lane("Work could not be claimed", || true, claim).await;
        let mut running = running.into_inner();
        while let Some(ended) = running.join_next().await {
            notice(ended);
        }
    }

    async fn claim_narrow(&self, lanes: &Lanes, free: usize) -> Result<Vec<(ClaimedWake, Term, Claim)>, StoreError> {
        let (store, clock) = (&self.parts().store, &self.parts().clock);
        let now = clock.now();
        let claimed = store.claim_wakeups(&lanes.holder, now, CLAIM, Some(Lane::Narrow), free).await?;
        let claimed = claimed.into_iter().map(|claimed| {
            let term = Term::new(clock, end_of_claim(now));
            let claim = self.inner.claims.pass(&claimed.wake, &term);
            (claimed, term, claim)
        });
        Ok(claimed.collect())
    }

    /// One narrow pass; the claim is held until its end is noted.
    async fn one_narrow(&self, claimed: &ClaimedWake, term: &Term, _claim: Claim) {
        let result = self.narrow_pass(&claimed.wake, term, &claimed.wishes).await;
        let now = self.parts().clock.now();
        if let Ok(report) = &result
            && !claimed.wishes.is_empty()
        {
            let summary = &report.summary;
            let (done, failed) = (summary.total(|counts| counts.done), summary.total(|counts| counts.failed));
            tracing::info!(planned = summary.planned, done, failed, "A pass that somebody asked for ended");
        }
        let ended = match result {
            // What Synapse refuses again and again is left to the next full pass, not asked for every minute.
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
        self.wakes().tell_ended();
        if let Err(error) = ended {
            tracing::warn!(%error, "The end of a narrow pass could not be noted; it is done again");
        }
    }
}

impl Engine {
    /// Ends a narrow pass. What it knows of the future (a grant that ends, an access that expires) may be sooner than
    /// what the last full pass knew.
    async fn end_narrow(
        &self,
        claimed: &ClaimedWake,
        next_change: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let store = &self.parts().store;
        insist(&self.wakes().stop, || store.finish_wakeup(claimed)).await?;
        let Some(due) = next_change else { return Ok(()) };
        let planned = insist(&self.wakes().stop, || store.wakeup(&Wake::Everything)).await?;
        if planned.is_none_or(|planned| planned.is_claimed || planned.due_at > due) {
            insist(&self.wakes().stop, || store.wake(&Wake::Everything, "expiry", due, now)).await?;
        }
        Ok(())
    }
}

/// A pass that broke must not be lost in silence: its panic goes on here, in the lane, and ends the service.
fn notice(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}

/// What a narrow pass is about, and for whose wishes, so that one wish can be followed through the log.
fn span_of(claimed: &ClaimedWake) -> Span {
    let wishes: Vec<&str> = claimed.wishes.iter().map(|wish| wish.id.as_str()).collect();
    let wishes = (!wishes.is_empty()).then(|| wishes.join(" "));
    match &claimed.wake {
        Wake::Person(person) => tracing::info_span!("pass", kind = "person", person.id = person.0, wishes),
        Wake::Room(room) => tracing::info_span!("pass", kind = "room", room.key = room.as_str(), wishes),
        Wake::Everything => tracing::info_span!("pass", kind = "full", wishes),
    }
}

fn end_of_claim(now: Timestamp) -> Timestamp {
    now.checked_add(CLAIM).unwrap_or(now)
}

/// When everything is looked at next: by the timer, or when the picture changes by itself before.
fn next_full(now: Timestamp, interval: Option<Duration>, next_change: Option<Timestamp>) -> Option<Timestamp> {
    let by_timer = interval.and_then(|interval| now.checked_add(interval).ok());
    [by_timer, next_change].into_iter().flatten().min()
}

fn log_report(run: RunId, report: &Report) {
    let summary = &report.summary;
    tracing::info!(
        run.id = run.0,
        planned = summary.planned,
        done = summary.total(|counts| counts.done),
        failed = summary.total(|counts| counts.failed),
        findings = summary.findings,
        held = summary.held.len(),
        "A full pass ended"
    );
    for held in &report.newly_held {
        tracing::warn!(held.id = held.id, effects = held.effects.len(), "A part of the plan is held back");
    }
}
