//! The cause of an action: the brakes count the policy's actions but not those of grants.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::grant::GrantId;

/// The cause of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// EquipeMed and the policy.
    Policy,
    /// A grant.
    Grant(GrantId),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => f.write_str("policy"),
            Self::Grant(id) => write!(f, "grant:{}", id.0),
        }
    }
}
