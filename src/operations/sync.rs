//! Syncs everything, some people or one room on request.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_domain::authority::Act;
use equipemed_domain::command::{SyncTarget, Where, Who};
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::{StoreError, StoreRow};
use equipemed_domain::finding::Finding;
use equipemed_domain::key::RoomKey;
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use tokio_util::sync::CancellationToken;

use super::{Asked, Scene, Stop, Tally, Unclear, must_not_be_paused};
use crate::clock::Clock;
use crate::engine::options::Options;
use crate::engine::report::Report;
use crate::engine::tenure::Tenure;
use crate::engine::wakes::Waited;
use crate::store::{NewRun, Run, RunEnd, RunId, Store};

/// How often to check a run in another process.
const FOLLOW_EVERY: Duration = Duration::from_millis(300);

/// The subject of a requested sync, with names resolved.
#[derive(Clone, Debug)]
pub(crate) enum SyncSubject {
    Everything,
    People(Vec<PersonId>),
    Room(RoomKey),
}

impl SyncSubject {
    /// Resolves the request. A plain name may be a person's or a room's.
    pub(crate) fn of(said: &SyncTarget, scene: &Scene) -> Result<Self, Stop> {
        Ok(match said {
            SyncTarget::Everything => Self::Everything,
            SyncTarget::Room(room) => Self::Room(scene.find_room(room)?),
            SyncTarget::People(who) => match who.as_slice() {
                [Who::Name(name)] => match (scene.by_name(name), scene.find_room(&Where::Name(name.clone()))) {
                    (Ok(_), Ok(_)) => return Err(Unclear::PersonOrRoom { said: name.clone() }.into()),
                    (Ok(person), Err(_)) => Self::People(vec![person]),
                    (Err(_), Ok(room)) => Self::Room(room),
                    (Err(not_found), Err(_)) => return Err(not_found.into()),
                },
                who => Self::People(scene.find_people(who)?.into_iter().collect()),
            },
        })
    }

    fn wakes(&self) -> Vec<Wake> {
        match self {
            Self::Everything => vec![Wake::Everything],
            Self::People(people) => people.iter().copied().map(Wake::Person).collect(),
            Self::Room(room) => vec![Wake::Room(room.clone())],
        }
    }
}

/// Result of a sync of some people or one room.
#[derive(Debug)]
pub(crate) struct Synced {
    pub(crate) tally: Tally,
    pub(crate) waited: Waited,
    /// Findings about these people that need attention, such as a name that two want.
    pub(crate) notes: BTreeSet<Finding>,
    /// People whose account was not changed because its desired state is unclear.
    pub(crate) unclear: BTreeSet<PersonId>,
}

impl Asked {
    /// Resolves the target and checks whether the asker may sync it.
    pub(crate) fn sync_target(&self, said: &SyncTarget) -> Result<SyncSubject, Stop> {
        let target = SyncSubject::of(said, &self.scene)?;
        let room = match &target {
            SyncSubject::Room(room) => Some(room),
            SyncSubject::Everything | SyncSubject::People(_) => None,
        };
        self.may(Act::Sync, room)?;
        Ok(target)
    }

    /// What a sync would do.
    pub(crate) async fn preview_sync(&self, target: &SyncSubject) -> Result<Vec<Report>, Stop> {
        let mut reports = Vec::new();
        for wake in target.wakes() {
            reports.push(self.engine.preview(&wake, &Options::default()).await?);
        }
        Ok(reports)
    }

    /// Runs the passes over people or a room now and waits for them.
    pub(crate) async fn sync_narrowly(&self, target: &SyncSubject) -> Result<Synced, Stop> {
        must_not_be_paused(self.store(), self.now()).await?;
        let wish = Wish::new(self.source.as_str());
        let waited = self.look_and_wait(&target.wakes(), std::slice::from_ref(&wish)).await?;
        let tally = self.tally(&wish).await?;
        // Two people may share a finding.
        let (mut notes, mut unclear) = (BTreeSet::new(), BTreeSet::new());
        for (index, report) in self.preview_sync(target).await?.into_iter().enumerate() {
            let concerns = |finding: &Finding| match target {
                SyncSubject::People(people) => people
                    .get(index)
                    .is_some_and(|person| finding.concerns(*person, self.scene.user_of(*person).map(|user| &**user))),
                SyncSubject::Room(_) | SyncSubject::Everything => finding.is_idle_room(),
            };
            if let (true, SyncSubject::People(people)) = (report.is_unclear, target) {
                unclear.extend(people.get(index));
            }
            notes.extend(report.plan.findings.into_iter().filter(concerns));
        }
        Ok(Synced { tally, waited, notes, unclear })
    }

    /// Requests a full run.
    pub(crate) async fn request_run(&self) -> Result<Following, Stop> {
        let run = self.run_named(self.source.clone()).await?;
        Ok(Following { asked: self.clone(), run, may_repeat: self.again })
    }

    /// The run with this source; repeated requests return the same one.
    async fn run_named(&self, source: String) -> Result<RunId, Stop> {
        must_not_be_paused(self.store(), self.now()).await?;
        let options = Options::default().to_json()?;
        let new = NewRun { origin: self.origin.to_owned(), options, source: Some(source) };
        let run = self.store().request_run(&new, self.now()).await?;
        self.engine.wakes().nudge();
        Ok(run)
    }
}

/// A requested run, followed until its end.
#[derive(Debug)]
pub(crate) struct Following {
    asked: Asked,
    run: RunId,
    may_repeat: bool,
}

impl Following {
    /// The run's progress, or how it ended.
    pub(crate) async fn look(&mut self) -> Result<Run, Stop> {
        loop {
            let row = self.asked.store().run(self.run).await?.ok_or(StoreError::Disappeared(StoreRow::Run))?;
            if let Some(RunEnd::Failed(_)) = &row.end {
                // The process was killed during the run: request another one.
                if std::mem::take(&mut self.may_repeat) {
                    self.run = self.asked.run_named(format!("{} again", self.asked.source)).await?;
                    continue;
                }
                // As the answer promises: what was requested or released must not be lost with this run.
                self.asked.engine.wake(&Wake::Everything, self.asked.origin).await?;
            }
            return Ok(row);
        }
    }
}

/// Result of a run that was requested from another process.
#[derive(Debug)]
pub(crate) enum HandedOver {
    Ended(RunEnd),
    /// That process ended without finishing it.
    Abandoned,
    /// It is no longer followed.
    Left {
        is_taken_back: bool,
    },
}

/// Requests a run from the process that holds the lease, and shows its progress until it ends.
pub(crate) async fn hand_over_run(
    (store, clock): (&Store, &Clock),
    options: &Options,
    stop: &CancellationToken,
    mut show: impl FnMut((u64, u64)),
) -> Result<HandedOver, StoreError> {
    let new = NewRun { origin: "cli".to_owned(), options: options.to_json()?, source: None };
    let id = store.request_run(&new, clock.now()).await?;
    loop {
        let run = store.run(id).await?.ok_or(StoreError::Disappeared(StoreRow::Run))?;
        if let Some(end) = run.end {
            return Ok(HandedOver::Ended(end));
        }
        show(run.progress);
        if stop.is_cancelled() {
            return Ok(HandedOver::Left { is_taken_back: store.withdraw_run(id).await? });
        }
        if Tenure::holder(store, clock).await?.is_none() && is_abandoned(store, id).await? {
            return Ok(HandedOver::Abandoned);
        }
        tokio::select! {
            () = tokio::time::sleep(FOLLOW_EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Whether nobody will end the run now that the lease is free: it was never begun, or its process died.
async fn is_abandoned(store: &Store, run: RunId) -> Result<bool, StoreError> {
    if store.withdraw_run(run).await? {
        return Ok(true);
    }
    // It may have ended since the last check.
    Ok(store.run(run).await?.is_some_and(|run| run.end.is_none()))
}
