//! How the service is.

use equipemed_domain::fault::Fault;
use equipemed_domain::wake::Wake;
use jiff::Timestamp;

use super::{Asked, Stop};
use crate::engine::progress::Progress;
use crate::homeserver::Patience;
use crate::store::{HeldPlan, RunEnd, RunState};

/// How many of the latest runs are looked through for one that ended.
const RUNS: usize = 10;

/// How it is.
#[derive(Debug)]
pub(crate) struct Status {
    /// Whether anything is changed on Synapse.
    pub(crate) writes: bool,
    /// How far the run is that is under way.
    pub(crate) running: Option<Progress>,
    /// The last run that ended.
    pub(crate) last: Option<(Timestamp, RunEnd)>,
    /// When the next one begins by itself.
    pub(crate) next: Option<Timestamp>,
    /// How many wake-ups are due, and how many deeds are open.
    pub(crate) queue: (u64, u64),
    /// What waits for somebody's yes.
    pub(crate) held: Vec<HeldPlan>,
    /// Synapse's version, or why it does not tell.
    pub(crate) synapse: Result<String, Fault>,
}

impl Asked {
    /// Looks.
    pub(crate) async fn status(&self) -> Result<Status, Stop> {
        let (store, now) = (self.store(), self.scene.now);
        let runs = store.recent_runs(RUNS).await?;
        let is_running = runs.iter().any(|run| run.state == RunState::Running);
        // One try: who asks how the service is does not want to wait until Synapse is back.
        let reader = self.engine.reader().patient(Patience::NONE);
        Ok(Status {
            writes: self.engine.may_write(),
            running: is_running.then(|| *self.engine.progress().borrow()),
            last: runs.into_iter().find_map(|run| Some((run.finished_at?, run.end?))),
            next: store.wakeup(&Wake::Everything).await?.map(|next| next.due_at),
            queue: (store.wakeups_due(now).await?, store.deeds_open().await?),
            held: store.held_open(now).await?,
            synapse: reader.synapse_version().await.map_err(Into::into),
        })
    }
}
