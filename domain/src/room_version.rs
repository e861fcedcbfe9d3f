//! Room versions: which this service knows, which one a room is to have, and which one a server gives it.
//!
//! Asked only where a room is made: a version never changes, so an existing room has the one it was made with.

use std::collections::BTreeSet;
use std::fmt;

use crate::observed::has_privileged_creators;

/// The versions that this service knows, the best first: from 12 on it stands above everybody by itself, and below by
/// the level that it takes at creation.
pub const KNOWN: [&str; 3] = ["12", "11", "10"];
/// The word for the best version that the server has.
pub const BEST: &str = "best";

/// The version that a room is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RoomVersion {
    /// The best one that the server has.
    #[default]
    Best,
    /// This one.
    Exactly(String),
}

impl RoomVersion {
    /// The version of a new room on a server with these; None where the server has none that would do.
    #[must_use]
    pub fn among<'a>(&'a self, server: &BTreeSet<String>) -> Option<&'a str> {
        match self {
            Self::Best => KNOWN.into_iter().find(|version| server.contains(*version)),
            Self::Exactly(version) => Some(&**version).filter(|version| server.contains(*version)),
        }
    }

    /// Whether an existing room may have this one.
    #[must_use]
    pub fn permits(&self, version: &str) -> bool {
        match self {
            Self::Best => true,
            Self::Exactly(wanted) => wanted == version,
        }
    }
}

impl fmt::Display for RoomVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => f.write_str(BEST),
            Self::Exactly(version) => f.write_str(version),
        }
    }
}

/// Whether the best rooms of a server need the bot's own level in them.
#[must_use]
pub fn needs_headroom(server: &BTreeSet<String>) -> bool {
    RoomVersion::Best.among(server).is_some_and(|version| !has_privileged_creators(version))
}
