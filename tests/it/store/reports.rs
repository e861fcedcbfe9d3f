//! Reported messages and what the control room shows of them, on both databases.

use anyhow::{Context as _, Result};
use equipemed_bot::store::Store;
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::report::{Report, ReportPlace, SHOWN_SINGLY, is_news};
use jiff::Timestamp;
use ruma_common::{EventId, event_id, owned_room_id, owned_user_id, room_id};

use super::{at, on_both};

on_both!(what_is_due_is_read_whatever_comes_before_it, another_control_room_shows_open_reports_anew);

/// Ana reports this event.
fn report(id: i64) -> Result<Report> {
    Ok(Report {
        id,
        received_at: at(id),
        room_id: owned_room_id!("!icu:h.org"),
        event_id: EventId::parse(format!("${id}"))?,
        reporter: owned_user_id!("@ana:h.org"),
        sender: None,
        reason: None,
    })
}

async fn what_is_due_is_read_whatever_comes_before_it(store: Store) -> Result<()> {
    let singly = i64::try_from(SHOWN_SINGLY)?;
    let mut told = vec![];
    for number in 1..=singly + 9 {
        store.note_reports(&[report(number)?], at(number), at(number)).await?;
        for case in store.report_cases_open(true, Timestamp::MIN).await? {
            store.report_is_at(case.id, ReportPlace::Direct).await?;
        }
        let shown = told.last().copied().unwrap_or(0);
        if number > singly && is_news(ReportPlace::Several, shown, number - singly) {
            told.push(number - singly);
        }
        // One is enough: what is not due takes no place.
        let mut due = store.report_cases_to_show(1).await?;
        let is_due = number <= singly || told.last() == Some(&(number - singly));
        assert_eq!(due.len(), usize::from(is_due), "{number}");
        if let Some(case) = due.pop() {
            store.report_shown(case.id, case.count, Some(event_id!("$shown"))).await?;
        }
    }
    assert_eq!(told, [1, 2, 4, 8]);
    assert_eq!(store.report_cases_open(false, at(singly - 1)).await?.len(), 1, "opened long ago");
    Ok(())
}

async fn another_control_room_shows_open_reports_anew(store: Store) -> Result<()> {
    let (control, first) = (RoomKey::from(CONTROL_ROOM), room_id!("!first:h.org"));
    store.bind_room(&control, first, at(0)).await?;
    store.note_reports(&[report(1)?], at(1), at(1)).await?;
    let case = store.report_cases_open(true, at(0)).await?.pop().context("there is one")?;
    store.report_is_at(case.id, ReportPlace::Direct).await?;
    store.report_shown(case.id, 1, Some(event_id!("$shown"))).await?;
    store.rebind_room(&control, first, at(2)).await?;
    store.rebind_room(&RoomKey::from("icu"), room_id!("!icu:h.org"), at(2)).await?;
    assert_eq!(store.report_cases_to_show(9).await?, []);
    store.rebind_room(&control, room_id!("!second:h.org"), at(3)).await?;
    let due = store.report_cases_to_show(9).await?.pop().context("it is due")?;
    assert_eq!((due.id, due.shown, due.posted_event), (case.id, 0, None));
    Ok(())
}
