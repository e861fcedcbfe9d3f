//! `rooms stats` and `rooms cleanup`: what exists, and deleting what nobody needs.

use equipemed_testbed::Client;
use equipemed_testbed::rooms::room_path;
use serde_json::{Value, json};

use super::talk::begun;
use super::{Hospital, chief, crowd, person};

async fn exists(hospital: &Hospital, room: &str) -> anyhow::Result<bool> {
    let administrator = Client::administrator(hospital.synapse()).await?;
    Ok(administrator.get(&format!("/_synapse/admin/v1/rooms/{}", super::encode(room))).await?.0 == 200)
}

#[tokio::test]
async fn a_cleanup_deletes_what_nobody_is_in_and_never_a_managed_room() -> anyhow::Result<()> {
    let rooms = json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "icu": {"name": "UTI", "parent": "hospital", "members": {"any": true}},
        "old": {"name": "Antiga", "members": {"any": true}},
    });
    // A cleanup affects the whole server.
    let (mut hospital, serving) = begun(Hospital::alone(crowd("p", 3, &[]), rooms).await?).await?;
    // An abandoned room, one in use, and empty managed ones.
    let (ana, rui) = (hospital.client("p00").await?, hospital.client("p01").await?);
    let left = ana.create_room(json!({"name": "esquecida"})).await?;
    ana.post_ok(&room_path(&left, "leave"), json!({})).await?;
    let lived_in = rui.create_room(json!({"name": "em uso"})).await?;
    serving.term()?;
    serving.end().await?.ended(0);
    let (icu, old) = (hospital.room("icu").await?, hospital.room("old").await?);
    for room in [&icu, &old] {
        for person in [&ana, &rui, &hospital.client("p02").await?, &hospital.bot()?] {
            person.post_ok(&room_path(room, "leave"), json!({})).await?;
        }
    }
    hospital.config["rooms"].as_object_mut().map(|rooms| rooms.remove("old"));
    hospital.config["mode"] = json!("observe");
    hospital.write_config()?;
    hospital.run(&["rooms", "cleanup"]).await?.ended(2).says(&["mode: observe", "--dry-run"]);
    let shown = hospital.run(&["rooms", "cleanup", "--dry-run"]).await?.ended(0);
    assert!(shown.out.contains(&left) && shown.out.contains("would be"), "{}", shown.out);
    for room in [&lived_in, &icu, &old] {
        assert!(!shown.out.contains(room.as_str()), "{}", shown.out);
    }
    assert!(exists(&hospital, &left).await?);

    hospital.config["mode"] = json!("enforce");
    hospital.write_config()?;
    let done = hospital.run(&["rooms", "cleanup", "--format", "json"]).await?.ended(0);
    let rows: Vec<Value> = serde_json::from_str(&done.out)?;
    let own = rows.iter().find(|row| row["room_id"] == left.as_str()).cloned().unwrap_or_default();
    assert_eq!((&own["deleted"], &own["error"]), (&json!(true), &Value::Null), "{}", done.out);
    assert!(!exists(&hospital, &left).await?);
    for room in [&lived_in, &icu, &old] {
        assert!(exists(&hospital, room).await?);
    }
    let audit = hospital.audit().await?;
    assert!(
        audit.iter().any(|entry| entry.intent.kind == "delete_room" && entry.intent.actor == "operator"),
        "{audit:#?}"
    );

    // While a service is running, which has the same lane.
    let again = ana.create_room(json!({"name": "outra"})).await?;
    ana.post_ok(&room_path(&again, "leave"), json!({})).await?;
    let serving = hospital.serve().await?;
    let done = hospital.run(&["rooms", "cleanup"]).await?.ended(0);
    assert!(done.out.contains(&again) && done.out.contains("0 failed"), "{}", done.out);
    assert!(!exists(&hospital, &again).await?);
    super::talk::close(hospital, serving).await
}

#[tokio::test]
async fn a_cleanup_strands_no_invitation_unless_that_is_said() -> anyhow::Result<()> {
    let (hospital, serving) =
        begun(Hospital::alone(vec![chief("chefe"), person("ana", &[])], json!({})).await?).await?;
    let (chief, ana) = (hospital.client("chefe").await?, hospital.client("ana").await?);
    // A room without a name: what is shown is who is invited to it.
    let waiting = ana.create_room(json!({"invite": [chief.user_id()]})).await?;
    ana.post_ok(&room_path(&waiting, "leave"), json!({})).await?;
    let left = ana.create_room(json!({"name": "esquecida"})).await?;
    ana.post_ok(&room_path(&left, "leave"), json!({})).await?;
    let shown = hospital.run(&["rooms", "cleanup", "--dry-run"]).await?.ended(0);
    for part in ["1 room", &waiting, &hospital.username("chefe"), "--with-invitations"] {
        assert!(shown.out.contains(part), "{part} is not in {}", shown.out);
    }
    let preview = hospital.ask(&chief, "!rooms cleanup").await?;
    preview.says(&["esquecida", "chefe", "--with-invitations"]);
    hospital.ask(&chief, &format!("!confirm {}", preview.code()?)).await?.says(&["Deleted: 1, failed: 0"]);
    assert!(exists(&hospital, &waiting).await? && !exists(&hospital, &left).await?);
    let done = hospital.run(&["rooms", "cleanup"]).await?.ended(0);
    assert!(done.out.contains("0 deleted, 0 failed") && exists(&hospital, &waiting).await?, "{}", done.out);
    let done = hospital.run(&["rooms", "cleanup", "--with-invitations"]).await?.ended(0);
    assert!(done.out.contains("1 deleted, 0 failed") && !exists(&hospital, &waiting).await?, "{}", done.out);
    super::talk::close(hospital, serving).await
}

#[tokio::test]
async fn rooms_accounts_and_people_are_counted() -> anyhow::Result<()> {
    let mut people = crowd("p", 3, &[]);
    people.iter_mut().take(1).for_each(|person| person.status = "suspended");
    let rooms = json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "icu": {"name": "UTI", "parent": "hospital", "members": {"any": true}},
    });
    let hospital = Hospital::alone(people, rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    let stats: Value =
        serde_json::from_str(&hospital.run(&["rooms", "stats", "--format", "json"]).await?.ended(0).out)?;
    assert_eq!(stats["members"], json!({"control": 1, "hospital": 3, "icu": 3}), "{stats}");
    assert_eq!((&stats["people"], &stats["active_people"]), (&json!(3), &json!(2)));
    assert_eq!((&stats["rooms"], &stats["managed_rooms"], &stats["spaces"]), (&json!(3), &json!(3), &json!(1)));
    // The bot, setup's administrator, and two people.
    assert_eq!((&stats["accounts"], &stats["usable_accounts"]), (&json!(4), &json!(4)));
    let text = hospital.run(&["rooms", "stats"]).await?.ended(0);
    assert!(text.out.contains("people in EquipeMed: 3, 2 of them active"), "{}", text.out);
    hospital.finish().await
}
