//! What happens in a person's rooms as their app hears of it: one `/sync` that stays open, every event once and in order.
//!
//! Of more than a hundred events in one room at once only the newest are heard, as in an app. For whoever measures or waits for something a person sees. Asking again and again would cost the server what is measured.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::{Value, json};

use crate::Client;
use crate::client::{encode, text};

/// How long one request stays open when nothing happens.
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
    /// Whether it is of this type, in this room.
    pub fn is(&self, room: &str, kind: &str) -> bool {
        self.room == room && self.event.get("type").is_some_and(|own| own == kind)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.text("/event_id")
    }

    /// A text in it by its JSON pointer; empty when it has none there.
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
    /// Begins now: what happened before is not heard.
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

    /// The next event; None when none came in that time.
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

    /// Goes on to the first event that `found` gives a value for; fails with `what` when it does not come in time.
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
