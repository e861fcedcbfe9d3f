//! What Synapse sent, on both databases.

use anyhow::Result;
use equipemed_bot::store::{Dialect, NewInboxEvent, Store};
use ruma_common::{EventId, room_id, user_id};

use super::{at, on_both};

on_both!(
    events_are_taken_in_once_and_given_out_in_order,
    a_row_that_cannot_be_stored_takes_everything_along,
    a_handled_event_is_kept_until_it_is_old,
    a_failed_event_waits_on_and_counts,
);

fn event(id: &str, content: Option<&str>) -> Result<NewInboxEvent> {
    Ok(NewInboxEvent {
        event_id: EventId::parse(id)?,
        room_id: room_id!("!icu:hospital.example").to_owned(),
        kind: "m.room.message".to_owned(),
        state_key: None,
        sender: user_id!("@ana:hospital.example").to_owned(),
        sent_at: at(-1),
        content: content.map(str::to_owned),
    })
}

async fn ids(store: &Store) -> Result<Vec<String>> {
    Ok(store.inbox_waiting(99).await?.into_iter().map(|row| row.event.event_id.to_string()).collect())
}

async fn events_are_taken_in_once_and_given_out_in_order(store: Store) -> Result<()> {
    let said = event("$b", Some(r#"{"body":"!status"}"#))?;
    let state = NewInboxEvent { state_key: Some(String::new()), kind: "m.room.name".to_owned(), ..event("$a", None)? };
    let new = store.take_in(&[said.clone(), state.clone()], at(0)).await?;
    assert_eq!(new.len(), 2);
    let new = store.take_in(&[state.clone(), event("$c", None)?, said.clone()], at(5)).await?;
    assert_eq!(new.into_iter().map(|id| id.to_string()).collect::<Vec<_>>(), ["$c"]);
    assert_eq!(ids(&store).await?, ["$b", "$a", "$c"]);
    assert_eq!(store.inbox_open().await?, 3);
    let rows = store.inbox_waiting(2).await?;
    assert_eq!(rows.iter().map(|row| row.event.clone()).collect::<Vec<_>>(), [said, state]);
    assert_eq!((rows[0].received_at, rows[0].attempts), (at(0), 0));
    Ok(())
}

async fn a_row_that_cannot_be_stored_takes_everything_along(store: Store) -> Result<()> {
    store.take_in(&[event("$a", None)?], at(0)).await?;
    // Only one of the databases has such rows.
    if store.dialect() == Dialect::Postgres {
        let impossible = NewInboxEvent { kind: "nul \0".to_owned(), ..event("$c", None)? };
        assert!(store.take_in(&[event("$b", None)?, impossible], at(2)).await.is_err());
    }
    assert_eq!(ids(&store).await?, ["$a"]);
    Ok(())
}

async fn a_handled_event_is_kept_until_it_is_old(store: Store) -> Result<()> {
    store.take_in(&[event("$a", None)?, event("$b", None)?], at(0)).await?;
    store.take_in(&[event("$c", None)?], at(100)).await?;
    let seqs: Vec<i64> = store.inbox_waiting(99).await?.iter().map(|row| row.seq).collect();
    store.inbox_done(&[seqs[0], seqs[2]], at(101)).await?;
    assert_eq!((ids(&store).await?, store.inbox_open().await?), (vec!["$b".to_owned()], 1));
    // It came again: it was handled already.
    assert!(store.take_in(&[event("$a", None)?], at(102)).await?.is_empty());
    assert_eq!(ids(&store).await?, ["$b"]);
    assert_eq!(store.prune_inbox(at(100)).await?, 1, "the old one that was handled, and no other");
    assert_eq!(store.prune_inbox(at(101)).await?, 1);
    assert_eq!(ids(&store).await?, ["$b"]);
    Ok(())
}

async fn a_failed_event_waits_on_and_counts(store: Store) -> Result<()> {
    store.take_in(&[event("$a", None)?], at(0)).await?;
    let seq = store.inbox_waiting(1).await?[0].seq;
    assert_eq!((store.inbox_retry(seq).await?, store.inbox_retry(seq).await?), (1, 2));
    assert_eq!(store.inbox_waiting(1).await?[0].attempts, 2);
    store.inbox_done(&[seq], at(1)).await?;
    assert!(store.inbox_retry(seq).await.is_err());
    Ok(())
}
