//! Synapse's pushes: rooms need not be read again, changes by hand are reverted, commands are not lost.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use equipemed_bot::homeserver::Endpoint;
use equipemed_bot::store::SYNC_TOKEN;
use serde_json::{Value, json};

use super::process::Running;
use super::{Hospital, chief, count, count_state, crowd, until};

fn rooms() -> Value {
    json!({
        "todos": {"name": "Equipe", "members": {"any": true}},
        "icu": {"name": "UTI", "members": {"any": true}},
    })
}

fn people() -> Vec<super::Person> {
    let mut people = crowd("p", 3, &[]);
    people.push(chief("chefe"));
    people
}

/// A service that has finished its first pass and stored all resulting events.
async fn settled(hospital: &Hospital) -> anyhow::Result<Running> {
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    serving.told("Synapse reaches this service").await?;
    said(hospital, "p00", "todos", "!whoami").await?;
    Ok(serving)
}

/// Sends a message to a room and waits until it is stored.
async fn said(hospital: &Hospital, who: &str, room: &str, text: &str) -> anyhow::Result<()> {
    let event = hospital.client(who).await?.send_text(&hospital.room(room).await?, text).await?;
    hospital.taken(&event).await
}

/// The stored commands in order.
async fn commands(hospital: &Hospital) -> anyhow::Result<Vec<String>> {
    let rows = hospital.inbox().await?.into_iter().filter(|row| row.kind == "m.room.message");
    rows.map(|row| {
        let content: Value = serde_json::from_str(&row.content.context("no content")?)?;
        Ok(content["body"].as_str().unwrap_or_default().to_owned())
    })
    .collect()
}

#[tokio::test]
async fn a_warm_service_looks_at_no_room_and_puts_back_what_was_changed_by_hand() -> anyhow::Result<()> {
    let hospital = Hospital::new(people(), rooms()).await?;
    let serving = settled(&hospital).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.take();
    for pass in 2..4 {
        let ran = hospital.sync(&[]).await?.ended(0);
        assert!(ran.out.contains("Nothing to do"), "{}", ran.out);
        let recorded = hospital.take();
        assert_eq!(count(&recorded, Endpoint::RoomState), 0, "pass {pass}: {recorded:#?}");
        assert_eq!(count(&recorded, Endpoint::Accounts), 1, "the people are looked at all the same");
    }

    let todos = hospital.room("todos").await?;
    let bot = hospital.bot()?;
    let start = Instant::now();
    let by = hospital.client("chefe").await?;
    let change = by.send_state(&todos, "m.room.name", "", json!({"name": "Outro nome"})).await?;
    until("the name is put back", || async {
        let name = bot.state_event(&todos, "m.room.name", "").await?;
        Ok((name == Some(json!({"name": "Equipe"}))).then_some(()))
    })
    .await?;
    // One second on an idle machine.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let row = hospital.inbox().await?.into_iter().find(|row| row.event_id == change).context("no row")?;
    assert_eq!((row.sender.as_str(), row.content), (by.user_id(), None));
    said(&hospital, "p00", "todos", "!whoami").await?;
    let recorded = hospital.take();
    assert_eq!(count_state(&recorded, "m.room.name"), 1, "{recorded:#?}");
    assert_eq!(count(&recorded, Endpoint::RoomState), 0, "nothing had to be read for it: {recorded:#?}");

    // After its own write the service reads that room once, and no other.
    for reads in [1, 0] {
        hospital.sync(&[]).await?.ended(0);
        assert_eq!(count(&hospital.take(), Endpoint::RoomState), reads);
    }

    // A redacted event may be state, which no state event shows.
    let state = bot.state(&todos).await?;
    let named = state.iter().find(|event| event["type"] == "m.room.name").context("no name")?;
    by.redact(&todos, named["event_id"].as_str().unwrap_or_default(), "engano").await?;
    said(&hospital, "p00", "todos", "!whoami").await?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(bot.state_event(&todos, "m.room.name", "").await?, Some(json!({"name": "Equipe"})));
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

#[tokio::test]
async fn an_outage_has_all_rooms_read_again() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(people(), rooms()).await?;
    let serving = settled(&hospital).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.take();
    hospital.proxy.pause();
    hospital.someone("p01").first_name = "Outra".to_owned();
    hospital.write_roster()?;
    serving.told("trying again").await?;
    hospital.proxy.resume();
    until("the new name", || async { Ok((count(&hospital.proxy.recorded(), Endpoint::PutAccount) > 0).then_some(())) })
        .await?;
    // This pass reads what the narrow one did not.
    hospital.sync(&[]).await?.ended(0);
    let read = count(&hospital.take(), Endpoint::RoomState);
    assert!(read >= hospital.rooms_by_key().await?.len(), "{read}");
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

#[tokio::test]
async fn commands_that_came_while_everything_was_down_are_taken_once_and_in_order() -> anyhow::Result<()> {
    let hospital = Hospital::alone(people(), rooms()).await?;
    let serving = settled(&hospital).await?;
    until("the position", || async {
        let store = hospital.store().await?;
        let position = store.remembered(SYNC_TOKEN).await?;
        store.close().await;
        Ok(position.map(|_| ()))
    })
    .await?;
    serving.term()?;
    serving.end().await?.ended(0);
    let before = commands(&hospital).await?.len();

    let (chief, ana) = (hospital.client("chefe").await?, hospital.client("p01").await?);
    let (control, todos) = (hospital.room("control").await?, hospital.room("todos").await?);
    ana.send_text(&todos, "!whoami").await?;
    chief.send_text(&control, "!status").await?;
    chief.send_text(&control, "bom dia").await?;
    // Synapse may forget to push these or not: either way they are handled once.
    hospital.synapse().kill().await?;
    hospital.synapse().start_again().await?;
    chief.send_text(&control, "!sync").await?;

    let serving = hospital.serve().await?;
    until("all three", || async { Ok((commands(&hospital).await?.len() >= before + 3).then_some(())) }).await?;
    serving.told("Synapse reaches this service").await?;
    let last = chief.send_text(&control, "!help").await?;
    hospital.taken(&last).await?;
    let mut commands = commands(&hospital).await?.split_off(before);
    let from_todos = commands.iter().position(|text| text == "!whoami").context("the one from todos")?;
    commands.remove(from_todos);
    assert_eq!(commands, ["!status", "!sync", "!help"], "each room in its own order");
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

#[tokio::test]
async fn a_position_that_synapse_does_not_know_is_no_reason_to_stop() -> anyhow::Result<()> {
    let hospital = Hospital::new(people(), rooms()).await?;
    // From a Synapse that was restored from a backup, and an invalid one.
    for position in ["s999999999_1_0_1_1_1_1_1_0_1_1", "nonsense"] {
        let store = hospital.store().await?;
        store.remember(SYNC_TOKEN, position).await?;
        store.close().await;
        let serving = hospital.serve().await?;
        serving.told("Synapse does not know where its events were last read").await?;
        serving.told("A full pass ended").await?;
        until("another position", || async {
            let store = hospital.store().await?;
            let stored = store.remembered(SYNC_TOKEN).await?;
            store.close().await;
            Ok((stored.as_deref() != Some(position)).then_some(()))
        })
        .await?;
        serving.term()?;
        serving.end().await?.ended(0);
    }
    hospital.finish().await
}

#[tokio::test]
async fn a_service_that_synapse_does_not_reach_says_so_and_hears_of_the_control_room_all_the_same() -> anyhow::Result<()>
{
    let mut hospital = Hospital::new(people(), rooms()).await?;
    let elsewhere = equipemed_testbed::free_port()?;
    hospital.config["appservice"]["listen"] = json!(format!("127.0.0.1:{elsewhere}"));
    hospital.write_config()?;
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    serving.told("Synapse does not reach this service").await?;
    let (chief, control) = (hospital.client("chefe").await?, hospital.room("control").await?);
    let event = chief.send_text(&control, "!status").await?;
    let wait = Duration::from_secs(150);
    equipemed_testbed::eventually("the command", wait, || async {
        Ok(hospital.inbox().await?.iter().any(|row| row.event_id == event).then_some(()))
    })
    .await?;
    assert_eq!(commands(&hospital).await?, ["!status"]);
    serving.told("Synapse did not push all that happened").await?;
    // Without pushes, nothing in the cache is trusted.
    hospital.sync(&[]).await?.ended(0);
    until("the passes that came of what was read back", || async {
        const OPEN: &str =
            "select (select count(*) from inbox where state = 'waiting') + (select count(*) from wakeups)";
        Ok((hospital.number(OPEN).await? == 0).then_some(()))
    })
    .await?;
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    let recorded = hospital.take();
    assert_eq!(count(&recorded, Endpoint::RoomState), 3, "{recorded:#?}\n{}", serving.err());
    assert_eq!(serving.err().matches("Synapse does not reach this service").count(), 1, "{}", serving.err());
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}
