//! Repeated transactions: each command counts once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{chief, crowd, person};

#[tokio::test]
async fn a_transaction_sent_five_times_is_handled_once() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let mut people = crowd("p", 3, &[]);
    people.extend([chief("chefe"), person("ana", &[])]);
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let chief = hospital.client("chefe").await?;
    let (control, icu) = (hospital.room("control").await?, hospital.room("icu").await?);
    let ana = hospital.username("ana");
    let message = hospital.client("p00").await?.send_text(&icu, "errada").await?;

    // Real events, but not pushed as commands by Synapse, so only these transactions contain them.
    let said = [
        (&control, format!("!promote {ana} moderator in icu"), None),
        (&control, format!("!mute {} in icu", hospital.username("p01")), None),
        (&control, "!status".to_owned(), None),
        (&icu, "!redact".to_owned(), Some(&message)),
    ];
    let mut events: Vec<Value> = Vec::new();
    for (room, text, reply_to) in said {
        let event = chief.send_text(room, "bom dia").await?;
        let mut content = json!({"msgtype": "m.text", "body": text});
        if let Some(message) = reply_to {
            content["m.relates_to"] = json!({"m.in_reply_to": {"event_id": message}});
        }
        let mut event = chief.event(room, &event).await?;
        event["content"] = content;
        events.push(event);
    }
    let whole = json!({"events": events}).to_string();
    let reversed: Vec<Value> = events.iter().rev().cloned().collect();
    let mut turned = events.clone();
    turned.rotate_left(2);
    // A truncated transaction, as by a proxy, is refused as a whole.
    assert_eq!(hospital.push_text("first", whole[..whole.len() - 40].to_owned()).await?, 400);
    assert_eq!(hospital.number("select count(*) from inbox where kind = 'm.room.message'").await?, 0);
    // Twice at once, then with other ids and orders.
    let (one, two) = tokio::join!(hospital.push("first", &events), hospital.push("first", &events));
    assert_eq!((one?, two?), (200, 200));
    assert_eq!(hospital.push("second", &reversed).await?, 200);
    assert_eq!(hospital.push("third", &turned).await?, 200);
    let ids: Vec<String> = events.iter().filter_map(|event| Some(event["event_id"].as_str()?.to_owned())).collect();
    for id in &ids {
        hospital.handled(id).await?;
    }
    assert_eq!(hospital.push("first", &events).await?, 200);
    hospital.ask(&chief, "!whoami").await?;

    for id in &ids[..3] {
        let answers = hospital.answers(&chief, "control", id).await?;
        assert_eq!(answers.len(), 1, "{answers:#?}");
    }
    hospital.redacted(&chief, "icu", &message).await?;
    assert_eq!(hospital.level("icu", "ana").await?, Some(50));
    assert_eq!(hospital.number("select count(*) from grants").await?, 2);
    // The message, and the command itself.
    assert_eq!(hospital.number("select count(*) from deeds").await?, 2);
    let rows: Vec<String> = hospital.inbox().await?.into_iter().map(|row| row.event_id).collect();
    assert_eq!(rows.len(), rows.iter().collect::<BTreeSet<_>>().len());
    let commands = hospital.audit().await?.into_iter().filter(|entry| entry.intent.kind == "command");
    assert_eq!(commands.count(), 3, "promote, mute, redact");
    close(hospital, serving).await
}
