//! Stored events: metadata, and only the content that is needed later.
//!
//! Of users' messages, only commands are stored. The JSON of a [`Content`] stays in the inbox for weeks and may come
//! from an earlier version.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ruma_common::{OwnedEventId, OwnedMxcUri, OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::command::Message;
use crate::media::Refused;

/// An event with valid ids and parsed content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<C = Content> {
    /// Its id.
    pub event_id: OwnedEventId,
    /// Its room.
    pub room_id: OwnedRoomId,
    /// Its type.
    pub kind: String,
    /// Its state key; None when it is not a state event.
    pub state_key: Option<String>,
    /// Its sender.
    pub sender: OwnedUserId,
    /// Its `origin_server_ts`.
    pub sent_at: Timestamp,
    /// Its parsed content.
    pub content: C,
}

/// The stored part of an event's content. Untagged, because that has always been the format of the inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// A possible command.
    Command(Message<'static>),
    /// A reaction that confirms something.
    Reaction {
        /// The bot's question.
        event_id: OwnedEventId,
        /// Its emoji.
        key: String,
    },
    /// An edit that makes a message a command: only of what, not what it says.
    Edit {
        /// The edited message.
        edits: OwnedEventId,
    },
    /// A redaction by somebody else than the bot: what it redacted may have been room state.
    Redaction {
        /// The redacted event.
        redacts: OwnedEventId,
    },
    /// A file that is not accepted. Of what was said with it, nothing.
    File {
        /// Why.
        file: Refused,
        /// The thread that it is in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<OwnedEventId>,
        /// Its address, and those of its previews.
        #[serde(default)]
        media: BTreeSet<OwnedMxcUri>,
    },
    /// `m.room.member`.
    Member {
        /// The previous membership, if somebody else changed it: an unban is not a kick.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<MembershipState>,
        /// The new membership.
        membership: MembershipState,
    },
    /// `m.room.power_levels`.
    PowerLevels {
        /// The new levels.
        content: Map<String, Value>,
        /// The previous levels.
        prev: Option<Map<String, Value>>,
    },
    /// Other state, or content of unknown shape: only the event itself matters.
    #[default]
    Other,
}

/// The `membership` of an `m.room.member`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MembershipState {
    /// In the room.
    Join,
    /// Invited.
    Invite,
    /// Wants to be let in.
    Knock,
    /// Not in the room.
    Leave,
    /// Kept out.
    Ban,
    /// Not defined by Matrix.
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::{Content, MembershipState};
    use crate::media::{FileKind, Refused};

    fn is_kept_as(text: &str) -> Content {
        let content: Content = serde_json::from_str(text).unwrap_or_default();
        assert_eq!(serde_json::to_string(&content).ok().as_deref(), Some(text));
        content
    }

    #[test]
    fn rows_of_earlier_versions_are_read_and_written_the_same() {
        let said = is_kept_as(r#"{"body":"!status"}"#);
        assert!(matches!(said, Content::Command(message) if message.body == "!status" && message.reply_to.is_none()));
        let said = is_kept_as(r#"{"body":"!kick Rui","formatted_body":"!kick <a>Rui</a>","reply_to":"$chat"}"#);
        let Content::Command(said) = said else { unreachable!("{said:?}") };
        assert_eq!(said.formatted_body.as_deref(), Some("!kick <a>Rui</a>"));
        assert_eq!(said.reply_to.as_deref().map(|event| event.as_str()), Some("$chat"));
        let yes = is_kept_as(r#"{"event_id":"$open","key":"👍️"}"#);
        assert!(matches!(yes, Content::Reaction { event_id, .. } if event_id == "$open"));
        let (leave, join) = (MembershipState::Leave, MembershipState::Join);
        assert!(matches!(is_kept_as(r#"{"edits":"$first"}"#), Content::Edit { edits } if edits == "$first"));
        assert_eq!(is_kept_as(r#"{"membership":"join"}"#), Content::Member { before: None, membership: join });
        let unban = Content::Member { before: Some(MembershipState::Ban), membership: leave };
        assert_eq!(is_kept_as(r#"{"before":"ban","membership":"leave"}"#), unban);
        let file = is_kept_as(r#"{"file":{"kind":"video"},"thread":"$root","media":["mxc://h/1"]}"#);
        assert!(matches!(file, Content::File { file: Refused::Kind(FileKind::Video), .. }));
        assert!(matches!(is_kept_as(r#"{"file":"untyped","media":[]}"#), Content::File { thread: None, .. }));
        let levels = is_kept_as(r#"{"content":{"ban":75},"prev":{"ban":50}}"#);
        assert!(matches!(levels, Content::PowerLevels { prev: Some(prev), .. } if prev["ban"] == 50));
        let levels = is_kept_as(r#"{"content":{"users":{"@ana:h":100}},"prev":null}"#);
        assert!(matches!(levels, Content::PowerLevels { prev: None, .. }));
    }

    #[test]
    fn what_has_another_form_is_none_of_them() {
        for text in ["{}", "[]", r#"{"body":5}"#, r#"{"membership":null}"#, r#"{"content":1}"#] {
            assert!(serde_json::from_str::<Content>(text).is_err(), "{text}");
        }
        let odd = Content::Member { before: None, membership: MembershipState::Unknown };
        assert_eq!(serde_json::from_str::<Content>(r#"{"membership":"odd"}"#).ok(), Some(odd));
    }
}
