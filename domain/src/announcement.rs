//! Unrequested messages to the control room, each sent once.

use jiff::Timestamp;
use ruma_common::{OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::drift::Drift;
use crate::fault::Fault;
use crate::finding::Finding;
use crate::key::RoomKey;
use crate::review::HeldReason;

/// One message to the control room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "about")]
pub enum Announcement {
    /// A held part of a plan waits for approval, by two different people if `two`; `count` is its number of effects.
    Held {
        id: String,
        reason: HeldReason,
        count: usize,
        #[serde(default)]
        two: bool,
    },
    /// A held part is no longer due.
    HeldClosed { id: String },
    /// After an update, the powers that people already held were recorded with their places.
    PowersPlaced { people: usize },
    /// A change by hand was reverted.
    PutBack { room: RoomKey, what: Drift, by: OwnedUserId },
    /// A change by hand was seen and left as it is.
    Seen { room: RoomKey, what: Drift, by: OwnedUserId },
    /// The same thing was changed by hand repeatedly, so it is left alone for so many minutes.
    Fight { room: RoomKey, what: Drift, by: Vec<OwnedUserId>, minutes: u32 },
    /// The bot's account sent an event that this service has no record of; `kind` is its type.
    Stray { kind: String, room_id: OwnedRoomId },
    /// Somebody brought the bot into an unmanaged room. Includes the room's name, who did it and who created the room,
    /// where visible, and whether the bot leaves on its own.
    BroughtIn {
        room_id: OwnedRoomId,
        name: Option<String>,
        by: Option<OwnedUserId>,
        maker: Option<OwnedUserId>,
        leaves: bool,
    },
    /// EquipeMed cannot be read.
    DirectoryAway {
        #[serde(deserialize_with = "Fault::or_worded")]
        why: Fault,
    },
    /// EquipeMed can be read again, after failing since `since`.
    DirectoryBack { since: Timestamp },
    /// A finding of a pass.
    Found { finding: Finding },
}
