//! What a pass is asked to do.

use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::ObservedRoom;
use equipemed_domain::selection::Selection;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// What a full pass is asked to do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Options {
    /// Which part of the plan is carried out.
    pub selection: Selection,
    /// Ids of held parts that the operator releases.
    pub approve: Vec<String>,
    /// Plan and print only.
    pub dry_run: bool,
    /// Ask Synapse for each account, also where nothing speaks against what was pushed to it.
    #[serde(default)]
    pub verify: bool,
    /// A further look of the same pass: who is missing is not counted twice.
    #[serde(skip)]
    pub is_again: bool,
    /// For a dry run: as if this room were the room of that key, and looked so.
    #[serde(skip)]
    pub pretend: Option<(RoomKey, ObservedRoom)>,
}

impl Options {
    /// For a look that takes a room for the one of a key.
    #[must_use]
    pub fn pretending(key: &RoomKey, room: &ObservedRoom) -> Self {
        Self { pretend: Some((key.clone(), room.clone())), ..Self::default() }
    }

    /// Their form in the store.
    pub fn to_json(&self) -> Result<serde_json::Value, StoreError> {
        serde_json::to_value(self).map_err(|error| StoreError::Unstorable { why: error.to_string() })
    }
}
