//! What the control room is told without having asked, and the last word in a room that was replaced: each thing once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ruma_common::{OwnedEventId, OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::account_change::{AccountChange, ChangedAccount, Then};
use crate::drift::Drift;
use crate::fault::Fault;
use crate::finding::Finding;
use crate::key::RoomKey;
use crate::media::Refused;
use crate::pause::Pause;
use crate::review::HeldReason;

/// How many accounts of a kind a message names.
const NAMED: usize = 20;

/// Accounts that were changed alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// What was changed.
    pub change: AccountChange,
    /// What becomes of it.
    pub then: Then,
    /// How many they are.
    pub count: usize,
    /// The first of them.
    pub users: Vec<OwnedUserId>,
}

/// What is told of changed accounts, in the order of the changes.
#[must_use]
pub fn accounts_changed(accounts: &[&ChangedAccount]) -> Announcement {
    let mut alike: BTreeMap<(AccountChange, Then), Vec<OwnedUserId>> = BTreeMap::new();
    for account in accounts {
        for change in &account.changes {
            alike.entry(*change).or_default().push(account.user.clone());
        }
    }
    let changed = |((change, then), mut users): (_, Vec<_>)| {
        let count = users.len();
        users.truncate(NAMED);
        Changed { change, then, count, users }
    };
    Announcement::AccountsChanged { changes: alike.into_iter().map(changed).collect() }
}

/// One message, to the control room unless it says another.
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
    /// Somebody paused the service.
    Paused { pause: Pause },
    /// Somebody ended a pause.
    Resumed { by: String },
    /// A pause ended by itself.
    PauseOver,
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
    /// In a room that was replaced: where it goes on.
    Moved { from: OwnedRoomId, room: RoomKey, to: OwnedRoomId },
    /// In the room, to its sender: a file was redacted, why, and what is accepted there.
    FileRedacted {
        room_id: OwnedRoomId,
        event_id: OwnedEventId,
        thread: Option<OwnedEventId>,
        user: OwnedUserId,
        why: Refused,
        accepted: Vec<String>,
    },
    /// A file that is not accepted was seen and left as it is; in a pause only until its end.
    FileSeen { room: RoomKey, user: OwnedUserId, why: Refused, paused: bool },
    /// A file that is not accepted could not be redacted.
    FileStays {
        room: RoomKey,
        user: OwnedUserId,
        #[serde(deserialize_with = "Fault::or_worded")]
        detail: Fault,
    },
    /// EquipeMed cannot be read.
    DirectoryAway {
        #[serde(deserialize_with = "Fault::or_worded")]
        why: Fault,
    },
    /// EquipeMed can be read again, after failing since `since`.
    DirectoryBack { since: Timestamp },
    /// Accounts that somebody changed beside this service.
    AccountsChanged { changes: Vec<Changed> },
    /// Something a pass found that somebody should look at.
    Found { finding: Finding },
}
