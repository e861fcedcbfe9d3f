//! Rooms over time: joining and leaving, renaming, and rooms that the policy no longer names.

use std::time::Duration;

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::proxy::{Fault, Rule};
use serde_json::{Value, json};

use super::{Hospital, count, crowd, person, until};

#[tokio::test]
async fn invited_people_are_joined_by_a_server_that_accepts_invites() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}, "join": "invite"}});
    let mut hospital = Hospital::new(crowd("p", 4, &[]), rooms).await?;
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    let writes = hospital.take_writes();
    assert_eq!((count(&writes, Endpoint::CreateRoom), count(&writes, Endpoint::AdminJoin)), (1, 0));
    until("four members", || async { Ok((hospital.members("todos").await?.len() == 4).then_some(())) }).await?;

    hospital.add(person("rui", &[]));
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    until("five members", || async { Ok((hospital.members("todos").await?.len() == 5).then_some(())) }).await?;
    assert_eq!(count(&hospital.take_writes(), Endpoint::Invite), 1);
    hospital.sync(&[]).await?.ended(0);
    assert!(hospital.take_writes().is_empty());
    hospital.finish().await
}

#[tokio::test]
async fn who_leaves_is_put_back_unless_the_room_lets_people_go() -> anyhow::Result<()> {
    let rooms = json!({
        "free": {"name": "Café", "members": {"any": true}, "leave": "allowed"},
        "duty": {"name": "Plantão", "members": {"any": true}},
    });
    let hospital = Hospital::new(vec![person("ana", &[]), person("rui", &[])], rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    let ana = hospital.client("ana").await?;
    for key in ["free", "duty"] {
        let path = equipemed_testbed::rooms::room_path(&hospital.room(key).await?, "leave");
        ana.post_ok(&path, json!({})).await?;
    }
    hospital.sync(&[]).await?.ended(0);
    assert_eq!((hospital.members("free").await?, hospital.members("duty").await?.len()), (vec!["rui".to_owned()], 2));
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    assert!(hospital.take_writes().is_empty());
    hospital.finish().await
}

#[tokio::test]
async fn names_and_topics_follow_the_policy_and_a_room_that_left_it_is_left_alone() -> anyhow::Result<()> {
    let rooms = json!({
        "todos": {"name": "Equipe", "topic": "Avisos", "members": {"any": true}},
        "ward": {"name": "Enfermaria", "members": {"any": true}, "retention": "365d"},
    });
    let mut hospital = Hospital::new(crowd("p", 3, &[]), rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    let (todos, ward, bot) = (hospital.room("todos").await?, hospital.room("ward").await?, hospital.bot()?);
    hospital.config["rooms"]["todos"]["name"] = json!("Equipe - Todos");
    hospital.config["rooms"]["todos"]["topic"] = json!("Avisos gerais");
    hospital.config["rooms"]["todos"]["alias"] = json!(hospital.alias("todos"));
    hospital.config["rooms"]["ward"]["retention"] = json!("30d");
    hospital.write_config()?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(3);
    assert!(ran.out.contains("ward") && ran.held().len() == 1, "a shorter retention is held: {}", ran.out);
    assert_eq!(bot.state_event(&todos, "m.room.name", "").await?, Some(json!({"name": "Equipe - Todos"})));
    let topic = bot.state_event(&todos, "m.room.topic", "").await?.unwrap_or_default();
    assert_eq!(topic["topic"], "Avisos gerais");
    let alias = bot.state_event(&todos, "m.room.canonical_alias", "").await?.unwrap_or_default();
    assert_eq!(alias["alias"], format!("#{}:hospital.example", hospital.alias("todos")));
    let retention = bot.state_event(&ward, "m.room.retention", "").await?.unwrap_or_default();
    assert_eq!(retention["max_lifetime"], 365_u64 * 86_400_000);
    hospital.sync(&["--approve", &ran.held()[0]]).await?.ended(0);
    let retention = bot.state_event(&ward, "m.room.retention", "").await?.unwrap_or_default();
    assert_eq!(retention["max_lifetime"], 30_u64 * 86_400_000);

    hospital.config["rooms"].as_object_mut().expect("rooms").remove("ward");
    hospital.write_config()?;
    hospital.someone("p00").status = "departed";
    hospital.write_roster()?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.lines().any(|line| line.contains("ward") && line.contains(&ward)), "{}", ran.out);
    assert!(!hospital.take_writes().iter().any(|request| request.decoded_path().contains(&ward)));
    assert_eq!(hospital.rooms_by_key().await?.len(), 3);
    hospital.finish().await
}

#[tokio::test]
async fn a_picture_that_is_a_file_is_uploaded_once_for_all_rooms_and_again_when_it_changed() -> anyhow::Result<()> {
    let room = |name: &str| json!({"name": name, "members": {"any": true}, "avatar": "uti.png"});
    let mut rooms = json!({"a": room("A"), "b": room("B")});
    rooms["space"] = json!({"kind": "space", "name": "Casa", "members": {"any": true}});
    let hospital = Hospital::unprepared(crowd("p", 1, &[]), rooms).await?;
    std::fs::write(hospital.path("uti.png"), b"first")?;
    hospital.setup().await?.ended(0);
    let planned = hospital.sync(&["--dry-run"]).await?.ended(0);
    assert!(!planned.out.contains("file:"), "{}", planned.out);
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(count(&hospital.take_writes(), Endpoint::UploadMedia), 1);
    let bot = hospital.bot()?;
    let url = async |key: &str| -> anyhow::Result<String> {
        let room = hospital.room(key).await?;
        let content = bot.state_event(&room, "m.room.avatar", "").await?.unwrap_or_default();
        Ok(content["url"].as_str().unwrap_or_default().to_owned())
    };
    let first = url("a").await?;
    assert!(first.starts_with("mxc://") && url("b").await? == first, "{first}");
    hospital.sync(&[]).await?.ended(0);
    assert!(hospital.take_writes().is_empty());

    // A space that is there already, and another picture in the old one's place.
    std::fs::write(hospital.path("uti.png"), b"second")?;
    let mut config = hospital.config.clone();
    config["rooms"]["space"]["avatar"] = json!("uti.png");
    std::fs::write(hospital.path("config.yaml"), config.to_string())?;
    let planned = hospital.sync(&["--dry-run"]).await?.ended(0);
    assert!(planned.out.contains("uti.png") && !planned.out.contains("file:"), "{}", planned.out);
    hospital.sync(&[]).await?.ended(0);
    let writes = hospital.take_writes();
    assert_eq!((count(&writes, Endpoint::UploadMedia), count(&writes, Endpoint::SendState)), (1, 3));
    let second = url("a").await?;
    assert!(second != first && url("space").await? == second, "{second}");
    hospital.finish().await
}

#[tokio::test]
async fn the_first_room_is_made_alone_and_the_others_together() -> anyhow::Result<()> {
    let rooms = ["a", "b", "c", "d"].map(|key| (key.to_owned(), json!({"name": key, "members": {"any": true}})));
    let rooms = Value::Object(rooms.into_iter().collect());
    let hospital = Hospital::new(crowd("p", 1, &[]), rooms).await?;
    hospital.proxy.add_rule(Rule::new("createRoom", Fault::Delay(Duration::from_secs(2))));
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    let mut made = hospital.take();
    made.retain(|request| Endpoint::of(&request.method, &request.path) == Some(Endpoint::CreateRoom));
    made.sort_by_key(|request| request.started);
    let ended: Vec<_> = made.iter().map(|request| request.started + request.took).collect();
    assert_eq!(made.len(), 4);
    assert!(made[1].started >= ended[0], "what the first one shows is known before the second");
    assert!(made[2].started < ended[1] && made[3].started < ended[1], "the others do not wait for one another");
    hospital.finish().await
}
