//! What can go wrong between this service and Synapse, in words that a caller branches on.

use std::time::Duration;

use ruma_common::OwnedUserId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A request that did not come to the wished end. `Display` is its form in the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum HomeserverError {
    /// The user, room, event or alias does not exist.
    #[error("not found")]
    NotFound { what: Missing },
    /// Synapse said no, or that it failed. `error` is its own sentence, which may name somebody.
    #[error("refused with {status} {errcode}")]
    Refused { status: u16, errcode: String, error: String },
    /// The external id belongs to another account; to whose, if Synapse said so.
    #[error("external id taken")]
    Taken { holder: Option<OwnedUserId> },
    /// Too many requests, for longer than patience lasts.
    #[error("rate-limited")]
    Limited {
        /// How long Synapse wants to be left alone.
        #[serde(skip)]
        retry_after: Option<Duration>,
    },
    /// No answer, or one of a proxy that has none from Synapse.
    #[error("unreachable: {why}")]
    Unreachable {
        /// What happened.
        why: NoAnswer,
        /// Whether the request may have been carried out all the same.
        #[serde(default)]
        sent: bool,
    },
    /// A request that must not be repeated blindly got no clear answer: look whether it was carried out.
    #[error("no clear answer: {why}")]
    MaybeDone { why: NoAnswer },
    /// What answers there is not a Matrix homeserver.
    #[error("not a homeserver: {why:?}")]
    NotMatrix { why: NotMatrix },
    /// The access token is not known to Synapse.
    #[error("token unknown")]
    UnknownToken,
    /// The account is not an administrator of the server.
    #[error("not an administrator")]
    NotAdmin,
    /// The bot was to take back what it did not write.
    #[error("not of the bot's own")]
    NotOurs,
    /// This service is being stopped.
    #[error("stopped")]
    Cancelled,
    /// The time in which this process was to make changes is over: another one may be at it.
    #[error("overtaken")]
    Overtaken,
    /// An answer, or a request of ours, that makes no sense.
    #[error("answer makes no sense")]
    Nonsense { why: Nonsense },
}

/// What is not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "missing")]
pub enum Missing {
    /// What Synapse says of it.
    Said { error: String },
    /// An account.
    Account { user: OwnedUserId },
    /// An event of that room.
    Event,
}

/// Why there was no answer. `Display` is its form in the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Error)]
#[serde(rename_all = "snake_case", tag = "no_answer")]
pub enum NoAnswer {
    /// None in time.
    #[error("no answer in time")]
    InTime,
    /// Not even a connection.
    #[error("no connection in time")]
    ConnectionInTime,
    /// No connection; what the operating system says.
    #[error("no connection: {os}")]
    Connection { os: String },
    /// It broke off; what the library says.
    #[error("{said}")]
    Broken { said: String },
    /// Something in between answered.
    #[error("a proxy answered {status}")]
    Proxy { status: u16 },
    /// Synapse failed.
    #[error("refused with {status} {errcode}")]
    Refused { status: u16, errcode: String },
    /// Too many requests.
    #[error("rate-limited")]
    Limited,
}

/// What shows that something is no homeserver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "not_matrix")]
pub enum NotMatrix {
    /// A refusal without Matrix's form.
    NoMatrixError { status: u16 },
    /// A success that is no JSON.
    NoJson,
    /// A list of versions without versions.
    NoVersions,
}

/// What makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "nonsense")]
pub enum Nonsense {
    /// JSON of another shape. Without the sentence of the reader: it may quote a value.
    Shape { line: usize, column: usize },
    /// A success that cannot be read.
    Form,
    /// Synapse wants interactive authentication.
    Interaction,
    /// A room without `m.room.create`.
    NoCreate,
    /// A room whose maker has no valid id.
    Creator,
    /// No version of rooms.
    RoomVersion { version: String },
    /// An account that a change made.
    AccountAppeared { user: OwnedUserId },
    /// An account of another server in the list of this one's.
    ForeignAccount { user: OwnedUserId },
    /// A list of accounts without the bot.
    ListWithoutBot,
    /// A room's deletion goes on and on.
    DeletionEndless,
    /// A room's deletion failed; in Synapse's words.
    DeletionFailed { said: String },
    /// The request could not be put together, for which there is no reason but a mistake of ours.
    Request { said: String },
}

impl HomeserverError {
    /// An answer of another form than it should have.
    #[must_use]
    pub fn nonsense(why: Nonsense) -> Self {
        Self::Nonsense { why }
    }

    /// A request that could not be put together.
    #[must_use]
    pub fn bad_request(said: impl ToString) -> Self {
        Self::nonsense(Nonsense::Request { said: said.to_string() })
    }

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
    #[must_use]
    pub fn nothing_done(&self) -> bool {
        match self {
            Self::Limited { .. } => true,
            Self::Unreachable { sent, .. } => !sent,
            _ => false,
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

    /// What is known of a change whose answer was lost in this way.
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
