//! A server filled before the bot came, by single sign-on, scripts or by hand; and later changes of names and external
//! ids. Nobody gets a second account or somebody else's.

use std::collections::BTreeMap;

use equipemed_testbed::Client;
use serde_json::{Value, json};

use super::{Hospital, Person, chief, person};

const PROVIDER: &str = "oidc-equipemed";

/// This hospital's accounts by name, as read one by one, without fields that change by themselves.
async fn accounts(hospital: &Hospital) -> anyhow::Result<BTreeMap<String, Value>> {
    let administrator = Client::administrator(hospital.synapse()).await?;
    let suffix = hospital.username("");
    let list = administrator.get_ok("/_synapse/admin/v2/users?limit=5000&deactivated=true&locked=true").await?;
    let mut accounts = BTreeMap::new();
    for row in list["users"].as_array().into_iter().flatten() {
        let user = row["name"].as_str().unwrap_or_default();
        let localpart = user.trim_start_matches('@').split(':').next().unwrap_or_default();
        let Some(name) = localpart.strip_suffix(&suffix) else { continue };
        let account = administrator.account(user).await?;
        let mut shown = json!({});
        for field in ["displayname", "external_ids", "deactivated", "locked", "admin", "creation_ts"] {
            shown[field] = account[field].clone();
        }
        accounts.insert(name.to_owned(), shown);
    }
    Ok(accounts)
}

/// Creates or changes an account by hand.
async fn by_hand(hospital: &Hospital, name: &str, body: Value) -> anyhow::Result<()> {
    let administrator = Client::administrator(hospital.synapse()).await?;
    let path = format!("/_synapse/admin/v2/users/{}", super::encode(&hospital.user(name)));
    administrator.put_ok(&path, body).await?;
    Ok(())
}

fn carrying(id: &str) -> Value {
    json!([{"auth_provider": PROVIDER, "external_id": id}])
}

fn public_id(hospital: &Hospital, name: &str) -> String {
    let person = hospital.people.get(name).cloned().unwrap_or_else(|| person(name, &[]));
    hospital.entry(&person)["public_id"].as_str().unwrap_or_default().to_owned()
}

/// An unused public id, different in each hospital.
fn stray(hospital: &Hospital, number: usize) -> String {
    format!("{:08x}-0000-4000-9000-{number:012x}", hospital.port())
}

fn rooms() -> Value {
    json!({"todos": {"name": "Equipe", "members": {"any": true}}, "icu": {"name": "UTI", "members": {"group": "UTI"}}})
}

#[tokio::test]
async fn accounts_that_were_there_are_adopted_by_their_external_id_and_by_nothing_else() -> anyhow::Result<()> {
    let names = ["ana", "bia", "caio", "davi", "eva", "fabio", "gil", "hugo", "ines", "joao"];
    let mut people: Vec<Person> = names.iter().map(|name| person(name, &["UTI"])).collect();
    people.iter_mut().filter(|person| person.name == "hugo").for_each(|person| person.first_name = "Hugo".to_owned());
    let mut hospital = Hospital::new(people, rooms()).await?;
    // EquipeMed keeps upper case, Matrix does not.
    let capitals = hospital.username("hugo").to_uppercase();
    hospital.someone("hugo").also = json!({"username": capitals});
    hospital.write_roster()?;
    let of = |name: &str| carrying(&public_id(&hospital, name));
    // The right external id under another name; the right name without id, with a stranger's id, and with a colleague's
    // id; deactivated with and without the id; two candidates.
    by_hand(&hospital, "antiga", json!({"displayname": "Ana Antiga", "external_ids": of("ana")})).await?;
    by_hand(&hospital, "bia", json!({"displayname": "Bia"})).await?;
    by_hand(&hospital, "caio", json!({"displayname": "Outro Caio", "external_ids": carrying(&stray(&hospital, 1))}))
        .await?;
    by_hand(&hospital, "davi", json!({"displayname": "Davi", "external_ids": of("eva")})).await?;
    by_hand(&hospital, "fabio", json!({"external_ids": of("fabio")})).await?;
    by_hand(&hospital, "fabio", json!({"deactivated": true})).await?;
    by_hand(&hospital, "gil", json!({"displayname": "Gil"})).await?;
    by_hand(&hospital, "gil", json!({"deactivated": true})).await?;
    by_hand(&hospital, "hugo", json!({"external_ids": of("hugo")})).await?;
    by_hand(&hospital, "ines_velha", json!({"external_ids": of("ines")})).await?;
    by_hand(&hospital, "ines", json!({"displayname": "Outra Inês"})).await?;
    let before = accounts(&hospital).await?;

    let plan = hospital.sync(&["--dry-run"]).await?.ended(0);
    assert_eq!(accounts(&hospital).await?, before);
    for part in ["create (1)", "adopt, they carry the external id (4)", "reactivate (1)", "both lead to", "users adopt"]
    {
        assert!(plan.out.contains(part), "{part} is not in\n{}", plan.out);
    }
    hospital.sync(&[]).await?.ended(0);
    let after = accounts(&hospital).await?;
    let new: Vec<_> = after.keys().filter(|name| !before.contains_key(*name)).collect();
    assert_eq!(new, ["joao"], "nobody is there twice");
    for name in ["bia", "caio", "davi", "gil", "ines"] {
        assert_eq!(after[name], before[name], "{name} is nobody's until somebody says so");
    }
    for (name, owner) in [("antiga", "ana"), ("fabio", "fabio"), ("hugo", "hugo"), ("ines_velha", "ines")] {
        assert_eq!(after[name]["external_ids"], of(owner), "{name}");
        assert_eq!(after[name]["creation_ts"], before[name]["creation_ts"], "{name}");
        assert_eq!(after[name]["deactivated"], false, "{name}");
    }
    assert_eq!(
        (&after["antiga"]["displayname"], &after["hugo"]["displayname"]),
        (&json!("ana Souza"), &json!("Hugo Souza"))
    );
    let inside = hospital.bot()?.state(&hospital.room("icu").await?).await?;
    let joined = |name: &str| {
        let user = hospital.user(name);
        inside.iter().any(|event| event["state_key"] == user.as_str() && event["content"]["membership"] == "join")
    };
    for (name, is_in) in [
        ("antiga", true),
        ("fabio", true),
        ("ines_velha", true),
        ("joao", true),
        ("bia", false),
        ("ines", false),
        ("davi", false),
    ] {
        assert_eq!(joined(name), is_in, "{name}");
    }
    // A repeat writes nothing and reports the same.
    hospital.take();
    let again = hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.take_writes().len(), 0);
    for name in ["bia", "caio", "davi", "gil"] {
        assert!(again.out.contains(&hospital.user(name)), "{name} is not told of\n{}", again.out);
    }
    // The operator's word decides.
    hospital.run(&["users", "adopt", &hospital.username("bia"), &hospital.user("bia")]).await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    let adopted = &accounts(&hospital).await?["bia"];
    assert_eq!((&adopted["external_ids"], &adopted["displayname"]), (&of("bia"), &json!("bia Souza")));
    hospital.finish().await
}

#[tokio::test]
async fn an_external_id_that_another_account_holds_stops_that_person_alone() -> anyhow::Result<()> {
    let people = ["ana", "bia", "caio", "davi"].iter().map(|name| person(name, &[])).collect();
    // With few unbound accounts, the pass reads the external ids of these instead of looking up each newcomer's.
    let mut hospital = Hospital::alone(people, rooms()).await?;
    hospital.sync(&[]).await?.ended(0);
    // An account of nobody and a colleague's hold the ids of ana, bia and a newcomer; the store forgets that ana and
    // bia got theirs.
    let ids = [public_id(&hospital, "ana"), public_id(&hospital, "bia"), stray(&hospital, 3)];
    by_hand(&hospital, "ana", json!({"external_ids": []})).await?;
    by_hand(&hospital, "bia", json!({"external_ids": []})).await?;
    hospital
        .sql("update bindings set pushed_external_id = null where user_id like '@ana%' or user_id like '@bia%'")
        .await?;
    by_hand(&hospital, "maquina", json!({"external_ids": carrying(&ids[0])})).await?;
    let held: Vec<Value> = [public_id(&hospital, "caio"), ids[1].clone(), ids[2].clone()]
        .iter()
        .map(|id| json!({"auth_provider": PROVIDER, "external_id": id}))
        .collect();
    by_hand(&hospital, "caio", json!({"external_ids": held})).await?;
    hospital.add(Person { also: json!({"public_id": ids[2]}), ..person("eva", &[]) });
    for name in ["fred", "gina", "hans"] {
        hospital.add(person(name, &[]));
    }
    hospital.someone("davi").first_name = "David".to_owned();
    hospital.write_roster()?;
    let before = accounts(&hospital).await?;
    for round in 0..2 {
        let ran = hospital.sync(&[]).await?.ended(1);
        // Now the newcomer is known: looking costs one request, and fewer people are new.
        let newcomer = if round == 0 { "belongs to" } else { "external id is on" };
        for (name, says, holder) in
            [("ana", "belongs to", "maquina"), ("bia", "belongs to", "caio"), ("eva", newcomer, "caio")]
        {
            let told = format!("{says} {}", hospital.user(holder));
            let subject =
                if says == "belongs to" { format!("@{}:", hospital.username(name)) } else { "(5)".to_owned() };
            let lines = ran.out.lines().filter(|line| line.contains(&told) && line.contains(&subject));
            assert_eq!(lines.count(), 1, "{name}\n{}", ran.out);
        }
    }
    let after = accounts(&hospital).await?;
    let new: Vec<_> = after.keys().filter(|name| !before.contains_key(*name)).collect();
    assert_eq!(new, ["fred", "gina", "hans"], "no account without its external id");
    for name in ["ana", "bia", "caio", "maquina"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    assert_eq!(after["davi"]["displayname"], "David Souza", "the others go on");
    // Somebody fixed it on Synapse.
    by_hand(&hospital, "caio", json!({"external_ids": carrying(&public_id(&hospital, "caio"))})).await?;
    by_hand(&hospital, "maquina", json!({"external_ids": []})).await?;
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("create_account: 1 done"), "{}", ran.out);
    let after = accounts(&hospital).await?;
    for (name, id) in [("ana", &ids[0]), ("bia", &ids[1]), ("eva", &ids[2])] {
        assert_eq!(after[name]["external_ids"], carrying(id), "{name}");
    }
    hospital.finish().await
}

#[tokio::test]
async fn renames_and_swaps_in_equipemed_leave_everybody_their_account() -> anyhow::Result<()> {
    let people = ["ana", "bia", "caio"].iter().map(|name| person(name, &["UTI"])).collect();
    let mut hospital = Hospital::new(people, rooms()).await?;
    hospital.config["users"]["localpart"] = json!(["matrix_localpart", "username"]);
    hospital.config["users"]["display_name"] = json!("{full_name} ({username})");
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    let before = accounts(&hospital).await?;

    // A new username and localpart; two people who swap theirs; and a newcomer who would get a name in use.
    let (ana, bia, caio) = (hospital.username("ana"), hospital.username("bia"), hospital.username("caio"));
    hospital.someone("ana").also =
        json!({"username": format!("ana.maria{}", hospital.username("")), "matrix_localpart": "nova.ana"});
    hospital.someone("bia").also = json!({"username": caio, "matrix_localpart": caio});
    hospital.someone("caio").also = json!({"username": bia, "matrix_localpart": bia});
    let newcomer =
        Person { also: json!({"username": format!("x{ana}"), "matrix_localpart": ana}), ..person("nova", &["UTI"]) };
    hospital.add(newcomer);
    hospital.write_roster()?;
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(
        ran.out.contains("which is the account of person") && ran.out.contains(&hospital.user("ana")),
        "{}",
        ran.out
    );
    let after = accounts(&hospital).await?;
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    for name in ["ana", "bia", "caio"] {
        assert_eq!(after[name]["external_ids"], before[name]["external_ids"], "{name}");
    }
    let called = |name: &str| after[name]["displayname"].as_str().unwrap_or_default().to_owned();
    assert_eq!(called("ana"), format!("ana Souza (ana.maria{})", hospital.username("")));
    assert_eq!((called("bia"), called("caio")), (format!("bia Souza ({caio})"), format!("caio Souza ({bia})")));
    assert_eq!(hospital.members("icu").await?, ["ana", "bia", "caio"]);
    hospital.finish().await
}

#[tokio::test]
async fn server_administration_is_given_where_named_and_taken_only_where_it_was_given() -> anyhow::Result<()> {
    let people = vec![chief("ana"), chief("bia"), chief("zoe"), person("caio", &[])];
    let mut hospital = Hospital::new(people, rooms()).await?;
    let admins = async |hospital: &Hospital| {
        let accounts = accounts(hospital).await?;
        anyhow::Ok(
            accounts.into_iter().filter(|(_, one)| one["admin"] == true).map(|(name, _)| name).collect::<Vec<_>>(),
        )
    };
    hospital.sync(&[]).await?.ended(0);
    assert!(admins(&hospital).await?.is_empty(), "off by default, also for superusers");
    by_hand(&hospital, "bia", json!({"admin": true})).await?;
    by_hand(&hospital, "caio", json!({"admin": true})).await?;
    hospital.config["roles"]["admin"]["server_admin"] = json!(true);
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(admins(&hospital).await?, ["ana", "bia", "zoe"], "what caio got by hand is put back");
    // They lose the role: the flag is removed from ana but not from bia, who had it before the policy named her.
    hospital.someone("ana").superuser = false;
    hospital.someone("bia").superuser = false;
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(admins(&hospital).await?, ["bia", "zoe"]);
    hospital.finish().await
}

#[tokio::test]
async fn who_left_and_was_deactivated_comes_back_with_rooms_and_levels() -> anyhow::Result<()> {
    let people = vec![chief("dora"), person("lia", &["UTI", "Leads"])];
    let mut hospital = Hospital::new(people, rooms()).await?;
    hospital.sync(&[]).await?.ended(0);
    let before = accounts(&hospital).await?;
    hospital.someone("lia").status = "departed";
    hospital.write_roster()?;
    hospital.sync(&["--deactivate-disabled"]).await?.ended(0);
    assert!(hospital.is_deactivated("lia").await?);
    // Synapse leaves the rooms in the background.
    for room in ["icu", "todos"] {
        super::until("lia has left", || async {
            Ok((!hospital.members(room).await?.contains(&"lia".to_owned())).then_some(()))
        })
        .await?;
    }
    hospital.someone("lia").status = "active";
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(accounts(&hospital).await?, before, "the same account, with its external id and name");
    assert_eq!(hospital.members("icu").await?, ["lia"]);
    assert_eq!((hospital.level("icu", "lia").await?, hospital.level("todos", "lia").await?), (Some(50), Some(50)));
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    let writes = hospital.take_writes();
    assert!(writes.is_empty(), "{writes:#?}");
    hospital.finish().await
}
