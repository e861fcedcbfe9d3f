//! Deeds: things done once that leave no state to maintain.
//!
//! A lasting wish is a grant. A deed is stored with its asker before anything happens, runs in its own lane beside the
//! plan, and is recorded in the same audit.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ruma_common::{OwnedEventId, OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::key::RoomKey;

/// What to do once. Stored as JSON: variants and fields may be added but never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "deed")]
pub enum Deed {
    /// Redact a message or a reaction; or an edit or a poll's answer, along with the message that they are `of`.
    Redact {
        room_id: OwnedRoomId,
        event_id: OwnedEventId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<OwnedEventId>,
    },
    /// Delete a room; `purge` also deletes its history. These people's invitations may be lost by that, no others.
    DeleteRoom {
        room_id: OwnedRoomId,
        purge: bool,
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        invited: BTreeSet<OwnedUserId>,
    },
    /// Adopt an existing room for a key; `instead` replaces the key's present room. These people outrank the bot there,
    /// which was accepted.
    AdoptRoom {
        room_id: OwnedRoomId,
        room: RoomKey,
        instead: bool,
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        accept: BTreeSet<OwnedUserId>,
    },
    /// Make a new room for a key in the place of this one.
    ReplaceRoom { room_id: OwnedRoomId, room: RoomKey },
    /// Leave a room that somebody brought the bot into.
    LeaveRoom { room_id: OwnedRoomId },
    /// End all sessions of an account.
    SignOut { user: OwnedUserId },
    /// Delete in Synapse what somebody reported, because it is answered. The number alone does not say which report.
    CloseReport { room_id: OwnedRoomId, report: i64, received_at: Timestamp },
}

impl Deed {
    /// A short name for audit, logs, metrics and counts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Redact { .. } => "redact",
            Self::DeleteRoom { .. } => "delete_room",
            Self::AdoptRoom { .. } => "adopt_room",
            Self::ReplaceRoom { .. } => "replace_room",
            Self::LeaveRoom { .. } => "leave_room",
            Self::SignOut { .. } => "sign_out",
            Self::CloseReport { .. } => "close_report",
        }
    }

    /// The account concerned, if any.
    #[must_use]
    pub fn user(&self) -> Option<&OwnedUserId> {
        match self {
            Self::SignOut { user } => Some(user),
            _ => None,
        }
    }

    /// The room concerned, if any.
    #[must_use]
    pub fn room_id(&self) -> Option<&OwnedRoomId> {
        match self {
            Self::Redact { room_id, .. }
            | Self::DeleteRoom { room_id, .. }
            | Self::AdoptRoom { room_id, .. }
            | Self::ReplaceRoom { room_id, .. }
            | Self::LeaveRoom { room_id }
            | Self::CloseReport { room_id, .. } => Some(room_id),
            Self::SignOut { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ruma_common::{owned_event_id, owned_room_id, owned_user_id};

    use super::Deed;
    use crate::key::RoomKey;

    #[test]
    fn the_stored_form_stays_as_it_is() {
        let redact = Deed::Redact { room_id: owned_room_id!("!r:h.org"), event_id: owned_event_id!("$e"), of: None };
        let delete = Deed::DeleteRoom { room_id: owned_room_id!("!r:h.org"), purge: true, invited: BTreeSet::new() };
        let room = RoomKey::from("icu");
        let id = owned_room_id!("!r:h.org");
        let adopt =
            Deed::AdoptRoom { room_id: id.clone(), room: room.clone(), instead: false, accept: BTreeSet::new() };
        let accept = BTreeSet::from([owned_user_id!("@dona:h.org")]);
        let accepted = Deed::AdoptRoom { room_id: id.clone(), room: room.clone(), instead: true, accept };
        for (deed, text) in [
            (redact, r#"{"deed":"redact","room_id":"!r:h.org","event_id":"$e"}"#),
            (delete, r#"{"deed":"delete_room","room_id":"!r:h.org","purge":true}"#),
            (adopt, r#"{"deed":"adopt_room","room_id":"!r:h.org","room":"icu","instead":false}"#),
            (
                accepted,
                r#"{"deed":"adopt_room","room_id":"!r:h.org","room":"icu","instead":true,"accept":["@dona:h.org"]}"#,
            ),
            (
                Deed::ReplaceRoom { room_id: id.clone(), room },
                r#"{"deed":"replace_room","room_id":"!r:h.org","room":"icu"}"#,
            ),
            (Deed::LeaveRoom { room_id: id }, r#"{"deed":"leave_room","room_id":"!r:h.org"}"#),
            (
                Deed::CloseReport {
                    room_id: owned_room_id!("!r:h.org"),
                    report: 7,
                    received_at: jiff::Timestamp::UNIX_EPOCH,
                },
                r#"{"deed":"close_report","room_id":"!r:h.org","report":7,"received_at":"1970-01-01T00:00:00Z"}"#,
            ),
            (Deed::SignOut { user: owned_user_id!("@ana:h.org") }, r#"{"deed":"sign_out","user":"@ana:h.org"}"#),
        ] {
            assert_eq!(serde_json::to_string(&deed).ok().as_deref(), Some(text));
            assert_eq!(serde_json::from_str::<Deed>(text).ok(), Some(deed));
        }
    }
}
