//! Two services on one PostgreSQL database and one Synapse: both work, nothing is done twice, and one continues without
//! the other.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::postgres::{Postgres, sql};
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::{Client, Proxy, free_port};
use serde_json::{Value, json};

use super::process::{Running, page};
use super::{Hospital, Person, chief, count, crowd, until};

const PASS_BEGINS: &str = "This process runs the full passes";

/// A hospital with two services: the same files, except for port and proxy.
struct Replicas {
    hospital: Hospital,
    database: String,
    second: Proxy,
    second_port: u16,
}

impl Replicas {
    async fn new(database: String, people: Vec<Person>, rooms: Value) -> anyhow::Result<Self> {
        let mut hospital = Hospital::unprepared(people, rooms).await?;
        hospital.config["database"] = json!({"url": database});
        hospital.config["bot"]["language"] = json!("en");
        hospital.database = Some(database.clone());
        hospital.write_config()?;
        let (second, second_port) = (Proxy::start(&hospital.synapse().url()).await?, free_port()?);
        let mut config = hospital.config.clone();
        config["homeserver"]["url"] = json!(second.url());
        config["appservice"]["listen"] = json!(format!("127.0.0.1:{second_port}"));
        std::fs::write(hospital.path("second.yaml"), config.to_string())?;
        hospital.setup().await?.ended(0);
        Ok(Self { hospital, database, second, second_port })
    }

    fn start(&self, place: usize) -> anyhow::Result<Running> {
        self.hospital.start(&["serve", "-c", ["config.yaml", "second.yaml"][place]])
    }

    async fn number(&self, query: &str) -> anyhow::Result<i64> {
        Ok(sql(&self.database, query).await?.trim().parse()?)
    }

    /// Waits until no wake-ups are left.
    async fn quiet(&self) -> anyhow::Result<()> {
        until("nothing is due", || async {
            let due = "select count(*) from wakeups where due_at <= extract(epoch from now()) * 1000";
            let runs = "select count(*) from runs where finished_at is null";
            Ok((self.number(due).await? + self.number(runs).await? == 0).then_some(()))
        })
        .await
    }

    /// Sends a command to the control room, waits until it is handled, and returns the answer.
    async fn ask(&self, who: &Client, text: &str) -> anyhow::Result<(String, String)> {
        let said = self.hospital.say(who, "control", text).await?;
        let handled = format!("select count(*) from inbox where event_id = '{said}' and state = 'done'");
        until("the command is handled", || async { Ok((self.number(&handled).await? == 1).then_some(())) }).await?;
        let answers = self.hospital.answers(who, "control", &said).await?;
        Ok((said, answers.into_iter().next().context("no answer")?.text))
    }

    async fn locked(&self) -> anyhow::Result<usize> {
        let administrator = Client::administrator(self.hospital.synapse()).await?;
        let mut locked = 0;
        for name in self.hospital.people.keys() {
            locked += usize::from(administrator.account(&self.hospital.user(name)).await?["locked"] == true);
        }
        Ok(locked)
    }
}

/// Number of changes of a kind that a replica has made.
async fn made(port: u16, kind: &str) -> anyhow::Result<u64> {
    let (_, text) = page(port, "/metrics").await?;
    let wanted = |line: &&str| line.contains("_actions_total{") && line.contains(&format!("\"{kind}\""));
    let values = text.lines().filter(wanted).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    Ok(values.sum::<f64>() as u64)
}

#[tokio::test]
async fn two_replicas_share_the_work_and_each_thing_is_done_once() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"group": "UTI"}}});
    let mut people = crowd("p", 40, &[]);
    people.push(chief("chefe"));
    let database = Postgres::shared().await?.database("replicas").await?;
    let mut two = Replicas::new(database, people, rooms).await?;
    let (first, second) = (two.start(0)?, two.start(1)?);
    until("the first pass", || async { Ok((two.hospital.store().await?.applied_before().await?).then_some(())) })
        .await?;
    two.quiet().await?;

    // Both notice many single changes: each does some, and none is done twice.
    for number in 0..40 {
        two.hospital.someone(&format!("p{number:02}")).first_name = "Nova".to_owned();
    }
    two.hospital.write_roster()?;
    let renamed = "select count(*) from audit where kind = 'set_display_name'";
    until("all have the new name", || async { Ok((two.number(renamed).await? >= 40).then_some(())) }).await?;
    two.quiet().await?;
    assert_eq!(two.number(renamed).await?, 40, "each once");
    let by = (made(two.hospital.port(), "set_display_name").await?, made(two.second_port, "set_display_name").await?);
    assert!(by.0 + by.1 == 40 && by.0 > 0 && by.1 > 0, "{by:?}");

    // Simultaneous changes are judged together in any process: 12 of 41 exceed a tenth, so none goes through.
    for number in 0..12 {
        two.hospital.someone(&format!("p{number:02}")).status = "suspended";
    }
    two.hospital.write_roster()?;
    let waiting = "select count(*) from held where state = 'held' and kind = 'many_locked'";
    until("the rest is held", || async { Ok((two.number(waiting).await? > 0).then_some(())) }).await?;
    two.quiet().await?;
    assert_eq!(two.locked().await?, 0);
    let chief = two.hospital.client("chefe").await?;
    let told = || async { two.hospital.heard(&chief, &["active people would be locked"]).await };
    until("it is told", || async { Ok((!told().await?.is_empty()).then_some(())) }).await?;
    assert_eq!((told().await?.len(), two.number(waiting).await?), (1, 1), "{:?}", told().await?);

    // A command is answered once, whichever replica gets it.
    let id =
        two.hospital.store().await?.held_open(equipemed_bot::clock::Clock::system().now()).await?.remove(0).held.id;
    let (approved, text) = two.ask(&chief, &format!("!approve {id}")).await?;
    assert!(text.contains("Released"), "{text}");
    assert_eq!(two.locked().await?, 12);

    // Each is replaced by a new process while people continue to work.
    let mut said = vec![approved];
    let mut serving = vec![first, second];
    for place in [0, 1] {
        let old = serving.remove(0);
        old.term()?;
        said.push(two.hospital.say(&chief, "control", "!whoami").await?);
        two.hospital.someone(&format!("p{:02}", 20 + place)).groups = vec!["UTI".to_owned()];
        two.hospital.write_roster()?;
        old.end().await?.ended(0);
        serving.push(two.start(place)?);
        let name = format!("p{:02}", 20 + place);
        until("the change is done", || async {
            Ok(two.hospital.members("todos").await?.contains(&name).then_some(()))
        })
        .await?;
        let (event, _) = two.ask(&chief, "!status").await?;
        said.push(event);
    }
    let open = "select count(*) from inbox where state <> 'done' and kind = 'm.room.message'";
    until("all commands are handled", || async { Ok((two.number(open).await? == 0).then_some(())) }).await?;
    for event in &said {
        assert_eq!(two.hospital.answers(&chief, "control", event).await?.len(), 1, "{event}");
    }
    for serving in serving {
        serving.term()?;
        serving.end().await?.ended(0);
    }
    two.hospital.sync(&[]).await?.ended(0);
    two.hospital.finish().await
}

#[tokio::test]
async fn a_replica_killed_at_any_moment_of_a_first_sync_is_succeeded_and_nothing_is_made_twice() -> anyhow::Result<()> {
    const PEOPLE: usize = 120;
    let rooms = json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"user": "nobody"}},
        "todos": {"name": "Equipe", "parent": "hospital", "members": {"any": true}},
        "ward": {"name": "Enfermaria", "parent": "hospital", "members": {"group": "UTI"}},
    });
    let mut people: Vec<Person> = (0..PEOPLE)
        .map(|number| super::person(&format!("p{number:03}"), if number % 4 == 0 { &["UTI"] } else { &[] }))
        .collect();
    people.push(chief("chefe"));
    let database = Postgres::shared().await?.database("replicas").await?;
    let two = Replicas::new(database, people, rooms).await?;
    let mut serving = [two.start(0)?, two.start(1)?];
    for round in 0..5 {
        let random = u64::from_str_radix(&equipemed_testbed::random_hex(2)?, 16)?;
        // Random moments are the point of this test; the last two fall into somebody's turn.
        tokio::time::sleep(Duration::from_millis(1500 + random % 4000)).await;
        let holder = if serving[0].err().matches(PASS_BEGINS).count() > 0 { 0 } else { 1 };
        let victim = if round % 2 == 1 { 1 - holder } else { holder };
        let killed = Instant::now();
        serving[victim].kill9()?;
        let other = 1 - victim;
        let before = serving[other].err().matches(PASS_BEGINS).count();
        if victim == holder {
            serving[other].told_times(PASS_BEGINS, before + 1).await?;
            assert!(killed.elapsed() < Duration::from_secs(15), "{:?}", killed.elapsed());
        }
        let dead = std::mem::replace(&mut serving[victim], two.start(victim)?);
        dead.end().await?;
    }
    let done =
        || async { Ok((two.hospital.members("todos").await.unwrap_or_default().len() == PEOPLE + 1).then_some(())) };
    if let Err(error) = equipemed_testbed::eventually("everybody is in", Duration::from_secs(300), done).await {
        // What stood in the way is seen here or never.
        let state = "select (select json_agg(w) from wakeups w), (select json_agg(r) from runs r),
            (select json_agg(l) from leases l), (select count(*) from held)";
        let [one, other] = &serving;
        let state = sql(&two.database, state).await?;
        anyhow::bail!("{error:#}\n{state}\n--- one\n{}\n--- the other\n{}", one.err(), other.err());
    }
    two.quiet().await?;
    for serving in serving {
        serving.term()?;
        serving.end().await?.ended(0);
    }
    assert_eq!(two.hospital.members("ward").await?.len(), PEOPLE / 4);
    let rooms = two.hospital.rooms_by_key().await?;
    assert!(rooms.len() == 4 && rooms.values().all(|rooms| rooms.len() == 1), "{rooms:?}");
    let twice = "select count(*) from (select user_id, room_key from audit
        where kind in ('create_account', 'add_member') and outcome = 'done' group by 1, 2, kind having count(*) > 1) as t";
    assert_eq!(two.number(twice).await?, 0);
    let ran = two.hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("Nothing to do"), "{}", ran.out);
    two.hospital.finish().await
}

#[tokio::test]
async fn a_replica_that_stood_still_notices_that_another_took_over() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let database = Postgres::shared().await?.database("replicas").await?;
    let mut two = Replicas::new(database, crowd("p", 24, &[]), rooms).await?;
    two.hospital.sync(&[]).await?.ended(0);
    let ward = json!({"name": "Enfermaria", "members": {"any": true}});
    two.hospital.config["rooms"]["ward"] = ward.clone();
    two.hospital.write_config()?;
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(two.hospital.path("second.yaml"))?)?;
    config["rooms"]["ward"] = ward;
    std::fs::write(two.hospital.path("second.yaml"), config.to_string())?;

    // Slow enough to be stopped between two joins.
    two.hospital.proxy.add_rule(Rule::new("/v1/join/", Fault::Delay(Duration::from_millis(700))));
    two.hospital.take();
    let first = two.start(0)?;
    first.told(PASS_BEGINS).await?;
    until("joins under way", || async {
        Ok((count(&two.hospital.proxy.recorded(), Endpoint::AdminJoin) > 2).then_some(()))
    })
    .await?;
    let second = two.start(1)?;
    first.stop()?;
    let stopped = Instant::now();
    second.told(PASS_BEGINS).await?;
    assert!(stopped.elapsed() < Duration::from_secs(16), "{:?}", stopped.elapsed());
    // Meanwhile, requests that the first one sent before arrive through its proxy. A join may take as long as the
    // service waits for a response, one minute.
    let ended = || async { Ok(second.err().contains("A full pass ended").then_some(())) };
    equipemed_testbed::eventually("its pass ended", Duration::from_secs(120), ended).await?;
    assert_eq!(two.hospital.members("ward").await?.len(), 24);
    two.hospital.proxy.clear_rules();
    two.hospital.take();
    first.go_on()?;
    first.told("Another process took the lease over").await?;
    // A command next to it shows that it works again, and leaves time for a mistake.
    two.hospital.sync(&[]).await?.ended(0);
    two.quiet().await?;
    let writes = two.hospital.take_writes();
    assert_eq!(count(&writes, Endpoint::AdminJoin), 0, "{writes:#?}");
    assert!(count(&two.second.recorded(), Endpoint::AdminJoin) > 10);
    for serving in [first, second] {
        serving.term()?;
        serving.end().await?.ended(0);
    }
    let ran = two.hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("Nothing to do"), "{}", ran.out);
    two.hospital.finish().await
}

#[tokio::test]
async fn a_database_that_goes_away_is_waited_for_and_said_seldom() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"group": "UTI"}}});
    let postgres = Postgres::start().await?;
    let database = postgres.database("replicas").await?;
    let mut two = Replicas::new(database, crowd("p", 4, &[]), rooms).await?;
    let mut serving = two.start(0)?;
    serving.told("A full pass ended").await?;
    assert_eq!(page(two.hospital.port(), "/ready").await?.0, 200);
    let before = serving.err().lines().count();
    postgres.stop().await?;
    let away = Instant::now();
    until("it says that it cannot work", || async {
        Ok((page(two.hospital.port(), "/ready").await?.0 == 503).then_some(()))
    })
    .await?;
    assert_eq!(page(two.hospital.port(), "/health").await?.0, 200, "it lives");
    two.hospital.someone("p01").groups = vec!["UTI".to_owned()];
    two.hospital.write_roster()?;
    // The outage.
    tokio::time::sleep(Duration::from_secs(12).saturating_sub(away.elapsed())).await;
    let said = serving.err().lines().count() - before;
    assert!(!serving.has_ended() && said < 40, "{said} lines in {:?}:\n{}", away.elapsed(), serving.err());
    postgres.start_again().await?;
    until("it can work again", || async { Ok((page(two.hospital.port(), "/ready").await?.0 == 200).then_some(())) })
        .await?;
    until("what came meanwhile is done", || async {
        Ok((two.hospital.members("todos").await? == ["p01"]).then_some(()))
    })
    .await?;
    two.quiet().await?;
    serving.term()?;
    serving.end().await?.ended(0);
    two.hospital.finish().await
}
