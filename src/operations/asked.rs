//! One request as it was asked: by whom, when, what it is judged and carried out by; and whether that person may.

use std::collections::BTreeSet;
use std::sync::Arc;

use equipemed_domain::authority::{Act, Asker, Refusal, Request, decide};
use equipemed_domain::directory::PersonId;
use equipemed_domain::key::RoomKey;
use jiff::Timestamp;

use super::{Caller, Scene};
use crate::engine::Engine;
use crate::store::Store;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) engine: Engine,
    pub(crate) scene: Arc<Scene>,
    /// Who asks.
    pub(crate) by: Caller,
    /// From where, as runs and wake-ups name it.
    pub(crate) origin: &'static str,
    /// What makes it one, however often it is handled.
    pub(crate) source: String,
    /// When, by the asker's clock.
    pub(crate) sent_at: Timestamp,
    /// The code that confirmed it, when it was confirmed.
    pub(crate) confirmed: Option<String>,
    /// Who else agreed, where the asker's own yes is not enough.
    pub(crate) agreed_by: Option<Asker>,
    /// Whether an earlier process had begun with it.
    pub(crate) again: bool,
}

impl Asked {
    pub(crate) fn store(&self) -> &Store {
        self.engine.store()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }

    /// From when durations count: when it was sent. The clocks may differ; nothing begins later than now.
    pub(super) fn begins_at(&self) -> Timestamp {
        self.sent_at.min(self.scene.now)
    }

    /// Whether the asker may do what is done to nobody, there.
    pub(crate) fn may(&self, act: Act, room: Option<&RoomKey>) -> Result<(), Refusal> {
        self.scene.decide(self.by.asker, &Request::at(act, room)).map(drop)
    }

    /// Refuses in mode observe, where nothing is changed.
    pub(crate) fn must_write(&self) -> Result<(), Refusal> {
        if self.engine.may_write() { Ok(()) } else { Err(Refusal::Observe) }
    }

    /// The managed rooms of which the asker may know who and what is there.
    pub(crate) fn readable(&self) -> BTreeSet<RoomKey> {
        let world = self.scene.world();
        let may = |room: &&RoomKey| decide(self.by.asker, &Request::at(Act::Audit, Some(room)), &world).is_ok();
        self.scene.policy.rooms.keys().filter(may).cloned().collect()
    }

    /// Whether something is about the asker.
    pub(super) fn is_about_asker(&self, person: PersonId) -> bool {
        self.by.asker == Asker::Person(person)
    }

    /// The id of one of its wishes, and what makes the grant for it one.
    pub(crate) fn wish_id(&self, number: usize) -> String {
        format!("{} {number}", self.source)
    }
}
