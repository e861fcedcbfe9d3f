//! Names that the policy gives to rooms and roles.
//!
//! A key is the identity of a managed room, whose name, alias and room id may change. Separate from the policy, because
//! observed rooms and actions use keys too.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the key unchecked; the configuration has checked its spelling.
            pub fn new(key: impl Into<String>) -> Self {
                Self(key.into())
            }

            /// The key as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(key: &str) -> Self {
                Self(key.to_owned())
            }
        }
    };
}

key!(
    /// The policy's name of a managed room or space, such as `icu`.
    RoomKey
);
key!(
    /// The policy's name of a role, such as `icu_lead`.
    RoleKey
);

/// Key of the control room; no configured room may use it.
pub const CONTROL_ROOM: &str = "control";
