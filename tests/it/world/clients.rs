//! An independent client: what matrix-nio, a library for many clients and bots, makes of the bot's answers.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::Client;
use equipemed_testbed::proxy::{Fault, Rule};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::talk::{close, opened};
use super::{Hospital, chief, count, crowd, until};
use crate::inbound::clients::clients;

const PASSWORD: &str = "uma senha longa";

/// Sends a message to the control room with matrix-nio; returns what it saw until the answer was complete.
async fn said_with_nio(hospital: &Hospital, who: &str, text: &str) -> anyhow::Result<Value> {
    let administrator = Client::administrator(hospital.synapse()).await?;
    administrator.set_password(&hospital.user(who), PASSWORD).await?;
    let mut command = tokio::process::Command::new(equipemed_testbed::tools::client_python().await?);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/world/nio_client.py"));
    let (room, bot) = (hospital.room("control").await?, hospital.bot()?.user_id().to_owned());
    command.args([&hospital.synapse().url(), &hospital.user(who), &room, &bot, text]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut input = child.stdin.take().context("no input")?;
    input.write_all(format!("{PASSWORD}\n").as_bytes()).await?;
    drop(input);
    let output = child.wait_with_output().await?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "matrix-nio: {complaint}");
    serde_json::from_slice(&output.stdout).context("what matrix-nio saw")
}

/// The only message that answers, and its id.
fn answer(seen: &Value) -> anyhow::Result<(&String, &Value)> {
    let messages = seen["messages"].as_object().context("no messages")?;
    let mut about = messages.iter().filter(|(_, message)| message["reply_to"] == seen["sent"]);
    let answer = about.next().context("no answer")?;
    assert_eq!(about.next(), None, "one answer");
    Ok(answer)
}

#[tokio::test]
async fn another_client_shows_answers_reactions_and_the_final_text_of_what_was_edited() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let mut people = crowd("p", 2, &[]);
    people.push(chief("chefe"));
    let (mut hospital, serving) = opened(people, rooms, |_| ()).await?;

    let seen = said_with_nio(&hospital, "chefe", "!status").await?;
    let (_, status) = answer(&seen)?;
    assert_eq!(status["class"], "RoomMessageNotice");
    assert_eq!(status["msgtype"], "m.notice");
    assert_eq!(status["format"], "org.matrix.custom.html");
    assert_eq!(status["mentions"], json!({}));
    let (plain, html) =
        (status["body"].as_str().unwrap_or_default(), status["formatted_body"].as_str().unwrap_or_default());
    assert!(plain.contains("EquipeMed bot") && !plain.contains('<') && !plain.contains("**"), "{plain}");
    assert!(html.contains("<strong>EquipeMed bot") && !html.contains("<table"), "{html}");
    assert_eq!(seen["bad"], json!([]));

    // During a long sync, one message is edited until it shows the result.
    hospital.proxy.add_rule(Rule::new("/v1/join/", Fault::Delay(Duration::from_millis(1500))));
    for person in crowd("n", 8, &[]) {
        hospital.add(person);
    }
    hospital.write_roster()?;
    until("joins under way", || async {
        Ok((count(&hospital.proxy.recorded(), Endpoint::AdminJoin) > 0).then_some(()))
    })
    .await?;
    let seen = said_with_nio(&hospital, "chefe", "!sync").await?;
    let (own, shown) = answer(&seen)?;
    let text = shown["body"].as_str().unwrap_or_default();
    assert!(text.contains("Done. Changed:") || text.contains("nothing to change"), "{seen:#}");
    assert!(shown["formatted_body"].as_str().is_some_and(|html| html.contains("Audit:")), "{seen:#}");
    assert!(seen["edits"].as_u64() >= Some(1), "{seen:#}");
    let marks: Vec<&Value> = seen["reactions"].as_object().context("no reactions")?.values().collect();
    assert_eq!(marks, [&json!({"key": "✅", "to": seen["sent"]})], "no ⏳ is left: {seen:#}");
    assert_eq!(seen["taken_back"].as_array().map(Vec::len), Some(1), "it was there: {seen:#}");
    assert_eq!(seen["bad"], json!([]));
    // The raw requests agree.
    let chief = hospital.client("chefe").await?;
    let sent = seen["sent"].as_str().unwrap_or_default();
    let raw = hospital.answer(&chief, "control", sent).await?;
    assert_eq!((raw.id(), raw.text.as_str()), (own.as_str(), text));
    assert_eq!(hospital.members("todos").await?.len(), 11);
    close(hospital, serving).await
}

#[tokio::test]
async fn an_answer_goes_into_the_thread_of_its_command() -> anyhow::Result<()> {
    let mut people = crowd("p", 2, &[]);
    people.push(chief("chefe"));
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let (chief, control) = (hospital.client("chefe").await?, hospital.room("control").await?);
    let ana = hospital.client("p00").await?;
    for number in 0..2 {
        hospital.say(&ana, "icu", &format!("mensagem {number}")).await?;
    }
    let root = chief.send_text(&control, "sobre ontem").await?;
    let thread = json!({
        "rel_type": "m.thread", "event_id": root, "is_falling_back": true, "m.in_reply_to": {"event_id": root},
    });
    let body = format!("!redact {} last 2 in icu", hospital.username("p00"));
    let command = json!({"msgtype": "m.text", "body": body, "m.relates_to": thread});
    let said = chief.send(&control, "m.room.message", command).await?;
    let preview = hospital.answer(&chief, "control", &said).await?;
    let relation = &preview.event["content"]["m.relates_to"];
    assert_eq!((&relation["rel_type"], &relation["event_id"]), (&json!("m.thread"), &json!(root)));
    // What follows a reaction in the thread is in it as well.
    let yes = chief.react(&control, preview.id(), "✅").await?;
    hospital.handled(&yes).await?;
    let answers = hospital.answers(&chief, "control", preview.id()).await?;
    answers[0].says(&["2 messages were deleted"]);
    assert_eq!(answers[0].event["content"]["m.relates_to"]["event_id"], json!(root));
    close(hospital, serving).await
}

/// A content of a fixture with real ids.
fn about(content: &Value, target: &str) -> anyhow::Result<Value> {
    let text = content.to_string().replace("$target", target).replace("$root", target);
    Ok(serde_json::from_str(&text)?)
}

#[tokio::test]
async fn in_every_client_a_reply_removes_polls_voice_messages_and_pictures_with_captions() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let mut people = crowd("p", 1, &[]);
    people.push(chief("chefe"));
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let (nurse, chief) = (hospital.client("p00").await?, hospital.client("chefe").await?);
    let room = hospital.room("todos").await?;
    for client in clients()? {
        let events = client.events.iter();
        for sent in events.filter(|sent| sent.means == "message") {
            let message = nurse.send(&room, &sent.kind, sent.content.clone()).await?;
            let reply = client.events.iter().find(|reply| reply.what == "reply").context("no reply")?;
            let said = chief.send(&room, &reply.kind, about(&reply.content, &message)?).await?;
            hospital.redacted(&nurse, "todos", &message).await?;
            // Like every command that was carried out there.
            hospital.redacted(&nurse, "todos", &said).await?;
        }
    }
    // None of the captions was taken for a command.
    assert!(hospital.inbox().await?.iter().all(|row| row.kind != "m.room.message" || row.sender != nurse.user_id()));
    close(hospital, serving).await
}
