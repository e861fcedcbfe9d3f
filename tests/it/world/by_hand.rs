//! Changes by hand in Element: they count with the right and are reverted without it; edit wars and stolen tokens are
//! reported.

use equipemed_testbed::Client;
use equipemed_testbed::rooms::room_path;
use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, Person, chief, crowd, encode, person, until};

fn rooms() -> Value {
    json!({
        "icu": {"name": "UTI", "topic": "Plantão", "members": {"any": true}},
        "ward": {"name": "Enfermaria", "members": {"any": true}},
    })
}

fn people() -> Vec<Person> {
    let mut people = crowd("p", 4, &[]);
    people.extend([chief("chefe"), chief("outra"), person("lider", &["Leads"]), person("porteiro", &["Porters"])]);
    people
}

/// Somebody with level 50 everywhere and no rights.
fn with_porter(hospital: &mut Hospital) {
    hospital.config["roles"]["porter"] = json!({"when": {"group": "Porters"}, "level": 50, "rights": []});
}

async fn kick(by: &Client, room: &str, user: &str) -> anyhow::Result<()> {
    by.post_ok(&room_path(room, "kick"), json!({"user_id": user})).await?;
    Ok(())
}

/// Waits for a room's name.
async fn named(hospital: &Hospital, room: &str, name: &str) -> anyhow::Result<()> {
    let (bot, wanted) = (hospital.bot()?, json!({"name": name}));
    until("the name", || async {
        Ok((bot.state_event(room, "m.room.name", "").await?.as_ref() == Some(&wanted)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_kick_in_element_counts_when_its_author_has_the_right_and_is_put_back_when_not() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), with_porter).await?;
    let icu = hospital.room("icu").await?;
    let (chief, leader) = (hospital.client("chefe").await?, hospital.client("lider").await?);
    let porter = hospital.client("porteiro").await?;
    kick(&leader, &icu, &hospital.user("p00")).await?;
    until("the grant", || async {
        Ok((hospital.number("select count(*) from grants where kind = 'kick'").await? == 1).then_some(()))
    })
    .await?;
    kick(&porter, &icu, &hospital.user("p01")).await?;
    until("p01 is back", || async { Ok(hospital.members("icu").await?.contains(&"p01".to_owned()).then_some(())) })
        .await?;
    hospital.told(&chief, &["who is in it", "put it back"]).await?;
    hospital.ask(&chief, "!sync").await?;
    let members = hospital.members("icu").await?;
    assert!(!members.contains(&"p00".to_owned()) && members.contains(&"p01".to_owned()), "{members:?}");
    assert!(hospital.members("ward").await?.contains(&"p00".to_owned()), "from that room only");
    let grants = hospital.ask(&chief, "!grants").await?;
    grants.says(&[leader.user_id(), "UTI", "until"]);
    let store = hospital.store().await?;
    let all = store.grants(&equipemed_bot::store::GrantFilter::default()).await?;
    store.close().await;
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(all[0].grant.asker, leader.user_id());
    assert_eq!(hospital.heard(&chief, &["who is in it"]).await?.len(), 1, "told once, and only of the porter");
    close(hospital, serving).await
}

#[tokio::test]
async fn a_kick_by_somebody_whose_access_has_lapsed_is_put_back() -> anyhow::Result<()> {
    let (mut hospital, serving) = opened(people(), rooms(), |_| ()).await?;
    let icu = hospital.room("icu").await?;
    let leader = hospital.client("lider").await?;
    // While the service is down, EquipeMed suspends the leader, who acts before Synapse knows.
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.someone("lider").status = "suspended";
    hospital.write_roster()?;
    kick(&leader, &icu, &hospital.user("p00")).await?;
    let serving = hospital.serve().await?;
    until("p00 is back", || async { Ok(hospital.members("icu").await?.contains(&"p00".to_owned()).then_some(())) })
        .await?;
    until("the kick was judged", || async {
        Ok((hospital.number("select count(*) from drift where what like 'member %'").await? > 0).then_some(()))
    })
    .await?;
    assert_eq!(hospital.number("select count(*) from grants").await?, 0);
    assert!(hospital.members("icu").await?.contains(&"p00".to_owned()));
    close(hospital, serving).await
}

#[tokio::test]
async fn drift_that_is_only_reported_stays() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), |hospital| hospital.config["drift"] = json!("report")).await?;
    let (chief, icu) = (hospital.client("chefe").await?, hospital.room("icu").await?);
    chief.send_state(&icu, "m.room.name", "", json!({"name": "Outro"})).await?;
    hospital.told(&chief, &["the name", "changed nothing"]).await?;
    hospital.ask(&chief, "!sync").await?.says(&["nothing to change"]);
    named(&hospital, &icu, "Outro").await?;
    assert_eq!(hospital.heard(&chief, &["the name"]).await?.len(), 1);
    close(hospital, serving).await
}

#[tokio::test]
async fn a_fight_of_two_administrators_is_left_alone_and_told_once() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), |_| ()).await?;
    let icu = hospital.room("icu").await?;
    let (chief, other) = (hospital.client("chefe").await?, hospital.client("outra").await?);
    for round in 0..3 {
        let by = if round % 2 == 0 { &chief } else { &other };
        let change = by.send_state(&icu, "m.room.name", "", json!({"name": format!("Nome {round}")})).await?;
        // Waits, so that the next change counts separately.
        hospital.handled(&change).await?;
        named(&hospital, &icu, "UTI").await?;
    }
    until("three times told", || async {
        Ok((hospital.heard(&chief, &["the name", "put it back"]).await?.len() == 3).then_some(()))
    })
    .await?;
    for round in 3..6 {
        let by = if round % 2 == 0 { &chief } else { &other };
        let change = by.send_state(&icu, "m.room.name", "", json!({"name": format!("Nome {round}")})).await?;
        hospital.handled(&change).await?;
        hospital.ask(&chief, "!sync icu").await?;
        named(&hospital, &icu, &format!("Nome {round}")).await?;
    }
    let told = hospital.told(&chief, &["epeated changes", "the name"]).await?;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(hospital.heard(&chief, &["put it back"]).await?.len(), 3);
    // Other settings of the room are still reverted.
    other.send_state(&icu, "m.room.topic", "", json!({"topic": "briga"})).await?;
    hospital.told(&chief, &["the topic"]).await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn several_changes_that_are_put_back_as_one_are_no_fight() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), |_| ()).await?;
    let (chief, icu) = (hospital.client("chefe").await?, hospital.room("icu").await?);
    serving.term()?;
    serving.end().await?.ended(0);
    for number in 0..6 {
        chief.send_state(&icu, "m.room.name", "", json!({"name": format!("Nome {number}")})).await?;
    }
    let serving = hospital.serve().await?;
    named(&hospital, &icu, "UTI").await?;
    until("all are judged", || async {
        Ok((hospital.number("select count(*) from drift where state <> 'open'").await? == 6).then_some(()))
    })
    .await?;
    let change = chief.send_state(&icu, "m.room.name", "", json!({"name": "Outro"})).await?;
    hospital.handled(&change).await?;
    named(&hospital, &icu, "UTI").await?;
    assert!(hospital.heard(&chief, &["epeated changes"]).await?.is_empty());
    close(hospital, serving).await
}

async fn ban(by: &Client, room: &str, user: &str) -> anyhow::Result<String> {
    by.post_ok(&room_path(room, "ban"), json!({"user_id": user})).await?;
    let events = by.messages(room, 10).await?;
    let is_ban = |event: &&Value| event["state_key"] == user && event["content"]["membership"] == "ban";
    Ok(events.iter().find(is_ban).and_then(|event| event["event_id"].as_str()).unwrap_or_default().to_owned())
}

async fn is_member(hospital: &Hospital, room: &str, name: &str) -> anyhow::Result<()> {
    until(&format!("{name} is in"), || async {
        Ok(hospital.members(room).await?.contains(&name.to_owned()).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_ban_in_element_without_the_right_is_lifted_and_told_once_until_it_is_a_fight() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), with_porter).await?;
    let icu = hospital.room("icu").await?;
    let (chief, porter) = (hospital.client("chefe").await?, hospital.client("porteiro").await?);
    for round in 1..=3 {
        let event = ban(&porter, &icu, &hospital.user("p00")).await?;
        hospital.handled(&event).await?;
        is_member(&hospital, "icu", "p00").await?;
        until("told", || async {
            let told = hospital.heard(&chief, &["porteiro", "banned", "p00", "UTI", "lifted the ban"]).await?;
            Ok((told.len() == round).then_some(()))
        })
        .await?;
    }
    assert_eq!(hospital.number("select count(*) from grants").await?, 0);
    assert!(hospital.heard(&chief, &["is banned there by hand"]).await?.is_empty(), "no alarm beside it");
    let event = ban(&porter, &icu, &hospital.user("p00")).await?;
    hospital.handled(&event).await?;
    hospital.told(&chief, &["epeated changes", "porteiro"]).await?;
    hospital.ask(&chief, "!sync icu").await?;
    assert_eq!(hospital.with_membership("icu", "ban").await?, ["p00"]);
    assert_eq!(hospital.heard(&chief, &["lifted the ban"]).await?.len(), 3);
    close(hospital, serving).await
}

#[tokio::test]
async fn a_ban_in_element_by_somebody_with_the_right_holds_until_it_is_lifted() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), with_porter).await?;
    let icu = hospital.room("icu").await?;
    let (chief, porter) = (hospital.client("chefe").await?, hospital.client("porteiro").await?);
    for name in ["p00", "p01", "p02"] {
        let event = ban(&chief, &icu, &hospital.user(name)).await?;
        hospital.handled(&event).await?;
    }
    hospital.ask(&chief, "!sync").await?.says(&["nothing to change"]);
    assert_eq!(hospital.with_membership("icu", "ban").await?, ["p00", "p01", "p02"]);
    hospital.ask(&chief, "!grants").await?.says(&["3 grants", "banned", "UTI", chief.user_id()]);
    hospital.ask(&chief, &format!("!unban {} in icu", hospital.username("p02"))).await?.says(&["Lifted", "3: "]);
    is_member(&hospital, "icu", "p02").await?;
    // Another ban, set without the right, ends only together with the chief's.
    let event = ban(&porter, &icu, &hospital.user("p00")).await?;
    hospital.handled(&event).await?;
    hospital.ask(&chief, "!sync icu").await?;
    assert_eq!(hospital.with_membership("icu", "ban").await?, ["p00", "p01"]);
    hospital.run(&["grants", "end", "1"]).await?.ended(0);
    is_member(&hospital, "icu", "p00").await?;
    // An unban in Element ends the grant and is not taken for a kick.
    chief.post_ok(&room_path(&icu, "unban"), json!({"user_id": hospital.user("p01")})).await?;
    is_member(&hospital, "icu", "p01").await?;
    hospital.ask(&chief, "!grants").await?.says(&["Nothing was given"]);
    assert_eq!(hospital.number("select count(*) from grants where kind = 'kick'").await?, 0);
    assert!(hospital.heard(&chief, &["without the right"]).await?.is_empty());
    close(hospital, serving).await
}

#[tokio::test]
async fn a_ban_that_is_only_reported_stays() -> anyhow::Result<()> {
    let report = |hospital: &mut Hospital| {
        with_porter(hospital);
        hospital.config["drift"] = json!("report");
    };
    let (hospital, serving) = opened(people(), rooms(), report).await?;
    let (chief, porter) = (hospital.client("chefe").await?, hospital.client("porteiro").await?);
    ban(&porter, &hospital.room("icu").await?, &hospital.user("p00")).await?;
    hospital.told(&chief, &["porteiro", "banned", "p00", "changed nothing"]).await?;
    hospital.ask(&chief, "!sync").await?;
    assert_eq!(hospital.with_membership("icu", "ban").await?, ["p00"]);
    assert_eq!(hospital.heard(&chief, &["changed nothing"]).await?.len(), 1);
    let alarms = hospital.heard(&chief, &["is banned there by hand"]).await?;
    assert!(alarms.iter().all(|text| text.contains("Audit")), "only in the answer to the sync: {alarms:#?}");
    // The asker has the right that the porter lacks.
    hospital.ask(&chief, &format!("!unban {}", hospital.username("p00"))).await?.says(&["Lifted", "porteiro"]);
    is_member(&hospital, "icu", "p00").await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn somebody_else_with_the_bots_token_is_noticed_once() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), |_| ()).await?;
    let (chief, icu) = (hospital.client("chefe").await?, hospital.room("icu").await?);
    // As if the service had been idle, because its own changes cause no alarm.
    hospital.sql("update audit set at = at - 100000, outcome_at = outcome_at - 100000").await?;
    hospital.bot()?.send_state(&icu, "m.room.name", "", json!({"name": "Sequestrada"})).await?;
    hospital.told(&chief, &["Somebody may have my token", "m.room.name", "UTI"]).await?;
    named(&hospital, &icu, "UTI").await?;
    hospital.ask(&chief, "!sync").await?;
    assert_eq!(hospital.heard(&chief, &["my token"]).await?.len(), 1);
    close(hospital, serving).await
}

#[tokio::test]
async fn an_open_control_room_and_an_encrypted_room_raise_an_alarm_once() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), |_| ()).await?;
    let (chief, bot) = (hospital.client("chefe").await?, hospital.bot()?);
    let (control, icu) = (hospital.room("control").await?, hospital.room("icu").await?);
    bot.send_state(&control, "m.room.join_rules", "", json!({"join_rule": "public"})).await?;
    bot.send_state(&icu, "m.room.encryption", "", json!({"algorithm": "m.megolm.v1.aes-sha2"})).await?;
    for _ in 0..3 {
        hospital.ask(&chief, "!sync").await?;
    }
    hospital.told(&chief, &["control room is not closed"]).await?;
    hospital.told(&chief, &["UTI", "was encrypted"]).await?;
    assert_eq!(hospital.heard(&chief, &["control room is not closed"]).await?.len(), 1);
    assert_eq!(hospital.heard(&chief, &["was encrypted"]).await?.len(), 1);
    let rule = bot.state_event(&control, "m.room.join_rules", "").await?;
    assert_eq!(rule, Some(json!({"join_rule": "invite"})), "closed again");
    close(hospital, serving).await
}

#[tokio::test]
async fn state_that_somebody_redacts_is_put_back_and_told_with_who() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms(), |_| ()).await?;
    let (chief, room) = (hospital.client("chefe").await?, hospital.room("icu").await?);
    let state = chief.state(&room).await?;
    for (kind, gone) in [("m.room.name", "name"), ("m.room.history_visibility", "")] {
        let event = state.iter().find(|event| event["type"] == kind).map(|event| event["event_id"].clone());
        let event = event.as_ref().and_then(Value::as_str).unwrap_or_default();
        chief.put_ok(&room_path(&room, &format!("redact/{}/{kind}", encode(event))), json!({})).await?;
        if !gone.is_empty() {
            until("it is put back", || async {
                let content = chief.state_event(&room, kind, "").await?.unwrap_or_default();
                Ok(content[gone].is_string().then_some(()))
            })
            .await?;
        }
    }
    let told = hospital.told(&chief, &["put it back", "the name", &hospital.username("chefe")]).await?;
    assert_eq!(told.len(), 1, "{told:?}");
    // A message that somebody deletes is nobody's drift.
    let message = hospital.say(&chief, "icu", "errada").await?;
    chief.put_ok(&room_path(&room, &format!("redact/{}/message", encode(&message))), json!({})).await?;
    until("the redaction was looked at", || async {
        let open = "select count(*) from inbox where kind = 'm.room.redaction' and handled_at is null";
        Ok((hospital.number(open).await? == 0).then_some(()))
    })
    .await?;
    assert_eq!(hospital.number("select count(*) from drift").await?, 1);
    close(hospital, serving).await
}
