//! Why a part of a plan is held.

use serde::{Deserialize, Serialize};

use crate::key::RoomKey;

/// Why a part of a plan is held. `went` counts those of the same kind that went before, within the same 24 hours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum HeldReason {
    /// The directory shrank or is empty: nothing is destroyed.
    DirectoryShrank { before: usize, now: usize },
    /// Too many people locked or deactivated within 24 hours.
    ManyLocked {
        people: usize,
        of: usize,
        #[serde(default)]
        went: usize,
    },
    /// Too many bound accounts are missing on Synapse: it was restored or is another server.
    AccountsMissing { people: usize, of: usize },
    /// Too many deactivations within 24 hours, which are irreversible.
    ManyDeactivated { people: usize, went: usize },
    /// Too many people removed from a room within 24 hours.
    ManyRemoved {
        room: RoomKey,
        people: usize,
        of: usize,
        #[serde(default)]
        went: usize,
    },
    /// Too many people added to a room within 24 hours.
    ManyJoined { room: RoomKey, people: usize, of: usize, went: usize },
    /// Both at once: most of a room's members would be replaced.
    Rotation { room: RoomKey, out: usize, into: usize, of: usize },
    /// A room's rule suddenly matches nobody.
    RuleMatchesNobody { room: RoomKey },
    /// `users.who` suddenly selects nobody, while these people have accounts.
    NobodySelected { people: usize },
    /// Too many people gaining administrator power within 24 hours.
    ManyGain {
        people: usize,
        #[serde(default)]
        went: usize,
    },
    /// Too many people gaining other power within 24 hours: level 50 and more, or rights.
    ManyGainLesser { people: usize, went: usize },
    /// Too many people losing power within 24 hours, except through their own lock or departure.
    ManyLose { people: usize, went: usize },
    /// Nobody would be left who may approve everywhere and can sign in.
    LastAdministrator,
    /// A shorter retention, which deletes older messages.
    ShorterRetention { room: RoomKey },
    /// Held before and not released; the original reason is unknown.
    StillWaiting,
}

impl HeldReason {
    /// The reason without numbers, the same over time. Joins and removals of one room are one kind and need one
    /// consent.
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
            Self::NobodySelected { .. } => "nobody_selected".to_owned(),
            Self::ManyGain { .. } => "many_gain".to_owned(),
            Self::ManyGainLesser { .. } => "many_gain_lesser".to_owned(),
            Self::ManyLose { .. } => "many_lose".to_owned(),
            Self::LastAdministrator => "last_administrator".to_owned(),
            Self::ShorterRetention { room } => format!("shorter_retention {room}"),
            Self::StillWaiting => "still_waiting".to_owned(),
        }
    }

    /// How many of the same kind went before.
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
