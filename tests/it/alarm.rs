//! The supervisor's part of the alarm: the script that systemd starts when the service is down, with a real receiver of
//! webhooks; and the signs of life of the service's lanes.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use equipemed_bot::engine::beats::Beats;
use equipemed_testbed::Folder;
use serde_json::Value;

/// Headers and body of a request.
type Received = (BTreeMap<String, String>, Value);

/// A real receiver of webhooks.
#[derive(Clone)]
pub(crate) struct Receiver {
    port: u16,
    status: Arc<AtomicU16>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let receiver = Self { port, status: Arc::new(AtomicU16::new(200)), received: Arc::default() };
        let routes = axum::Router::new().route("/hook", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(receiver)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// Answers with this status from now on; what it refuses is not counted as received.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, Json(body): Json<Value>) -> StatusCode {
    let status = StatusCode::from_u16(receiver.status.load(Ordering::SeqCst)).unwrap_or(StatusCode::BAD_GATEWAY);
    if status.is_success() {
        let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        receiver.received.lock().unwrap_or_else(PoisonError::into_inner).push((headers, body));
    }
    status
}

/// Runs the script with these arguments.
async fn script(folder: &Folder, arguments: &[&str]) -> anyhow::Result<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd/equipemed-bot-alarm");
    let mut command = tokio::process::Command::new("sh");
    command.arg(script).args(arguments).current_dir(folder.path());
    command.env("EQUIPEMED_ALARM_CONF", folder.path().join("alarm.conf")).env("RUNTIME_DIRECTORY", folder.path());
    command.output().await.context("sh")
}

/// States told of the bot, in order.
fn states(receiver: &Receiver) -> Vec<String> {
    let text = |(_, body): Received| body["data"]["state"].as_str().unwrap_or_default().to_owned();
    receiver.received().into_iter().map(text).collect()
}

#[tokio::test]
async fn the_script_tells_once_that_the_service_is_down_once_a_day_and_once_that_it_is_up() -> anyhow::Result<()> {
    let (folder, receiver) = (Folder::new("alarm")?, Receiver::start().await?);
    let path = |name: &str| folder.path().join(name);
    let mode = |name: &str, mode| std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(mode));
    std::fs::write(path("sendmail"), "#!/bin/sh\n{ echo \"args: $*\"; cat; } >> mail\n")?;
    mode("sendmail", 0o700)?;
    let conf = format!(
        "WEBHOOK='{}?token=geheim'\nMAIL_TO=ti@hospital.example\nMAIL_FROM=bot@hospital.example\nSENDMAIL={}\nAFTER=60\n",
        receiver.url(),
        path("sendmail").display()
    );
    std::fs::write(path("alarm.conf"), conf)?;
    let since = |seconds: i64, told: i64| {
        let now = jiff::Zoned::now().timestamp().as_second();
        let told = if told == 0 { 0 } else { now - told };
        std::fs::write(path("outage"), format!("{} {told}\n", now - seconds))
    };
    let (health, bot) = ("equipemed-bot-health.service", "equipemed-bot.service");

    // Readable by others.
    mode("alarm.conf", 0o644)?;
    let refused = script(&folder, &["test"]).await?;
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("chmod 600"));
    mode("alarm.conf", 0o600)?;
    assert!(script(&folder, &["test"]).await?.status.success());
    assert_eq!(states(&receiver), ["test"]);

    // A health check fails during a restart; that is over before anybody is told.
    assert!(script(&folder, &["down", health]).await?.status.success());
    assert!(script(&folder, &["up"]).await?.status.success());
    assert_eq!(states(&receiver).len(), 1);

    since(61, 0)?;
    // Nobody could be told: the next check tells.
    receiver.answer(500);
    std::fs::rename(path("sendmail"), path("gone"))?;
    assert!(script(&folder, &["down", health]).await?.status.success());
    receiver.answer(200);
    std::fs::rename(path("gone"), path("sendmail"))?;
    for _ in 0..3 {
        assert!(script(&folder, &["down", health]).await?.status.success());
    }
    assert_eq!(states(&receiver), ["test", "began"]);
    since(90_000, 86_401)?;
    for _ in 0..2 {
        assert!(script(&folder, &["down", bot]).await?.status.success());
    }
    assert!(script(&folder, &["up"]).await?.status.success());
    assert!(script(&folder, &["up"]).await?.status.success());
    assert_eq!(states(&receiver), ["test", "began", "lasts", "ended"]);
    // Failed for good: at once.
    assert!(script(&folder, &["down", bot]).await?.status.success());
    assert_eq!(states(&receiver).last().map(String::as_str), Some("began"));

    // A note that is cut short counts as none.
    std::fs::write(path("outage"), "")?;
    assert!(script(&folder, &["down", health]).await?.status.success());
    assert_eq!(std::fs::read_to_string(path("outage"))?.split_whitespace().last(), Some("0"));
    // What cannot be noted is still told.
    std::fs::remove_file(path("outage"))?;
    std::fs::create_dir_all(path("outage.new/x"))?;
    let told = states(&receiver).len();
    assert!(script(&folder, &["down", health]).await?.status.success());
    assert_eq!(states(&receiver).len(), told + 1);
    std::fs::remove_dir_all(path("outage.new"))?;
    assert!(script(&folder, &["down", bot]).await?.status.success());

    // A backup that failed is told each time, and is no outage of the bot.
    let outage = std::fs::read_to_string(path("outage"))?;
    assert!(script(&folder, &["down", "equipemed-backup.service"]).await?.status.success());
    assert_eq!(std::fs::read_to_string(path("outage"))?, outage);
    assert_eq!(receiver.received().pop().map(|(_, body)| body["data"]["kind"].clone()), Some("backup".into()));

    let mail = std::fs::read_to_string(path("mail"))?;
    assert!(mail.contains("args: -i -f bot@hospital.example -- ti@hospital.example"), "{mail}");
    assert!(mail.contains(": bot began\n"), "{mail}");
    for (headers, body) in receiver.received() {
        assert!(headers.contains_key("webhook-id") && headers["content-type"] == "application/json", "{headers:?}");
        assert!(["bot", "backup"].contains(&body["data"]["kind"].as_str().unwrap_or_default()), "{body}");
    }
    Ok(())
}

#[test]
fn a_lane_without_a_sign_of_life_is_named() {
    let beats = Beats::default();
    assert_eq!(beats.silent(Duration::ZERO), None);
    beats.beat("deeds");
    assert_eq!(beats.silent(Duration::from_secs(60)), None);
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(beats.silent(Duration::from_millis(1)), Some("deeds"));
}
