//! What seven clients send, as their composers make it (`tests/samples/clients/`), from the push to what is meant.

use std::path::Path;

use anyhow::{Context as _, Result};
use equipemed_domain::command::{CommandPlace, Misunderstood, Setting, parse};
use equipemed_domain::event::Content;
use jiff::tz::TimeZone;
use ruma_common::user_id;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::Connection as _;

use super::{ANA, CONTROL, Desk, ICU, event};

/// Everything of interest in a client. What it does not offer is named in `without`, with the reason.
const KINDS: [&str; 7] = ["reply", "reply in a thread", "mention", "edit", "reaction", "poll", "voice message"];

/// A client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    pub(crate) client: String,
    /// Where its composer was read: repository and path.
    read_in: Vec<String>,
    without: std::collections::BTreeMap<String, String>,
    pub(crate) events: Vec<Sent>,
}

/// An event as the client sends it. `$target` is the message that it is about, `$root` that of its thread.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    pub(crate) what: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) content: Value,
    /// The command; or `edit`, `yes`, `lacks reply`, or a `message` that people wrote to each other.
    pub(crate) means: Value,
}

/// All of them.
pub(crate) fn clients() -> Result<Vec<Client>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/clients");
    let mut clients: Vec<Client> = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let client = serde_json::from_str(&std::fs::read_to_string(&path)?);
            clients.push(client.with_context(|| path.display().to_string())?);
        }
    }
    clients.sort_by(|one, other| one.client.cmp(&other.client));
    Ok(clients)
}

/// What the service makes of a stored event, in the words of the fixtures.
fn meaning(content: &Content, place: CommandPlace) -> Value {
    let bot = user_id!("@bot:hospital.example");
    let setting = Setting { prefix: "!", bot, bot_name: "EquipeMed", place };
    let sent_at = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    match content {
        Content::Edit { edits } if edits == "$target" => json!("edit"),
        Content::Reaction { event_id, .. } if event_id == "$question" => json!("yes"),
        Content::Command(message) => match parse(message, &setting, &sent_at) {
            Some(Ok(command)) => bare(serde_json::to_value(command).unwrap_or_default()),
            Some(Err(Misunderstood::Missing { what: "REPLY", .. })) => json!("lacks reply"),
            other => json!(format!("{other:?}")),
        },
        other => json!(format!("{other:?}")),
    }
}

fn bare(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            map.into_iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key, bare(value))).collect()
        }
        other => other,
    }
}

#[tokio::test]
async fn what_clients_send_is_taken_for_what_their_users_mean() -> Result<()> {
    let clients = clients()?;
    assert_eq!(clients.len(), 7);
    for client in clients {
        let name = &client.client;
        assert!(!client.read_in.is_empty() && client.read_in.iter().all(|read| read.contains(' ')), "{name}");
        for kind in KINDS {
            let is_sent = client.events.iter().any(|sent| sent.what == kind);
            assert!(is_sent != client.without.contains_key(kind), "{name}: {kind}");
        }
        let desk = Desk::new().await?;
        let url = format!("sqlite://{}", desk.folder.path().join("store.db").display());
        let mut database = sqlx::SqliteConnection::connect(&url).await?;
        let later = desk.clock.now().as_millisecond() + 60_000;
        sqlx::query("insert into confirmations (code, asker, room_id, command, digest, source, prompt_event, created_at, expires_at) values ('a', '@a:h', '!r:h', '{}', '', '', '$question', 0, $1)")
            .bind(later).execute(&mut database).await?;
        database.close().await?;
        for (number, sent) in client.events.iter().enumerate() {
            // Levels are given in the control room, messages removed where they are.
            let is_control = sent.means["command"] == "promote";
            let (room, place) =
                if is_control { (CONTROL, CommandPlace::Control) } else { (ICU, CommandPlace::Managed) };
            let id = format!("$event{number}");
            let pushed = event(&id, room, ANA, &sent.kind, sent.content.clone());
            assert_eq!(desk.push(&id, &[pushed]).await?.0, 200);
            let rows = desk.inbox().await?;
            let stored = rows.iter().find(|row| row.event.event_id == id);
            let meant = stored.map_or_else(|| json!("message"), |row| meaning(&row.event.content, place));
            assert_eq!(meant, sent.means, "{name}: {}", sent.what);
        }
        desk.end().await?;
    }
    Ok(())
}
