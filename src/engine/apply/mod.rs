//! From actions to writes, by the [`Applier`], which does deeds as well. Beside it only setup has a writer.
//!
//! Every action's intent is in the audit before anything is sent, and its
//! outcome after. A failed action does not stop the others; only when Synapse
//! is gone altogether is the rest left for a later pass.

mod accounts;
mod order;
mod rooms;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use equipemed_domain::action::{Action, Subject};
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

/// How many subjects are worked on at once. Synapse is limited by one core; more in flight only wait there. In one room one
/// change follows the other: two at once make Synapse resolve the room's state between them, which costs it a third more.
const SUBJECTS_IN_FLIGHT: usize = 8;

/// How long outcomes wait for a database that is away. A command with somebody waiting goes no further either; what is
/// not noted by then the next look settles.
const NOTED_WITHIN: Duration = Duration::from_secs(120);

/// How carrying out a plan ended.
#[derive(Debug, Default)]
pub struct WorkEnded {
    /// Why some steps were not begun.
    pub interrupted: Option<Interruption>,
    /// How many steps were left, because a narrower pass came between looking and doing.
    pub left: usize,
    /// How many steps of each account ended well.
    pub went_well: AccountSteps,
    /// What only showed when it was done.
    pub found: BTreeSet<Finding>,
    /// How many people came into each room.
    pub joined: BTreeMap<RoomKey, usize>,
}

/// Carries out plans and deeds: who has none cannot change anything. Not there in mode observe.
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
    /// The reason that a room shows for what somebody asked for.
    pub(super) fn reason(&self, asker: &str, reason: Option<&str>) -> String {
        match reason {
            _ if !self.reasons_in_rooms => "EquipeMed".to_owned(),
            Some(reason) => format!("{asker}: {reason}"),
            None => asker.to_owned(),
        }
    }
}

/// What shows while a plan is carried out.
#[derive(Debug, Default)]
struct Noted {
    room_ids: BTreeMap<RoomKey, OwnedRoomId>,
    /// Accounts that could not be made: nobody tries to put them into rooms.
    missing: BTreeSet<OwnedUserId>,
    /// Accounts that could not be locked: what follows from that is left to the next pass.
    open: BTreeSet<OwnedUserId>,
    /// How many steps are over, well or not.
    done: usize,
    ended: WorkEnded,
}

/// One plan being carried out.
pub(super) struct Work<'a> {
    by: &'a Applier,
    writer: Writer,
    term: &'a Term,
    known: Known,
    desired: &'a Desired,
    moment: Moment,
    /// Of a full pass.
    run: Option<RunId>,
    /// What somebody asked for and this looks after.
    wishes: &'a [Wish],
    /// How many intents of each mass this work has written.
    counted: tokio::sync::Mutex<BTreeMap<Mass, u64>>,
    noted: Mutex<Noted>,
    /// Whether the first room that was made has been looked at; locked until it is.
    first_room: tokio::sync::Mutex<bool>,
    /// Locked while a picture is uploaded: several rooms may have the same.
    uploading: tokio::sync::Mutex<()>,
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
            total: 0,
        }
    }

    /// Carries out the steps: accounts, then new rooms with spaces before what hangs in them, then the rest.
    ///
    /// # Errors
    /// When the store cannot keep the audit: then nothing more is written to Synapse.
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
        // Only the one full pass is shown; narrow ones run beside it.
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
            // Begun only when its turn comes: the futures of thousands of subjects would be megabytes.
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

    /// The steps of one subject, under its hold.
    async fn one_subject<'s>(&self, subject: Subject, steps: Vec<&'s Step>) -> Result<Vec<(&'s Step, Outcome)>, Fault> {
        let subjects = &self.by.subjects;
        let _hold = subjects.hold(&subject).await;
        let mut outcomes = Vec::new();
        let own_creation = steps.iter().any(|step| matches!(step.action, Action::CreateRoom { .. }));
        // A narrower pass was here after this plan was made: what was planned is old news.
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
                // Others did so much meanwhile that the brakes have to judge anew.
                Ok(None) => {
                    self.wake(&subject, "counted meanwhile").await?;
                    self.leave(batch.len());
                    break;
                }
                Err(error) => Err(error),
            };
            // However it ended: something may have been sent.
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

    /// Whether this very work made the room a moment ago.
    fn made_here(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Room(key) => !self.known.rooms.contains_key(key) && self.room_id(key).is_some(),
            Subject::Account(_) => false,
        }
    }

    /// Whether a pass of another replica wrote to the subject after this one looked.
    async fn is_stale_elsewhere(&self, subject: &Subject) -> Result<bool, Fault> {
        let store = &self.by.handles.store;
        if store.dialect() == Dialect::Sqlite {
            return Ok(false);
        }
        Ok(store.was_touched(subject, self.known.newest_audit, self.run).await?)
    }

    /// Wakes the pass over a subject.
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

    /// Leaves steps to a further look, which is asked for: they are neither done nor failed.
    fn leave(&self, steps: usize) {
        self.advance(steps);
        self.noted().ended.left += steps;
    }

    /// Writes the intents of a batch; None when the brakes have to judge it anew.
    async fn intend(&self, intents: &[Intent]) -> Result<Option<Vec<AuditId>>, Fault> {
        let (store, now) = (&self.by.handles.store, self.by.handles.clock.now());
        // All of a batch are alike.
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
        // What is not known stays open, for the next look to settle.
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

    /// Nothing more is begun; the first reason counts.
    fn interrupt(&self, why: Interruption) {
        self.noted().ended.interrupted.get_or_insert(why);
    }

    fn intent(&self, step: &Step) -> Result<Intent, StoreError> {
        let intent = Intent::of_action(self.run, "equipemed-bot", step.cause.into(), &step.action)?;
        let served = self.wishes.iter().filter(|wish| self.serves(&step.action, wish));
        Ok(Intent { wishes: served.map(|wish| wish.id.clone()).collect(), ..intent })
    }

    /// Whether an action is done for a wish, among others perhaps.
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
            // Synapse may have done it, and nothing says so: the next look will see.
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

    /// A step about an account that could not be made is left out: it would make one.
    fn must_be_made(&self, action: &Action) -> Result<(), Fault> {
        match action.user().map(ToOwned::to_owned) {
            Some(user) if self.noted().missing.contains(&user) => Err(Fault::AccountNotMade { user }),
            _ => Ok(()),
        }
    }
}

/// What became of a write that Synapse took.
pub(super) fn ended(done: Done) -> Outcome {
    match done {
        Done::Changed => Outcome::Done(None),
        Done::Already => Outcome::AlreadySo,
    }
}
