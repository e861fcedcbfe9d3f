//! One pass: read, compare, judge, and carry out what may be done.
//!
//! The whole program in one function. A dry run is the same with its last
//! step left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context;
use equipemed_domain::binding::Bindings;
use equipemed_domain::desired::{Desired, READS_UNTIL_VANISHED, Wishes, desired};
use equipemed_domain::directory::PersonId;
use equipemed_domain::finding::Finding;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::{Membership, Observed, ObservedAccounts, RoomSight};
use equipemed_domain::plan::{Inputs, plan};
use equipemed_domain::policy::Policy;
use equipemed_domain::review::{Circumstances, HeldReason, Verdict, directory_shrank, review};
use equipemed_domain::scope::Scope;
use equipemed_domain::selection::Selection;
use equipemed_domain::stands::Looked;
use equipemed_domain::wake::Wake;
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId};

use super::Engine;
use super::agreement::{AccountSteps, Agreement};
use super::apply::Work;
use super::bans::NoNews;
use super::consents::Consents;
use super::gather::{Known, gather, note_read};
use super::look;
use super::progress::{Phase, Progress};
use super::report::{FOUND_KEPT, Report, Summary};
use super::settle::settle;
use super::subjects::Moment;
use super::tenure::Tenure;
use crate::clock::Term;
use crate::heap;
use crate::store::RunId;

/// What a full pass is asked to do.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Options {
    /// Which part of the plan is carried out.
    pub selection: Selection,
    /// Ids of held parts that the operator releases.
    pub approve: Vec<String>,
    /// Plan and print only.
    pub dry_run: bool,
    /// A further look of the same pass: who is missing is not counted twice.
    #[serde(skip)]
    pub is_again: bool,
    /// For a dry run: as if this room were the room of that key.
    #[serde(skip)]
    pub pretend: Option<(RoomKey, OwnedRoomId)>,
}

/// How often a full pass looks again where narrower ones came in between.
const LOOKS_MORE: usize = 3;

/// Whom a pass looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Everybody and everything.
    Everything,
    /// One person's account; rooms that must change for it are woken.
    Person(PersonId),
    /// One room.
    Room(RoomKey),
}

/// What was seen and is wanted in one pass.
struct View {
    policy: Arc<Policy>,
    known: Known,
    observed: Observed,
    desired: Desired,
    scope: Scope,
    moment: Moment,
    consents: Consents,
    /// What was planned for each account, before brakes and flags.
    due: AccountSteps,
    no_news: NoNews,
}

impl Engine {
    /// Runs a full pass. The lease shows that nobody else is at it.
    ///
    /// # Errors
    /// When EquipeMed, Synapse or the store cannot be read. Failed actions are no error: they are in the report.
    pub async fn full_pass(&self, tenure: &Tenure, options: &Options, run: RunId) -> anyhow::Result<Report> {
        let mut report = self.one_full_look(tenure, options, run).await?;
        // Where a narrower pass came in between, what it left undone has to be seen before anything is called done.
        let again = Options { approve: Vec::new(), is_again: true, ..options.clone() };
        for _ in 0..LOOKS_MORE {
            if report.left == 0 || report.interrupted {
                break;
            }
            let next = self.one_full_look(tenure, &again, run).await?;
            report = report.and(next);
        }
        if report.left > 0 {
            let why = "others change the same all the time; it is looked at again".to_owned();
            report.summary.count_failure("look_again", format!("{} steps", report.left), why);
        }
        heap::give_back();
        Ok(report)
    }

    async fn one_full_look(&self, tenure: &Tenure, options: &Options, run: RunId) -> anyhow::Result<Report> {
        let (view, verdict) = self.judge(&Target::Everything, options).await?;
        let two = view.policy.limits.two_consents;
        let (waiting, newly_held) = self.record_holds(&view.consents, &view.known, &verdict.held, two).await?;
        self.note_size(&view, &verdict).await?;
        let news = view.no_news.without(&verdict.go.findings);
        self.announce(&waiting, two, &news, true, view.known.now).await?;
        self.settle_before(&verdict, run).await?;
        let report = self.finish(tenure.term(), view, verdict, &options.selection, Some(run)).await?;
        Ok(Report { newly_held, ..report })
    }

    /// Works out what a full pass would do, and does nothing: not even a note in the store.
    ///
    /// # Errors
    /// When EquipeMed, Synapse or the store cannot be read.
    pub async fn dry_run(&self, options: &Options) -> anyhow::Result<Report> {
        let (view, verdict) = self.judge(&Target::Everything, &Options { dry_run: true, ..options.clone() }).await?;
        self.inner.progress.send_replace(Progress { phase: Phase::Done, done: 0, total: 0 });
        Ok(report_of(&view, verdict, &options.selection))
    }

    /// Runs a pass over one person or one room, making changes within the term only.
    ///
    /// # Errors
    /// As [`Self::full_pass`].
    pub async fn narrow_pass(&self, target: &Target, term: &Term) -> anyhow::Result<Report> {
        let options = Options::default();
        let (view, mut verdict) = self.judge(target, &options).await?;
        let mut rooms = BTreeSet::new();
        if let Target::Person(_) = target {
            rooms.extend(verdict.go.actions().filter_map(|action| action.room()));
            verdict.go.steps.retain(|step| step.action.room().is_none());
        }
        let news = view.no_news.without(&verdict.go.findings);
        self.announce(&[], false, &news, false, view.known.now).await?;
        // Of a change to many each narrow pass sees one: it is held, told and released as a whole.
        let waiting: BTreeSet<&String> = view.known.held_open.iter().flat_map(|plan| &plan.held.atoms).collect();
        if verdict.held.iter().flat_map(|part| &part.atoms).any(|atom| !waiting.contains(atom)) {
            self.wake(&Wake::Everything, "held").await?;
        }
        let is_missing = matches!(target, Target::Person(id) if view.known.is_missing(*id));
        let report = self.finish(term, view, verdict, &options.selection, None).await?;
        if is_missing {
            // Whether somebody is gone is told by complete reads alone.
            self.wake(&Wake::Everything, "missing").await?;
        }
        // Only now: a room's pass that came before the account was made would find nobody to add.
        for room in rooms {
            self.wake_room(&room, "person").await?;
        }
        Ok(report)
    }

    /// Works out what a pass over one person or one room would do, and does nothing.
    ///
    /// # Errors
    /// As [`Self::full_pass`].
    pub async fn dry_narrow(&self, target: &Target) -> anyhow::Result<Report> {
        let options = Options { dry_run: true, ..Options::default() };
        let (view, verdict) = self.judge(target, &options).await?;
        Ok(report_of(&view, verdict, &options.selection))
    }

    /// Looks at one person in all rooms, and does nothing: how what was asked for stands.
    ///
    /// # Errors
    /// As [`Self::full_pass`].
    pub async fn look_at_person(&self, person: PersonId) -> anyhow::Result<Sight> {
        let options = Options { dry_run: true, ..Options::default() };
        let (View { policy, desired, observed, .. }, _) = self.judge(&Target::Person(person), &options).await?;
        // Of a deleted room Synapse says what it says of one that the bot may not see; its list tells them apart.
        let lost = |sight: &RoomSight| match sight {
            RoomSight::Absent => None,
            RoomSight::Unreadable { room_id, .. } => Some(room_id.clone()),
            RoomSight::Seen(room) => {
                (room.members.get(&policy.bot) != Some(&Membership::Join)).then(|| room.room_id.clone())
            }
        };
        let lost: Vec<_> = observed.rooms.iter().filter_map(|(key, sight)| Some((key.clone(), lost(sight)?))).collect();
        let mut deleted = BTreeSet::new();
        if !lost.is_empty() {
            let all = self.parts().reader.rooms_list().await?;
            let there: BTreeSet<_> = all.into_iter().map(|room| room.room_id).collect();
            deleted.extend(lost.into_iter().filter(|(_, room_id)| !there.contains(room_id)).map(|(key, _)| key));
        }
        Ok(Sight { policy, desired, observed, deleted })
    }

    /// Works out what would be done to a room if it were the room of that key, and does nothing.
    ///
    /// # Errors
    /// As [`Self::full_pass`].
    pub async fn dry_adopt(&self, key: &RoomKey, room_id: &RoomId) -> anyhow::Result<Report> {
        let pretend = Some((key.clone(), room_id.to_owned()));
        let options = Options { dry_run: true, pretend, ..Options::default() };
        let (view, verdict) = self.judge(&Target::Room(key.clone()), &options).await?;
        // Of a room that is not bound nobody hears what happens there.
        self.pictures().doubt(room_id);
        Ok(report_of(&view, verdict, &options.selection))
    }

    /// Reads both sides, plans and reviews.
    async fn judge(&self, target: &Target, options: &Options) -> anyhow::Result<(View, Verdict)> {
        let parts = self.parts();
        let now = parts.clock.now();
        let moment = self.inner.subjects.moment();
        let policy = self.policy().await?;
        let directory = self.people_for(target, options.dry_run).await?;
        let is_full = *target == Target::Everything;
        if is_full {
            self.inner.progress.send_replace(Progress { phase: Phase::Reading, done: 0, total: 0 });
        }
        if is_full && !options.dry_run && !options.is_again {
            note_read(&parts.store, &policy, &directory, now).await?;
        }
        let mut known = gather(&parts.store, directory, now).await?;
        known.rooms.extend(options.pretend.clone());
        let mut accounts = self.look_at_accounts(target, &policy, &known).await?;
        let wishes = Wishes {
            directory: &known.directory,
            policy: &policy,
            grants: &known.grants,
            bindings: &known.bindings,
            now,
            deactivate_gone_now: options.selection.deactivate_disabled,
        };
        let wanted = desired(wishes, &accounts);
        let (scope, keys) = extent(target, &policy, &known.bindings, &wanted);
        accounts.email_holders = look::email_holders(&parts.reader, &known, &wanted, &scope, &accounts).await?;
        let mut rooms = look::rooms(self, &mut known, &keys, options.dry_run).await?;
        let no_news = self.know_bans(&mut rooms, now).await?;
        let no_longer_managed = known
            .rooms
            .iter()
            .filter(|(key, _)| !policy.rooms.contains_key(*key))
            .map(|(key, room_id)| (key.clone(), room_id.clone()))
            .collect();
        let observed = Observed { accounts, rooms, no_longer_managed };

        let inputs = Inputs {
            policy: &policy,
            desired: &wanted,
            observed: &observed,
            privileged: &known.memory.privileged,
            bindings: &known.bindings,
            scope: &scope,
        };
        let planned = plan(inputs);
        let consented = known.consented_atoms();
        let reviewed = |known: &Known, consented| {
            let circumstances = Circumstances {
                limits: &policy.limits,
                desired: &wanted,
                observed: &observed,
                memory: &known.memory,
                people: known.directory.len(),
                consented,
            };
            review(planned.clone(), circumstances)
        };
        let due = AccountSteps::of(planned.actions());
        let mut verdict = reviewed(&known, &consented);
        let two = policy.limits.two_consents;
        let consents = Consents::sort(&mut known, &options.approve, &verdict.held, two)?;
        if known.consented_atoms() != consented {
            verdict = reviewed(&known, &known.consented_atoms());
        }
        let (limits, people) = (&policy.limits, known.directory.len());
        if let Some(HeldReason::DirectoryShrank { before, now }) = directory_shrank(limits, &known.memory, people) {
            verdict.go.findings.push(Finding::DirectoryShrank { before, now });
        }
        self.leave_by_hand(&mut verdict.go, now).await?;
        Ok((View { policy, known, observed, desired: wanted, scope, moment, due, consents, no_news }, verdict))
    }

    async fn look_at_accounts(
        &self,
        target: &Target,
        policy: &Policy,
        known: &Known,
    ) -> anyhow::Result<ObservedAccounts> {
        let parts = self.parts();
        let accounts = match target {
            Target::Everything => look::all_accounts(&parts.reader, policy, known).await,
            Target::Room(_) => return Ok(ObservedAccounts::default()),
            Target::Person(id) => {
                let person = known.directory.get(*id);
                let bound = known.bindings.get(id).map(|binding| binding.user.clone());
                // Nobody looks one up by name before it is known which name it would be.
                let unbound = person.filter(|_| bound.is_none());
                let candidate = bound
                    .or_else(|| unbound.and_then(|person| equipemed_domain::binding::candidate(person, policy).ok()));
                let Some(user) = candidate else { return Ok(ObservedAccounts::default()) };
                let public_id = unbound.map(|person| person.public_id.as_str());
                look::one_account(&parts.reader, policy, &user, public_id).await
            }
        };
        accounts.context("Synapse's accounts could not be read")
    }

    /// Stores how many people a full pass read, for the next comparison.
    async fn note_size(&self, view: &View, verdict: &Verdict) -> anyhow::Result<()> {
        let people = view.known.directory.len();
        let shrank = directory_shrank(&view.policy.limits, &view.known.memory, people);
        // A directory that shrank suspiciously must not become the measure of the next read while anything is, or at
        // the second read will be, held for it.
        let known = &view.known;
        let mut missing = known.bindings.values().filter(|binding| known.directory.get(binding.person).is_none());
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
    async fn settle_before(&self, verdict: &Verdict, run: RunId) -> anyhow::Result<()> {
        let parts = self.parts();
        let settled = settle(&parts.store, &verdict.go, run, self.inner.started, parts.clock.now()).await?;
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
    ) -> anyhow::Result<Report> {
        let mut report = report_of(&view, verdict, selection);
        let Some(writer) = &self.parts().writer else { return Ok(report) };
        let View { policy, known, observed, desired, scope, moment, due, .. } = view;
        let released: Vec<String> = known.consented.keys().cloned().collect();
        let agreement = Agreement::new(&policy, &known, &observed.accounts, due);
        let work = Work::new(self, writer, term, known, observed, &desired, moment, run);
        let ended = work.carry_out(&report.plan.steps, &mut report.summary).await?;
        report.interrupted = ended.interrupted;
        report.left = ended.left;
        agreement.note(&self.parts().store, &desired, &scope, &ended.went_well).await?;
        // A narrow pass did its small share; the rest of what was released is still to be done.
        if !report.interrupted && run.is_some() {
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

/// What was seen of one person.
#[derive(Debug)]
pub struct Sight {
    policy: Arc<Policy>,
    desired: Desired,
    observed: Observed,
    deleted: BTreeSet<RoomKey>,
}

impl Sight {
    /// It, to be asked.
    #[must_use]
    pub fn looked(&self) -> Looked<'_> {
        let Self { policy, desired, observed, deleted } = self;
        Looked { bot: &policy.bot, desired, observed, deleted }
    }
}

/// The scope of the plan, and the rooms to look at for it.
fn extent(target: &Target, policy: &Policy, bindings: &Bindings, wanted: &Desired) -> (Scope, BTreeSet<RoomKey>) {
    let rooms = &policy.rooms;
    match target {
        Target::Everything => (Scope::Everything, rooms.keys().cloned().collect()),
        Target::Person(id) => {
            let bound = bindings.get(id).map(|binding| binding.user.clone());
            let named = wanted.accounts.iter().find(|(_, account)| account.person == *id);
            let accounts: BTreeSet<OwnedUserId> =
                bound.or_else(|| named.map(|(user, _)| user.clone())).into_iter().collect();
            let keys: BTreeSet<RoomKey> = rooms.keys().cloned().collect();
            (Scope::Only { accounts, rooms: keys.clone() }, keys)
        }
        Target::Room(key) => {
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

fn report_of(view: &View, verdict: Verdict, selection: &Selection) -> Report {
    let plan = selection.of(verdict.go);
    let mut summary = Summary {
        counts: BTreeMap::new(),
        troubles: Vec::new(),
        findings: plan.findings.len(),
        found: plan.findings.iter().take(FOUND_KEPT).cloned().collect(),
        held: verdict.held.clone(),
        planned: plan.steps.len(),
        outgrown: view.consents.outgrown.clone(),
        one_more: view.consents.one_more.clone(),
    };
    // A room nobody could look at is not in line, whatever else went well.
    for finding in &plan.findings {
        if let Finding::RoomUnreadable { room, why, .. } = finding {
            summary.count_failure("read_room", format!("room {room}"), why.clone());
        }
    }
    Report { plan, summary, newly_held: Vec::new(), next_change: view.desired.next_change, interrupted: false, left: 0 }
}
