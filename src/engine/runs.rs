//! Runs: full passes as rows in the store, where others request and follow them.

use std::convert::Infallible;
use std::time::Duration;

use equipemed_domain::fault::{Fault, Side};
use equipemed_domain::finding::Finding;
use tokio::sync::watch;
use tracing::Instrument;

use super::backoff::Seldom;
use super::handles::Handles;
use super::options::Options;
use super::progress::Progress;
use super::report::Report;
use crate::metrics::WorkMetrics;
use crate::store::{NewRun, Run, RunEnd, RunId, RunState, StoreError};

/// How many recent runs are searched for those of dead processes.
const RUNS_LOOKED_THROUGH: usize = 50;
/// A run is taken over after its holder was silent for this long.
pub(super) const SILENCE: Duration = Duration::from_secs(30);
/// How often a run's progress is stored, which also shows that its holder is alive.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// Begins, counts and ends runs.
#[derive(Clone, Debug)]
pub(super) struct Runs {
    pub(super) handles: Handles,
    pub(super) metrics: WorkMetrics,
    /// Progress of the present run.
    pub(super) progress: watch::Sender<Progress>,
}

impl Runs {
    /// Requests a run.
    pub(super) async fn request(&self, origin: &str, options: serde_json::Value) -> Result<RunId, StoreError> {
        let new = NewRun { origin: origin.to_owned(), options, source: None };
        self.handles.store.request_run(&new, self.handles.clock.now()).await
    }

    /// Requests a run and takes it.
    pub(super) async fn begin(&self, origin: &str, options: &Options, holder: &str) -> Result<RunId, StoreError> {
        self.end_dead(holder).await?;
        let id = self.request(origin, options.to_json()?).await?;
        self.claim(holder, SILENCE, Some(id)).await?;
        Ok(id)
    }

    /// Takes a run that has no holder, or whose holder was silent for this long: this one, or the next.
    pub(super) async fn claim(
        &self,
        holder: &str,
        silence: Duration,
        id: Option<RunId>,
    ) -> Result<Option<Run>, StoreError> {
        self.handles.store.claim_run(holder, self.handles.mode, self.handles.clock.now(), silence, id).await
    }

    /// Ends runs of dead processes: under the lease, nobody else can be doing one. They are not repeated, because what
    /// a command requested then may not be wanted now.
    pub(super) async fn end_dead(&self, holder: &str) -> Result<(), StoreError> {
        for run in self.handles.store.recent_runs(RUNS_LOOKED_THROUGH).await? {
            let is_dead = run.state == RunState::Running && run.holder.as_deref() != Some(holder);
            if is_dead && self.claim(holder, Duration::ZERO, Some(run.id)).await?.is_some() {
                let end = RunEnd::Failed(Fault::ProcessEnded);
                self.handles.store.finish_run(run.id, holder, &end, self.handles.clock.now()).await?;
            }
        }
        Ok(())
    }

    /// Runs a pass and keeps its row up to date, for others to follow.
    pub(super) async fn keep(
        &self,
        run: RunId,
        holder: &str,
        pass: impl Future<Output = Result<Report, Fault>>,
    ) -> Result<Report, Fault> {
        let start = self.handles.clock.now();
        // Run both concurrently. Nesting would deadlock: the pass may hold the only connection that the note needs.
        let span = tracing::info_span!("pass", kind = "full", run.id = run.0);
        let result = tokio::select! {
            result = pass.instrument(span) => result,
            never = self.note_progress(run, holder) => match never {},
        };
        let (end, counted) = match &result {
            Ok(Report { interrupted: Some(interruption), .. }) => {
                tracing::warn!(run.id = run.0, why = ?interruption, "A full pass was interrupted; it is tried again");
                (RunEnd::Failed(Fault::Interrupted(*interruption)), "interrupted")
            }
            Ok(report) => {
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
                self.metrics.findings(report.plan.findings.iter().map(Finding::kind));
                (RunEnd::Done(Box::new(summary.clone())), "done")
            }
            Err(error) => {
                let side = error.side().map(Side::as_str);
                tracing::error!(run.id = run.0, side, %error, "A full pass failed");
                (RunEnd::Failed(error.clone()), "failed")
            }
        };
        let now = self.handles.clock.now();
        let took = Duration::try_from(now.duration_since(start)).unwrap_or_default();
        self.metrics.run(counted, now.as_duration().as_secs_f64(), took);
        if let Err(error) = self.handles.store.finish_run(run, holder, &end, self.handles.clock.now()).await {
            tracing::error!(%error, run.id = run.0, "The end of a pass could not be noted");
        }
        result
    }

    /// Keeps the run's row up to date until dropped.
    async fn note_progress(&self, run: RunId, holder: &str) -> Infallible {
        let (mut progress, mut said) = (self.progress.subscribe(), Seldom::default());
        loop {
            tokio::time::sleep(PROGRESS_EVERY).await;
            let now = *progress.borrow_and_update();
            let steps = (now.done as u64, now.total as u64);
            if let Err(error) = self.handles.store.progress(run, holder, steps, self.handles.clock.now()).await
                && said.is_due()
            {
                tracing::warn!(%error, run.id = run.0, "Progress could not be noted");
            }
        }
    }
}
