//! One pass: read, compare, judge, and carry out what may be done.
//!
//! The whole program on one page. A dry run is the same with its last
//! step left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use equipemed_domain::binding::Bindings;
use equipemed_domain::desired::{AccountState, Desired, READS_UNTIL_VANISHED, Wishes, desired, external_id};
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::{During, Fault, Stage};
use equipemed_domain::finding::Finding;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::{Observed, ObservedAccount, ObservedAccounts};
use equipemed_domain::outcome::Outcome;
use equipemed_domain::plan::{Plan, plan};
use equipemed_domain::policy::Policy;
use equipemed_domain::review::{Effect, Effects, HeldReason, Verdict, directory_shrank, review, still_due, was_done};
use equipemed_domain::scope::Scope;
use equipemed_domain::selection::Selection;
use equipemed_domain::summary::{Summary, Topic};
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use equipemed_domain::world::Pass;
use jiff::Timestamp;
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId};

use super::Engine;
use super::agreement::{AccountSteps, Agreement};
use super::apply::Work;
use super::bans::KnownBans;
use super::consents::{Consents, Remaining, Rest};
use super::filling::Filling;
use super::gather::{Known, gather, note_read};
use super::observe;
use super::progress::{Phase, Progress};
use super::recover::recover;
use super::report::Report;
use super::subjects::Moment;
use super::tenure::Tenure;
use crate::clock::Term;
use crate::heap;
use crate::store::{HeldPlan, RunId, StoreError};

/// What a full pass is asked to do.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Options {
    /// Which part of the plan is carried out.
    pub selection: Selection,
    /// Ids of held parts that the operator releases.
    pub approve: Vec<String>,
    /// Plan and print only.
    pub dry_run: bool,
    /// Ask Synapse for each account, also where nothing speaks against what was pushed to it.
    #[serde(default)]
    pub verify: bool,
    /// A further look of the same pass: who is missing is not counted twice.
    #[serde(skip)]
    pub is_again: bool,
    /// For a dry run: as if this room were the room of that key.
    #[serde(skip)]
    pub pretend: Option<(RoomKey, OwnedRoomId)>,
}

impl Options {
    /// For a look that takes a room for the one of a key.
    #[must_use]
    pub fn pretending(key: &RoomKey, room_id: &RoomId) -> Self {
        Self { pretend: Some((key.clone(), room_id.to_owned())), ..Self::default() }
    }

    /// Their form in the store.
    pub fn to_json(&self) -> Result<serde_json::Value, StoreError> {
        serde_json::to_value(self).map_err(|error| StoreError::Unstorable { why: error.to_string() })
    }
}

/// How often a full pass looks again where narrower ones came in between.
const LOOKS_MORE: usize = 3;

/// What was seen and is wanted in one pass.
pub(super) struct View {
    pub(super) policy: Arc<Policy>,
    known: Known,
    pub(super) observed: Observed,
    pub(super) desired: Desired,
    scope: Scope,
    /// Whether its steps change rooms; those of a pass over a person wake them.
    is_about_rooms: bool,
    moment: Moment,
    consents: Consents,
    /// What is still due of what earlier passes held.
    remaining: Remaining,
    /// What was planned for each account, before brakes and flags.
    due: AccountSteps,
    known_bans: KnownBans,
}

/// Both sides, with what should be.
struct Compared {
    policy: Arc<Policy>,
    known: Known,
    observed: Observed,
    wanted: Desired,
    /// Whether that was worked out of the target alone.
    is_near: bool,
    scope: Scope,
    moment: Moment,
    known_bans: KnownBans,
    now: Timestamp,
}

/// What decides beside the world. What the operator releases with this pass does not wait any more.
fn wishes<'a>(known: &'a Known, options: &Options) -> Wishes<'a> {
    Wishes {
        deactivate_gone_now: options.selection.deactivate_disabled,
        ended: &known.ended,
        held: known.memory.held_locks(&options.approve),
    }
}

/// What is left of everything that is held.
fn left_of(held: &[HeldPlan], planned: &Plan, pass: Pass<'_>) -> Remaining {
    let rest = |effects: &BTreeSet<Effect>| {
        let due = still_due(effects, planned, pass);
        let is_done = due.is_empty() && effects.iter().all(|effect| was_done(effect, pass));
        Rest { due, is_done }
    };
    held.iter().map(|plan| (plan.held.id.clone(), rest(&plan.held.effects))).collect()
}

impl Engine {
    /// Runs a full pass. The lease shows that nobody else is at it.
    ///
    /// # Errors
    /// When EquipeMed, Synapse or the store cannot be read. Failed actions are no error: they are in the report.
    pub async fn full_pass(&self, tenure: &Tenure, options: &Options, run: RunId) -> Result<Report, Fault> {
        let mut report = self.one_look(tenure, options, run).await?;
        // Where a narrower pass came in between, what it left undone has to be seen before anything is called done.
        let again = Options { approve: Vec::new(), is_again: true, verify: false, ..options.clone() };
        for _ in 0..LOOKS_MORE {
            if report.left == 0 || report.interrupted.is_some() {
                break;
            }
            let next = self.one_look(tenure, &again, run).await?;
            report = report.and(next);
        }
        if report.left > 0 {
            let outcome = Outcome::Failed(Fault::OthersChange);
            report.summary.count("look_again", Topic::Steps(report.left), &outcome);
        }
        heap::give_back();
        Ok(report)
    }

    async fn one_look(&self, tenure: &Tenure, options: &Options, run: RunId) -> Result<Report, Fault> {
        let (view, verdict) = self.judge(&Wake::Everything, options).await?;
        self.note_seen(&view).await?;
        self.settle_holds(&view.known, &view.remaining).await?;
        let two = view.policy.limits.two_consents;
        let (waiting, newly_held) = self.record_holds(&view.consents, &view.known, &verdict.held, two).await?;
        self.note_size(&view, &verdict).await?;
        let news = view.known_bans.without(&verdict.go.findings);
        self.announce(&waiting, two, &news, true, view.known.now).await?;
        self.recover_before(&verdict, run).await?;
        let report = self.finish(tenure.term(), view, verdict, &options.selection, Some(run), &[]).await?;
        Ok(Report { newly_held, ..report })
    }

    /// Runs a pass over one person or one room, making changes within the term only. What it does serves the wishes.
    pub async fn narrow_pass(&self, target: &Wake, term: &Term, wishes: &[Wish]) -> Result<Report, Fault> {
        let options = Options::default();
        let (view, mut verdict) = self.judge(target, &options).await?;
        self.note_seen(&view).await?;
        if self.settle_holds(&view.known, &view.remaining).await? {
            // People may have been read before they were held: whether it is over is told by a complete pass.
            self.wake(&Wake::Everything, "settled").await?;
        }
        let mut rooms = BTreeSet::new();
        if let Wake::Person(_) = target {
            rooms.extend(verdict.go.actions().filter_map(|action| action.room()));
            verdict.go.steps.retain(|step| step.action.room().is_none());
        }
        // Whether accounts are missing, and how many, is seen by looking at all of them.
        let is_gone = verdict.go.findings.iter().any(|finding| matches!(finding, Finding::AccountGone { .. }));
        if is_gone {
            leave_remakes(&mut verdict.go);
            self.wake(&Wake::Everything, "missing account").await?;
        }
        let news = view.known_bans.without(&verdict.go.findings);
        self.announce(&[], false, &news, false, view.known.now).await?;
        // A mass change reaches narrow passes one subject at a time: it is held, announced and released as a whole.
        let told: Effects = view.known.memory.open.iter().flat_map(|hold| &hold.effects).collect();
        if !told.cover_all(verdict.held.iter().flat_map(|part| &part.effects)) {
            self.wake(&Wake::Everything, "held").await?;
        }
        let is_missing = matches!(target, Wake::Person(id) if view.known.is_missing(*id));
        let report = self.finish(term, view, verdict, &options.selection, None, wishes).await?;
        if is_missing {
            // Whether somebody is gone is told by complete reads alone.
            self.wake(&Wake::Everything, "missing").await?;
        }
        // Only now: a room's pass that came before the account was made would find nobody to add.
        let rooms: Vec<Wake> = rooms.into_iter().map(Wake::Room).collect();
        self.wake_for(&rooms, wishes, "person").await?;
        Ok(report)
    }

    /// Reads both sides, and works out what should be as closely as tells whether anything differs.
    async fn compare(&self, target: &Wake, options: &Options) -> Result<Compared, Fault> {
        let parts = self.parts();
        let now = parts.clock.now();
        let moment = self.inner.subjects.moment();
        let policy = self.policy().await?;
        let directory = self.people_for(target, options.dry_run).await?;
        let is_full = *target == Wake::Everything;
        if is_full {
            self.inner.progress.send_replace(Progress { phase: Phase::Reading, done: 0, total: 0 });
        }
        if is_full && !options.dry_run && !options.is_again {
            note_read(&parts.store, &policy, &directory, now).await?;
        }
        let mut known = gather(&parts.store, &policy, directory, now).await?;
        known.rooms.extend(options.pretend.clone());
        let mut accounts = self.look_at_accounts(target, &policy, &known).await?;
        if !options.dry_run && parts.writer.is_some() && self.own_newborn(&known, &policy, &accounts).await? {
            known.bindings = parts.store.bindings().await?;
        }
        let mut told = Vec::new();
        if is_full && options.verify {
            (known.bindings, told) = self.verify_all(&known.bindings, options.dry_run).await?;
        }
        // What is held is judged by the whole.
        let near = if known.held.is_empty() { target } else { &Wake::Everything };
        let mut wanted = desired(&known.world(&policy), &wishes(&known, options), &accounts, near);
        wanted.findings.extend(told);
        let (scope, keys) = extent(target, &policy, &known.bindings, &wanted);
        accounts.email_holders = observe::email_holders(&parts.reader, &known, &wanted, &scope, &accounts).await?;
        let mut rooms = observe::rooms(self, &mut known, &keys, options.dry_run).await?;
        let known_bans = self.know_bans(&mut rooms, now).await?;
        let no_longer_managed = known
            .rooms
            .iter()
            .filter(|(key, _)| !policy.rooms.contains_key(*key))
            .map(|(key, room_id)| (key.clone(), room_id.clone()))
            .collect();
        let observed = Observed { accounts, rooms, no_longer_managed };
        let is_near = *near != Wake::Everything;
        Ok(Compared { policy, known, observed, wanted, is_near, scope, moment, known_bans, now })
    }

    /// Reads both sides, plans and reviews.
    pub(super) async fn judge(&self, target: &Wake, options: &Options) -> Result<(View, Verdict), Fault> {
        let compared = self.compare(target, options).await?;
        let Compared { policy, mut known, observed, wanted, is_near, scope, moment, known_bans, now } = compared;
        let world = known.world(&policy);
        let mut pass =
            Pass { world: &world, desired: &wanted, observed: &observed, memory: &known.memory, scope: &scope };
        let mut planned = plan(pass);
        // Nothing to do is seen by looking closely; what is to be done is planned, and judged, by the whole.
        let more = is_near && !planned.is_empty();
        let whole = more.then(|| {
            let wishes = wishes(&known, options);
            desired(&world, &wishes, &observed.accounts, &Wake::Everything)
        });
        if let Some(whole) = &whole {
            pass.desired = whole;
            planned = plan(pass);
        }
        let due = AccountSteps::of(planned.actions());
        let mut verdict = review(planned.clone(), pass, &known.consented_effects());
        let remaining = left_of(&known.held, &planned, pass);
        let two = policy.limits.two_consents;
        let before: BTreeSet<String> = known.consented.keys().cloned().collect();
        let consents = Consents::sort(&mut known, &options.approve, &verdict.held, &remaining, two)?;
        let wanted = whole.unwrap_or(wanted);
        if known.consented.keys().ne(&before) {
            let (world, memory) = (known.world(&policy), &known.memory);
            let pass = Pass { world: &world, desired: &wanted, observed: &observed, memory, scope: &scope };
            verdict = review(planned, pass, &known.consented_effects());
        }
        let (limits, people) = (&policy.limits, known.directory.len());
        if let Some(HeldReason::DirectoryShrank { before, now }) = directory_shrank(limits, &known.memory, people) {
            verdict.go.findings.push(Finding::DirectoryShrank { before, now });
        }
        // By what people know each other by; from here on findings are only told.
        let is_taken = |id| known.bindings.contains_key(&id);
        let shown = |finding: Finding| finding.with_people(|id| known.directory.shown(id, is_taken));
        verdict.go.findings = std::mem::take(&mut verdict.go.findings).into_iter().map(shown).collect();
        self.leave_by_hand(&mut verdict.go, now).await?;
        let view = View {
            policy,
            known,
            observed,
            desired: wanted,
            scope,
            is_about_rooms: !matches!(target, Wake::Person(_)),
            moment,
            due,
            consents,
            remaining,
            known_bans,
        };
        Ok((view, verdict))
    }

    async fn look_at_accounts(&self, target: &Wake, policy: &Policy, known: &Known) -> Result<ObservedAccounts, Fault> {
        let parts = self.parts();
        let accounts = match target {
            Wake::Everything => observe::all_accounts(&parts.reader, policy, known).await,
            Wake::Room(_) => return Ok(ObservedAccounts::default()),
            Wake::Person(id) => {
                let person = known.directory.get(*id);
                let bound = known.bindings.get(id).map(|binding| binding.user.clone());
                // Nobody looks one up by name before it is known which name it would be.
                let unbound = person.filter(|_| bound.is_none());
                let candidate = bound
                    .or_else(|| unbound.and_then(|person| equipemed_domain::binding::candidate(person, policy).ok()));
                let Some(user) = candidate else { return Ok(ObservedAccounts::default()) };
                let external_id = unbound.and_then(|person| external_id(policy, person));
                observe::one_account(&parts.reader, &user, external_id.as_ref()).await
            }
        };
        accounts.during(Stage::ReadAccounts)
    }

    /// Stores how accounts were seen, where that is not known yet: passes that do not look at them go by it.
    async fn note_seen(&self, view: &View) -> Result<(), Fault> {
        let accounts = &view.observed.accounts;
        let is_seen = |user| accounts.is_complete || accounts.list.contains_key(user);
        let seen = view.known.bindings.values().filter(|binding| is_seen(&binding.user));
        let states: BTreeMap<PersonId, Option<AccountState>> = seen
            .map(|binding| (binding, accounts.list.get(&binding.user).map(ObservedAccount::state)))
            .filter(|(binding, state)| binding.state != *state)
            .map(|(binding, state)| (binding.person, state))
            .collect();
        if !states.is_empty() {
            self.parts().store.note_states(&states).await.during(Stage::NoteStates)?;
        }
        Ok(())
    }

    /// Stores how many people a full pass read, for the next comparison.
    async fn note_size(&self, view: &View, verdict: &Verdict) -> Result<(), Fault> {
        let people = view.known.directory.len();
        let shrank = directory_shrank(&view.policy.limits, &view.known.memory, people);
        // A directory that shrank suspiciously must not become the measure of the next read while anything is, or at
        // the second read will be, held for it.
        let known = &view.known;
        let mut missing = known.bindings.values().filter(|binding| {
            known.directory.get(binding.person).is_none() && !known.directory.is_unclear(binding.person)
        });
        let is_measure = shrank.is_none_or(|reason| {
            verdict.held.iter().all(|held| held.reason != reason)
                && missing.all(|binding| binding.missing_reads >= READS_UNTIL_VANISHED)
        });
        if is_measure {
            self.parts().store.remember_directory_size(people).await?;
        }
        Ok(())
    }

    /// Gives what a killed process had begun its outcome, before anything new is begun.
    async fn recover_before(&self, verdict: &Verdict, run: RunId) -> Result<(), Fault> {
        let parts = self.parts();
        let settled = recover(&parts.store, verdict, run, self.inner.started, parts.clock.now()).await?;
        if settled > 0 {
            tracing::warn!(
                actions = settled,
                "An earlier process ended in the middle of its work; its actions were settled"
            );
        }
        Ok(())
    }

    /// Carries out what may be done and sums up.
    async fn finish(
        &self,
        term: &Term,
        view: View,
        verdict: Verdict,
        selection: &Selection,
        run: Option<RunId>,
        wishes: &[Wish],
    ) -> Result<Report, Fault> {
        let filling = view.is_about_rooms.then(|| Filling::of(&view.known, &view.observed, verdict.go.actions()));
        let mut report = report_of(&view, verdict, selection);
        let Some(writer) = &self.parts().writer else { return Ok(report) };
        let View { policy, known, observed, desired, scope, moment, due, .. } = view;
        let released: Vec<String> = known.consented.keys().cloned().collect();
        let unplaced = known.memory.unplaced.as_ref().map(|_| desired.privileges.len());
        let agreement = Agreement::new(&policy, &known, &observed.accounts, due);
        let work = Work::new(self, writer, term, known, observed, &desired, moment, run, wishes);
        let ended = work.carry_out(&report.plan.steps, &mut report.summary).await?;
        report.interrupted = ended.interrupted;
        report.left = ended.left;
        report.find(ended.found);
        let store = &self.parts().store;
        agreement.note(store, &desired, &scope, &ended.went_well).await?;
        if let Some(filling) = filling {
            filling.note(store, &ended.joined, policy.limits.join_least, self.parts().clock.now()).await?;
        }
        if let Some(people) =
            unplaced.filter(|_| run.is_some() && report.interrupted.is_none() && selection.is_everything())
        {
            self.places_noted(people).await?;
        }
        // A narrow pass did its small share; the rest of what was released is still to be done.
        if report.interrupted.is_none() && run.is_some() {
            for id in released {
                let still_held = report.summary.held.iter().any(|held| held.id == id);
                // What failed half-way may be done again by the next pass without asking again.
                let is_through = report.left == 0 && !report.summary.has_failures();
                if !still_held && selection.is_everything() && is_through {
                    self.parts().store.mark_released(&id).await?;
                }
            }
        }
        if run.is_some() {
            self.inner.progress.send_modify(|progress| progress.phase = Phase::Done);
        }
        Ok(report)
    }
}

/// Takes out of a narrow plan everything about accounts that are not on Synapse any more: a full pass makes them again.
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

/// The scope of the plan, and the rooms to look at for it.
fn extent(target: &Wake, policy: &Policy, bindings: &Bindings, wanted: &Desired) -> (Scope, BTreeSet<RoomKey>) {
    let rooms = &policy.rooms;
    match target {
        Wake::Everything => (Scope::Everything, rooms.keys().cloned().collect()),
        Wake::Person(id) => {
            let bound = bindings.get(id).map(|binding| binding.user.clone());
            let named = wanted.accounts.iter().find(|(_, account)| account.person == *id);
            let accounts: BTreeSet<OwnedUserId> =
                bound.or_else(|| named.map(|(user, _)| user.clone())).into_iter().collect();
            let keys: BTreeSet<RoomKey> = rooms.keys().cloned().collect();
            (Scope::Only { accounts, rooms: keys.clone() }, keys)
        }
        Wake::Room(key) => {
            // What hangs in a space is shown there: its children and the space above are looked at, too.
            let mut keys = BTreeSet::from([key.clone()]);
            if let Some(room) = rooms.get(key) {
                keys.extend(room.parent.clone());
                let children = rooms.iter().filter(|(_, child)| child.parent.as_ref() == Some(key));
                keys.extend(children.map(|(child, _)| child.clone()));
            }
            (Scope::room(key), keys)
        }
    }
}

pub(super) fn report_of(view: &View, verdict: Verdict, selection: &Selection) -> Report {
    let plan = selection.of(verdict.go);
    let mut summary = Summary::of(&plan, &verdict.held);
    summary.outgrown = view.consents.outgrown.clone();
    summary.one_more = view.consents.one_more.clone();
    Report { plan, summary, newly_held: Vec::new(), next_change: view.desired.next_change, interrupted: None, left: 0 }
}
