//! What became of an action: what the audit stores and what counts are made of.

use serde::{Deserialize, Serialize};

/// The end of one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "detail")]
pub enum Outcome {
    /// Synapse did it. Holds the event or room id where there is one.
    Done(Option<String>),
    /// It was so already when it came to writing.
    AlreadySo,
    /// Not tried, because something it needs did not happen.
    Skipped(String),
    /// Tried and not done. Holds errcode and answer.
    Failed(String),
    /// Asked for, and nobody could note what came of it: the store was away, or the process ended. A later look did not find
    /// it done, or cannot tell.
    Unknown,
}

impl Outcome {
    /// The word in the store.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::AlreadySo => "already_so",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// What there is to say beside the word.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Done(detail) => detail.as_deref(),
            Self::AlreadySo | Self::Unknown => None,
            Self::Skipped(why) | Self::Failed(why) => Some(why),
        }
    }

    /// Whether the world is as the action wanted it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Done(_) | Self::AlreadySo)
    }
}
