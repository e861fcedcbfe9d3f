//! The answer to a command, or why there is none yet.

use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ruma_common::OwnedEventId;

use crate::homeserver::Said;
use crate::operations;
use crate::speech::Answer;

/// How it went, as one sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// All of it.
    Done,
    /// Some of it, or not yet.
    Partly,
    /// Nothing of it.
    Failed,
    /// Nothing was to be done: a question answered.
    None,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) mark: Mark,
    pub(super) answer: Answer,
    /// What became of the command, for the audit.
    pub(super) outcome: Outcome,
    /// A message of ours that becomes the answer.
    pub(super) edits: Option<OwnedEventId>,
    /// Whether success needs no words: in managed rooms, where a removed message speaks for itself.
    pub(super) quiet: bool,
    /// The code of the preview that this shows.
    pub(super) prompt: Option<String>,
}

/// How carrying out a command begins.
pub(super) enum Turn {
    /// It is over.
    Over(Reply),
    /// It goes on, beside other commands.
    Later(BoxFuture<'static, Result<Reply, Stop>>),
}

/// Why it goes no further.
#[derive(Debug)]
pub(super) enum Stop {
    /// It may not be, cannot be or did not work.
    Why(operations::Stop),
    /// It has to be said differently; what to tell.
    Unclear(Said),
}

impl<E: Into<operations::Stop>> From<E> for Stop {
    fn from(why: E) -> Self {
        Self::Why(why.into())
    }
}

impl Turn {
    /// A question answered.
    pub(super) fn told(answer: Answer) -> Self {
        Self::Over(Reply::told(answer))
    }

    /// Something that goes on.
    pub(super) fn later(going_on: impl Future<Output = Result<Reply, Stop>> + Send + 'static) -> Self {
        Self::Later(going_on.boxed())
    }
}

impl Mark {
    /// The mark of so many done and so many failed.
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

    /// A question answered.
    pub(super) fn told(answer: Answer) -> Self {
        Self::new(Mark::None, answer)
    }

    /// Done.
    pub(super) fn done(answer: Answer) -> Self {
        Self::new(Mark::Done, answer)
    }

    /// Failed, for a reason that the audit keeps.
    pub(super) fn failed(answer: Answer, why: Fault) -> Self {
        Self { outcome: Outcome::Failed(why), ..Self::new(Mark::Failed, answer) }
    }
}
