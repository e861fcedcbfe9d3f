//! The service's status.

use equipemed_domain::fault::Fault;
use equipemed_domain::pause::Pause;
use equipemed_domain::wake::Wake;
use jiff::Timestamp;

use super::{Asked, Stop};
use crate::engine::progress::Progress;
use crate::homeserver::Patience;
use crate::store::{HeldPlan, RunEnd, RunState};

/// Number of latest runs searched for one that ended.
const RUNS: usize = 10;

/// The service's status.
#[derive(Debug)]
pub(crate) struct Status {
    /// Whether the service may change Synapse.
    pub(crate) writes: bool,
    /// The present pause.
    pub(crate) pause: Option<Pause>,
    /// Progress of the current run.
    pub(crate) running: Option<Progress>,
    /// The last run that ended.
    pub(crate) last: Option<(Timestamp, RunEnd)>,
    /// When the next one begins by itself.
    pub(crate) next: Option<Timestamp>,
    /// Number of due wake-ups, and of open deeds.
    pub(crate) queue: (u64, u64),
    /// Number of reports that nobody has answered.
    pub(crate) reports: u64,
    /// What waits for approval.
    pub(crate) held: Vec<HeldPlan>,
    /// Synapse's version, or why it is unknown.
    pub(crate) synapse: Result<String, Fault>,
}

impl Asked {
    /// Reads the status.
    pub(crate) async fn status(&self) -> Result<Status, Stop> {
        let (store, now) = (self.store(), self.scene.now);
        let runs = store.recent_runs(RUNS).await?;
        let is_running = runs.iter().any(|run| run.state == RunState::Running);
        // One attempt: somebody who asks for the status does not want to wait for Synapse to return.
        let reader = self.engine.reader().patient(Patience::NONE);
        Ok(Status {
            writes: self.engine.may_write(),
            pause: store.pause(now).await?,
            running: is_running.then(|| *self.engine.progress().borrow()),
            last: runs.into_iter().find_map(|run| Some((run.finished_at?, run.end?))),
            next: store.wakeup(&Wake::Everything).await?.map(|next| next.due_at),
            queue: (store.wakeups_due(now).await?, store.deeds_open().await?),
            reports: store.reports_open().await?,
            held: store.held_open(now).await?,
            synapse: reader.synapse_version().await.map_err(Into::into),
        })
    }
}
