//! Which Synapse the service works with: the oldest one, one that is older, one that lacks a room version, and one
//! whose accounts another service keeps.

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::synapse::Options;
use equipemed_testbed::tools::Release;
use serde_json::{Value, json};

use super::talk::{begun, close};
use super::{Hospital, chief, person, seats, until};

async fn version_of(hospital: &Hospital, key: &str) -> anyhow::Result<Value> {
    let created = hospital.bot()?.state_event(&hospital.room(key).await?, "m.room.create", "").await?;
    Ok(created.map_or(Value::Null, |content| content["room_version"].clone()))
}

#[tokio::test]
async fn with_the_oldest_synapse_rooms_are_made_in_version_11_and_kept_in_line() -> anyhow::Result<()> {
    let seat = seats::own_with(Options { release: Release::Oldest, ..Options::default() }).await?;
    let rooms = json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "icu": {"name": "UTI", "parent": "hospital", "members": {"any": true}},
    });
    let people = vec![chief("marcia"), chief("rosa"), person("ana", &[])];
    let mut hospital = Hospital::bare(seat, people, rooms).await?;
    hospital.setup().await?.ended(0);
    let plan = hospital.sync(&["--dry-run"]).await?.ended(0);
    assert!(plan.out.contains("create room “UTI”, version 11"), "{}", plan.out);
    let (mut hospital, serving) = begun({
        hospital.config["bot"]["language"] = json!("en");
        hospital
    })
    .await?;
    for key in ["control", "hospital", "icu"] {
        assert_eq!(version_of(&hospital, key).await?, "11", "{key}");
    }
    let doctor = hospital.run(&["doctor"]).await?.ended(0);
    assert!(doctor.out.contains("✓ Synapse 1.99.0") && doctor.out.contains("made in version 11"), "{}", doctor.out);

    // Levels: somebody at 100 is lowered again.
    assert_eq!(hospital.level("icu", "rosa").await?, Some(100));
    hospital.someone("rosa").superuser = false;
    hospital.write_roster()?;
    until("rosa is lowered", || async { Ok((hospital.level("icu", "rosa").await?.is_none()).then_some(())) }).await?;
    // Redaction.
    let (marcia, ana) = (hospital.client("marcia").await?, hospital.client("ana").await?);
    let icu = hospital.room("icu").await?;
    let said = ana.send_text(&icu, "o leito 4 está livre").await?;
    marcia.reply(&icu, &said, "!redact because wrong room").await?;
    until("it is redacted", || async {
        Ok((!marcia.event(&icu, &said).await?["unsigned"]["redacted_because"].is_null()).then_some(()))
    })
    .await?;
    // Locks, and what is taken back.
    hospital.someone("ana").status = "suspended";
    hospital.write_roster()?;
    until("ana is locked", || async { Ok(hospital.is_locked("ana").await?.then_some(())) }).await?;
    hospital.someone("ana").status = "active";
    hospital.write_roster()?;
    until("ana is unlocked", || async { Ok((!hospital.is_locked("ana").await?).then_some(())) }).await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn a_room_version_that_synapse_lacks_is_told_before_anything_is_made() -> anyhow::Result<()> {
    let seat = seats::own_with(Options { release: Release::Oldest, ..Options::default() }).await?;
    let rooms = json!({
        "hospital": {"kind": "space", "name": "Hospital", "version": "12", "members": {"any": true}},
        "icu": {"name": "UTI", "parent": "hospital", "members": {"any": true}},
    });
    let mut hospital = Hospital::bare(seat, vec![chief("marcia")], rooms.clone()).await?;
    let refused = hospital.setup().await?.ended(1);
    refused.says(&["10, 11", "hospital (version: 12)", "version: best", "Nothing was made"]);
    assert!(hospital.take_writes().is_empty());
    let doctor = hospital.run(&["doctor"]).await?.ended(1);
    assert!(doctor.out.contains("hospital (version: 12)"), "{}", doctor.out);

    // Set up before somebody says so: what can be made is made.
    hospital.config["rooms"] = json!({});
    hospital.write_config()?;
    hospital.setup().await?.ended(0);
    hospital.config["rooms"] = rooms;
    hospital.write_config()?;
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("room hospital is not made") && ran.out.contains("version: best"), "{}", ran.out);
    assert_eq!(version_of(&hospital, "icu").await?, "11");
    hospital.take();
    // Said again and not tried; with another setting it is made, and the room comes into its space.
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("room hospital is not made") && hospital.take_writes().is_empty(), "{}", ran.out);
    hospital.config["rooms"]["hospital"]["version"] = json!("best");
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    let (hospital_id, icu) = (hospital.room("hospital").await?, hospital.room("icu").await?);
    let link = hospital.bot()?.state_event(&hospital_id, "m.space.child", &icu).await?;
    assert!(link.is_some_and(|link| link["via"].is_array()));
    hospital.finish().await
}

#[tokio::test]
async fn an_older_synapse_is_refused_before_anything_is_made() -> anyhow::Result<()> {
    let hospital = Hospital::unprepared(vec![chief("marcia")], json!({})).await?;
    let old = Fault::Status(200, json!({"server_version": "1.98.1"}));
    hospital.proxy.add_rule(Rule::new("/_synapse/admin/v1/server_version", old));
    hospital.setup().await?.ended(1).says(&["Synapse 1.98.1 is too old", "needs 1.99 or newer"]);
    assert!(include_str!("../../../README.md").contains("Synapse 1.99 or newer"));
    assert!(Release::Oldest.version().starts_with("1.99."));
    let doctor = hospital.run(&["doctor"]).await?.ended(1);
    assert!(doctor.out.contains("✗ Synapse 1.98.1 is too old"), "{}", doctor.out);
    assert!(hospital.take_writes().is_empty());
    hospital.finish().await
}

/// Synapse behaves so without the other service, too, as far as the bot asks it.
#[tokio::test]
async fn a_server_whose_accounts_another_service_keeps_is_recognised() -> anyhow::Result<()> {
    let extra_yaml = "{matrix_authentication_service: {enabled: true, endpoint: \"http://127.0.0.1:9/\", secret: abc}, \
                      password_config: {enabled: false}}";
    let seat = seats::own_with(Options { extra_yaml: extra_yaml.to_owned(), ..Options::default() }).await?;
    let hospital = Hospital::bare(seat, vec![chief("marcia")], json!({})).await?;
    for command in ["setup", "sync", "serve", "doctor"] {
        let mut typed = hospital.command(&[command]);
        typed.env("SYNAPSE_REGISTRATION_SHARED_SECRET", hospital.synapse().shared_secret());
        let ran = super::process::Running::start(typed)?.end().await?.ended(1);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(
            said.contains("Matrix Authentication Service") && said.contains("not supported yet"),
            "{command}: {said}"
        );
        assert!(
            !said.contains("equipemed-bot setup") && !said.contains("no server administrator"),
            "{command}: {said}"
        );
    }
    let mut writes = hospital.take_writes();
    writes.retain(|request| Endpoint::of(&request.method, &request.path) != Some(Endpoint::Ping));
    assert!(writes.is_empty(), "{writes:#?}");
    hospital.finish().await
}
