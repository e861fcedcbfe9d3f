//! Everybody without the right at that moment, place and rank is refused clearly, recorded, and without effect.

use equipemed_testbed::rooms::room_path;
use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, Person, chief, crowd, person, until};

fn rooms(hospital_of: &str) -> Value {
    json!({
        "icu": {"name": "UTI", "members": {"any": true}, "administrators": {"group": hospital_of}},
        "ward": {"name": "Enfermaria", "members": {"any": true}},
    })
}

fn people() -> Vec<Person> {
    let mut people = crowd("p", 3, &[]);
    people.extend([
        chief("chefe"),
        chief("outra"),
        person("rui", &["Masters"]),
        person("lider", &["Leads"]),
        person("sala", &["Chairs"]),
        person("mesa", &["Chairs"]),
    ]);
    people
}

fn with_chairs(hospital: &mut Hospital) {
    let chair = json!({"when": {"group": "Chairs"}, "level": 60, "rights": ["promote", "kick", "redact"]});
    hospital.config["roles"]["chair"] = chair;
}

async fn nothing_was_done(hospital: &Hospital) -> anyhow::Result<()> {
    assert_eq!(hospital.number("select count(*) from grants").await?, 0);
    assert_eq!(hospital.number("select count(*) from deeds").await?, 0);
    Ok(())
}

#[tokio::test]
async fn whoever_lost_the_right_while_the_service_was_down_is_refused() -> anyhow::Result<()> {
    let mut all = people();
    all.extend([chief("antes"), chief("suspensa"), chief("saiu"), chief("sumiu")]);
    let (mut hospital, serving) = opened(all, rooms("Masters"), |_| ()).await?;
    let chief = hospital.client("chefe").await?;
    let lapsed = ["antes", "suspensa", "saiu", "sumiu"];
    let mut clients = Vec::new();
    for name in lapsed {
        clients.push(hospital.client(name).await?);
    }
    serving.term()?;
    serving.end().await?.ended(0);
    let command = format!("!lock {}", hospital.username("p00"));
    let mut said = Vec::new();
    for client in &clients {
        said.push(hospital.say(client, "control", &command).await?);
    }
    hospital.someone("antes").superuser = false;
    hospital.someone("suspensa").status = "suspended";
    hospital.someone("saiu").status = "departed";
    hospital.people.remove("sumiu");
    hospital.write_roster()?;
    let serving = hospital.serve().await?;
    let texts = ["need the right", "not active", "not active", "EquipeMed does not know"];
    for (event, text) in said.iter().zip(texts) {
        let answer = hospital.answer(&chief, "control", event).await?;
        answer.says(&[text]);
        assert_eq!(hospital.marks(&chief, "control", event).await?, ["❌"]);
    }
    assert!(!hospital.is_locked("p00").await?);
    nothing_was_done(&hospital).await?;
    let outcomes = hospital.outcomes("lock").await?;
    assert!(outcomes.len() == 4 && outcomes.iter().all(|outcome| outcome.contains("Refused")), "{outcomes:#?}");
    close(hospital, serving).await
}

#[tokio::test]
async fn a_stranger_in_the_control_room_is_nobody_whatever_the_name_says() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms("Masters"), |_| ()).await?;
    let chief = hospital.client("chefe").await?;
    let control = hospital.room("control").await?;
    let stranger = hospital.client("chefe2").await?;
    let path =
        format!("/_matrix/client/v3/profile/{}/displayname", equipemed_testbed::client::encode(stranger.user_id()));
    stranger.put_ok(&path, json!({"displayname": "chefe Souza"})).await?;
    hospital.bot()?.post_ok(&room_path(&control, "invite"), json!({"user_id": stranger.user_id()})).await?;
    // This server accepts invitations for people sooner or later.
    until("the stranger is in", || async { Ok(stranger.join(&control).await.ok().map(drop)) }).await?;
    let (name, own, mut told) = (hospital.username("p00"), hospital.username("chefe2"), 0);
    for command in [
        format!("!lock {name}"),
        format!("!promote {own} admin"),
        "!status".to_owned(),
        "!users".to_owned(),
        "!whoami".to_owned(),
        "!help".to_owned(),
    ] {
        let said = hospital.say(&stranger, "control", &command).await?;
        hospital.handled(&said).await?;
        let answers = hospital.answers(&stranger, "control", &said).await?;
        for answer in &answers {
            answer.says(&["EquipeMed does not know this account"]);
            assert!(!answer.text.contains("enforce") && !answer.text.contains(&name), "{}", answer.text);
        }
        told += answers.len();
    }
    // Once a minute, and there are more commands than minutes.
    assert!((1..6).contains(&told), "{told}");
    assert!(!hospital.is_locked("p00").await?);
    nothing_was_done(&hospital).await?;
    for word in ["lock", "promote", "users"] {
        let outcomes = hospital.outcomes(word).await?;
        assert!(outcomes.len() == 1 && outcomes[0].contains("Refused"), "{word}: {outcomes:?}");
    }
    // A person known to EquipeMed without any right, as if in the room for a moment.
    let event = chief.send_text(&control, "bom dia").await?;
    let forged = json!({
        "type": "m.room.message", "room_id": control, "event_id": event, "sender": hospital.user("p01"),
        "origin_server_ts": chief.event(&control, &event).await?["origin_server_ts"],
        "content": {"msgtype": "m.text", "body": format!("!lock {name}")},
    });
    assert_eq!(hospital.push("forged", &[forged]).await?, 200);
    hospital.answer(&chief, "control", &event).await?.says(&["need the right", "lock accounts"]);
    nothing_was_done(&hospital).await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn rights_end_at_the_room_and_at_ones_own_level() -> anyhow::Result<()> {
    let (hospital, serving) = opened(people(), rooms("Masters"), with_chairs).await?;
    let (rui, leader) = (hospital.client("rui").await?, hospital.client("lider").await?);
    let (chair, chief) = (hospital.client("sala").await?, hospital.client("chefe").await?);
    let name = |name: &str| hospital.username(name);
    let (p00, p01) = (name("p00"), name("p01"));
    let refused = [
        // All rights in one room, none in another and none everywhere.
        (&rui, format!("!promote {p00} moderator in ward"), "in the room Enfermaria"),
        (&rui, format!("!kick {p00} in ward"), "in the room Enfermaria"),
        (&rui, format!("!ban {p00} in ward"), "in the room Enfermaria"),
        (&rui, format!("!ban {p00}"), "need the right"),
        (&rui, format!("!mute {p00} in ward"), "in the room Enfermaria"),
        (&rui, format!("!redact {p00} last 2 in ward"), "in the room Enfermaria"),
        (&rui, "!sync ward".to_owned(), "in the room Enfermaria"),
        (&rui, format!("!promote {p00} admin"), "need the right"),
        (&rui, format!("!demote {p00}"), "need the right"),
        (&rui, format!("!lock {p00}"), "need the right"),
        (&rui, "!sync".to_owned(), "need the right"),
        (&rui, "!rooms cleanup".to_owned(), "need the right"),
        (&rui, "!approve 1f0c22aa".to_owned(), "need the right"),
        (&leader, format!("!promote {p00} moderator in icu"), "need the right"),
        (&leader, "!audit".to_owned(), "need the right"),
        // More than one's own level or rights.
        (&chair, format!("!promote {p00} admin in icu"), "is 60"),
        (&chair, format!("!promote {p00} 61 in ward"), "is 60"),
        // Oneself, an equal, and a superior.
        (&chair, format!("!promote {} 60 in ward", name("sala")), "to yourself"),
        (&chair, format!("!demote {} in ward", name("sala")), "to yourself"),
        (&chair, format!("!demote {} in ward", name("mesa")), "your level or a higher one"),
        (&chair, format!("!kick {} in ward", name("mesa")), "your level or a higher one"),
        (&chair, format!("!kick {p01} {} in ward", name("chefe")), "your level or a higher one"),
        (&chair, format!("!mute {} in ward", name("chefe")), "your level or a higher one"),
        (&chair, format!("!ban {p01} in ward"), "need the right"),
        (&chief, format!("!ban {} in ward", name("chefe")), "to yourself"),
        (&chief, format!("!ban {} in ward", name("outra")), "your level or a higher one"),
        (&chief, format!("!ban {p01} {}", name("outra")), "your level or a higher one"),
        (&chief, format!("!lock {}", name("chefe")), "to yourself"),
        (&chief, format!("!lock {}", name("outra")), "your level or a higher one"),
        (&chief, format!("!lock {p01} {}", name("outra")), "your level or a higher one"),
        (&chief, format!("!demote {} in icu", name("rui")), "your level or a higher one"),
    ];
    let count = refused.len();
    for (who, command, text) in refused {
        let said = hospital.say(who, "control", &command).await?;
        let answer = hospital.answer(who, "control", &said).await?;
        assert!(answer.text.contains(text), "{command}: {}", answer.text);
        assert_eq!(hospital.marks(who, "control", &said).await?, ["❌"], "{command}");
    }
    nothing_was_done(&hospital).await?;
    assert_eq!(hospital.number("select count(*) from runs where origin = 'chat'").await?, 0);
    let commands = hospital.audit().await?.into_iter().filter(|entry| entry.intent.kind == "command");
    let outcomes: Vec<String> = commands.map(|entry| format!("{:?}", entry.settled)).collect();
    assert!(outcomes.len() == count && outcomes.iter().all(|outcome| outcome.contains("Refused")), "{outcomes:#?}");
    for name in ["p00", "p01", "outra", "chefe"] {
        assert!(!hospital.is_locked(name).await?, "{name}");
    }
    // Permitted commands work.
    hospital.ask(&rui, &format!("!promote {p00} moderator in icu")).await?.says(&["level 50"]);
    hospital.ask(&chair, &format!("!promote {p01} 60 in ward")).await?.says(&["level 60"]);
    let user = hospital.user("p02");
    let said = hospital.say_with_pill(&rui, ("!promote ", "p02 Souza", " 30 in icu"), &user).await?;
    hospital.answer(&rui, "control", &said).await?.says(&["level 30"]);
    assert_eq!(hospital.level("icu", "p02").await?, Some(30));
    assert_eq!(hospital.level("icu", "p00").await?, Some(50));
    assert_eq!(hospital.level("ward", "p00").await?, None);
    close(hospital, serving).await
}

#[tokio::test]
async fn the_bot_and_protected_accounts_are_out_of_reach() -> anyhow::Result<()> {
    // One account known to EquipeMed, one unknown.
    let protect = |hospital: &mut Hospital| {
        hospital.config["users"]["protected"] = json!([hospital.user("p02")]);
        hospital.config["users"]["break_glass"] = json!(hospital.user("vidro"));
    };
    let (hospital, serving) = opened(people(), rooms("Masters"), protect).await?;
    let chief = hospital.client("chefe").await?;
    hospital.client("vidro").await?;
    let bot = hospital.bot()?.user_id().to_owned();
    for who in [hospital.user("p02"), hospital.username("p02"), hospital.user("vidro"), hospital.username("vidro"), bot]
    {
        for command in [
            format!("!lock {who}"),
            format!("!kick {who} in icu"),
            format!("!ban {who} in icu"),
            format!("!promote {who} admin in icu"),
        ] {
            let answer = hospital.ask(&chief, &command).await?;
            assert!(answer.text.contains("is a protected account"), "{command}: {}", answer.text);
        }
    }
    nothing_was_done(&hospital).await?;
    assert!(!hospital.is_locked("vidro").await?);
    let outcomes = hospital.outcomes("lock").await?;
    assert!(outcomes.len() == 5 && outcomes.iter().all(|outcome| outcome.contains("Refused")), "{outcomes:#?}");
    close(hospital, serving).await
}

#[tokio::test]
async fn the_break_glass_account_may_approve_while_equipemed_cannot_be_read_and_nothing_else() -> anyhow::Result<()> {
    let mut all = crowd("p", 6, &["UTI"]);
    all.push(chief("chefe"));
    let rooms = json!({"icu": {"name": "UTI", "members": {"group": "UTI"}}});
    let protect = |hospital: &mut Hospital| hospital.config["users"]["break_glass"] = json!(hospital.user("vidro"));
    let (mut hospital, serving) = opened(all, rooms, protect).await?;
    let (chief, glass) = (hospital.client("chefe").await?, hospital.client("vidro").await?);
    let control = hospital.room("control").await?;
    hospital.bot()?.post_ok(&room_path(&control, "invite"), json!({"user_id": glass.user_id()})).await?;
    until("it is in", || async { Ok(glass.join(&control).await.ok().map(drop)) }).await?;
    for number in 0..6 {
        hospital.someone(&format!("p{number:02}")).groups.clear();
    }
    hospital.write_roster()?;
    let told = hospital.told(&glass, &["suddenly covers nobody", "!approve"]).await?;
    let id: String = told[0].rsplit("!approve ").next().unwrap_or_default().trim_end_matches('`').trim().to_owned();

    std::fs::write(hospital.path("roster.yaml"), "people: [")?;
    hospital.ask(&chief, &format!("!approve {id}")).await?.says(&["cannot read EquipeMed"]);
    let name = hospital.username("p00");
    for command in [format!("!lock {name}"), format!("!kick {name} in icu"), "!sync".to_owned(), "!audit".to_owned()] {
        hospital.ask(&glass, &command).await?.says(&["need the right"]);
    }
    assert_eq!(hospital.members("icu").await?.len(), 6);
    hospital.ask(&glass, &format!("!approve {id}")).await?.says(&["Released", &id]);
    let by = hospital.number("select count(*) from held where approved_by like '@vidro%'").await?;
    assert_eq!(by, 1);
    // Applied as soon as a read shows that nothing has changed.
    hospital.write_roster()?;
    until("icu is empty", || async { Ok(hospital.members("icu").await?.is_empty().then_some(())) }).await?;
    close(hospital, serving).await
}
