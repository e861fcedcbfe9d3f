//! Events as they stand in an answer or a transaction, read only as far as it takes to tell whether they matter.
//!
//! ruma's types are not used: one event that they cannot read would refuse all the others beside it, and Synapse would
//! send the same transaction for ever. Most events are dropped, so that nothing is copied before that is known.

use std::borrow::Cow;

use equipemed_domain::event::{Event, MembershipState};
use jiff::Timestamp;
use matrix_sdk::ruma::{EventId, OwnedEventId, RoomId, UserId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// One event; borrows from the text it came in, and its content is unread.
#[derive(Clone, Debug, Deserialize)]
pub struct RawEvent<'a> {
    /// Type.
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    /// Where it happened.
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
    origin_server_ts: i64,
    #[serde(borrow)]
    content: Json<'a>,
    #[serde(borrow)]
    unsigned: Option<Json<'a>>,
}

/// A text inside of an `Option`, where serde would copy a bare `Cow`.
#[derive(Clone, Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Unread JSON, which serde would copy in a bare `Cow` as well.
#[derive(Clone, Debug, Deserialize)]
struct Json<'a>(#[serde(borrow, deserialize_with = "borrowed")] Cow<'a, RawValue>);

fn borrowed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Cow::Borrowed)
}

/// What the server adds to an event.
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
    /// None when it is none that this service can make sense of.
    #[must_use]
    pub fn read(raw: &'a RawValue) -> Option<Self> {
        let event: Self = serde_json::from_str(raw.get()).ok()?;
        // One of the databases refuses that character, and with it everything beside it.
        let texts = [&event.kind, &event.room_id, &event.event_id, &event.sender];
        let is_odd = |text: &str| text.contains('\0');
        (!texts.into_iter().any(|text| is_odd(text)) && !event.state_key().is_some_and(is_odd)).then_some(event)
    }

    /// The same, for when the text it came in is gone.
    #[must_use]
    pub fn into_owned(self) -> RawEvent<'static> {
        let text = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let json = |json: Json<'_>| Json(Cow::Owned(json.0.into_owned()));
        RawEvent {
            kind: text(self.kind),
            room_id: text(self.room_id),
            event_id: text(self.event_id),
            sender: text(self.sender),
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

    /// Its own time; one beyond all calendars is the end of time.
    #[must_use]
    pub fn sent_at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.origin_server_ts).unwrap_or(Timestamp::MAX)
    }

    /// Its content; None when that has another form.
    #[must_use]
    pub fn content<'e, T: Deserialize<'e>>(&'e self) -> Option<T> {
        serde_json::from_str(self.content.0.get()).ok()
    }

    /// What the content of a state event was before.
    #[must_use]
    pub fn prev_content<'e, T: Deserialize<'e>>(&'e self) -> Option<T> {
        serde_json::from_str(self.unsigned().prev_content?.get()).ok()
    }

    /// The membership that an `m.room.member` says.
    #[must_use]
    pub fn membership(&self) -> Option<MembershipState> {
        self.content().map(|Member { membership }| membership)
    }

    /// What it was before.
    #[must_use]
    pub fn prev_membership(&self) -> Option<MembershipState> {
        self.prev_content().map(|Member { membership }| membership)
    }

    /// Whether it was redacted.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        self.unsigned().redacted_because.is_some()
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

    /// The event with this read of it; None when its ids are none.
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

/// The `m.relates_to` of an event. People write what they like there: each part is taken as it comes, and checked.
#[derive(Debug)]
pub struct Relation(Value);

impl Relation {
    /// In which way.
    #[must_use]
    pub fn rel_type(&self) -> Option<&str> {
        self.0.get("rel_type")?.as_str()
    }

    /// The event that it relates to in this way.
    #[must_use]
    pub fn to(&self, rel_type: &str) -> Option<OwnedEventId> {
        let event = self.0.get("event_id")?.as_str().filter(|_| self.rel_type() == Some(rel_type))?;
        EventId::parse(event).ok()
    }

    /// What a reaction shows.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.get("key")?.as_str()
    }

    /// The event that is answered.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<OwnedEventId> {
        EventId::parse(self.0.get("m.in_reply_to")?.get("event_id")?.as_str()?).ok()
    }

    /// Whether that is only the last one of a thread, named for clients that do not know threads.
    #[must_use]
    pub fn is_falling_back(&self) -> bool {
        self.0.get("is_falling_back").and_then(Value::as_bool).unwrap_or_default()
    }
}
