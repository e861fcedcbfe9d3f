//! Why something did not come to its wished end: one closed list, passed on and stored as data.
//!
//! What a step, a deed, a pass or a command ended with is one of these, so that every surface says it in its reader's
//! language and the compiler finds the places where a new one has to be worded. `Display` is the form in the log: short,
//! and without what Synapse wrote, which may name people.

mod adoption;
mod directory;
mod homeserver;
mod store;

use ruma_common::{OwnedRoomAliasId, OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Deserializer, Serialize};

pub use adoption::NotAdopted;
pub use directory::{
    ColumnProblem, ColumnType, DirectoryError, HalfWritten, NotAllowed, NotLetIn, NotThere, Notifications, Setup,
};
pub use homeserver::{HomeserverError, Missing, NoAnswer, Nonsense, NotMatrix};
pub use store::{Away, BadCell, BadUrl, Conflict, Fix, Row, StoreError};

use crate::authority::Refusal;
use crate::finding::Finding;
use crate::key::RoomKey;

/// Why something did not happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "fault", content = "of")]
pub enum Fault {
    /// Synapse.
    #[error(transparent)]
    Homeserver(#[from] HomeserverError),
    /// EquipeMed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The service's own database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One of these, and what was being done.
    #[error("{stage:?}: {why}")]
    During { stage: Stage, why: Box<Self> },
    /// It came to an end before its end.
    #[error("interrupted: {0:?}")]
    Interrupted(Interruption),
    /// A step was left because of that; it is tried again.
    #[error("left: {0:?}")]
    Left(Interruption),

    /// The account could not be made.
    #[error("an account could not be made")]
    AccountNotMade { user: OwnedUserId },
    /// An account of that name was there, and was not made here.
    #[error("an account was there already")]
    AccountExisted { user: OwnedUserId },
    /// The account could not be locked, and what follows from that waits.
    #[error("an account could not be locked")]
    NotLocked,
    /// EquipeMed has no e-mail address of the person any more.
    #[error("no address any more")]
    NoAddress,
    /// The room could not be made.
    #[error("room {room} could not be made")]
    RoomNotMade { room: RoomKey },
    /// Several rooms have the key; the next pass names them.
    #[error("several rooms have the key {room}")]
    KeyTwice { room: RoomKey },
    /// The alias belongs to a room that people are in.
    #[error("the alias of room {room} belongs to another")]
    AliasTaken { alias: OwnedRoomAliasId, holder: OwnedRoomId, room: RoomKey },
    /// The room's level event holds no more.
    #[error("the level event is full")]
    LevelsFull,
    /// Others change the same all the time.
    #[error("others change the same all the time")]
    OthersChange,
    /// Another process has the lease now.
    #[error("another process took over")]
    OtherTookOver,
    /// Another process notes other people all the time.
    #[error("another process notes other people")]
    OthersNote,
    /// Nothing is held under that id.
    #[error("nothing is held as {id}")]
    NotHeld { id: String },
    /// The clock stands where no time can be reckoned with.
    #[error("the clock stands at the end of time")]
    Clock,

    /// The bot stays in a room that it was to leave.
    #[error("the bot stays: {0:?}")]
    Stays(Stays),
    /// There are people in a room that was to be deleted.
    #[error("{count} people are in the room")]
    PeopleInside { count: u64 },
    /// A room is not taken over.
    #[error("not adopted: {0:?}")]
    Adoption(#[from] NotAdopted),
    /// A person got an account while they were to be given one.
    #[error("the person got an account meanwhile")]
    GotAccount,

    /// There is no control room yet, or not the one that was chosen.
    #[error("control room: {0:?}")]
    ControlRoom(#[from] NotSetUp),
    /// Somebody has to see to this first.
    #[error("{}", .0.kind())]
    Found(Box<Finding>),

    /// The asker may not.
    #[error("refused: {}", .0.as_str())]
    Refused(Refusal),
    /// Not done, for a reason of its own that was told.
    #[error("not done")]
    NotDone,
    /// A part was not done.
    #[error("a part was not done")]
    Partly,
    /// A command that was not clear.
    #[error("not clear")]
    Unclear,
    /// A command about nobody, or about nothing.
    #[error("not found")]
    NotIdentified,
    /// A command that came late.
    #[error("late")]
    Late,
    /// EquipeMed could not be read, so that no right could be checked.
    #[error("EquipeMed could not be read")]
    DirectoryAway,
    /// The service was stopped.
    #[error("stopped")]
    Stopped,
    /// Not done yet; it is tried again.
    #[error("waits")]
    Waits,
    /// Something was added to what was approved.
    #[error("something was added")]
    SomethingAdded,
    /// The process that was at it ended.
    #[error("the process that was at it ended")]
    ProcessEnded,

    /// As it was worded: by an earlier version, or by something that nobody foresaw.
    #[error("{0}")]
    Worded(String),
}

/// What was being done when something failed.
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

/// Which side ended a pass before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interruption {
    /// Synapse did not answer, or let nobody in.
    Synapse,
    /// The service's own database could not be read or written.
    Database,
    /// The service was asked to stop.
    Stop,
}

/// What is with the control room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "control_room")]
#[error("{self:?}")]
pub enum NotSetUp {
    /// The configuration names none.
    NotConfigured,
    /// One was chosen, and the bot made none before.
    NoneBefore,
    /// Another one was chosen than there is.
    Another { is: OwnedRoomId, chosen: OwnedRoomId },
    /// Synapse gave no clear answer, and there is no room.
    NotMade { why: HomeserverError },
}

/// Why the bot stays in a room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stays")]
pub enum Stays {
    /// Its hour is not over, as when it was brought there anew.
    Yet,
    /// It is a managed room, or was one.
    Managed,
    /// It does not: somebody took it out meanwhile.
    Gone,
    /// The bot made it, or marked it.
    Ours,
    /// A managed room was replaced by it.
    Follows { room: RoomKey },
}

/// The side that a fault is on.
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
    /// Whose fault it is; None of one that is nobody's but ours.
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

    /// Whether it says that something needed is not there, so that nothing was tried.
    #[must_use]
    pub fn is_unmet_need(&self) -> bool {
        matches!(
            self,
            Self::AccountNotMade { .. } | Self::RoomNotMade { .. } | Self::KeyTwice { .. } | Self::AliasTaken { .. }
        )
    }

    /// Its form in the store.
    #[must_use]
    pub fn to_stored(&self) -> String {
        match self {
            Self::Worded(text) => text.clone(),
            // Nothing in it that JSON does not know.
            fault => serde_json::to_string(fault).unwrap_or_else(|_| fault.to_string()),
        }
    }

    /// From the store: as data, or as an earlier version worded it.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        match text.starts_with('{') {
            true => serde_json::from_str(text).unwrap_or_else(|_| Self::Worded(text.to_owned())),
            false => Self::Worded(text.to_owned()),
        }
    }

    /// As a field of stored JSON, which an earlier version wrote as a sentence.
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

/// Says of a failure what was being done.
pub trait During<T> {
    /// The same result, whose fault names the stage.
    ///
    /// # Errors
    /// The same, with the stage.
    fn during(self, stage: Stage) -> Result<T, Fault>;
}

impl<T, E: Into<Fault>> During<T> for Result<T, E> {
    fn during(self, stage: Stage) -> Result<T, Fault> {
        self.map_err(|why| Fault::During { stage, why: Box::new(why.into()) })
    }
}
