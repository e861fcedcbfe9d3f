//! Faults between the service and Synapse, as seen at the command line.

use std::time::{Duration, Instant};

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::proxy::{Fault, Recorded, Rule};
use serde_json::{Value, json};

use super::{Hospital, count, crowd};
use crate::deploy::nginx::check_address;

/// Checks that the service sent nothing but the requests of its list, with the parameters that nginx passes.
pub(super) fn check(recorded: &[Recorded]) {
    for request in recorded {
        let known = Endpoint::of(&request.method, &request.path);
        assert!(known.is_some(), "{} {} is not in the list of endpoints", request.method, request.path);
        check_address(&request.path, request.query.as_deref());
    }
}

fn two_rooms() -> Value {
    json!({
        "icu": {"name": "UTI", "members": {"any": true}},
        "ward": {"name": "Enfermaria", "members": {"any": true}},
    })
}

fn of<'r>(recorded: &'r [Recorded], method: &str, part: &str) -> Vec<&'r Recorded> {
    let matches = |request: &&Recorded| request.method == method && request.decoded_path().contains(part);
    recorded.iter().filter(matches).collect()
}

#[tokio::test]
async fn a_rate_limit_is_honoured_and_a_failing_server_is_not_hammered() -> anyhow::Result<()> {
    let hospital = Hospital::new(crowd("p", 3, &[]), two_rooms()).await?;
    hospital.take();
    let user = hospital.user("p01");
    hospital.proxy.add_rule(Rule::new("/v1/join/", Fault::Limited { retry_after_ms: 1500 }).once());
    hospital.proxy.add_rule(Rule::new(&user, Fault::Status(502, json!("<html>"))).method("PUT").times(4));
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.err.contains("waiting for Synapse") && ran.err.contains("502"), "{}", ran.err);
    let recorded = hospital.take();

    let limited = recorded.iter().find(|request| request.status == 429).expect("a limited request");
    let again: Vec<Instant> = recorded
        .iter()
        .filter(|request| request.path == limited.path && request.body == limited.body && request.status == 200)
        .map(|request| request.started)
        .collect();
    assert_eq!(again.len(), 1);
    assert!(again[0] - limited.started >= Duration::from_millis(1500));

    let attempts = of(&recorded, "PUT", &user);
    assert_eq!(attempts.len(), 5 + 1, "and once it is made it is named and linked");
    let waits: Vec<Duration> = attempts[..5].windows(2).map(|pair| pair[1].started - pair[0].started).collect();
    assert!(waits.iter().all(|wait| *wait >= Duration::from_millis(240)), "{waits:?}");
    assert!(waits[3] > waits[0] * 2, "growing: {waits:?}");
    assert_eq!(hospital.members("icu").await?.len(), 3);
    hospital.finish().await
}

#[tokio::test]
async fn a_room_that_refuses_does_not_stop_the_others() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(crowd("p", 2, &[]), two_rooms()).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.config["rooms"]["icu"]["name"] = json!("UTI 1");
    hospital.config["rooms"]["ward"]["name"] = json!("Enfermaria 1");
    hospital.write_config()?;
    let icu = hospital.room("icu").await?;
    let forbidden = || Fault::Status(403, json!({"errcode": "M_FORBIDDEN", "error": "No."}));
    // The room is readable but not writable.
    hospital.proxy.add_rule(Rule::new(&icu, forbidden()).method("PUT"));
    let ran = hospital.sync(&[]).await?.ended(1);
    let line = ran.out.lines().find(|line| line.starts_with("failed: set_name")).unwrap_or_default();
    assert!(line.contains("room icu") && line.contains("403 M_FORBIDDEN"), "{}", ran.out);
    let name = hospital.bot()?.state_event(&hospital.room("ward").await?, "m.room.name", "").await?;
    assert_eq!(name, Some(json!({"name": "Enfermaria 1"})));
    // If the room is not even readable, that is no success either.
    hospital.proxy.clear_rules();
    hospital.proxy.add_rule(Rule::new(&icu, forbidden()));
    let ran = hospital.sync(&[]).await?.ended(1);
    assert!(ran.out.contains("room icu") && ran.out.contains("403 M_FORBIDDEN"), "{}", ran.out);
    assert!(!ran.out.contains("Nothing to do"), "{}", ran.out);
    hospital.proxy.clear_rules();
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.bot()?.state_event(&icu, "m.room.name", "").await?, Some(json!({"name": "UTI 1"})));
    hospital.finish().await
}

#[tokio::test]
async fn an_account_that_cannot_be_made_keeps_nobody_else_out() -> anyhow::Result<()> {
    let hospital = Hospital::new(crowd("p", 3, &[]), two_rooms()).await?;
    let user = hospital.user("p01");
    let refused = Fault::Status(400, json!({"errcode": "M_INVALID_USERNAME", "error": "No."}));
    hospital.proxy.add_rule(Rule::new(&user, refused).method("PUT"));
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(1);
    assert!(ran.out.contains("M_INVALID_USERNAME") && ran.out.contains("skipped: add_member"), "{}", ran.out);
    let joins = hospital
        .take()
        .iter()
        .filter(|request| request.body.as_ref().is_some_and(|body| body["user_id"] == user.as_str()))
        .count();
    assert_eq!(joins, 0, "nobody tries to put it into rooms");
    assert_eq!(hospital.members("icu").await?, ["p00", "p02"]);
    hospital.proxy.clear_rules();
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.members("ward").await?.len(), 3);
    hospital.finish().await
}

#[tokio::test]
async fn lost_answers_and_lost_requests_make_nothing_twice() -> anyhow::Result<()> {
    for fault in [Fault::CutAfterForward, Fault::Cut, Fault::Truncated] {
        let hospital = Hospital::new(crowd("p", 2, &[]), two_rooms()).await?;
        hospital.proxy.add_rule(Rule::new("/createRoom", fault.clone()).times(1));
        hospital.proxy.add_rule(Rule::new(&hospital.user("p01"), fault.clone()).method("PUT").once());
        hospital.proxy.add_rule(Rule::new("/v1/join/", fault.clone()).times(2));
        hospital.sync(&[]).await?.ended(0);
        let rooms = hospital.rooms_by_key().await?;
        assert!(rooms.len() == 3 && rooms.values().all(|rooms| rooms.len() == 1), "{fault:?}: {rooms:?}");
        assert_eq!((hospital.members("icu").await?.len(), hospital.members("ward").await?.len()), (2, 2));
        hospital.take();
        hospital.sync(&[]).await?.ended(0);
        assert!(hospital.take_writes().is_empty(), "{fault:?}");
        hospital.finish().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_alias_is_taken_back_from_a_dead_room_and_not_from_a_living_one() -> anyhow::Result<()> {
    let mut rooms = two_rooms();
    let mut hospital = Hospital::new(crowd("p", 2, &[]), rooms.clone()).await?;
    let bot = hospital.bot()?;
    let icu = hospital.alias("icu");
    let dead = bot.create_room(json!({"room_alias_name": icu})).await?;
    bot.post_ok(&equipemed_testbed::rooms::room_path(&dead, "leave"), json!({})).await?;
    let ward = hospital.alias("ward");
    let living = bot.create_room(json!({"room_alias_name": ward})).await?;
    rooms["icu"]["alias"] = json!(icu);
    rooms["ward"]["alias"] = json!(ward);
    hospital.config["rooms"] = rooms;
    hospital.write_config()?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(1);
    assert!(ran.out.contains(&living) && ran.out.contains("room ward"), "{}", ran.out);
    assert_eq!(hospital.members("icu").await?.len(), 2);
    let alias = bot.state_event(&hospital.room("icu").await?, "m.room.canonical_alias", "").await?;
    assert_eq!(alias.unwrap_or_default()["alias"], format!("#{icu}:hospital.example"));
    assert!(hospital.room("ward").await.is_err());
    hospital.finish().await
}

#[tokio::test]
async fn an_answer_that_is_not_matrix_ends_the_sync_with_the_place_to_look() -> anyhow::Result<()> {
    let hospital = Hospital::new(crowd("p", 2, &[]), two_rooms()).await?;
    hospital.take();
    hospital.proxy.add_rule(Rule::new("", Fault::NotMatrix));
    hospital.sync(&[]).await?.ended(1).says(&["homeserver.url", "not that of a Matrix homeserver"]);
    hospital.proxy.clear_rules();
    // In the middle of a sync.
    hospital.proxy.add_rule(Rule::new("/v1/join/", Fault::NotMatrix));
    let ran = hospital.sync(&[]).await?.ended(1);
    assert!(ran.err.contains("the rest is done by the next sync"), "{}", ran.err);
    assert!(count(&hospital.take(), Endpoint::AdminJoin) <= 8, "and the others are not even tried");
    hospital.proxy.clear_rules();
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.members("ward").await?.len(), 2);
    hospital.finish().await
}
