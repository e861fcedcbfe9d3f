//! Why a part of a plan is held.

use serde::{Deserialize, Serialize};

use crate::key::RoomKey;

/// Why a part of a plan is held. `went` is how many of the same kind went before, within the same 24 hours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum HeldReason {
    /// The directory shrank, or is empty: nothing at all is destroyed.
    DirectoryShrank { before: usize, now: usize },
    /// Too many people would be locked or deactivated within 24 hours.
    ManyLocked {
        people: usize,
        of: usize,
        #[serde(default)]
        went: usize,
    },
    /// Too many bound accounts are no longer on Synapse: a restored or another server.
    AccountsMissing { people: usize, of: usize },
    /// Too many accounts would be deactivated within 24 hours, which cannot be undone.
    ManyDeactivated { people: usize, went: usize },
    /// Too many people would be removed from a room within 24 hours.
    ManyRemoved {
        room: RoomKey,
        people: usize,
        of: usize,
        #[serde(default)]
        went: usize,
    },
    /// Too many people would be put into a room within 24 hours.
    ManyJoined { room: RoomKey, people: usize, of: usize, went: usize },
    /// Both at once: most of a room's people would be exchanged.
    Rotation { room: RoomKey, out: usize, into: usize, of: usize },
    /// A room's rule suddenly matches nobody.
    RuleMatchesNobody { room: RoomKey },
    /// Too many people would gain administrator power within 24 hours.
    ManyGain {
        people: usize,
        #[serde(default)]
        went: usize,
    },
    /// Too many people would gain other power within 24 hours: level 50 and more, or rights.
    ManyGainLesser { people: usize, went: usize },
    /// Too many people would lose power within 24 hours, other than by their own lock or departure.
    ManyLose { people: usize, went: usize },
    /// Nobody would be left who may approve everywhere and can sign in.
    LastAdministrator,
    /// Messages would be kept for a shorter time, which deletes the older ones.
    ShorterRetention { room: RoomKey },
    /// It was held before and nobody released it, and why it was is not known any more.
    StillWaiting,
}

impl HeldReason {
    /// The reason without its numbers: parts of one kind are the same thing at different moments. Who comes into a
    /// room and who goes are one thing, with one answer.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::DirectoryShrank { .. } => "directory_shrank".to_owned(),
            Self::ManyLocked { .. } => "many_locked".to_owned(),
            Self::AccountsMissing { .. } => "accounts_missing".to_owned(),
            Self::ManyDeactivated { .. } => "many_deactivated".to_owned(),
            Self::ManyRemoved { room, .. }
            | Self::ManyJoined { room, .. }
            | Self::Rotation { room, .. }
            | Self::RuleMatchesNobody { room } => format!("members {room}"),
            Self::ManyGain { .. } => "many_gain".to_owned(),
            Self::ManyGainLesser { .. } => "many_gain_lesser".to_owned(),
            Self::ManyLose { .. } => "many_lose".to_owned(),
            Self::LastAdministrator => "last_administrator".to_owned(),
            Self::ShorterRetention { room } => format!("shorter_retention {room}"),
            Self::StillWaiting => "still_waiting".to_owned(),
        }
    }

    /// How many of the same kind went before it was held.
    #[must_use]
    pub fn went(&self) -> usize {
        match self {
            Self::ManyLocked { went, .. }
            | Self::ManyDeactivated { went, .. }
            | Self::ManyRemoved { went, .. }
            | Self::ManyJoined { went, .. }
            | Self::ManyGain { went, .. }
            | Self::ManyGainLesser { went, .. }
            | Self::ManyLose { went, .. } => *went,
            _ => 0,
        }
    }
}
