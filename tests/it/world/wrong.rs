//! Operators' mistakes: each gives one clear message with advice and writes nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use equipemed_bot::homeserver::Endpoint;
use serde_json::{Value, json};

use super::process::Ran;
use super::{Hospital, crowd};

fn rooms() -> Value {
    json!({"todos": {"name": "Equipe", "members": {"any": true}}})
}

#[tokio::test]
async fn a_wrong_configuration_or_command_line_is_a_usage_error() -> anyhow::Result<()> {
    let mut hospital = Hospital::unprepared(crowd("p", 2, &[]), rooms()).await?;
    std::fs::write(hospital.path("config.yaml"), "mode: enforce\nrooms: [")?;
    let broken = hospital.sync(&[]).await?.ended(2);
    broken.says(&["config.yaml:3:1"]);

    hospital.config["hommeserver"] = json!({});
    hospital.write_config()?;
    for command in ["sync", "serve", "setup", "doctor"] {
        let ran = hospital.run(&[command]).await?;
        assert!(ran.code == Some(2) || command == "doctor", "{command}: {ran:?}");
        assert!(ran.err.contains("hommeserver") || ran.out.contains("hommeserver"), "{command}: {ran:?}");
    }
    hospital.config.as_object_mut().expect("a map").remove("hommeserver");

    let registration = hospital.config["appservice"]["registration"].take();
    hospital.config["appservice"]["registration"] = json!("missing.yaml");
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(2).says(&["missing.yaml", "equipemed-bot registration"]);
    hospital.config["appservice"]["registration"] = registration;

    hospital.config["api"] = json!({"listen": "127.0.0.1:1", "webhook_secret_file": "secret.txt"});
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(2).says(&["secret.txt"]);
    hospital.config.as_object_mut().expect("a map").remove("api");

    hospital.config["mode"] = json!("observe");
    hospital.write_config()?;
    hospital.sync(&["--approve", "1f0c22aa"]).await?.ended(2).says(&["mode: enforce"]);
    for arguments in
        [&["sync", "--evrything"][..], &["synk"], &["sync", "--exit-code"], &["sync", "--format", "xml"], &[]]
    {
        let ran = hospital.run(arguments).await?.ended(2);
        assert!(ran.err.contains("Usage") || ran.err.contains("--help"), "{arguments:?}: {}", ran.err);
    }
    hospital.run(&["sync", "-c", "elsewhere.yaml"]).await?.ended(2).says(&["elsewhere.yaml"]);
    assert!(hospital.take().is_empty(), "Synapse was not asked anything");
    hospital.config["mode"] = json!("enforce");
    hospital.write_config()?;
    hospital.finish().await
}

#[tokio::test]
async fn a_registration_that_synapse_does_not_know_says_what_to_do() -> anyhow::Result<()> {
    let hospital = Hospital::unprepared(crowd("p", 2, &[]), rooms()).await?;
    // Known to Synapse, but setup was not run.
    hospital.sync(&[]).await?.ended(1).says(&["equipemed-bot setup"]);
    let ran = hospital.run(&["setup"]).await?.ended(2);
    assert!(ran.err.contains("MATRIX_ADMIN_TOKEN") && ran.err.contains("SYNAPSE_REGISTRATION_SHARED_SECRET"));
    let mut config = hospital.config.clone();
    let text = std::fs::read_to_string(config["appservice"]["registration"].as_str().expect("a path"))?;
    let mut registration: Value = serde_json::from_str(&text)?;
    registration["as_token"] = json!("a".repeat(64));
    std::fs::write(hospital.path("other.yaml"), registration.to_string())?;
    config["appservice"]["registration"] = json!("other.yaml");
    std::fs::write(hospital.path("other-config.yaml"), config.to_string())?;
    for command in ["sync", "serve", "setup"] {
        let ran = hospital.run(&[command, "-c", "other-config.yaml"]).await?.ended(1);
        assert!(ran.err.contains("app_service_config_files"), "{command}: {}", ran.err);
    }
    // Synapse knows the token for another bot.
    let bot = registration["sender_localpart"].as_str().expect("a name").to_owned();
    let other = text.replace(&bot, "equipemed_bot_xx");
    std::fs::write(hospital.path("other.yaml"), other)?;
    let ran = hospital.run(&["sync", "-c", "other-config.yaml"]).await?.ended(1);
    ran.says(&[&bot, "equipemed_bot_xx", "other.yaml"]);
    assert!(
        hospital
            .take()
            .iter()
            .all(|request| !request.writes() || request.status >= 400 || request.path.contains("register"))
    );
    hospital.finish().await
}

/// Every command that asks Synapse.
const ASKING: [&[&str]; 10] = [
    &["sync"],
    &["sync", "--dry-run"],
    &["setup"],
    &["users", "list"],
    &["rooms", "list"],
    &["rooms", "stats"],
    &["rooms", "cleanup", "--dry-run"],
    &["rooms", "adopt", "!a:hospital.example", "todos"],
    &["rooms", "replace", "todos", "--dry-run"],
    &["doctor"],
];

fn says_what_to_do(arguments: &[&str], ran: &Ran) {
    let said = format!("{}{}", ran.out, ran.err);
    assert_eq!(ran.code, Some(1), "{arguments:?}: {said}");
    for part in ["Synapse cannot be reached", "start Synapse, or correct homeserver.url", "--wait 2m"] {
        assert_eq!(said.matches(part).count(), 1, "{arguments:?}: {part} in {said}");
    }
    assert!(ran.took < Duration::from_secs(10), "{arguments:?}: {:?}", ran.took);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once_and_waited_for_when_asked() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(crowd("p", 2, &[]), rooms()).await?;
    hospital.sync(&[]).await?.ended(0);
    let address = hospital.config["homeserver"]["url"].take();
    hospital.config["homeserver"]["url"] = json!(format!("http://127.0.0.1:{}", equipemed_testbed::free_port()?));
    hospital.write_config()?;
    for arguments in ASKING {
        let ran = hospital.run(arguments).await?;
        says_what_to_do(arguments, &ran);
        assert!(ran.took < Duration::from_secs(5), "{arguments:?}: {:?}", ran.took);
    }
    // Asked to wait it says so, and for how long.
    let ran = hospital.sync(&["--wait", "2s"]).await?.ended(1);
    assert!(ran.took >= Duration::from_secs(2) && ran.err.contains("waiting for Synapse at http://127"), "{ran:?}");
    assert!(!ran.err.contains("--wait 2m"), "{}", ran.err);
    hospital.sync(&["--wait", "soon"]).await?.ended(2);

    hospital.config["homeserver"]["url"] = address;
    hospital.write_config()?;
    hospital.proxy.pause();
    let sync = hospital.start(&["sync", "--wait", "1m"])?;
    sync.told("waiting for Synapse at").await?;
    hospital.proxy.resume();
    sync.end().await?.ended(0);
    // The operator does not want to wait.
    hospital.proxy.pause();
    let sync = hospital.start(&["sync", "--wait", "1m"])?;
    sync.told("waiting for Synapse at").await?;
    sync.term()?;
    let ran = sync.end().await?;
    assert!(ran.code != Some(0), "{ran:?}");
    hospital.proxy.resume();
    hospital.finish().await
}

#[tokio::test]
async fn a_server_that_takes_connections_and_answers_nothing_is_told_within_ten_seconds() -> anyhow::Result<()> {
    let hospital = Hospital::alone(crowd("p", 2, &[]), rooms()).await?;
    hospital.synapse().freeze()?;
    for arguments in [&["sync"][..], &["doctor"], &["rooms", "list"]] {
        says_what_to_do(arguments, &hospital.run(arguments).await?);
    }
    hospital.synapse().thaw()?;
    hospital.finish().await
}

#[tokio::test]
async fn a_web_server_in_synapses_place_is_recognised() -> anyhow::Result<()> {
    let mut hospital = Hospital::unprepared(crowd("p", 2, &[]), rooms()).await?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    // Answers every request with a page until the process ends.
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let page = "<!doctype html><title>It works!</title>";
            let _ = write!(
                stream,
                "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            );
        }
    });
    hospital.config["homeserver"]["url"] = json!(format!("http://{address}"));
    hospital.write_config()?;
    let ran = hospital.sync(&[]).await?.ended(1);
    ran.says(&["homeserver.url", "not that of a Matrix homeserver"]);
    let ran = hospital.run(&["serve"]).await?.ended(1);
    assert!(ran.err.contains("not that of a Matrix homeserver"), "{}", ran.err);
    hospital.finish().await
}

#[tokio::test]
async fn a_port_or_a_database_that_cannot_be_had_says_so() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(crowd("p", 2, &[]), rooms()).await?;
    let taken = std::net::TcpListener::bind(("127.0.0.1", hospital.port()))?;
    let ran = hospital.run(&["serve"]).await?.ended(1);
    assert!(ran.err.contains(&hospital.port().to_string()) && ran.err.contains("another"), "{}", ran.err);
    drop(taken);
    hospital.take();
    hospital.config["database"] = json!({"url": "sqlite://missing/bot.db"});
    hospital.write_config()?;
    for command in ["sync", "serve"] {
        let ran = hospital.run(&[command]).await?.ended(1);
        assert!(ran.err.contains("mkdir -p"), "{command}: {}", ran.err);
    }
    std::fs::create_dir(hospital.path("locked"))?;
    std::fs::write(hospital.path("locked/bot.db"), "this is no database, and long enough to be taken for one")?;
    hospital.config["database"] = json!({"url": "sqlite://locked/bot.db"});
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(1).says(&["locked/bot.db"]);
    // Root may write everywhere, so this is only tried where it fails.
    std::fs::set_permissions(hospital.path("locked"), std::fs::Permissions::from_mode(0o500))?;
    if std::fs::write(hospital.path("locked/probe"), "").is_err() {
        hospital.config["database"] = json!({"url": "sqlite://locked/new.db"});
        hospital.write_config()?;
        hospital.sync(&[]).await?.ended(1).says(&["locked/new.db"]);
    }
    std::fs::set_permissions(hospital.path("locked"), std::fs::Permissions::from_mode(0o700))?;
    assert!(hospital.take().is_empty(), "Synapse was not asked anything");
    hospital.finish().await
}

#[tokio::test]
async fn mode_observe_writes_nothing_whatever_is_asked() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(crowd("p", 3, &[]), rooms()).await?;
    hospital.config["mode"] = json!("observe");
    hospital.write_config()?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.err.contains("mode: observe, nothing was changed") && ran.out.contains("p01"), "{ran:?}");
    hospital.sync(&["--rooms", "--deactivate-disabled"]).await?.ended(0);
    hospital.sync(&["--dry-run", "--exit-code"]).await?.ended(4);
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    hospital.someone("p01").status = "suspended";
    hospital.write_roster()?;
    serving.told("People changed").await?;
    let ran = hospital.sync(&[]).await?;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.out.contains("Nothing to do: Synapse agrees"), "{}", ran.out);
    serving.term()?;
    serving.end().await?.ended(0);
    let mut writes = hospital.take_writes();
    // A ping changes nothing.
    writes.retain(|request| Endpoint::of(&request.method, &request.path) != Some(Endpoint::Ping));
    assert!(writes.is_empty(), "{writes:#?}");
    let audit = hospital.audit().await?;
    assert!(audit.iter().all(|entry| entry.intent.actor == "setup"), "{audit:#?}");
    hospital.finish().await
}
