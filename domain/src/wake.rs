//! Wake-ups: whom to look at, never what to do, which a pass finds out.

use std::fmt;
use std::str::FromStr;

use crate::directory::PersonId;
use crate::key::RoomKey;

/// The subject of a wake-up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// Everybody and all rooms: a full pass.
    Everything,
    /// One person's account.
    Person(PersonId),
    /// One managed room.
    Room(RoomKey),
}

/// The stored form, which never changes: `everything`, `person:17`, `room:icu`.
impl fmt::Display for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Person(person) => write!(f, "person:{}", person.0),
            Self::Room(room) => write!(f, "room:{room}"),
        }
    }
}

/// The text is not the subject of a wake-up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not `everything`, `person:NUMBER` or `room:KEY`")]
pub struct NoWake;

impl FromStr for Wake {
    type Err = NoWake;

    fn from_str(text: &str) -> Result<Self, NoWake> {
        match text.split_once(':') {
            None if text == "everything" => Ok(Self::Everything),
            Some(("person", id)) => {
                let person = Self::Person(PersonId(id.parse().map_err(|_| NoWake)?));
                // Different texts for one subject would be rows that never merge.
                if person.to_string() == text { Ok(person) } else { Err(NoWake) }
            }
            Some(("room", key)) if !key.is_empty() => Ok(Self::Room(RoomKey::new(key))),
            _ => Err(NoWake),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NoWake, Wake};
    use crate::directory::PersonId;
    use crate::key::RoomKey;

    #[test]
    fn text_and_subject_are_one_to_one() {
        for (wake, text) in [
            (Wake::Everything, "everything"),
            (Wake::Person(PersonId(17)), "person:17"),
            (Wake::Room(RoomKey::new("icu")), "room:icu"),
            (Wake::Room(RoomKey::new("a:b")), "room:a:b"),
        ] {
            assert_eq!(wake.to_string(), text);
            assert_eq!(text.parse(), Ok(wake));
        }
        for text in ["", "everyone", "person:", "person:x", "person:017", "person:+1", "room:", "room", "icu"] {
            assert_eq!(text.parse::<Wake>(), Err(NoWake), "{text:?}");
        }
    }
}
