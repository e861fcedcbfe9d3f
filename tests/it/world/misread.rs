//! What the bot does not understand: a hint that goes by itself in a ward's room, and an end to every loop.

use equipemed_testbed::Client;
use serde_json::{Value, json};

use super::process::Running;
use super::talk::{close, opened};
use super::{Hospital, chief, person, until};

struct Ward {
    hospital: Hospital,
    serving: Running,
    lead: Client,
    nurse: Client,
    /// A nurse's message in the ward's room.
    message: String,
}

async fn ward(language: &str) -> anyhow::Result<Ward> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let people = vec![person("lider", &["Leads"]), person("enfermeira", &[]), chief("chefe")];
    let (hospital, serving) = opened(people, rooms, |hospital| {
        hospital.config["bot"]["language"] = json!(language);
    })
    .await?;
    let (lead, nurse) = (hospital.client("lider").await?, hospital.client("enfermeira").await?);
    let message = hospital.say(&nurse, "icu", "foto errada").await?;
    Ok(Ward { hospital, serving, lead, nurse, message })
}

impl Ward {
    /// Replies to the message in the ward's room; the bot's answers.
    async fn reply(&self, who: &Client, text: &str) -> anyhow::Result<Vec<super::talk::Answer>> {
        let said = who.reply(&self.hospital.room("icu").await?, &self.message, text).await?;
        self.hospital.handled(&said).await?;
        assert_eq!(self.hospital.marks(who, "icu", &said).await?, [""; 0], "{text}: a mark would stay");
        self.hospital.answers(who, "icu", &said).await
    }
}

/// An event of the control room as somebody else would have sent it.
async fn pushed(hospital: &Hospital, sender: &str, text: &str) -> anyhow::Result<String> {
    let control = hospital.room("control").await?;
    let chief = hospital.client("chefe").await?;
    let event = chief.send_text(&control, "bom dia").await?;
    let now = chief.event(&control, &event).await?["origin_server_ts"].clone();
    let content = json!({"msgtype": "m.text", "body": text});
    let body = json!({"type": "m.room.message", "room_id": control, "event_id": event, "sender": sender,
        "origin_server_ts": now, "content": content});
    assert_eq!(hospital.push(&event, &[body]).await?, 200);
    hospital.handled(&event).await?;
    Ok(event)
}

#[tokio::test]
async fn a_redact_that_cannot_be_read_gets_a_hint_that_goes_by_itself() -> anyhow::Result<()> {
    for (language, near, goes) in
        [("en", "Did you mean", "I delete it in a minute"), ("pt-BR", "Você quis dizer", "apago em um minuto")]
    {
        let mut ward = ward(language).await?;
        let mut hints = Vec::new();
        let named = format!("!apagar {} spam", ward.hospital.username("enfermeira"));
        for text in ["!apgar", "! apagar", "!apagar lst 5", &named] {
            let answers = ward.reply(&ward.lead, text).await?;
            assert_eq!(answers.len(), 1, "{text}");
            answers[0].says(&[goes]);
            assert_eq!(answers[0].event["content"]["msgtype"], "m.notice");
            if text.starts_with("!ap") && !text.contains("spam") {
                answers[0].says(&[near]);
            }
            hints.push(answers[0].id().to_owned());
            // Understood, so that the row of misunderstandings ends.
            ward.hospital.say(&ward.lead, "icu", "!whoami").await?;
        }
        // Who may not redact others' messages spoke to colleagues.
        assert!(ward.reply(&ward.nurse, "!apgar a luz").await?.is_empty());
        let hospital = &ward.hospital;
        assert!(hospital.stands(&ward.nurse, "icu", &ward.message).await?);
        for hint in &hints {
            assert!(hospital.stands(&ward.nurse, "icu", hint).await?, "for a minute");
        }
        // Nothing of it is lost with the process.
        ward.serving.term()?;
        ward.serving.end().await?.ended(0);
        assert_eq!(hospital.sql("update deeds set due_at = created_at where state = 'waiting'").await?, 4);
        ward.serving = hospital.serve().await?;
        for hint in &hints {
            hospital.redacted(&ward.nurse, "icu", hint).await?;
        }
        close(ward.hospital, ward.serving).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_edit_of_what_was_not_understood_is_asked_for_anew() -> anyhow::Result<()> {
    let ward = ward("en").await?;
    let hospital = &ward.hospital;
    let (control, chief) = (hospital.room("control").await?, hospital.client("chefe").await?);
    let name = hospital.username("enfermeira");
    let edit = async |event: &str, text: &str| -> anyhow::Result<usize> {
        let content = json!({
            "msgtype": "m.text", "body": format!("* {text}"), "m.new_content": {"msgtype": "m.text", "body": text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": event},
        });
        chief.send(&control, "m.room.message", content).await?;
        // What is no command is not even stored, so a later one is waited for.
        hospital.ask(&chief, "!whoami").await?;
        Ok(hospital.answers(&chief, "control", event).await?.len())
    };
    let wrong = hospital.say(&chief, "control", &format!("!lok {name}")).await?;
    hospital.answer(&chief, "control", &wrong).await?.says(&["Did you mean"]);
    assert_eq!(edit(&wrong, "deixa para lá").await?, 1);
    assert_eq!(edit(&wrong, &format!("!lock {name}")).await?, 2);
    let answers = hospital.answers(&chief, "control", &wrong).await?;
    answers[1].says(&["as a new message"]);
    assert!(!hospital.is_locked("enfermeira").await?);
    // Other messages, and commands that were understood.
    let chat = hospital.say(&chief, "control", "bom dia").await?;
    assert_eq!(edit(&chat, &format!("!lock {name}")).await?, 0);
    let good = hospital.say(&chief, "control", "!status").await?;
    hospital.answer(&chief, "control", &good).await?;
    assert_eq!(edit(&good, &format!("!lock {name}")).await?, 1);
    assert!(!hospital.is_locked("enfermeira").await?);
    // In the ward's room the hint goes, like the first.
    let icu = hospital.room("icu").await?;
    let wrong = ward.lead.reply(&icu, &ward.message, "!apgar").await?;
    hospital.answer(&ward.lead, "icu", &wrong).await?.says(&["Did you mean"]);
    let content = json!({
        "msgtype": "m.text", "body": "* !apagar", "m.new_content": {"msgtype": "m.text", "body": "!apagar"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": wrong},
    });
    hospital.handled(&ward.lead.send(&icu, "m.room.message", content).await?).await?;
    let answers = hospital.answers(&ward.lead, "icu", &wrong).await?;
    assert_eq!(answers.len(), 2);
    answers[1].says(&["as a new message", "in a minute"]);
    assert!(hospital.stands(&ward.nurse, "icu", &ward.message).await?);
    assert_eq!(hospital.number("select count(*) from deeds").await?, 2);
    close(ward.hospital, ward.serving).await
}

#[tokio::test]
async fn whoever_is_not_known_and_whoever_is_never_understood_is_no_loop() -> anyhow::Result<()> {
    for (language, last) in [("en", "third message in a row"), ("pt-BR", "terceira mensagem seguida")] {
        let ward = ward(language).await?;
        let hospital = &ward.hospital;
        let chief = hospital.client("chefe").await?;
        // A bot that nobody in EquipeMed is, and that answers every answer.
        let bot = format!("@outro_robo:{}", hospital.synapse().server_name());
        let mut answers = Vec::new();
        for text in ["!ajuda", "!status", "!foo", "!bar"] {
            let event = pushed(hospital, &bot, text).await?;
            answers.push(hospital.answers(&chief, "control", &event).await?.len());
        }
        assert_eq!(answers, [1, 0, 0, 0], "once a minute");
        // One who has an account of a colleague.
        let mut texts = Vec::new();
        for text in ["!foo", "!bar", "!baz", "!qux", "!quux"] {
            let event = hospital.say(&chief, "control", text).await?;
            hospital.handled(&event).await?;
            let said = hospital.answers(&chief, "control", &event).await?;
            texts.push(said.first().is_some_and(|answer| answer.text.contains(last)));
            assert_eq!(said.len(), usize::from(texts.len() < 4), "{text}");
        }
        assert_eq!(texts, [false, false, true, false, false], "told once");
        hospital.ask(&chief, "!whoami").await?;
        let again = hospital.say(&chief, "control", "!foo").await?;
        hospital.answer(&chief, "control", &again).await?;
        // Notices are never commands.
        let notice: Value = json!({"msgtype": "m.notice", "body": "!status"});
        let notice = chief.send(&hospital.room("control").await?, "m.room.message", notice).await?;
        hospital.ask(&chief, "!whoami").await?;
        assert!(hospital.inbox().await?.iter().all(|row| row.event_id != notice));
        until("every command has its outcome", || async {
            Ok(hospital.audit().await?.iter().all(|entry| entry.settled.is_some()).then_some(()))
        })
        .await?;
        close(ward.hospital, ward.serving).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_name_without_quotation_marks_is_proposed_and_a_place_that_is_none_is_a_reason() -> anyhow::Result<()> {
    for (language, quote, place) in
        [("en", "goes in quotation marks", "or the room?"), ("pt-BR", "vai entre aspas", "ou é a sala?")]
    {
        let ward = ward(language).await?;
        let hospital = &ward.hospital;
        let chief = hospital.client("chefe").await?;
        for command in [
            "!mute enfermeira Souza em icu por 2h",
            "!lock Enfermeira Souza",
            "!why enfermeira Souza",
            "!sync enfermeira Souza",
            "!user enfermeira Souza",
            "!apagar enfermeira Souza em icu últimas 3",
        ] {
            hospital.ask(&chief, command).await?.says(&[quote, "Souza”"]);
            hospital.ask(&chief, "!whoami").await?;
        }
        let lead = hospital.username("lider");
        hospital.ask(&chief, &format!("!mute {lead} em Plantão UTI")).await?.says(&[quote, "“Plantão UTI”"]);
        assert_eq!(hospital.number("select count(*) from grants").await?, 0);
        // In reply, what names nobody and no room is the reason.
        for (text, asked) in [("!apagar na UTI", place), ("!apagar foto da enfermeira Souza", "enfermeira Souza")] {
            let answers = ward.reply(&ward.lead, text).await?;
            assert_eq!(answers.len(), 1, "{text}");
            answers[0].says(&[asked]);
        }
        assert!(hospital.stands(&ward.nurse, "icu", &ward.message).await?);
        let said = ward.lead.reply(&hospital.room("icu").await?, &ward.message, "!apagar na sala errada").await?;
        hospital.redacted(&ward.nurse, "icu", &ward.message).await?;
        hospital.redacted(&ward.nurse, "icu", &said).await?;
        close(ward.hospital, ward.serving).await?;
    }
    Ok(())
}
