//! What the outside may ask of the running service over HTTP.
//!
//! Whether it is alive and able to work, its numbers, and what Synapse has to tell; and what Synapse may have failed to tell.

mod answered;
mod appservice;
mod arrivals;
mod ear;
mod event;
mod intake;
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
pub use self::ear::Ear;
pub use self::intake::Intake;
pub use self::readback::ReadBack;
use crate::metrics::{Metrics, Waiting};
use crate::store::StoreError;

/// OpenMetrics, which Prometheus asks for.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Takes the address, so that a port in use is told before anything else happens.
///
/// # Errors
/// When the address cannot be taken.
pub async fn listen(at: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(at).await.with_context(|| {
        format!("appservice.listen: {at} cannot be taken. Is another equipemed-bot running, or another program on that port?")
    })
}

/// Answers until the service stops; `/metrics` only with metrics.
///
/// # Errors
/// When the listener breaks.
pub async fn answer(
    listener: TcpListener,
    intake: Arc<Intake>,
    hs_token: &SecretString,
    metrics: Option<Metrics>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut routes = Router::new()
        .route("/health", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .with_state(Arc::clone(&intake));
    if let Some(metrics) = metrics {
        routes = routes.merge(Router::new().route("/metrics", get(numbers)).with_state((metrics, Arc::clone(&intake))));
    }
    let routes = routes.merge(appservice::routes(hs_token, intake));
    axum::serve(listener, routes)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
        .context("the listener broke")
}

/// Whether work can be done: the store answers. Synapse and EquipeMed may be away, then work waits.
async fn ready(State(intake): State<Arc<Intake>>) -> (StatusCode, &'static str) {
    match intake.store().check().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
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

async fn waiting(intake: &Intake) -> Result<Waiting, StoreError> {
    let store = intake.store();
    Ok(Waiting {
        wakeups: store.wakeups_waiting().await?,
        deeds: store.deeds_open().await?,
        inbox: store.inbox_open().await?,
        held: store.held_open(intake.now()).await?.len() as u64,
    })
}
