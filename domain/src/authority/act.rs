//! What can be asked for, and what each needs: a closed list, so that nothing is allowed that nobody thought of.

use serde::{Deserialize, Serialize};

use crate::command::{Rank, Word};
use crate::grant::{GrantId, GrantKind};
use crate::rights::Right;

/// What somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Give a level, and rights with a name.
    Promote(Rank),
    /// Take level and rights away.
    Demote,
    /// Keep somebody out for a while.
    Kick,
    /// Keep somebody out.
    Ban,
    /// Let somebody in again, whom a grant keeps out.
    Unban,
    /// Lift a ban that somebody set in a client.
    UnbanByHand,
    /// Take the voice.
    Mute,
    /// Give the voice back.
    Unmute,
    /// Lock an account.
    Lock,
    /// Unlock it.
    Unlock,
    /// Deactivate an account.
    Deactivate,
    /// Reactivate it.
    Reactivate,
    /// End one grant.
    End(GrantId),
    /// Remove messages or reactions.
    Redact(Whose),
    /// Release a held part.
    Approve,
    /// Run or preview a synchronisation.
    Sync,
    /// Read what is known of people, rooms and the past.
    Audit,
    /// Make, take over or delete rooms.
    Rooms,
}

/// Whose messages are to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The asker's own, which are no command.
    Own,
    /// Somebody else's, or a command.
    Others,
}

impl Act {
    /// What is asked for by a grant of this kind.
    #[must_use]
    pub fn of_grant(kind: GrantKind) -> Self {
        match kind {
            GrantKind::Moderator => Self::Promote(Rank::Moderator),
            GrantKind::Admin => Self::Promote(Rank::Admin),
            GrantKind::Level(level) => Self::Promote(Rank::Level(level)),
            GrantKind::Mute => Self::Mute,
            GrantKind::Kick => Self::Kick,
            GrantKind::Ban => Self::Ban,
            GrantKind::Lock => Self::Lock,
            GrantKind::Deactivate => Self::Deactivate,
        }
    }

    /// The word that asks for it. One grant is ended at the machine alone, by its number.
    #[must_use]
    pub fn word(self) -> Word {
        match self {
            Self::Promote(_) => Word::Promote,
            Self::Demote => Word::Demote,
            Self::Kick => Word::Kick,
            Self::Ban => Word::Ban,
            Self::Unban | Self::UnbanByHand => Word::Unban,
            Self::Mute => Word::Mute,
            Self::Unmute => Word::Unmute,
            Self::Lock => Word::Lock,
            Self::Unlock => Word::Unlock,
            Self::Deactivate => Word::Deactivate,
            Self::Reactivate => Word::Reactivate,
            Self::End(_) => Word::Grants,
            Self::Redact(_) => Word::Redact,
            Self::Approve => Word::Approve,
            Self::Sync => Word::Sync,
            Self::Audit => Word::Audit,
            Self::Rooms => Word::Rooms,
        }
    }

    /// The right it needs in each place; of `unban` and `end` what is ended decides.
    pub(super) fn right(self) -> Right {
        match self {
            Self::Promote(_) | Self::Demote => Right::Promote,
            Self::Ban | Self::Unban | Self::UnbanByHand => Right::Ban,
            Self::Kick | Self::Mute | Self::Unmute => Right::Kick,
            Self::Lock | Self::Unlock | Self::Deactivate | Self::Reactivate => Right::Lock,
            Self::Redact(_) => Right::Redact,
            Self::Approve | Self::End(_) => Right::Approve,
            Self::Sync => Right::Sync,
            Self::Audit => Right::Audit,
            Self::Rooms => Right::Rooms,
        }
    }

    /// Whether it is about the account and not about rooms.
    #[must_use]
    pub fn is_of_account(self) -> bool {
        matches!(self, Self::Lock | Self::Unlock | Self::Deactivate | Self::Reactivate)
    }

    /// Whether it is done to somebody, in a place with all below it.
    pub(super) fn is_about_people(self) -> bool {
        !matches!(self, Self::Redact(_) | Self::Approve | Self::Sync | Self::Audit | Self::Rooms)
    }

    /// Whether it takes something away.
    #[must_use]
    pub fn takes(self) -> bool {
        matches!(self, Self::Demote | Self::Kick | Self::Ban | Self::Mute | Self::Lock | Self::Deactivate)
    }

    /// What it grants; None when it only ends grants.
    #[must_use]
    pub fn grant(self) -> Option<GrantKind> {
        match self {
            Self::Promote(Rank::Moderator) => Some(GrantKind::Moderator),
            Self::Promote(Rank::Admin) => Some(GrantKind::Admin),
            Self::Promote(Rank::Level(level)) => Some(GrantKind::Level(level)),
            Self::Demote => Some(GrantKind::Level(0)),
            Self::Kick => Some(GrantKind::Kick),
            Self::Ban => Some(GrantKind::Ban),
            Self::Mute => Some(GrantKind::Mute),
            Self::Lock => Some(GrantKind::Lock),
            Self::Deactivate => Some(GrantKind::Deactivate),
            _ => None,
        }
    }

    /// Whether it puts an end to a grant of this kind in the same place.
    pub(super) fn ends(self, kind: GrantKind) -> bool {
        match self {
            Self::Promote(_) | Self::Demote => kind.level().is_some() && kind != GrantKind::Mute,
            Self::Mute | Self::Unmute => kind == GrantKind::Mute,
            Self::Kick => kind == GrantKind::Kick,
            Self::Ban => kind == GrantKind::Ban,
            Self::Unban => matches!(kind, GrantKind::Ban | GrantKind::Kick),
            Self::Lock | Self::Unlock => kind == GrantKind::Lock,
            Self::Deactivate | Self::Reactivate => kind == GrantKind::Deactivate,
            _ => false,
        }
    }
}

/// The right that a grant of this kind needs, and its end.
pub(super) fn right_for(kind: GrantKind) -> Right {
    Act::of_grant(kind).right()
}
