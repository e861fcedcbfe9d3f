//! A request with its asker, its time and what it is judged by; and whether the asker may do something.

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
    /// Its origin, as runs and wake-ups name it.
    pub(crate) origin: &'static str,
    /// Its identity, however often it is handled.
    pub(crate) source: String,
    /// When it was sent, by the asker's clock.
    pub(crate) sent_at: Timestamp,
    /// The code that confirmed it, if any.
    pub(crate) confirmed: Option<String>,
    /// Who else agreed, if the asker's own confirmation is not enough.
    pub(crate) agreed_by: Option<Asker>,
    /// Whether an earlier process had begun it.
    pub(crate) again: bool,
}

impl Asked {
    pub(crate) fn store(&self) -> &Store {
        self.engine.store()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }

    /// Start of durations: when the request was sent. Clocks may differ, so it is never later than now.
    pub(super) fn begins_at(&self) -> Timestamp {
        self.sent_at.min(self.scene.now)
    }

    /// Whether the asker may do something that concerns no person, in this room.
    pub(crate) fn may(&self, act: Act, room: Option<&RoomKey>) -> Result<(), Refusal> {
        self.scene.decide(self.by.asker, &Request::at(act, room)).map(drop)
    }

    /// Refuses in mode observe, where nothing is changed.
    pub(crate) fn must_write(&self) -> Result<(), Refusal> {
        if self.engine.may_write() { Ok(()) } else { Err(Refusal::Observe) }
    }

    /// The managed rooms whose people and events the asker may know.
    pub(crate) fn readable(&self) -> BTreeSet<RoomKey> {
        let world = self.scene.world();
        let may = |room: &&RoomKey| decide(self.by.asker, &Request::at(Act::Audit, Some(room)), &world).is_ok();
        self.scene.policy.rooms.keys().filter(may).cloned().collect()
    }

    /// Whether the person is the asker.
    pub(super) fn is_about_asker(&self, person: PersonId) -> bool {
        self.by.asker == Asker::Person(person)
    }

    /// The id of one of its wishes, which is also the source of the wish's grant.
    pub(crate) fn wish_id(&self, number: usize) -> String {
        format!("{} {number}", self.source)
    }
}
