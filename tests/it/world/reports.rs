//! What people report in their clients: shown in the control room without the message, and closed once it is answered.
//!
//! Reports belong to the whole server, so each test has its own.

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::client::encode;
use equipemed_testbed::rooms::room_path;
use equipemed_testbed::{Client, eventually};
use serde_json::{Value, json};

use super::process::{PATIENCE, Running};
use super::talk::{begun, close};
use super::{Hospital, chief, count, person, until};

const SECRET: &str = "Dona Zulmira do leito 7 tem HIV";

/// Ana and Rui work in the ward; the chief may redact there.
async fn hospital() -> anyhow::Result<Hospital> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let mut hospital = Hospital::alone(vec![chief("chefe"), person("ana", &[]), person("rui", &[])], rooms).await?;
    hospital.config["bot"]["reports"] = json!("1s");
    hospital.sync(&[]).await?.ended(0);
    Ok(hospital)
}

async fn reports(who: &Client, room: &str, event: &str, reason: &str) -> anyhow::Result<()> {
    let path = room_path(room, &format!("report/{}", encode(event)));
    who.post_ok(&path, json!({"reason": reason, "score": -100})).await?;
    Ok(())
}

/// The reports that Synapse has.
async fn left(hospital: &Hospital) -> anyhow::Result<u64> {
    let list = hospital.bot()?.get_ok("/_synapse/admin/v1/event_reports").await?;
    Ok(list["total"].as_u64().unwrap_or_default())
}

/// The bot's messages about an event in the control room, as they read now: the id and the text, newest first.
async fn shown(hospital: &Hospital, reader: &Client, part: &str) -> anyhow::Result<Vec<(String, String)>> {
    let part = part.trim_start_matches('$');
    let (bot, room) = (hospital.bot()?, hospital.room("control").await?);
    let messages = reader.messages(&room, 100).await?;
    let own: Vec<&Value> = messages.iter().filter(|event| event["sender"] == bot.user_id()).collect();
    let mut found = Vec::new();
    for event in own.iter().filter(|event| event["content"]["m.relates_to"]["rel_type"] != "m.replace") {
        if !event["content"]["body"].as_str().is_some_and(|body| body.contains(part)) {
            continue;
        }
        let edit = own.iter().find(|edit| {
            let relation = &edit["content"]["m.relates_to"];
            relation["rel_type"] == "m.replace" && relation["event_id"] == event["event_id"]
        });
        let content = edit.map_or(&event["content"], |edit| &edit["content"]["m.new_content"]);
        let text = |field: &Value| field.as_str().unwrap_or_default().to_owned();
        found.push((text(&event["event_id"]), text(&content["body"])));
    }
    Ok(found)
}

/// Waits for the only message with one part to read as another.
async fn reads(hospital: &Hospital, reader: &Client, part: &str, wanted: &str) -> anyhow::Result<(String, String)> {
    // Links encode the first character of an event's id.
    let part = part.trim_start_matches('$');
    eventually(&format!("{wanted:?} in the message about {part:?}"), PATIENCE, || async {
        let mut found = shown(hospital, reader, part).await?;
        Ok(match found.len() {
            1 => found.pop().filter(|(_, text)| text.contains(wanted)),
            0 => None,
            more => anyhow::bail!("{more} messages: {found:?}"),
        })
    })
    .await
}

async fn closed(hospital: &Hospital) -> anyhow::Result<()> {
    until("Synapse has no report any more", || async { Ok((left(hospital).await? == 0).then_some(())) }).await
}

async fn ended(hospital: Hospital, serving: Running) -> anyhow::Result<()> {
    let messages = hospital.bot()?.messages(&hospital.room("control").await?, 200).await?;
    assert!(!json!(messages).to_string().contains("Zulmira"), "the message itself was shown");
    close(hospital, serving).await
}

#[tokio::test]
async fn a_report_is_shown_without_the_message_and_closed_by_the_redaction_that_it_offers() -> anyhow::Result<()> {
    let (hospital, serving) = begun(hospital().await?).await?;
    let (chief, ana, rui) =
        (hospital.client("chefe").await?, hospital.client("ana").await?, hospital.client("rui").await?);
    let icu = hospital.room("icu").await?;
    let said = rui.send_text(&icu, SECRET).await?;
    reports(&ana, &icu, &said, "nome de\n\u{202e}paciente <b>@room</b>").await?;
    let (_, text) = reads(&hospital, &chief, &said, "Report:").await?;
    for part in
        ["ana Souza", "rui Souza", "in the room UTI", "“nome de paciente <b>@\u{200b}room</b>”", "!redact https", "✅"]
    {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(!text.contains('\u{202e}'), "{text}");
    hospital.ask(&chief, "!status").await?.says(&["Open reports of messages: 1"]);

    // A second person reports the same: the message is changed, not repeated. The same person again is no news.
    reports(&ana, &icu, &said, "de novo").await?;
    reports(&chief, &icu, &said, "").await?;
    let (_, text) = reads(&hospital, &chief, &said, "chefe Souza").await?;
    let command = text.lines().find_map(|line| line.split_once("!redact ")).map(|(_, rest)| rest.to_owned());
    let command = format!("!redact {}", command.unwrap_or_default().replace('…', "dados de paciente"));
    hospital.ask(&chief, &command).await?;
    hospital.redacted(&ana, "icu", &said).await?;
    let (_, text) = reads(&hospital, &chief, &said, "Report closed").await?;
    assert!(text.contains("2 people") && text.contains("redacted the message") && !text.contains("paciente"), "{text}");
    closed(&hospital).await?;
    let mut deeds = hospital.audit().await?;
    deeds.retain(|entry| entry.intent.kind == "close_report");
    assert!(deeds.len() == 3 && deeds.iter().all(|entry| entry.intent.actor == chief.user_id()), "{deeds:#?}");
    assert_eq!(count(&hospital.take(), Endpoint::DeleteEventReport), 3);
    assert_eq!(hospital.number("select count(*) from reports where reason is not null").await?, 0);

    // Redacted in a client, before the report was seen or after.
    for reported_first in [true, false] {
        let said = rui.send_text(&icu, SECRET).await?;
        reports(&ana, &icu, &said, "outra vez").await?;
        if reported_first {
            reads(&hospital, &chief, &said, "outra vez").await?;
        }
        rui.redact(&icu, &said, "").await?;
        closed(&hospital).await?;
        if reported_first {
            reads(&hospital, &chief, &said, "redacted the message").await?;
        }
    }
    assert_eq!(hospital.number("select count(*) from report_cases where closed_at is null").await?, 0);
    ended(hospital, serving).await
}

#[tokio::test]
async fn in_a_direct_chat_it_is_said_so_and_settled_by_the_sign_of_somebody_who_may_redact() -> anyhow::Result<()> {
    let mut hospital = hospital().await?;
    hospital.config["roles"]["auditor"] = json!({"when": {"user": hospital.username("rui")}, "rights": ["audit"]});
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    let (hospital, serving) = begun(hospital).await?;
    let (chief, ana, rui) =
        (hospital.client("chefe").await?, hospital.client("ana").await?, hospital.client("rui").await?);
    let direct = ana
        .create_room(json!({"preset": "trusted_private_chat", "is_direct": true, "invite": [rui.user_id()]}))
        .await?;
    rui.join(&direct).await?;
    let said = ana.send_text(&direct, SECRET).await?;
    reports(&rui, &direct, &said, "ofensa").await?;
    let (message, text) = reads(&hospital, &chief, &said, "in a direct chat").await?;
    assert!(text.contains("ofensa") && !text.contains("!redact"), "{text}");
    // An auditor may not redact: the sign is an opinion.
    let control = hospital.room("control").await?;
    let opinion = rui.react(&control, &message, "✅").await?;
    hospital.handled(&opinion).await?;
    assert_eq!(left(&hospital).await?, 1);
    chief.react(&control, &message, "✅").await?;
    reads(&hospital, &chief, &said, "says that it is settled").await?;
    closed(&hospital).await?;

    // A room of somebody's own, and one with a name.
    let own = ana.create_room(json!({"name": "Futebol", "invite": [rui.user_id()]})).await?;
    rui.join(&own).await?;
    let said = ana.send_text(&own, SECRET).await?;
    reports(&rui, &own, &said, "").await?;
    let (_, text) = reads(&hospital, &chief, &said, "a room that I do not manage").await?;
    assert!(!text.contains("Futebol") && !text.contains("writes"), "{text}");
    ended(hospital, serving).await
}

#[tokio::test]
async fn one_persons_flood_is_one_message_with_a_number() -> anyhow::Result<()> {
    let (hospital, serving) = begun(hospital().await?).await?;
    let (chief, ana, rui) =
        (hospital.client("chefe").await?, hospital.client("ana").await?, hospital.client("rui").await?);
    let icu = hospital.room("icu").await?;
    let mut events = Vec::new();
    for number in 0..24 {
        events.push(rui.send_text(&icu, &format!("{SECRET} {number}")).await?);
    }
    for event in &events {
        reports(&ana, &icu, event, "spam").await?;
    }
    let (message, _) = reads(&hospital, &chief, "keeps reporting", "more message").await?;
    until("all are noted", || async {
        Ok((hospital.number("select count(*) from reports").await? == 24).then_some(()))
    })
    .await?;
    until("ten singly", || async { Ok((shown(&hospital, &chief, "Report:").await?.len() == 10).then_some(())) })
        .await?;
    assert_eq!(hospital.number("select count(*) from report_cases").await?, 11);
    let edits = "select shown from report_cases where event_id is null";
    assert!((7..=14).contains(&hospital.number(edits).await?), "told again only when doubled");
    chief.react(&hospital.room("control").await?, &message, "✅").await?;
    reads(&hospital, &chief, "keeps reporting", "14 more messages").await?;
    until("those are closed", || async { Ok((left(&hospital).await? == 10).then_some(())) }).await?;
    ended(hospital, serving).await
}

#[tokio::test]
async fn a_report_is_told_once_after_a_kill_and_its_number_used_again_is_another_report() -> anyhow::Result<()> {
    let (hospital, serving) = begun(hospital().await?).await?;
    let (chief, ana, rui) =
        (hospital.client("chefe").await?, hospital.client("ana").await?, hospital.client("rui").await?);
    let icu = hospital.room("icu").await?;
    let said = rui.send_text(&icu, SECRET).await?;
    reports(&ana, &icu, &said, "primeira").await?;
    let (message, _) = reads(&hospital, &chief, &said, "primeira").await?;
    serving.kill9()?;
    serving.end().await?;
    hospital.forget_leases().await?;
    // Killed after posting, before noting it; and somebody else reported meanwhile.
    hospital.sql("update report_cases set posted_event = null").await?;
    reports(&chief, &icu, &said, "segunda").await?;
    let serving = hospital.serve().await?;
    let (again, text) = reads(&hospital, &chief, &said, "segunda").await?;
    assert!(again == message && text.contains("primeira"), "{text}");
    chief.redact(&icu, &said, "").await?;
    closed(&hospital).await?;
    let number = "select max(report_id) from reports";
    let before = hospital.number(number).await?;

    // Synapse takes its next number from what is left of the reports.
    hospital.synapse().stop().await?;
    hospital.synapse().start_again().await?;
    let said = rui.send_text(&icu, SECRET).await?;
    reports(&ana, &icu, &said, "terceira").await?;
    reads(&hospital, &chief, &said, "terceira").await?;
    assert!(hospital.number("select min(report_id) from reports where dropped_at is null").await? <= before);
    ended(hospital, serving).await
}

#[tokio::test]
async fn in_mode_observe_it_is_shown_without_a_command_and_deleted_once_the_mode_is_enforce() -> anyhow::Result<()> {
    let mut hospital = hospital().await?;
    hospital.config["mode"] = json!("observe");
    let (mut hospital, serving) = begun(hospital).await?;
    let (chief, ana, rui) =
        (hospital.client("chefe").await?, hospital.client("ana").await?, hospital.client("rui").await?);
    let icu = hospital.room("icu").await?;
    let said = rui.send_text(&icu, SECRET).await?;
    reports(&ana, &icu, &said, "observada").await?;
    let (message, text) = reads(&hospital, &chief, &said, "observada").await?;
    assert!(!text.contains("!redact"), "{text}");
    chief.react(&hospital.room("control").await?, &message, "✅").await?;
    reads(&hospital, &chief, &said, "is settled").await?;
    assert_eq!(left(&hospital).await?, 1);
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.config["mode"] = json!("enforce");
    hospital.write_config()?;
    let serving = hospital.serve().await?;
    closed(&hospital).await?;
    assert_eq!(shown(&hospital, &chief, &said).await?.len(), 1);
    ended(hospital, serving).await
}
