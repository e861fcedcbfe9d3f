//! The listener: health and metrics for monitoring, and requests from Synapse, which must have the hs_token.

pub(crate) mod clients;
mod events;
mod numbers;
mod room_cache;
mod transactions;

use std::sync::Arc;

use anyhow::Result;
use equipemed_bot::clock::Clock;
use equipemed_bot::inbound::{self, Arrivals, CommandFilter, Intake, Listeners, Pulse};
use equipemed_bot::metrics::Metrics;
use equipemed_bot::store::{InboxEvent, Store};
use equipemed_domain::key::RoomKey;
use equipemed_domain::media::Accepted;
use equipemed_testbed::Folder;
use jiff::Timestamp;
use reqwest::Method;
use ruma_common::{RoomId, user_id};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::store::scratch;

const TOKEN: &str = "the hs_token";
const BOT: &str = "@bot:hospital.example";
const ANA: &str = "@ana:hospital.example";
const CONTROL: &str = "!control:hospital.example";
const ICU: &str = "!icu:hospital.example";

/// The listener of a service with a control room and one other bound room, without an engine.
struct Desk {
    base: String,
    store: Store,
    http: reqwest::Client,
    clock: Clock,
    arrivals: Arrivals,
    stop: CancellationToken,
    answering: JoinHandle<()>,
    folder: Folder,
}

impl Desk {
    async fn new() -> Result<Self> {
        Self::with(true).await
    }

    async fn with(shows_metrics: bool) -> Result<Self> {
        let folder = scratch()?;
        let store = Store::open(&format!("sqlite://{}", folder.path().join("store.db").display())).await?;
        let clock = Clock::held(Timestamp::from_second(1_800_000_000)?);
        for (key, room) in [("control", CONTROL), ("icu", ICU)] {
            store.bind_room(&RoomKey::new(key), &RoomId::parse(room)?, clock.now()).await?;
        }
        let filter = CommandFilter {
            prefix: "!".to_owned(),
            bot: user_id!("@bot:hospital.example").to_owned(),
            bot_name: "EquipeMed".to_owned(),
            accepted: Accepted::default(),
        };
        let arrivals = Arrivals::default();
        let stop = CancellationToken::new();
        let intake = Arc::new(Intake::new(store.clone(), clock.clone(), filter, arrivals.clone(), &stop));
        intake.go_on();
        let metrics = shows_metrics.then(|| Metrics::new(1.0));
        if let Some(metrics) = &metrics {
            metrics.show_arrived(intake.metrics());
        }
        let listeners = Listeners::take("127.0.0.1:0".parse()?, None).await?;
        let base = format!("http://{}", listeners.appservice.local_addr()?);
        let pulse = Pulse::default();
        let answering = tokio::spawn({
            let (store, clock, stop) = (store.clone(), clock.clone(), stop.clone());
            async move {
                let token = SecretString::from(TOKEN);
                let answering = inbound::answer(listeners, intake, &token, pulse.clone(), metrics, stop.clone());
                tokio::join!(answering, pulse.beat(&store, &clock, &stop));
            }
        });
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { base, store, http, clock, arrivals, stop, answering, folder })
    }

    async fn ask(&self, method: Method, path: &str, token: Option<&str>, body: Vec<u8>) -> Result<(u16, String)> {
        let request = self.http.request(method, format!("{}{path}", self.base)).body(body);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// Sends a transaction like Synapse.
    async fn push(&self, id: &str, events: &[Value]) -> Result<(u16, String)> {
        self.push_text(id, &json!({"events": events}).to_string()).await
    }

    async fn push_text(&self, id: &str, body: &str) -> Result<(u16, String)> {
        let path = format!("/_matrix/app/v1/transactions/{id}");
        self.ask(Method::PUT, &path, Some(TOKEN), body.as_bytes().to_vec()).await
    }

    async fn inbox(&self) -> Result<Vec<InboxEvent>> {
        Ok(self.store.inbox_waiting(1_000).await?)
    }

    /// The ids of the events in the inbox.
    async fn ids(&self) -> Result<Vec<String>> {
        Ok(self.inbox().await?.into_iter().map(|row| row.event.event_id.to_string()).collect())
    }

    async fn metrics(&self) -> Result<String> {
        Ok(self.ask(Method::GET, "/metrics", None, Vec::new()).await?.1)
    }

    async fn end(self) -> Result<()> {
        self.stop.cancel();
        Ok(self.answering.await?)
    }
}

fn event(id: &str, room: &str, sender: &str, kind: &str, content: Value) -> Value {
    let base = json!({"event_id": id, "room_id": room, "sender": sender, "type": kind, "content": content});
    let mut event = base;
    event["origin_server_ts"] = json!(1_799_999_999_500_i64);
    event["unsigned"] = json!({"age": 500});
    event
}

fn text(id: &str, room: &str, body: &str) -> Value {
    event(id, room, ANA, "m.room.message", json!({"msgtype": "m.text", "body": body}))
}

fn state(id: &str, sender: &str, kind: &str, key: &str, content: Value) -> Value {
    let mut event = event(id, ICU, sender, kind, content);
    event["state_key"] = json!(key);
    event
}
