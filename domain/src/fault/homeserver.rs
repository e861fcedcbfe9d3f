//! Faults between this service and Synapse, grouped by how callers react.

use std::time::Duration;

use ruma_common::OwnedUserId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A failed request. `Display` is the form for the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum HomeserverError {
    /// The user, room, event or alias does not exist.
    #[error("not found")]
    NotFound { what: Missing },
    /// Synapse refused or failed. `error` is its own message, which may name somebody.
    #[error("refused with {status} {errcode}")]
    Refused { status: u16, errcode: String, error: String },
    /// The external id belongs to another account, named if Synapse said so.
    #[error("external id taken")]
    Taken { holder: Option<OwnedUserId> },
    /// Too many requests, for longer than the retries last.
    #[error("rate-limited")]
    Limited {
        /// How long Synapse asks to wait.
        #[serde(skip)]
        retry_after: Option<Duration>,
    },
    /// No response, or only a proxy's.
    #[error("unreachable: {why}")]
    Unreachable {
        /// What happened.
        why: NoAnswer,
        /// Whether the request may still have been carried out.
        #[serde(default)]
        sent: bool,
    },
    /// The outcome of a request that must not be repeated is unknown: check whether it was carried out.
    #[error("no clear answer: {why}")]
    MaybeDone { why: NoAnswer },
    /// The server is not a Matrix homeserver.
    #[error("not a homeserver: {why:?}")]
    NotMatrix { why: NotMatrix },
    /// Synapse does not know the access token.
    #[error("token unknown")]
    UnknownToken,
    /// The account is not an administrator of the server.
    #[error("not an administrator")]
    NotAdmin,
    /// Another service keeps the server's accounts, and decides who administers it.
    #[error("accounts are kept elsewhere")]
    Delegated,
    /// The bot was asked to redact an event that it did not send.
    #[error("not of the bot's own")]
    NotOurs,
    /// This service is stopping.
    #[error("stopped")]
    Cancelled,
    /// The process's term is over: another process may be making changes.
    #[error("overtaken")]
    Overtaken,
    /// A response, or a request of ours, is invalid.
    #[error("answer makes no sense")]
    Nonsense { why: Nonsense },
}

/// What does not exist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "missing")]
pub enum Missing {
    /// As described by Synapse.
    Said { error: String },
    /// An account.
    Account { user: OwnedUserId },
    /// An event in that room.
    Event,
    /// The room: Synapse's list of rooms does not have it.
    Room,
}

/// Why there was no response. `Display` is the form for the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Error)]
#[serde(rename_all = "snake_case", tag = "no_answer")]
pub enum NoAnswer {
    /// No response in time.
    #[error("no answer in time")]
    InTime,
    /// No connection in time.
    #[error("no connection in time")]
    ConnectionInTime,
    /// No connection, with the operating system's message.
    #[error("no connection: {os}")]
    Connection { os: String },
    /// The connection broke, with the library's message.
    #[error("{said}")]
    Broken { said: String },
    /// A proxy responded.
    #[error("a proxy answered {status}")]
    Proxy { status: u16 },
    /// Synapse failed.
    #[error("refused with {status} {errcode}")]
    Refused { status: u16, errcode: String },
    /// Too many requests.
    #[error("rate-limited")]
    Limited,
}

/// How a server shows that it is not a homeserver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "not_matrix")]
pub enum NotMatrix {
    /// An error response that is not in Matrix format.
    NoMatrixError { status: u16 },
    /// A successful response that is not JSON.
    NoJson,
    /// A version list without versions.
    NoVersions,
}

/// What is invalid.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "nonsense")]
pub enum Nonsense {
    /// JSON of another shape. Omits the parser's message, which may quote a value.
    Shape { line: usize, column: usize },
    /// A successful response that cannot be parsed.
    Form,
    /// Synapse requires interactive authentication.
    Interaction,
    /// A room without `m.room.create`.
    NoCreate,
    /// A room whose creator has an invalid id.
    Creator,
    /// An invalid room version.
    RoomVersion { version: String },
    /// A change created an account.
    AccountAppeared { user: OwnedUserId },
    /// This server's user list contains an account of another server.
    ForeignAccount { user: OwnedUserId },
    /// The user list does not contain the bot.
    ListWithoutBot,
    /// A room's deletion does not end.
    DeletionEndless,
    /// A room's deletion failed, in Synapse's words.
    DeletionFailed { said: String },
    /// The request could not be built, because of a bug.
    Request { said: String },
}

impl HomeserverError {
    /// An invalid response.
    #[must_use]
    pub fn nonsense(why: Nonsense) -> Self {
        Self::Nonsense { why }
    }

    /// A request that could not be built.
    #[must_use]
    pub fn bad_request(said: impl ToString) -> Self {
        Self::nonsense(Nonsense::Request { said: said.to_string() })
    }

    /// The Matrix error code, unless the error has its own variant.
    #[must_use]
    pub fn errcode(&self) -> Option<&str> {
        match self {
            Self::Refused { errcode, .. } => Some(errcode),
            Self::NotFound { .. } => Some("M_NOT_FOUND"),
            Self::UnknownToken => Some("M_UNKNOWN_TOKEN"),
            Self::NotAdmin | Self::Delegated => Some("M_FORBIDDEN"),
            Self::Limited { .. } => Some("M_LIMIT_EXCEEDED"),
            _ => None,
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Limited { .. } | Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// Whether there is nothing there that the bot could see, as after a room was deleted.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::Refused { status: 403 | 404, .. })
    }

    /// Whether the problem affects the whole server, so that the next request would fail too.
    #[must_use]
    pub fn concerns_all(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::NotMatrix { .. }
                | Self::UnknownToken
                | Self::NotAdmin
                | Self::Delegated
                | Self::Cancelled
                | Self::Overtaken
        )
    }

    /// Whether certainly nothing was done.
    #[must_use]
    pub fn nothing_done(&self) -> bool {
        match self {
            Self::Limited { .. } => true,
            Self::Unreachable { sent, .. } => !sent,
            _ => false,
        }
    }

    /// A short name for the kind of error.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Refused { status, .. } if *status >= 500 => "server_error",
            Self::Refused { .. }
            | Self::Taken { .. }
            | Self::UnknownToken
            | Self::NotAdmin
            | Self::Delegated
            | Self::NotOurs => "refused",
            Self::Limited { .. } => "limited",
            Self::Unreachable { .. } | Self::MaybeDone { .. } => "unreachable",
            Self::NotMatrix { .. } | Self::Nonsense { .. } => "nonsense",
            Self::Cancelled | Self::Overtaken => "stopped",
        }
    }

    /// What is known about a change whose response was lost this way.
    #[must_use]
    pub fn maybe_done(self) -> Self {
        let why = match self {
            Self::Unreachable { why, .. } => why,
            Self::Refused { status, errcode, .. } => NoAnswer::Refused { status, errcode },
            Self::Limited { .. } => NoAnswer::Limited,
            other => return other,
        };
        Self::MaybeDone { why }
    }
}
