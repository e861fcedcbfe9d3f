//! Passes over everything, one person or one room: look, note, announce, and apply what is allowed.
//!
//! The whole program on one page. A dry run only looks.

use std::collections::BTreeSet;
use std::sync::Arc;

use equipemed_domain::announcement::Announcement;
use equipemed_domain::fault::{Fault, Interruption};
use equipemed_domain::finding::Finding;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::plan::Plan;
use equipemed_domain::review::{Effects, Verdict};
use equipemed_domain::selection::Selection;
use equipemed_domain::summary::Topic;
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use jiff::Timestamp;
use ruma_common::OwnedUserId;

use super::agreement::Agreement;
use super::announce::{announce, places_noted};
use super::apply::{Applier, Work};
use super::consents::{record_holds, settle_holds};
use super::filling::Filling;
use super::handles::Handles;
use super::look::{Looks, Seen, View};
use super::options::Options;
use super::progress::Phase;
use super::recover::recover;
use super::report::Report;
use super::tenure::Tenure;
use crate::clock::Term;
use crate::heap;
use crate::store::{RunId, Store, StoreError};

/// How often a full pass looks again if narrower ones came in between.
const LOOKS_MORE: usize = 3;

/// Runs passes.
#[derive(Debug)]
pub(super) struct Passes {
    pub(super) looks: Looks,
    /// None in mode observe.
    pub(super) applier: Option<Arc<Applier>>,
    /// Older intents are of a dead process.
    pub(super) started: Timestamp,
}

impl Passes {
    /// Runs a full pass. The lease shows that nobody else does.
    ///
    /// # Errors
    /// When EquipeMed, Synapse or the store cannot be read. Failed actions are no error; the report has them.
    pub(super) async fn full(&self, tenure: &Tenure, options: &Options, run: RunId) -> Result<Report, Fault> {
        let mut report = self.once(tenure, options, run).await?;
        // If narrower passes came in between, look at what they left undone before calling it done.
        let again = Options { approve: Vec::new(), is_again: true, verify: false, ..options.clone() };
        for _ in 0..LOOKS_MORE {
            if report.left == 0 || report.interrupted.is_some() {
                break;
            }
            let next = self.once(tenure, &again, run).await?;
            report = report.and(next);
        }
        if report.left > 0 {
            let outcome = Outcome::Failed(Fault::OthersChange);
            report.summary.count("look_again", Topic::Steps(report.left), &outcome);
        }
        heap::give_back();
        Ok(report)
    }

    /// One look at everything, and what follows from it.
    async fn once(&self, tenure: &Tenure, options: &Options, run: RunId) -> Result<Report, Fault> {
        let Handles { store, clock, .. } = &self.looks.handles;
        end_pause_if_over(store, clock.now()).await?;
        let (view, verdict) = self.looks.look(&Wake::Everything, options).await?;
        view.note_seen(store).await?;
        settle_holds(store, &view.seen.known, &view.remaining).await?;
        let two = view.seen.policy.limits.two_consents;
        let (waiting, newly_held) = record_holds(store, &view.consents, &view.seen.known, &verdict.held, two).await?;
        view.note_size(store, &verdict).await?;
        let news = view.seen.known_bans.without(&verdict.go.findings);
        announce(store, &waiting, two, &news, true, view.seen.known.now).await?;
        // Before anything new begins.
        recover(store, &verdict, run, self.started, clock.now()).await?;
        let report = self.apply(tenure.term(), view, verdict, &options.selection, Some(run), &[]).await?;
        Ok(Report { newly_held, ..report })
    }

    /// Runs a pass over one person or one room. Makes changes within the term only, and serves the wishes.
    pub(super) async fn narrow(&self, target: &Wake, term: &Term, wishes: &[Wish]) -> Result<Report, Fault> {
        let options = Options::default();
        let Handles { store, wakes, .. } = &self.looks.handles;
        let (view, mut verdict) = self.looks.look(target, &options).await?;
        view.note_seen(store).await?;
        if settle_holds(store, &view.seen.known, &view.remaining).await? {
            // People may have been read before they were held. Only a complete pass tells whether that is over.
            wakes.wake(&Wake::Everything, "settled").await?;
        }
        let mut rooms = BTreeSet::new();
        if let Wake::Person(_) = target {
            rooms.extend(verdict.go.actions().filter_map(|action| action.room()));
            verdict.go.steps.retain(|step| step.action.room().is_none());
        }
        // Only a look at all accounts shows whether any are missing, and how many.
        let is_gone = verdict.go.findings.iter().any(|finding| matches!(finding, Finding::AccountGone { .. }));
        if is_gone {
            leave_remakes(&mut verdict.go);
            wakes.wake(&Wake::Everything, "missing account").await?;
        }
        let news = view.seen.known_bans.without(&verdict.go.findings);
        announce(store, &[], false, &news, false, view.seen.known.now).await?;
        // Narrow passes see a mass change one subject at a time. It is held, announced and released as a whole.
        let told: Effects = view.seen.known.memory.open.iter().flat_map(|hold| &hold.effects).collect();
        if !told.cover_all(verdict.held.iter().flat_map(|part| &part.effects)) {
            wakes.wake(&Wake::Everything, "held").await?;
        }
        let is_missing = matches!(target, Wake::Person(id) if view.seen.known.is_missing(*id));
        let report = self.apply(term, view, verdict, &options.selection, None, wishes).await?;
        if is_missing {
            // Only complete reads tell whether somebody is gone.
            wakes.wake(&Wake::Everything, "missing").await?;
        }
        // Only now: a room's pass before the account exists would find nobody to add.
        let rooms: Vec<Wake> = rooms.into_iter().map(Wake::Room).collect();
        wakes.wake_for(&rooms, wishes, "person").await?;
        Ok(report)
    }

    /// Carries out what is allowed and sums up.
    async fn apply(
        &self,
        term: &Term,
        view: View,
        verdict: Verdict,
        selection: &Selection,
        run: Option<RunId>,
        wishes: &[Wish],
    ) -> Result<Report, Fault> {
        let Handles { store, clock, .. } = &self.looks.handles;
        // A pass over a person wakes the rooms instead.
        let is_about_rooms = !matches!(view.seen.target, Wake::Person(_));
        let filling = is_about_rooms.then(|| Filling::of(&view.seen.known, &view.seen.observed, verdict.go.actions()));
        let mut report = view.report(verdict, selection);
        let Some(applier) = &self.applier else { return Ok(report) };
        let pause = self.looks.handles.pause().await?;
        let ends = pause.as_ref().and_then(|pause| pause.until);
        report.next_change = [report.next_change, ends].into_iter().flatten().min();
        if pause.is_some() && wishes.is_empty() {
            let left = report.plan.steps.len();
            // Somebody may wait for this run; a narrow pass nobody asked for is over.
            if left > 0 && run.is_some() {
                let outcome = Outcome::Skipped(Fault::Left(Interruption::Pause));
                report.summary.count("look_again", Topic::Steps(left), &outcome);
            }
            return Ok(report);
        }
        let View { seen: Seen { policy, known, observed, desired, scope, moment, .. }, due, .. } = view;
        let released: Vec<String> = known.consented.keys().cloned().collect();
        let unplaced = known.memory.unplaced.as_ref().map(|_| desired.privileges.len());
        let agreement = Agreement::new(&policy, &known, &observed.accounts, due);
        let work = Work::new(applier, term, known, observed, &desired, moment, run, wishes);
        let wished = pause.map(|_| work.wished(&report.plan.steps));
        let steps = wished.as_deref().unwrap_or(&report.plan.steps);
        let ended = work.carry_out(steps, &mut report.summary).await?;
        report.interrupted = ended.interrupted;
        report.left = ended.left;
        report.find(ended.found);
        agreement.note(store, &desired, &scope, &ended.went_well).await?;
        if let Some(filling) = filling {
            filling.note(store, &ended.joined, policy.limits.join_least, clock.now()).await?;
        }
        // A narrow pass does only a small share; the rest of what was released is still due.
        let is_whole = run.is_some() && report.interrupted.is_none() && selection.is_everything();
        if let Some(people) = unplaced.filter(|_| is_whole) {
            places_noted(store, people, clock.now()).await?;
        }
        // After a failure, the next pass may try again without asking again.
        if is_whole && report.left == 0 && !report.summary.has_failures() {
            for id in released.iter().filter(|id| report.summary.held.iter().all(|held| held.id != **id)) {
                store.mark_released(id).await?;
            }
        }
        if run.is_some() {
            self.looks.progress.send_modify(|progress| progress.phase = Phase::Done);
        }
        Ok(report)
    }
}

/// Ends a pause whose time is over, and announces it.
async fn end_pause_if_over(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    match store.last_pause().await? {
        Some(pause) if pause.is_over(now) => {
            let name = format!("pause over:{}", pause.since.as_millisecond());
            // Somebody may have prolonged it meanwhile.
            if store.end_pause(&pause).await? {
                store.announce(&name, &Announcement::PauseOver, now).await?;
            }
        }
        Some(_) => return Ok(()),
        None => {}
    }
    // Also those that were put off at the moment at which somebody ended it.
    store.hasten_files(now).await
}

/// Removes everything about accounts missing on Synapse from a narrow plan. A full pass creates them again.
fn leave_remakes(plan: &mut Plan) {
    let gone: BTreeSet<OwnedUserId> = plan
        .findings
        .iter()
        .filter_map(|finding| match finding {
            Finding::AccountGone { user, .. } => Some(user.clone()),
            _ => None,
        })
        .collect();
    plan.steps.retain(|step| step.action.user().is_none_or(|user| !gone.contains(user)));
    plan.findings.retain(|finding| !matches!(finding, Finding::AccountGone { .. }));
}
