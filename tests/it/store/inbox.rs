//! The inbox of events from Synapse, on both databases.

use anyhow::Result;
use equipemed_bot::store::{Dialect, Store};
use equipemed_domain::command::Message;
use equipemed_domain::event::{Content, Event, MembershipState};
use ruma_common::{EventId, room_id, user_id};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use super::{at, both, on_both};

on_both!(
    events_are_taken_in_once_and_given_out_in_order,
    a_row_that_cannot_be_stored_takes_everything_along,
    a_handled_event_is_kept_until_it_is_old,
    a_failed_event_waits_on_and_counts,
);

fn said(body: &'static str) -> Content {
    Content::Command(Message { body: body.into(), formatted_body: None, reply_to: None, thread: None })
}

fn event(id: &str, content: Content) -> Result<Event> {
    Ok(Event {
        event_id: EventId::parse(id)?,
        room_id: room_id!("!icu:hospital.example").to_owned(),
        kind: "m.room.message".to_owned(),
        state_key: None,
        sender: user_id!("@ana:hospital.example").to_owned(),
        sent_at: at(-1),
        content,
    })
}

async fn ids(store: &Store) -> Result<Vec<String>> {
    Ok(store.inbox_waiting(99).await?.into_iter().map(|row| row.event.event_id.to_string()).collect())
}

async fn events_are_taken_in_once_and_given_out_in_order(store: Store) -> Result<()> {
    let command = event("$b", said("!status"))?;
    let name = ("m.room.name".to_owned(), Some(String::new()));
    let state = Event { kind: name.0, state_key: name.1, ..event("$a", Content::Other)? };
    let new = store.take_in(&[command.clone(), state.clone()], at(0)).await?;
    assert_eq!(new.len(), 2);
    let new = store.take_in(&[state.clone(), event("$c", said("!sync"))?, command.clone()], at(5)).await?;
    assert_eq!(new.into_iter().map(|id| id.to_string()).collect::<Vec<_>>(), ["$c"]);
    assert_eq!(ids(&store).await?, ["$b", "$a", "$c"]);
    assert_eq!(store.inbox_open().await?, 3);
    let rows = store.inbox_waiting(2).await?;
    assert_eq!(rows.iter().map(|row| row.event.clone()).collect::<Vec<_>>(), [command, state]);
    assert_eq!((rows[0].received_at, rows[0].attempts), (at(0), 0));
    Ok(())
}

async fn a_row_that_cannot_be_stored_takes_everything_along(store: Store) -> Result<()> {
    store.take_in(&[event("$a", said("!sync"))?], at(0)).await?;
    // Only PostgreSQL refuses such a row.
    if store.dialect() == Dialect::Postgres {
        let impossible = Event { kind: "nul \0".to_owned(), ..event("$c", said("!sync"))? };
        assert!(store.take_in(&[event("$b", said("!sync"))?, impossible], at(2)).await.is_err());
    }
    assert_eq!(ids(&store).await?, ["$a"]);
    Ok(())
}

async fn a_handled_event_is_kept_until_it_is_old(store: Store) -> Result<()> {
    store.take_in(&[event("$a", said("!sync"))?, event("$b", said("!sync"))?], at(0)).await?;
    store.take_in(&[event("$c", said("!sync"))?], at(100)).await?;
    let seqs: Vec<i64> = store.inbox_waiting(99).await?.iter().map(|row| row.seq).collect();
    store.inbox_done(&[seqs[0], seqs[2]], at(101)).await?;
    assert_eq!((ids(&store).await?, store.inbox_open().await?), (vec!["$b".to_owned()], 1));
    // A repetition of a handled event is ignored.
    assert!(store.take_in(&[event("$a", said("!sync"))?], at(102)).await?.is_empty());
    assert_eq!(ids(&store).await?, ["$b"]);
    assert_eq!(store.prune_inbox(at(100)).await?, 1, "the old one that was handled, and no other");
    assert_eq!(store.prune_inbox(at(101)).await?, 1);
    assert_eq!(ids(&store).await?, ["$b"]);
    Ok(())
}

async fn a_failed_event_waits_on_and_counts(store: Store) -> Result<()> {
    store.take_in(&[event("$a", said("!sync"))?], at(0)).await?;
    let seq = store.inbox_waiting(1).await?[0].seq;
    assert_eq!((store.inbox_retry(seq).await?, store.inbox_retry(seq).await?), (1, 2));
    assert_eq!(store.inbox_waiting(1).await?[0].attempts, 2);
    store.inbox_done(&[seq], at(1)).await?;
    assert!(store.inbox_retry(seq).await.is_err());
    Ok(())
}

/// One row of each kind as version 1 wrote it, and one that version 1 could not read, with their content.
#[tokio::test]
async fn rows_of_earlier_versions_are_read() -> Result<()> {
    let levels = |level: i64| json!({"users": {"@ana:h.org": level}}).as_object().cloned();
    let member = |before, membership| Content::Member { before, membership };
    let (ban, leave, join) = (MembershipState::Ban, MembershipState::Leave, MembershipState::Join);
    let message = Message {
        body: "!kick Rui".into(),
        formatted_body: Some("!kick <a>Rui</a>".into()),
        reply_to: Some(EventId::parse("$chat")?),
        thread: None,
    };
    let old: [(&str, &str, Content); 9] = [
        ("m.room.message", r#"'{"body":"!status"}'"#, said("!status")),
        (
            "m.room.message",
            r#"'{"body":"!kick Rui","formatted_body":"!kick <a>Rui</a>","reply_to":"$chat"}'"#,
            Content::Command(message),
        ),
        (
            "m.reaction",
            r#"'{"event_id":"$open","key":"✅"}'"#,
            Content::Reaction { event_id: EventId::parse("$open")?, key: "✅".to_owned() },
        ),
        ("m.room.member", r#"'{"membership":"join"}'"#, member(None, join)),
        ("m.room.member", r#"'{"before":"ban","membership":"leave"}'"#, member(Some(ban), leave)),
        (
            "m.room.power_levels",
            r#"'{"content":{ "users":{"@ana:h.org":100} },"prev":{"users":{"@ana:h.org":0}}}'"#,
            Content::PowerLevels { content: levels(100).unwrap_or_default(), prev: levels(0) },
        ),
        (
            "m.room.power_levels",
            r#"'{"content":{"users":{"@ana:h.org":100}},"prev":null}'"#,
            Content::PowerLevels { content: levels(100).unwrap_or_default(), prev: None },
        ),
        ("m.room.name", "null", Content::Other),
        ("m.room.message", r#"'{"body":'"#, Content::Other),
    ];
    for fresh in both().await? {
        for (number, (kind, content, _)) in old.iter().enumerate() {
            let sql = format!(
                "insert into inbox (event_id, room_id, kind, sender, sent_at, received_at, content, state)
                values ('${number}', '!icu:h.org', '{kind}', '@ana:h.org', 0, 0, {content}, 'waiting')"
            );
            match fresh.store.dialect() {
                Dialect::Sqlite => {
                    _ = SqliteConnection::connect(&fresh.url).await?.execute(AssertSqlSafe(sql)).await?;
                }
                Dialect::Postgres => _ = PgConnection::connect(&fresh.url).await?.execute(AssertSqlSafe(sql)).await?,
            }
        }
        let rows = fresh.store.inbox_waiting(99).await?;
        assert_eq!(rows.len(), old.len());
        for (row, (_, text, content)) in rows.iter().zip(&old) {
            assert_eq!(row.event.content, *content, "{text}");
        }
    }
    Ok(())
}
