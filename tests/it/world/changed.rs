//! Accounts that somebody changes beside the service, in Synapse itself: noticed within minutes, told once; access given
//! that way is put back, access taken that way stays taken until EquipeMed or a command says otherwise.

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::Client;
use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, chief, count, encode, person, until};

/// Changes an account as an administrator's own program would.
async fn change(hospital: &Hospital, name: &str, change: Value) -> anyhow::Result<()> {
    let administrator = Client::administrator(hospital.synapse()).await?;
    administrator.put_ok(&format!("/_synapse/admin/v2/users/{}", encode(&hospital.user(name))), change).await?;
    Ok(())
}

async fn deactivate(hospital: &Hospital, name: &str) -> anyhow::Result<()> {
    let administrator = Client::administrator(hospital.synapse()).await?;
    let path = format!("/_synapse/admin/v1/deactivate/{}", encode(&hospital.user(name)));
    administrator.post_ok(&path, json!({"erase": false})).await?;
    Ok(())
}

async fn account(hospital: &Hospital, name: &str) -> anyhow::Result<Value> {
    Client::administrator(hospital.synapse()).await?.account(&hospital.user(name)).await
}

fn often(hospital: &mut Hospital) {
    hospital.config["directory"]["accounts"] = json!("1s");
}

#[tokio::test]
async fn a_lock_by_hand_is_kept_until_a_command_or_equipemed_says_otherwise() -> anyhow::Result<()> {
    let people = vec![chief("chefe"), person("ana", &[]), person("bia", &[]), person("caio", &[])];
    let mut hospital = Hospital::new(people, json!({"todos": {"name": "Equipe", "members": {"any": true}}})).await?;
    hospital.config["bot"]["language"] = json!("en");
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    let chief = hospital.client("chefe").await?;

    change(&hospital, "ana", json!({"locked": true})).await?;
    change(&hospital, "bia", json!({"locked": true})).await?;
    deactivate(&hospital, "caio").await?;
    let plan = hospital.sync(&["--dry-run"]).await?.ended(0);
    assert!(!plan.out.contains("unlock") && !plan.out.contains("reactivate"), "{}", plan.out);
    assert_eq!(hospital.number("select count(*) from grants").await?, 0, "a preview notes nothing");
    hospital.sync(&[]).await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    assert!(hospital.is_locked("ana").await? && hospital.is_locked("bia").await?);
    assert!(hospital.is_deactivated("caio").await?);

    let serving = hospital.serve().await?;
    let told = hospital.told(&chief, &["locked by hand", "deactivated by hand"]).await?;
    for name in ["ana", "bia", "caio"] {
        assert!(told[0].contains(&hospital.user(name)), "{told:?}");
    }
    let (ana, caio) = (hospital.username("ana"), hospital.username("caio"));
    hospital.ask(&chief, &format!("!why {ana}")).await?.says(&["by hand"]);
    // A command says otherwise.
    hospital.ask(&chief, &format!("!unlock {ana}")).await?.says(&["is unlocked"]);
    hospital.ask(&chief, &format!("!reactivate {caio}")).await?.says(&["usable again"]);
    // EquipeMed says otherwise: it takes the access away itself, and gives it back.
    hospital.someone("bia").status = "suspended";
    hospital.write_roster()?;
    until("the lock is EquipeMed's", || async {
        let open = hospital.number("select count(*) from grants where ended_at is null").await?;
        Ok((open == 0).then_some(()))
    })
    .await?;
    assert!(hospital.is_locked("bia").await?);
    hospital.someone("bia").status = "active";
    hospital.write_roster()?;
    until("bia is back", || async { Ok((!hospital.is_locked("bia").await?).then_some(())) }).await?;
    assert!(!hospital.is_locked("ana").await? && !hospital.is_deactivated("caio").await?);
    assert_eq!(hospital.heard(&chief, &["changed on Synapse"]).await?.len(), 1, "told once");
    close(hospital, serving).await
}

#[tokio::test]
async fn what_was_changed_by_hand_is_told_in_one_message_and_access_is_put_back() -> anyhow::Result<()> {
    let mut suspended = person("bia", &[]);
    suspended.status = "active";
    let people = vec![
        chief("chefe"),
        person("ana", &[]),
        suspended,
        person("caio", &[]),
        person("davi", &[]),
        person("eva", &[]),
    ];
    let (mut hospital, serving) = opened(people, json!({}), often).await?;
    let chief = hospital.client("chefe").await?;
    hospital.someone("bia").status = "suspended";
    hospital.write_roster()?;
    until("bia is locked", || async { Ok(hospital.is_locked("bia").await?.then_some(())) }).await?;
    // What the service did itself is told nobody.
    let from = hospital.number("select count(*) from announcements").await?;
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    assert_eq!(hospital.number("select count(*) from announcements").await?, from);

    // As a whole, which the process sees at once.
    serving.stop()?;
    change(&hospital, "ana", json!({"displayname": "Somebody else"})).await?;
    change(&hospital, "caio", json!({"displayname": "Another one"})).await?;
    change(&hospital, "bia", json!({"locked": false})).await?;
    change(&hospital, "davi", json!({"admin": true})).await?;
    change(&hospital, "eva", json!({"locked": true})).await?;
    serving.go_on()?;
    let told = hospital.told(&chief, &["renamed by hand"]).await?;
    let told = told.first().cloned().unwrap_or_default();
    for part in ["unlocked by hand", "administrator", "locked by hand", "!unlock"] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
    until("all of it is put back", || async {
        let (ana, davi) = (account(&hospital, "ana").await?, account(&hospital, "davi").await?);
        let is_back = ana["displayname"] == "ana Souza" && davi["admin"] == false && hospital.is_locked("bia").await?;
        Ok(is_back.then_some(()))
    })
    .await?;
    assert!(hospital.is_locked("eva").await?);

    // Nothing more is said of it, and a comparison that finds nothing writes nothing and asks for the list alone.
    until("quiet", || async {
        Ok((hospital.number("select count(*) from wakeups where due_at <= 9000000000000").await? == 0).then_some(()))
    })
    .await?;
    let version = || hospital.number("select version from versions where name = 'bindings'");
    let before = version().await?;
    hospital.take();
    until("three comparisons", || async {
        Ok((count(&hospital.proxy.recorded(), Endpoint::Accounts) >= 3).then_some(()))
    })
    .await?;
    let quiet = hospital.take();
    assert_eq!(quiet.iter().filter(|request| request.writes()).count(), 0, "{quiet:#?}");
    assert_eq!(version().await?, before);
    assert_eq!(hospital.heard(&chief, &["by hand"]).await?.len(), 1, "told once");
    close(hospital, serving).await
}

#[tokio::test]
async fn with_drift_report_changes_to_accounts_are_told_and_own_names_are_no_change() -> anyhow::Result<()> {
    let people = vec![chief("chefe"), person("ana", &[]), person("davi", &[])];
    let (hospital, serving) = opened(people, json!({}), |hospital| {
        often(hospital);
        hospital.config["drift"] = json!("report");
        hospital.config["users"]["own_display_name"] = json!(true);
    })
    .await?;
    let chief = hospital.client("chefe").await?;
    change(&hospital, "ana", json!({"displayname": "Aninha"})).await?;
    change(&hospital, "davi", json!({"admin": true})).await?;
    hospital.told(&chief, &["administrator", "by hand"]).await?;
    hospital.take();
    until("three comparisons", || async {
        Ok((count(&hospital.proxy.recorded(), Endpoint::Accounts) >= 3).then_some(()))
    })
    .await?;
    assert_eq!(account(&hospital, "davi").await?["admin"], true);
    assert_eq!(account(&hospital, "ana").await?["displayname"], "Aninha");
    assert_eq!(hospital.heard(&chief, &["by hand"]).await?.len(), 1, "told once, and of the administrator alone");
    close(hospital, serving).await
}

#[tokio::test]
async fn a_lock_by_hand_of_somebody_unclear_is_judged_once_it_is_clear_again() -> anyhow::Result<()> {
    let people = vec![chief("chefe"), person("ana", &[])];
    let (mut hospital, serving) = opened(people, json!({}), often).await?;
    let chief = hospital.client("chefe").await?;
    hospital.someone("ana").status = "on_the_moon";
    hospital.write_roster()?;
    let unclear = "does not say clearly how this person stands";
    let asked = hospital.ask(&chief, &format!("!sync {}", hospital.username("ana"))).await?;
    asked.says(&["nothing that I could change, but", unclear]);
    change(&hospital, "ana", json!({"locked": true})).await?;
    hospital.take();
    until("two comparisons", || async {
        Ok((count(&hospital.proxy.recorded(), Endpoint::Accounts) >= 2).then_some(()))
    })
    .await?;
    assert_eq!(hospital.heard(&chief, &["by hand"]).await?.len(), 0);
    hospital.someone("ana").status = "active";
    hospital.write_roster()?;
    hospital.told(&chief, &["locked by hand", &hospital.user("ana")]).await?;
    assert!(hospital.is_locked("ana").await?);
    assert_eq!(hospital.number("select count(*) from grants where ended_at is null").await?, 1);
    close(hospital, serving).await
}
