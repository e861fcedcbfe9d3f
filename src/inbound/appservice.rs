//! What Synapse asks of an application service (Application Service API, v1).
//!
//! Transactions are taken and not looked at yet: rooms are read anew at every
//! pass. Unanswered, Synapse would keep every event for later and take this
//! service for down.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};

/// The routes, each of which wants the registration's hs_token.
pub(super) fn routes(hs_token: &SecretString) -> Router {
    let expected = Arc::new(digest(hs_token.expose_secret()));
    Router::new()
        .route("/_matrix/app/v1/transactions/{id}", put(nothing))
        .route("/_matrix/app/v1/ping", post(nothing))
        // The bot is the only user of the namespace and exists; aliases are made by this service itself.
        .route("/_matrix/app/v1/users/{id}", get(unknown))
        .route("/_matrix/app/v1/rooms/{alias}", get(unknown))
        .layer(middleware::from_fn_with_state(expected, check_token))
}

async fn nothing() -> Response {
    Json(json!({})).into_response()
}

async fn unknown() -> Response {
    refusal(StatusCode::NOT_FOUND, "M_NOT_FOUND", "There is nothing of that name.")
}

fn refusal(status: StatusCode, errcode: &str, error: &str) -> Response {
    (status, Json(json!({ "errcode": errcode, "error": error }))).into_response()
}

/// Digests are compared and not the tokens: how long that takes tells nothing about the token.
fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

async fn check_token(State(expected): State<Arc<[u8; 32]>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match given.and_then(|value| value.strip_prefix("Bearer ")) {
        None => refusal(StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN", "The hs_token is missing."),
        Some(token) if digest(token) == *expected => next.run(request).await,
        Some(_) => refusal(StatusCode::FORBIDDEN, "M_FORBIDDEN", "That is not the hs_token."),
    }
}
