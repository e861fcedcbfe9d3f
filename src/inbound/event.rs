//! Events as they stand in a transaction or in a room's past, read only as far as it takes to tell whether they matter.
//!
//! ruma's types for transactions are not used: one event that they cannot read would refuse all the others beside it, and
//! Synapse would send the same transaction for ever. Most events are dropped, so that nothing is copied before that is known.

use std::borrow::Cow;

use equipemed_domain::event::{Content, Event as Kept};
use jiff::Timestamp;
use ruma_common::{EventId, RoomId, UserId};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::homeserver::{PastEvent, StateEvent};

/// A body of `PUT /transactions/{id}`.
#[derive(Deserialize)]
pub(super) struct Transaction<'a> {
    #[serde(borrow)]
    pub(super) events: Vec<&'a RawValue>,
}

/// One event; borrows from the text it came in.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) room_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) event_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) sender: Cow<'a, str>,
    #[serde(borrow)]
    state_key: Option<Text<'a>>,
    origin_server_ts: i64,
    #[serde(borrow)]
    pub(super) content: &'a RawValue,
    #[serde(borrow)]
    unsigned: Option<&'a RawValue>,
}

/// A text inside of an `Option`, where serde would copy a bare `Cow`.
#[derive(Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Event<'a> {
    /// None when it is none that this service can make sense of.
    pub(super) fn read(raw: &'a RawValue) -> Option<Self> {
        let event: Self = serde_json::from_str(raw.get()).ok()?;
        // One of the databases refuses that character, and with it everything beside it.
        let texts = [&event.kind, &event.room_id, &event.event_id, &event.sender];
        let is_odd = |text: &str| text.contains('\0');
        (!texts.into_iter().any(|text| is_odd(text)) && !event.state_key().is_some_and(is_odd)).then_some(event)
    }

    /// The same of an event that was read back.
    pub(super) fn past(room_id: &'a RoomId, past: &'a PastEvent) -> Self {
        Self {
            kind: past.kind.as_str().into(),
            room_id: room_id.as_str().into(),
            event_id: past.event_id.as_str().into(),
            sender: past.sender.as_str().into(),
            state_key: past.state_key.as_deref().map(|key| Text(key.into())),
            origin_server_ts: i64::try_from(past.origin_server_ts).unwrap_or(i64::MAX),
            content: &past.content,
            unsigned: past.unsigned.as_deref(),
        }
    }

    pub(super) fn state_key(&self) -> Option<&str> {
        self.state_key.as_ref().map(|key| &*key.0)
    }

    /// Its own time; one beyond all calendars is the end of time.
    pub(super) fn sent_at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.origin_server_ts).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn as_state(&self) -> Option<StateEvent<'_>> {
        Some(StateEvent {
            kind: Cow::Borrowed(&*self.kind),
            state_key: Cow::Borrowed(self.state_key()?),
            sender: Cow::Borrowed(&*self.sender),
            content: self.content,
            event_id: Cow::Borrowed(&*self.event_id),
        })
    }

    /// What the content of a state event was before.
    pub(super) fn previous(&self) -> Option<&'a RawValue> {
        #[derive(Deserialize)]
        struct Unsigned<'a> {
            #[serde(borrow)]
            prev_content: Option<&'a RawValue>,
        }
        serde_json::from_str::<Unsigned<'_>>(self.unsigned?.get()).ok()?.prev_content
    }

    /// The row it becomes; None when its ids are none.
    pub(super) fn row(&self, content: Content) -> Option<Kept> {
        Some(Kept {
            event_id: EventId::parse(&*self.event_id).ok()?,
            room_id: RoomId::parse(&*self.room_id).ok()?,
            kind: self.kind.clone().into_owned(),
            state_key: self.state_key().map(str::to_owned),
            sender: UserId::parse(&*self.sender).ok()?,
            sent_at: self.sent_at(),
            content,
        })
    }
}

/// The type of an event that cannot be read, for the log.
pub(super) fn kind_of(raw: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }
    serde_json::from_str::<Kind>(raw.get()).map_or_else(|_| "none".to_owned(), |kind| kind.kind)
}
