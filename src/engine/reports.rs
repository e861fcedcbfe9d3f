//! What people report in their clients: read from Synapse, noted for the control room, and deleted there once answered.
//!
//! Only the holder of the lease asks. The chat shows what is noted here; a reported message is never read, only whether
//! it is still there to be redacted.

use std::time::Duration;

use equipemed_domain::deed::Deed;
use equipemed_domain::fault::Fault;
use equipemed_domain::mode::Mode;
use equipemed_domain::observed::Membership;
use equipemed_domain::report::{ReportEnding, ReportPlace};
use equipemed_domain::setting::RoomSetting;
use jiff::{SignedDuration, Timestamp};
use ruma_common::{EventId, RoomId};
use tokio::time::Instant;

use super::Engine;
use super::backoff::Seldom;
use super::handles::Handles;
use super::tenure::Tenure;
use crate::homeserver::HomeserverError;
use crate::store::{NewDeed, ReportCase, SERVICE, StoreError};

/// How often to check whether the next look is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How far the first look goes back; what is older stays in Synapse.
const FIRST: SignedDuration = SignedDuration::from_hours(24);
/// A report may become visible this long after one with a later time.
const SLACK: SignedDuration = SignedDuration::from_secs(60);
/// How far Synapse's clock may be behind the newest report before it counts as set back.
const SET_BACK: SignedDuration = SignedDuration::from_mins(5);
/// How often the position is noted while nobody reports anything.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How often open reports are compared with what became of their events: a redaction is usually pushed.
const COMPARED_EVERY: Duration = Duration::from_secs(600);
/// How long that is done; afterwards only a pushed redaction or an answer closes them.
const COMPARED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Deletions asked for in one turn.
const DROPPED: usize = 100;

/// Looks for reports at this interval while this process has the lease.
pub(super) async fn lane(handles: &Handles, tenure: &Tenure, every: Option<Duration>) {
    let Some(every) = every else { return std::future::pending().await };
    let mut said = Seldom::default();
    let (mut looked, mut compared): (Option<Instant>, Option<Instant>) = (None, None);
    while !handles.stop.is_cancelled() && tenure.is_held() {
        if looked.is_none_or(|at| at.elapsed() >= every) {
            looked = Some(Instant::now());
            let compares = compared.is_none_or(|at| at.elapsed() >= COMPARED_EVERY);
            match look(handles, compares).await {
                Ok(()) if compares => compared = Some(Instant::now()),
                Ok(()) => {}
                Err(error) if said.is_due() => tracing::warn!(%error, "Reports could not be read; it is tried again"),
                Err(_) => {}
            }
        }
        tokio::select! {
            () = handles.stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY.min(every)) => {}
        }
    }
}

async fn look(handles: &Handles, compares: bool) -> Result<(), Fault> {
    let (store, reader, now) = (&handles.store, &handles.reader, handles.clock.now());
    let until = store.reports_read_until().await?;
    let server = reader.traffic().server_time().unwrap_or(now);
    let since = since(until, server);
    let reports = reader.reports_since(since).await?;
    let newest = reports.iter().map(|report| report.received_at).max();
    let read_until = newest.unwrap_or(server).max(server);
    let is_due = until.is_none_or(|until| read_until.duration_since(until).abs() >= NOTED_EVERY);
    if !reports.is_empty() || is_due {
        let new = store.note_reports(&reports, read_until, now).await?;
        if new > 0 {
            tracing::info!(reports = new, "People reported messages");
        }
    }
    for case in store.report_cases_open(!compares, compared_since(now)).await? {
        match see_to(handles, &case).await {
            // One that Synapse cannot show must not hide the others.
            Err(Fault::Homeserver(error)) if !error.concerns_all() => {
                tracing::warn!(%error, "It could not be found out where a reported message is");
                if case.place.is_none() {
                    store.report_is_at(case.id, ReportPlace::Unmanaged).await?;
                }
            }
            seen => seen?,
        }
    }
    while drop_answered(handles).await? {}
    Ok(store.forget_reports(now).await?)
}

/// From when on open cases are compared.
fn compared_since(now: Timestamp) -> Timestamp {
    now.checked_sub(COMPARED_FOR).unwrap_or(Timestamp::MIN)
}

/// From when on reports are read.
fn since(until: Option<Timestamp>, server: Timestamp) -> Timestamp {
    let before = |at: Timestamp, span| at.checked_sub(span).unwrap_or(Timestamp::MIN);
    match until {
        Some(until) if until <= server.checked_add(SET_BACK).unwrap_or(server) => before(until, SLACK),
        _ => before(server, FIRST),
    }
}

/// Finds out where a reported event is and whether it is still there.
async fn see_to(handles: &Handles, case: &ReportCase) -> Result<(), Fault> {
    let (store, now) = (&handles.store, handles.clock.now());
    let Some(event) = &case.event_id else { return Ok(()) };
    let place = match store.key_of_room(&case.room_id).await? {
        Some(_) => match in_managed_room(handles, &case.room_id, event).await? {
            Some(place) => place,
            None => {
                store.close_report_case(case.id, ReportEnding::Redacted, None, now).await?;
                return Ok(());
            }
        },
        None if case.place.is_some() => return Ok(()),
        None => in_other_room(handles, &case.room_id).await?,
    };
    if case.place != Some(place) {
        store.report_is_at(case.id, place).await?;
    }
    Ok(())
}

/// None if the event is redacted.
async fn in_managed_room(handles: &Handles, room_id: &RoomId, event: &EventId) -> Result<Option<ReportPlace>, Fault> {
    let seen = match handles.reader.event(room_id, event).await {
        Err(error) if error.is_absence() => None,
        seen => seen?,
    };
    Ok(match seen {
        Some(seen) if seen.content.redacted => None,
        Some(seen) if seen.state_key.is_none() => Some(ReportPlace::Redactable),
        _ => Some(ReportPlace::Managed),
    })
}

async fn in_other_room(handles: &Handles, room_id: &RoomId) -> Result<ReportPlace, Fault> {
    let room = match handles.reader.any_room(room_id).await {
        Ok(room) => room,
        // Deleted since, or of an unknown form.
        Err(error) if error.is_absence() || matches!(error, HomeserverError::Nonsense { .. }) => {
            return Ok(ReportPlace::Unmanaged);
        }
        Err(error) => return Err(error.into()),
    };
    let present = |is: &&Membership| matches!(is, Membership::Join | Membership::Invite);
    let is_direct =
        !room.settings.contains_key(&RoomSetting::Name) && room.members.values().filter(present).count() <= 2;
    Ok(if is_direct { ReportPlace::Direct } else { ReportPlace::Unmanaged })
}

/// Asks for the deletion of some reports that were answered; true if there may be more. Repeated calls ask once.
async fn drop_answered(handles: &Handles) -> Result<bool, StoreError> {
    // Nothing is deleted in mode observe; the reports are dropped once the mode is enforce.
    if handles.mode == Mode::Observe {
        return Ok(false);
    }
    let (store, now) = (&handles.store, handles.clock.now());
    let dropped = store.reports_to_drop(DROPPED).await?;
    for report in &dropped {
        let deed = NewDeed {
            deed: Deed::CloseReport {
                room_id: report.room_id.clone(),
                report: report.id,
                received_at: report.received_at,
            },
            asker: report.closed_by.as_ref().map_or_else(|| SERVICE.to_owned(), ToString::to_string),
            reason: None,
            due_at: now,
            source: Some(format!("report {} {}", report.id, report.received_at.as_millisecond())),
        };
        store.add_deed(&deed, now).await?;
        store.report_dropped(report, now).await?;
    }
    if !dropped.is_empty() {
        handles.wakes.nudge();
    }
    Ok(dropped.len() == DROPPED)
}

/// Closes the report of an event that was redacted, if there is one; `by` is whoever asked for it.
pub(super) async fn redacted(handles: &Handles, event: &EventId, by: &str) -> Result<(), StoreError> {
    if let Some(case) = handles.store.report_case_of(event).await? {
        close(handles, case, ReportEnding::Redacted, by).await?;
    }
    Ok(())
}

async fn close(handles: &Handles, case: i64, ending: ReportEnding, by: &str) -> Result<(), StoreError> {
    // What the service did by itself has no person to name.
    let by = Some(by).filter(|by| by.starts_with('@'));
    if handles.store.close_report_case(case, ending, by, handles.clock.now()).await? {
        // The next look drops the rest.
        drop_answered(handles).await?;
    }
    Ok(())
}

impl Engine {
    /// Closes the report of an event that somebody redacted.
    pub(crate) async fn report_redacted(&self, event: &EventId, by: &str) -> Result<(), StoreError> {
        redacted(&self.handles, event, by).await
    }

    /// Closes a report that somebody says is settled.
    pub(crate) async fn settle_report(&self, case: i64, by: &str) -> Result<(), StoreError> {
        close(&self.handles, case, ReportEnding::Settled, by).await
    }
}
