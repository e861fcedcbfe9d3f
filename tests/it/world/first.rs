//! A first sync, one without changes, and the small number of events for a change.

use equipemed_bot::homeserver::Endpoint;
use serde_json::{Value, json};

use super::{Hospital, chief, count, count_state, crowd, person};

fn rooms() -> Value {
    json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "todos": {"name": "Equipe", "topic": "Avisos", "parent": "hospital", "members": {"any": true}},
        "icu": {"name": "UTI", "parent": "hospital", "members": {"group": "UTI"}, "history": "joined"},
    })
}

#[tokio::test]
async fn the_first_sync_makes_everything_and_the_second_writes_nothing() -> anyhow::Result<()> {
    let mut people = crowd("uti", 4, &["UTI"]);
    people.extend([chief("marcia"), person("lia", &["Leads", "UTI"])]);
    let hospital = Hospital::new(people, rooms()).await?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("create_account: 6 done") && ran.out.contains("create_room: 3 done"), "{}", ran.out);
    let writes = hospital.take_writes();
    assert_eq!(count(&writes, Endpoint::CreateRoom), 3, "one for each room, the control room was there");
    assert_eq!(count(&writes, Endpoint::PutAccount), 2 * 6, "made, and once it is ours named and linked");
    assert_eq!(count(&writes, Endpoint::SendState), 2 + 1, "two children, and levels of the control room");

    assert_eq!(hospital.members("icu").await?, ["lia", "uti00", "uti01", "uti02", "uti03"]);
    assert_eq!(hospital.members("todos").await?.len(), 6);
    assert_eq!(hospital.members("hospital").await?.len(), 6);
    assert_eq!(hospital.members("control").await?, ["lia", "marcia"], "who may do more than redact");
    assert_eq!((hospital.level("icu", "lia").await?, hospital.level("todos", "marcia").await?), (Some(50), Some(100)));
    assert_eq!(hospital.level("icu", "uti00").await?, None);
    let space = hospital.bot()?.state(&hospital.room("hospital").await?).await?;
    assert_eq!(space.iter().filter(|event| event["type"] == "m.space.child").count(), 2);
    let ana = hospital.client("uti01").await?;
    assert!(ana.joined_rooms().await?.contains(&hospital.room("icu").await?));

    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("Nothing to do"), "{}", ran.out);
    let requests = hospital.take();
    let writes: Vec<_> = requests.iter().filter(|request| request.writes()).collect();
    assert!(writes.is_empty(), "{writes:#?}");
    let (pages, states) = (count(&requests, Endpoint::Accounts), count(&requests, Endpoint::RoomState));
    assert_eq!((pages, states), (1, 4), "one page of accounts, one state a room, the control room among them");
    let paths: Vec<_> = requests.iter().map(|request| &request.path).collect();
    assert_eq!(requests.len(), pages + states + 1, "and whose token it is: {paths:#?}");
    hospital.finish().await
}

#[tokio::test]
async fn many_promotions_in_a_room_are_one_event_and_so_is_taking_them_back() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let mut hospital = Hospital::new(crowd("p", 12, &[]), rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.take();
    for index in 0..9 {
        hospital.someone(&format!("p{index:02}")).groups = vec!["Leads".to_owned()];
    }
    hospital.write_roster()?;
    hospital.sync(&["--rooms"]).await?.ended(0);
    let writes = hospital.take_writes();
    let todos = hospital.room("todos").await?;
    let of_room: Vec<_> = writes.iter().filter(|request| request.decoded_path().contains(&todos)).cloned().collect();
    assert_eq!((of_room.len(), count_state(&of_room, "m.room.power_levels")), (1, 1), "{of_room:#?}");
    for index in 0..9 {
        assert_eq!(hospital.level("todos", &format!("p{index:02}")).await?, Some(50));
    }

    for index in 0..9 {
        hospital.someone(&format!("p{index:02}")).groups.clear();
    }
    hospital.write_roster()?;
    // Nine people leave the control room at once, but reverting today's joins is no mass change.
    hospital.sync(&[]).await?.ended(0);
    let writes = hospital.take_writes();
    let of_room: Vec<_> = writes.iter().filter(|request| request.decoded_path().contains(&todos)).cloned().collect();
    assert_eq!((of_room.len(), count_state(&of_room, "m.room.power_levels")), (1, 1), "{of_room:#?}");
    for index in 0..12 {
        assert_eq!(hospital.level("todos", &format!("p{index:02}")).await?, None);
    }
    hospital.finish().await
}

#[tokio::test]
async fn a_person_promoted_in_twelve_rooms_is_one_event_in_each() -> anyhow::Result<()> {
    let rooms: serde_json::Map<String, Value> = (0..12)
        .map(|index| (format!("r{index:02}"), json!({"name": format!("Sala {index}"), "members": {"any": true}})))
        .collect();
    let mut hospital = Hospital::new(vec![person("ana", &[]), chief("marcia")], Value::Object(rooms)).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.take();
    for (groups, level) in [(vec!["Leads".to_owned()], Some(50)), (vec![], None)] {
        hospital.someone("ana").groups = groups;
        hospital.write_roster()?;
        hospital.sync(&[]).await?.ended(0);
        let writes = hospital.take_writes();
        let control = hospital.room("control").await?;
        let elsewhere: Vec<_> =
            writes.into_iter().filter(|request| !request.decoded_path().contains(&control)).collect();
        assert_eq!((elsewhere.len(), count_state(&elsewhere, "m.room.power_levels")), (12, 12));
        for index in 0..12 {
            assert_eq!(hospital.level(&format!("r{index:02}"), "ana").await?, level);
        }
    }
    hospital.finish().await
}
