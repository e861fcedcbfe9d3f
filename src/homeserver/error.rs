//! Maps errors of the client libraries to [`HomeserverError`].
//!
//! Access tokens and addresses with identifiers never get in here.

use std::time::Duration;

use equipemed_domain::fault::{HomeserverError, Missing, NoAnswer, Nonsense, NotMatrix};
use matrix_sdk::HttpError;
use matrix_sdk::ruma::api::error::{
    DeserializationError, Error as ApiError, ErrorBody, ErrorKind, FromHttpResponseError, RetryAfter,
};

/// Classifies an error response.
pub(super) fn from_answer(status: u16, errcode: &str, error: &str, retry_after: Option<Duration>) -> HomeserverError {
    match (status, errcode) {
        (429, _) | (_, "M_LIMIT_EXCEEDED") => HomeserverError::Limited { retry_after },
        // Without a Matrix error code, the response came from a proxy in front of Synapse.
        (500.., "") => HomeserverError::Unreachable { why: NoAnswer::Proxy { status }, sent: true },
        (_, "") => HomeserverError::NotMatrix { why: NotMatrix::NoMatrixError { status } },
        (_, "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN") => HomeserverError::UnknownToken,
        (403, "M_FORBIDDEN") if error.contains("not a server admin") => HomeserverError::NotAdmin,
        (404, "M_NOT_FOUND") => HomeserverError::NotFound { what: Missing::Said { error: error.to_owned() } },
        _ => HomeserverError::Refused { status, errcode: errcode.to_owned(), error: error.to_owned() },
    }
}

/// Classifies a successful response whose body cannot be read.
pub(super) fn from_json(error: &serde_json::Error) -> HomeserverError {
    use serde_json::error::Category;
    match error.classify() {
        Category::Syntax | Category::Eof => HomeserverError::NotMatrix { why: NotMatrix::NoJson },
        // Omits serde's message, which may quote a value.
        Category::Data | Category::Io => {
            HomeserverError::nonsense(Nonsense::Shape { line: error.line(), column: error.column() })
        }
    }
}

/// Classifies a request without a response, or a response that broke off.
pub(super) fn from_reqwest(error: reqwest::Error) -> HomeserverError {
    let error = error.without_url();
    if error.is_builder() {
        return HomeserverError::bad_request(root_cause(&error));
    }
    // Once connected, the request may have reached Synapse.
    let sent = !error.is_connect();
    let why = match (error.is_timeout(), sent) {
        (true, true) => NoAnswer::InTime,
        (true, false) => NoAnswer::ConnectionInTime,
        (false, true) => NoAnswer::Broken { said: root_cause(&error) },
        (false, false) => NoAnswer::Connection { os: root_cause(&error) },
    };
    HomeserverError::Unreachable { why, sent }
}

pub(super) fn from_client(error: HttpError) -> HomeserverError {
    match error {
        HttpError::Reqwest(error) => from_reqwest(error),
        HttpError::Api(error) => match *error {
            FromHttpResponseError::Server(ref answer) => match answer {
                matrix_sdk::ruma::api::client::uiaa::UiaaResponse::MatrixError(error) => from_api(error),
                _ => HomeserverError::nonsense(Nonsense::Interaction),
            },
            FromHttpResponseError::Deserialization(DeserializationError::Json(ref error)) => from_json(error),
            _ => HomeserverError::nonsense(Nonsense::Form),
        },
        error => HomeserverError::bad_request(error),
    }
}

fn from_api(error: &ApiError) -> HomeserverError {
    let status = error.status_code.as_u16();
    match &error.body {
        ErrorBody::Standard(body) => {
            let retry_after = match &body.kind {
                ErrorKind::LimitExceeded(data) => data.retry_after.as_ref().and_then(delay),
                _ => None,
            };
            from_answer(status, body.kind.errcode().as_str(), &body.message, retry_after)
        }
        ErrorBody::Json(json) => {
            let text = |field: &str| json.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
            from_answer(status, text("errcode"), text("error"), None)
        }
        ErrorBody::NotJson { .. } => from_answer(status, "", "", None),
    }
}

/// Ignores a date: Synapse never sends one, and the service's own back-off covers it.
fn delay(retry_after: &RetryAfter) -> Option<Duration> {
    match retry_after {
        RetryAfter::Delay(delay) => Some(*delay),
        RetryAfter::DateTime(_) => None,
    }
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
