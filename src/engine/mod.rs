//! The engine: the only part that changes accounts and rooms.
//!
//! Everybody else stores a wish and wakes it. A wake-up says whom to look at,
//! never what to do; what to do is worked out anew at each pass, so lost,
//! doubled and reordered wake-ups do no harm.

pub mod apply;
pub mod backoff;
pub mod deeds;
pub mod gather;
pub mod look;
pub mod pass;
pub mod pictures;
pub mod progress;
pub mod queue;
pub mod report;
pub mod settle;
pub mod setup;
pub mod sights;
pub mod subjects;
pub mod tenure;

use std::sync::Arc;

use equipemed_domain::policy::Policy;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::directory::Source;
use crate::homeserver::{Reader, Writer};
use crate::metrics::Work;
use crate::store::Store;
use pictures::Pictures;
use progress::Progress;
use subjects::Subjects;

/// What an engine is made of.
#[derive(Debug)]
pub struct Parts {
    /// The hospital's decisions.
    pub policy: Policy,
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
    /// Ends work softly: what is under way is finished and noted, nothing new is begun.
    pub stop: CancellationToken,
}

/// The engine. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    subjects: Subjects,
    pictures: Pictures,
    metrics: Work,
    progress: watch::Sender<Progress>,
    woken: tokio::sync::Notify,
    /// Intents older than this are somebody's who died.
    started: jiff::Timestamp,
}

impl Engine {
    /// Puts the parts together; nothing happens yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let (progress, _) = watch::channel(Progress::default());
        let started = parts.clock.now();
        let inner = Inner {
            pictures: Pictures::new(parts.policy.bot.clone()),
            parts,
            subjects: Subjects::default(),
            metrics: Work::default(),
            progress,
            woken: tokio::sync::Notify::new(),
            started,
        };
        Self { inner: Arc::new(inner) }
    }

    fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    /// How far the present full pass has come.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.inner.progress.subscribe()
    }

    /// Rooms as they were last seen, for who hears of changes.
    #[must_use]
    pub fn pictures(&self) -> &Pictures {
        &self.inner.pictures
    }

    /// What was done so far, in numbers.
    #[must_use]
    pub fn metrics(&self) -> &Work {
        &self.inner.metrics
    }

    /// Has the lanes look at the store now, after somebody stored a wake-up there.
    pub fn nudge(&self) {
        self.inner.woken.notify_waiters();
    }

    /// The store, for those who hand in wishes.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.parts().store
    }
}
