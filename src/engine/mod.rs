//! The engine: the only part that changes accounts and rooms.
//!
//! Everybody else stores a wish and wakes it. A wake-up says whom to look at,
//! never what to do; what to do is worked out anew at each pass, so lost,
//! doubled and reordered wake-ups do no harm.

mod account_changes;
pub mod adopt;
pub mod agreement;
mod announce;
pub mod apply;
pub mod backoff;
mod claims;
pub mod consents;
pub mod deeds;
pub mod drift;
mod encrypts;
mod filling;
mod foreign;
pub mod gather;
mod handles;
mod lanes;
mod left;
mod look;
mod newborn;
mod observe;
pub mod options;
mod pass;
pub mod people;
pub mod pictures;
pub mod progress;
pub mod recover;
pub mod replace;
pub mod report;
pub mod room_cache;
mod runs;
mod scene;
pub mod setup;
pub mod subjects;
pub mod tenure;
mod verify;
pub mod wakes;
pub mod who;

use std::sync::Arc;
use std::time::Duration;

use adopt::{Adoptable, Adoption};
use apply::Applier;
use claims::Claims;
use drift::ByHand;
use equipemed_domain::directory::{Directory, PersonId};
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::mode::{Mode, OnDrift};
use equipemed_domain::policy::Policy;
use equipemed_domain::wake::Wake;
use handles::Handles;
use look::{Looks, Sight};
use options::Options;
use pass::Passes;
use people::People;
use progress::Progress;
use replace::Replaceable;
use report::Report;
use room_cache::RoomCache;
use runs::Runs;
pub(crate) use scene::Scene;
use tenure::Tenure;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wakes::Wakes;

use crate::clock::Clock;
use crate::directory::Source;
use crate::homeserver::{Reader, Writer};
use crate::metrics::WorkMetrics;
use crate::store::{RunId, Store, StoreError};

/// What an engine is made of.
#[derive(Debug)]
pub struct Parts {
    /// The hospital's decisions.
    pub policy: Arc<Policy>,
    /// Where people are read from.
    pub source: Source,
    /// Looking at Synapse.
    pub reader: Reader,
    /// Changing Synapse; None in mode observe, where nothing can be changed because there is nothing to do it with.
    pub writer: Option<Writer>,
    /// This service's own memory.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// What is done about changes by hand.
    pub drift: OnDrift,
    /// Whether rooms show who asked for something, and why; otherwise only the audit does.
    pub reasons_in_rooms: bool,
    /// Ends work softly: what is under way is finished and noted, nothing new is begun.
    pub stop: CancellationToken,
}

/// How often the running service looks without being asked to; None is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// At everything.
    pub everything: Option<Duration>,
    /// At Synapse's list of accounts, for changes by hand.
    pub accounts: Option<Duration>,
}

/// The engine. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Engine {
    handles: Handles,
    by_hand: ByHand,
    runs: Runs,
    passes: Arc<Passes>,
}

impl Engine {
    /// Puts the parts together; nothing happens yet. The writer goes to the applier, and to nobody else.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { policy, source, reader, writer, store, clock, drift, reasons_in_rooms, stop } = parts;
        let handles = Handles {
            room_cache: Arc::new(RoomCache::new(policy.bot.clone())),
            wakes: Wakes::new(&store, &clock, &stop),
            mode: if writer.is_some() { Mode::Enforce } else { Mode::Observe },
            on_drift: drift,
            configured: policy,
            reader,
            store,
            clock,
            stop,
        };
        let progress = watch::channel(Progress::default()).0;
        let runs = Runs { handles: handles.clone(), metrics: WorkMetrics::default(), progress: progress.clone() };
        let people = People { handles: handles.clone(), source };
        let by_hand = ByHand { handles: handles.clone(), people: people.clone() };
        let subjects = Arc::new(subjects::Subjects::default());
        let looks = Looks { handles: handles.clone(), people, subjects: subjects.clone(), progress };
        let applier = writer.map(|writer| {
            let (handles, runs) = (handles.clone(), runs.clone());
            Arc::new(Applier { writer, handles, runs, subjects, reasons_in_rooms })
        });
        let passes = Arc::new(Passes { looks, applier, started: handles.clock.now() });
        Self { handles, by_hand, runs, passes }
    }

    /// Works until it is stopped. What is under way at that moment is finished and noted. `holder` is what the store calls
    /// this process.
    pub async fn work(&self, holder: String, rhythm: Rhythm) {
        let Self { handles, runs, passes, .. } = self.clone();
        Arc::new(lanes::Lanes { holder, rhythm, claims: Claims::default(), handles, runs, passes }).work().await;
    }

    /// Asks for a run and takes it, for a command that does it itself.
    pub async fn begin_run(&self, origin: &str, options: &Options, holder: &str) -> Result<RunId, Fault> {
        Ok(self.runs.begin(origin, options, holder).await?)
    }

    /// Runs a full pass with its row in the store kept up to date: others follow it there.
    pub async fn run(&self, tenure: &Tenure, options: &Options, run: RunId, holder: &str) -> Result<Report, Fault> {
        let Self { runs, passes, .. } = self;
        runs.keep(run, holder, Box::pin(passes.full(tenure, options, run))).await
    }

    /// Works out what a pass would do, and does nothing: not even a note in the store.
    pub async fn preview(&self, target: &Wake, options: &Options) -> Result<Report, Fault> {
        self.passes.looks.preview(target, options).await
    }

    /// Looks at one person in all rooms, and does nothing: how what was asked for stands.
    pub async fn look_at_person(&self, person: PersonId) -> Result<Sight, Fault> {
        self.passes.looks.person(person).await
    }

    /// Does deeds that are due, if nobody else is at them: for a command beside or without a running service. Tells how
    /// many it began with.
    pub async fn help_with_deeds(&self, holder: &str) -> Result<usize, StoreError> {
        let Some(applier) = &self.passes.applier else { return Ok(0) };
        let claims = Claims::default();
        tokio::select! {
            done = applier.some_deeds(holder, &claims) => done,
            never = claims.keep(self.store(), self.clock(), holder) => match never {},
        }
    }

    /// How far the present full pass has come.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.runs.progress.subscribe()
    }

    /// The policy as it is now: the configuration's, and the rooms made by command.
    pub async fn policy(&self) -> Result<Arc<Policy>, StoreError> {
        self.handles.policy().await
    }

    /// EquipeMed's people, read now, everybody under their handle: an error when it cannot be told who is who.
    pub async fn people(&self) -> Result<Arc<Directory>, Fault> {
        self.by_hand.people.read().await
    }

    /// Where people come from, for who watches it. What it gives are people by EquipeMed's numbers.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.by_hand.people.source
    }

    /// What people change by hand.
    #[must_use]
    pub fn by_hand(&self) -> &ByHand {
        &self.by_hand
    }

    /// Whether a room can be taken over, as far as that can be seen from outside where the bot is not in it. Changes nothing.
    pub async fn adoptable(&self, wish: &Adoption) -> Result<Adoptable, Fault> {
        adopt::adoptable(&self.handles, wish).await
    }

    /// Takes over a room that the bot is in without changing anything on Synapse: for mode observe.
    pub async fn adopt(&self, wish: &Adoption) -> Result<Adoptable, Fault> {
        adopt::adopt(&self.handles, wish, &[], None).await
    }

    /// The room that a key has, as far as it matters for a new one in its place. Changes nothing.
    pub async fn replaceable(&self, key: &RoomKey) -> Result<Replaceable, Fault> {
        replace::replaceable(&self.handles, key).await
    }

    /// Rooms as they were last seen, for who hears of changes.
    #[must_use]
    pub fn room_cache(&self) -> &RoomCache {
        &self.handles.room_cache
    }

    /// What was done so far, in numbers.
    #[must_use]
    pub fn metrics(&self) -> &WorkMetrics {
        &self.runs.metrics
    }

    /// Wakes passes, and hears of them.
    #[must_use]
    pub fn wakes(&self) -> &Wakes {
        &self.handles.wakes
    }

    /// Stores a wake-up that is due now.
    pub async fn wake(&self, wake: &Wake, origin: &str) -> Result<(), StoreError> {
        self.wakes().wake(wake, origin).await
    }

    /// Whether the service is to end.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.handles.stop.is_cancelled()
    }

    /// Looking at Synapse.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.handles.reader
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.handles.clock
    }

    /// Whether anything can be changed at all: not in mode observe.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.handles.mode == Mode::Enforce
    }

    /// The store, for those who hand in wishes.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.handles.store
    }
}

/// The configuration's policy with the rooms made by command, and with the addresses of pictures on Synapse.
pub async fn policy_with_rooms(policy: &Arc<Policy>, store: &Store) -> Result<Arc<Policy>, StoreError> {
    let made = store.made_rooms().await?;
    if made.is_empty() && !pictures::are_there(policy) {
        return Ok(policy.clone());
    }
    let mut all = Policy::clone(policy);
    pictures::known(&mut all, store).await?;
    for (key, room) in made {
        // The configuration's room wins: that is how one made by command is taken into the file.
        all.rooms.entry(key).or_insert_with(|| room.policy(policy.users.join));
    }
    Ok(Arc::new(all))
}
