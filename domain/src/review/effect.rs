//! Effects: the single things a plan destroys, discloses or empowers, which the brakes count.
//!
//! An effect is data. Its text, the atom, is for people and for the id of a held part; comparisons use the data.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::privilege::{Privilege, list};

/// One effect that the brakes count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect")]
pub enum Effect {
    /// Locks an account.
    Lock { user: OwnedUserId },
    /// Deactivates an account.
    Deactivate { user: OwnedUserId },
    /// Removes somebody from a room.
    Remove { room: RoomKey, user: OwnedUserId },
    /// Adds somebody to a room whose rule was fulfilled before.
    Join { room: RoomKey, user: OwnedUserId },
    /// Gives somebody power.
    Gain { person: PersonId, user: OwnedUserId, powers: BTreeSet<Privilege> },
    /// Takes power from somebody.
    Lose { person: PersonId, user: OwnedUserId, powers: BTreeSet<Privilege> },
    /// Creates or adopts an account while the directory has shrunk: a name may seem free only because its owner is
    /// missing from the list.
    Settle { user: OwnedUserId },
    /// Recreates an account that existed before.
    Remake { user: OwnedUserId },
    /// Shortens the retention of messages.
    Shorten { room: RoomKey, seconds: u64 },
}

impl Effect {
    /// A short text.
    #[must_use]
    pub fn atom(&self) -> String {
        match self {
            Self::Lock { user } => format!("lock {user}"),
            Self::Deactivate { user } => format!("deactivate {user}"),
            Self::Remove { room, user } => format!("remove {user} from {room}"),
            Self::Join { room, user } => format!("put {user} into {room}"),
            Self::Gain { user, powers, .. } => format!("give {user}: {}", list(powers)),
            Self::Lose { user, powers, .. } => format!("take from {user}: {}", list(powers)),
            Self::Settle { user } => format!("make {user}"),
            Self::Remake { user } => format!("make {user} again"),
            Self::Shorten { room, seconds } => format!("keep messages of {room} for {seconds} s only"),
        }
    }

    /// The account concerned, if any.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::Lock { user }
            | Self::Deactivate { user }
            | Self::Remove { user, .. }
            | Self::Join { user, .. }
            | Self::Gain { user, .. }
            | Self::Lose { user, .. }
            | Self::Settle { user }
            | Self::Remake { user } => Some(user),
            Self::Shorten { .. } => None,
        }
    }

    /// The room concerned, if any.
    #[must_use]
    pub fn room(&self) -> Option<&RoomKey> {
        match self {
            Self::Remove { room, .. } | Self::Join { room, .. } | Self::Shorten { room, .. } => Some(room),
            _ => None,
        }
    }

    /// Whether this person gains something by it.
    #[must_use]
    pub fn gives_to(&self, whom: &UserId) -> bool {
        matches!(self, Self::Gain { user, .. } | Self::Join { user, .. } if user == whom)
    }

    pub(super) fn powers(&self) -> Option<&BTreeSet<Privilege>> {
        match self {
            Self::Gain { powers, .. } | Self::Lose { powers, .. } => Some(powers),
            _ => None,
        }
    }

    /// The effect with other powers; unchanged if it has none.
    fn with(&self, powers: BTreeSet<Privilege>) -> Self {
        match self.clone() {
            Self::Gain { person, user, .. } => Self::Gain { person, user, powers },
            Self::Lose { person, user, .. } => Self::Lose { person, user, powers },
            other => other,
        }
    }

    /// The common part of two effects.
    fn and(&self, other: &Self) -> Option<Self> {
        match (self.powers(), other.powers()) {
            (Some(own), Some(others)) => {
                let common: BTreeSet<Privilege> = own.intersection(others).cloned().collect();
                (!common.is_empty()).then(|| self.with(common))
            }
            _ => (self == other).then(|| self.clone()),
        }
    }
}

/// A set of effects that can tell what it covers: one person's powers are one effect, of which a part may remain.
#[derive(Clone, Debug, Default)]
pub struct Effects(BTreeMap<Effect, Effect>);

impl<'a> FromIterator<&'a Effect> for Effects {
    fn from_iter<I: IntoIterator<Item = &'a Effect>>(effects: I) -> Self {
        let mut all = Self::default();
        for effect in effects {
            all.add(effect);
        }
        all
    }
}

impl Effects {
    /// Adds an effect.
    pub fn add(&mut self, effect: &Effect) {
        let key = effect.with(BTreeSet::new());
        match (self.0.get(&key).and_then(Effect::powers), effect.powers()) {
            (Some(known), Some(more)) => {
                let powers = known.union(more).cloned().collect();
                self.0.insert(key, effect.with(powers));
            }
            _ => _ = self.0.insert(key, effect.clone()),
        }
    }

    /// The part of an effect that is in the set.
    #[must_use]
    pub fn part_of(&self, effect: &Effect) -> Option<Effect> {
        self.0.get(&effect.with(BTreeSet::new()))?.and(effect)
    }

    /// Whether the set contains the whole effect.
    #[must_use]
    pub fn cover(&self, effect: &Effect) -> bool {
        self.part_of(effect).is_some_and(|part| part == *effect)
    }

    /// Whether the set contains all these effects.
    #[must_use]
    pub fn cover_all<'e>(&self, effects: impl IntoIterator<Item = &'e Effect>) -> bool {
        effects.into_iter().all(|effect| self.cover(effect))
    }
}
