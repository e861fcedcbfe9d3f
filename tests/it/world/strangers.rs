//! Rooms of other people: whatever they claim, none of them becomes one of the hospital's rooms.

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::Client;
use equipemed_testbed::rooms::room_path;
use serde_json::{Value, json};

use super::{Hospital, count, crowd, person, until};

/// A room that somebody created with a key, like the bot's own, and brought the bot into: this server accepts
/// invitations by itself.
async fn lure(hospital: &Hospital, who: &Client, version: &str, key: &str) -> anyhow::Result<String> {
    let bot = hospital.bot()?;
    let mut users = json!({(bot.user_id()): 100});
    if version != "12" {
        users[who.user_id()] = json!(100);
    }
    let body = json!({
        "room_version": version, "preset": "private_chat", "name": "UTI", "invite": [bot.user_id()],
        "creation_content": {"br.equipemed.room": key, "m.federate": false},
        "power_level_content_override": {"users": users},
    });
    let room = who.create_room(body).await?;
    until("the bot is in it", || async { Ok(bot.joined_rooms().await?.contains(&room).then_some(())) }).await?;
    Ok(room)
}

/// As if the database were lost.
fn forget(hospital: &mut Hospital, name: &str) -> anyhow::Result<()> {
    let fresh = format!("sqlite://{}", hospital.path(name).display());
    hospital.config["database"] = json!({"url": fresh});
    hospital.database = Some(fresh);
    hospital.write_config()
}

async fn joined(hospital: &Hospital, room: &str) -> anyhow::Result<Vec<String>> {
    let state = hospital.bot()?.state(room).await?;
    let is_in = |event: &&Value| event["type"] == "m.room.member" && event["content"]["membership"] == "join";
    let mut users: Vec<String> =
        state.iter().filter(is_in).filter_map(|event| Some(event["state_key"].as_str()?.to_owned())).collect();
    users.sort();
    Ok(users)
}

#[tokio::test]
async fn a_strangers_room_with_a_key_in_it_is_not_taken() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let mut people = crowd("p", 3, &["UTI"]);
    people.extend([person("eva", &[]), person("lia", &["Leads"])]);
    let mut hospital = Hospital::new(people, rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    let (todos, control) = (hospital.room("todos").await?, hospital.room("control").await?);
    let eva = hospital.client("eva").await?;
    let mut lured = Vec::new();
    for (version, key) in [("12", "icu"), ("11", "icu"), ("10", "ward"), ("12", "todos"), ("12", "control")] {
        lured.push(lure(&hospital, &eva, version, key).await?);
    }
    // The bot's mark sent by somebody else; even a moderator cannot overwrite the bot's own.
    let marked = lure(&hospital, &eva, "12", "").await?;
    eva.send_state(&marked, "br.equipemed.room", "", json!({"br.equipemed.room": "icu"})).await?;
    let odd = lure(&hospital, &eva, "12", "").await?;
    eva.send_state(&odd, "br.equipemed.room", "", json!({"br.equipemed.room": {"br.equipemed.room": 1}})).await?;
    lured.extend([marked, odd]);
    assert_eq!(hospital.level("todos", "lia").await?, Some(50));
    let mark = room_path(&todos, "state/br.equipemed.room/");
    assert_eq!(hospital.client("lia").await?.put(&mark, json!({"br.equipemed.room": "icu"})).await?.0, 403);

    // The bot creates its own room for the key.
    for key in ["icu", "ward"] {
        hospital.config["rooms"][key] = json!({"name": "UTI", "members": {"group": "UTI"}});
    }
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    let own = [todos, control, hospital.room("icu").await?, hospital.room("ward").await?];
    assert!(lured.iter().all(|room| !own.contains(room)), "{own:?} {lured:?}");
    assert_eq!(hospital.members("icu").await?, ["p00", "p01", "p02"]);

    // The database is lost: the bot's own rooms are recognised.
    forget(&mut hospital, "lost.db")?;
    hospital.sync(&[]).await?.ended(0);
    for (key, room) in ["todos", "control", "icu", "ward"].into_iter().zip(&own) {
        assert_eq!(hospital.room(key).await?, *room, "{key}");
    }
    // Without a control room of its own, setup does not take hers.
    hospital.bot()?.post_ok(&room_path(&own[1], "leave"), json!({})).await?;
    forget(&mut hospital, "again.db")?;
    hospital.config["bot"]["control_room"]["alias"] = json!(hospital.alias("control2"));
    hospital.write_config()?;
    hospital.setup().await?.ended(0);
    let control = hospital.room("control").await?;
    assert!(control != own[1] && !lured.contains(&control), "{control}");
    let pair = {
        let mut pair = [eva.user_id().to_owned(), hospital.bot()?.user_id().to_owned()];
        pair.sort();
        pair
    };
    for room in &lured {
        assert_eq!(joined(&hospital, room).await?, pair, "nobody was put into {room}");
        assert_eq!(hospital.bot()?.state_event(room, "m.room.name", "").await?, Some(json!({"name": "UTI"})));
    }
    hospital.finish().await
}

/// A room with a key, created by the bot's account but unknown to the service.
async fn made_by_the_bot(hospital: &Hospital, key: &str, more: Value) -> anyhow::Result<String> {
    let mut body = json!({
        "room_version": "12", "preset": "private_chat", "name": "UTI",
        "creation_content": {"br.equipemed.room": key, "m.federate": false},
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    hospital.bot()?.create_room(body).await
}

#[tokio::test]
async fn of_two_rooms_with_one_key_people_choose() -> anyhow::Result<()> {
    let rooms = json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "todos": {"name": "Equipe", "parent": "hospital", "members": {"any": true}},
    });
    let mut hospital = Hospital::new(crowd("p", 3, &["UTI"]), rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    let (one, two) =
        (made_by_the_bot(&hospital, "icu", json!({})).await?, made_by_the_bot(&hospital, "icu", json!({})).await?);
    hospital.config["rooms"]["icu"] = json!({"name": "UTI", "parent": "hospital", "members": {"group": "UTI"}});
    hospital.write_config()?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!([&one, &two, "rooms adopt ID icu"].iter().all(|part| ran.out.contains(*part)), "{}", ran.out);
    let writes = hospital.take_writes();
    assert!(writes.is_empty(), "none is used, none is made: {writes:#?}");
    assert!(hospital.room("icu").await.is_err());

    let taken = hospital.run(&["rooms", "adopt", &two, "icu"]).await?.ended(0);
    assert!(taken.out.contains(&one) && taken.out.contains("managed no longer"), "{}", taken.out);
    hospital.sync(&[]).await?.ended(0);
    assert_eq!((hospital.room("icu").await?, hospital.members("icu").await?.len()), (two.clone(), 3));
    // The choice survives the loss of the database.
    let control = hospital.room("control").await?;
    forget(&mut hospital, "lost.db")?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.room("icu").await?, two);

    // Two control rooms, as after a rehearsal with the same account.
    let second = made_by_the_bot(&hospital, "control", json!({})).await?;
    forget(&mut hospital, "again.db")?;
    hospital.take();
    for refused in [hospital.setup().await?, hospital.set_up_with(&["--control-room", &one]).await?] {
        let refused = refused.ended(1);
        let says = [control.as_str(), &second, "--control-room"];
        assert!(says.iter().all(|part| refused.err.contains(part)), "{}", refused.err);
    }
    assert_eq!(count(&hospital.take_writes(), Endpoint::CreateRoom), 0);
    hospital.set_up_with(&["--control-room", &control]).await?.ended(0);
    assert_eq!(hospital.room("control").await?, control);
    hospital.set_up_with(&["--control-room", &second]).await?.ended(1);
    forget(&mut hospital, "once-more.db")?;
    hospital.setup().await?.ended(0);
    assert_eq!(hospital.room("control").await?, control);
    hospital.finish().await
}
