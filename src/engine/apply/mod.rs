//! Turns actions into writes. Only the [`Applier`], which also does deeds, and setup have a writer.
//!
//! Every action's intent is stored in the audit before anything is sent, and its outcome afterwards. A failed action
//! does not stop the others. Only if Synapse is unreachable is the rest left to a later pass.

mod accounts;
mod order;
mod rooms;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use equipemed_domain::action::{Action, Change, Subject};
use equipemed_domain::desired::Desired;
use equipemed_domain::fault::{During, Fault, Interruption, Stage};
use equipemed_domain::finding::Finding;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::{Observed, RoomSight};
use equipemed_domain::outcome::Outcome;
use equipemed_domain::plan::Step;
use equipemed_domain::summary::{Summary, Topic};
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, TryStreamExt};
use order::{Group, batches, by_depth, groups};
use ruma_common::{OwnedRoomId, OwnedUserId, UserId};
use tokio::time::Instant;

use super::agreement::AccountSteps;
use super::backoff::insist_within;
use super::gather::Known;
use super::handles::Handles;
use super::progress::{Phase, Progress};
use super::runs::Runs;
use super::subjects::{Moment, Subjects};
use crate::clock::Term;
use crate::homeserver::{Done, Writer};
use crate::store::{AuditId, Dialect, Intent, Mass, RunId, StoreError};

/// Subjects worked on concurrently. Synapse is limited by one core, so more would only wait there. Changes in one room
/// are sequential: concurrent ones make Synapse resolve state, which costs it a third more.
const SUBJECTS_IN_FLIGHT: usize = 8;

/// How often to look whether somebody paused the service, perhaps from another process.
const LOOK_FOR_PAUSE_EVERY: Duration = Duration::from_millis(500);

/// How long outcomes wait for an unreachable database. A command with somebody waiting is stuck meanwhile, too. The
/// next look settles what is not noted by then.
const NOTED_WITHIN: Duration = Duration::from_secs(120);

/// Result of carrying out a plan.
#[derive(Debug, Default)]
pub struct WorkEnded {
    /// Why some steps were not begun.
    pub interrupted: Option<Interruption>,
    /// Steps left, because a narrower pass came between looking and doing.
    pub left: usize,
    /// Successful steps of each account.
    pub went_well: AccountSteps,
    /// Findings made while carrying it out.
    pub found: BTreeSet<Finding>,
    /// People added to each room.
    pub joined: BTreeMap<RoomKey, usize>,
}

/// Carries out plans and deeds; without one nothing can be changed. Absent in mode observe.
#[derive(Debug)]
pub(super) struct Applier {
    pub(super) writer: Writer,
    pub(super) handles: Handles,
    pub(super) runs: Runs,
    pub(super) subjects: Arc<Subjects>,
    /// Whether rooms show who asked for something, and why; otherwise only the audit does.
    pub(super) reasons_in_rooms: bool,
}

impl Applier {
    /// The reason that a room shows for a request.
    pub(super) fn reason(&self, asker: &str, reason: Option<&str>) -> String {
        match reason {
            _ if !self.reasons_in_rooms => "EquipeMed".to_owned(),
            Some(reason) => format!("{asker}: {reason}"),
            None => asker.to_owned(),
        }
    }
}

/// State while a plan is carried out.
#[derive(Debug, Default)]
struct Noted {
    room_ids: BTreeMap<RoomKey, OwnedRoomId>,
    /// Accounts that could not be created, and must not be added to rooms.
    missing: BTreeSet<OwnedUserId>,
    /// Accounts that could not be locked. What follows from the lock is left to the next pass.
    open: BTreeSet<OwnedUserId>,
    /// Finished steps, successful or not.
    done: usize,
    ended: WorkEnded,
}

/// A plan being carried out.
pub(super) struct Work<'a> {
    by: &'a Applier,
    writer: Writer,
    term: &'a Term,
    known: Known,
    desired: &'a Desired,
    moment: Moment,
    /// The run of a full pass.
    run: Option<RunId>,
    /// Wishes that this work serves.
    wishes: &'a [Wish],
    /// Intents written by this work, by mass.
    counted: tokio::sync::Mutex<BTreeMap<Mass, u64>>,
    noted: Mutex<Noted>,
    /// Whether the first new room was checked; locked until it was.
    first_room: tokio::sync::Mutex<bool>,
    /// Locked during an upload: several rooms may have the same picture.
    uploading: tokio::sync::Mutex<()>,
    /// When it was last looked whether the service was paused.
    looked_for_pause: Mutex<Option<Instant>>,
    /// Whether it was then.
    is_paused: AtomicBool,
    total: usize,
}

impl<'a> Work<'a> {
    #[expect(clippy::too_many_arguments, reason = "one call, from the pass that gathered all of it")]
    pub(super) fn new(
        by: &'a Applier,
        term: &'a Term,
        known: Known,
        observed: Observed,
        desired: &'a Desired,
        moment: Moment,
        run: Option<RunId>,
        wishes: &'a [Wish],
    ) -> Self {
        let mut room_ids = known.rooms.clone();
        for (key, sight) in observed.rooms {
            match sight {
                RoomSight::Seen(room) => _ = room_ids.insert(key, room.room_id),
                RoomSight::Unreadable { room_id, .. } => _ = room_ids.insert(key, room_id),
                RoomSight::Absent | RoomSight::Several { .. } => {}
            }
        }
        Self {
            by,
            writer: by.writer.during(term.clone()),
            term,
            known,
            desired,
            moment,
            run,
            wishes,
            counted: tokio::sync::Mutex::default(),
            noted: Mutex::new(Noted { room_ids, ..Noted::default() }),
            first_room: tokio::sync::Mutex::default(),
            uploading: tokio::sync::Mutex::default(),
            looked_for_pause: Mutex::default(),
            is_paused: AtomicBool::default(),
            total: 0,
        }
    }

    /// The parts of steps that serve a wish: all that is done in a pause.
    pub(super) fn wished(&self, steps: &[Step]) -> Vec<Step> {
        let is_wished = |action: &Action| self.wishes.iter().any(|wish| self.serves(action, wish));
        let mut steps = steps.to_vec();
        steps.retain_mut(|step| {
            // Together with them, the event would change others' levels.
            if let Action::SetLevels { changes, .. } = &mut step.action
                && self.wishes.iter().all(|wish| wish.person.is_some())
            {
                let persons: BTreeSet<_> = self.wishes.iter().filter_map(|wish| wish.person).collect();
                changes.users.retain(|user, _| self.person_of(user).is_some_and(|person| persons.contains(&person)));
                // An entry may have been planned relative to a new default, which stays as it is.
                if let Some(Change { to: Some(default), .. }) = changes.keys.get("users_default") {
                    changes.users.values_mut().for_each(|change| change.to = change.to.or(Some(*default)));
                }
                changes.keys.clear();
                changes.events.clear();
            }
            is_wished(&step.action)
        });
        steps
    }

    /// Whether the service was paused; then only what serves a wish is done, and work without wishes is interrupted. That
    /// the database cannot be read is noticed at the next write.
    async fn heed_pause(&self) -> bool {
        let is_due = || {
            let mut looked = self.looked_for_pause.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = looked.is_none_or(|at| at.elapsed() >= LOOK_FOR_PAUSE_EVERY);
            if is_due {
                *looked = Some(Instant::now());
            }
            is_due
        };
        if is_due() {
            let is_paused = matches!(self.by.handles.pause().await, Ok(Some(_)));
            self.is_paused.store(is_paused, Ordering::Relaxed);
            if is_paused && self.wishes.is_empty() {
                self.interrupt(Interruption::Pause);
            }
        }
        self.is_paused.load(Ordering::Relaxed)
    }

    /// Carries out the steps: accounts, then new rooms with spaces before their children, then the rest.
    ///
    /// # Errors
    /// When the audit cannot be stored. Then nothing more is written to Synapse.
    pub(super) async fn carry_out(mut self, steps: &[Step], summary: &mut Summary) -> Result<WorkEnded, Fault> {
        self.total = steps.len();
        let is_room = |step: &&Step| step.action.room().is_some();
        let is_new = |step: &&Step| matches!(step.action, Action::CreateRoom { .. });
        self.phase(Phase::Accounts);
        self.all(groups(steps.iter().filter(|step| !is_room(step))), summary).await?;
        self.phase(Phase::Rooms);
        for depth in by_depth(steps.iter().filter(is_new)) {
            self.all(groups(depth), summary).await?;
        }
        self.all(groups(steps.iter().filter(is_room).filter(|step| !is_new(step))), summary).await?;
        Ok(self.noted.into_inner().unwrap_or_else(PoisonError::into_inner).ended)
    }

    fn phase(&self, phase: Phase) {
        // Only the full pass is shown; narrow ones run beside it.
        if self.run.is_none() {
            return;
        }
        let done = self.noted().done;
        self.by.runs.progress.send_replace(Progress { phase, done, total: self.total });
    }

    async fn all(&self, groups: Vec<Group<'_>>, summary: &mut Summary) -> Result<(), Fault> {
        let mut groups = groups.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            // Created only when its turn comes: the futures of thousands of subjects would take megabytes.
            while running.len() < SUBJECTS_IN_FLIGHT
                && let Some((subject, steps)) = groups.next()
            {
                running.push(self.one_subject(subject, steps).boxed());
            }
            let Some(outcomes) = running.try_next().await? else { return Ok(()) };
            for (step, outcome) in outcomes {
                summary.count(step.action.kind(), Topic::of(&step.action), &outcome);
                if outcome.is_good() {
                    let mut noted = self.noted();
                    noted.ended.went_well.count(&step.action);
                    if let Action::AddMember { room, .. } = &step.action {
                        *noted.ended.joined.entry(room.clone()).or_default() += 1;
                    }
                }
            }
        }
    }

    /// Carries out the steps of one subject while holding it.
    async fn one_subject<'s>(&self, subject: Subject, steps: Vec<&'s Step>) -> Result<Vec<(&'s Step, Outcome)>, Fault> {
        let subjects = &self.by.subjects;
        let _hold = subjects.hold(&subject).await;
        let mut outcomes = Vec::new();
        let own_creation = steps.iter().any(|step| matches!(step.action, Action::CreateRoom { .. }));
        // A narrower pass wrote to the subject after this plan was made, so the plan is out of date.
        let is_own = own_creation || self.made_here(&subject);
        if !is_own && (subjects.is_stale(&subject, self.moment) || self.is_stale_elsewhere(&subject).await?) {
            self.wake(&subject, "changed meanwhile").await?;
            self.leave(steps.len());
            return Ok(outcomes);
        }
        for batch in batches(&steps) {
            if self.is_over() {
                break;
            }
            let ended = match self.one_batch(batch).await {
                Ok(Some(ended)) => Ok(ended),
                // Others did so much meanwhile that the brakes must judge again.
                Ok(None) => {
                    self.wake(&subject, "counted meanwhile").await?;
                    self.leave(batch.len());
                    break;
                }
                Err(error) => Err(error),
            };
            // Whatever the result, something may have been sent.
            if let Subject::Room(key) = &subject
                && let Some(room_id) = self.room_id(key)
            {
                self.by.handles.room_cache.doubt(&room_id);
            }
            outcomes.extend(ended?);
            subjects.note_write(&subject);
        }
        Ok(outcomes)
    }

    /// Whether this work has just created the room.
    fn made_here(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Room(key) => !self.known.rooms.contains_key(key) && self.room_id(key).is_some(),
            Subject::Account(_) => false,
        }
    }

    /// Whether another replica wrote to the subject after this pass looked.
    async fn is_stale_elsewhere(&self, subject: &Subject) -> Result<bool, Fault> {
        let store = &self.by.handles.store;
        if store.dialect() == Dialect::Sqlite {
            return Ok(false);
        }
        Ok(store.was_touched(subject, self.known.newest_audit, self.run).await?)
    }

    /// Wakes the subject's pass.
    async fn wake(&self, subject: &Subject, origin: &str) -> Result<(), StoreError> {
        let wake = match subject {
            Subject::Room(room) => Wake::Room(room.clone()),
            Subject::Account(user) => {
                let bindings = self.by.handles.store.bindings().await?;
                bindings.owner(user).map_or(Wake::Everything, Wake::Person)
            }
        };
        self.by.handles.wakes.wake(&wake, origin).await
    }

    /// Leaves steps to a further look, which was requested. They are neither done nor failed.
    fn leave(&self, steps: usize) {
        self.advance(steps);
        self.noted().ended.left += steps;
    }

    /// Writes the intents of a batch; None if the brakes must judge it again.
    async fn intend(&self, intents: &[Intent]) -> Result<Option<Vec<AuditId>>, Fault> {
        let (store, now) = (&self.by.handles.store, self.by.handles.clock.now());
        // All intents of a batch have the same mass.
        let counts = |mass: &Mass| !matches!(mass, Mass::Joined(room) if !self.known.memory.fulfilled.contains(room));
        let Some(mass) = intents.first().and_then(Intent::mass).filter(counts) else {
            return Ok(Some(store.intend(intents, now).await?));
        };
        let mut counted = self.known.counted;
        if matches!(mass, Mass::Joined(_)) {
            counted.up_to = self.known.newest_audit;
        }
        let mut own = self.counted.lock().await;
        let own = own.entry(mass.clone()).or_default();
        let ids = store.intend_counted(intents, &mass, counted, *own, now).await?;
        if ids.is_some() {
            *own += intents.len() as u64;
        }
        Ok(ids)
    }

    async fn one_batch<'s>(&self, batch: &[&'s Step]) -> Result<Option<Vec<(&'s Step, Outcome)>>, Fault> {
        if self.term.is_over() {
            return Err(Fault::OtherTookOver);
        }
        let store = &self.by.handles.store;
        let intents = batch.iter().map(|step| self.intent(step)).collect::<Result<Vec<_>, _>>()?;
        let Some(ids) = self.intend(&intents).await.during(Stage::WriteAudit)? else {
            return Ok(None);
        };
        let mut ended = Vec::with_capacity(batch.len());
        for step in batch {
            ended.push(self.one_step(step).boxed().await);
        }
        for (step, outcome) in batch.iter().zip(&ended) {
            self.by.runs.metrics.action(step.action.kind(), outcome.as_str());
        }
        let now = self.by.handles.clock.now();
        // An unknown outcome stays open, for the next look to settle.
        let known = ids.into_iter().zip(ended.iter().cloned()).filter(|(_, outcome)| *outcome != Outcome::Unknown);
        let outcomes: Vec<_> = known.collect();
        let noted = insist_within(NOTED_WITHIN, &self.by.handles.stop, || store.conclude(&outcomes, now)).await;
        noted.during(Stage::WriteOutcomes)?;
        let ended = batch.iter().zip(ended);
        Ok(Some(ended.map(|(step, outcome)| (*step, outcome)).collect()))
    }

    fn advance(&self, steps: usize) {
        let mut noted = self.noted();
        noted.done += steps;
        if self.run.is_some() {
            self.by.runs.progress.send_modify(|progress| progress.done = noted.done);
        }
    }

    fn is_over(&self) -> bool {
        if self.by.handles.stop.is_cancelled() {
            self.interrupt(Interruption::Stop);
        }
        self.noted().ended.interrupted.is_some()
    }

    /// Begins nothing more; the first reason is kept.
    fn interrupt(&self, why: Interruption) {
        self.noted().ended.interrupted.get_or_insert(why);
    }

    fn intent(&self, step: &Step) -> Result<Intent, StoreError> {
        let intent = Intent::of_action(self.run, "equipemed-bot", step.cause.into(), &step.action)?;
        let served = self.wishes.iter().filter(|wish| self.serves(&step.action, wish));
        Ok(Intent { wishes: served.map(|wish| wish.id.clone()).collect(), ..intent })
    }

    /// Whether an action serves a wish, perhaps among others.
    fn serves(&self, action: &Action, wish: &Wish) -> bool {
        let Some(person) = wish.person else { return true };
        let is_theirs = |user: &UserId| self.person_of(user) == Some(person);
        match action {
            Action::SetLevels { changes, .. } => changes.users.keys().any(|user| is_theirs(user)),
            action => action.user().is_some_and(is_theirs),
        }
    }

    async fn one_step(&self, step: &Step) -> Outcome {
        let action = &step.action;
        if self.heed_pause().await && self.wished(std::slice::from_ref(step)).first() != Some(step) {
            return Outcome::Skipped(Fault::Left(Interruption::Pause));
        }
        if self.is_over() {
            return Outcome::Skipped(Fault::Left(self.noted().ended.interrupted.unwrap_or(Interruption::Stop)));
        }
        let result = if action.room().is_some() {
            self.room_step(action, step.cause).await
        } else {
            self.account_step(action).await
        };
        self.advance(1);
        let fault = match result {
            Ok(outcome) => return outcome,
            Err(fault) if fault.is_unmet_need() => return Outcome::Skipped(fault),
            Err(fault) => fault,
        };
        match &fault {
            Fault::Homeserver(error) if error.concerns_all() => self.interrupt(Interruption::Synapse),
            Fault::Store(_) => self.interrupt(Interruption::Database),
            _ => {}
        }
        tracing::warn!(action.kind = action.kind(), error = %fault, "An action failed");
        match fault {
            // Synapse may have done it without a record; the next look will see.
            Fault::Store(error) if error.is_outage() => Outcome::Unknown,
            fault => Outcome::Failed(fault),
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn room_id(&self, key: &RoomKey) -> Option<OwnedRoomId> {
        self.noted().room_ids.get(key).cloned()
    }

    /// Skips steps about an account that could not be created, because they would create it.
    fn must_be_made(&self, action: &Action) -> Result<(), Fault> {
        match action.user().map(ToOwned::to_owned) {
            Some(user) if self.noted().missing.contains(&user) => Err(Fault::AccountNotMade { user }),
            _ => Ok(()),
        }
    }
}

/// Outcome of a write that Synapse accepted.
pub(super) fn ended(done: Done) -> Outcome {
    match done {
        Done::Changed => Outcome::Done(None),
        Done::Already => Outcome::AlreadySo,
    }
}
