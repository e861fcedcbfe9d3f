//! Tests of the testbed itself.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::synapse::{Database, Options, rss_bytes};
use equipemed_testbed::{Client, Postgres, Proxy, Synapse, client, eventually, pool, postgres, rooms};
use serde_json::{Value, json};

const WHOAMI: &str = "/_matrix/client/v3/account/whoami";
const VERSIONS: &str = "/_matrix/client/versions";

async fn keeps_its_data(database: Database) -> anyhow::Result<()> {
    let synapse = Synapse::start(Options { database, ..Options::default() }).await?;
    let ana = Client::create(&synapse, "ana").await?;
    let pid = synapse.pid().context("it runs")?;
    assert!(synapse.cpu_seconds()? > 0.1 && rss_bytes(pid)? > 50_000_000);

    synapse.stop().await?;
    assert!(ana.get(WHOAMI).await.is_err());

    synapse.start_again().await?;
    assert_eq!(ana.get_ok(WHOAMI).await?["user_id"], json!("@ana:hospital.example"));

    synapse.kill().await?;
    synapse.start_again().await?;
    let room = ana.create_room(json!({"name": "Sala"})).await?;
    let event = ana.send_text(&room, "olá").await?;
    assert_eq!(ana.messages(&room, 1).await?[0]["event_id"], json!(event));
    assert_eq!(ana.joined_rooms().await?, [room]);
    Ok(())
}

#[tokio::test]
async fn a_synapse_on_sqlite_keeps_its_data_when_started_again() -> anyhow::Result<()> {
    keeps_its_data(Database::Sqlite).await
}

#[tokio::test]
async fn a_synapse_on_postgres_keeps_its_data_when_started_again() -> anyhow::Result<()> {
    keeps_its_data(Database::Postgres).await
}

#[tokio::test]
async fn a_synapse_that_cannot_start_says_why() -> anyhow::Result<()> {
    let options = Options { extra_yaml: "listeners: nowhere".to_owned(), ..Options::default() };
    let Err(error) = Synapse::start(options).await else {
        anyhow::bail!("the setting is wrong");
    };
    assert!(format!("{error:#}").contains("listeners"), "{error:#}");
    Ok(())
}

#[tokio::test]
async fn a_frozen_synapse_answers_after_it_was_thawed() -> anyhow::Result<()> {
    let synapse = Synapse::start(Options::default()).await?;
    let administrator = Client::administrator(&synapse).await?;
    synapse.freeze()?;
    let asked = tokio::time::timeout(Duration::from_millis(300), administrator.get(WHOAMI)).await;
    assert!(asked.is_err());
    synapse.thaw()?;
    administrator.get_ok(WHOAMI).await?;
    Ok(())
}

#[tokio::test]
async fn databases_of_a_cluster_are_apart_and_outlive_a_restart() -> anyhow::Result<()> {
    let cluster = Postgres::start().await?;
    let [one, two] = [cluster.database("store").await?, cluster.database("store").await?];
    assert_ne!(one, two);
    postgres::sql(&one, "create table people (name text); insert into people values ('Conceição')").await?;
    assert!(postgres::sql(&two, "select * from people").await.is_err());
    cluster.stop().await?;
    assert!(postgres::sql(&one, "select 1").await.is_err());
    cluster.start_again().await?;
    assert_eq!(postgres::sql(&one, "select name, 1 from people").await?, "Conceição|1");
    Ok(())
}

#[tokio::test]
async fn a_seats_token_is_the_bots_and_nobody_elses() -> anyhow::Result<()> {
    let [one, two] = [pool::seat().await?, pool::seat().await?];
    assert_ne!(one.bot, two.bot);
    for seat in [&one, &two] {
        let service = seat.service()?;
        assert_eq!(service.get_ok(WHOAMI).await?["user_id"], json!(seat.bot_id()));
        let ana = Client::create(seat.synapse, &seat.name("ana")).await?;
        let (status, _) = service.get(&format!("{WHOAMI}?user_id={}", client::encode(ana.user_id()))).await?;
        assert_eq!(status, 403);
    }
    let (status, _) = one.service()?.get(&format!("{WHOAMI}?user_id={}", client::encode(&two.bot_id()))).await?;
    assert_eq!(status, 403);
    Ok(())
}

#[tokio::test]
async fn an_alias_of_a_seat_is_refused_to_others() -> anyhow::Result<()> {
    let seat = pool::seat().await?;
    let ana = Client::create(seat.synapse, &seat.name("ana")).await?;
    let service = seat.set_up_bot().await?;
    let alias = format!("{}icu", seat.alias_prefix);
    let (status, answer) = ana.post("/_matrix/client/v3/createRoom", json!({"room_alias_name": alias})).await?;
    assert_eq!((status, &answer["errcode"]), (400, &json!("M_EXCLUSIVE")));
    let body = json!({"room_alias_name": alias, "invite": [ana.user_id()], "creation_content": {"example.key": "icu"}});
    let room = service.create_room(body).await?;
    let create = service.state_event(&room, "m.room.create", "").await?.context("every room has one")?;
    assert_eq!((&create["example.key"], &create["room_version"]), (&json!("icu"), &json!("12")));
    eventually("the accepted invite", Duration::from_secs(10), async || {
        Ok(ana.joined_rooms().await?.contains(&room).then_some(()))
    })
    .await
}

/// Uses its own small Synapse, so that only this test's requests are recorded.
#[tokio::test]
async fn each_fault_of_the_proxy_is_what_it_says() -> anyhow::Result<()> {
    let synapse = Synapse::start(Options::default()).await?;
    let ana = Client::create(&synapse, "ana").await?;
    let room = ana.create_room(json!({})).await?;
    let proxy = Proxy::start(&synapse.url()).await?;
    let through = Client::new(&proxy.url(), ana.user_id(), ana.token())?;

    through.send_text(&room, "tudo bem").await?;
    let recorded = proxy.take_recorded();
    let [seen] = recorded.as_slice() else {
        anyhow::bail!("one request was sent, not {recorded:?}");
    };
    assert_eq!((seen.method.as_str(), seen.status, seen.authorized), ("PUT", 200, true));
    assert!(seen.decoded_path().starts_with(&format!("/_matrix/client/v3/rooms/{room}/send/")), "{}", seen.path);
    assert_eq!(seen.body, Some(json!({"msgtype": "m.text", "body": "tudo bem"})));
    assert!(seen.writes() && seen.body_bytes > 0);

    proxy.add_rule(Rule::new(VERSIONS, Fault::Delay(Duration::from_millis(300))).once());
    let start = Instant::now();
    through.get_ok(VERSIONS).await?;
    assert!(start.elapsed() >= Duration::from_millis(300));

    proxy.add_rule(Rule::new(VERSIONS, Fault::Cut).method("GET").skip(1).once());
    through.get_ok(VERSIONS).await?;
    assert!(through.get(VERSIONS).await.is_err());
    through.get_ok(VERSIONS).await?;
    let statuses: Vec<u16> = proxy.take_recorded().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [200, 200, 0, 200]);
    proxy.clear_rules();

    proxy.add_rule(Rule::new(&format!("{room}/send/"), Fault::CutAfterForward).once());
    assert!(through.send_text(&room, "chegou").await.is_err());
    assert_eq!(ana.messages(&room, 1).await?[0]["content"]["body"], json!("chegou"));

    proxy.add_rule(Rule::new(VERSIONS, Fault::Status(503, json!({"errcode": "M_UNKNOWN"}))).once());
    assert_eq!(through.get(VERSIONS).await?, (503, json!({"errcode": "M_UNKNOWN"})));

    proxy.add_rule(Rule::new(VERSIONS, Fault::Limited { retry_after_ms: 1500 }).once());
    let (status, answer) = through.get(VERSIONS).await?;
    assert_eq!(
        (status, &answer["errcode"], &answer["retry_after_ms"]),
        (429, &json!("M_LIMIT_EXCEEDED"), &json!(1500))
    );

    proxy.add_rule(Rule::new(VERSIONS, Fault::NotMatrix).once());
    assert!(matches!(through.get(VERSIONS).await?, (200, Value::String(_))));

    proxy.add_rule(Rule::new(VERSIONS, Fault::Truncated).once());
    let Err(error) = through.get(VERSIONS).await else {
        anyhow::bail!("half an answer was taken for a whole one");
    };
    assert!(format!("{error:#}").contains("half an answer"), "{error:#}");

    proxy.pause();
    assert!(through.get(VERSIONS).await.is_err());
    proxy.resume();
    eventually("the resumed proxy", Duration::from_secs(5), async || Ok(through.get(VERSIONS).await.ok().map(|_| ())))
        .await?;
    assert!(through.get(&rooms::room_path(&room, "state")).await?.0 == 200);

    // A wrong address must not hang.
    synapse.stop().await?;
    assert!(through.get(VERSIONS).await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_server_ends_with_a_harness_that_is_killed() -> anyhow::Result<()> {
    let mut harness = Command::new(env!("CARGO_BIN_EXE_harness_to_kill")).stdout(Stdio::piped()).spawn()?;
    let output = BufReader::new(harness.stdout.take().context("it has an output")?);
    let mut lines = output.lines().map_while(Result::ok);
    let running = lines.find_map(|line| line.strip_prefix("RUNNING ").map(str::to_owned));
    let running = running.context("the other harness did not start")?;
    let (pid, folder) = running.split_once(' ').context("a process id and a folder")?;
    assert!(Path::new("/proc").join(pid).exists() && Path::new(folder).exists());
    harness.kill()?;
    harness.wait()?;
    eventually("the end of server and folder", Duration::from_secs(15), async || {
        let left = Path::new("/proc").join(pid).exists() || Path::new(folder).exists();
        Ok((!left).then_some(()))
    })
    .await
}
