//! Messages that the bot does not answer.

use equipemed_testbed::Client;
use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, chief, crowd};

async fn says(who: &Client, room: &str, content: Value) -> anyhow::Result<String> {
    who.send(room, "m.room.message", content).await
}

/// The bot's messages in a room that relate to an event.
async fn about(hospital: &Hospital, reader: &Client, room: &str, event: &str) -> anyhow::Result<Vec<Value>> {
    let bot = hospital.bot()?;
    let messages = reader.messages(room, 100).await?;
    let own = messages.into_iter().filter(|message| message["sender"] == bot.user_id());
    Ok(own.filter(|message| message["content"].to_string().contains(event)).collect())
}

#[tokio::test]
async fn notices_edits_quotations_code_and_the_bots_own_words_are_no_commands() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let mut people = crowd("p", 3, &[]);
    people.push(chief("chefe"));
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let chief = hospital.client("chefe").await?;
    let (control, icu) = (hospital.room("control").await?, hospital.room("icu").await?);
    let name = hospital.username("p00");
    let lock = format!("!lock {name}");
    let html = |body: &str, html: &str| json!({"msgtype": "m.text", "body": body, "format": "org.matrix.custom.html", "formatted_body": html});
    let text = |body: &str| json!({"msgtype": "m.text", "body": body});

    let first = says(&chief, &control, text("bom dia")).await?;
    let edit = json!({
        "msgtype": "m.text", "body": format!("* {lock}"), "m.new_content": {"msgtype": "m.text", "body": lock},
        "m.relates_to": {"rel_type": "m.replace", "event_id": first},
    });
    // Some clients omit the asterisk.
    let bare_edit = json!({
        "msgtype": "m.text", "body": lock, "m.new_content": {"msgtype": "m.text", "body": lock},
        "m.relates_to": {"rel_type": "m.replace", "event_id": first},
    });
    let quiet = [
        json!({"msgtype": "m.notice", "body": lock}),
        json!({"msgtype": "m.emote", "body": lock}),
        edit,
        bare_edit,
        text(&format!("> {lock}")),
        text(&format!("> <{}> {lock}\n\nboa ideia", chief.user_id())),
        html(&format!("```\n{lock}\n```"), &format!("<pre><code>{lock}\n</code></pre>")),
        html(&lock, &format!("<code>{lock}</code>")),
        html(&lock, &format!("<pre><code>{lock}</code></pre>")),
        html(&format!("> {lock}"), &format!("<blockquote><p>{lock}</p></blockquote>")),
        text(&format!("diga {lock}")),
        text("!"),
        text("!!!"),
        text("! lock"),
        json!({"msgtype": "m.file", "body": lock, "url": "mxc://hospital.example/abc", "info": {"mimetype": "application/pdf"}}),
    ];
    let mut events = vec![first];
    for content in quiet {
        events.push(says(&chief, &control, content).await?);
    }
    // Sent with the bot's own token: its owner cannot make the bot talk to itself.
    let bot = hospital.bot()?;
    events.push(says(&bot, &control, text(&lock)).await?);
    events.push(says(&bot, &control, text("!status")).await?);
    // In a ward's room, unknown and misplaced commands get no answer.
    let mut ward = Vec::new();
    for body in ["!foo", "!status", "!lock ana", "!stauts", "!D", "EquipeMed status"] {
        ward.push(says(&chief, &icu, text(body)).await?);
    }
    // A later command is answered, so all earlier ones were handled.
    hospital.ask(&chief, "!whoami").await?;
    let last = says(&chief, &icu, text("!whoami")).await?;
    hospital.answer(&chief, "icu", &last).await?;
    for (room, events) in [(&control, &events), (&icu, &ward)] {
        for event in events {
            let said = about(&hospital, &chief, room, event).await?;
            assert!(said.is_empty(), "{said:#?}");
        }
    }
    // Of an edit only which message it edits is kept.
    let is_edit = |content: Option<&str>| content.is_some_and(|content| content.starts_with("{\"edits\":"));
    let taken = hospital.inbox().await?.into_iter().filter(|row| row.kind == "m.room.message");
    let (edits, commands): (Vec<_>, Vec<_>) = taken.partition(|row| is_edit(row.content.as_deref()));
    assert_eq!((edits.len(), commands.len()), (2, 2), "nothing else was even taken in");
    assert_eq!(hospital.number("select count(*) from grants").await?, 0);
    assert!(!hospital.is_locked("p00").await?);
    close(hospital, serving).await
}

#[tokio::test]
async fn a_handled_command_is_not_handled_again_after_a_restart_or_an_edit() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let mut people = crowd("p", 3, &[]);
    people.push(chief("chefe"));
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let chief = hospital.client("chefe").await?;
    let control = hospital.room("control").await?;
    let name = hospital.username("p00");
    let promoted = hospital.say(&chief, "control", &format!("!promote {name} in icu")).await?;
    hospital.answer(&chief, "control", &promoted).await?.says(&["level 50"]);
    hospital.ask(&chief, &format!("!demote {name} in icu")).await?;
    // Somebody edits an old command.
    let edit = json!({
        "msgtype": "m.text", "body": format!("* !promote {name} admin"),
        "m.new_content": {"msgtype": "m.text", "body": format!("!promote {name} admin")},
        "m.relates_to": {"rel_type": "m.replace", "event_id": promoted},
    });
    says(&chief, &control, edit).await?;
    serving.term()?;
    serving.end().await?.ended(0);
    let serving = hospital.serve().await?;
    let event = chief.event(&control, &promoted).await?;
    assert_eq!(hospital.push("again", &[event]).await?, 200);
    hospital.ask(&chief, "!whoami").await?;
    assert_eq!(hospital.answers(&chief, "control", &promoted).await?.len(), 1);
    assert_eq!(hospital.level("icu", "p00").await?, None);
    close(hospital, serving).await
}
