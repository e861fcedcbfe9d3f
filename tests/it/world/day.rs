//! A day of a hospital: many changes in EquipeMed and by hand, with restarts between them. In the evening everything is
//! as the policy says, and nothing was done that nobody was told of.

use std::time::Duration;

use equipemed_testbed::Client;
use equipemed_testbed::rooms::room_path;
use serde_json::{Value, json};

use super::talk::{begun, close};
use super::{Hospital, chief, crowd, person, until};

const CHANGES: usize = 300;
const RESTART_EVERY: usize = 60;
const GROUPS: [&str; 4] = ["UTI", "PS", "Centro", "Leads"];

/// SplitMix64: the same day for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap_or_default()
    }
}

fn rooms() -> Value {
    let of = |name: &str, rule: Value| json!({"name": name, "parent": "hospital", "members": rule});
    json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "todos": of("Equipe", json!({"any": true})),
        "uti": of("UTI", json!({"group": "UTI"})),
        "ps": of("Pronto Socorro", json!({"group": "PS"})),
        "centro": of("Centro Cirúrgico", json!({"group": "Centro"})),
        "lideres": of("Líderes", json!({"group": "Leads"})),
        "uti_ps": of("UTI e PS", json!({"all": [{"group": "UTI"}, {"group": "PS"}]})),
        "fora": of("Sem UTI", json!({"not": {"group": "UTI"}})),
        "plantao": of("Plantão", json!({"any_of": [{"group": "PS"}, {"group": "Centro"}]})),
    })
}

/// Whether the rule of a room names somebody of these groups.
fn belongs(key: &str, groups: &[String]) -> bool {
    let is_in = |group: &str| groups.iter().any(|own| own == group);
    match key {
        "uti" => is_in("UTI"),
        "ps" => is_in("PS"),
        "centro" => is_in("Centro"),
        "lideres" => is_in("Leads"),
        "uti_ps" => is_in("UTI") && is_in("PS"),
        "fora" => !is_in("UTI"),
        "plantao" => is_in("PS") || is_in("Centro"),
        _ => true,
    }
}

/// Somebody changes something in EquipeMed.
fn change_in_equipemed(hospital: &mut Hospital, dice: &mut Dice, names: &[String]) {
    let kind = dice.below(10);
    let group = GROUPS[dice.below(GROUPS.len())];
    let somebody = hospital.someone(&names[dice.below(names.len())]);
    match kind {
        0 => somebody.status = "suspended",
        1..=3 => somebody.status = "active",
        4 => somebody.first_name = format!("{} {}", somebody.name, dice.below(9)),
        _ if somebody.groups.iter().any(|own| own == group) => somebody.groups.retain(|own| own != group),
        _ => somebody.groups.push(group.to_owned()),
    }
}

/// Somebody does something in a client. What Synapse refuses them is refused; that is the point of levels.
async fn change_by_hand(
    hospital: &Hospital,
    dice: &mut Dice,
    clients: &[Client],
    names: &[String],
) -> anyhow::Result<()> {
    let keys = ["todos", "uti", "ps", "centro", "lideres", "plantao", "fora"];
    let room = hospital.room(keys[dice.below(keys.len())]).await?;
    let (who, whom) = (&clients[dice.below(clients.len())], hospital.user(&names[dice.below(names.len())]));
    let path = match dice.below(6) {
        0 => who.post(&room_path(&room, "leave"), json!({})).await,
        1 => who.post(&room_path(&room, "kick"), json!({"user_id": whom})).await,
        2 => who.post(&room_path(&room, "ban"), json!({"user_id": whom})).await,
        3 => who.post(&room_path(&room, "invite"), json!({"user_id": whom})).await,
        4 => who.put(&room_path(&room, "state/m.room.name"), json!({"name": "Outro nome"})).await,
        _ => {
            let path = format!("/_matrix/client/v3/profile/{}/displayname", super::encode(who.user_id()));
            who.put(&path, json!({"displayname": "Outra pessoa"})).await
        }
    };
    path.map(drop)
}

#[tokio::test]
async fn after_a_day_of_changes_and_restarts_nobody_has_what_the_policy_does_not_give() -> anyhow::Result<()> {
    let mut dice = Dice(20_261_128);
    let mut people = crowd("p", 34, &[]);
    for person in &mut people {
        person.groups = GROUPS[..3].iter().filter(|_| dice.below(3) == 0).map(|group| (*group).to_owned()).collect();
    }
    people.extend([chief("chefe"), chief("outra"), person("ana", &["Leads", "UTI"]), person("rui", &["Leads", "PS"])]);
    people.extend([person("eva", &["Centro"]), person("gil", &[])]);
    assert_eq!(people.len(), 40);
    // Not chiefs: that a chief is suspended is another story than the day's.
    let names: Vec<String> = people.iter().filter(|one| !one.superuser).map(|one| one.name.clone()).collect();
    let mut hospital = Hospital::new(people, rooms()).await?;
    hospital.config["limits"] =
        json!({"lock_share": "90%", "lock_least": 30, "remove_share": "90%", "remove_least": 30});
    hospital.config["directory"]["accounts"] = json!("2s");
    hospital.write_config()?;
    // The first sync is long, beside other tests longer than a service is waited for.
    hospital.sync(&[]).await?.ended(0);
    let (mut hospital, mut serving) = begun(hospital).await?;
    let mut clients = Vec::new();
    for name in ["chefe", "ana", "rui", "eva", "gil", "p00"] {
        clients.push(hospital.client(name).await?);
    }
    for change in 1..=CHANGES {
        if dice.below(5) < 3 {
            change_in_equipemed(&mut hospital, &mut dice, &names);
            hospital.write_roster()?;
        } else {
            change_by_hand(&hospital, &mut dice, &clients, &names).await?;
        }
        if change % RESTART_EVERY == 0 {
            serving.kill9()?;
            serving.end().await?;
            hospital.forget_leases().await?;
            serving = hospital.serve().await?;
        }
    }
    evening(&hospital).await?;
    check(&hospital, &names).await?;
    close(hospital, serving).await
}

/// Waits until nothing is left to do, with what is held approved.
async fn evening(hospital: &Hospital) -> anyhow::Result<()> {
    equipemed_testbed::eventually("a full pass plans nothing", Duration::from_secs(180), || async {
        let ran = hospital.sync(&[]).await?;
        for id in ran.held() {
            hospital.sync(&["--approve", &id]).await?;
        }
        let plan = hospital.sync(&["--dry-run"]).await?.ended(0);
        Ok(plan.out.contains("Nothing to do").then_some(()))
    })
    .await?;
    until("everything was handled", || async {
        let due = "select count(*) from wakeups where due_at <= unixepoch('subsec') * 1000";
        Ok((hospital.number(due).await? == 0).then_some(()))
    })
    .await
}

/// Everybody is where the rules and the wishes of those with the right put them, and nowhere else.
async fn check(hospital: &Hospital, names: &[String]) -> anyhow::Result<()> {
    let store = hospital.store().await?;
    let grants = store.grants_holding(equipemed_bot::clock::Clock::system().now()).await?;
    let bindings = store.bindings().await?;
    let is_wished = |name: &str| {
        let user = hospital.user(name);
        let person = bindings.values().find(|binding| binding.user == user).map(|binding| binding.person);
        grants.iter().any(|grant| Some(grant.person) == person)
    };
    let plan = hospital.sync(&["--dry-run"]).await?.ended(0);
    // Synapse changes a name in one room after the other: whoever joins one meanwhile may keep the old name there. That is
    // told, as it should be, and gives nobody anything.
    let found = plan.out.split_once("To look at").map(|(_, found)| found).unwrap_or_default();
    let others = found.lines().filter(|line| line.starts_with("  ") && !line.contains("another name or picture"));
    assert_eq!(others.count(), 0, "{}", plan.out);
    for key in ["hospital", "todos", "uti", "ps", "centro", "lideres", "uti_ps", "fora", "plantao"] {
        let members = hospital.members(key).await?;
        for name in names {
            let somebody = &hospital.people[name];
            let (is_in, is_active) = (members.contains(name), somebody.status == "active");
            // Whoever is suspended stays where they were, and is put nowhere.
            let should_be = belongs(key, &somebody.groups);
            assert!(!is_in || should_be, "{name} is in {key}");
            assert!(is_in || !should_be || !is_active || is_wished(name), "{name} is not in {key}");
            let level = hospital.level(key, name).await?.unwrap_or_default();
            let is_lead = is_active && somebody.groups.iter().any(|group| group == "Leads");
            assert!(level <= if is_lead { 50 } else { 0 } || is_wished(name), "{name} stands at {level} in {key}");
        }
    }
    for name in names {
        let is_active = hospital.people[name].status == "active";
        assert_eq!(hospital.is_locked(name).await?, !is_active, "{name}");
    }
    Ok(())
}
