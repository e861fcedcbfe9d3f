//! The log contains everything at its finest level, but no name of a person or room, and no token.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use equipemed_bot::homeserver::TARGETS_WITH_IDENTIFIERS;
use equipemed_domain::setting::RoomSetting;
use equipemed_testbed::proxy::{Fault, Rule};
use tracing_subscriber::EnvFilter;

use super::Place;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Captures this thread's log under a filter until the guards are dropped.
fn listen(filter: &str) -> anyhow::Result<(Log, impl Drop, tracing::Dispatch)> {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    // With a single subscriber, tracing would cache callsites first used by other tests' threads as disabled
    // everywhere.
    let second = tracing::Dispatch::new(tracing_subscriber::registry());
    tracing::callsite::rebuild_interest_cache();
    Ok((log, guard, second))
}

/// The log of some requests, including failing ones, under a filter.
async fn logged(place: &Place, filter: &str) -> anyhow::Result<String> {
    let (log, _guard, _second) = listen(filter)?;
    let ana = place.user("ana")?;
    place.writer.make_account(&ana).await?;
    place.writer.introduce_account(&ana, "Ana", None).await?;
    place.writer.set_email(&ana, "ana@elsewhere.example", None).await?;
    place.reader.holder_of_address("ana@elsewhere.example").await?;
    let room = place.found("icu", &place.room("12")).await?;
    place.writer.admin_join(&room, &ana).await?;
    place.writer.admin_join(&room, &ana).await?;
    place.proxy.add_rule(Rule::new("/state", Fault::Cut).once());
    place.writer.set(&room, RoomSetting::Name, &"UTI".into()).await?;
    place.proxy.add_rule(Rule::new("/v2/users/", Fault::Cut).once());
    place.reader.account(&ana).await?;
    assert!(place.reader.room(ruma_common::room_id!("!elsewhere:hospital.example")).await.is_err());
    Ok(log.text())
}

#[tokio::test]
async fn no_identifier_gets_into_the_log() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let off: String = TARGETS_WITH_IDENTIFIERS.iter().map(|target| format!(",{target}=off")).collect();
    let log = logged(&place, &format!("trace{off}")).await?;
    assert!(log.contains("waiting for Synapse"), "{log}");
    let ana = place.seat.name("ana");
    for part in [
        ":hospital.example",
        "%3Ahospital.example",
        ana.as_str(),
        "!elsewhere",
        "elsewhere.example",
        &place.seat.registration.as_token,
    ] {
        assert!(!log.contains(part), "{part} in {log}");
    }
    // Shows that the filter by target is needed.
    assert!(logged(&place, "trace").await?.contains(":hospital.example"));
    Ok(())
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_told_while_it_is_waited_for() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let ana = place.user("ana")?;
    let (log, _guard, _second) = listen("warn")?;
    place.proxy.add_rule(Rule::new("/v2/users/", Fault::Delay(Duration::from_secs(11))).once());
    place.reader.account(&ana).await?;
    place.reader.account(&ana).await?;
    let (log, told) = (log.text(), "Synapse has not answered yet");
    assert_eq!(log.matches(told).count(), 1, "{log}");
    assert!(log.contains("wait.seconds=10"), "{log}");
    Ok(())
}
