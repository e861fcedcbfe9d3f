//! Why something is refused: data, so that every surface says it in its reader's language.

use ruma_common::OwnedUserId;
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::rights::Right;

/// Why somebody may not. A room is the one in which it fails, which may be below the one that was named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "refusal")]
pub enum Refusal {
    /// EquipeMed does not know the account.
    Unknown,
    /// It knows the person, and not as active.
    NotActive,
    /// The right is missing there; outside rooms when there is none.
    Right { right: Right, room: Option<RoomKey> },
    /// EquipeMed gives the right, and the brakes hold that back until somebody approves it.
    GainHeld { right: Right },
    /// Nobody does that to oneself.
    Own,
    /// A protected account.
    Protected { user: OwnedUserId },
    /// Somebody who stands as high or higher there.
    Higher { person: PersonId, room: Option<RoomKey> },
    /// A higher level than the asker has there.
    Above { level: i64, own: i64, room: Option<RoomKey> },
    /// Nothing is changed in mode observe.
    Observe,
}

impl Refusal {
    /// Which one it is, in one word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NotActive => "not_active",
            Self::Right { .. } => "right",
            Self::GainHeld { .. } => "gain_held",
            Self::Own => "own",
            Self::Protected { .. } => "protected",
            Self::Higher { .. } => "higher",
            Self::Above { .. } => "above",
            Self::Observe => "observe",
        }
    }
}
