//! The endpoints that Synapse calls (Application Service API, v1).
//!
//! A transaction is acknowledged once its relevant events are stored; until then Synapse keeps it and resends it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::door::ConnectionStage;
use super::intake::{Intake, Untaken};

/// A transaction has at most 100 events of 64 KiB, plus what Synapse adds to each.
const LARGEST: usize = 16 * 1024 * 1024;
/// Time limit for receiving a body.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// The routes; all require the registration's hs_token.
pub(super) fn routes(hs_token: &SecretString, intake: Arc<Intake>) -> Router {
    let expected = Arc::new(digest(hs_token.expose_secret()));
    Router::new()
        .route("/_matrix/app/v1/transactions/{id}", put(transaction).layer(DefaultBodyLimit::max(LARGEST)))
        .route("/_matrix/app/v1/ping", post(ping))
        .route("/_matrix/app/v1/users/{id}", get(user))
        // This service creates its aliases itself, never on Synapse's request.
        .route("/_matrix/app/v1/rooms/{alias}", get(async || not_found()))
        .route_layer(middleware::from_fn_with_state(expected, check_token))
        .with_state(intake)
}

async fn transaction(State(intake): State<Arc<Intake>>, Path(id): Path<String>, request: Request) -> Response {
    let stage = request.extensions().get::<ConnectionStage>().cloned().unwrap_or_default();
    let body = match tokio::time::timeout(BODY_WITHIN, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            tracing::error!(bytes.limit = LARGEST, "A transaction is larger than any should be and is refused");
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE", "A transaction of that size is not taken.");
        }
        Ok(Err(_)) => return not_json(),
        Err(_) => return refusal(StatusCode::REQUEST_TIMEOUT, "M_UNKNOWN", "The body took too long to arrive."),
    };
    stage.arrived().await;
    // Runs in its own task, which continues when Synapse hangs up: otherwise events could be stored without anybody
    // being notified.
    let taking = tokio::spawn(async move { intake.transaction(&id, &body).await });
    match taking.await {
        Ok(Ok(())) => nothing(),
        Ok(Err(Untaken::NotJson)) => not_json(),
        Ok(Err(Untaken::Store(error))) => {
            tracing::error!(%error, "A transaction could not be stored; Synapse sends it again");
            not_stored()
        }
        Err(_) => not_stored(),
    }
}

/// Only tests whether Synapse reaches this service.
async fn ping() -> Response {
    nothing()
}

async fn user(State(intake): State<Arc<Intake>>, Path(id): Path<String>) -> Response {
    if id == intake.filter().bot.as_str() { nothing() } else { not_found() }
}

fn nothing() -> Response {
    Json(json!({})).into_response()
}

fn not_found() -> Response {
    refusal(StatusCode::NOT_FOUND, "M_NOT_FOUND", "There is nothing of that name.")
}

fn not_json() -> Response {
    tracing::warn!("A transaction is cut off or makes no sense; Synapse sends it again");
    refusal(StatusCode::BAD_REQUEST, "M_NOT_JSON", "The body is not a transaction.")
}

fn not_stored() -> Response {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", "It could not be stored; send it again.")
}

fn refusal(status: StatusCode, errcode: &str, error: &str) -> Response {
    (status, Json(json!({ "errcode": errcode, "error": error }))).into_response()
}

/// Comparing digests instead of tokens keeps the timing independent of the token.
fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

async fn check_token(State(expected): State<Arc<[u8; 32]>>, request: Request, next: Next) -> Response {
    // The old way to authenticate; it would put the token into the log of every proxy.
    if request.uri().query().is_some_and(|query| query.split('&').any(|part| part.starts_with("access_token="))) {
        return refusal(
            StatusCode::FORBIDDEN,
            "M_FORBIDDEN",
            "Tokens in addresses are not taken: use_appservice_legacy_authorization must be off.",
        );
    }
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match given.and_then(|value| value.strip_prefix("Bearer ")) {
        None => refusal(StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN", "The hs_token is missing."),
        Some(token) if digest(token) == *expected => next.run(request).await,
        Some(_) => refusal(StatusCode::FORBIDDEN, "M_FORBIDDEN", "That is not the hs_token."),
    }
}
