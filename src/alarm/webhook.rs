//! Alarms as JSON to an address: the form of Standard Webhooks, and a `text` that chat services show.

use std::time::Duration;

use equipemed_domain::alarm::Alarm;
use jiff::Timestamp;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::NotSent;

/// How long the receiver may take.
const WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn send(
    url: &SecretString,
    server_name: &str,
    alarm: &Alarm,
    text: &str,
    now: Timestamp,
) -> Result<(), NotSent> {
    let unreachable = |error: reqwest::Error| NotSent::Unreachable(cause(error.without_url()));
    let url = url.expose_secret().trim();
    let (kind, state, since) = (alarm.kind.word(), alarm.state.word(), alarm.since);
    let body = json!({
        "type": "equipemed_bot.alarm",
        "timestamp": now.to_string(),
        "data": {"kind": kind, "state": state, "since": since.to_string(), "server_name": server_name},
        "text": text,
    });
    // A redirect could lead out of what the configuration allows.
    let client = reqwest::Client::builder().redirect(Policy::none()).timeout(WITHIN).build().map_err(unreachable)?;
    // The same id when one is sent again, as after a crash.
    let day = now.duration_since(since).as_hours() / 24;
    let id = format!("{kind}-{state}-{}-{day}", since.as_millisecond());
    let request = client.post(url).header("webhook-id", id).header("webhook-timestamp", now.as_second().to_string());
    let status = request.json(&body).send().await.map_err(unreachable)?.status();
    if status.is_success() { Ok(()) } else { Err(NotSent::Status(status.as_u16())) }
}

fn cause(error: reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = &error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
