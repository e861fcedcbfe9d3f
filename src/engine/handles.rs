//! What the parts of the engine look with. Nothing in it can change Synapse: whoever may has a writer of its own.

use std::sync::Arc;

use equipemed_domain::mode::{Mode, OnDrift};
use equipemed_domain::policy::Policy;
use tokio_util::sync::CancellationToken;

use super::policy_with_rooms;
use super::room_cache::RoomCache;
use super::wakes::Wakes;
use crate::clock::Clock;
use crate::homeserver::Reader;
use crate::store::{Store, StoreError};

/// The policy, Synapse as it can be read, the store, the time and whom to wake. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(super) struct Handles {
    /// The configuration's, without the rooms made by command.
    pub(super) configured: Arc<Policy>,
    pub(super) reader: Reader,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) room_cache: Arc<RoomCache>,
    pub(super) wakes: Wakes,
    pub(super) stop: CancellationToken,
    /// Whether what is found is put right.
    pub(super) mode: Mode,
    /// What is done about changes by hand.
    pub(super) on_drift: OnDrift,
}

impl Handles {
    /// The policy as it is now: the configuration's, and the rooms made by command.
    pub(super) async fn policy(&self) -> Result<Arc<Policy>, StoreError> {
        policy_with_rooms(&self.configured, &self.store).await
    }
}
