//! What the control room is told without having asked: each thing once.

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
    /// A part of a plan waits for approval.
    Held {
        /// Its id.
        id: String,
        /// Why.
        reason: HeldReason,
        /// How many actions.
        count: usize,
        /// Whether two different people have to approve it.
        #[serde(default)]
        two: bool,
    },
    /// A part that waited is not due any more.
    HeldClosed {
        /// Its id.
        id: String,
    },
    /// After an update: powers that people held before are noted with their places.
    PowersPlaced {
        /// Of how many people.
        people: usize,
    },
    /// A change by hand was put back.
    PutBack {
        /// Where.
        room: RoomKey,
        /// What.
        what: Drift,
        /// Who changed it.
        by: OwnedUserId,
    },
    /// A change by hand was seen and left.
    Seen {
        /// Where.
        room: RoomKey,
        /// What.
        what: Drift,
        /// Who changed it.
        by: OwnedUserId,
    },
    /// The same thing is changed by hand again and again: it is left alone for a while.
    Fight {
        /// Where.
        room: RoomKey,
        /// What.
        what: Drift,
        /// Who.
        by: Vec<OwnedUserId>,
        /// For how long it is left alone.
        minutes: u32,
    },
    /// Something the bot's own account did that this service has no record of.
    Stray {
        /// The event's type.
        kind: String,
        /// Where.
        room_id: OwnedRoomId,
    },
    /// Somebody brought the bot into a room that it does not manage.
    BroughtIn {
        /// The room.
        room_id: OwnedRoomId,
        /// What it is called by whoever made it, where the bot can see that.
        name: Option<String>,
        /// Who did, where that was seen.
        by: Option<OwnedUserId>,
        /// Who made it, where the bot can see that.
        maker: Option<OwnedUserId>,
        /// Whether the bot leaves it by itself.
        leaves: bool,
    },
    /// EquipeMed cannot be read.
    DirectoryAway {
        /// Why.
        #[serde(deserialize_with = "Fault::or_worded")]
        why: Fault,
    },
    /// EquipeMed can be read again.
    DirectoryBack {
        /// Since when it could not.
        since: Timestamp,
    },
    /// Something a pass found that somebody should look at.
    Found {
        /// What.
        finding: Finding,
    },
}
