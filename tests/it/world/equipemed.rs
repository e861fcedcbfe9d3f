//! The service with EquipeMed's own database: relevant changes reach Synapse, others do not.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_bot::directory::equipemed::Script;
use equipemed_testbed::equipemed::Row;
use equipemed_testbed::postgres::sql;
use equipemed_testbed::{Client, Equipemed as Database, Postgres};
use serde_json::json;

use super::process::Running;
use super::{Hospital, chief, crowd, until};

impl Hospital {
    /// Moves this hospital's people into a database like EquipeMed's, with or without triggers.
    async fn on_database(&mut self, cluster: &Postgres, triggers: bool) -> anyhow::Result<Database> {
        let database = Database::new(cluster).await?;
        let row = |person: &super::Person| Row {
            id: i64::try_from(person.id).unwrap_or_default(),
            public_id: self.public_id(person),
            username: self.username(&person.name),
            first_name: person.first_name.clone(),
            superuser: person.superuser,
            account_status: person.status.to_owned(),
            ..Row::new(0, "", &person.groups.iter().map(String::as_str).collect::<Vec<_>>())
        };
        database.add(&self.people.values().map(row).collect::<Vec<_>>()).await?;
        let script = Script::new("accounts_", &BTreeSet::new());
        database.sql(&script.grants(&database.reader)).await?;
        if triggers {
            database.sql(&script.install()).await?;
        }
        self.config["bot"]["language"] = json!("en");
        self.config["directory"] =
            json!({"source": "equipemed", "url": database.reader_url, "interval": "off", "poll": "1s"});
        self.write_config()?;
        Ok(database)
    }

    /// A running service after its first pass, listening.
    async fn serve_listening(&self) -> anyhow::Result<Running> {
        let serving = self.serve().await?;
        serving.told("Listening for changes in EquipeMed's database").await?;
        self.at_rest().await?;
        Ok(serving)
    }

    /// Waits until no wake-ups are left.
    async fn at_rest(&self) -> anyhow::Result<()> {
        until("the end of all passes", || async {
            let waiting = self.number("select count(*) from wakeups where subject <> 'everything' or due_at <= unixepoch('subsec') * 1000 + 100").await?;
            let runs = self.number("select count(*) from runs where finished_at is null").await?;
            Ok((waiting + runs == 0).then_some(()))
        })
        .await
    }
}

fn rooms() -> serde_json::Value {
    json!({
        "todos": {"name": "Todos", "members": {"any": true}, "levels": {"lead": 50}},
        "icu": {"name": "UTI", "members": {"group": "UTI"}},
    })
}

#[tokio::test]
async fn a_change_in_equipemed_is_a_change_on_synapse_within_a_second() -> anyhow::Result<()> {
    let people = [crowd("p", 6, &["UTI"]), vec![chief("boss")]].concat();
    let mut hospital = Hospital::new(people, rooms()).await?;
    let database = hospital.on_database(Postgres::shared().await?, true).await?;
    let serving = hospital.serve_listening().await?;
    assert_eq!(hospital.members("icu").await?.len(), 6);
    let id = |name: &str| hospital.people[name].id;

    // A group added, a group removed, a lock and a name, each without Django.
    database.sql(&format!("insert into auth_group (name) values ('Leads'); insert into accounts_eqmdcustomuser_groups (eqmdcustomuser_id, group_id) select {}, id from auth_group where name = 'Leads'", id("p00"))).await?;
    until("the level", || async { Ok((hospital.level("todos", "p00").await? == Some(50)).then_some(())) }).await?;
    database
        .sql(&format!("delete from accounts_eqmdcustomuser_groups where eqmdcustomuser_id = {}", id("p01")))
        .await?;
    until("the removal", || async { Ok((hospital.members("icu").await?.len() == 5).then_some(())) }).await?;
    database
        .sql(&format!("update accounts_eqmdcustomuser set account_status = 'suspended' where id = {}", id("p02")))
        .await?;
    until("the lock", || async { Ok(hospital.is_locked("p02").await?.then_some(())) }).await?;
    database.sql(&format!("update accounts_eqmdcustomuser set account_status = 'active', first_name = 'Nova', username = 'nova.{0}' where id = {0}", id("p02"))).await?;
    let administrator = Client::administrator(hospital.synapse()).await?;
    until("the new name and the unlocked account", || async {
        let account = administrator.account(&hospital.user("p02")).await?;
        Ok((account["displayname"] == "Nova Souza" && account["locked"] == false).then_some(()))
    })
    .await?;
    // All rows of a bulk update without Django are followed.
    let bulk = "update accounts_eqmdcustomuser set last_name = 'Lima'";
    database.sql(bulk).await?;
    until("everybody's new name", || async {
        for name in hospital.people.keys() {
            let account = administrator.account(&hospital.user(name)).await?;
            if !account["displayname"].as_str().unwrap_or_default().ends_with("Lima") {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
    .await?;
    hospital.at_rest().await?;

    // Irrelevant changes wake nothing, and a pass without changes writes nothing.
    hospital.take();
    let passes = hospital.number("select count(*) from audit").await?;
    let views: String = (1..=1000).map(|n| Database::page_view(1 + n % 7)).collect();
    database.sql(&views).await?;
    database.sql("update accounts_eqmdcustomuser set last_login = now()").await?;
    let before = serving.err().matches("EquipeMed changed").count();
    // A notification about an unknown person shows that all earlier ones were processed.
    database.sql("notify equipemed_bot, '424242'").await?;
    until("the last notification", || async {
        Ok((serving.err().matches("EquipeMed changed").count() == before + 1).then_some(()))
    })
    .await?;
    hospital.at_rest().await?;
    assert!(hospital.take_writes().is_empty());
    assert_eq!(hospital.number("select count(*) from audit").await?, passes);
    let again = hospital.sync(&[]).await?.ended(0);
    assert!(again.out.contains("Nothing to do") || again.out.contains("nothing"), "{}", again.out);
    assert!(hospital.take_writes().is_empty());
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

/// Rules use a profession and a manually made group; the profession's group keeps disappearing.
#[tokio::test]
async fn the_flicker_of_profession_groups_changes_nothing_for_a_minute() -> anyhow::Result<()> {
    let rooms = json!({
        "nurses": {"name": "Enfermagem", "members": {"profession": "nurse"}},
        "icu": {"name": "UTI", "members": {"group": "UTI"}},
    });
    let mut hospital = Hospital::new([crowd("p", 4, &["UTI"]), vec![chief("boss")]].concat(), rooms).await?;
    hospital.config["roles"]["nurse"] = json!({"when": {"profession": "nurse"}});
    hospital.config["rooms"]["nurses"]["levels"] = json!({"nurse": 25});
    let database = hospital.on_database(Postgres::shared().await?, true).await?;
    database.sql("update accounts_eqmdcustomuser set profession_type = 2 where id <= 4").await?;
    let serving = hospital.serve_listening().await?;
    assert_eq!(hospital.members("nurses").await?.len(), 4);
    hospital.take();
    let flickering = async {
        let view: String = (1..=4)
            .map(|id| {
                format!(
                    "{}select pg_sleep(0.02);\n",
                    Database::page_view(id).replace("insert", "select pg_sleep(0.02); insert")
                )
            })
            .collect();
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            database.sql(&view.repeat(10)).await?;
        }
        anyhow::Ok(())
    };
    let looking = async {
        let mut passes = 0;
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_secs(59) {
            hospital.sync(&[]).await?.ended(0);
            passes += 1;
        }
        anyhow::Ok(passes)
    };
    let (flickered, passes) = tokio::join!(flickering, looking);
    flickered?;
    assert!(passes? > 3, "hardly anybody looked");
    let writes = hospital.take_writes();
    assert!(writes.is_empty(), "{writes:#?}");
    assert_eq!(hospital.level("nurses", "p00").await?, Some(25));
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

#[tokio::test]
async fn a_database_in_trouble_locks_nobody_and_is_told() -> anyhow::Result<()> {
    let cluster = Postgres::start().await?;
    let mut hospital = Hospital::new([crowd("p", 9, &["UTI"]), vec![chief("boss")]].concat(), rooms()).await?;
    let database = hospital.on_database(&cluster, true).await?;
    let serving = hospital.serve_listening().await?;
    let boss = hospital.client("boss").await?;
    hospital.take();
    let reader = database.reader.clone();
    // What is done to the database, what the control room is told, and the fix, after which it recovers by itself.
    let troubles = [
        (format!("revoke select (is_active) on accounts_eqmdcustomuser from {reader}"), "accounts_eqmdcustomuser.is_active", format!("grant select (is_active) on accounts_eqmdcustomuser to {reader}")),
        ("alter table auth_group rename to elsewhere".to_owned(), "auth_group", "alter table elsewhere rename to auth_group".to_owned()),
        // Removes everybody, then restores the same rows.
        (
            "create table kept as select * from accounts_eqmdcustomuser; set session_replication_role = replica; delete from accounts_eqmdcustomuser".to_owned(),
            "gives nobody",
            "set session_replication_role = replica; insert into accounts_eqmdcustomuser select * from kept; drop table kept".to_owned(),
        ),
        // Changes the password and cuts connections, as by a restart.
        (
            format!("alter role {reader} password 'other'; select pg_terminate_backend(pid) from pg_stat_activity where usename = '{reader}'"),
            "password authentication failed",
            format!("alter role {reader} password 's3cret-of-tests'"),
        ),
    ];
    for (round, (harm, says, cure)) in troubles.iter().enumerate() {
        database.sql(harm).await?;
        database.sql("notify equipemed_bot, '*'").await?;
        until(says, || async {
            // A cut connection misses notifications, but the full pass finds the problem.
            let told = hospital.heard(&boss, &[says]).await?;
            Ok((!told.is_empty()).then_some(()))
        })
        .await?;
        database.sql(cure).await?;
        until("that it is back", || async {
            Ok((hospital.heard(&boss, &["can read EquipeMed again"]).await?.len() == round + 1).then_some(()))
        })
        .await?;
    }
    // While it is stopped, commands are answered with the reason; after a restart work continues.
    cluster.stop().await?;
    hospital.told(&boss, &["cannot read EquipeMed", "does not answer"]).await?;
    hospital.ask(&boss, "!users").await?.says(&["cannot read EquipeMed"]);
    cluster.start_again().await?;
    until("that it is back", || async {
        Ok((hospital.heard(&boss, &["can read EquipeMed again"]).await?.len() == troubles.len() + 1).then_some(()))
    })
    .await?;
    serving.told_times("Listening for changes in EquipeMed's database", 2).await?;
    hospital.at_rest().await?;
    // Half of the people are missing: reported, and nothing is destroyed.
    database.sql("set session_replication_role = replica; delete from accounts_eqmdcustomuser where id <= 5").await?;
    database.sql("notify equipemed_bot, '*'").await?;
    hospital.told(&boss, &["EquipeMed had 10 people", "5 now"]).await?;
    hospital.at_rest().await?;
    let harm = hospital.take_writes().into_iter().filter(|request| {
        let path = request.decoded_path();
        !["/send/m.room.message/", "/send/m.reaction/", "/receipt/", "/ping"].iter().any(|part| path.contains(part))
    });
    let harm: Vec<_> = harm.collect();
    assert!(harm.is_empty(), "{harm:#?}");
    for name in hospital.people.keys() {
        assert!(!hospital.is_locked(name).await?, "{name} is locked");
    }
    assert_eq!(hospital.members("icu").await?.len(), 9);
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await?;
    cluster.stop().await
}

#[tokio::test]
async fn without_triggers_people_are_compared() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(crowd("p", 3, &["UTI"]), rooms()).await?;
    let database = hospital.on_database(Postgres::shared().await?, false).await?;
    let serving = hospital.serve_listening().await?;
    serving.told("EquipeMed's triggers are missing").await?;
    database.sql("update accounts_eqmdcustomuser set account_status = 'suspended' where id = 1").await?;
    until("the lock", || async { Ok(hospital.is_locked("p00").await?.then_some(())) }).await?;
    // The administrator's commands.
    let checked = hospital.run(&["config", "check"]).await?.ended(0);
    assert!(checked.out.contains("EquipeMed's database, notifications on"), "{}", checked.out);
    let mut install = hospital.command(&["directory", "install-triggers"]);
    let refused = Running::start(hospital.command(&["directory", "install-triggers"]))?.end().await?.ended(2);
    refused.says(&["EQUIPEMED_ADMIN_URL", "--print"]);
    install.env("EQUIPEMED_ADMIN_URL", &database.url);
    let installed = Running::start(install)?.end().await?.ended(0);
    assert!(installed.out.contains("tells who changed"), "{}", installed.out);
    let doctor = hospital.run(&["doctor"]).await?;
    assert!(doctor.out.contains("may only read") && doctor.out.contains("triggers tell who changed"), "{}", doctor.out);
    database.sql("update accounts_eqmdcustomuser set account_status = 'active' where id = 1").await?;
    until("the unlocked account", || async { Ok((!hospital.is_locked("p00").await?).then_some(())) }).await?;
    let mut uninstall = hospital.command(&["directory", "uninstall-triggers"]);
    uninstall.env("EQUIPEMED_ADMIN_URL", &database.url);
    Running::start(uninstall)?.end().await?.ended(0);
    assert_eq!(sql(&database.url, "select count(*) from pg_trigger where not tgisinternal").await?, "0");
    // Before the service has noticed that there are no more notifications.
    database.sql("update accounts_eqmdcustomuser set account_status = 'suspended' where id = 2").await?;
    until("the lock", || async { Ok(hospital.is_locked("p01").await?.then_some(())) }).await?;
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

/// After a restored backup, a person's number belongs to somebody else, and the person has another number.
#[tokio::test]
async fn a_restored_database_gives_nobody_the_account_of_another() -> anyhow::Result<()> {
    let people = [crowd("p", 4, &["UTI"]), vec![chief("boss")]].concat();
    let mut hospital = Hospital::new(people, rooms()).await?;
    let database = hospital.on_database(Postgres::shared().await?, true).await?;
    let serving = hospital.serve_listening().await?;
    let rows = ["p00", "p01"]
        .map(|name| (hospital.people[name].id, hospital.username(name), hospital.public_id(&hospital.people[name])));
    hospital.take();
    // Two people swap everything.
    let is = |(id, _, _): &(usize, String, String), name: &str, public_id: &str, first: &str| {
        format!(
            "update accounts_userprofile set public_id = '{public_id}' where user_id = {id};
            update accounts_eqmdcustomuser set username = '{name}', first_name = '{first}' where id = {id};"
        )
    };
    let aside = is(&rows[0], "aside", "ffffffff-0000-4000-8000-000000000000", "aside");
    let swap =
        [aside, is(&rows[1], &rows[0].1, &rows[0].2, "p00"), is(&rows[0], &rows[1].1, &rows[1].2, "p01")].concat();
    database.sql(&format!("begin; {swap} commit;")).await?;
    serving.told("EquipeMed changed").await?;
    hospital.at_rest().await?;
    let writes = hospital.take_writes();
    assert!(writes.is_empty(), "{writes:#?}");

    // An unknown person has a third person's number.
    let third = (hospital.people["p02"].id, String::new(), String::new());
    let new = hospital.username("nova");
    let public_id = format!("{:08x}-0000-4000-b000-000000000001", hospital.port());
    let groups = format!("delete from accounts_eqmdcustomuser_groups where eqmdcustomuser_id = {}", third.0);
    database.sql(&format!("begin; {} {groups}; commit;", is(&third, &new, &public_id, "Nova"))).await?;
    let administrator = Client::administrator(hospital.synapse()).await?;
    let path = format!("/_synapse/admin/v2/users/{}", super::encode(&hospital.user("nova")));
    until("the new account", || async {
        let (status, account) = administrator.get(&path).await?;
        let ids = account["external_ids"][0]["external_id"].as_str().map(str::to_owned);
        Ok((status == 200 && ids.as_deref() == Some(public_id.as_str())).then_some(()))
    })
    .await?;
    let before = administrator.account(&hospital.user("p02")).await?;
    assert_eq!(before["displayname"], "p02 Souza");
    assert_eq!(before["external_ids"][0]["external_id"], json!(hospital.public_id(&hospital.people["p02"])));
    hospital.add(super::person("nova", &[]));
    until("her room", || async { Ok(hospital.members("todos").await?.contains(&"nova".to_owned()).then_some(())) })
        .await?;
    assert!(!hospital.members("icu").await?.contains(&"nova".to_owned()));
    // The previous person is gone at the second complete read.
    hospital.sync(&[]).await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    assert!(hospital.is_locked("p02").await? && !hospital.is_locked("nova").await?);
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

/// Somebody whom Django's `bulk_create` made: without a profile, and so without a public id, until EquipeMed gives one.
#[tokio::test]
async fn somebody_without_a_profile_is_told_and_asked_for_nowhere() -> anyhow::Result<()> {
    let mut hospital = Hospital::new([crowd("p", 3, &["UTI"]), vec![chief("boss")]].concat(), rooms()).await?;
    let database = hospital.on_database(Postgres::shared().await?, true).await?;
    // More accounts that are nobody's than people without one: a full pass asks for the people.
    for stranger in ["x1", "x2", "x3"] {
        hospital.client(stranger).await?;
    }
    let serving = hospital.serve_listening().await?;
    let (id, username) = (900, hospital.username("rui"));
    let bulk = format!(
        "insert into accounts_eqmdcustomuser values ({id}, '!', null, false, '{username}', 'Rui', 'Souza', '', false, true, now(), null, 'active', null, false, true, false, null, null, null)"
    );
    database.sql(&bulk).await?;
    serving.told("EquipeMed changed").await?;
    hospital.at_rest().await?;
    hospital.ask(&hospital.client("boss").await?, "!sync").await?.says(&["has no profile in EquipeMed"]);
    let full = hospital.sync(&[]).await?.ended(0);
    assert!(full.out.contains("has no profile in EquipeMed"), "{}", full.out);
    assert!(!serving.err().contains("makes no sense"), "{}", serving.err());

    let public_id = format!("{:08x}-0000-4000-8000-{id:012x}", hospital.port());
    let profile = format!(
        "insert into accounts_userprofile (user_id, public_id, matrix_localpart, display_name) values ({id}, '{public_id}', null, '')"
    );
    database.sql(&profile).await?;
    hospital.add(super::person("rui", &[]));
    until("the account", || async { Ok(hospital.members("todos").await?.contains(&"rui".to_owned()).then_some(())) })
        .await?;
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

/// A slip of the pen in a rule is told in the control room, once, and by the command line.
#[tokio::test]
async fn a_group_that_is_not_there_is_told_once() -> anyhow::Result<()> {
    let mut rooms = rooms();
    rooms["icu"]["members"] = json!({"group": "Plantao UTI"});
    let people = [crowd("p", 2, &["Plantão UTI", "Leads"]), vec![chief("boss")]].concat();
    let mut hospital = Hospital::new(people, rooms).await?;
    let database = hospital.on_database(Postgres::shared().await?, true).await?;
    const SAYS: &str = "which EquipeMed does not have; did you mean “Plantão UTI”?";
    let checked = hospital.run(&["config", "check"]).await?.ended(0);
    assert!(checked.out.contains(SAYS), "{}", checked.out);
    let doctor = hospital.run(&["doctor"]).await?.ended(1);
    assert!(doctor.out.contains(SAYS), "{}", doctor.out);
    let serving = hospital.serve_listening().await?;
    // It is told before the boss is let into the control room.
    let (bot, boss) = (hospital.bot()?, hospital.client("boss").await?);
    hospital.told(&bot, &["Plantao UTI", SAYS]).await?;
    database.sql("update accounts_eqmdcustomuser set last_name = 'Lima' where id = 1").await?;
    assert!(hospital.sync(&[]).await?.ended(0).out.contains(SAYS), "a full pass reports it each time");
    hospital.at_rest().await?;
    assert_eq!(hospital.heard(&bot, &[SAYS]).await?.len(), 1);
    assert!(!hospital.ask(&boss, &format!("!sync {}", hospital.username("p00"))).await?.text.contains(SAYS));
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}
