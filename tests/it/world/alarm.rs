//! Outages told outside Matrix, and what a supervisor hears of the service: with a real receiver of webhooks, a mail
//! program, and sockets as systemd's.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use equipemed_testbed::proxy::{Fault, Rule};
use serde_json::{Value, json};

use super::process::Running;
use super::talk::close;
use super::{Hospital, chief, until};
use crate::alarm::Receiver;

/// Such addresses hold secrets.
const TOKEN: &str = "hook-token-5f1c";

/// A mail program that keeps what it gets.
fn mail_program(hospital: &Hospital) -> anyhow::Result<String> {
    let program = hospital.path("sendmail");
    let kept = hospital.path("mail");
    std::fs::write(&program, format!("#!/bin/sh\n{{ echo \"args: $*\"; env; cat; }} >> {}\n", kept.display()))?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700))?;
    Ok(program.display().to_string())
}

/// What was told of one kind, in order.
fn told(receiver: &Receiver, kind: &str) -> Vec<String> {
    let all = receiver.received().into_iter().map(|(_, body)| body);
    let of_kind = all.filter(|body| body["data"]["kind"] == kind);
    of_kind.map(|body| body["data"]["state"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn is_told(receiver: &Receiver, kind: &str, states: &[&str]) -> anyhow::Result<()> {
    until(&format!("{kind} {states:?}, not {:?}", told(receiver, kind)), || async {
        Ok((told(receiver, kind) == states).then_some(()))
    })
    .await
}

#[tokio::test]
async fn outages_are_told_once_at_their_beginning_and_their_end_also_after_a_kill() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let mut hospital = Hospital::new(vec![chief("chefe")], rooms).await?;
    let receiver = Receiver::start().await?;
    let sendmail = mail_program(&hospital)?;
    hospital.config["alarm"] = json!({
        "after": "1s", "webhook": format!("{}?token={TOKEN}", receiver.url()),
        "mail": {"to": ["ti@hospital.example"], "from": "bot@hospital.example", "sendmail": sendmail},
    });
    hospital.write_config()?;
    let tried = hospital.run(&["alarm", "test"]).await?.ended(0);
    assert!(tried.out.contains("✓ webhook") && tried.out.contains("✓ mail"), "{}", tried.out);
    is_told(&receiver, "test", &["began"]).await?;
    receiver.answer(500);
    let tried = hospital.run(&["alarm", "test"]).await?.ended(1);
    assert!(tried.out.contains("status 500") && !tried.out.contains(TOKEN), "{}", tried.out);
    receiver.answer(200);

    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    hospital.proxy.add_rule(Rule::new("/", Fault::Cut));
    is_told(&receiver, "synapse", &["began"]).await?;
    // Before that is noted it would be told again, with the same id.
    until("it is noted", || async {
        let store = hospital.store().await?;
        let outages = store.remembered("outages").await?.unwrap_or_default();
        store.close().await;
        Ok(outages.contains("\"told_at\":\"").then_some(()))
    })
    .await?;
    serving.kill9()?;
    let killed = serving.end().await?;
    hospital.forget_leases().await?;
    // Started while Synapse is away, it knows that this was told.
    let serving = hospital.start(&["serve"])?;
    let looked = hospital.proxy.recorded().len();
    until("another look", || async {
        let looks = hospital.proxy.recorded();
        let new = looks.iter().skip(looked).filter(|request| request.path.contains("/v2/users/"));
        Ok((new.count() >= 2).then_some(()))
    })
    .await?;
    hospital.proxy.clear_rules();
    is_told(&receiver, "synapse", &["began", "ended"]).await?;

    // EquipeMed: the roster is broken, and whole again.
    serving.told("A full pass ended").await?;
    std::fs::write(hospital.path("roster.yaml"), "people: [")?;
    serving.hup()?;
    is_told(&receiver, "equipemed", &["began"]).await?;
    hospital.write_roster()?;
    is_told(&receiver, "equipemed", &["began", "ended"]).await?;

    let log = format!("{}{}", serving.err(), killed.err);
    let mail = std::fs::read_to_string(hospital.path("mail"))?;
    assert!(mail.contains("Subject: equipemed-bot hospital.example: synapse began"), "{mail}");
    assert!(mail.contains("args: -i -f bot@hospital.example -- ti@hospital.example"), "{mail}");
    assert!(mail.contains("O Synapse de hospital.example não responde desde"), "{mail}");
    assert!(!mail.contains("RUST_BACKTRACE"), "the service's environment may hold secrets");
    for (headers, body) in receiver.received() {
        assert!(headers.contains_key("webhook-id") && headers.contains_key("webhook-timestamp"), "{headers:?}");
        assert!(body["text"].is_string() && body["timestamp"].is_string(), "{body}");
        let text = body.to_string();
        assert!(!text.contains('@') && !text.contains("chefe"), "nobody is named: {text}");
    }
    assert!(!log.contains(TOKEN), "{log}");
    close(hospital, serving).await
}

/// A supervisor's socket.
fn heard(socket: &UnixDatagram, wanted: &str) -> anyhow::Result<()> {
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut buffer = [0; 256];
    loop {
        let length = socket.recv(&mut buffer)?;
        if buffer.get(..length) == Some(wanted.as_bytes()) {
            return Ok(());
        }
    }
}

fn supervised(hospital: &Hospital, socket: &str) -> anyhow::Result<Running> {
    let mut command = hospital.command(&["serve"]);
    command.env("NOTIFY_SOCKET", socket).env("WATCHDOG_USEC", "400000");
    Running::start(command)
}

#[tokio::test]
async fn a_supervisor_hears_of_start_life_and_stop_and_a_health_check_of_readiness() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let hospital = Hospital::new(vec![chief("chefe")], rooms).await?;
    let down = hospital.run(&["health"]).await?.ended(1);
    assert!(down.out.starts_with("no service answers at 127.0.0.1:"), "{}", down.out);

    let path = hospital.path("notify");
    let name = format!("equipemed-{}", hospital.port());
    let sockets = [
        (UnixDatagram::bind(&path)?, path.display().to_string()),
        (UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name)?)?, format!("@{name}")),
    ];
    for (socket, address) in sockets {
        let serving = supervised(&hospital, &address)?;
        let heard = |wanted: &'static str| {
            let socket = socket.try_clone();
            tokio::task::spawn_blocking(move || heard(&socket?, wanted))
        };
        heard("READY=1").await??;
        serving.told("A full pass ended").await?;
        for _ in 0..3 {
            heard("WATCHDOG=1").await??;
        }
        let up = hospital.run(&["health"]).await?.ended(0);
        assert_eq!(up.out, "ready\n");
        serving.term()?;
        heard("STOPPING=1").await??;
        serving.end().await?.ended(0);
    }

    // Ready without Synapse; not ready without the database.
    hospital.proxy.add_rule(Rule::new("/", Fault::Cut));
    let serving = hospital.start(&["serve"])?;
    serving.told("Started").await?;
    hospital.run(&["health"]).await?.ended(0);
    hospital.proxy.clear_rules();
    serving.told("A full pass ended").await?;
    let locked = lock(&hospital).await?;
    until("the service is not ready", || async {
        let health = hospital.run(&["health"]).await?;
        Ok((health.code == Some(1)).then_some(()))
    })
    .await?;
    let health = hospital.run(&["health"]).await?;
    assert_eq!(health.out, "not ready: another program keeps the database locked\n");
    drop(locked);
    until("the service is ready again", || async {
        Ok((hospital.run(&["health"]).await?.code == Some(0)).then_some(()))
    })
    .await?;
    close(hospital, serving).await
}

/// Locks the service's database until dropped.
async fn lock(hospital: &Hospital) -> anyhow::Result<sqlx::SqliteConnection> {
    use sqlx::Connection as _;
    let url = format!("sqlite://{}", hospital.path("equipemed-bot.db").display());
    let mut database = sqlx::SqliteConnection::connect(&url).await?;
    sqlx::query("begin immediate").execute(&mut database).await?;
    Ok(database)
}

#[tokio::test]
async fn an_alarm_that_could_be_read_on_the_way_or_reach_nobody_is_refused() -> anyhow::Result<()> {
    let mut hospital = Hospital::unprepared(vec![chief("chefe")], json!({})).await?;
    let mail = |mail: Value| json!({"mail": mail});
    for (alarm, says) in [
        (json!({"webhook": format!("http://hospital.example/{TOKEN}")}), "expected an https:// address"),
        (json!({"webhook": "http://127.0.0.1.example/"}), "expected an https:// address"),
        (json!({"webhook": "file:///etc/passwd"}), "expected an https:// address"),
        (mail(json!({"from": "bot@hospital.example"})), "whom to write to"),
        (mail(json!({"to": "-OQueueDirectory=/tmp@x", "from": "bot@hospital.example"})), "one plain address"),
        (mail(json!({"to": "ti@hospital.example\nBcc: a@b", "from": "bot@hospital.example"})), "one plain address"),
        (
            mail(json!({"to": "ti@hospital.example", "from": "bot@hospital.example", "sendmail": "/nonexistent"})),
            "there is no program /nonexistent",
        ),
    ] {
        hospital.config["alarm"] = alarm;
        hospital.write_config()?;
        let ran = hospital.run(&["config", "check"]).await?;
        assert!(ran.code != Some(0) && ran.err.contains(says) && !ran.err.contains(TOKEN), "{says}: {}", ran.err);
    }
    hospital.config["alarm"] = Value::Null;
    hospital.write_config()?;
    hospital.run(&["alarm", "test"]).await?.ended(1);
    Ok(())
}
