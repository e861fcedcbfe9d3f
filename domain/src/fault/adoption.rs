//! Why a room cannot be adopted, or replaced.

use std::collections::BTreeMap;

use ruma_common::{OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::key::RoomKey;

/// Why a room cannot be adopted. Nothing was changed, except that the bot may have joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "adoption")]
#[error("{self:?}")]
pub enum NotAdopted {
    /// The policy has no such key.
    UnknownKey { key: RoomKey },
    /// Only setup makes the control room.
    ControlRoom,
    /// Synapse has no such room.
    Absent { room_id: OwnedRoomId },
    /// The room already has a key.
    HasKey { key: RoomKey },
    /// The key already has a room.
    KeyHasRoom { key: RoomKey, room_id: OwnedRoomId },
    /// The room is encrypted, which cannot be undone and prevents moderation.
    Encrypted,
    /// Only one of the two is a space.
    WrongKind,
    /// The room has a tombstone.
    Replaced,
    /// The bot is not in the room and cannot join.
    NotInvited { bot: OwnedUserId },
    /// Mode observe accepts no invitations.
    Observe,
    /// The bot's level is too low to manage the room.
    TooLow { bot: OwnedUserId, has: i64, needs: i64 },
    /// The bot could neither lower nor remove these people, and nobody accepted that.
    BeyondReach { people: BTreeMap<OwnedUserId, i64> },
    /// Every member has by default at least the bot's level.
    EverybodyBeyondReach { default: i64, bot: i64 },
}

/// Why a room cannot be replaced. The room stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "replacement")]
#[error("{self:?}")]
pub enum NotReplaced {
    /// The policy has no such key.
    UnknownKey { key: RoomKey },
    /// The key has no room yet: a pass makes one.
    NoRoom { key: RoomKey },
}
