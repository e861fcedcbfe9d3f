//! Why a room is not taken over.

use std::collections::BTreeMap;

use ruma_common::{OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::key::RoomKey;

/// Why a room is not taken over. Nothing was changed, but that the bot may be in it now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "adoption")]
#[error("{self:?}")]
pub enum NotAdopted {
    /// The policy has no such key.
    UnknownKey { key: RoomKey },
    /// The control room is made by setup.
    ControlRoom,
    /// Synapse has no such room.
    Absent { room_id: OwnedRoomId },
    /// A room has one key.
    HasKey { key: RoomKey },
    /// A key has one room.
    KeyHasRoom { key: RoomKey, room_id: OwnedRoomId },
    /// Nothing can end encryption, and what is said in such a room cannot be moderated.
    Encrypted,
    /// One is a space and the other a room.
    WrongKind,
    /// It has a tombstone.
    Replaced,
    /// The bot is not in it, and cannot come in.
    NotInvited { bot: OwnedUserId },
    /// In mode observe no invitation is taken.
    Observe,
    /// The bot may not do there what keeping it in line needs.
    TooLow { bot: OwnedUserId, has: i64, needs: i64 },
    /// The bot could neither lower nor remove these people there, and nobody accepted that.
    BeyondReach { people: BTreeMap<OwnedUserId, i64> },
    /// Whoever is in it, or comes in, stands as high as the bot.
    EverybodyBeyondReach { default: i64, bot: i64 },
}
