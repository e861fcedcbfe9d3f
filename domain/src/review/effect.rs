//! What the brakes look at: one thing each that a plan destroys, discloses or empowers.
//!
//! An effect is data. Its text, the atom, is for people and for the id of a held part; whether one covers another is
//! asked of the data.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::privilege::{Privilege, list};

/// One thing the brakes look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect")]
pub enum Effect {
    /// An account is locked.
    Lock { user: OwnedUserId },
    /// An account is deactivated.
    Deactivate { user: OwnedUserId },
    /// Somebody is removed from a room.
    Remove { room: RoomKey, user: OwnedUserId },
    /// Somebody is put into a room that was complete before.
    Join { room: RoomKey, user: OwnedUserId },
    /// Somebody gains power.
    Gain { person: PersonId, user: OwnedUserId, powers: BTreeSet<Privilege> },
    /// Somebody loses power.
    Lose { person: PersonId, user: OwnedUserId, powers: BTreeSet<Privilege> },
    /// An account is made or adopted on the word of a directory that shrank: a name may be free only because its owner
    /// is missing from the list.
    Settle { user: OwnedUserId },
    /// An account that was there is made again.
    Remake { user: OwnedUserId },
    /// Messages are kept for a shorter time.
    Shorten { room: RoomKey, seconds: u64 },
}

impl Effect {
    /// It in a few words.
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

    /// Whose account it is about, if it is about one.
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

    /// The room it is about, if it is about one.
    #[must_use]
    pub fn room(&self) -> Option<&RoomKey> {
        match self {
            Self::Remove { room, .. } | Self::Join { room, .. } | Self::Shorten { room, .. } => Some(room),
            _ => None,
        }
    }

    /// Whether the person gets something by it.
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

    /// It with these powers; of an effect that is not about any, itself.
    fn with(&self, powers: BTreeSet<Privilege>) -> Self {
        match self.clone() {
            Self::Gain { person, user, .. } => Self::Gain { person, user, powers },
            Self::Lose { person, user, .. } => Self::Lose { person, user, powers },
            other => other,
        }
    }

    /// What two effects have in common.
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

/// Effects that can be asked whether they cover others: the powers of one person are one effect, and may become fewer.
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
    /// Adds one.
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

    /// What of an effect is among these.
    #[must_use]
    pub fn part_of(&self, effect: &Effect) -> Option<Effect> {
        self.0.get(&effect.with(BTreeSet::new()))?.and(effect)
    }

    /// Whether the whole effect is.
    #[must_use]
    pub fn cover(&self, effect: &Effect) -> bool {
        self.part_of(effect).is_some_and(|part| part == *effect)
    }

    /// Whether all of these effects are.
    #[must_use]
    pub fn cover_all<'e>(&self, effects: impl IntoIterator<Item = &'e Effect>) -> bool {
        effects.into_iter().all(|effect| self.cover(effect))
    }
}
