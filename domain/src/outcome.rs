//! Outcomes of actions, for the audit and for counts.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// The outcome of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "detail")]
pub enum Outcome {
    /// Done, with the event or room id if there is one.
    Done(Option<String>),
    /// Nothing to do when it was about to be written.
    AlreadySo,
    /// Not tried, because a prerequisite is missing.
    Skipped(#[serde(deserialize_with = "Fault::or_worded")] Fault),
    /// Tried without success.
    Failed(#[serde(deserialize_with = "Fault::or_worded")] Fault),
    /// Requested, but the result could not be noted because the store was away or the process ended. A later check
    /// found it not done, or cannot tell.
    Unknown,
}

/// An outcome without details.
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
    /// Its name in the store.
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
    /// The outcome without details.
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

    /// Its name in the store.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        self.ended().as_str()
    }

    /// The detail stored next to the name.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Done(id) => id.clone(),
            Self::AlreadySo | Self::Unknown => None,
            Self::Skipped(why) | Self::Failed(why) => Some(why.to_stored()),
        }
    }

    /// Reads a stored outcome; None for a name that this version does not know.
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

    /// The fault, if it was not done.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Skipped(why) | Self::Failed(why) => Some(why),
            Self::Done(_) | Self::AlreadySo | Self::Unknown => None,
        }
    }

    /// Whether the desired state is reached.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Done(_) | Self::AlreadySo)
    }
}
