//! `cargo xtask demo say`: sends a message in the demo that runs in another terminal and prints the bot's answer.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use equipemed_testbed::Client;
use serde_json::Value;

use crate::arguments::Words;
use crate::state::State;
use crate::talk::Talk;
use crate::{say, views};

/// How many events `--reply last` searches.
const BACK: u32 = 50;
/// Wait outside the control room, where the bot may stay silent.
const ELSEWHERE: Duration = Duration::from_secs(15);

/// Returns whether the bot did what it was asked.
pub(crate) async fn speak(folder: &Path, words: &Words) -> anyhow::Result<bool> {
    let state = State::find(folder).await?;
    let state = state.context("no demo is running: start `cargo xtask demo` in another terminal")?;
    let name = words.name.trim_start_matches('@');
    let name = name.split(':').next().unwrap_or(name);
    anyhow::ensure!(
        state.people.iter().any(|known| known == name),
        "nobody is called {name}; there is {}",
        state.people.join(", ")
    );
    let client = Client::login_at(&state.url, name, &state.password).await?;
    let room = room(&state, &client, name, &words.room).await?;
    let reply = match words.reply.as_deref() {
        Some("last") => Some(last(&state, &client, &room, &words.room).await?),
        reply => reply.map(str::to_owned),
    };
    let mut talk = Talk::begin(client, &state.bot).await?;
    say::line(&format!("{name}, in {}: {}", words.room, words.text));
    if !is_for_the_bot(&words.text) {
        let event = talk.client.send_text(&room, &words.text).await?;
        say::line(&format!("(said as {event}; it does not begin with “!”, so the bot is not waited for)"));
        return Ok(true);
    }
    if words.room != "control" {
        talk.patience = ELSEWHERE;
    }
    let heard = talk.ask(&room, &words.text, reply.as_deref()).await?;
    for answer in &heard.answers {
        say::line("");
        say::line(&answer.text);
    }
    if heard.removed {
        say::line("\n(done; the bot removed the command as well, so that the room stays clean)");
    }
    if let Some(mark) = &heard.mark {
        say::line(&format!("\n{mark}"));
    }
    anyhow::ensure!(
        heard.removed || heard.mark.is_some() || !heard.answers.is_empty(),
        "no answer within {} s. {}",
        talk.patience.as_secs(),
        if words.room == "control" {
            "See serve.log in the demo's folder"
        } else {
            "Outside of the control room the bot answers only !redact, !whoami, !help and !confirm"
        }
    );
    Ok(!matches!(heard.mark.as_deref(), Some("❌" | "⚠️")))
}

fn is_for_the_bot(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('!') || text.to_lowercase().contains("equipemed")
}

/// The id of a room by key, among the person's rooms.
async fn room(state: &State, client: &Client, name: &str, key: &str) -> anyhow::Result<String> {
    let mut rooms = views::by_key(client).await?;
    if rooms.values().any(|id| *id == state.control_room) {
        rooms.insert("control".to_owned(), state.control_room.clone());
    }
    let keys: Vec<&str> = rooms.keys().map(String::as_str).collect();
    rooms.get(key).cloned().with_context(|| format!("{name} is in no room {key}; there is {}", keys.join(", ")))
}

/// The latest message of somebody other than the bot that was not redacted.
async fn last(state: &State, client: &Client, room: &str, key: &str) -> anyhow::Result<String> {
    let text = |event: &Value, pointer: &str| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let messages = client.messages(room, BACK).await?;
    let said = messages.iter().find(|event| {
        text(event, "/type").as_deref() == Some("m.room.message")
            && text(event, "/sender").is_some_and(|sender| sender != state.bot)
            && event.pointer("/content/body").is_some()
    });
    said.and_then(|event| text(event, "/event_id")).with_context(|| format!("nobody has said anything in {key}"))
}
