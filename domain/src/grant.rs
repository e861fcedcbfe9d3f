//! Grants: lasting wishes beyond the policy, with asker, scope, reason and expiry.
//!
//! A grant does nothing by itself: it is an input of `desired`, so its effects are planned, reviewed and audited like
//! everything else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::rights::{Rights, all_rights, moderator_rights};

/// Number of a grant; a larger one is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(pub i64);

/// What a grant gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "level")]
pub enum GrantKind {
    /// Level 50 and the rights redact and kick.
    Moderator,
    /// Level 100 and all rights.
    Admin,
    /// Only this level.
    Level(i64),
    /// Level -1: may read but not write.
    Mute,
    /// Kept out until the grant ends.
    Kick,
    /// Banned until the grant ends.
    Ban,
    /// The account is locked. Applies everywhere.
    Lock,
    /// The account is deactivated. Applies everywhere.
    Deactivate,
}

impl GrantKind {
    /// The level it gives, if any.
    #[must_use]
    pub fn level(self) -> Option<i64> {
        match self {
            Self::Moderator => Some(50),
            Self::Admin => Some(100),
            Self::Level(level) => Some(level),
            Self::Mute => Some(-1),
            Self::Kick | Self::Ban | Self::Lock | Self::Deactivate => None,
        }
    }

    /// The rights it gives.
    #[must_use]
    pub fn rights(self) -> Rights {
        match self {
            Self::Moderator => moderator_rights(),
            Self::Admin => all_rights(),
            _ => Rights::new(),
        }
    }

    /// Its name in lists and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Moderator => "moderator",
            Self::Admin => "admin",
            Self::Level(_) => "level",
            Self::Mute => "mute",
            Self::Kick => "kick",
            Self::Ban => "ban",
            Self::Lock => "lock",
            Self::Deactivate => "deactivate",
        }
    }
}

/// A lasting wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its number.
    pub id: GrantId,
    /// The person it concerns.
    pub person: PersonId,
    /// What it gives.
    pub kind: GrantKind,
    /// A room, or a space with everything below; everywhere when None.
    pub scope: Option<RoomKey>,
    /// Who asked: a Matrix id, or `operator` at the machine.
    pub asker: String,
    /// The asker's reason.
    pub reason: Option<String>,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

impl Grant {
    /// Whether it is in force at `now`.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.created_at <= now && self.expires_at.is_none_or(|end| now < end)
    }
}
