//! Room versions: the bot outranks everybody in rooms that it creates, but perhaps not in others.

use equipemed_bot::clock::Clock;
use equipemed_domain::key::RoomKey;
use ruma_common::RoomId;
use serde_json::{Value, json};

use super::{Hospital, chief, count_state, crowd, person};

#[tokio::test]
async fn in_every_version_somebody_at_100_can_be_demoted() -> anyhow::Result<()> {
    let rooms: serde_json::Map<String, Value> = ["10", "11", "12"]
        .map(|version| (format!("v{version}"), json!({"name": version, "version": version, "members": {"any": true}})))
        .into_iter()
        .collect();
    let people = vec![chief("marcia"), chief("rosa"), person("ana", &[])];
    let mut hospital = Hospital::new(people, Value::Object(rooms)).await?;
    hospital.sync(&[]).await?.ended(0);
    for key in ["v10", "v11", "v12"] {
        assert_eq!(hospital.level(key, "marcia").await?, Some(100), "{key}");
    }
    hospital.someone("marcia").superuser = false;
    hospital.write_roster()?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(!ran.out.contains("To look at"), "{}", ran.out);
    for key in ["v10", "v11", "v12"] {
        assert_eq!((hospital.level(key, "marcia").await?, hospital.level(key, "rosa").await?), (None, Some(100)));
    }
    assert_eq!(count_state(&hospital.take_writes(), "m.room.power_levels"), 4, "three rooms and the control room");
    hospital.finish().await
}

#[tokio::test]
async fn a_person_at_the_bots_level_in_an_old_room_is_a_finding_and_the_rest_is_done() -> anyhow::Result<()> {
    for version in ["10", "11"] {
        let rooms = json!({"old": {"name": "UTI", "version": version, "members": {"any": true}}});
        let mut people = crowd("p", 3, &[]);
        people.extend([person("dona", &[]), person("lia", &["Leads"])]);
        let hospital = Hospital::new(people, rooms).await?;
        let dona = hospital.client("dona").await?;
        let bot = hospital.bot()?;
        let room = dona
            .create_room(json!({
                "room_version": version, "preset": "private_chat", "name": "Antiga", "invite": [bot.user_id()],
                "power_level_content_override": {"users": {(dona.user_id()): 100, (bot.user_id()): 100}},
            }))
            .await?;
        bot.join(&room).await?;
        // The operator confirms that Dona's account is hers.
        hospital.run(&["users", "adopt", &hospital.username("dona"), dona.user_id()]).await?.ended(0);
        let store = hospital.store().await?;
        store.bind_room(&RoomKey::new("old"), &RoomId::parse(&room)?, Clock::system().now()).await?;
        store.close().await;

        hospital.take();
        let ran = hospital.sync(&[]).await?.ended(0);
        let finding = ran.out.lines().find(|line| line.contains(&hospital.username("dona"))).unwrap_or_default();
        assert!(finding.contains("100") && finding.contains("old"), "{}", ran.out);
        assert_eq!(hospital.members("old").await?, ["dona", "lia", "p00", "p01", "p02"]);
        assert_eq!((hospital.level("old", "lia").await?, hospital.level("old", "dona").await?), (Some(50), Some(100)));
        let name = bot.state_event(&room, "m.room.name", "").await?;
        assert_eq!(name, Some(json!({"name": "UTI"})));
        assert!(!hospital.take_writes().is_empty());

        // The finding is repeated, the change is not tried again.
        let ran = hospital.sync(&[]).await?.ended(0);
        assert!(ran.out.contains(finding), "{}", ran.out);
        assert!(hospital.take_writes().is_empty());
        hospital.finish().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_creator_of_a_version_12_room_is_a_finding_and_the_rest_is_done() -> anyhow::Result<()> {
    let rooms = json!({"old": {"name": "UTI", "members": {"any": true}}});
    let hospital = Hospital::new(vec![person("dona", &[]), person("lia", &["Leads"])], rooms).await?;
    let (dona, bot) = (hospital.client("dona").await?, hospital.bot()?);
    let room = dona
        .create_room(json!({
            "room_version": "12", "preset": "private_chat", "name": "Antiga", "invite": [bot.user_id()],
            "power_level_content_override": {"users": {(bot.user_id()): 150}},
        }))
        .await?;
    bot.join(&room).await?;
    hospital.run(&["users", "adopt", &hospital.username("dona"), dona.user_id()]).await?.ended(0);
    let store = hospital.store().await?;
    store.bind_room(&RoomKey::new("old"), &RoomId::parse(&room)?, Clock::system().now()).await?;
    store.close().await;
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.lines().any(|line| line.contains(&hospital.username("dona"))), "{}", ran.out);
    assert_eq!((hospital.members("old").await?.len(), hospital.level("old", "lia").await?), (2, Some(50)));
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    assert!(hospital.take_writes().is_empty());
    hospital.finish().await
}
