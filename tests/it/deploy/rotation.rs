//! Every secret changed while a person writes: each command that Synapse has accepted is answered once.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use equipemed_testbed::synapse::{Database, Options};
use equipemed_testbed::{Client, Postgres, postgres};
use serde_json::{Value, json};

use crate::world::{Hospital, chief, crowd};

/// Between two commands, so that a change of everything meets some twenty.
const PACE: Duration = Duration::from_millis(500);

/// A person who asks again and again, and sends again what was not accepted, as clients do.
async fn ask_on(stop: &AtomicBool, who: &Client, room: &str, sent: &Mutex<Vec<String>>) -> anyhow::Result<()> {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let room = equipemed_testbed::client::encode(room);
        let path = format!("/_matrix/client/v3/rooms/{room}/send/m.room.message/asked-{number}");
        let body = json!({"msgtype": "m.text", "body": "!whoami"});
        if let Ok((200, answer)) = who.put(&path, body).await {
            let event = answer["event_id"].as_str().context("no event")?.to_owned();
            sent.lock().map_err(|_| anyhow::anyhow!("a test failed"))?.push(event);
            number += 1;
        }
        tokio::time::sleep(PACE).await;
    }
    Ok(())
}

fn count(sent: &Mutex<Vec<String>>) -> usize {
    sent.lock().map(|sent| sent.len()).unwrap_or_default()
}

/// Waits until this many more commands were accepted.
async fn further(sent: &Mutex<Vec<String>>, more: usize) -> anyhow::Result<()> {
    let wanted = count(sent) + more;
    equipemed_testbed::eventually("further commands", Duration::from_secs(120), || async {
        Ok((count(sent) >= wanted).then_some(()))
    })
    .await
}

/// Synapse's configuration, changed.
fn rewrite(hospital: &Hospital, change: impl FnOnce(&mut Value)) -> anyhow::Result<()> {
    let path = hospital.synapse().folder().join("homeserver.yaml");
    let mut settings: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
    change(&mut settings);
    Ok(std::fs::write(path, settings.to_string())?)
}

fn registration(hospital: &Hospital) -> anyhow::Result<(PathBuf, Value)> {
    let path = PathBuf::from(hospital.config["appservice"]["registration"].as_str().context("no registration")?);
    let content = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
    Ok((path, content))
}

#[tokio::test]
async fn every_secret_is_changed_while_a_person_writes_and_no_command_is_lost() -> anyhow::Result<()> {
    let options = Options { database: Database::Postgres, ..Options::default() };
    let people = [vec![chief("chefe")], crowd("p", 2, &[])].concat();
    let hospital = Hospital::on(options, people, json!({"icu": {"name": "UTI", "members": {"any": true}}})).await?;
    let (synapse, cluster) = (hospital.synapse(), Postgres::shared().await?.url("postgres"));
    // A role whose password may be changed beside other tests.
    let role = format!("rotated_{}", equipemed_testbed::random_hex(4)?);
    postgres::sql(&cluster, &format!("create role {role} superuser login password 'the-first'")).await?;
    let take = |password: &'static str| {
        rewrite(&hospital, |settings| {
            settings["database"]["args"]["user"] = json!(role);
            settings["database"]["args"]["password"] = json!(password);
        })
    };
    take("the-first")?;
    synapse.stop().await?;
    synapse.start_again().await?;
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    let chief = hospital.client("chefe").await?;
    let (room, stop, sent) = (hospital.room("control").await?, AtomicBool::new(false), Mutex::default());

    let changing = async {
        further(&sent, 3).await?;
        // In the order of docs/BACKUP.md: the bot stops first, so that Synapse keeps what it cannot deliver.
        serving.term()?;
        serving.end().await?.ended(0);
        let (path, old) = registration(&hospital)?;
        let file = path.display().to_string();
        hospital.run(&["registration", "--output", &file, "--rotate"]).await?.ended(0);
        postgres::sql(&cluster, &format!("alter role {role} password 'the-second'")).await?;
        take("the-second")?;
        rewrite(&hospital, |settings| {
            for name in ["macaroon_secret_key", "form_secret", "registration_shared_secret"] {
                settings[name] = json!(format!("another-{name}"));
            }
        })?;
        std::fs::write(synapse.folder().join("signing.key"), format!("ed25519 second {}\n", "B".repeat(43)))?;
        further(&sent, 3).await?;
        synapse.stop().await?;
        synapse.start_again().await?;
        further(&sent, 3).await?;
        let again = hospital.serve().await?;
        further(&sent, 3).await?;
        stop.store(true, Ordering::Relaxed);
        anyhow::Ok((old, again))
    };
    let (changed, asked) = tokio::join!(changing, ask_on(&stop, &chief, &room, &sent));
    asked?;
    let ((old, serving), sent) = (changed?, sent.into_inner().map_err(|_| anyhow::anyhow!("a test failed"))?);
    for event in &sent {
        hospital.handled(event).await?;
    }
    let messages = chief.messages(&room, 1000).await?;
    for event in &sent {
        let answers = messages.iter().map(|message| &message["content"]["m.relates_to"]);
        let answers = answers.filter(|relation| relation["m.in_reply_to"]["event_id"] == event.as_str()).count();
        assert_eq!(answers, 1, "each of {} commands is answered once", sent.len());
    }

    let (_, new) = registration(&hospital)?;
    for token in ["as_token", "hs_token"] {
        assert_ne!(old[token], new[token]);
        assert_eq!(new[token].as_str().map(str::len), Some(64));
    }
    let without = |mut content: Value| {
        content["as_token"] = Value::Null;
        content["hs_token"] = Value::Null;
        content
    };
    assert_eq!(without(old), without(new), "everything else is as it was");
    assert_eq!(
        hospital.bot()?.get("/_matrix/client/v3/account/whoami").await?.0,
        401,
        "the old token is worth nothing"
    );
    assert_eq!(hospital.push("old", &[]).await?, 403, "nor the other one");
    assert_eq!(chief.get("/_matrix/client/v3/account/whoami").await?.0, 200, "people stay signed in");
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}
