//! Pauses the service and resumes it.

use equipemed_domain::announcement::Announcement;
use equipemed_domain::fault::Fault;
use equipemed_domain::pause::Pause;
use equipemed_domain::wake::Wake;
use jiff::Timestamp;

use crate::store::{Store, StoreError};

/// Begins a pause, in place of an earlier one. The control room is told unless it was asked there.
pub(crate) async fn pause(store: &Store, pause: &Pause, tell: bool) -> Result<(), StoreError> {
    store.begin_pause(pause).await?;
    if tell {
        let name = format!("pause:{}", pause.since.as_millisecond());
        store.announce(&name, &Announcement::Paused { pause: pause.clone() }, pause.since).await?;
    }
    // The pass that finds it over tells so, and does what was left. Passes until then keep the time.
    if let Some(until) = pause.until {
        store.wake(&Wake::Everything, "pause over", until, pause.since).await?;
    }
    Ok(())
}

/// Ends the pause and wakes a full pass, which does what was left; false if there is none.
pub(crate) async fn resume(store: &Store, by: &str, now: Timestamp, tell: bool) -> Result<bool, StoreError> {
    loop {
        let Some(pause) = store.pause().await? else { return Ok(false) };
        // Another one may have begun meanwhile.
        if store.end_pause(&pause).await? {
            break;
        }
    }
    if tell {
        let content = Announcement::Resumed { by: by.to_owned() };
        store.announce(&format!("resume:{}", now.as_millisecond()), &content, now).await?;
    }
    store.wake(&Wake::Everything, "resume", now, now).await?;
    Ok(true)
}

/// The present pause.
pub(crate) async fn paused(store: &Store, now: Timestamp) -> Result<Option<Pause>, StoreError> {
    Ok(store.pause().await?.filter(|pause| !pause.is_over(now)))
}

/// Refuses while the service is paused.
pub(crate) async fn must_not_be_paused(store: &Store, now: Timestamp) -> Result<(), Fault> {
    match paused(store, now).await? {
        Some(_) => Err(Fault::Paused),
        None => Ok(()),
    }
}
