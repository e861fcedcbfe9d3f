//! One command as it was asked: by whom, where, when; and whether that person may.

use std::collections::BTreeSet;
use std::sync::Arc;

use equipemed_domain::authority::{Act, Asker, Refusal, Request, decide};
use equipemed_domain::command::{Command, Place};
use equipemed_domain::directory::PersonId;
use equipemed_domain::key::RoomKey;
use jiff::Timestamp;
use ruma_common::{OwnedEventId, OwnedRoomId, OwnedUserId};

use crate::operations::Scene;

/// One command.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) event: OwnedEventId,
    pub(super) room_id: OwnedRoomId,
    /// The room's key: `control`, or that of the managed room.
    pub(super) room: RoomKey,
    pub(super) place: Place,
    pub(super) user: OwnedUserId,
    pub(super) asker: Asker,
    pub(super) command: Command,
    /// When, by Synapse's clock.
    pub(super) sent_at: Timestamp,
    pub(super) scene: Arc<Scene>,
    /// The code that confirmed it, when it was confirmed.
    pub(super) confirmed: Option<String>,
    /// Who else agreed, where the asker's own yes is not enough.
    pub(super) agreed_by: Option<Asker>,
    /// Whether an earlier process had begun with it.
    pub(super) again: bool,
}

impl Ask {
    /// From when durations count: when it was sent. The clocks may differ; nothing begins later than now.
    pub(super) fn begins_at(&self) -> Timestamp {
        self.sent_at.min(self.scene.now)
    }

    /// Whether the asker may do what is done to nobody, there.
    pub(super) fn may(&self, act: Act, room: Option<&RoomKey>) -> Result<(), Refusal> {
        self.scene.decide(self.asker, &Request::at(act, room)).map(drop)
    }

    /// The managed rooms in which the asker may do what is done to nobody.
    pub(super) fn rooms_where(&self, act: Act) -> BTreeSet<RoomKey> {
        let access = self.scene.access();
        let world = self.scene.world(&access);
        let may = |room: &&RoomKey| decide(self.asker, &Request::at(act, Some(room)), &world).is_ok();
        self.scene.policy.rooms.keys().filter(may).cloned().collect()
    }

    /// Whether something is about the asker.
    pub(super) fn is_about_asker(&self, person: PersonId) -> bool {
        self.asker == Asker::Person(person)
    }
}
