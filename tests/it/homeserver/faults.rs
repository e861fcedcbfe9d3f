//! Faults between the service and Synapse, and their consequences.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use equipemed_bot::homeserver::{Connection, Endpoint, HomeserverError, Patience, Reader, WritePermit, Writer};
use equipemed_domain::key::RoomKey;
use equipemed_domain::setting::RoomSetting;
use equipemed_testbed::proxy::{Fault, Rule};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Place, connection};
use crate::faults::english;

const SHORT: Patience = Patience { total: Duration::from_secs(1) };

#[tokio::test]
async fn the_token_cannot_act_as_somebody_else() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let ana = place.account("ana").await?;
    let user = equipemed_testbed::client::encode(ana.as_str());
    let (status, answer) = place.bot.get(&format!("/_matrix/client/v3/account/whoami?user_id={user}")).await?;
    assert_eq!((status, &answer["errcode"]), (403, &json!("M_FORBIDDEN")));
    Ok(())
}

#[tokio::test]
async fn a_limit_is_honoured_and_told() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&told);
    let reader = Reader::new(Connection {
        on_wait: Some(Arc::new(move |waiting| hear.lock().expect("lock").push(waiting.clone()))),
        ..connection(&place.seat, &place.proxy, Patience::COMMAND, &CancellationToken::new())?
    })
    .await?;
    place.proxy.add_rule(Rule::new("/whoami", Fault::Limited { retry_after_ms: 1000 }).once());
    let start = Instant::now();
    reader.whoami().await?;
    assert!(start.elapsed() >= Duration::from_secs(1));
    {
        let told = told.lock().expect("lock");
        assert_eq!((told.len(), told[0].attempt, told[0].endpoint), (1, 1, Endpoint::WhoAmI));
    }
    // The admin API is called through separate code.
    place.proxy.add_rule(Rule::new("/server_version", Fault::Limited { retry_after_ms: 400 }).once());
    let start = Instant::now();
    reader.synapse_version().await?;
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(400) && took < Duration::from_secs(5), "{took:?}");
    assert_eq!((reader.traffic().total(), reader.traffic().waits()), (4, 2));
    Ok(())
}

#[tokio::test]
async fn passing_failures_pass() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let room = place.found("icu", &place.room("12")).await?;
    for fault in [
        Fault::Cut,
        Fault::CutAfterForward,
        Fault::Truncated,
        Fault::Status(502, json!("<html>")),
        Fault::Status(500, json!({"errcode": "M_UNKNOWN", "error": "Internal server error"})),
    ] {
        place.proxy.take_recorded();
        place.proxy.add_rule(Rule::new("/state", fault.clone()).times(2));
        place.writer.set(&room, RoomSetting::Name, &format!("{fault:?}").as_str().into()).await?;
        assert_eq!(place.take(Endpoint::SendState), 3, "{fault:?}");
        place.proxy.add_rule(Rule::new("/state", fault.clone()).once());
        let settings = place.reader.room(&room).await?.settings;
        assert_eq!(settings.get(&RoomSetting::Name), Some(&format!("{fault:?}").as_str().into()));
        place.proxy.add_rule(Rule::new("/v2/users", fault.clone()).once());
        place.reader.accounts().await?;
        place.proxy.clear_rules();
    }
    Ok(())
}

#[tokio::test]
async fn a_room_is_never_made_twice() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let key = RoomKey::new("icu");
    let new = place.room("12");
    place.proxy.add_rule(Rule::new("/createRoom", Fault::CutAfterForward).once());
    let error = place.found("icu", &new).await.expect_err("the answer was lost");
    assert!(matches!(error, HomeserverError::MaybeDone { .. }), "{error}");
    assert!(!error.is_retryable());
    assert_eq!(place.take(Endpoint::CreateRoom), 1);
    assert_eq!(place.reader.rooms_with_key(&key, &BTreeSet::new()).await?.len(), 1);
    assert_eq!(place.reader.joined_rooms().await?.len(), 1);

    // A rate limit means that nothing was done.
    place.proxy.add_rule(Rule::new("/createRoom", Fault::Limited { retry_after_ms: 100 }).once());
    place.found("icu", &new).await?;
    assert_eq!(place.reader.joined_rooms().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn silence_ends_with_patience_or_with_the_service() -> anyhow::Result<()> {
    let place = Place::patient(SHORT).await?;
    place.proxy.pause();
    let start = Instant::now();
    let error = place.reader.whoami().await.expect_err("nobody there");
    assert!(matches!(error, HomeserverError::Unreachable { sent: false, .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(place.reader.traffic().waits() >= 1);

    let reader = Reader::new(connection(&place.seat, &place.proxy, Patience::SERVE, &place.cancel)?).await?;
    let asking = tokio::spawn(async move { reader.accounts().await });
    place.cancel.cancel();
    assert_eq!(asking.await?, Err(HomeserverError::Cancelled));

    // When Synapse comes back, waiting requests continue.
    let reader =
        Reader::new(connection(&place.seat, &place.proxy, Patience::SERVE, &CancellationToken::new())?).await?;
    let traffic = reader.traffic();
    let asking = tokio::spawn(async move { reader.synapse_version().await });
    while traffic.waits() == 0 {
        tokio::task::yield_now().await;
    }
    place.proxy.resume();
    asking.await??;
    Ok(())
}

#[tokio::test]
async fn something_else_answers() -> anyhow::Result<()> {
    let place = Place::new().await?;
    place.proxy.add_rule(Rule::new("", Fault::NotMatrix));
    for error in [
        place.reader.versions().await.map(drop),
        place.reader.whoami().await.map(drop),
        place.reader.synapse_version().await.map(drop),
        place.reader.accounts().await.map(drop),
    ] {
        assert!(matches!(error, Err(HomeserverError::NotMatrix { .. })), "{error:?}");
    }
    place.proxy.clear_rules();
    place.proxy.add_rule(Rule::new("", Fault::Status(200, json!({"hello": "world"}))));
    assert!(matches!(place.reader.versions().await, Err(HomeserverError::NotMatrix { .. })));
    place.proxy.clear_rules();
    assert!(place.reader.versions().await?.contains(&"v1.11".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_token_that_synapse_does_not_know_says_what_to_do() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let reader = Reader::new(Connection {
        token: "not_a_token".into(),
        ..connection(&place.seat, &place.proxy, SHORT, &CancellationToken::new())?
    })
    .await?;
    assert_eq!(reader.whoami().await, Err(HomeserverError::UnknownToken));
    assert_eq!(reader.accounts().await, Err(HomeserverError::UnknownToken));
    let writer = Writer::new(reader, WritePermit::for_setup());
    let error = writer.register_bot().await.expect_err("unknown");
    assert!(english(error).contains("app_service_config_files"));
    Ok(())
}

#[tokio::test]
async fn a_token_that_becomes_known_works_without_a_restart() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let unknown = json!({"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token passed.", "soft_logout": false});
    place.proxy.add_rule(Rule::new("", Fault::Status(401, unknown)));
    assert_eq!(place.reader.whoami().await, Err(HomeserverError::UnknownToken));
    assert_eq!(place.reader.joined_rooms().await, Err(HomeserverError::UnknownToken));
    place.proxy.clear_rules();
    assert_eq!(place.reader.whoami().await?, place.reader.bot());
    assert!(place.reader.joined_rooms().await?.is_empty());
    assert_eq!(place.proxy.recorded().len(), 4, "and nothing was asked beside it");
    Ok(())
}

#[tokio::test]
async fn a_lane_of_its_own_does_not_queue() -> anyhow::Result<()> {
    let place = Place::new().await?;
    place.proxy.add_rule(Rule::new("/server_version", Fault::Delay(Duration::from_secs(3))));
    let bulk = tokio::task::JoinSet::from_iter((0..8).map(|_| {
        let reader = place.reader.clone();
        async move { reader.synapse_version().await }
    }));
    while place.reader.traffic().total() < 4 {
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    place.reader.lane(1).whoami().await?;
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(place.reader.traffic().by_endpoint()[&Endpoint::ServerVersion], 4, "no more than in_flight at once");
    for answer in bulk.join_all().await {
        answer?;
    }
    Ok(())
}

#[tokio::test]
async fn synapse_says_whether_it_can_call_back() -> anyhow::Result<()> {
    let place = Place::patient(Patience::NONE).await?;
    // Nothing listens at the registration's address.
    let error = place.reader.ping(&place.seat.registration.id).await.expect_err("nobody listens");
    assert_eq!(error.errcode(), Some("M_CONNECTION_FAILED"), "{error}");
    Ok(())
}
