//! What can go wrong between this service and Synapse, in words that a caller branches on.
//!
//! `Display` is one line for the operator and may name a user or a room, because Synapse's own sentence does;
//! [`HomeserverError::for_logs`] never does. No access token and no address with identifiers in it gets in here.

use std::time::Duration;

use matrix_sdk::HttpError;
use matrix_sdk::ruma::OwnedUserId;
use matrix_sdk::ruma::api::error::{
    DeserializationError, Error as ApiError, ErrorBody, ErrorKind, FromHttpResponseError, RetryAfter,
};
use thiserror::Error;

/// A request that did not come to the wished end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HomeserverError {
    /// The user, room, event or alias does not exist.
    #[error("Synapse does not know it: {error}")]
    NotFound {
        /// Synapse's sentence.
        error: String,
    },
    /// Synapse said no, or that it failed.
    #[error("Synapse refused with {status} {errcode}: {error}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Matrix error code.
        errcode: String,
        /// Synapse's sentence.
        error: String,
    },
    /// The external id belongs to another account.
    #[error("the external id belongs to {}", .holder.as_ref().map_or("another account", |user| user.as_str()))]
    Taken {
        /// Who has it, if Synapse said so.
        holder: Option<OwnedUserId>,
    },
    /// Too many requests, for longer than patience lasts.
    #[error("Synapse limits the rate of requests; is `rate_limited: false` in the registration file?")]
    Limited {
        /// How long Synapse wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// No answer, or one of a proxy that has no answer from Synapse.
    #[error("Synapse cannot be reached: {why}")]
    Unreachable {
        /// What happened.
        why: String,
        /// Whether the request may have been carried out all the same.
        sent: bool,
    },
    /// A request that must not be repeated blindly got no clear answer: look whether it was carried out.
    #[error("no clear answer from Synapse, the change may have been made: {why}")]
    MaybeDone {
        /// What happened.
        why: String,
    },
    /// What answers there is not a Matrix homeserver.
    #[error("the answer is not that of a Matrix homeserver ({why}); check homeserver.url and the proxy before it")]
    NotMatrix {
        /// What is wrong with it.
        why: String,
    },
    /// The access token is not known to Synapse.
    #[error(
        "Synapse does not know the as_token: name the registration file in app_service_config_files of homeserver.yaml and restart Synapse"
    )]
    UnknownToken,
    /// The account is not an administrator of the server.
    #[error("the bot is not a server administrator: run `equipemed-bot setup`")]
    NotAdmin,
    /// The bot was to take back what it did not write.
    #[error("the event is not a message or reaction of the bot's own")]
    NotOurs,
    /// This service is being stopped.
    #[error("stopped while waiting for Synapse")]
    Cancelled,
    /// The time in which this process was to make changes is over: another one may be at it.
    #[error("this process may not make changes any more; another one may have taken over")]
    Overtaken,
    /// An answer, or a request of ours, that makes no sense.
    #[error("Synapse's answer makes no sense: {why}")]
    Nonsense {
        /// What is wrong with it.
        why: String,
    },
}

impl HomeserverError {
    /// Matrix error code, when Synapse gave one that is not a variant of its own.
    #[must_use]
    pub fn errcode(&self) -> Option<&str> {
        match self {
            Self::Refused { errcode, .. } => Some(errcode),
            Self::NotFound { .. } => Some("M_NOT_FOUND"),
            Self::UnknownToken => Some("M_UNKNOWN_TOKEN"),
            Self::NotAdmin => Some("M_FORBIDDEN"),
            Self::Limited { .. } => Some("M_LIMIT_EXCEEDED"),
            _ => None,
        }
    }

    /// Whether the same request may have luck later, nothing else changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Limited { .. } | Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// Whether it says something about the whole server and not about the one thing that was asked for: the next
    /// request would fare no better.
    #[must_use]
    pub fn concerns_all(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::NotMatrix { .. }
                | Self::UnknownToken
                | Self::NotAdmin
                | Self::Cancelled
                | Self::Overtaken
        )
    }

    /// Whether it says that nothing was done.
    pub(super) fn nothing_done(&self) -> bool {
        match self {
            Self::Limited { .. } => true,
            Self::Unreachable { sent, .. } => !sent,
            _ => false,
        }
    }

    /// A name without identifiers, for logs and metrics.
    #[must_use]
    pub fn for_logs(&self) -> String {
        match self {
            Self::NotFound { .. } => "not found".to_owned(),
            Self::Refused { status, errcode, .. } => format!("refused with {status} {errcode}"),
            Self::Taken { .. } => "external id taken".to_owned(),
            Self::Limited { .. } => "rate-limited".to_owned(),
            Self::Unreachable { why, .. } => format!("unreachable: {why}"),
            Self::MaybeDone { why } => format!("no clear answer: {why}"),
            Self::NotMatrix { why } => format!("not a homeserver: {why}"),
            Self::UnknownToken => "token unknown".to_owned(),
            Self::NotAdmin => "not an administrator".to_owned(),
            Self::NotOurs => "not of the bot's own".to_owned(),
            Self::Cancelled => "stopped".to_owned(),
            Self::Overtaken => "overtaken".to_owned(),
            Self::Nonsense { .. } => "answer makes no sense".to_owned(),
        }
    }

    /// Which kind it is, in one word of a short list.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Refused { status, .. } if *status >= 500 => "server_error",
            Self::Refused { .. } | Self::Taken { .. } | Self::UnknownToken | Self::NotAdmin | Self::NotOurs => {
                "refused"
            }
            Self::Limited { .. } => "limited",
            Self::Unreachable { .. } | Self::MaybeDone { .. } => "unreachable",
            Self::NotMatrix { .. } | Self::Nonsense { .. } => "nonsense",
            Self::Cancelled | Self::Overtaken => "stopped",
        }
    }

    pub(super) fn nonsense(why: impl Into<String>) -> Self {
        Self::Nonsense { why: why.into() }
    }

    /// Classifies an answer that is not a success.
    pub(super) fn from_answer(status: u16, errcode: &str, error: &str, retry_after: Option<Duration>) -> Self {
        match (status, errcode) {
            (429, _) | (_, "M_LIMIT_EXCEEDED") => Self::Limited { retry_after },
            (_, "") => Self::without_errcode(status),
            (_, "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN") => Self::UnknownToken,
            (403, "M_FORBIDDEN") if error.contains("not a server admin") => Self::NotAdmin,
            (404, "M_NOT_FOUND") => Self::NotFound { error: error.to_owned() },
            _ => Self::Refused { status, errcode: errcode.to_owned(), error: error.to_owned() },
        }
    }

    /// An answer with neither success nor a Matrix error in it: something between here and Synapse gave it.
    fn without_errcode(status: u16) -> Self {
        if status >= 500 {
            Self::Unreachable { why: format!("answered {status} without a Matrix error, as a proxy does"), sent: true }
        } else {
            Self::NotMatrix { why: format!("answered {status} without a Matrix error") }
        }
    }

    /// A success whose body cannot be read.
    pub(super) fn from_json(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        match error.classify() {
            Category::Syntax | Category::Eof => Self::NotMatrix { why: "a success that is not JSON".to_owned() },
            // Without the sentence of serde: it may quote a value.
            Category::Data | Category::Io => {
                Self::nonsense(format!("unexpected JSON at line {} column {}", error.line(), error.column()))
            }
        }
    }
}

impl From<reqwest::Error> for HomeserverError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        // Anything after the connection was made may have reached Synapse.
        let sent = !error.is_connect() && !error.is_builder();
        let why = if error.is_timeout() {
            if sent { "no answer in time" } else { "no connection in time" }.to_owned()
        } else if error.is_connect() {
            format!("no connection: {}", root_cause(&error))
        } else {
            root_cause(&error)
        };
        if error.is_builder() { Self::nonsense(why) } else { Self::Unreachable { why, sent } }
    }
}

impl From<HttpError> for HomeserverError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Reqwest(error) => error.into(),
            HttpError::Api(error) => match *error {
                FromHttpResponseError::Server(ref answer) => match answer {
                    matrix_sdk::ruma::api::client::uiaa::UiaaResponse::MatrixError(error) => from_api(error),
                    _ => Self::nonsense("asks for interactive authentication"),
                },
                FromHttpResponseError::Deserialization(DeserializationError::Json(ref error)) => Self::from_json(error),
                _ => Self::nonsense("unexpected form of a success"),
            },
            _ => Self::nonsense("the request could not be put together"),
        }
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
            HomeserverError::from_answer(status, body.kind.errcode().as_str(), &body.message, retry_after)
        }
        ErrorBody::Json(json) => {
            let text = |field: &str| json.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
            HomeserverError::from_answer(status, text("errcode"), text("error"), None)
        }
        ErrorBody::NotJson { .. } => HomeserverError::from_answer(status, "", "", None),
    }
}

/// An instant instead of a time is never sent by Synapse; the own back-off answers it well enough.
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
