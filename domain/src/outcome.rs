//! What became of an action: what the audit stores and what counts are made of.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// The end of one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "detail")]
pub enum Outcome {
    /// It was done. Holds the event or room id where there is one.
    Done(Option<String>),
    /// It was so already when it came to writing.
    AlreadySo,
    /// Not tried, because something it needs did not happen.
    Skipped(#[serde(deserialize_with = "Fault::or_worded")] Fault),
    /// Tried and not done.
    Failed(#[serde(deserialize_with = "Fault::or_worded")] Fault),
    /// Asked for, and nobody could note what came of it: the store was away, or the process ended. A later look did not find
    /// it done, or cannot tell.
    Unknown,
}

/// Which end it was, without what there is to say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    Done,
    AlreadySo,
    Skipped,
    Failed,
    Unknown,
}

impl Ended {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadySo => "already_so",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl Outcome {
    /// Which end it was.
    #[must_use]
    pub fn ended(&self) -> Ended {
        match self {
            Self::Done(_) => Ended::Done,
            Self::AlreadySo => Ended::AlreadySo,
            Self::Skipped(_) => Ended::Skipped,
            Self::Failed(_) => Ended::Failed,
            Self::Unknown => Ended::Unknown,
        }
    }

    /// The word in the store.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        self.ended().as_str()
    }

    /// What is stored beside the word.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Done(id) => id.clone(),
            Self::AlreadySo | Self::Unknown => None,
            Self::Skipped(why) | Self::Failed(why) => Some(why.to_stored()),
        }
    }

    /// From the store; None for a word that this version does not know.
    #[must_use]
    pub fn from_stored(word: &str, detail: Option<String>) -> Option<Self> {
        let why = |detail: Option<String>| Fault::from_stored(&detail.unwrap_or_default());
        Some(match word {
            "done" => Self::Done(detail),
            "already_so" => Self::AlreadySo,
            "skipped" => Self::Skipped(why(detail)),
            "failed" => Self::Failed(why(detail)),
            "unknown" => Self::Unknown,
            _ => return None,
        })
    }

    /// Why it did not happen.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Skipped(why) | Self::Failed(why) => Some(why),
            Self::Done(_) | Self::AlreadySo | Self::Unknown => None,
        }
    }

    /// Whether the world is as the action wanted it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Done(_) | Self::AlreadySo)
    }
}
