//! The service's HTTP side.
//!
//! Health, readiness and metrics, Synapse's transactions, and reading back what Synapse failed to push.

mod answered;
mod appservice;
mod arrivals;
mod command_filter;
mod door;
mod intake;
mod pulse;
mod readback;
mod sort;
pub mod watch;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use self::arrivals::Arrivals;
pub use self::command_filter::CommandFilter;
pub use self::intake::Intake;
pub use self::pulse::{Pulse, Unready};
pub use self::readback::ReadBack;
use crate::metrics::{Metrics, WaitingGauge};
use crate::store::StoreError;

/// The OpenMetrics format that Prometheus requests.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The bound sockets: a port in use is reported before anything else happens.
#[derive(Debug)]
pub struct Listeners {
    /// For Synapse.
    pub appservice: TcpListener,
    /// For monitoring; None shares the other address.
    pub telemetry: Option<TcpListener>,
}

impl Listeners {
    /// Binds both addresses.
    pub async fn take(appservice: SocketAddr, telemetry: Option<SocketAddr>) -> anyhow::Result<Self> {
        let telemetry = match telemetry {
            Some(at) => Some(listen("telemetry.listen", at).await?),
            None => None,
        };
        Ok(Self { appservice: listen("appservice.listen", appservice).await?, telemetry })
    }
}

async fn listen(setting: &str, at: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(at).await.with_context(|| {
        format!("{setting}: {at} cannot be taken. Is another equipemed-bot running, or another program on that port?")
    })
}

/// Serves until the service stops; `/metrics` only if given.
pub async fn answer(
    listeners: Listeners,
    intake: Arc<Intake>,
    hs_token: &SecretString,
    pulse: Pulse,
    metrics: Option<Metrics>,
    stop: CancellationToken,
) {
    let mut watched = Router::new().route("/health", get(|| async { "alive\n" }));
    watched = watched.merge(Router::new().route("/ready", get(ready)).with_state(pulse));
    if let Some(metrics) = metrics {
        watched =
            watched.merge(Router::new().route("/metrics", get(numbers)).with_state((metrics, Arc::clone(&intake))));
    }
    let for_synapse = appservice::routes(hs_token, intake);
    match listeners.telemetry {
        // Each has its own limits, so that flooding one does not affect the other.
        Some(telemetry) => tokio::join!(
            door::keep(listeners.appservice, for_synapse, stop.clone()),
            door::keep(telemetry, watched, stop.clone())
        ),
        None => (door::keep(listeners.appservice, watched.merge(for_synapse), stop).await, ()),
    };
}

/// Ready means that the store is writable. If Synapse or EquipeMed is away, work waits.
async fn ready(State(pulse): State<Pulse>) -> (StatusCode, String) {
    match pulse.unready() {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

async fn numbers(State((metrics, intake)): State<(Metrics, Arc<Intake>)>) -> Response {
    let text = match waiting(&intake).await {
        Ok(waiting) => metrics.text(waiting).ok(),
        Err(_) => None,
    };
    match text {
        Some(text) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response(),
    }
}

async fn waiting(intake: &Intake) -> Result<WaitingGauge, StoreError> {
    let store = intake.store();
    Ok(WaitingGauge {
        wakeups: store.wakeups_waiting().await?,
        deeds: store.deeds_open().await?,
        inbox: store.inbox_open().await?,
        paused: store.pause(intake.now()).await?.is_some(),
        held: store.held_open(intake.now()).await?.len() as u64,
    })
}
