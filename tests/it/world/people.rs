//! Identity: a person is a public id, an unconfirmed account may not be ours, and pushed values are verified.

use std::time::Duration;

use anyhow::Context as _;
use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::Client;
use equipemed_testbed::proxy::{Fault, Rule};
use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, Person, chief, count, crowd, encode, person, until};

const PROVIDER: &str = "oidc-equipemed";

fn wards() -> Value {
    json!({"todos": {"name": "Equipe", "members": {"any": true}}, "icu": {"name": "UTI", "members": {"group": "UTI"}}})
}

/// An unused public id, different in each hospital.
fn other_id(hospital: &Hospital, number: usize) -> String {
    format!("{:08x}-0000-4000-a000-{number:012x}", hospital.port())
}

async fn account(hospital: &Hospital, name: &str) -> anyhow::Result<Value> {
    Client::administrator(hospital.synapse()).await?.account(&hospital.user(name)).await
}

async fn put(hospital: &Hospital, name: &str, body: Value) -> anyhow::Result<()> {
    let administrator = Client::administrator(hospital.synapse()).await?;
    administrator.put_ok(&format!("/_synapse/admin/v2/users/{}", encode(&hospital.user(name))), body).await?;
    Ok(())
}

/// External ids of an account.
async fn ids(hospital: &Hospital, name: &str) -> anyhow::Result<Vec<String>> {
    let account = account(hospital, name).await?;
    let ids = account["external_ids"].as_array().cloned().unwrap_or_default();
    Ok(ids.iter().filter_map(|id| id["external_id"].as_str().map(str::to_owned)).collect())
}

fn own_id(hospital: &Hospital, name: &str) -> String {
    hospital
        .people
        .get(name)
        .map(|person| hospital.entry(person)["public_id"].clone())
        .unwrap_or_default()
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Replaces somebody's row by another person with the same number.
fn takes_the_place(hospital: &mut Hospital, of: &str, who: Person) {
    let id = hospital.people.remove(of).map(|person| person.id).unwrap_or_default();
    let public_id = other_id(hospital, id);
    let also = json!({"public_id": public_id});
    hospital.people.insert(who.name.clone(), Person { id, also, ..who });
}

#[tokio::test]
async fn who_gets_a_known_number_inherits_neither_account_nor_grants_nor_rooms() -> anyhow::Result<()> {
    let mut hospital =
        Hospital::new(vec![chief("chefe"), person("ana", &["UTI"]), person("bia", &["UTI"])], wards()).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.run(&["grants", "add", &hospital.username("ana"), "moderator", "--in", "icu"]).await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.level("icu", "ana").await?, Some(50));
    let before = account(&hospital, "ana").await?;

    // EquipeMed was restored from a backup: the number is now caio's, who is not in the ICU.
    takes_the_place(&mut hospital, "ana", person("caio", &[]));
    hospital.write_roster()?;
    let ran = hospital.sync(&[]).await?.ended(0);
    let finding: Vec<&str> = ran.out.lines().filter(|line| line.contains("has the number in EquipeMed")).collect();
    assert_eq!(finding.len(), 1, "{}", ran.out);
    assert!(
        finding[0].contains(&hospital.username("ana")) && finding[0].contains(&hospital.username("caio")),
        "{finding:?}"
    );
    let after = account(&hospital, "ana").await?;
    for field in ["displayname", "external_ids", "locked", "deactivated"] {
        assert_eq!(after[field], before[field], "{field}: whoever is missing once may be back");
    }
    assert_eq!(ids(&hospital, "caio").await?, [other_id(&hospital, hospital.people["caio"].id)]);
    assert_eq!(hospital.members("icu").await?, ["bia"]);
    assert_eq!(hospital.level("icu", "caio").await?, None, "the grant was ana's");
    let why = hospital.run(&["explain", &hospital.username("caio")]).await?.ended(0);
    assert!(!why.out.contains("moderator"), "{}", why.out);
    // Like anybody missing, she is gone at the second complete read.
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(account(&hospital, "ana").await?["locked"], true);
    assert_eq!(account(&hospital, "caio").await?["locked"], false);
    // The original row returns: she is back, and he is missing.
    let id = hospital.people["caio"].id;
    hospital.people.remove("caio");
    hospital.people.insert("ana".to_owned(), Person { id, ..person("ana", &["UTI"]) });
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(account(&hospital, "ana").await?["locked"], false);
    assert_eq!((hospital.level("icu", "ana").await?, ids(&hospital, "ana").await?.len()), (Some(50), 1));
    hospital.finish().await
}

#[tokio::test]
async fn the_same_person_under_another_number_keeps_account_rooms_and_grants() -> anyhow::Result<()> {
    let people = vec![chief("chefe"), person("ana", &["UTI"]), person("bia", &[]), person("caio", &[])];
    let mut hospital = Hospital::new(people, wards()).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.run(&["grants", "add", &hospital.username("ana"), "moderator", "--in", "icu"]).await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    // Everybody swaps numbers in one read, and ana gets an unused one.
    let kept: Vec<(String, String)> =
        hospital.people.keys().map(|name| (name.clone(), own_id(&hospital, name))).collect();
    for (name, public_id) in &kept {
        hospital.someone(name).also = json!({"public_id": public_id});
    }
    let (bia, caio) = (hospital.people["bia"].id, hospital.people["caio"].id);
    hospital.someone("bia").id = caio;
    hospital.someone("caio").id = bia;
    hospital.someone("ana").id = 4711;
    hospital.write_roster()?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(0);
    let writes = hospital.take_writes();
    assert!(writes.is_empty(), "{writes:#?}\n{}", ran.out);
    assert_eq!(
        (hospital.level("icu", "ana").await?, hospital.members("icu").await?),
        (Some(50), vec!["ana".to_owned()])
    );
    // The new owner of her old number is somebody else.
    hospital.add(Person { also: json!({"public_id": other_id(&hospital, 77)}), ..person("davi", &[]) });
    hospital.someone("davi").id = 2;
    assert!(hospital.people.values().filter(|person| person.id == 2).count() == 1, "ana was the second");
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(ids(&hospital, "davi").await?, [other_id(&hospital, 77)]);
    assert_eq!(hospital.members("icu").await?, ["ana"]);
    let list = hospital.run(&["users", "list", "--format", "json"]).await?.ended(0);
    let rows: Vec<Value> = serde_json::from_str(&list.out)?;
    let shown =
        |name: &str| rows.iter().find(|row| row["username"] == hospital.username(name)).map(|row| row["id"].clone());
    assert_eq!((shown("ana"), shown("davi")), (Some(json!(4711)), Some(json!(2))));
    // A number with two meanings is ambiguous.
    let asked = hospital.run(&["explain", "2"]).await?.ended(2);
    asked.says(&[&hospital.username("ana"), &hospital.username("davi")]);
    hospital.finish().await
}

#[tokio::test]
async fn from_a_rehearsal_to_the_database_accounts_go_over_by_username_when_the_operator_says_so() -> anyhow::Result<()>
{
    let mut people = crowd("p", 4, &["UTI"]);
    people.push(chief("chefe"));
    let mut hospital = Hospital::new(people, wards()).await?;
    hospital.sync(&[]).await?.ended(0);
    let before = account(&hospital, "p00").await?["creation_ts"].clone();
    hospital.run(&["grants", "add", &hospital.username("p00"), "moderator", "--in", "icu"]).await?.ended(0);
    put(&hospital, "p03", json!({"admin": true})).await?;
    // The database has other public ids and numbers for the same usernames.
    let names: Vec<String> = hospital.people.keys().cloned().collect();
    for (index, name) in names.iter().enumerate() {
        let public_id = other_id(&hospital, index);
        let person = hospital.someone(name);
        (person.id, person.also) = (100 + index, json!({"public_id": public_id}));
    }
    hospital.write_roster()?;
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("the account of a person"), "{}", ran.out);
    assert!(!ran.out.contains("create_account"), "nobody is made twice\n{}", ran.out);

    let preview = hospital.run(&["users", "adopt", "--by-username"]).await?.ended(0);
    assert!(preview.out.contains(&hospital.user("p00")) && preview.out.contains("101"), "{}", preview.out);
    assert!(preview.out.contains("left alone") && preview.out.contains(&hospital.user("p03")), "{}", preview.out);
    assert!(preview.err.contains("nothing was changed"), "{}", preview.err);
    assert_eq!(ids(&hospital, "p00").await?.len(), 1);
    hospital.run(&["users", "adopt", "--by-username", "--dry-run", "--format", "json"]).await?.ended(0);
    assert!(hospital.sync(&["--dry-run"]).await?.out.contains("the account of a person"), "a preview does nothing");
    hospital.run(&["users", "adopt", "--by-username", "--yes"]).await?.ended(0);
    hospital.run(&["users", "adopt", "104", &hospital.user("p03"), "--administrator"]).await?.ended(0);
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(!ran.out.contains("the account of a person"), "{}", ran.out);
    for (index, name) in names.iter().enumerate() {
        assert_eq!(ids(&hospital, name).await?, [other_id(&hospital, index)], "{name}");
        assert_eq!(account(&hospital, name).await?["locked"], false, "{name}");
    }
    assert_eq!(account(&hospital, "p00").await?["creation_ts"], before);
    assert_eq!(hospital.level("icu", "p00").await?, Some(50), "by the operator's word it is hers");
    let audit = hospital.audit().await?;
    let said = audit.iter().filter(|entry| entry.intent.kind == "adopt_account" && entry.intent.actor == "operator");
    assert_eq!(said.count(), names.len());
    hospital.finish().await
}

/// As after an update from a version that stored digests of external ids, or nothing.
#[tokio::test]
async fn after_an_update_the_digest_decides_then_synapse_and_else_the_operator() -> anyhow::Result<()> {
    let names = ["ana", "bia", "caio", "davi", "eva"];
    let people = names.iter().map(|name| person(name, &["UTI"])).collect();
    let mut hospital = Hospital::new(people, wards()).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.sql("delete from people").await?;
    hospital
        .sql(
            "update bindings set pushed_external_id = null where user_id not like '@ana%' and user_id not like '@bia%'",
        )
        .await?;
    put(&hospital, "eva", json!({"external_ids": []})).await?;
    // The numbers of bia and davi now belong to others.
    for (name, who) in [("bia", "bruno"), ("davi", "dora")] {
        takes_the_place(&mut hospital, name, person(who, &[]));
    }
    hospital.write_roster()?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(0);
    let asked = hospital.take();
    assert_eq!(ran.out.matches("has the number in EquipeMed").count(), 2, "{}", ran.out);
    let unclear = ran.out.lines().filter(|line| line.contains("cannot be told")).collect::<Vec<_>>();
    assert!(unclear.len() == 1 && unclear[0].contains(&hospital.user("eva")), "{}", ran.out);
    let looked = |name: &str| {
        let user = hospital.user(name);
        asked.iter().filter(|request| request.method == "GET" && request.decoded_path().ends_with(&user)).count()
    };
    // caio twice, to keep his other external ids.
    assert_eq!(["ana", "bia", "caio", "davi", "eva"].map(looked), [0, 0, 2, 1, 1]);
    assert_eq!(hospital.members("icu").await?, ["ana", "caio", "eva"]);
    hospital.sync(&[]).await?.ended(0);
    for (name, locked) in
        [("ana", false), ("bia", true), ("caio", false), ("davi", true), ("eva", false), ("bruno", false)]
    {
        assert_eq!(account(&hospital, name).await?["locked"], locked, "{name}");
    }
    assert!(ids(&hospital, "eva").await?.is_empty(), "nothing is changed for her");
    hospital.run(&["users", "adopt", &hospital.username("eva"), &hospital.user("eva")]).await?.ended(0);
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(!ran.out.contains("cannot be told"), "{}", ran.out);
    assert_eq!(ids(&hospital, "eva").await?, [own_id(&hospital, "eva")]);
    hospital.finish().await
}

#[tokio::test]
async fn an_account_that_appears_between_look_and_create_is_not_touched() -> anyhow::Result<()> {
    let hospital =
        Hospital::new(vec![chief("chefe"), person("ana", &["UTI"]), person("bia", &["UTI"])], wards()).await?;
    // Somebody registers it while the request to create it is on its way.
    let slow = Rule::new(&hospital.user("ana"), Fault::Delay(Duration::from_secs(3))).method("PUT").once();
    hospital.proxy.add_rule(slow);
    let syncing = hospital.start(&["sync"])?;
    until("the request for ana", || async {
        Ok((hospital
            .number("select count(*) from audit where kind = 'create_account' and user_id like '@ana%'")
            .await?
            > 0)
        .then_some(()))
    })
    .await?;
    let stranger = json!({"displayname": "Outra Ana", "external_ids": [{"auth_provider": "oidc-other", "external_id": other_id(&hospital, 1)}]});
    put(&hospital, "ana", stranger).await?;
    let before = account(&hospital, "ana").await?;
    let ran = syncing.end().await?.ended(1);
    assert!(
        ran.out.contains("exists without their external id") && ran.out.contains("was there already"),
        "{}",
        ran.out
    );
    assert_eq!(account(&hospital, "ana").await?, before);
    assert_eq!(hospital.members("icu").await?, ["bia"], "a stranger is in no room");
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("users adopt"), "{}", ran.out);
    assert_eq!(account(&hospital, "ana").await?, before);
    hospital.finish().await
}

#[tokio::test]
async fn after_a_lost_answer_an_account_is_ours_only_when_nothing_speaks_against_it() -> anyhow::Result<()> {
    let people = vec![chief("chefe"), person("ana", &["UTI"]), person("bia", &["UTI"])];
    let hospital = Hospital::new(people, wards()).await?;
    // ana: created, but the response is lost. bia: not created, and somebody registers and signs in before the check.
    hospital.proxy.add_rule(Rule::new(&hospital.user("ana"), Fault::CutAfterForward).method("PUT").once());
    hospital.proxy.add_rule(Rule::new(&hospital.user("bia"), Fault::Cut).method("PUT").once());
    let slow = Fault::Delay(Duration::from_secs(5));
    hospital.proxy.add_rule(Rule::new(&hospital.user("bia"), slow).method("GET").once());
    let syncing = hospital.start(&["sync"])?;
    until("the request for bia", || async {
        let recorded = hospital.proxy.recorded();
        let is_it = |path: &str| path.ends_with(&hospital.user("bia"));
        Ok(recorded.iter().any(|request| request.method == "PUT" && is_it(&request.decoded_path())).then_some(()))
    })
    .await?;
    hospital.client("bia").await?;
    let ran = syncing.end().await?.ended(1);
    assert_eq!(ids(&hospital, "ana").await?, [own_id(&hospital, "ana")], "{}", ran.out);
    assert_eq!(account(&hospital, "ana").await?["displayname"], "ana Souza");
    assert!(ran.out.contains("create_account: 2 done, 1 skipped"), "{}", ran.out);
    assert!(ids(&hospital, "bia").await?.is_empty());
    assert_eq!(hospital.members("icu").await?, ["ana"]);
    // Nor later.
    hospital.sync(&[]).await?.ended(0);
    assert!(ids(&hospital, "bia").await?.is_empty());
    assert_eq!(hospital.members("icu").await?, ["ana"]);
    hospital.finish().await
}

#[tokio::test]
async fn a_kill_between_the_making_and_the_note_leaves_an_account_that_is_found_to_be_ours() -> anyhow::Result<()> {
    let people = vec![chief("chefe"), person("ana", &["UTI"]), person("bia", &["UTI"])];
    let hospital = Hospital::new(people, wards()).await?;
    hospital.sync(&["--user", &hospital.username("chefe"), "--create-missing"]).await?.ended(0);
    // As left by a process killed after Synapse created the account; a stranger has used bia's.
    hospital.intend_account("ana").await?;
    hospital.intend_account("bia").await?;
    put(&hospital, "ana", json!({})).await?;
    hospital.client("bia").await?;
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(!ran.out.contains("create_account"), "{}", ran.out);
    assert_eq!(ids(&hospital, "ana").await?, [own_id(&hospital, "ana")]);
    assert_eq!(account(&hospital, "ana").await?["displayname"], "ana Souza");
    assert!(ids(&hospital, "bia").await?.is_empty());
    assert!(ran.out.contains(&hospital.user("bia")) && ran.out.contains("users adopt"), "{}", ran.out);
    assert_eq!(hospital.members("icu").await?, ["ana"]);
    hospital.finish().await
}

impl Hospital {
    /// Writes an intent to create somebody's account, without an outcome.
    async fn intend_account(&self, name: &str) -> anyhow::Result<()> {
        use equipemed_bot::clock::Clock;
        use equipemed_bot::store::{AuditCause, Intent};
        use equipemed_domain::action::Action;
        let store = self.store().await?;
        let known = store.people().await?;
        let (user, username) = (self.user(name).parse()?, self.username(name));
        let person = known.people().find(|known| known.username == username).context("nobody known")?.person;
        let action = Action::CreateAccount { person, user, display_name: "x".to_owned(), external_id: None };
        let intent = Intent::of_action(None, "equipemed-bot", AuditCause::Policy, &action)?;
        store.intend(&[intent], Clock::system().now()).await?;
        store.close().await;
        Ok(())
    }
}

#[tokio::test]
async fn a_first_sync_of_two_hundred_people_takes_two_requests_for_each_account() -> anyhow::Result<()> {
    let rooms = json!({"a": {"name": "A", "members": {"any": true}}});
    let hospital = Hospital::new(crowd("p", 200, &[]), rooms).await?;
    hospital.take();
    hospital.sync(&["--create-missing"]).await?.ended(0);
    let taken = hospital.take();
    // Five rooms for everybody would add 1,000 memberships. Other tests have too many accounts here to read, so
    // everybody's external id is looked up; on a separate server nobody's is.
    assert_eq!(count(&taken, Endpoint::PutAccount), 400);
    assert!(taken.len() - count(&taken, Endpoint::Holder) <= 450, "{}", taken.len());
    hospital.finish().await
}

#[tokio::test]
async fn external_ids_that_were_lost_or_changed_are_put_back_and_told() -> anyhow::Result<()> {
    let names = ["ana", "bia", "caio"];
    let people = names.iter().map(|name| person(name, &["UTI"])).chain([chief("chefe")]).collect();
    let (hospital, serving) = opened(people, wards(), |_| ()).await?;
    let chefe = hospital.client("chefe").await?;
    let foreign = other_id(&hospital, 9);
    put(&hospital, "ana", json!({"external_ids": []})).await?;
    put(
        &hospital,
        "bia",
        json!({"external_ids": [
            {"auth_provider": PROVIDER, "external_id": own_id(&hospital, "bia")},
            {"auth_provider": PROVIDER, "external_id": foreign},
            {"auth_provider": "oidc-other", "external_id": other_id(&hospital, 8)},
        ]}),
    )
    .await?;
    // It is time for the next few.
    until("that it began", || async {
        Ok((hospital.number("select count(*) from meta where key = 'verified'").await? == 1).then_some(()))
    })
    .await?;
    hospital.take();
    hospital
        .sql("update meta set value = '{\"after\":null,\"next\":\"2026-01-01T00:00:00Z\"}' where key = 'verified'")
        .await?;
    until("the external ids", || async {
        let is_back = ids(&hospital, "ana").await? == [own_id(&hospital, "ana")]
            && !ids(&hospital, "bia").await?.contains(&foreign);
        Ok(is_back.then_some(()))
    })
    .await?;
    assert!(ids(&hospital, "bia").await?.contains(&other_id(&hospital, 8)), "those of others stay");
    hospital.told(&chefe, &["has lost its external id", &hospital.user("ana")]).await?;
    hospital.told(&chefe, &[&foreign, &hospital.user("bia")]).await?;
    let taken = hospital.take();
    assert!(count(&taken, Endpoint::Account) <= 12 && count(&taken, Endpoint::Accounts) == 0, "{taken:#?}");
    close(hospital, serving).await
}

#[tokio::test]
async fn verify_looks_at_everybody_now() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(crowd("p", 6, &["UTI"]), wards()).await?;
    hospital.config["users"]["email"] = json!(true);
    for index in 0..6 {
        let name = format!("p{index:02}");
        let email = format!("{}@hospital.example", hospital.username(&name));
        hospital.someone(&name).also = json!({"email": email});
    }
    hospital.write_config()?;
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    put(&hospital, "p02", json!({"external_ids": []})).await?;
    put(&hospital, "p04", json!({"threepids": []})).await?;
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    assert_eq!((hospital.take_writes().len(), ids(&hospital, "p02").await?.len()), (0, 0), "the list does not show it");
    let preview = hospital.sync(&["--verify", "--dry-run"]).await?.ended(0);
    assert!(
        preview.out.contains("has lost its external id") && preview.out.contains("set the e-mail address (1)"),
        "{}",
        preview.out
    );
    assert_eq!(ids(&hospital, "p02").await?.len(), 0);
    let ran = hospital.sync(&["--verify"]).await?.ended(0);
    assert!(ran.out.contains("link_external_id: 1 done") && ran.out.contains("set_email: 1 done"), "{}", ran.out);
    assert!(ran.out.contains(&hospital.user("p02")), "{}", ran.out);
    assert_eq!(ids(&hospital, "p02").await?, [own_id(&hospital, "p02")]);
    hospital.take();
    let ran = hospital.sync(&["--verify"]).await?.ended(0);
    assert!(!ran.out.contains("external id"), "{}", ran.out);
    let taken = hospital.take();
    assert_eq!((count(&taken, Endpoint::Account), taken.iter().filter(|request| request.writes()).count()), (6, 0));
    hospital.finish().await
}

#[tokio::test]
async fn an_empty_or_foreign_list_of_accounts_is_a_failed_read() -> anyhow::Result<()> {
    let hospital = Hospital::new(crowd("p", 7, &["UTI"]), wards()).await?;
    hospital.sync(&[]).await?.ended(0);
    let foreign = json!({"users": [{"name": hospital.bot()?.user_id(), "admin": true}, {"name": "@x:elsewhere.example"}], "total": 2});
    for list in
        [json!({"users": [], "total": 0}), json!({"users": [{"name": hospital.user("p00")}], "total": 1}), foreign]
    {
        hospital.take();
        hospital.proxy.add_rule(Rule::new("/v2/users", Fault::Status(200, list.clone())).method("GET"));
        let ran = hospital.sync(&[]).await?.ended(1);
        assert!(ran.err.contains("its list of accounts"), "{list}: {}", ran.err);
        hospital.proxy.clear_rules();
        assert!(hospital.take_writes().is_empty());
    }
    hospital.sync(&[]).await?.ended(0);
    hospital.finish().await
}

#[tokio::test]
async fn accounts_that_are_absent_from_the_list_are_asked_for_one_by_one() -> anyhow::Result<()> {
    let hospital = Hospital::alone(crowd("p", 7, &["UTI"]), wards()).await?;
    hospital.sync(&[]).await?.ended(0);
    // A user list without most of them, although they exist.
    let short =
        json!({"users": [{"name": hospital.bot()?.user_id(), "admin": true, "displayname": "EquipeMed"}], "total": 1});
    hospital.take();
    // Reading single accounts works.
    hospital.proxy.add_rule(Rule::new("/v2/users/", Fault::Delay(Duration::ZERO)).method("GET"));
    hospital.proxy.add_rule(Rule::new("/v2/users", Fault::Status(200, short)).method("GET"));
    let ran = hospital.sync(&[]).await?.ended(0);
    hospital.proxy.clear_rules();
    let taken = hospital.take();
    assert_eq!(count(&taken, Endpoint::Account), 7, "{}\n{taken:#?}", ran.out);
    assert!(taken.iter().all(|request| !request.writes()), "{taken:#?}");
    hospital.finish().await
}

#[tokio::test]
async fn usernames_that_differ_in_case_only_lead_no_command_to_the_wrong_one() -> anyhow::Result<()> {
    let people = vec![chief("chefe"), person("ana", &["UTI"]), person("outra", &["UTI"]), person("rui", &[])];
    let capitals = |hospital: &Hospital| format!("A{}", &hospital.username("ana")[1..]);
    let mut hospital = Hospital::new(people, wards()).await?;
    hospital.config["users"]["localpart"] = json!(["matrix_localpart", "username"]);
    hospital.config["bot"]["language"] = json!("en");
    hospital.write_config()?;
    let (big, localpart) = (capitals(&hospital), hospital.username("outra"));
    hospital.someone("outra").also = json!({"username": big, "matrix_localpart": localpart});
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    let (hospital, serving) = super::talk::begun(hospital).await?;
    let chefe = hospital.client("chefe").await?;
    let small = hospital.username("ana");
    let loud = small.to_uppercase();
    let answer = hospital.ask(&chefe, &format!("!lock {loud} because lost phone")).await?;
    answer.says(&["may be several people", &hospital.user("ana"), &hospital.user("outra")]);
    // `Ana` is exactly one person's username, and also another person's localpart.
    let answer = hospital.ask(&chefe, &format!("!lock {big} because lost phone")).await?;
    answer.says(&["may be several people"]);
    assert!(!hospital.is_locked("ana").await? && !hospital.is_locked("outra").await?);
    for word in [&loud, &big] {
        let refused = hospital.run(&["grants", "add", word, "lock"]).await?.ended(2);
        refused.says(&[&small, &big, "say which"]);
    }
    hospital.ask(&chefe, &format!("!lock {} because lost phone", hospital.user("outra"))).await?.says(&["locked"]);
    assert!(!hospital.is_locked("ana").await? && hospital.is_locked("outra").await?);
    close(hospital, serving).await
}
