//! Lasting wishes beyond the policy, each with who asked, where, why and until when.
//!
//! A grant never carries out anything by itself: it is an input of `desired`,
//! so what it wants is planned, reviewed and audited like everything else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::rights::{Rights, all_rights, moderator_rights};

/// The store's number of a grant; a larger one is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(pub i64);

/// What is wished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "level")]
pub enum GrantKind {
    /// Level 50 and the rights redact and kick there.
    Moderator,
    /// Level 100 and all rights there.
    Admin,
    /// That level alone.
    Level(i64),
    /// Level -1: may read, not write.
    Mute,
    /// Kept out until it ends.
    Kick,
    /// Banned until it ends.
    Ban,
    /// The account is locked. Holds everywhere.
    Lock,
    /// The account is deactivated. Holds everywhere.
    Deactivate,
}

impl GrantKind {
    /// The level it gives, if it is about levels.
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

    /// The word for it in lists and the store.
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

/// One wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its number.
    pub id: GrantId,
    /// Whom it is about.
    pub person: PersonId,
    /// What is wished.
    pub kind: GrantKind,
    /// A room, or a space with all below; everywhere when absent.
    pub scope: Option<RoomKey>,
    /// Who asked: an MXID, or `operator` at the machine.
    pub asker: String,
    /// Why, as the asker wrote it.
    pub reason: Option<String>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl Grant {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.created_at <= now && self.expires_at.is_none_or(|end| now < end)
    }
}
