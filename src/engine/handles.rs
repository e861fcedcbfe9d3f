//! What the parts of the engine read with. It cannot change Synapse; parts that may do so have their own writer.

use std::sync::Arc;

use equipemed_domain::mode::{Mode, OnDrift};
use equipemed_domain::pause::Pause;
use equipemed_domain::policy::Policy;
use tokio_util::sync::CancellationToken;

use super::files::FileRules;
use super::policy_with_rooms;
use super::room_cache::RoomCache;
use super::wakes::Wakes;
use crate::clock::Clock;
use crate::homeserver::Reader;
use crate::store::{Store, StoreError};

/// The policy, read access to Synapse, the store, the time and wake-ups. Cheap to clone; clones share state.
#[derive(Clone, Debug)]
pub(super) struct Handles {
    /// From the configuration, without the rooms created by command.
    pub(super) configured: Arc<Policy>,
    pub(super) reader: Reader,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) room_cache: Arc<RoomCache>,
    pub(super) wakes: Wakes,
    pub(super) stop: CancellationToken,
    /// Whether differences are corrected.
    pub(super) mode: Mode,
    /// Response to changes by hand.
    pub(super) on_drift: OnDrift,
    /// What is accepted as a file, and what happens to the rest.
    pub(super) files: Arc<FileRules>,
}

impl Handles {
    /// The present pause.
    pub(super) async fn pause(&self) -> Result<Option<Pause>, StoreError> {
        self.store.pause(self.clock.now()).await
    }

    /// The present policy: the configuration's with the rooms created by command.
    pub(super) async fn policy(&self) -> Result<Arc<Policy>, StoreError> {
        policy_with_rooms(&self.configured, &self.store).await
    }
}
