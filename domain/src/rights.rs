//! What a person may request from the bot.
//!
//! EquipeMed has no permission for moderation, so these rights are the project's own; roles and grants give them.
//! `access` tells who holds which right where.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Redact messages and reactions.
    Redact,
    /// Kick, mute, unmute.
    Kick,
    /// Ban, unban.
    Ban,
    /// Promote and demote, never above the asker's own level there.
    Promote,
    /// Lock, unlock, deactivate, reactivate.
    Lock,
    /// Create, replace, clean up, adopt rooms.
    Rooms,
    /// Run and preview a sync.
    Sync,
    /// Read users, grants, reasons and audit.
    Audit,
    /// Approve a held part.
    Approve,
}

impl Right {
    /// All rights; `all` in the configuration.
    pub const ALL: [Self; 9] = [
        Self::Redact,
        Self::Kick,
        Self::Ban,
        Self::Promote,
        Self::Lock,
        Self::Rooms,
        Self::Sync,
        Self::Audit,
        Self::Approve,
    ];

    /// Its name in configuration and chat.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Redact => "redact",
            Self::Kick => "kick",
            Self::Ban => "ban",
            Self::Promote => "promote",
            Self::Lock => "lock",
            Self::Rooms => "rooms",
            Self::Sync => "sync",
            Self::Audit => "audit",
            Self::Approve => "approve",
        }
    }

    /// The right with this name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.as_str() == word)
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of rights.
pub type Rights = BTreeSet<Right>;

/// All rights.
#[must_use]
pub fn all_rights() -> Rights {
    Right::ALL.into_iter().collect()
}

/// The rights that `promote WHO moderator` gives besides level 50.
#[must_use]
pub fn moderator_rights() -> Rights {
    [Right::Redact, Right::Kick].into_iter().collect()
}
