//! What a pass looks at: everything, or some accounts and rooms.

use std::collections::BTreeSet;

use ruma_common::{OwnedUserId, UserId};

use crate::key::RoomKey;

/// The extent of a plan. Anything outside may not have been observed and is never in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every managed account and room.
    Everything,
    /// Only these accounts and rooms.
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

    /// Whether the account is in scope.
    #[must_use]
    pub fn has_account(&self, user: &UserId) -> bool {
        match self {
            Self::Everything => true,
            Self::Only { accounts, .. } => accounts.contains(user),
        }
    }

    /// Whether the room is in scope.
    #[must_use]
    pub fn has_room(&self, room: &RoomKey) -> bool {
        match self {
            Self::Everything => true,
            Self::Only { rooms, .. } => rooms.contains(room),
        }
    }
}
