//! A person's events as their app gets them: an open `/sync`, with every event once and in order.
//!
//! For measuring or awaiting what a person sees; polling would burden the server. As in an app, of more than a hundred
//! simultaneous events in a room only the newest arrive.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::{Value, json};

use crate::Client;
use crate::client::{encode, text};

/// How long a request stays open without events.
const OPEN_MS: u64 = 20_000;

/// An event and its room.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The room's id.
    pub room: String,
    /// The event as the person's app gets it.
    pub event: Value,
}

impl Seen {
    /// Whether it has this type and room.
    pub fn is(&self, room: &str, kind: &str) -> bool {
        self.room == room && self.event.get("type").is_some_and(|own| own == kind)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.text("/event_id")
    }

    /// A text in it by JSON pointer; empty if missing.
    pub fn text(&self, pointer: &str) -> &str {
        self.event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

/// An open `/sync`.
#[derive(Debug)]
pub struct Stream {
    client: Client,
    filter: String,
    since: String,
    heard: VecDeque<Seen>,
}

impl Stream {
    /// Starts now, without earlier events.
    pub async fn begin(client: &Client) -> anyhow::Result<Self> {
        let nothing = json!({"types": []});
        let filter = json!({
            "presence": nothing, "account_data": nothing,
            "room": {"ephemeral": nothing, "account_data": nothing, "timeline": {"limit": 100}, "state": {"lazy_load_members": true}},
        });
        let filter = encode(&filter.to_string());
        let answer = client.get_ok(&format!("/_matrix/client/v3/sync?timeout=0&filter={filter}")).await?;
        let since = text(&answer, "next_batch")?.to_owned();
        Ok(Self { client: client.clone(), filter, since, heard: VecDeque::new() })
    }

    /// The next event; None if none arrives in time.
    pub async fn next(&mut self, within: Duration) -> anyhow::Result<Option<Seen>> {
        let start = Instant::now();
        loop {
            if let Some(seen) = self.heard.pop_front() {
                return Ok(Some(seen));
            }
            let left = within.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            self.ask(left).await?;
        }
    }

    /// Waits for the first event for which `found` returns a value; fails with `what` after the time limit.
    pub async fn until<T>(
        &mut self,
        what: &str,
        within: Duration,
        mut found: impl FnMut(&Seen) -> Option<T>,
    ) -> anyhow::Result<T> {
        let start = Instant::now();
        loop {
            match self.next(within.saturating_sub(start.elapsed())).await? {
                Some(seen) => {
                    if let Some(value) = found(&seen) {
                        return Ok(value);
                    }
                }
                None => bail!("{what} did not come within {within:?}"),
            }
        }
    }

    async fn ask(&mut self, at_most: Duration) -> anyhow::Result<()> {
        let open = u64::try_from(at_most.as_millis()).unwrap_or(OPEN_MS).clamp(1, OPEN_MS);
        let path =
            format!("/_matrix/client/v3/sync?timeout={open}&since={}&filter={}", encode(&self.since), self.filter);
        let answer = self.client.get_ok(&path).await?;
        text(&answer, "next_batch")?.clone_into(&mut self.since);
        for (room, part) in answer.pointer("/rooms/join").and_then(Value::as_object).into_iter().flatten() {
            let events = part.pointer("/timeline/events").and_then(Value::as_array).into_iter().flatten();
            self.heard.extend(events.map(|event| Seen { room: room.clone(), event: event.clone() }));
        }
        Ok(())
    }
}
