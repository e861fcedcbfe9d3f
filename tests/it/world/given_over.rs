//! Accounts that go from one to another: an administrator's, and one whose owner is no longer there.

use equipemed_testbed::Client;
use equipemed_testbed::client::encode;
use serde_json::{Value, json};

use super::process::Ran;
use super::{Hospital, chief, person};

/// Changes an account past the service.
async fn by_hand(hospital: &Hospital, name: &str, body: Value) -> anyhow::Result<()> {
    let administrator = Client::administrator(hospital.synapse()).await?;
    let path = format!("/_synapse/admin/v2/users/{}", encode(&hospital.user(name)));
    administrator.put_ok(&path, body).await?;
    Ok(())
}

fn external_id(hospital: &Hospital, name: &str) -> Value {
    json!([{"auth_provider": "oidc-equipemed", "external_id": hospital.public_id(&hospital.people[name])}])
}

async fn adopt(hospital: &Hospital, name: &str, also: &[&str]) -> anyhow::Result<Ran> {
    let (who, account) = (hospital.username(name), hospital.user(name));
    hospital.run(&[&["users", "adopt", &who, &account], also].concat()).await
}

#[tokio::test]
async fn an_administrators_account_is_given_to_nobody_unmarked() -> anyhow::Result<()> {
    let people = ["ana", "bia", "caio", "vidro", "dora"].map(|name| person(name, &[]));
    let mut hospital = Hospital::new(people.into_iter().chain([chief("chefe")]).collect(), json!({})).await?;
    hospital.config["users"]["break_glass"] = json!(hospital.user("vidro"));
    hospital.config["users"]["protected"] = json!([hospital.user("caio")]);
    hospital.config["limits"] = json!({"gain": 1});
    hospital.write_config()?;
    for name in ["ana", "caio", "vidro", "dora"] {
        by_hand(&hospital, name, json!({"admin": true})).await?;
    }
    by_hand(&hospital, "bia", json!({"admin": true, "external_ids": external_id(&hospital, "bia")})).await?;

    let ran = hospital.sync(&[]).await?.ended(0);
    for name in ["ana", "bia", "dora"] {
        let command = format!("users adopt {} {} --administrator", hospital.username(name), hospital.user(name));
        assert!(ran.out.contains(&command), "{command} is not in {}", ran.out);
    }
    assert!(ran.out.contains("It is a Synapse administrator"), "{}", ran.out);
    let bound = hospital.number("select count(*) from bindings").await?;
    assert_eq!(bound, 1, "the chief's alone");

    adopt(&hospital, "ana", &[]).await?.ended(2).says(&["is a Synapse administrator", "--administrator"]);
    let shown = adopt(&hospital, "ana", &["--administrator", "--dry-run"]).await?.ended(0);
    assert!(shown.out.contains("is a Synapse administrator; nothing was changed"), "{}", shown.out);
    assert_eq!(hospital.number("select count(*) from bindings").await?, bound);
    let done = adopt(&hospital, "ana", &["--administrator"]).await?.ended(0);
    assert!(done.out.contains("is a Synapse administrator"), "{}", done.out);
    let entry = hospital.audit().await?.into_iter().find(|entry| entry.intent.kind == "adopt_account");
    let action: Value = serde_json::from_str(&entry.expect("an entry").intent.action)?;
    assert_eq!(action["administrator"], true, "{action}");
    let listed = hospital.run(&["audit", "list", "--kind", "adopt_account"]).await?.ended(0);
    assert!(listed.out.contains(", a Synapse administrator"), "{}", listed.out);

    // It counts as a gain of power, by external id too, and nobody gets what is protected.
    adopt(&hospital, "bia", &["--administrator"]).await?.ended(1).says(&["held back", "limits.gain is 1"]);
    for name in ["caio", "vidro"] {
        adopt(&hospital, name, &["--administrator"]).await?.ended(2).says(&["protected"]);
    }
    hospital.sync(&[]).await?.ended(0);
    hospital.config["limits"] = json!({"gain": 2});
    hospital.write_config()?;
    adopt(&hospital, "bia", &["--administrator"]).await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    let administrator = Client::administrator(hospital.synapse()).await?;
    assert_eq!(administrator.account(&hospital.user("ana")).await?["admin"], true, "it stays what it was");
    hospital.finish().await
}

#[tokio::test]
async fn whose_name_came_back_with_another_person_is_told_and_let_go_by_the_operator() -> anyhow::Result<()> {
    let people = ["ana", "bia"].map(|name| person(name, &[])).into_iter().chain([chief("chefe")]);
    let mut hospital =
        Hospital::new(people.collect(), json!({"todos": {"name": "Equipe", "members": {"any": true}}})).await?;
    hospital.config["limits"] = json!({"shrink_share": "90%"});
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    let (name, account) = (hospital.username("ana"), hospital.user("ana"));
    hospital.run(&["users", "release", &account, "--yes"]).await?.ended(2).says(&["who is in EquipeMed"]);

    // The record vanished, and another one has the username.
    let gone = hospital.people.remove("ana").expect("ana");
    hospital.add(person("ana", &[]));
    hospital.write_roster()?;
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("whom EquipeMed no longer has"), "{}", ran.out);
    hospital.run(&["users", "release", &account, "--yes"]).await?.ended(2).says(&["not yet read twice"]);
    let ran = hospital.sync(&[]).await?.ended(0);
    let release = format!("users release {account}");
    let adopt = format!("users adopt {name} {account}");
    assert!([&*release, &adopt, "since"].iter().all(|part| ran.out.contains(part)), "{}", ran.out);
    assert_eq!(ran.out.matches(&adopt).count(), 1, "once: {}", ran.out);
    assert!(hospital.is_locked("ana").await?);

    // Only after its name was typed.
    let shown = hospital.run(&["users", "release", &name, "--dry-run"]).await?.ended(0);
    assert!(shown.out.contains("would be nobody's") && shown.out.contains("gone since"), "{}", shown.out);
    let asked = hospital.run(&["users", "release", &account]).await?.ended(2);
    assert!(asked.err.contains("nothing was changed"), "{}", asked.err);
    hospital.run(&["users", "release", &account, "--yes"]).await?.ended(0);
    let entry = hospital.audit().await?.into_iter().find(|entry| entry.intent.kind == "release_account");
    assert_eq!(entry.map(|entry| entry.intent.actor).as_deref(), Some("operator"));
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("exists without their external id") && !ran.out.contains(&release), "{}", ran.out);
    assert!(hospital.is_locked("ana").await?, "as it was");

    // Given to the new person, who inherits nothing of the old one.
    hospital.run(&["users", "adopt", &name, &account]).await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    assert!(!hospital.is_locked("ana").await?);
    assert_eq!(hospital.members("todos").await?, ["ana", "bia", "chefe"]);
    assert_ne!(gone.id, hospital.people["ana"].id);
    hospital.finish().await
}
