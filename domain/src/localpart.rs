//! Makes Matrix user ids from requested names, by the Matrix grammar and Synapse's own rules.
//!
//! EquipeMed validates `matrix_localpart` only in its form, and its database held names that no homeserver accepts, so
//! every name is checked here.

use std::collections::BTreeSet;

use ruma_common::{OwnedUserId, ServerName, UserId};
use serde::{Deserialize, Serialize};

/// Why a name cannot be a localpart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum LocalpartError {
    /// A character outside the grammar.
    #[error("the character {0:?} is not allowed (only a-z, 0-9 and . _ = - / +)")]
    Character(char),
    /// An empty name.
    #[error("it is empty")]
    Empty,
    /// Synapse reserves all-digit localparts for guests.
    #[error("it consists of digits only, which Synapse keeps for guests")]
    Digits,
    /// Synapse refuses a leading underscore.
    #[error("it begins with _, which Synapse refuses")]
    Underscore,
    /// The whole id is longer than 255 bytes.
    #[error("with the server's name it is longer than 255 bytes")]
    TooLong,
    /// The name is in the list of reserved names.
    #[error("the name is reserved")]
    Reserved,
}

/// Makes a user id from a requested name, in lower case.
pub fn user_id(wish: &str, server: &ServerName, reserved: &BTreeSet<String>) -> Result<OwnedUserId, LocalpartError> {
    let name = wish.trim().to_lowercase();
    if name.is_empty() {
        return Err(LocalpartError::Empty);
    }
    // Matrix specification, appendix "User identifiers"; Synapse's check is the same set.
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._=-/+".contains(c);
    if let Some(odd) = name.chars().find(|c| !allowed(*c)) {
        return Err(LocalpartError::Character(odd));
    }
    if name.chars().all(|c| c.is_ascii_digit()) {
        return Err(LocalpartError::Digits);
    }
    if name.starts_with('_') {
        return Err(LocalpartError::Underscore);
    }
    if reserved.contains(&name) {
        return Err(LocalpartError::Reserved);
    }
    let id = format!("@{name}:{server}");
    if id.len() > 255 {
        return Err(LocalpartError::TooLong);
    }
    UserId::parse(id).map_err(|_| LocalpartError::TooLong)
}
