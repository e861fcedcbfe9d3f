//! The engine: the only part that changes accounts and rooms.
//!
//! Other parts store a request and wake the engine. A wake-up says whom to look at, never what to do. Each pass plans
//! that anew, so lost, duplicate and reordered wake-ups do no harm.

mod account_changes;
pub mod adopt;
pub mod agreement;
mod announce;
pub mod apply;
pub mod backoff;
pub mod beats;
mod claims;
pub mod consents;
pub mod deeds;
pub mod drift;
mod encrypts;
pub mod files;
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
mod reports;
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
use beats::Beats;
use claims::Claims;
use drift::ByHand;
use equipemed_domain::directory::{Directory, PersonId};
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::mode::{Mode, OnDrift};
use equipemed_domain::policy::Policy;
use equipemed_domain::wake::Wake;
use files::FileRules;
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

/// Name of the lane of full passes, as its signs of life give it.
pub const FULL_PASSES: &str = "full passes";

/// Parts of an engine.
#[derive(Debug)]
pub struct Parts {
    /// The hospital's policy.
    pub policy: Arc<Policy>,
    /// The source of people.
    pub source: Source,
    /// Read access to Synapse.
    pub reader: Reader,
    /// Write access to Synapse; None in mode observe, which makes changes impossible.
    pub writer: Option<Writer>,
    /// The service's own store.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// Response to changes by hand.
    pub drift: OnDrift,
    /// What is accepted as a file, and what happens to the rest.
    pub files: FileRules,
    /// Whether rooms show who asked for something, and why; otherwise only the audit does.
    pub reasons_in_rooms: bool,
    /// Stops work gracefully: work in progress is finished and noted, nothing new begins.
    pub stop: CancellationToken,
}

/// How often the running service looks unasked; None means never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// At everything.
    pub everything: Option<Duration>,
    /// At Synapse's list of accounts, for changes by hand.
    pub accounts: Option<Duration>,
    /// At what people report in their clients.
    pub reports: Option<Duration>,
}

/// The engine. Cheap to clone; clones share state.
#[derive(Clone, Debug)]
pub struct Engine {
    handles: Handles,
    by_hand: ByHand,
    runs: Runs,
    passes: Arc<Passes>,
}

impl Engine {
    /// Assembles the parts; nothing happens yet. Only the applier gets the writer.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { policy, source, reader, writer, store, clock, drift, files, reasons_in_rooms, stop } = parts;
        let handles = Handles {
            room_cache: Arc::new(RoomCache::new(policy.bot.clone())),
            wakes: Wakes::new(&store, &clock, &stop),
            mode: if writer.is_some() { Mode::Enforce } else { Mode::Observe },
            on_drift: drift,
            files: Arc::new(files),
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

    /// Works until stopped. Work in progress is finished and noted. `holder` is the name of this process in the store.
    pub async fn work(&self, holder: String, rhythm: Rhythm) {
        let Self { handles, runs, passes, .. } = self.clone();
        let lanes = lanes::Lanes { holder, rhythm, claims: Claims::default(), handles, runs, passes };
        Box::pin(Arc::new(lanes).work()).await;
    }

    /// Requests a run and takes it, for a command that does it itself.
    pub async fn begin_run(&self, origin: &str, options: &Options, holder: &str) -> Result<RunId, Fault> {
        Ok(self.runs.begin(origin, options, holder).await?)
    }

    /// Runs a full pass and keeps its row in the store up to date, for others to follow.
    pub async fn run(&self, tenure: &Tenure, options: &Options, run: RunId, holder: &str) -> Result<Report, Fault> {
        let Self { runs, passes, .. } = self;
        runs.keep(run, holder, Box::pin(passes.full(tenure, options, run))).await
    }

    /// Determines what a pass would do. Changes nothing, not even in the store.
    pub async fn preview(&self, target: &Wake, options: &Options) -> Result<Report, Fault> {
        self.passes.looks.preview(target, options).await
    }

    /// Looks at one person in all rooms, to see whether requests are fulfilled. Changes nothing.
    pub async fn look_at_person(&self, person: PersonId) -> Result<Sight, Fault> {
        self.passes.looks.person(person).await
    }

    /// Does due deeds that nobody else is doing, for a command with or without a running service. Returns how many it
    /// began.
    pub async fn help_with_deeds(&self, holder: &str) -> Result<usize, StoreError> {
        let Some(applier) = &self.passes.applier else { return Ok(0) };
        let claims = Claims::default();
        tokio::select! {
            done = applier.some_deeds(holder, &claims) => done,
            never = claims.keep(self.store(), self.clock(), holder) => match never {},
        }
    }

    /// Progress of the present full pass.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.runs.progress.subscribe()
    }

    /// The present policy: the configuration's with the rooms created by command.
    pub async fn policy(&self) -> Result<Arc<Policy>, StoreError> {
        self.handles.policy().await
    }

    /// EquipeMed's people, read now, by handle. Fails if it cannot be told who is who.
    pub async fn people(&self) -> Result<Arc<Directory>, Fault> {
        self.by_hand.people.read().await
    }

    /// The source of people, for watching it. Its people have EquipeMed's numbers.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.by_hand.people.source
    }

    /// Changes by hand.
    #[must_use]
    pub fn by_hand(&self) -> &ByHand {
        &self.by_hand
    }

    /// Checks whether a room can be taken over, from outside if the bot is not in it. Changes nothing.
    pub async fn adoptable(&self, wish: &Adoption) -> Result<Adoptable, Fault> {
        adopt::adoptable(&self.handles, wish).await
    }

    /// Takes over a room that the bot is in without changing anything on Synapse, for mode observe.
    pub async fn adopt(&self, wish: &Adoption) -> Result<Adoptable, Fault> {
        adopt::adopt(&self.handles, wish, &[], None).await
    }

    /// Checks a key's room that is to be replaced. Changes nothing.
    pub async fn replaceable(&self, key: &RoomKey) -> Result<Replaceable, Fault> {
        replace::replaceable(&self.handles, key).await
    }

    /// Rooms as last seen, for receivers of events.
    #[must_use]
    pub fn room_cache(&self) -> &RoomCache {
        &self.handles.room_cache
    }

    /// Metrics of the work.
    #[must_use]
    pub fn metrics(&self) -> &WorkMetrics {
        &self.runs.metrics
    }

    /// Wakes passes, and tells of their end.
    #[must_use]
    pub fn wakes(&self) -> &Wakes {
        &self.handles.wakes
    }

    /// Stores a wake-up that is due now.
    pub async fn wake(&self, wake: &Wake, origin: &str) -> Result<(), StoreError> {
        self.wakes().wake(wake, origin).await
    }

    /// Whether the service is stopping.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.handles.stop.is_cancelled()
    }

    /// Read access to Synapse.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.handles.reader
    }

    /// Signs of life of the lanes.
    #[must_use]
    pub fn beats(&self) -> &Beats {
        &self.handles.wakes.beats
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.handles.clock
    }

    /// Whether anything can be changed: not in mode observe.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.handles.mode == Mode::Enforce
    }

    /// The store, for parts that hand in requests.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.handles.store
    }
}

/// The configuration's policy with the rooms created by command and the addresses of uploaded pictures.
pub async fn policy_with_rooms(policy: &Arc<Policy>, store: &Store) -> Result<Arc<Policy>, StoreError> {
    let made = store.made_rooms().await?;
    if made.is_empty() && !pictures::are_there(policy) {
        return Ok(policy.clone());
    }
    let mut all = Policy::clone(policy);
    pictures::known(&mut all, store).await?;
    for (key, room) in made {
        // The configuration's room wins, so that a room created by command can be moved into the file.
        all.rooms.entry(key).or_insert_with(|| room.policy(policy.users.join));
    }
    Ok(Arc::new(all))
}
