//! What the store remembers of earlier passes for the brakes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ruma_common::OwnedUserId;

use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::policy::Limits;
use crate::privilege::{Might, Privilege};
use crate::review::{Effect, OpenHold};

/// Powers by person.
pub type Powers = BTreeMap<PersonId, BTreeSet<Privilege>>;

/// People by room.
pub type InRooms = BTreeMap<RoomKey, BTreeSet<OwnedUserId>>;

/// Results of earlier passes and parts still held. "Recently" means within the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Whether a pass was ever applied.
    pub applied_before: bool,
    /// Number of people in the last complete read.
    pub people_last_read: Option<usize>,
    /// Everybody's power at the last applied pass.
    pub privileged: Powers,
    /// Power without places, noted by an earlier version. Present until the first applied pass after the update.
    pub unplaced: Option<BTreeMap<PersonId, BTreeSet<Might>>>,
    /// Accounts recently locked or deactivated by the policy and not unlocked since.
    pub locked_recently: BTreeSet<OwnedUserId>,
    /// Accounts recently deactivated by the policy.
    pub deactivated_recently: BTreeSet<OwnedUserId>,
    /// People recently removed from a room by the policy.
    pub removed_recently: InRooms,
    /// People recently added by the policy to a room whose rule had been fulfilled before.
    pub joined_recently: InRooms,
    /// Power recently gained.
    pub gained_recently: Powers,
    /// Power recently lost.
    pub lost_recently: Powers,
    /// Rooms whose rule was fulfilled once: everybody it names was in the room.
    pub fulfilled: BTreeSet<RoomKey>,
    /// Whether Synapse was seen to encrypt new rooms by itself.
    pub encrypts: bool,
    /// Held parts that wait for consent.
    pub open: Vec<OpenHold>,
    /// The time of the pass.
    pub now: Timestamp,
}

impl Memory {
    /// Whether the directory, which has this many people now, is empty or has shrunk so much that nothing may be taken
    /// from anybody because of it.
    #[must_use]
    pub fn has_shrunk(&self, limits: &Limits, people: usize) -> bool {
        let least = self.people_last_read.unwrap_or(0) as f64 * (1.0 - limits.shrink_share);
        people == 0 || (people as f64) < least
    }

    /// Accounts whose lock or deactivation waits for consent, except in parts being `released`.
    #[must_use]
    pub fn held_locks(&self, released: &[String]) -> BTreeSet<OwnedUserId> {
        let waiting = self.open.iter().filter(|hold| !released.contains(&hold.id));
        let effects = waiting.flat_map(|hold| &hold.effects);
        let users = effects.filter_map(|effect| match effect {
            Effect::Lock { user } | Effect::Deactivate { user } => Some(user.clone()),
            _ => None,
        });
        users.collect()
    }
}
