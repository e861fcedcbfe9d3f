//! A new room in the place of one that is encrypted, upgraded by hand, deleted, or the control room itself: by command and
//! by the operator, once, whatever dies in between.

use std::time::{Duration, Instant};

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::Client;
use equipemed_testbed::proxy::{Fault, Rule};
use equipemed_testbed::rooms::room_path;
use serde_json::{Value, json};

use super::process::Running;
use super::talk::{begun, close, opened};
use super::{Hospital, chief, count, crowd, encode, person, until};

/// The room that an alias leads to.
async fn led_to(hospital: &Hospital, who: &Client, alias: &str) -> anyhow::Result<Value> {
    let alias = format!("#{}:hospital.example", hospital.alias(alias));
    let resolved = who.get_ok(&format!("/_matrix/client/v3/directory/room/{}", encode(&alias))).await?;
    Ok(resolved["room_id"].clone())
}

/// The rooms in a space.
async fn children(hospital: &Hospital, space: &str) -> anyhow::Result<Vec<String>> {
    let state = hospital.bot()?.state(&hospital.room(space).await?).await?;
    let listed = |event: &&Value| event["type"] == "m.space.child" && event["content"]["via"].is_array();
    let ids = state.iter().filter(listed).filter_map(|event| event["state_key"].as_str().map(str::to_owned));
    Ok(ids.collect())
}

/// The content of a room's create event.
async fn creation(hospital: &Hospital, room: &str) -> anyhow::Result<Value> {
    Ok(hospital.bot()?.state_event(room, "m.room.create", "").await?.unwrap_or_default())
}

/// Where a room's tombstone leads.
async fn closed_for(hospital: &Hospital, room: &str) -> anyhow::Result<Value> {
    let tombstone = hospital.bot()?.state_event(room, "m.room.tombstone", "").await?.unwrap_or_default();
    Ok(tombstone["replacement_room"].clone())
}

async fn encrypt(hospital: &Hospital, key: &str) -> anyhow::Result<()> {
    let content = json!({"algorithm": "m.megolm.v1.aes-sha2"});
    hospital.bot()?.send_state(&hospital.room(key).await?, "m.room.encryption", "", content).await?;
    Ok(())
}

fn rooms(hospital: &mut Hospital) {
    for key in ["icu", "ward"] {
        hospital.config["rooms"][key]["alias"] = json!(hospital.alias(key));
    }
}

#[tokio::test]
async fn an_encrypted_room_gets_a_new_one_in_its_place_by_command() -> anyhow::Result<()> {
    let config = json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "icu": {"name": "UTI", "topic": "Plantão", "parent": "hospital", "members": {"group": "UTI"}},
        "ward": {"name": "Enfermaria", "version": "11", "parent": "hospital", "members": {"any": true}, "join": "invite"},
    });
    let mut people = crowd("p", 3, &["UTI"]);
    people.extend([chief("chefe"), person("lia", &["UTI", "Leads"])]);
    let (hospital, serving) = opened(people, config, rooms).await?;
    let (chief, bot) = (hospital.client("chefe").await?, hospital.bot()?);
    let (old, ward) = (hospital.room("icu").await?, hospital.room("ward").await?);
    for key in ["icu", "ward"] {
        encrypt(&hospital, key).await?;
    }
    hospital.take();
    let shown = hospital.ask(&chief, "!rooms replace icu --dry-run").await?;
    shown.says(&["UTI", "is encrypted", "4 people", "would be closed"]);
    let preview = hospital.ask(&chief, "!rooms replace icu").await?;
    preview.says(&["is encrypted"]);
    assert_eq!(count(&hospital.take_writes(), Endpoint::CreateRoom), 0);
    hospital.ask(&chief, &format!("!confirm {}", preview.code()?)).await?.says(&["has taken the place"]);

    let new = hospital.room("icu").await?;
    assert_ne!(new, old);
    assert_eq!(hospital.members("icu").await?, ["lia", "p00", "p01", "p02"]);
    assert_eq!(hospital.level("icu", "lia").await?, Some(50));
    assert_eq!(led_to(&hospital, &chief, "icu").await?, new.as_str());
    for (kind, field, value) in [("m.room.name", "name", "UTI"), ("m.room.topic", "topic", "Plantão")] {
        assert_eq!(bot.state_event(&new, kind, "").await?.unwrap_or_default()[field], value);
    }
    assert_eq!(creation(&hospital, &new).await?["predecessor"], json!({"room_id": old}));
    assert_eq!(closed_for(&hospital, &old).await?, new.as_str());
    until("the space has the new one alone", || async {
        let listed = children(&hospital, "hospital").await?;
        Ok((listed.len() == 2 && listed.contains(&new) && listed.contains(&ward)).then_some(()))
    })
    .await?;
    let p00 = hospital.client("p00").await?;
    until("the last word", || async {
        let said = p00.messages(&old, 20).await?;
        let is_it = |event: &Value| event["content"]["body"].as_str().is_some_and(|body| body.contains("is closed"));
        Ok(said.iter().any(is_it).then_some(()))
    })
    .await?;
    let audit = hospital.audit().await?;
    assert!(audit.iter().any(|entry| entry.intent.kind == "replace_room" && entry.intent.actor == chief.user_id()));

    // Up to version 11 the predecessor names an event, and where people are invited they are.
    hospital.run(&["rooms", "replace", "ward"]).await?.ended(0);
    let new = hospital.room("ward").await?;
    let before = creation(&hospital, &new).await?["predecessor"].clone();
    assert_eq!(before["room_id"], ward.as_str());
    let event = before["event_id"].as_str().unwrap_or_default();
    bot.event(&ward, event).await?;
    until("everybody is invited, which this server accepts for them", || async {
        Ok((hospital.members("ward").await?.len() == 5).then_some(()))
    })
    .await?;
    assert_eq!(closed_for(&hospital, &ward).await?, new.as_str());
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(hospital.take_writes().is_empty() && ran.out.contains("Nothing to do"), "{}", ran.out);
    assert_eq!(hospital.number("select count(*) from announcements where once like 'stray:%'").await?, 0);
    hospital.finish().await
}

#[tokio::test]
async fn an_upgraded_and_a_deleted_room_get_a_new_one_from_the_operator() -> anyhow::Result<()> {
    let config = json!({
        "icu": {"name": "UTI", "members": {"group": "UTI"}},
        "ward": {"name": "Enfermaria", "members": {"group": "UTI"}},
        "lab": {"name": "Laboratório", "members": {"group": "UTI"}},
    });
    let mut people = crowd("p", 2, &["UTI"]);
    people.push(person("dona", &["UTI"]));
    let mut hospital = Hospital::new(people, config).await?;
    rooms(&mut hospital);
    hospital.write_config()?;
    let (dona, bot) = (hospital.client("dona").await?, hospital.bot()?);
    hospital.run(&["users", "adopt", &hospital.username("dona"), dona.user_id()]).await?.ended(0);
    hospital.run(&["rooms", "replace", "icu"]).await?.ended(1).says(&["icu has no room yet"]);
    hospital.run(&["rooms", "replace", "nowhere"]).await?.ended(2).says(&["nowhere"]);
    let levels = json!({"users": {(bot.user_id()): 100, (dona.user_id()): 100}});
    let body = json!({"room_version": "10", "preset": "public_chat", "name": "Antiga", "power_level_content_override": levels});
    let old = dona.create_room(body).await?;
    let whom = ["--accept-creators", dona.user_id()];
    hospital.run(&[&["rooms", "adopt", &old, "icu"], &whom[..]].concat()).await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    // By now Dona's level is what the policy gives her: she has it back as somebody from outside would.
    bot.set_level(&old, dona.user_id(), 100).await?;
    let upgraded = dona.post_ok(&room_path(&old, "upgrade"), json!({"new_version": "10"})).await?;
    let theirs = upgraded["replacement_room"].as_str().unwrap_or_default().to_owned();
    assert_eq!(led_to(&hospital, &dona, "icu").await?, theirs.as_str(), "Synapse moves the alias");
    let ward = hospital.room("ward").await?;
    let administrator = Client::administrator(hospital.synapse()).await?;
    let path = format!("/_synapse/admin/v1/rooms/{}", encode(&ward));
    administrator.delete_ok(&path, json!({"purge": true})).await?;
    hospital.take();
    for (key, says) in [("icu", theirs.as_str()), ("ward", "cannot be read"), ("lab", "nothing is wrong")] {
        let shown = hospital.run(&["rooms", "replace", key, "--dry-run"]).await?.ended(0);
        assert!(shown.out.contains(says) && shown.out.contains("would"), "{}", shown.out);
    }
    assert!(hospital.take_writes().is_empty());
    for key in ["icu", "ward"] {
        let ran = hospital.run(&["rooms", "replace", key]).await?.ended(0);
        assert!(ran.out.contains(&format!("is the room {key} now")), "{}", ran.out);
    }
    hospital.sync(&[]).await?.ended(0);
    for (key, before) in [("icu", &old), ("ward", &ward)] {
        let new = hospital.room(key).await?;
        assert!(new != *before && new != theirs);
        assert_eq!(hospital.members(key).await?, ["dona", "p00", "p01"], "{key}");
        assert_eq!(led_to(&hospital, &dona, key).await?, new.as_str());
    }
    assert_eq!(closed_for(&hospital, &old).await?, hospital.room("icu").await?.as_str());
    hospital.finish().await
}

#[tokio::test]
async fn a_room_that_the_bot_left_is_not_taken_for_a_deleted_one() -> anyhow::Result<()> {
    let rooms = ["icu", "ward"].map(|key| (key.to_owned(), json!({"name": key, "members": {"any": true}})));
    let config = Value::Object(rooms.into_iter().collect());
    let hospital = Hospital::new(crowd("p", 2, &[]), config).await?;
    hospital.sync(&[]).await?.ended(0);
    let (icu, ward) = (hospital.room("icu").await?, hospital.room("ward").await?);
    let bot = hospital.bot()?;
    for room in [&icu, &ward] {
        bot.post_ok(&room_path(room, "leave"), json!({})).await?;
    }
    let administrator = Client::administrator(hospital.synapse()).await?;
    let path = format!("/_synapse/admin/v1/rooms/{}", encode(&ward));
    administrator.delete_ok(&path, json!({"purge": true})).await?;
    let left = hospital.run(&["rooms", "replace", "icu", "--dry-run"]).await?.ended(0);
    assert!(left.out.contains("the bot is not in it"), "{}", left.out);
    let deleted = hospital.run(&["rooms", "replace", "ward", "--dry-run"]).await?.ended(0);
    assert!(deleted.out.contains("cannot be read"), "{}", deleted.out);
    let planned = hospital.sync(&["--dry-run"]).await?.ended(0);
    assert!(planned.out.contains("list of rooms does not have it"), "{}", planned.out);
    assert_eq!(planned.out.matches("does not have it").count(), 1, "{}", planned.out);
    hospital.finish().await
}

/// Kills the process once so many changes went to Synapse.
async fn killed_after(hospital: &Hospital, replacing: Running, writes: usize) -> anyhow::Result<()> {
    let mut replacing = replacing;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) && !replacing.has_ended() {
        if hospital.proxy.recorded().iter().filter(|request| request.writes()).count() >= writes {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    replacing.kill9()?;
    replacing.end().await?;
    Ok(())
}

#[tokio::test]
async fn a_replacement_that_is_killed_between_its_steps_is_done_once() -> anyhow::Result<()> {
    let config = json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "icu": {"name": "UTI", "parent": "hospital", "members": {"any": true}},
    });
    let mut hospital = Hospital::new(crowd("p", 2, &[]), config).await?;
    hospital.config["rooms"]["icu"]["alias"] = json!(hospital.alias("icu"));
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    let mut made = 1;
    for writes in 1..=5 {
        let old = hospital.room("icu").await?;
        hospital.take();
        hospital.proxy.add_rule(Rule::new("", Fault::Delay(Duration::from_millis(60))));
        killed_after(&hospital, hospital.start(&["rooms", "replace", "icu"])?, writes).await?;
        hospital.proxy.clear_rules();
        hospital.forget_leases().await?;
        hospital.sql("update deeds set claimed_until = 0 where state = 'claimed'").await?;
        let serving = hospital.serve().await?;
        until("it is finished", || async {
            let open = hospital.number("select count(*) from deeds where finished_at is null").await?;
            Ok((open == 0).then_some(()))
        })
        .await?;
        let new = hospital.room("icu").await?;
        assert_ne!(new, old, "after {writes}");
        until("the new one is as it should be", || async {
            let is_so = hospital.members("icu").await?.len() == 2
                && children(&hospital, "hospital").await? == [new.as_str()]
                && closed_for(&hospital, &old).await? == new.as_str();
            Ok(is_so.then_some(()))
        })
        .await?;
        serving.term()?;
        serving.end().await?.ended(0);
        hospital.sync(&[]).await?.ended(0);
        made += 1;
        assert_eq!(hospital.rooms_by_key().await?["icu"].len(), made, "after {writes}");
        assert_eq!(led_to(&hospital, &hospital.client("p00").await?, "icu").await?, new.as_str());
    }
    hospital.finish().await
}

#[tokio::test]
async fn the_control_room_is_replaced_with_its_administrators_and_heeds_them_there() -> anyhow::Result<()> {
    let config = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let (hospital, serving) = opened(vec![chief("chefe"), chief("outra"), person("eva", &[])], config, |_| ()).await?;
    let (chief, eva) = (hospital.client("chefe").await?, hospital.client("eva").await?);
    let old = hospital.room("control").await?;
    encrypt(&hospital, "control").await?;
    let preview = hospital.ask(&chief, "!rooms replace control").await?;
    preview.says(&["is encrypted", "2 people"]);
    let said = hospital.say(&chief, "control", &format!("!confirm {}", preview.code()?)).await?;
    hospital.handled(&said).await?;
    let new = hospital.room("control").await?;
    assert_ne!(new, old);
    assert_eq!(hospital.members("control").await?, ["chefe", "outra"]);
    assert_eq!(led_to(&hospital, &chief, "control").await?, new.as_str());
    assert_eq!(closed_for(&hospital, &old).await?, new.as_str());
    hospital.ask(&chief, "!whoami").await?.says(&[chief.user_id()]);
    // What is said in the old one is nobody's business any more.
    let ignored = chief.send_text(&old, "!whoami").await?;
    hospital.ask(&chief, "!status").await?;
    assert!(hospital.inbox().await?.iter().all(|row| row.event_id != ignored));
    assert!(!eva.joined_rooms().await?.contains(&new));
    assert_eq!(hospital.number("select count(*) from announcements where once like 'stray:%'").await?, 0);
    close(hospital, serving).await
}

#[tokio::test]
async fn a_room_that_was_upgraded_by_hand_is_told_with_by_whom_and_what_to_type() -> anyhow::Result<()> {
    let config = json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "icu": {"name": "UTI", "parent": "hospital", "members": {"group": "UTI"}},
        "ward": {"name": "Enfermaria", "parent": "hospital", "members": {"group": "UTI"}},
    });
    let mut people = crowd("p", 2, &["UTI"]);
    people.extend([chief("chefe"), person("dona", &["UTI"])]);
    let mut hospital = Hospital::new(people, config).await?;
    hospital.config["rooms"]["icu"]["levels"] = json!({"admin": 100});
    hospital.write_config()?;
    let (dona, bot) = (hospital.client("dona").await?, hospital.bot()?);
    let levels = json!({"users": {(bot.user_id()): 100, (dona.user_id()): 100}});
    let body = json!({"room_version": "10", "preset": "public_chat", "name": "Antiga", "power_level_content_override": levels});
    let old = dona.create_room(body).await?;
    hospital.run(&["rooms", "adopt", &old, "icu", "--accept-creators", dona.user_id()]).await?.ended(0);
    let (hospital, serving) = begun(hospital).await?;
    let chief = hospital.client("chefe").await?;
    until("the space has both", || async { Ok((children(&hospital, "hospital").await?.len() == 2).then_some(())) })
        .await?;
    let upgraded = dona.post_ok(&room_path(&old, "upgrade"), json!({"new_version": "10"})).await?;
    let theirs = upgraded["replacement_room"].as_str().unwrap_or_default();
    let take_over = format!("rooms adopt {theirs} icu --instead --accept-creators {}", dona.user_id());
    hospital.told(&chief, &[dona.user_id(), theirs, "rooms replace icu", &take_over]).await?;
    hospital.ask(&chief, "!sync icu").await?.says(&["not all is in line", "rooms replace icu"]);
    // A room that is gone is told likewise, and both leave the space.
    let ward = hospital.room("ward").await?;
    let administrator = Client::administrator(hospital.synapse()).await?;
    let path = format!("/_synapse/admin/v1/rooms/{}", encode(&ward));
    administrator.delete_ok(&path, json!({"purge": true})).await?;
    hospital.ask(&chief, "!sync").await?.says(&["was deleted", "rooms replace ward"]);
    until("the space has neither", || async { Ok(children(&hospital, "hospital").await?.is_empty().then_some(())) })
        .await?;
    let listed = hospital.run(&["rooms", "list"]).await?.ended(0);
    assert!(listed.out.contains("deleted") && listed.out.contains(&ward), "{}", listed.out);
    let checked = hospital.run(&["doctor"]).await?;
    assert!(checked.out.contains("rooms replace icu") && checked.out.contains("rooms replace ward"), "{checked:?}");
    close(hospital, serving).await
}
