//! Powers that the brakes count: a level, a right or server administration, with the place where it applies.
//!
//! Powers are never compared without places: somebody who administers one room and then all of them has gained.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::key::RoomKey;
use crate::levels::PEOPLE_MAX;
use crate::policy::Policy;
use crate::rights::Right;

/// The lowest level that counts as power.
pub const LEVEL_LEAST: i64 = 50;

/// Where a power applies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In every room and outside rooms.
    Everywhere,
    /// In a room, or in a space and everything below it.
    In(RoomKey),
}

impl Place {
    /// The place of this scope; everywhere for None.
    #[must_use]
    pub fn of_scope(scope: Option<&RoomKey>) -> Self {
        scope.map_or(Self::Everywhere, |room| Self::In(room.clone()))
    }

    fn covers(&self, other: &Self, policy: &Policy) -> bool {
        match (self, other) {
            (Self::Everywhere, _) => true,
            (Self::In(_), Self::Everywhere) => false,
            (Self::In(above), Self::In(room)) => above == room || policy.distance(room, above).is_some(),
        }
    }
}

/// A power without its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Might {
    /// Synapse administrator.
    ServerAdmin,
    /// Level 100.
    Level100,
    /// A level of 50 or more, below 100.
    Level50,
    /// A right.
    Right(Right),
}

impl Might {
    /// Whether it counts as administrator power, with the lower limit.
    #[must_use]
    pub fn is_high(self) -> bool {
        matches!(self, Self::ServerAdmin | Self::Level100 | Self::Right(Right::Approve | Right::Promote))
    }

    /// The power of a level, if it counts.
    #[must_use]
    pub fn of_level(level: i64) -> Option<Self> {
        match level {
            PEOPLE_MAX.. => Some(Self::Level100),
            LEVEL_LEAST.. => Some(Self::Level50),
            _ => None,
        }
    }

    fn covers(self, other: Self) -> bool {
        self == other || (self == Self::Level100 && other == Self::Level50)
    }
}

impl fmt::Display for Might {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerAdmin => f.write_str("server administrator"),
            Self::Level100 => f.write_str("level 100"),
            Self::Level50 => f.write_str("level 50"),
            Self::Right(right) => write!(f, "right {right}"),
        }
    }
}

/// A power with its place. Its text is stored, also in the audit, and never changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Privilege {
    /// The power.
    pub might: Might,
    /// The place.
    pub place: Place,
}

impl Privilege {
    /// Synapse administration.
    pub const SERVER_ADMIN: Self = Self { might: Might::ServerAdmin, place: Place::Everywhere };
    /// The right to approve held parts, which must apply everywhere.
    pub const APPROVE: Self = Self { might: Might::Right(Right::Approve), place: Place::Everywhere };

    /// A power in a place.
    #[must_use]
    pub fn new(might: Might, place: Place) -> Self {
        Self { might, place }
    }

    /// Whether this power includes the other one.
    #[must_use]
    pub fn covers(&self, other: &Self, policy: &Policy) -> bool {
        self.might.covers(other.might) && self.place.covers(&other.place, policy)
    }
}

/// The powers in `after` that `before` does not include: a place within a larger one is no gain.
#[must_use]
pub fn beyond(before: &BTreeSet<Privilege>, after: &BTreeSet<Privilege>, policy: &Policy) -> BTreeSet<Privilege> {
    let is_new = |power: &&Privilege| !before.iter().any(|held| held.covers(power, policy));
    after.iter().filter(is_new).cloned().collect()
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.might, &self.place) {
            (Might::ServerAdmin, _) => write!(f, "{}", self.might),
            (might, Place::Everywhere) => write!(f, "{might} everywhere"),
            (might, Place::In(room)) => write!(f, "{might} in {room}"),
        }
    }
}

impl From<Privilege> for String {
    fn from(power: Privilege) -> Self {
        power.to_string()
    }
}

/// The text is not a power with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a power with its place, such as `level 100 in icu` or `right approve everywhere`")]
pub struct NoPrivilege;

impl TryFrom<String> for Privilege {
    type Error = NoPrivilege;

    fn try_from(text: String) -> Result<Self, NoPrivilege> {
        text.parse()
    }
}

impl FromStr for Privilege {
    type Err = NoPrivilege;

    fn from_str(text: &str) -> Result<Self, NoPrivilege> {
        if text == "server administrator" {
            return Ok(Self::SERVER_ADMIN);
        }
        let (might, place) = match text.strip_suffix(" everywhere") {
            Some(might) => (might, Place::Everywhere),
            None => {
                let (might, room) = text.split_once(" in ").ok_or(NoPrivilege)?;
                (might, Place::In(RoomKey::new(room)))
            }
        };
        Ok(Self { might: might.parse()?, place })
    }
}

impl FromStr for Might {
    type Err = NoPrivilege;

    fn from_str(text: &str) -> Result<Self, NoPrivilege> {
        match text {
            "server administrator" => Ok(Self::ServerAdmin),
            "level 100" => Ok(Self::Level100),
            "level 50" => Ok(Self::Level50),
            _ => {
                let right = text.strip_prefix("right ").and_then(Right::from_word);
                right.map(Self::Right).ok_or(NoPrivilege)
            }
        }
    }
}

/// Powers as text, with all rights of a place combined.
#[must_use]
pub fn list(powers: &BTreeSet<Privilege>) -> String {
    let rights_in = |place: &Place| {
        let there = |power: &&Privilege| matches!(power.might, Might::Right(_)) && power.place == *place;
        powers.iter().filter(there).count()
    };
    let mut words: Vec<String> = Vec::new();
    for power in powers {
        let is_whole = matches!(power.might, Might::Right(_)) && rights_in(&power.place) == Right::ALL.len();
        let word = match (&power.place, is_whole) {
            (Place::Everywhere, true) => "all rights everywhere".to_owned(),
            (Place::In(room), true) => format!("all rights in {room}"),
            (_, false) => power.to_string(),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Might, Place, Privilege};
    use crate::key::RoomKey;
    use crate::rights::Right;

    #[test]
    fn text_and_power_are_one_to_one() {
        for (power, text) in [
            (Privilege::SERVER_ADMIN, "server administrator"),
            (Privilege::APPROVE, "right approve everywhere"),
            (Privilege::new(Might::Level50, Place::In(RoomKey::new("icu"))), "level 50 in icu"),
            (Privilege::new(Might::Right(Right::Kick), Place::In(RoomKey::new("a in b"))), "right kick in a in b"),
        ] {
            assert_eq!(power.to_string(), text);
            assert_eq!(text.parse(), Ok(power));
        }
        for text in ["", "level 100", "right approve", "level 40 everywhere", "right all in icu", "in icu"] {
            assert!(text.parse::<Privilege>().is_err(), "{text:?}");
        }
    }
}
