//! Whoever leaves `users.who` keeps the account, and loses what the policy gave.

use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, Person, chief, crowd, person, until};

const PILOT: &[&str] = &["Piloto"];

fn people() -> Vec<Person> {
    let mut people = crowd("p", 2, PILOT);
    people.push(Person { groups: vec!["Piloto".to_owned()], ..chief("chefe") });
    people.push(Person { groups: vec!["Piloto".to_owned()], ..chief("outra") });
    people.push(person("ana", PILOT));
    people
}

fn rooms() -> Value {
    json!({
        "todos": {"name": "Equipe", "members": {"any": true}},
        "icu": {"name": "UTI", "members": {"any": true}},
    })
}

fn pilot(hospital: &mut Hospital) {
    hospital.config["users"]["who"] = json!({"group": "Piloto"});
    hospital.config["roles"]["admin"]["server_admin"] = json!(true);
}

async fn account(hospital: &Hospital, name: &str) -> anyhow::Result<Value> {
    let administrator = equipemed_testbed::Client::administrator(hospital.synapse()).await?;
    administrator.account(&hospital.user(name)).await
}

#[tokio::test]
async fn whoever_leaves_users_who_is_released_and_gets_everything_back_with_it() -> anyhow::Result<()> {
    let (mut hospital, serving) = opened(people(), rooms(), pilot).await?;
    let chief = hospital.client("chefe").await?;
    let (outra, ana) = (hospital.username("outra"), hospital.username("ana"));
    assert_eq!(account(&hospital, "outra").await?["admin"], true);
    hospital.ask(&chief, &format!("!promote {ana} moderator in icu")).await?.says(&["level 50"]);

    hospital.someone("outra").groups.clear();
    hospital.someone("outra").first_name = "Renomeada".to_owned();
    hospital.someone("ana").groups.clear();
    hospital.write_roster()?;
    hospital.ask(&chief, "!sync").await?;
    for name in ["outra", "ana"] {
        for room in ["todos", "icu", "control"] {
            assert!(!hospital.members(room).await?.contains(&name.to_owned()), "{name} is still in {room}");
            assert_eq!(hospital.level(room, name).await?, None, "{name} in {room}");
        }
        assert!(!hospital.is_locked(name).await? && !hospital.is_deactivated(name).await?);
    }
    let kept = account(&hospital, "outra").await?;
    assert_eq!((&kept["admin"], &kept["displayname"]), (&json!(false), &json!("outra Souza")));

    hospital.ask(&chief, "!users released").await?.says(&["2 people", &outra, &ana]);
    hospital.ask(&chief, &format!("!user {outra}")).await?.says(&["Not selected for Matrix", "Account: active"]);
    hospital.ask(&chief, &format!("!why {outra} icu")).await?.says(&["no longer selected for Matrix"]);
    let ran = hospital.run(&["users", "list", "--status", "released"]).await?.ended(0);
    assert!(ran.out.contains(&outra) && ran.err.contains("2 of 5 people"), "{}", ran.out);
    let ran = hospital.run(&["explain", &ana]).await?.ended(0);
    assert!(ran.out.contains("no longer selected for Matrix"), "{}", ran.out);
    // Levels wait, bans and locks do not.
    hospital
        .ask(&chief, &format!("!promote {ana} 20 in todos"))
        .await?
        .says(&["levels and rights by command do not count"]);
    hospital.ask(&chief, &format!("!kick {ana} in icu")).await?.says(&["is not in the room", "until", "!unban"]);
    hospital.ask(&chief, &format!("!ban {ana} in todos")).await?.says(&["is banned"]);
    assert_eq!(hospital.with_membership("todos", "ban").await?, ["ana"]);
    hospital.ask(&chief, &format!("!lock {ana}")).await?.says(&["is locked"]);
    assert!(hospital.is_locked("ana").await?);
    hospital.ask(&chief, &format!("!unlock {ana}")).await?;
    hospital.ask(&chief, &format!("!unban {ana}")).await?;

    hospital.someone("outra").groups = vec!["Piloto".to_owned()];
    hospital.someone("ana").groups = vec!["Piloto".to_owned()];
    hospital.write_roster()?;
    hospital.ask(&chief, "!sync").await?;
    until("everything is back", || async {
        let back = hospital.members("control").await?.contains(&"outra".to_owned())
            && hospital.level("icu", "outra").await? == Some(100)
            && hospital.level("icu", "ana").await? == Some(50)
            && hospital.level("todos", "ana").await? == Some(20);
        Ok(back.then_some(()))
    })
    .await?;
    let back = account(&hospital, "outra").await?;
    assert_eq!((&back["admin"], &back["displayname"]), (&json!(true), &json!("Renomeada Souza")));
    assert!(!hospital.is_locked("ana").await?);
    close(hospital, serving).await
}

#[tokio::test]
async fn a_selection_that_suddenly_selects_nobody_releases_nobody_until_somebody_approves() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(people(), rooms()).await?;
    pilot(&mut hospital);
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    // The group was renamed in EquipeMed.
    for person in hospital.people.values_mut() {
        person.groups = vec!["Piloto 2026".to_owned()];
    }
    hospital.write_roster()?;
    let ran = hospital.sync(&[]).await?.ended(3);
    let held = ran.held();
    assert_eq!(held.len(), 1, "{}", ran.out);
    assert!(ran.out.contains("suddenly covers nobody"), "{}", ran.out);
    assert_eq!(hospital.members("icu").await?.len(), 5);
    assert_eq!(hospital.level("icu", "chefe").await?, Some(100));
    assert_eq!(account(&hospital, "chefe").await?["admin"], true);
    // With the rule put right, there is nothing left to hold.
    hospital.config["users"]["who"] = json!({"group": "Piloto 2026"});
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    hospital.config["users"]["who"] = json!({"group": "Piloto"});
    hospital.write_config()?;
    let ran = hospital.sync(&[]).await?.ended(3);
    hospital.sync(&["--approve", &ran.held()[0]]).await?.ended(0);
    assert!(hospital.members("icu").await?.is_empty() && hospital.members("control").await?.is_empty());
    assert_eq!(account(&hospital, "chefe").await?["admin"], false);
    hospital.finish().await
}
