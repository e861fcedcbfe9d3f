//! Pauses the service and resumes it.

use equipemed_domain::announcement::Announcement;
use equipemed_domain::authority::Act;
use equipemed_domain::fault::Fault;
use equipemed_domain::pause::Pause;
use equipemed_domain::wake::Wake;
use jiff::{SignedDuration, Timestamp};

use super::{Asked, Stop, Unclear};
use crate::store::{OPERATOR, Store, StoreError};

impl Asked {
    /// Begins a pause, in place of an earlier one.
    pub(crate) async fn pause(&self, lasts: Option<SignedDuration>, because: Option<&str>) -> Result<Pause, Stop> {
        self.may(Act::Approve, None)?;
        self.must_write()?;
        let since = self.now();
        let until = lasts.and_then(|lasts| self.begins_at().checked_add(lasts).ok());
        let pause = Pause { by: self.by.name.clone(), since, until, because: because.map(str::to_owned) };
        if let Some(until) = until.filter(|_| pause.is_over(since)) {
            return Err(Unclear::TimeIsOver { until }.into());
        }
        begin(self.store(), &pause).await?;
        Ok(pause)
    }

    /// Ends the pause; false if there is none.
    pub(crate) async fn resume(&self) -> Result<bool, Stop> {
        self.may(Act::Approve, None)?;
        self.must_write()?;
        let was_paused = end(self.store(), self.now()).await?;
        self.engine.wakes().nudge();
        Ok(was_paused)
    }
}

/// Begins a pause at the machine; the control room is told.
pub(crate) async fn pause_by_operator(store: &Store, pause: &Pause) -> Result<(), StoreError> {
    begin(store, pause).await?;
    let name = format!("pause:{}", pause.since.as_millisecond());
    store.announce(&name, &Announcement::Paused { pause: pause.clone() }, pause.since).await?;
    Ok(())
}

/// Ends the pause at the machine; false if there is none.
pub(crate) async fn resume_by_operator(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    let was_paused = end(store, now).await?;
    if was_paused {
        let content = Announcement::Resumed { by: OPERATOR.to_owned() };
        store.announce(&format!("resume:{}", now.as_millisecond()), &content, now).await?;
    }
    Ok(was_paused)
}

async fn begin(store: &Store, pause: &Pause) -> Result<(), StoreError> {
    store.begin_pause(pause).await?;
    // They wait for the end of the earlier pause, which may be later.
    store.hasten_files(pause.since).await?;
    // The pass that finds it over tells so, and does what was left. Passes until then keep the time.
    match pause.until {
        Some(until) => store.wake(&Wake::Everything, "pause over", until, pause.since).await,
        None => Ok(()),
    }
}

/// Ends the pause and wakes a full pass, which does what was left.
async fn end(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    loop {
        let Some(pause) = store.last_pause().await? else { return Ok(false) };
        // Another one may have begun meanwhile.
        if store.end_pause(&pause).await? {
            break;
        }
    }
    store.hasten_files(now).await?;
    store.wake(&Wake::Everything, "resume", now, now).await?;
    Ok(true)
}

/// Refuses while the service is paused.
pub(crate) async fn must_not_be_paused(store: &Store, now: Timestamp) -> Result<(), Fault> {
    match store.pause(now).await? {
        Some(_) => Err(Fault::Paused),
        None => Ok(()),
    }
}
