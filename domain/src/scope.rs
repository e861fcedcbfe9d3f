//! What a pass looks at: everything, or some accounts and rooms.

use std::collections::BTreeSet;

use ruma_common::{OwnedUserId, UserId};

use crate::directory::PersonId;
use crate::key::RoomKey;

/// Whom a pass looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Everybody and everything.
    Everything,
    /// One person's account; rooms that must change for it are woken.
    Person(PersonId),
    /// One room.
    Room(RoomKey),
}

/// The extent of a plan. What is outside was perhaps not observed and appears in no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every managed account and room.
    Everything,
    /// These alone.
    Only {
        /// Accounts.
        accounts: BTreeSet<OwnedUserId>,
        /// Rooms.
        rooms: BTreeSet<RoomKey>,
    },
}

impl Scope {
    /// One room.
    #[must_use]
    pub fn room(room: &RoomKey) -> Self {
        Self::Only { accounts: BTreeSet::new(), rooms: BTreeSet::from([room.clone()]) }
    }

    /// One account.
    #[must_use]
    pub fn account(user: &UserId) -> Self {
        Self::Only { accounts: BTreeSet::from([user.to_owned()]), rooms: BTreeSet::new() }
    }

    /// Whether the account is looked at.
    #[must_use]
    pub fn has_account(&self, user: &UserId) -> bool {
        match self {
            Self::Everything => true,
            Self::Only { accounts, .. } => accounts.contains(user),
        }
    }

    /// Whether the room is looked at.
    #[must_use]
    pub fn has_room(&self, room: &RoomKey) -> bool {
        match self {
            Self::Everything => true,
            Self::Only { rooms, .. } => rooms.contains(room),
        }
    }
}
