//! A power levels event that Synapse would refuse: power is still taken, and a default level is the way out.

use serde_json::{Value, json};

use super::{Hospital, chief, crowd, person};

/// Synapse's limit for an event.
const MOST: usize = 65_536;
/// Slightly more than what surrounds the content in these tests: Synapse accepts the event, but hardly one more entry.
const AROUND: usize = 1_000;

/// Fills the room's power levels event with unmanaged people up to this size of its content.
async fn fill(hospital: &Hospital, room: &str, bytes: usize) -> anyhow::Result<()> {
    let bot = hospital.bot()?;
    let room = hospital.room(room).await?;
    let mut content = bot.power_levels(&room).await?;
    let mut number = 0;
    while content.to_string().len() + 250 < bytes {
        let name = format!("@{}{number:04}:elsewhere.example", "z".repeat(200));
        content["users"][name] = json!(1);
        number += 1;
    }
    let rest = bytes.saturating_sub(content.to_string().len() + 14);
    content["org.example"] = json!("p".repeat(rest));
    bot.send_state(&room, "m.room.power_levels", "", content).await?;
    Ok(())
}

async fn levels(hospital: &Hospital, room: &str) -> anyhow::Result<Value> {
    hospital.bot()?.power_levels(&hospital.room(room).await?).await
}

/// A hospital whose room is full, with a leader in it.
async fn full() -> anyhow::Result<Hospital> {
    let mut people = crowd("p", 3, &["UTI"]);
    people.extend([chief("chefe"), person("lider", &["UTI", "Leads"])]);
    let hospital = Hospital::new(people, json!({"icu": {"name": "UTI", "members": {"group": "UTI"}}})).await?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.level("icu", "lider").await?, Some(50));
    fill(&hospital, "icu", MOST - AROUND).await?;
    Ok(hospital)
}

#[tokio::test]
async fn power_is_taken_in_a_full_room_whatever_else_waits() -> anyhow::Result<()> {
    let mut hospital = full().await?;
    // One leader goes and six come: one event for all would be too large.
    hospital.someone("lider").groups = vec!["UTI".to_owned()];
    for number in 0..6 {
        hospital.add(person(&format!("{}{number}", "n".repeat(120)), &["UTI", "Leads"]));
    }
    hospital.write_roster()?;
    let before = hospital.sync(&["--dry-run"]).await?.ended(0);
    for words in ["To look at", "the level event of room icu holds", "and 6 wait", "default_level"] {
        assert!(before.out.contains(words), "{words:?} is not in\n{}", before.out);
    }
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.level("icu", "lider").await?, None, "what takes power is written");
    let new = format!("{}0", "n".repeat(120));
    assert_eq!(hospital.level("icu", &new).await?, None, "what gives it waits");
    assert!(hospital.members("icu").await?.contains(&new), "and they are in");
    // Nothing more is due, and the finding is repeated.
    hospital.take_writes();
    hospital.sync(&[]).await?.ended(0);
    assert!(hospital.take_writes().is_empty());

    // Once there is space, they get their levels.
    let mut emptied = levels(&hospital, "icu").await?;
    emptied["users"] = json!({});
    emptied["org.example"] = json!("");
    hospital.bot()?.send_state(&hospital.room("icu").await?, "m.room.power_levels", "", emptied).await?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.level("icu", &new).await?, Some(50));
    hospital.finish().await
}

#[tokio::test]
async fn a_level_for_everybody_is_not_that_of_the_suspended_or_of_strangers() -> anyhow::Result<()> {
    let mut people = crowd("p", 3, &["UTI"]);
    people.extend([chief("chefe"), person("lider", &["UTI", "Leads"]), person("fora", &["UTI"])]);
    let mut hospital = Hospital::new(people, json!({"icu": {"name": "UTI", "members": {"group": "UTI"}}})).await?;
    hospital.config["roles"]["staff"] = json!({"when": {"group": "UTI"}, "level": 25});
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.level("icu", "p00").await?, Some(25));
    let proposed = hospital.run(&["config", "check"]).await?.ended(0);
    assert!(proposed.out.contains("rooms.icu: everybody there stands at 25"), "{}", proposed.out);

    let stranger = hospital.synapse().user_id(&hospital.username("visita"));
    let visitor = equipemed_testbed::Client::create(hospital.synapse(), &hospital.username("visita")).await?;
    let icu = hospital.room("icu").await?;
    hospital
        .bot()?
        .post_ok(&format!("/_matrix/client/v3/rooms/{}/invite", super::encode(&icu)), json!({"user_id": stranger}))
        .await?;
    visitor.join(&icu).await?;

    hospital.config["rooms"]["icu"]["default_level"] = json!(25);
    hospital.write_config()?;
    hospital.someone("fora").status = "suspended";
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    let now = levels(&hospital, "icu").await?;
    assert_eq!(now["users_default"], 25);
    assert_eq!(hospital.level("icu", "p00").await?, None, "as everybody");
    assert_eq!(hospital.level("icu", "lider").await?, Some(50));
    assert_eq!(hospital.level("icu", "fora").await?, Some(0), "suspended");
    assert_eq!(now["users"][&stranger], 0, "a stranger");
    hospital.take_writes();
    hospital.sync(&[]).await?.ended(0);
    assert!(hospital.take_writes().is_empty(), "that is a rest");

    hospital.someone("fora").status = "active";
    hospital.write_roster()?;
    hospital.config["rooms"]["icu"].as_object_mut().map(|room| room.remove("default_level"));
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    let now = levels(&hospital, "icu").await?;
    assert_eq!(now["users_default"], 0, "in the bot's own room it goes with the setting");
    assert_eq!(hospital.level("icu", "fora").await?, Some(25));
    hospital.finish().await
}
