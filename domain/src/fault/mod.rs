//! Faults: the closed list of reasons why something failed, stored and passed on as data.
//!
//! Every failed step, deed, pass or command has one, so that each surface can word it in its reader's language and the
//! compiler finds places that lack wording. `Display` is the short form for the log; it omits Synapse's messages, which
//! may name people.

mod adoption;
mod directory;
mod homeserver;
mod store;

use std::collections::BTreeSet;

use ruma_common::{OwnedRoomAliasId, OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Deserializer, Serialize};

pub use adoption::{NotAdopted, NotReplaced};
pub use directory::{
    ColumnProblem, ColumnType, DirectoryError, HalfWritten, NotAllowed, NotLetIn, NotThere, Notifications, Setup,
};
pub use homeserver::{HomeserverError, Missing, NoAnswer, Nonsense, NotMatrix};
pub use store::{Away, BadCell, BadUrl, Conflict, Fix, StoreError, StoreRow};

use crate::authority::Refusal;
use crate::finding::Finding;
use crate::key::RoomKey;

/// Why something did not happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "fault", content = "of")]
pub enum Fault {
    /// A fault of Synapse.
    #[error(transparent)]
    Homeserver(#[from] HomeserverError),
    /// A fault of EquipeMed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A fault of the service's own database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault, and the stage where it occurred.
    #[error("{stage:?}: {why}")]
    During { stage: Stage, why: Box<Self> },
    /// A pass was interrupted.
    #[error("interrupted: {0:?}")]
    Interrupted(Interruption),
    /// A step was skipped because of an interruption; it is retried.
    #[error("left: {0:?}")]
    Left(Interruption),

    /// The account could not be created.
    #[error("an account could not be made")]
    AccountNotMade { user: OwnedUserId },
    /// An account of that name existed and was not created by this service.
    #[error("an account was there already")]
    AccountExisted { user: OwnedUserId },
    /// The account could not be locked, so the consequences wait.
    #[error("an account could not be locked")]
    NotLocked,
    /// EquipeMed no longer has an e-mail address for the person.
    #[error("no address any more")]
    NoAddress,
    /// The room could not be created.
    #[error("room {room} could not be made")]
    RoomNotMade { room: RoomKey },
    /// A picture's file cannot be read.
    #[error("the picture {path} cannot be read")]
    PictureUnreadable { path: String, why: String },
    /// Synapse encrypts new rooms by itself. The one that showed it was deleted again, and no other is made.
    #[error("Synapse encrypts new rooms by itself")]
    Encrypts,
    /// Several rooms have the key; the next pass lists them.
    #[error("several rooms have the key {room}")]
    KeyTwice { room: RoomKey },
    /// The alias belongs to a room with members.
    #[error("the alias of room {room} belongs to another")]
    AliasTaken { alias: OwnedRoomAliasId, holder: OwnedRoomId, room: RoomKey },
    /// The room's power levels event is full.
    #[error("the level event is full")]
    LevelsFull,
    /// Others keep changing the same thing.
    #[error("others change the same all the time")]
    OthersChange,
    /// Another process has taken the lease.
    #[error("another process took over")]
    OtherTookOver,
    /// Another process keeps storing other people.
    #[error("another process notes other people")]
    OthersNote,
    /// No held part has this id.
    #[error("nothing is held as {id}")]
    NotHeld { id: String },
    /// The clock shows a time outside the calendar.
    #[error("the clock stands at the end of time")]
    Clock,

    /// The bot stays in a room that it was asked to leave.
    #[error("the bot stays: {0:?}")]
    Stays(Stays),
    /// The file of a redacted message was left where it is.
    #[error("the file stays: {0:?}")]
    FileStays(FileStays),
    /// A room to be deleted has members.
    #[error("{count} people are in the room")]
    PeopleInside { count: u64 },
    /// Somebody else was invited into the room since it was shown.
    #[error("people are invited")]
    PeopleInvited { people: BTreeSet<OwnedUserId> },
    /// A room cannot be adopted.
    #[error("not adopted: {0:?}")]
    Adoption(#[from] NotAdopted),
    /// A room cannot be replaced.
    #[error("not replaced: {0:?}")]
    Replacement(#[from] NotReplaced),
    /// The person got an account in the meantime.
    #[error("the person got an account meanwhile")]
    GotAccount,

    /// There is no control room yet, or another one was chosen.
    #[error("control room: {0:?}")]
    ControlRoom(#[from] NotSetUp),
    /// A finding has to be resolved first.
    #[error("{}", .0.kind())]
    Found(Box<Finding>),

    /// The asker is not allowed to.
    #[error("refused: {}", .0.as_str())]
    Refused(Refusal),
    /// Not done, for a reason that was reported separately.
    #[error("not done")]
    NotDone,
    /// Only partly done.
    #[error("a part was not done")]
    Partly,
    /// The command was ambiguous.
    #[error("not clear")]
    Unclear,
    /// The command named no known person or thing.
    #[error("not found")]
    NotIdentified,
    /// The command arrived late.
    #[error("late")]
    Late,
    /// The service is paused.
    #[error("paused")]
    Paused,
    /// Somebody stopped the request before this part of it was begun.
    #[error("halted")]
    Halted,
    /// EquipeMed could not be read to check rights.
    #[error("EquipeMed could not be read")]
    DirectoryAway,
    /// The service was stopped.
    #[error("stopped")]
    Stopped,
    /// Not done yet; it is retried.
    #[error("waits")]
    Waits,
    /// Something was added to what was approved.
    #[error("something was added")]
    SomethingAdded,
    /// The working process ended.
    #[error("the process that was at it ended")]
    ProcessEnded,

    /// Free text: from an earlier version, or for an unforeseen reason.
    #[error("{0}")]
    Worded(String),
}

/// What was being done when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    ReadPeople,
    ReadAccounts,
    ReadAccount,
    WriteAudit,
    WriteOutcomes,
    ReadUnfinished,
    ReadClaims,
    SettleUnfinished,
    NotePresence,
    NoteAbsences,
    NoteAgreement,
    NoteNames,
    NoteStates,
    NotePowers,
    NoteFulfilled,
}

impl Stage {
    /// Its word in the texts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadPeople => "read-people",
            Self::ReadAccounts => "read-accounts",
            Self::ReadAccount => "read-account",
            Self::WriteAudit => "write-audit",
            Self::WriteOutcomes => "write-outcomes",
            Self::ReadUnfinished => "read-unfinished",
            Self::ReadClaims => "read-claims",
            Self::SettleUnfinished => "settle-unfinished",
            Self::NotePresence => "note-presence",
            Self::NoteAbsences => "note-absences",
            Self::NoteAgreement => "note-agreement",
            Self::NoteNames => "note-names",
            Self::NoteStates => "note-states",
            Self::NotePowers => "note-powers",
            Self::NoteFulfilled => "note-fulfilled",
        }
    }
}

/// What interrupted a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interruption {
    /// Synapse did not respond, or refused the service.
    Synapse,
    /// The service's own database could not be read or written.
    Database,
    /// The service was asked to stop.
    Stop,
    /// The service was paused.
    Pause,
}

/// Why the file of a redacted message stays reachable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileStays {
    /// Somebody else uploaded it.
    OfAnother,
    /// It is kept by another server.
    Elsewhere,
    /// An administrator protects it from quarantine.
    Protected,
    /// It is accepted: by its own type, where only the message said otherwise, or by now.
    Accepted,
    /// By now, files that are not accepted are only told of.
    Told,
}

/// Why the control room is not set up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "control_room")]
#[error("{self:?}")]
pub enum NotSetUp {
    /// The configuration has none.
    NotConfigured,
    /// One was chosen, but the bot made none before.
    NoneBefore,
    /// The chosen room is not the existing one.
    Another { is: OwnedRoomId, chosen: OwnedRoomId },
    /// Synapse's response was unclear, and there is no room.
    NotMade { why: HomeserverError },
}

/// Why the bot stays in a room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stays")]
pub enum Stays {
    /// Its hour is not over; it may have been brought in again.
    Yet,
    /// The room is or was managed.
    Managed,
    /// It does not: somebody removed it in the meantime.
    Gone,
    /// The bot made or marked the room.
    Ours,
    /// The room replaced a managed one.
    Follows { room: RoomKey },
}

/// Where a fault lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The service's own database.
    Database,
    /// Synapse.
    Synapse,
    /// EquipeMed, or the roster in its place.
    EquipeMed,
}

impl Side {
    /// Its name in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Synapse => "synapse",
            Self::EquipeMed => "equipemed",
        }
    }
}

impl Fault {
    /// Where the fault lies; None when it is in this service.
    #[must_use]
    pub fn side(&self) -> Option<Side> {
        match self {
            Self::Homeserver(_) => Some(Side::Synapse),
            Self::Directory(_) => Some(Side::EquipeMed),
            Self::Store(_) => Some(Side::Database),
            Self::During { why, .. } => why.side(),
            _ => None,
        }
    }

    /// Whether a prerequisite is missing, so that nothing was tried.
    #[must_use]
    pub fn is_unmet_need(&self) -> bool {
        matches!(
            self,
            Self::AccountNotMade { .. } | Self::RoomNotMade { .. } | Self::KeyTwice { .. } | Self::AliasTaken { .. }
        )
    }

    /// As text for the store.
    #[must_use]
    pub fn to_stored(&self) -> String {
        match self {
            Self::Worded(text) => text.clone(),
            // JSON can represent every variant.
            fault => serde_json::to_string(fault).unwrap_or_else(|_| fault.to_string()),
        }
    }

    /// From the store: as data, or as text of an earlier version.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        match text.starts_with('{') {
            true => serde_json::from_str(text).unwrap_or_else(|_| Self::Worded(text.to_owned())),
            false => Self::Worded(text.to_owned()),
        }
    }

    /// Deserialises a field of stored JSON, which an earlier version wrote as a sentence.
    ///
    /// # Errors
    /// When it is neither.
    pub fn or_worded<'de, T: From<Self>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let fault = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self::Worded(text)),
            value => serde_json::from_value(value).map_err(serde::de::Error::custom),
        };
        fault.map(T::from)
    }
}

/// Adds to a fault what was being done.
pub trait During<T> {
    /// Adds the stage to the fault.
    ///
    /// # Errors
    /// The original fault with the stage.
    fn during(self, stage: Stage) -> Result<T, Fault>;
}

impl<T, E: Into<Fault>> During<T> for Result<T, E> {
    fn during(self, stage: Stage) -> Result<T, Fault> {
        self.map_err(|why| Fault::During { stage, why: Box::new(why.into()) })
    }
}
