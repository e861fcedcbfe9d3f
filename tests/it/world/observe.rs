//! Mode observe: the bot reads, reports and answers, and changes nothing.

use serde_json::json;

use super::{Hospital, chief, crowd};

#[tokio::test]
async fn in_mode_observe_a_plan_is_shown_and_nothing_is_changed() -> anyhow::Result<()> {
    let rooms = json!({
        "icu": {"name": "UTI", "members": {"group": "UTI"}},
        "todos": {"name": "Equipe", "members": {"any": true}},
    });
    let mut people = crowd("p", 6, &["UTI"]);
    people.push(chief("chefe"));
    let mut hospital = Hospital::new(people, rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    let chief = hospital.client("chefe").await?;
    hospital.config["mode"] = json!("observe");
    hospital.config["bot"]["language"] = json!("en");
    hospital.config["rooms"]["icu"]["name"] = json!("UTI adulto");
    // Suddenly the rule matches nobody: held and reported in this mode as well.
    for number in 0..6 {
        hospital.someone(&format!("p{number:02}")).groups.clear();
    }
    hospital.write_config()?;
    hospital.write_roster()?;
    hospital.take();
    let serving = hospital.start(&["serve"])?;
    serving.told("A full pass ended").await?;

    hospital.ask(&chief, "!sync").await?.says(&["observe mode", "changing a room’s name", "UTI adulto", "Held"]);
    let name = hospital.username("p00");
    let refused = [format!("!promote {name} in todos"), format!("!kick {name} in todos"), format!("!lock {name}")];
    for command in refused {
        hospital.ask(&chief, &command).await?.says(&["observe mode", "change nothing"]);
    }
    let message = hospital.say(&hospital.client("p00").await?, "todos", "errada").await?;
    let todos = hospital.room("todos").await?;
    let said = chief.reply(&todos, &message, "!redact").await?;
    hospital.answer(&chief, "todos", &said).await?.says(&["observe mode"]);
    // A hint could not be taken away again.
    let unread = chief.reply(&todos, &message, "!apgar").await?;
    hospital.handled(&unread).await?;
    assert!(hospital.answers(&chief, "todos", &unread).await?.is_empty());
    hospital.told(&chief, &["suddenly covers nobody"]).await?;

    assert!(hospital.stands(&chief, "todos", &message).await?);
    assert_eq!(hospital.number("select count(*) from grants").await?, 0);
    assert_eq!(hospital.number("select count(*) from deeds").await?, 0);
    assert_eq!(hospital.level("todos", "p00").await?, None);
    assert_eq!(hospital.members("icu").await?.len(), 6);
    // It wrote only messages, reactions and read receipts.
    let writes = hospital.take_writes();
    let harmless = ["/send/m.room.message/", "/send/m.reaction/", "/receipt/m.read/", "/ping"];
    let spoken = |path: &str| harmless.iter().any(|part| path.contains(part));
    let other: Vec<_> = writes.iter().filter(|request| !spoken(&request.decoded_path())).collect();
    assert!(other.is_empty(), "{other:#?}");
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}
