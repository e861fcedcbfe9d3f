//! A command with everything needed to carry it out and answer it.

use std::ops::Deref;

use equipemed_domain::command::{Command, CommandPlace};
use equipemed_domain::deed::Deed;
use equipemed_domain::key::RoomKey;
use jiff::Timestamp;
use ruma_common::{OwnedEventId, OwnedRoomId, OwnedUserId};

use super::reply::Stop;
use super::voice::Voice;
use super::words::Wording;
use crate::operations::Asked;
use crate::store::DeedId;

/// A command.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// The command as a request.
    pub(super) asked: Asked,
    pub(super) event: OwnedEventId,
    pub(super) room_id: OwnedRoomId,
    /// The room's key: `control`, or that of the managed room.
    pub(super) room: RoomKey,
    pub(super) place: CommandPlace,
    pub(super) user: OwnedUserId,
    pub(super) command: Command,
    pub(super) words: Wording,
    pub(super) voice: Voice,
    /// Whether to redact commands in managed rooms as well.
    pub(super) tidy: bool,
    /// When this process began to serve.
    pub(super) serves_since: Timestamp,
}

impl Deref for Ask {
    type Target = Asked;

    fn deref(&self) -> &Asked {
        &self.asked
    }
}

impl Ask {
    /// Stores its deeds. In a managed room the command is redacted too, to keep the room clean.
    pub(super) async fn wish(&self, deeds: Vec<Deed>, because: Option<&str>) -> Result<Vec<DeedId>, Stop> {
        let is_tidied = self.place == CommandPlace::Managed && self.tidy;
        let itself =
            Deed::Redact { room_id: self.room_id.clone(), event_id: self.event.clone(), of: None, files: None };
        Ok(self.asked.wish(deeds, because, is_tidied.then_some(itself)).await?)
    }
}
