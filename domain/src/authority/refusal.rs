//! Refusals, as data that every surface words in its reader's language.

use ruma_common::OwnedUserId;
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::rights::Right;

/// Why somebody may not do something. A room is where the check fails, perhaps below the requested one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "refusal")]
pub enum Refusal {
    /// EquipeMed does not know the account.
    Unknown,
    /// EquipeMed knows the person, but not as active.
    NotActive,
    /// The right is missing in this room, or outside rooms.
    Right { right: Right, room: Option<RoomKey> },
    /// EquipeMed gives the right, but the brakes hold it until somebody approves.
    GainHeld { right: Right },
    /// Nobody may do this to themselves.
    Own,
    /// The account is protected.
    Protected { user: OwnedUserId },
    /// The person's rank there is not below the asker's.
    Higher { person: PersonId, room: Option<RoomKey> },
    /// The level exceeds the asker's own there.
    Above { level: i64, own: i64, room: Option<RoomKey> },
    /// Mode observe changes nothing.
    Observe,
}

impl Refusal {
    /// Its name.
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
