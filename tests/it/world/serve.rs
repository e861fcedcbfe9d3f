//! The running service: changes as they happen, outages, signals, and commands next to it.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use equipemed_bot::clock::Clock;
use equipemed_bot::homeserver::Endpoint;
use equipemed_bot::store::NewDeed;
use equipemed_domain::deed::Deed;
use equipemed_testbed::proxy::{Fault, Rule};
use ruma_common::{EventId, RoomId};
use serde_json::{Value, json};

use super::{Hospital, count, crowd, person, until};

fn rooms() -> Value {
    json!({
        "todos": {"name": "Equipe", "members": {"any": true}},
        "icu": {"name": "UTI", "members": {"group": "UTI"}},
    })
}

async fn is_member(hospital: &Hospital, key: &str, name: &str) -> anyhow::Result<bool> {
    Ok(hospital.members(key).await?.iter().any(|member| member == name))
}

#[tokio::test]
async fn a_change_of_the_roster_counts_within_seconds_and_touches_nothing_else() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(crowd("p", 3, &[]), rooms()).await?;
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    assert_eq!(serving.further_heaps()?, 0, "it keeps its memory small");
    hospital.take();
    let start = Instant::now();
    hospital.someone("p01").groups = vec!["UTI".to_owned()];
    hospital.write_roster()?;
    until("p01 in icu", || async { Ok(is_member(&hospital, "icu", "p01").await?.then_some(())) }).await?;
    // Two seconds on an idle machine.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    hospital.add(person("rui", &["UTI"]));
    hospital.write_roster()?;
    until("rui in both", || async {
        let both = is_member(&hospital, "icu", "rui").await? && is_member(&hospital, "todos", "rui").await?;
        Ok(both.then_some(()))
    })
    .await?;
    let writes = hospital.take_writes();
    // Created, then named and linked.
    assert_eq!((count(&writes, Endpoint::PutAccount), count(&writes, Endpoint::AdminJoin)), (2, 3), "{writes:#?}");
    // A partial file is reported, and the previous one stays in force.
    let whole = hospital.roster();
    std::fs::write(hospital.path("roster.yaml"), &whole[..whole.len() / 2])?;
    serving.told("The changed roster cannot be read").await?;
    hospital.someone("p02").groups = vec!["UTI".to_owned()];
    hospital.write_roster()?;
    until("p02 in icu", || async { Ok(is_member(&hospital, "icu", "p02").await?.then_some(())) }).await?;
    let start = Instant::now();
    serving.term()?;
    serving.end().await?.ended(0);
    assert!(start.elapsed() < Duration::from_secs(8));
    hospital.finish().await
}

#[tokio::test]
async fn the_service_outlives_an_outage_and_does_then_what_came_meanwhile() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(crowd("p", 3, &[]), rooms()).await?;
    // Already down at startup.
    hospital.proxy.pause();
    let mut serving = hospital.start(&["serve"])?;
    serving.told("trying again").await?;
    hospital.proxy.resume();
    serving.told("A full pass ended").await?;

    hospital.proxy.pause();
    hospital.someone("p01").groups = vec!["UTI".to_owned()];
    hospital.add(person("rui", &["UTI"]));
    hospital.write_roster()?;
    serving.told_times("trying again", 4).await?;
    assert!(!serving.has_ended());
    hospital.proxy.resume();
    until("both in icu", || async {
        let both = is_member(&hospital, "icu", "p01").await? && is_member(&hospital, "icu", "rui").await?;
        Ok(both.then_some(()))
    })
    .await?;
    // A stop during an outage does not wait for its end.
    hospital.proxy.pause();
    hospital.someone("p02").groups = vec!["UTI".to_owned()];
    hospital.write_roster()?;
    serving.told_times("trying again", 6).await?;
    let start = Instant::now();
    serving.term()?;
    serving.end().await?.ended(0);
    assert!(start.elapsed() < Duration::from_secs(8));
    hospital.proxy.resume();
    hospital.sync(&[]).await?.ended(0);
    assert!(is_member(&hospital, "icu", "p02").await?);
    hospital.finish().await
}

#[tokio::test]
async fn a_sync_beside_the_service_is_done_by_it_and_shows_the_result() -> anyhow::Result<()> {
    let mut people = crowd("p", 3, &[]);
    // A member from the first pass, because today's joins could be reverted without being held.
    people[0].groups = vec!["UTI".to_owned()];
    let mut hospital = Hospital::new(people, rooms()).await?;
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    hospital.config["rooms"]["todos"]["topic"] = json!("Avisos");
    // The command reads the new file, but the service works with the one it read at startup.
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.err.contains("serve:") && ran.err.contains("handing the sync over"), "{}", ran.err);
    assert!(ran.out.contains("Nothing to do"), "{}", ran.out);
    // A held part is shown and can be approved from here.
    assert!(is_member(&hospital, "icu", "p00").await?);
    hospital.someone("p00").groups.clear();
    hospital.write_roster()?;
    let ran = hospital.sync(&[]).await?.ended(3);
    let held = ran.held();
    assert_eq!(held.len(), 1, "{}", ran.out);
    assert!(is_member(&hospital, "icu", "p00").await?);
    hospital.sync(&["--approve", &held[0]]).await?.ended(0);
    assert!(!is_member(&hospital, "icu", "p00").await?);
    // An unknown id fails in the service, and so does the command.
    let ran = hospital.sync(&["--approve", "1f0c22aa"]).await?.ended(1);
    assert!(ran.err.contains("1f0c22aa"), "{}", ran.err);
    // A failure in the service is not reported as success.
    let refused = Fault::Status(403, json!({"errcode": "M_FORBIDDEN", "error": "No."}));
    hospital.proxy.add_rule(Rule::new(&hospital.room("icu").await?, refused));
    hospital.someone("p01").groups = vec!["UTI".to_owned()];
    hospital.write_roster()?;
    let ran = hospital.sync(&[]).await?.ended(1);
    assert!(ran.out.contains("M_FORBIDDEN"), "{}", ran.out);
    hospital.proxy.clear_rules();
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

#[tokio::test]
async fn a_service_that_is_killed_is_succeeded_by_who_waits_for_it() -> anyhow::Result<()> {
    let hospital = Hospital::new(crowd("p", 8, &[]), rooms()).await?;
    // Slow enough to be killed in the middle of its first pass.
    hospital.proxy.add_rule(Rule::new("/v1/join/", Fault::Delay(Duration::from_millis(1500))));
    hospital.take();
    let serving = hospital.serve().await?;
    until("the first join", || async {
        Ok((count(&hospital.proxy.recorded(), Endpoint::AdminJoin) > 0).then_some(()))
    })
    .await?;
    let sync = hospital.start(&["sync"])?;
    sync.told("handing the sync over").await?;
    serving.kill9()?;
    serving.end().await?;
    hospital.proxy.clear_rules();
    let ran = sync.end().await?.ended(0);
    assert!(ran.err.contains("going on here"), "{}", ran.err);
    assert_eq!(hospital.members("todos").await?.len(), 8);

    // The next start is quick, too: a dead process does not keep its claims.
    let serving = hospital.serve().await?;
    let start = Instant::now();
    serving.told("A full pass ended").await?;
    assert!(start.elapsed() < Duration::from_secs(25), "{:?}", start.elapsed());
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

#[tokio::test]
async fn a_valid_configuration_is_taken_over_and_no_other() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(crowd("p", 2, &[]), rooms()).await?;
    let mut serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    let todos = hospital.room("todos").await?;
    let bot = hospital.bot()?;
    let named = |name: &str| {
        let name = json!({"name": name});
        let (bot, todos) = (bot.clone(), todos.clone());
        move || {
            let (bot, todos, name) = (bot.clone(), todos.clone(), name.clone());
            async move { Ok((bot.state_event(&todos, "m.room.name", "").await? == Some(name)).then_some(())) }
        }
    };
    hospital.config["rooms"]["todos"]["name"] = json!("Todos");
    hospital.write_config()?;
    serving.hup()?;
    until("the new name", named("Todos")).await?;

    std::fs::write(hospital.path("config.yaml"), "mode: enforce\nrooms: [")?;
    serving.hup()?;
    serving.told("The configuration was not taken over").await?;
    assert!(!serving.has_ended());

    // The configuration is valid, but the port is in use.
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let listen = hospital.config["appservice"]["listen"].clone();
    hospital.config["appservice"]["listen"] = json!(taken.local_addr()?.to_string());
    hospital.write_config()?;
    serving.hup()?;
    serving.told_times("The configuration was not taken over", 2).await?;
    assert!(!serving.has_ended());

    hospital.config["appservice"]["listen"] = listen;
    hospital.config["rooms"]["todos"]["name"] = json!("Equipe");
    hospital.write_config()?;
    serving.hup()?;
    until("the old name", named("Equipe")).await.with_context(|| serving.err())?;
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

#[tokio::test]
async fn a_deed_is_done_at_once_beside_a_long_sync_by_the_bot() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(crowd("p", 2, &[]), rooms()).await?;
    // Otherwise so many newcomers to a room of two would be held.
    hospital.config["limits"] = json!({"join_least": 100});
    hospital.write_config()?;
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    let (todos, ana) = (hospital.room("todos").await?, hospital.client("p00").await?);
    let message = ana.send_text(&todos, "apaga isto").await?;
    hospital.proxy.add_rule(Rule::new("/v1/join/", Fault::Delay(Duration::from_secs(2))));
    for person in crowd("n", 60, &[]) {
        hospital.add(person);
    }
    hospital.write_roster()?;
    until("joins under way", || async {
        Ok((count(&hospital.proxy.recorded(), Endpoint::AdminJoin) > 2).then_some(()))
    })
    .await?;
    let (store, now) = (hospital.store().await?, Clock::system().now());
    let deed =
        Deed::Redact { room_id: RoomId::parse(&todos)?, event_id: EventId::parse(&message)?, of: None, files: None };
    let wish =
        NewDeed { deed, asker: ana.user_id().to_owned(), reason: Some("engano".to_owned()), due_at: now, source: None };
    let start = Instant::now();
    store.add_deed(&wish, now).await?;
    store.close().await;
    until("the redaction", || async {
        Ok(ana.event(&todos, &message).await?["unsigned"].get("redacted_because").map(|_| ()))
    })
    .await?;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(hospital.members("todos").await?.len() < 62, "the sync was still at it");
    let because = ana.event(&todos, &message).await?["unsigned"]["redacted_because"].clone();
    assert_eq!(because["sender"], hospital.bot()?.user_id());
    assert!(because["content"]["reason"].as_str().unwrap_or_default().contains("engano"));
    hospital.proxy.clear_rules();
    let start = Instant::now();
    serving.term()?;
    serving.end().await?.ended(0);
    assert!(start.elapsed() < Duration::from_secs(8));
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.members("todos").await?.len(), 62);
    hospital.finish().await
}
