//! What the store remembers of earlier passes, for the brakes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ruma_common::OwnedUserId;

use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::privilege::{Might, Privilege};
use crate::review::{Effect, OpenHold};

/// Powers by person.
pub type Powers = BTreeMap<PersonId, BTreeSet<Privilege>>;

/// People by room.
pub type InRooms = BTreeMap<RoomKey, BTreeSet<OwnedUserId>>;

/// What earlier passes did, and what is held of what they planned. "Recently" is within the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Whether any pass was ever applied.
    pub applied_before: bool,
    /// How many people the last complete read had.
    pub people_last_read: Option<usize>,
    /// Who held which power at the last applied pass.
    pub privileged: Powers,
    /// From before powers were noted with their places: what was held somewhere. Only until the first pass that is
    /// applied after the update.
    pub unplaced: Option<BTreeMap<PersonId, BTreeSet<Might>>>,
    /// Locked or deactivated by policy recently, and not opened again since.
    pub locked_recently: BTreeSet<OwnedUserId>,
    /// Deactivated by policy recently.
    pub deactivated_recently: BTreeSet<OwnedUserId>,
    /// Removed from a room by policy recently.
    pub removed_recently: InRooms,
    /// Put by policy into a room whose rule had been fulfilled before, recently.
    pub joined_recently: InRooms,
    /// Who gained which power recently.
    pub gained_recently: Powers,
    /// Who lost which power recently.
    pub lost_recently: Powers,
    /// Rooms in which everybody whom the rule names has been at some time.
    pub fulfilled: BTreeSet<RoomKey>,
    /// What is held and waits for a consent.
    pub open: Vec<OpenHold>,
    /// The instant of the pass.
    pub now: Timestamp,
}

impl Memory {
    /// Accounts whose lock or deactivation waits for a consent; those of the parts that are being given one are left out.
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
