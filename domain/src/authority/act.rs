//! The closed list of acts and the right that each needs, so that nothing is allowed by accident.

use serde::{Deserialize, Serialize};

use crate::command::{Rank, Word};
use crate::grant::{GrantId, GrantKind};
use crate::rights::Right;

/// An act that somebody requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Grant a level; a named rank also grants rights.
    Promote(Rank),
    /// Take level and rights away.
    Demote,
    /// Keep a person out of a room for a while.
    Kick,
    /// Ban a person.
    Ban,
    /// Let in a person whom a grant keeps out.
    Unban,
    /// Lift a ban that was set in a client.
    UnbanByHand,
    /// Stop a person from writing.
    Mute,
    /// Let a person write again.
    Unmute,
    /// Lock an account.
    Lock,
    /// Unlock an account.
    Unlock,
    /// End all sessions of an account.
    SignOut,
    /// Deactivate an account.
    Deactivate,
    /// Reactivate an account.
    Reactivate,
    /// End one grant.
    End(GrantId),
    /// Redact messages or reactions.
    Redact(Whose),
    /// Approve a held part.
    Approve,
    /// Run or preview a sync.
    Sync,
    /// Read about people, rooms and the past.
    Audit,
    /// Create, adopt or delete rooms.
    Rooms,
}

/// Whose messages to redact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The asker's own, except commands.
    Own,
    /// Anybody else's, and commands.
    Others,
}

impl Act {
    /// The act that creates a grant of this kind.
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
            Self::SignOut => Word::SignOut,
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

    /// The right needed in each place; for `unban` and `end`, the ended grants decide instead.
    pub(super) fn right(self) -> Right {
        match self {
            Self::Promote(_) | Self::Demote => Right::Promote,
            Self::Ban | Self::Unban | Self::UnbanByHand => Right::Ban,
            Self::Kick | Self::Mute | Self::Unmute => Right::Kick,
            Self::Lock | Self::Unlock | Self::SignOut | Self::Deactivate | Self::Reactivate => Right::Lock,
            Self::Redact(_) => Right::Redact,
            Self::Approve | Self::End(_) => Right::Approve,
            Self::Sync => Right::Sync,
            Self::Audit => Right::Audit,
            Self::Rooms => Right::Rooms,
        }
    }

    /// Whether it concerns the account rather than rooms.
    #[must_use]
    pub fn is_of_account(self) -> bool {
        matches!(self, Self::Lock | Self::Unlock | Self::SignOut | Self::Deactivate | Self::Reactivate)
    }

    /// Whether it concerns a person, in a place and everything below it.
    pub(super) fn is_about_people(self) -> bool {
        !matches!(self, Self::Redact(_) | Self::Approve | Self::Sync | Self::Audit | Self::Rooms)
    }

    /// Whether it takes something away from the person.
    #[must_use]
    pub fn takes(self) -> bool {
        matches!(
            self,
            Self::Demote | Self::Kick | Self::Ban | Self::Mute | Self::Lock | Self::SignOut | Self::Deactivate
        )
    }

    /// The grant it adds; None when it only ends grants.
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

    /// Whether it ends a grant of this kind in the same place.
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

/// The right needed to give or end a grant of this kind.
pub(super) fn right_for(kind: GrantKind) -> Right {
    Act::of_grant(kind).right()
}
