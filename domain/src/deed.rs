//! Deeds: things done once that leave no state to maintain.
//!
//! A lasting wish is a grant. A deed is stored with its asker before anything happens, runs in its own lane beside the
//! plan, and is recorded in the same audit.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ruma_common::{OwnedEventId, OwnedMxcUri, OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::key::RoomKey;
use crate::media::Refused;

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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        files: Option<Files>,
    },
    /// Make a redacted message's file unreachable for everybody. `unwanted` says that nothing but its kind is held
    /// against it.
    Quarantine {
        room_id: OwnedRoomId,
        sender: OwnedUserId,
        file: OwnedMxcUri,
        #[serde(default)]
        unwanted: bool,
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

/// What a redacted message had besides its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// The message's sender.
    pub sender: OwnedUserId,
    /// The files' addresses.
    pub media: BTreeSet<OwnedMxcUri>,
    /// Why they are not accepted, if nobody but the policy asked for the redaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unwanted: Option<Unwanted>,
}

/// A file that the policy does not accept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwanted {
    /// Why.
    pub why: Refused,
    /// The thread that the message is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<OwnedEventId>,
    /// Whether it is the room's picture.
    #[serde(default)]
    pub is_picture: bool,
}

impl Deed {
    /// Of a redaction that the policy asks for: whose, and why.
    #[must_use]
    pub fn unwanted(&self) -> Option<(&Files, &Unwanted)> {
        match self {
            Self::Redact { files: Some(files), .. } => Some((files, files.unwanted.as_ref()?)),
            _ => None,
        }
    }

    /// A short name for audit, logs, metrics and counts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Redact { .. } if self.unwanted().is_some() => "redact_file",
            Self::Redact { .. } => "redact",
            Self::Quarantine { .. } => "quarantine",
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
            Self::SignOut { user } | Self::Quarantine { sender: user, .. } => Some(user),
            _ => self.unwanted().map(|(files, _)| &files.sender),
        }
    }

    /// The room concerned, if any.
    #[must_use]
    pub fn room_id(&self) -> Option<&OwnedRoomId> {
        match self {
            Self::Redact { room_id, .. }
            | Self::Quarantine { room_id, .. }
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

    use ruma_common::{OwnedMxcUri, owned_event_id, owned_room_id, owned_user_id};

    use super::{Deed, Files, Unwanted};
    use crate::key::RoomKey;
    use crate::media::{FileKind, Refused};

    #[test]
    fn the_stored_form_stays_as_it_is() {
        let (room_id, event_id) = (owned_room_id!("!r:h.org"), owned_event_id!("$e"));
        let redacting = |files| Deed::Redact { room_id: room_id.clone(), event_id: event_id.clone(), of: None, files };
        let redact = redacting(None);
        let (sender, file) = (owned_user_id!("@ana:h.org"), OwnedMxcUri::from("mxc://h.org/1"));
        let files = |unwanted| Files { sender: sender.clone(), media: BTreeSet::from([file.clone()]), unwanted };
        let unwanted = Unwanted { why: Refused::Kind(FileKind::Video), thread: None, is_picture: false };
        let with_files = redacting(Some(files(None)));
        let by_policy = redacting(Some(files(Some(unwanted))));
        assert_eq!((with_files.kind(), by_policy.kind()), ("redact", "redact_file"));
        assert_eq!((with_files.user(), by_policy.user()), (None, Some(&sender)));
        let quarantine =
            Deed::Quarantine { room_id: room_id.clone(), sender: sender.clone(), file: file.clone(), unwanted: true };
        let delete = Deed::DeleteRoom { room_id: owned_room_id!("!r:h.org"), purge: true, invited: BTreeSet::new() };
        let room = RoomKey::from("icu");
        let id = owned_room_id!("!r:h.org");
        let adopt =
            Deed::AdoptRoom { room_id: id.clone(), room: room.clone(), instead: false, accept: BTreeSet::new() };
        let accept = BTreeSet::from([owned_user_id!("@dona:h.org")]);
        let accepted = Deed::AdoptRoom { room_id: id.clone(), room: room.clone(), instead: true, accept };
        for (deed, text) in [
            (redact, r#"{"deed":"redact","room_id":"!r:h.org","event_id":"$e"}"#),
            (
                with_files,
                r#"{"deed":"redact","room_id":"!r:h.org","event_id":"$e","files":{"sender":"@ana:h.org","media":["mxc://h.org/1"]}}"#,
            ),
            (
                by_policy,
                r#"{"deed":"redact","room_id":"!r:h.org","event_id":"$e","files":{"sender":"@ana:h.org","media":["mxc://h.org/1"],"unwanted":{"why":{"kind":"video"},"is_picture":false}}}"#,
            ),
            (
                quarantine,
                r#"{"deed":"quarantine","room_id":"!r:h.org","sender":"@ana:h.org","file":"mxc://h.org/1","unwanted":true}"#,
            ),
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
