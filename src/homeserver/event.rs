//! Events from a response or a transaction, parsed only as far as needed to decide whether they matter.
//!
//! ruma's types are not used: one event that they cannot parse would fail the whole transaction, and Synapse would
//! resend it for ever. Most events are dropped, so nothing is copied before that is known.

use std::borrow::Cow;
use std::collections::BTreeMap;

use equipemed_domain::event::{Event, MembershipState};
use jiff::Timestamp;
use matrix_sdk::ruma::{EventId, OwnedEventId, RoomId, UserId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::speak::PROGRESS_FIELD;

/// One event; borrows from the received text, with its content unparsed.
#[derive(Clone, Debug, Deserialize)]
pub struct RawEvent<'a> {
    /// Event type.
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    /// Room of the event.
    #[serde(borrow, default)]
    pub room_id: Cow<'a, str>,
    /// Its id.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// Sender.
    #[serde(borrow)]
    pub sender: Cow<'a, str>,
    #[serde(borrow)]
    state_key: Option<Text<'a>>,
    #[serde(borrow, default)]
    redacts: Option<Text<'a>>,
    origin_server_ts: i64,
    #[serde(borrow)]
    content: Json<'a>,
    #[serde(borrow)]
    unsigned: Option<Json<'a>>,
}

/// A text inside an `Option`, where serde would copy a bare `Cow`.
#[derive(Clone, Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Unparsed JSON, which serde would copy in a bare `Cow` as well.
#[derive(Clone, Debug, Deserialize)]
struct Json<'a>(#[serde(borrow, deserialize_with = "borrowed")] Cow<'a, RawValue>);

fn borrowed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Cow::Borrowed)
}

#[derive(Default, Deserialize)]
struct Unsigned<'a> {
    #[serde(borrow)]
    prev_content: Option<&'a RawValue>,
    redacted_because: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Member {
    membership: MembershipState,
}

impl<'a> RawEvent<'a> {
    /// Parses an event; None when the service cannot use it.
    #[must_use]
    pub fn read(raw: &'a RawValue) -> Option<Self> {
        let event: Self = serde_json::from_str(raw.get()).ok()?;
        // PostgreSQL refuses NUL, and would refuse the whole batch with it.
        let texts = [&event.kind, &event.room_id, &event.event_id, &event.sender];
        let is_odd = |text: &str| text.contains('\0');
        (!texts.into_iter().any(|text| is_odd(text)) && !event.state_key().is_some_and(is_odd)).then_some(event)
    }

    /// The same event, independent of the received text.
    #[must_use]
    pub fn into_owned(self) -> RawEvent<'static> {
        let text = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let json = |json: Json<'_>| Json(Cow::Owned(json.0.into_owned()));
        RawEvent {
            kind: text(self.kind),
            room_id: text(self.room_id),
            event_id: text(self.event_id),
            sender: text(self.sender),
            redacts: self.redacts.map(|id| Text(text(id.0))),
            state_key: self.state_key.map(|key| Text(text(key.0))),
            origin_server_ts: self.origin_server_ts,
            content: json(self.content),
            unsigned: self.unsigned.map(json),
        }
    }

    /// State key; None when it is not a state event.
    #[must_use]
    pub fn state_key(&self) -> Option<&str> {
        self.state_key.as_ref().map(|key| &*key.0)
    }

    /// When it was sent, by its origin's clock; a time beyond the calendar becomes the latest timestamp.
    #[must_use]
    pub fn sent_at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.origin_server_ts).unwrap_or(Timestamp::MAX)
    }

    /// Its parsed content; None when that has another shape.
    #[must_use]
    pub fn content<'e, T: Deserialize<'e>>(&'e self) -> Option<T> {
        serde_json::from_str(self.content.0.get()).ok()
    }

    /// Whether its content may hold a file. Synapse writes these names and addresses without escapes.
    #[must_use]
    pub fn may_hold_files(&self) -> bool {
        let content = self.content.0.get();
        ["mxc:", "\"url\"", "\"file\"", "\"thumbnail_file\""].iter().any(|part| content.contains(part))
    }

    /// The event that this one redacts. Synapse puts it beside the content in every room version, and up to version 10 the
    /// content is whatever the sender wrote.
    #[must_use]
    pub fn redacts(&self) -> Option<OwnedEventId> {
        #[derive(Deserialize)]
        struct Redacts {
            redacts: Option<OwnedEventId>,
        }
        match &self.redacts {
            Some(id) => OwnedEventId::try_from(&*id.0).ok(),
            None => self.content().and_then(|Redacts { redacts }| redacts),
        }
    }

    /// The previous content of a state event.
    #[must_use]
    pub fn prev_content<'e, T: Deserialize<'e>>(&'e self) -> Option<T> {
        serde_json::from_str(self.unsigned().prev_content?.get()).ok()
    }

    /// Membership of an `m.room.member`.
    #[must_use]
    pub fn membership(&self) -> Option<MembershipState> {
        self.content().map(|Member { membership }| membership)
    }

    /// Previous membership of an `m.room.member`.
    #[must_use]
    pub fn prev_membership(&self) -> Option<MembershipState> {
        self.prev_content().map(|Member { membership }| membership)
    }

    /// Whether it was redacted.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        self.unsigned().redacted_because.is_some()
    }

    /// Whether it shows the progress of a command, as [`super::Speaker::progress`] sends it.
    #[must_use]
    pub fn is_progress(&self) -> bool {
        self.content::<BTreeMap<String, Value>>().is_some_and(|content| content.contains_key(PROGRESS_FIELD))
    }

    /// How it relates to others.
    #[must_use]
    pub fn relation(&self) -> Relation {
        #[derive(Default, Deserialize)]
        struct Related {
            #[serde(rename = "m.relates_to", default)]
            relation: Value,
        }
        Relation(self.content::<Related>().unwrap_or_default().relation)
    }

    /// The event with parsed content; None when one of its ids is invalid.
    #[must_use]
    pub fn with<C>(&self, content: C) -> Option<Event<C>> {
        Some(Event {
            event_id: EventId::parse(&*self.event_id).ok()?,
            room_id: RoomId::parse(&*self.room_id).ok()?,
            kind: self.kind.clone().into_owned(),
            state_key: self.state_key().map(str::to_owned),
            sender: UserId::parse(&*self.sender).ok()?,
            sent_at: self.sent_at(),
            content,
        })
    }

    fn unsigned(&self) -> Unsigned<'_> {
        let unsigned = self.unsigned.as_ref().and_then(|unsigned| serde_json::from_str(unsigned.0.get()).ok());
        unsigned.unwrap_or_default()
    }
}

/// The `m.relates_to` of an event. Users control it, so each part is checked on its own.
#[derive(Debug)]
pub struct Relation(Value);

impl Relation {
    /// Type of the relation.
    #[must_use]
    pub fn rel_type(&self) -> Option<&str> {
        self.0.get("rel_type")?.as_str()
    }

    /// The related event, if the relation has this type.
    #[must_use]
    pub fn to(&self, rel_type: &str) -> Option<OwnedEventId> {
        let event = self.0.get("event_id")?.as_str().filter(|_| self.rel_type() == Some(rel_type))?;
        EventId::parse(event).ok()
    }

    /// Emoji or text of a reaction.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.get("key")?.as_str()
    }

    /// The event that this one replies to.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<OwnedEventId> {
        EventId::parse(self.0.get("m.in_reply_to")?.get("event_id")?.as_str()?).ok()
    }

    /// Whether the reply is only a fallback to a thread's last event, for clients without threads.
    #[must_use]
    pub fn is_falling_back(&self) -> bool {
        self.0.get("is_falling_back").and_then(Value::as_bool).unwrap_or_default()
    }
}
