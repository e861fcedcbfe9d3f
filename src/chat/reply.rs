//! The answer to a command, or why it comes later.

use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ruma_common::OwnedEventId;

use crate::homeserver::Said;
use crate::operations;
use crate::speech::Answer;

/// The result as one sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Everything was done.
    Done,
    /// Some was done, or nothing yet.
    Partly,
    /// Nothing was done.
    Failed,
    /// There was nothing to do: a question was answered.
    None,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) mark: Mark,
    pub(super) answer: Answer,
    /// The command's outcome, for the audit.
    pub(super) outcome: Outcome,
    /// A message of the bot to replace with the answer.
    pub(super) edits: Option<OwnedEventId>,
    /// Whether success needs no message: in managed rooms, where the redacted message is evidence enough.
    pub(super) quiet: bool,
    /// The code of the preview in this answer.
    pub(super) prompt: Option<String>,
}

/// How a command begins.
pub(super) enum Turn {
    /// It has ended.
    Over(Reply),
    /// It continues in the background.
    Later(BoxFuture<'static, Result<Reply, Stop>>),
}

/// Why a command stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// It is not allowed, not possible, or failed.
    Why(operations::Stop),
    /// It must be worded differently; the text says how.
    Unclear(Said),
}

impl<E: Into<operations::Stop>> From<E> for Stop {
    fn from(why: E) -> Self {
        Self::Why(why.into())
    }
}

impl Turn {
    /// The answer to a question.
    pub(super) fn told(answer: Answer) -> Self {
        Self::Over(Reply::told(answer))
    }

    /// Work that continues in the background.
    pub(super) fn later(going_on: impl Future<Output = Result<Reply, Stop>> + Send + 'static) -> Self {
        Self::Later(going_on.boxed())
    }
}

impl Mark {
    /// The mark for these numbers of done and failed items.
    pub(super) fn of(done: usize, failed: usize) -> Self {
        match (done, failed) {
            (_, 0) => Self::Done,
            (0, _) => Self::Failed,
            _ => Self::Partly,
        }
    }

    pub(super) fn key(self) -> Option<&'static str> {
        match self {
            Self::Done => Some("✅"),
            Self::Partly => Some("⚠️"),
            Self::Failed => Some("❌"),
            Self::None => None,
        }
    }
}

impl Reply {
    pub(super) fn new(mark: Mark, answer: Answer) -> Self {
        let outcome = match mark {
            Mark::Failed => Outcome::Failed(Fault::NotDone),
            Mark::Partly => Outcome::Failed(Fault::Partly),
            Mark::Done | Mark::None => Outcome::Done(None),
        };
        Self { mark, answer, outcome, edits: None, quiet: false, prompt: None }
    }

    /// The answer to a question.
    pub(super) fn told(answer: Answer) -> Self {
        Self::new(Mark::None, answer)
    }

    /// Success.
    pub(super) fn done(answer: Answer) -> Self {
        Self::new(Mark::Done, answer)
    }

    /// Failure, with the reason for the audit.
    pub(super) fn failed(answer: Answer, why: Fault) -> Self {
        Self { outcome: Outcome::Failed(why), ..Self::new(Mark::Failed, answer) }
    }
}
