//! What the outside may ask of the running service over HTTP.
//!
//! Whether it is alive and able to work, and Synapse's own questions.

mod appservice;
pub mod watch;

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// Takes the address, so that a port in use is told before anything else happens.
///
/// # Errors
/// When the address cannot be taken.
pub async fn listen(at: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(at).await.with_context(|| {
        format!("appservice.listen: {at} cannot be taken. Is another equipemed-bot running, or another program on that port?")
    })
}

/// Answers until the service stops.
///
/// # Errors
/// When the listener breaks.
pub async fn answer(
    listener: TcpListener,
    store: Store,
    hs_token: &SecretString,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let routes =
        Router::new().route("/health", get(|| async { "alive\n" })).route("/ready", get(ready)).with_state(store);
    let routes = routes.merge(appservice::routes(hs_token));
    axum::serve(listener, routes)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
        .context("the listener broke")
}

/// Whether work can be done: the store answers. Synapse and EquipeMed may be away, then work waits.
async fn ready(State(store): State<Store>) -> (StatusCode, &'static str) {
    match store.check().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}
