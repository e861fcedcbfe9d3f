//! What the service survives: a full disk, a locked database, a flooded port.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use equipemed_bot::homeserver::Endpoint;
use equipemed_domain::outcome::Outcome;
use equipemed_testbed::postgres::{Postgres, sql};
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::{Client, Disk, free_port};
use serde_json::json;
use sqlx::{Connection as _, Executor as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::process::{PATIENCE, Running, page};
use super::talk::{begun, close, opened};
use super::{Hospital, chief, count, crowd, until};
use crate::store::broken::{empty, fill, small_disk};

/// Time limit for waiting work after an outage.
const SOON: Duration = Duration::from_secs(10);

fn rooms() -> serde_json::Value {
    json!({"todos": {"name": "Equipe", "members": {"any": true}}})
}

/// Waits for this status of `/ready`; returns the text.
async fn readiness(port: u16, wanted: u16) -> anyhow::Result<String> {
    equipemed_testbed::eventually(&format!("/ready says {wanted}"), PATIENCE, || async {
        let (status, said) = page(port, "/ready").await?;
        Ok((status == wanted).then_some(said))
    })
    .await
}

/// A hospital whose database is a link to a disk of 24 megabytes.
async fn cramped(disk: Option<&Disk>) -> anyhow::Result<Hospital> {
    let mut people = crowd("p", 3, &[]);
    people.push(chief("chefe"));
    let hospital = Hospital::unprepared(people, rooms()).await?;
    if let Some(disk) = disk {
        std::os::unix::fs::symlink(disk.path().join("bot.db"), hospital.path("equipemed-bot.db"))?;
    }
    hospital.setup().await?.ended(0);
    Ok(hospital)
}

impl Hospital {
    /// Whether somebody holds the lease for full passes.
    async fn has_lease(&self) -> anyhow::Result<bool> {
        const SQL: &str =
            "select count(*) from leases where name = 'engine' and expires_at > unixepoch('subsec') * 1000";
        Ok(self.number(SQL).await? > 0)
    }
}

#[tokio::test]
async fn what_waited_for_room_on_a_full_disk_is_done_within_seconds_without_a_restart() -> anyhow::Result<()> {
    let disk = small_disk()?;
    let disk = disk.as_ref();
    let (mut hospital, mut serving) = begun(cramped(disk).await?).await?;
    let file = hospital.path("equipemed-bot.db");
    let chief = hospital.client("chefe").await?;
    assert_eq!(page(hospital.port(), "/ready").await?.0, 200);

    fill(&file, disk).await?;
    let said = hospital.say(&chief, "control", "!status").await?;
    hospital.someone("p01").status = "suspended";
    hospital.write_roster()?;
    let why = readiness(hospital.port(), 503).await?;
    assert!(why.contains("cannot be written") || disk.is_none(), "{why}");
    assert_eq!(page(hospital.port(), "/health").await?.0, 200, "it lives");
    // Long enough for the lease to expire and for Synapse to postpone transactions.
    until("the lease is over", || async { Ok((!hospital.has_lease().await?).then_some(())) }).await?;
    ensure!(!serving.has_ended(), "{}", serving.err());
    assert!(!hospital.is_locked("p01").await?, "nothing is done that cannot be noted");

    empty(&file, disk).await?;
    let start = Instant::now();
    until("the suspended person is locked", || async { Ok(hospital.is_locked("p01").await?.then_some(())) }).await?;
    assert!(start.elapsed() < SOON, "locked after {:?}", start.elapsed());
    readiness(hospital.port(), 200).await?;
    hospital.answer(&chief, "control", &said).await?.says(&["Synapse: answers"]);
    assert!(start.elapsed() < SOON, "answered after {:?}", start.elapsed());
    until("somebody runs the full passes", || async { Ok(hospital.has_lease().await?.then_some(())) }).await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn a_database_that_others_keep_locked_is_told_and_gone_on_with() -> anyhow::Result<()> {
    let mut people = crowd("p", 2, &[]);
    people.push(chief("chefe"));
    let (mut hospital, serving) = opened(people, rooms(), |_| {}).await?;
    let file = format!("sqlite://{}", hospital.path("equipemed-bot.db").display());
    let mut other = sqlx::SqliteConnection::connect(&file).await?;
    other.execute("begin immediate").await?;
    hospital.someone("p01").status = "suspended";
    hospital.write_roster()?;
    let why = readiness(hospital.port(), 503).await?;
    assert!(why.contains("locked"), "{why}");
    other.execute("rollback").await?;
    other.close().await?;
    let start = Instant::now();
    readiness(hospital.port(), 200).await?;
    until("the suspended person is locked", || async { Ok(hospital.is_locked("p01").await?.then_some(())) }).await?;
    assert!(start.elapsed() < SOON, "after {:?}", start.elapsed());
    close(hospital, serving).await
}

/// The service with a limit of 1,024 open files, the usual default.
fn limited(hospital: &Hospital) -> anyhow::Result<Running> {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 1024 && exec \"$0\" serve", env!("CARGO_BIN_EXE_equipemed-bot")]);
    command.current_dir(hospital.path(""));
    Running::start(command)
}

/// Connections with unfinished requests.
async fn flood(port: u16, beginning: &str, count: usize) -> anyhow::Result<Vec<TcpStream>> {
    let mut open = Vec::new();
    for number in 0..count {
        let connected = TcpStream::connect(("127.0.0.1", port)).await;
        let mut stream = connected.with_context(|| format!("connection {number}"))?;
        // Fails if the connection was already replaced.
        let _ = stream.write_all(beginning.as_bytes()).await;
        open.push(stream);
    }
    Ok(open)
}

#[tokio::test]
async fn a_flood_of_half_requests_leaves_readiness_commands_and_passes_working() -> anyhow::Result<()> {
    let mut people = crowd("p", 3, &[]);
    people.push(chief("chefe"));
    let mut hospital = Hospital::new(people, rooms()).await?;
    let own = free_port()?;
    hospital.config["bot"]["language"] = json!("en");
    hospital.write_config()?;
    // First with Synapse's port only, then with a separate port for monitoring.
    for watched in [hospital.port(), own] {
        if watched == own {
            hospital.config["telemetry"]["listen"] = json!(format!("127.0.0.1:{own}"));
            hospital.write_config()?;
        }
        let serving = limited(&hospital)?;
        serving.told("A full pass ended").await?;
        let chief = hospital.client("chefe").await?;
        let slow_body = |token: &str| {
            let head = "PUT /_matrix/app/v1/transactions/slow HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n";
            format!("{head}authorization: Bearer {token}\r\n\r\n{{")
        };
        let (known, unknown) = (slow_body(&hospital.seat.registration.hs_token), slow_body("somebody's"));
        let mut open = Vec::new();
        for (beginning, count) in [(&*unknown, 200), (&*known, 200), ("", 100), ("PUT /_matrix/app/v1/tra", 1_100)] {
            open.extend(flood(hospital.port(), beginning, count).await?);
        }
        let (status, text) = page(watched, "/ready").await?;
        assert_eq!((status, text.as_str()), (200, "ready\n"));
        assert_eq!(page(watched, "/metrics").await?.0, 200);
        hospital.ask(&chief, "!status").await?.says(&["Synapse: answers"]);
        let wanted = if hospital.someone("p01").status == "active" { "suspended" } else { "active" };
        hospital.someone("p01").status = wanted;
        hospital.write_roster()?;
        until("the pass over the person", || async {
            Ok((hospital.is_locked("p01").await? == (wanted == "suspended")).then_some(()))
        })
        .await?;
        // The service soon closes all of them by itself.
        for mut stream in open {
            let closed = tokio::time::timeout(Duration::from_secs(40), stream.read_to_end(&mut Vec::new())).await;
            ensure!(closed.is_ok(), "a connection that says nothing stays open");
        }
        if watched == own {
            for path in ["/health", "/ready", "/metrics"] {
                assert_eq!(page(hospital.port(), path).await?.0, 404, "{path} is only where monitoring asks");
            }
        }
        serving.term()?;
        serving.end().await?.ended(0);
    }
    hospital.finish().await
}

#[tokio::test]
async fn a_second_service_on_one_file_is_refused_by_whatever_name_it_comes() -> anyhow::Result<()> {
    let hospital = Hospital::new(crowd("p", 2, &[]), rooms()).await?;
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    std::os::unix::fs::symlink(hospital.path("equipemed-bot.db"), hospital.path("other.db"))?;
    std::os::unix::fs::symlink(hospital.path(""), hospital.path("elsewhere"))?;
    for (name, file) in [("same", "equipemed-bot.db"), ("link", "other.db"), ("folder", "elsewhere/equipemed-bot.db")] {
        let mut config = hospital.config.clone();
        config["appservice"]["listen"] = json!(format!("127.0.0.1:{}", free_port()?));
        config["database"] = json!({"url": format!("sqlite://{file}")});
        let path = format!("{name}.yaml");
        std::fs::write(hospital.path(&path), config.to_string())?;
        let refused = hospital.run(&["serve", "-c", &path]).await?.ended(1);
        refused.says(&["another service", file, "process", "PostgreSQL"]);
    }
    // Single commands still work, and the running service can reload its settings.
    hospital.sync(&[]).await?.ended(0);
    hospital.run(&["users", "list"]).await?.ended(0);
    serving.hup()?;
    serving.told_times("Started", 2).await?;
    // Even a kill leaves no lock behind.
    serving.kill9()?;
    serving.end().await?;
    let next = hospital.start(&["serve"])?;
    next.told("Started").await?;
    next.term()?;
    next.end().await?.ended(0);
    hospital.finish().await
}

/// A hospital on its own PostgreSQL, where creating accounts takes a while.
async fn on_postgres(postgres: &Postgres) -> anyhow::Result<Hospital> {
    let mut hospital = Hospital::unprepared(crowd("p", 16, &[]), rooms()).await?;
    let database = postgres.database("endurance").await?;
    hospital.config["database"] = json!({"url": database});
    hospital.write_config()?;
    hospital.database = Some(database);
    hospital.setup().await?.ended(0);
    hospital.take();
    hospital
        .proxy
        .add_rule(Rule::new("/_synapse/admin/v2/users/", Fault::Delay(Duration::from_millis(1500))).method("PUT"));
    Ok(hospital)
}

async fn until_accounts_are_asked_for(hospital: &Hospital) -> anyhow::Result<()> {
    until("accounts are being made", || async {
        Ok((count(&hospital.proxy.recorded(), Endpoint::PutAccount) >= 3).then_some(()))
    })
    .await
}

/// All accounts exist with outcome done, and nothing failed.
async fn nothing_failed(hospital: &Hospital) -> anyhow::Result<()> {
    let audit = hospital.audit().await?;
    let failed: Vec<_> = audit
        .iter()
        .filter(|entry| entry.settled.as_ref().is_some_and(|settled| matches!(settled.outcome, Outcome::Failed(_))))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let administrator = Client::administrator(hospital.synapse()).await?;
    for name in hospital.people.keys() {
        let user = hospital.user(name);
        assert_eq!(administrator.account(&user).await?["deactivated"], false, "{name}");
        let is_done = audit.iter().any(|entry| {
            entry.intent.kind == "create_account"
                && entry.intent.user.as_ref().is_some_and(|made| made.as_str() == user)
                && entry.settled.as_ref().is_some_and(|settled| matches!(settled.outcome, Outcome::Done(_)))
        });
        assert!(is_done, "{name}: {audit:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_a_database_that_went_away_could_not_note_is_settled_by_the_next_look_and_nothing_failed()
-> anyhow::Result<()> {
    let postgres = Postgres::start().await?;
    let hospital = on_postgres(&postgres).await?;
    let mut serving = hospital.serve().await?;
    until_accounts_are_asked_for(&hospital).await?;
    postgres.stop().await?;
    readiness(hospital.port(), 503).await?;
    hospital.proxy.clear_rules();
    postgres.start_again().await?;
    readiness(hospital.port(), 200).await?;
    serving.told("A full pass ended").await?;
    until("everybody is in the room", || async { Ok((hospital.members("todos").await?.len() == 16).then_some(())) })
        .await?;
    assert!(!serving.has_ended());
    serving.term()?;
    serving.end().await?.ended(0);
    nothing_failed(&hospital).await?;
    hospital.finish().await
}

#[tokio::test]
async fn a_sync_whose_database_went_away_says_so_and_the_next_one_settles_what_it_did() -> anyhow::Result<()> {
    let postgres = Postgres::start().await?;
    let hospital = on_postgres(&postgres).await?;
    let sync = hospital.start(&["sync"])?;
    until_accounts_are_asked_for(&hospital).await?;
    postgres.stop().await?;
    until("Synapse has done what it was asked for", || async {
        let made = Client::administrator(hospital.synapse()).await?;
        Ok(made.account(&hospital.user("p00")).await.is_ok().then_some(()))
    })
    .await?;
    // As when the operator gives up.
    sync.term()?;
    let ran = sync.end().await?.ended(1);
    assert!(ran.err.contains("error: "), "{}", ran.err);
    for blamed in ["Synapse went", "EquipeMed"] {
        assert!(!ran.err.contains(blamed), "{}", ran.err);
    }
    hospital.proxy.clear_rules();
    postgres.start_again().await?;
    sql(hospital.database.as_deref().context("it has one")?, "delete from leases").await?;
    hospital.sync(&[]).await?.ended(0);
    nothing_failed(&hospital).await?;
    hospital.finish().await
}
