//! Redaction is complete: nothing that belongs to a message stays.

use equipemed_testbed::Client;
use serde_json::{Value, json};

use super::process::Running;
use super::talk::{close, opened};
use super::{Hospital, chief, crowd};

struct Ward {
    hospital: Hospital,
    serving: Running,
    chief: Client,
    ana: Client,
    rui: Client,
    icu: String,
}

/// A ward with two people and an administrator.
async fn ward() -> anyhow::Result<Ward> {
    let mut people = crowd("p", 2, &[]);
    people.push(chief("chefe"));
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let (chief, icu) = (hospital.client("chefe").await?, hospital.room("icu").await?);
    let (ana, rui) = (hospital.client("p00").await?, hospital.client("p01").await?);
    Ok(Ward { hospital, serving, chief, ana, rui, icu })
}

/// The content of an edit.
fn edit(of: &str, text: &str) -> Value {
    let new = json!({"msgtype": "m.text", "body": text});
    json!({
        "msgtype": "m.text", "body": format!("* {text}"), "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": of},
    })
}

#[tokio::test]
async fn a_message_takes_its_edits_along_and_a_poll_its_answers() -> anyhow::Result<()> {
    let Ward { hospital, serving, chief, ana, rui, icu } = ward().await?;
    let gone = async |event: &str| anyhow::Ok(!hospital.stands(&ana, "icu", event).await?);
    // In reply to a message, and by link to its last edit.
    for by_link in [false, true] {
        let message = ana.send_text(&icu, "leito 12").await?;
        let first = ana.send(&icu, "m.room.message", edit(&message, "leito 13")).await?;
        let last = ana.send(&icu, "m.room.message", edit(&message, "leito 14")).await?;
        let others = rui.send(&icu, "m.room.message", edit(&message, "não é edição")).await?;
        match by_link {
            false => {
                let said = chief.reply(&icu, &message, "!redact").await?;
                hospital.redacted(&ana, "icu", &said).await?;
                hospital.handled(&said).await?;
            }
            true => {
                let link = format!("!redact https://matrix.to/#/{icu}/{last}");
                hospital.ask(&chief, &link).await?.says(&["1 message was deleted"]);
            }
        }
        for event in [&message, &first, &last] {
            assert!(gone(event).await?, "{event} by link: {by_link}");
        }
        assert!(!gone(&others).await?, "another person's message is theirs");
    }
    for kind in ["m.poll", "org.matrix.msc3381.poll"] {
        let question = json!({kind.to_owned() + ".start": {}, "m.text": [{"body": "Quem?"}]});
        let poll = ana.send(&icu, &format!("{kind}.start"), question).await?;
        let relation = json!({"m.relates_to": {"rel_type": "m.reference", "event_id": poll}});
        let answer = rui.send(&icu, &format!("{kind}.response"), relation.clone()).await?;
        let end = ana.send(&icu, &format!("{kind}.end"), relation).await?;
        let link = format!("!redact https://matrix.to/#/{icu}/{poll}");
        hospital.ask(&chief, &link).await?.says(&["1 message was deleted"]);
        for event in [&poll, &answer, &end] {
            assert!(gone(event).await?, "{event} of {kind}");
        }
    }
    // The last two of Ana's are the poll and the sticker: an edit of an older message is none of them.
    let older = ana.send_text(&icu, "fica").await?;
    let sticker = ana
        .send(&icu, "m.sticker", json!({"body": "oi", "url": "mxc://h/s", "info": {"mimetype": "image/png"}}))
        .await?;
    let poll = ana.send(&icu, "m.poll.start", json!({"m.poll.start": {}})).await?;
    let relation = json!({"m.relates_to": {"rel_type": "m.reference", "event_id": poll}});
    let answer = rui.send(&icu, "m.poll.response", relation).await?;
    let late = ana.send(&icu, "m.room.message", edit(&older, "fica também")).await?;
    let preview = hospital.ask(&chief, &format!("!redact {} last 2 in icu", hospital.username("p00"))).await?;
    preview.says(&["2 messages"]);
    let done = hospital.ask(&chief, &format!("!confirm {}", preview.code()?)).await?;
    done.says(&["2 messages were deleted"]);
    for event in [&sticker, &poll, &answer] {
        assert!(gone(event).await?, "{event}");
    }
    assert!(!gone(&older).await? && !gone(&late).await?, "an older message and its edit");
    close(hospital, serving).await
}

#[tokio::test]
async fn what_only_claims_to_be_an_edit_stands_for_itself() -> anyhow::Result<()> {
    let Ward { hospital, serving, chief, ana, rui, icu } = ward().await?;
    let gone = async |event: &str| anyhow::Ok(!hospital.stands(&ana, "icu", event).await?);
    let victim = ana.send_text(&icu, "importante").await?;
    let others = ana
        .send(&icu, "m.sticker", json!({"body": "oi", "url": "mxc://h/s", "info": {"mimetype": "image/png"}}))
        .await?;
    for target in [victim.as_str(), others.as_str()] {
        let forged = rui.send(&icu, "m.room.message", edit(target, "ofensa")).await?;
        let link = format!("!redact https://matrix.to/#/{icu}/{forged}");
        hospital.ask(&chief, &link).await?.says(&["1 message was deleted"]);
        assert!(gone(&forged).await?, "{target}");
    }
    // Also among the latest of its sender.
    let messages = [rui.send(&icu, "m.room.message", edit(&victim, "ofensa")).await?, rui.send_text(&icu, "oi").await?];
    let preview = hospital.ask(&chief, &format!("!redact {} last 2 in icu", hospital.username("p01"))).await?;
    hospital.ask(&chief, &format!("!confirm {}", preview.code()?)).await?.says(&["2 messages were deleted"]);
    assert!(gone(&messages[0]).await? && gone(&messages[1]).await?);
    // A link to a message and one to its edit name the same.
    let message = rui.send_text(&icu, "um").await?;
    let last = rui.send(&icu, "m.room.message", edit(&message, "dois")).await?;
    let link = |event: &str| format!("https://matrix.to/#/{icu}/{event}");
    let both = hospital.ask(&chief, &format!("!redact {} {}", link(&message), link(&last))).await?;
    both.says(&["1 message was deleted"]);
    assert!(gone(&message).await? && gone(&last).await? && !gone(&victim).await?);
    close(hospital, serving).await
}
