//! The brakes at the command line.

use equipemed_bot::homeserver::Endpoint;
use serde_json::{Value, json};

use super::{Hospital, Ran, chief, count, crowd, person};

fn name(people: &mut Hospital, who: &str, to: &str) {
    people.someone(who).first_name = to.to_owned();
}

async fn display_name(hospital: &Hospital, who: &str) -> anyhow::Result<Value> {
    let path = format!("/_matrix/client/v3/profile/{}/displayname", super::encode(&hospital.user(who)));
    Ok(hospital.bot()?.get_ok(&path).await?["displayname"].clone())
}

/// The only held id, in the very last line.
fn one_held(ran: &Ran) -> String {
    let held = ran.held();
    assert_eq!(held.len(), 1, "{}", ran.out);
    assert_eq!(ran.out.lines().last(), Some(format!("held: {}", held[0]).as_str()));
    held[0].clone()
}

#[tokio::test]
async fn what_takes_something_from_many_is_held_and_the_rest_is_done() -> anyhow::Result<()> {
    let rooms = json!({"ala": {"name": "Ala", "members": {"group": "Ala"}}});
    let mut people = crowd("p", 60, &["Ala"]);
    people.push(chief("marcia"));
    let mut hospital = Hospital::new(people, rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.members("ala").await?.len(), 60);

    // Half of a room's members.
    for index in 0..30 {
        hospital.someone(&format!("p{index:02}")).groups.clear();
    }
    name(&mut hospital, "p59", "Beatriz");
    hospital.write_roster()?;
    let old = one_held(&hospital.sync(&[]).await?.ended(3));
    assert_eq!(hospital.members("ala").await?.len(), 60);
    assert_eq!(display_name(&hospital, "p59").await?, "Beatriz Souza", "the rest is done");
    assert_eq!(one_held(&hospital.sync(&[]).await?.ended(3)), old, "the same part has the same id");

    // With one more removal, the consent does not cover the part.
    hospital.someone("p30").groups.clear();
    hospital.write_roster()?;
    let new = one_held(&hospital.sync(&["--approve", &old]).await?.ended(3));
    assert!(new != old && hospital.members("ala").await?.len() == 60);
    let ran = hospital.sync(&["--approve", &new]).await?.ended(0);
    assert!(ran.out.contains("remove_member: 31 done"), "{}", ran.out);
    assert_eq!(hospital.members("ala").await?.len(), 29);

    // 40 % of everybody.
    for index in 0..24 {
        hospital.someone(&format!("p{index:02}")).status = "suspended";
    }
    name(&mut hospital, "p58", "Carla");
    hospital.write_roster()?;
    hospital.take();
    let locking = one_held(&hospital.sync(&[]).await?.ended(3));
    assert_eq!(display_name(&hospital, "p58").await?, "Carla Souza");
    assert!(!hospital.is_locked("p00").await? && !hospital.is_locked("p23").await?);
    let ran = hospital.sync(&["--approve", &locking]).await?.ended(0);
    assert!(ran.out.contains("lock_account: 24 done") && hospital.is_locked("p23").await?, "{}", ran.out);

    // Unlocking is never held.
    for index in 0..24 {
        hospital.someone(&format!("p{index:02}")).status = "active";
    }
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    assert!(!hospital.is_locked("p23").await?);
    hospital.finish().await
}

#[tokio::test]
async fn a_roster_that_lost_most_people_destroys_nothing_however_often_it_is_read() -> anyhow::Result<()> {
    // Too few for the other limits.
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let mut hospital = Hospital::new(crowd("p", 10, &[]), rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    let before = hospital.people.clone();
    for index in 0..4 {
        hospital.people.remove(&format!("p{index:02}"));
    }
    hospital.write_roster()?;
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    for _ in 0..2 {
        let ran = hospital.sync(&[]).await?.ended(3);
        assert!(ran.out.contains("10 people") && ran.out.contains("6 now"), "{}", ran.out);
    }
    assert!(hospital.take_writes().is_empty());
    hospital.people = before;
    assert_eq!(hospital.members("todos").await?.len(), 10);
    assert!(!hospital.is_locked("p00").await?);
    // Everybody is back: nothing is held.
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);

    // The shrunken list is right: the operator approves, and it becomes the reference.
    for index in 0..4 {
        hospital.people.remove(&format!("p{index:02}"));
    }
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    let held = one_held(&hospital.sync(&[]).await?.ended(3));
    hospital.sync(&["--approve", &held]).await?.ended(0);
    assert!(hospital.is_locked("p00").await?);
    assert_eq!(hospital.members("todos").await?.len(), 6, "of those who are listed");
    hospital.sync(&[]).await?.ended(0);
    hospital.finish().await
}

#[tokio::test]
async fn an_empty_or_half_written_roster_changes_nothing() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let hospital = Hospital::new(crowd("p", 4, &[]), rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.take();
    let whole = hospital.roster();
    let fewer = whole.replace("\"count\":4", "\"count\":9");
    for text in ["", "people: []", "{}", &whole[..whole.len() / 2], &fewer] {
        std::fs::write(hospital.path("roster.yaml"), text)?;
        for arguments in [&["sync"][..], &["sync", "--deactivate-disabled"], &["sync", "--dry-run"]] {
            let ran = hospital.run(arguments).await?;
            assert!(matches!(ran.code, Some(1 | 2)), "{text:?}: {ran:?}");
            ran.says(&["error: ", "roster.yaml"]);
        }
    }
    std::fs::remove_file(hospital.path("roster.yaml"))?;
    hospital.sync(&[]).await?.ended(1).says(&["roster.yaml"]);
    assert!(hospital.take_writes().is_empty());
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    assert!(hospital.take_writes().is_empty(), "and nobody was counted as missing");
    hospital.finish().await
}

#[tokio::test]
async fn a_group_that_vanished_empties_no_room() -> anyhow::Result<()> {
    let rooms = json!({
        "icu": {"name": "UTI", "members": {"group": "UTI"}},
        "todos": {"name": "Equipe", "members": {"any": true}},
    });
    let mut hospital = Hospital::new(crowd("p", 3, &["UTI"]), rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    for index in 0..3 {
        hospital.someone(&format!("p{index:02}")).groups = vec!["U.T.I.".to_owned()];
    }
    hospital.write_roster()?;
    hospital.config["rooms"]["todos"]["name"] = json!("Todos");
    hospital.write_config()?;
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(3);
    assert!(ran.out.contains("icu") && ran.out.contains("matches nobody"), "{}", ran.out);
    let held = one_held(&ran);
    assert_eq!(hospital.members("icu").await?.len(), 3);
    let writes = hospital.take_writes();
    assert_eq!((writes.len(), count(&writes, Endpoint::SendState)), (1, 1), "the name: {writes:#?}");

    // Selecting parts of a plan does not bypass the brakes.
    assert_eq!(one_held(&hospital.sync(&["--rooms"]).await?.ended(3)), held);
    assert!(hospital.take_writes().is_empty());
    hospital.sync(&["--approve", &held]).await?.ended(0);
    assert!(hospital.members("icu").await?.is_empty());
    // A part cannot be approved twice.
    hospital.sync(&["--approve", &held]).await?.ended(1).says(&[&held, "was done"]);
    hospital.finish().await
}

#[tokio::test]
async fn eleven_new_administrators_are_held_and_the_rest_is_done() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let mut people = crowd("p", 11, &[]);
    people.push(chief("marcia"));
    let mut hospital = Hospital::new(people, rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    for index in 0..11 {
        hospital.someone(&format!("p{index:02}")).superuser = true;
    }
    hospital.config["rooms"]["todos"]["topic"] = json!("Avisos");
    hospital.write_config()?;
    hospital.write_roster()?;
    let ran = hospital.sync(&[]).await?.ended(3);
    assert!(ran.out.contains("11 people would gain administrator power"), "{}", ran.out);
    let held = one_held(&ran);
    for index in 0..11 {
        assert_eq!(hospital.level("todos", &format!("p{index:02}")).await?, None);
    }
    assert_eq!(hospital.members("control").await?, ["marcia"]);
    let topic = hospital.bot()?.state_event(&hospital.room("todos").await?, "m.room.topic", "").await?;
    assert_eq!(topic.unwrap_or_default()["topic"], "Avisos");
    hospital.sync(&["--approve", &held]).await?.ended(0);
    for index in 0..11 {
        assert_eq!(hospital.level("todos", &format!("p{index:02}")).await?, Some(100));
    }
    assert_eq!(hospital.members("control").await?.len(), 12);
    hospital.finish().await
}

#[tokio::test]
async fn an_id_that_is_unknown_or_too_old_says_so_and_does_nothing() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"group": "UTI"}}});
    let mut hospital = Hospital::new(vec![person("ana", &["UTI"]), person("rui", &["UTI"])], rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    hospital.sync(&["--approve", "1f0c22aa"]).await?.ended(1).says(&["1f0c22aa", "sync --dry-run"]);
    for name in ["ana", "rui"] {
        hospital.someone(name).groups.clear();
    }
    hospital.write_roster()?;
    let held = one_held(&hospital.sync(&[]).await?.ended(3));
    // A day later, when the group is back.
    {
        use sqlx::Connection as _;
        let url = format!("sqlite://{}", hospital.path("equipemed-bot.db").display());
        let mut database = sqlx::SqliteConnection::connect(&url).await?;
        sqlx::query("update held set expires_at = 1000").execute(&mut database).await?;
        database.close().await?;
    }
    for name in ["ana", "rui"] {
        hospital.someone(name).groups = vec!["UTI".to_owned()];
    }
    hospital.write_roster()?;
    hospital.take();
    hospital.sync(&["--approve", &held]).await?.ended(1).says(&[&held, "expired"]);
    assert!(hospital.take_writes().is_empty());
    hospital.sync(&[]).await?.ended(0);
    hospital.finish().await
}
