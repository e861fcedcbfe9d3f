//! People and their accounts, and how they are listed.

use anyhow::Context as _;
use equipemed_bot::homeserver::Endpoint;
use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, Person, chief, crowd, person};

/// `users list` with these arguments, by name in the roster.
async fn listed(hospital: &Hospital, arguments: &[&str]) -> anyhow::Result<Vec<(String, Value)>> {
    let ran = hospital.run(&[&["users", "list", "--format", "json"], arguments].concat()).await?.ended(0);
    let rows: Vec<Value> = serde_json::from_str(&ran.out)?;
    let name = |row: &Value| {
        let username = row["username"].as_str().unwrap_or_default();
        hospital.people.keys().find(|name| hospital.username(name) == username).cloned().context("a stranger")
    };
    rows.into_iter().map(|row| Ok((name(&row)?, row))).collect()
}

async fn names(hospital: &Hospital, arguments: &[&str]) -> anyhow::Result<Vec<String>> {
    Ok(listed(hospital, arguments).await?.into_iter().map(|(name, _)| name).collect())
}

async fn status(hospital: &Hospital, name: &str) -> anyhow::Result<(Value, Value)> {
    let rows = listed(hospital, &[]).await?;
    let (_, row) = rows.into_iter().find(|(other, _)| other == name).with_context(|| format!("{name} is missing"))?;
    Ok((row["status"].clone(), row["profile_synced_at"].clone()))
}

#[tokio::test]
async fn the_list_of_people_says_since_when_their_accounts_are_in_line() -> anyhow::Result<()> {
    let mut ana = person("ana", &[]);
    ana.also = json!({"last_login": "2026-01-31T23:30:00-03:00", "matrix_localpart": "doutora"});
    let mut bia = person("bia", &[]);
    bia.also = json!({"last_login": "2026-01-30T23:30:00-03:00"});
    let mut hospital = Hospital::new(vec![ana, bia, person("caio", &[]), chief("dora")], json!({})).await?;
    hospital.config["timezone"] = json!("America/Bahia");
    hospital.write_config()?;
    assert_eq!(names(&hospital, &["--status", "never"]).await?, ["ana", "bia", "caio", "dora"]);

    hospital.sync(&[]).await?.ended(0);
    assert_eq!(names(&hospital, &["--status", "synced"]).await?.len(), 4);
    let (_, first) = status(&hospital, "ana").await?;
    assert!(first.is_string(), "{first}");
    // A pass soon after writes nothing, not even in its own database.
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(status(&hospital, "ana").await?.1, first);

    assert_eq!(names(&hospital, &["--superusers"]).await?, ["dora"]);
    assert_eq!(names(&hospital, &["--search", "DOUTORA"]).await?, ["ana"]);
    // In the hospital's time zone, half past eleven at night is still that day.
    assert_eq!(names(&hospital, &["--since", "2026-01-31"]).await?, ["ana"]);
    assert_eq!(names(&hospital, &["--since", "2026-01-30"]).await?, ["ana", "bia"]);
    let text = hospital.run(&["users", "list", "--search", "ana", "--since", "2026-01-31"]).await?.ended(0);
    assert!(text.out.contains("2026-01-31 23:30") && text.out.contains("LAST LOGIN"), "{}", text.out);
    hospital.run(&["users", "list", "--since", "yesterday"]).await?.ended(2);

    // Much later, an account that agrees is noted again; one whose change a flag omitted is not.
    hospital.sql("update bindings set synced_at = 1").await?;
    hospital.someone("bia").first_name = "Beatriz".to_owned();
    hospital.someone("caio").status = "suspended";
    hospital.write_roster()?;
    assert_eq!(names(&hospital, &["--status", "stale"]).await?.len(), 4);
    hospital.sync(&["--create-missing"]).await?.ended(0);
    assert_eq!(status(&hospital, "ana").await?.0, "synced");
    assert_eq!(names(&hospital, &["--status", "stale"]).await?, ["bia", "caio"]);
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(status(&hospital, "bia").await?.0, "synced");
    let (caio, noted) = status(&hospital, "caio").await?;
    assert_eq!(caio, "locked");
    assert!(noted.as_str().is_some_and(|noted| !noted.starts_with("1970")), "{noted}");
    hospital.finish().await
}

#[tokio::test]
async fn findings_and_lists_name_people_and_the_log_does_not() -> anyhow::Result<()> {
    let twin = |name| Person { also: json!({"matrix_localpart": "plantao"}), ..person(name, &[]) };
    let mut people = vec![twin("ana"), twin("bia"), person("caio", &[]), chief("dora")];
    people.extend(crowd("p", 4, &[]));
    let mut hospital = Hospital::new(people, json!({})).await?;
    hospital.config["users"]["localpart"] = json!(["matrix_localpart", "username"]);
    hospital.write_config()?;
    let ran = hospital.sync(&[]).await?.ended(0);
    let names = format!(
        "person {}, ana Souza (1) and person {}, bia Souza (2) both lead to",
        hospital.username("ana"),
        hospital.username("bia")
    );
    assert_eq!(ran.out.matches("both lead to").count(), 1, "{}", ran.out);
    assert!(ran.out.contains(&names) && !ran.err.contains("Souza"), "{}\n{}", ran.out, ran.err);
    // Whoever is missing in EquipeMed is listed until the account is deactivated.
    let caio = hospital.username("caio");
    hospital.people.remove("caio");
    hospital.write_roster()?;
    let listed = hospital.run(&["users", "list"]).await?.ended(0);
    assert!(listed.out.contains(&caio) && listed.out.contains("(missing)"), "{}", listed.out);
    assert!(listed.out.contains("ana Souza"), "{}", listed.out);
    for _ in 0..2 {
        hospital.sync(&[]).await?;
    }
    let listed = hospital.run(&["users", "list", "--status", "gone"]).await?.ended(0);
    assert!(listed.out.contains(&caio) && listed.out.contains("gone (missing)"), "{}", listed.out);
    hospital.finish().await
}

#[tokio::test]
async fn in_mode_observe_nothing_is_ever_confirmed() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(vec![person("ana", &[])], json!({})).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.sql("update bindings set synced_at = null").await?;
    hospital.config["mode"] = json!("observe");
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(status(&hospital, "ana").await?, (json!("stale"), Value::Null));
    hospital.finish().await
}

fn wards() -> Value {
    json!({
        "todos": {"name": "Equipe", "members": {"any": true}},
        "icu": {"name": "UTI", "members": {"group": "UTI"}},
    })
}

#[tokio::test]
async fn a_deactivation_by_command_is_confirmed_and_taken_back_with_rooms_and_levels() -> anyhow::Result<()> {
    let people = vec![chief("chefe"), chief("outra"), person("lia", &["UTI", "Leads"]), person("rui", &[])];
    let (mut hospital, serving) = opened(people, wards(), |_| ()).await?;
    let chief = hospital.client("chefe").await?;
    let name = hospital.username("lia");
    let lia = hospital.client("lia").await?;

    // A single deactivation needs no approval but a confirmation, since direct chats are lost.
    let preview = hospital.ask(&chief, &format!("!deactivate {name} because left the team")).await?;
    preview.says(&["direct chats are lost for good", "!lock", "!confirm"]);
    assert_eq!(hospital.members("icu").await?, ["lia"], "a preview does nothing");
    let done = hospital.ask(&chief, &format!("!confirm {}", preview.code()?)).await?;
    done.says(&["is deactivated", &format!("!reactivate {name}")]);
    assert!(hospital.is_deactivated("lia").await?);
    // Synapse leaves the rooms in the background.
    for (room, left) in [("todos", vec!["chefe", "outra", "rui"]), ("icu", vec![])] {
        super::until("lia has left", || async { Ok((hospital.members(room).await? == left).then_some(())) }).await?;
    }
    assert_eq!(lia.get("/_matrix/client/v3/account/whoami").await?.0, 401, "signed out");
    assert_eq!(status(&hospital, "lia").await?.0, "gone");
    // Nobody may deactivate somebody of the same rank, or themselves.
    hospital.ask(&chief, &format!("!deactivate {}", hospital.username("outra"))).await?.says(&["has your level"]);
    hospital.ask(&chief, &format!("!deactivate {}", hospital.username("chefe"))).await?.says(&["yourself"]);

    hospital.ask(&chief, &format!("!reativar {name}")).await?.says(&["usable again"]);
    assert!(!hospital.is_deactivated("lia").await?);
    assert_eq!(hospital.members("icu").await?, ["lia"]);
    assert_eq!((hospital.level("icu", "lia").await?, hospital.level("todos", "lia").await?), (Some(50), Some(50)));
    hospital.ask(&chief, &format!("!grants {name}")).await?.says(&["Nothing"]);

    // No command restores access that EquipeMed denies.
    hospital.someone("rui").status = "suspended";
    hospital.write_roster()?;
    super::until("rui is locked", || async { Ok(hospital.is_locked("rui").await?.then_some(())) }).await?;
    let rui = hospital.username("rui");
    for command in ["reactivate", "unlock"] {
        let answer = hospital.ask(&chief, &format!("!{command} {rui}")).await?;
        answer.says(&["cannot use the account yet", "without access for now", "comes back by itself"]);
    }
    assert!(hospital.is_locked("rui").await?);
    close(hospital, serving).await
}

#[tokio::test]
async fn e_mail_addresses_are_given_once_merged_and_taken_from_nobody() -> anyhow::Result<()> {
    let names = ["ana", "bia", "caio", "davi", "eva"];
    let people = names.iter().map(|name| person(name, &[])).collect();
    let mut hospital = Hospital::new(people, json!({})).await?;
    let administrator = equipemed_testbed::Client::administrator(hospital.synapse()).await?;
    let address = |hospital: &Hospital, name: &str| format!("{}@hospital.example", hospital.username(name));
    let given = async |hospital: &Hospital, name: &str| {
        let account = administrator.account(&hospital.user(name)).await?;
        let all = account["threepids"].as_array().cloned().unwrap_or_default();
        let mut all: Vec<_> = all.iter().filter_map(|one| one["address"].as_str().map(str::to_owned)).collect();
        all.sort();
        anyhow::Ok(all)
    };
    hospital.sync(&[]).await?.ended(0);
    assert!(given(&hospital, "ana").await?.is_empty(), "off by default");

    for name in names {
        let email = address(&hospital, name).to_uppercase();
        hospital.someone(name).also = json!({"email": email});
    }
    let shared = address(&hospital, "plantao");
    hospital.someone("caio").also = json!({"email": shared});
    hospital.someone("davi").also = json!({"email": shared});
    hospital.someone("eva").also = json!({"email": address(&hospital, "integracao")});
    hospital.write_roster()?;
    hospital.config["users"]["email"] = json!(true);
    hospital.write_config()?;
    // A person's own second address, and one held by an unmanaged account.
    let put = async |user: &str, addresses: Value| {
        let path = format!("/_synapse/admin/v2/users/{}", super::encode(user));
        administrator.put_ok(&path, json!({"threepids": addresses})).await
    };
    let own = address(&hospital, "own");
    put(&hospital.user("ana"), json!([{"medium": "email", "address": own}])).await?;
    let machine = hospital.synapse().user_id(&hospital.username("integration"));
    put(&machine, json!([{"medium": "email", "address": address(&hospital, "integracao")}])).await?;

    let plan = hospital.sync(&["--dry-run"]).await?.ended(0);
    assert!(plan.out.contains("set the e-mail address (2)"), "{}", plan.out);
    assert!(plan.out.contains("have one e-mail address") && plan.out.contains(&machine), "{}", plan.out);
    assert!(!plan.out.to_lowercase().contains("@hospital.example"), "{}", plan.out);
    let done = hospital.sync(&[]).await?.ended(0);
    assert!(
        !format!("{}{}", done.out, done.err).to_lowercase().contains("@hospital.example"),
        "{}{}",
        done.out,
        done.err
    );
    let mut both = [own.clone(), address(&hospital, "ana")];
    both.sort();
    assert_eq!(given(&hospital, "ana").await?, both);
    assert_eq!(given(&hospital, "bia").await?, [address(&hospital, "bia")]);
    for name in ["caio", "davi", "eva"] {
        assert!(given(&hospital, name).await?.is_empty(), "{name}");
    }
    let audit = hospital.audit().await?;
    assert!(audit.iter().any(|entry| entry.intent.kind == "set_email"));
    assert!(audit.iter().all(|entry| !entry.intent.action.contains("@hospital.example")), "{audit:#?}");

    // A run without changes looks up only the refused address and writes nothing.
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    let quiet = hospital.take();
    assert_eq!(super::count(&quiet, Endpoint::EmailHolder), 1, "{quiet:#?}");
    assert_eq!(quiet.iter().filter(|request| request.writes()).count(), 0);
    assert_eq!(super::count(&quiet, Endpoint::Account), 0);

    // Two people swap addresses; one person loses theirs in EquipeMed and keeps the old one.
    hospital.someone("ana").also = json!({"email": address(&hospital, "bia")});
    hospital.someone("bia").also = json!({"email": address(&hospital, "ana")});
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    let mut both = [own, address(&hospital, "bia")];
    both.sort();
    assert_eq!(given(&hospital, "ana").await?, both);
    assert_eq!(given(&hospital, "bia").await?, [address(&hospital, "ana")]);
    hospital.someone("bia").also = json!({"email": ""});
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(given(&hospital, "bia").await?, [address(&hospital, "ana")]);
    hospital.finish().await
}

#[tokio::test]
async fn a_name_of_ones_own_stays_until_equipemed_changes_it() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(vec![person("ana", &[]), person("bia", &[])], json!({})).await?;
    hospital.sync(&[]).await?.ended(0);
    let ana = hospital.client("ana").await?;
    let call = async |name: &str| {
        let path = format!("/_matrix/client/v3/profile/{}/displayname", super::encode(ana.user_id()));
        ana.put_ok(&path, json!({"displayname": name})).await
    };
    let called = async || {
        let path = format!("/_matrix/client/v3/profile/{}/displayname", super::encode(ana.user_id()));
        anyhow::Ok(ana.get_ok(&path).await?["displayname"].clone())
    };
    call("Aninha").await?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(called().await?, "ana Souza", "put back by default");

    hospital.config["users"]["own_display_name"] = json!(true);
    hospital.write_config()?;
    // As after an update from a version that did not store names.
    hospital.sql("update bindings set pushed_name = null").await?;
    call("Aninha").await?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(called().await?, "Aninha");
    hospital.someone("ana").first_name = "Ana Maria".to_owned();
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(called().await?, "Ana Maria Souza");
    call("Aninha").await?;
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.take_writes().len(), 0);
    assert_eq!(called().await?, "Aninha");
    hospital.finish().await
}

#[tokio::test]
async fn what_somebody_is_called_does_not_rule_a_terminal() -> anyhow::Result<()> {
    let hospital = Hospital::new(vec![person("ana", &[])], json!({})).await?;
    hospital.sync(&[]).await?.ended(0);
    let ana = hospital.client("ana").await?;
    let path = format!("/_matrix/client/v3/profile/{}/displayname", super::encode(ana.user_id()));
    ana.put_ok(&path, json!({"displayname": "\u{1b}]0;x\u{7}An\u{202e}a"})).await?;
    let plan = hospital.sync(&["--dry-run"]).await?.ended(0).out;
    assert!(plan.contains("“]0;xAna”"), "{plan:?}");
    assert!(!plan.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{plan:?}");
    hospital.finish().await
}
