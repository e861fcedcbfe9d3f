//! Why something is refused: data, so that every surface says it in its reader's language.

use std::fmt;

use ruma_common::OwnedUserId;
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::rights::Right;

/// Why somebody may not. A room is the one in which it fails, which may be below the one that was named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// For the audit: what follows "refused:".
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("EquipeMed does not know the account"),
            Self::NotActive => f.write_str("the person is not active"),
            Self::Right { right, room: None } => write!(f, "without the right {right}"),
            Self::Right { right, room: Some(room) } => write!(f, "without the right {right} in room {room}"),
            Self::GainHeld { right } => write!(f, "the right {right} is held back"),
            Self::Own => f.write_str("about oneself"),
            Self::Protected { .. } => f.write_str("a protected account"),
            Self::Higher { room: None, .. } => f.write_str("about somebody who stands as high or higher"),
            Self::Higher { room: Some(room), .. } => {
                write!(f, "about somebody who stands as high or higher in room {room}")
            }
            Self::Above { level, own, room: None } => write!(f, "level {level} is above the own {own}"),
            Self::Above { level, own, room: Some(room) } => {
                write!(f, "level {level} is above the own {own} in room {room}")
            }
            Self::Observe => f.write_str("mode observe"),
        }
    }
}
