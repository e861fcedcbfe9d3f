//! Measures the redaction of many messages of one person by one command, compared with a bare client that knows their
//! ids and sends the same requests, several at once.

use anyhow::Context as _;
use equipemed_testbed::client::encode;
use equipemed_testbed::rooms::room_path;
use equipemed_testbed::{Client, Seen, random_hex};
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::arguments::Arguments;
use crate::bare::{self, Call, Lane};
use crate::opened::{Opened, milliseconds};
use crate::report::{Report, Row, Table, median, progress};
use crate::world;

/// Maximum time relative to the bare client.
const RATIO: f64 = 1.15;
/// Requests of the bare client in flight: more are no faster, since Synapse works on one at a time.
const IN_FLIGHT: usize = 8;

/// Measures both in turns.
pub(crate) async fn many(arguments: &Arguments, report: &mut Report) -> anyhow::Result<Vec<Table>> {
    let rounds = arguments.rounds.unwrap_or(arguments.size(5, 2));
    let count = arguments.size(200, 30);
    let mut opened = Opened::begin(arguments).await?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // The order alternates.
        if round.is_multiple_of(2) {
            ours.push(opened.by_command(count).await?);
            bare.push(opened.by_hand(count).await?);
        } else {
            bare.push(opened.by_hand(count).await?);
            ours.push(opened.by_command(count).await?);
        }
        progress(&format!("{} of {rounds} rounds", round + 1));
    }
    let ratio = median(ours.iter().copied()) / median(bare.iter().copied());
    report.target(format!("{count} messages redacted by a command, against a bare client (medians)"), ratio, RATIO);
    let rows = vec![
        Row { ratio: Some(ratio), ..Row::times("!redact WHO last N, from the confirmation to its ✅", &ours) },
        Row::times(format!("a bare client: the same redactions, {IN_FLIGHT} at once"), &bare),
    ];
    let title = format!("{count} messages of one person, {rounds} rounds in turns; ratio: of medians");
    Ok(vec![Table { title, rows, notes: Vec::new() }])
}

impl Opened {
    async fn by_command(&mut self, count: usize) -> anyhow::Result<f64> {
        let sent = send(&self.author, &self.ward, count).await?;
        let command = format!("!redact {} last {count} in {}", self.author.user_id(), world::room_key(0));
        let said = self.chief.client.send_text(&self.control, &command).await?;
        let preview = self.chief.sees("the preview", |seen| {
            seen.is(&self.control, "m.room.message")
                && seen.text("/content/m.relates_to/m.in_reply_to/event_id") == said
        });
        let text = preview.await?.seen.text("/content/body").to_owned();
        let code = text.split_once("!confirm ").context("the preview has no code")?.1;
        let code: String = code.chars().take_while(char::is_ascii_alphanumeric).collect();
        let start = Instant::now();
        let confirmed = self.chief.client.send_text(&self.control, &format!("!confirm {code}")).await?;
        let is_done = |seen: &Seen| {
            seen.text("/content/m.relates_to/event_id") == confirmed && seen.text("/content/m.relates_to/key") == "✅"
        };
        let end = self.chief.sees("the mark of success", is_done).await?.at;
        let bot = self.world.client()?;
        for event in sent {
            let seen = bot.event(&self.ward, &event).await?;
            anyhow::ensure!(!seen["unsigned"]["redacted_because"].is_null(), "{event} was not redacted");
        }
        Ok(milliseconds(start, end))
    }

    async fn by_hand(&mut self, count: usize) -> anyhow::Result<f64> {
        let sent = send(&self.author, &self.bare_ward, count).await?;
        let (client, ward) = (self.bare.client.clone(), self.bare_ward.clone());
        let start = Instant::now();
        // Synapse knows a redaction again by its transaction, whatever event it names.
        let calls = sent.iter().map(|event| Call {
            method: Method::PUT,
            path: room_path(&ward, &format!("redact/{}/by-hand-{}", encode(event), encode(event))),
            body: json!({"reason": "asked for"}),
        });
        let lane = Lane { calls: calls.collect(), in_flight: IN_FLIGHT };
        bare::send(&client, vec![lane]).await?;
        Ok(milliseconds(start, Instant::now()))
    }
}

/// Sends messages; returns their ids.
async fn send(author: &Client, room: &str, count: usize) -> anyhow::Result<Vec<String>> {
    let begun = random_hex(4)?;
    let calls = (0..count).map(|number| Call {
        method: Method::PUT,
        path: room_path(room, &format!("send/m.room.message/{begun}-{number}")),
        body: json!({"msgtype": "m.text", "body": format!("mensagem {number}")}),
    });
    let lane = Lane { calls: calls.collect(), in_flight: IN_FLIGHT };
    let sent = bare::send(author, vec![lane]).await?;
    let id = |answer: &serde_json::Value| answer.get("event_id")?.as_str().map(str::to_owned);
    sent.iter().map(|answer| id(answer).context("an answer without an event's id")).collect()
}
