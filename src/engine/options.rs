//! Options of a pass.

use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::ObservedRoom;
use equipemed_domain::selection::Selection;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// Options of a full pass.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Options {
    /// Which part of the plan to carry out.
    pub selection: Selection,
    /// Ids of held parts that the operator releases.
    pub approve: Vec<String>,
    /// Plan and print only.
    pub dry_run: bool,
    /// Read each account from Synapse, even if nothing contradicts what was pushed to it.
    #[serde(default)]
    pub verify: bool,
    /// A further look of the same pass, which does not count absences again.
    #[serde(skip)]
    pub is_again: bool,
    /// For a dry run: assume that the key has this room, in this state.
    #[serde(skip)]
    pub pretend: Option<(RoomKey, ObservedRoom)>,
}

impl Options {
    /// For a look that assumes this room for a key.
    #[must_use]
    pub fn pretending(key: &RoomKey, room: &ObservedRoom) -> Self {
        Self { pretend: Some((key.clone(), room.clone())), ..Self::default() }
    }

    /// The stored form.
    pub fn to_json(&self) -> Result<serde_json::Value, StoreError> {
        serde_json::to_value(self).map_err(|error| StoreError::Unstorable { why: error.to_string() })
    }
}
