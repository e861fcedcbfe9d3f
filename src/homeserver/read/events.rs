//! Single events of a room, looked at for moderation: whose they are and what they hang on, never what they say.
//!
//! Walks a room's past backwards, as far as a command asks for. What people wrote stays with Synapse: no body is kept.

use equipemed_domain::fault::HomeserverError;
use matrix_sdk::ruma::api::Direction;
use matrix_sdk::ruma::api::client::message::get_message_events;
use matrix_sdk::ruma::api::client::relations::get_relating_events_with_rel_type_and_event_type;
use matrix_sdk::ruma::api::client::room::get_room_event;
use matrix_sdk::ruma::events::TimelineEventType;
use matrix_sdk::ruma::events::relation::RelationType;
use matrix_sdk::ruma::{EventId, OwnedEventId, OwnedUserId, RoomId, UInt, UserId};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Reader;
use crate::homeserver::error::from_json;
use crate::homeserver::transport::Manner;

/// Events in one page.
const PAGE: u32 = 500;
/// Pages that are walked before a search gives up: some thousands of one person's messages.
const PAGES: usize = 20;

/// An event without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomEvent {
    /// Its id.
    pub event_id: OwnedEventId,
    /// Type.
    pub kind: String,
    /// Sender.
    pub sender: OwnedUserId,
    /// When, by the sender's server, milliseconds since 1970.
    pub origin_server_ts: u64,
    /// Whether it is redacted.
    pub redacted: bool,
    /// Whether it is a state event.
    pub is_state: bool,
    /// `msgtype` of a message.
    pub message_type: Option<String>,
    /// The message that it is a new version of.
    pub replaces: Option<OwnedEventId>,
}

/// Which events of a room's past are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// By whom; None is by anybody.
    pub sender: Option<&'a UserId>,
    /// Of which types.
    pub types: &'a [&'a str],
    /// No more than that many, new versions of a message not counted.
    pub at_most: usize,
    /// Not older than this, milliseconds since 1970.
    pub since: Option<u64>,
    /// Not newer than this; new versions of a message count with the message.
    pub until: Option<u64>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// The events, newest first, with new versions of messages among them.
    pub events: Vec<RoomEvent>,
    /// Whether that is all that was looked for, and not only as far as one goes back at once.
    pub complete: bool,
}

/// A reaction to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Its own id.
    pub event_id: OwnedEventId,
    /// Who reacted.
    pub sender: OwnedUserId,
    /// With what.
    pub key: String,
}

impl Reader {
    /// One event of a room; None when there is none in that room, or none that the bot may see.
    pub async fn event(&self, room_id: &RoomId, event_id: &EventId) -> Result<Option<RoomEvent>, HomeserverError> {
        let request = get_room_event::v3::Request::new(room_id.to_owned(), event_id.to_owned());
        match self.transport.client(request, Manner::READ).await {
            Ok(answer) => Ok(Some(read::<WireEvent>(answer.event.json())?.into())),
            Err(HomeserverError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The newest events of a room that a search is about; redacted ones and state events are left out.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with 403 when the bot is not in the room.
    pub async fn latest_events(&self, room_id: &RoomId, search: &Search<'_>) -> Result<Latest, HomeserverError> {
        let mut request = get_message_events::v3::Request::new(room_id.to_owned(), Direction::Backward);
        request.limit = UInt::from(PAGE);
        request.filter.types = Some(search.types.iter().map(|&kind| kind.to_owned()).collect());
        request.filter.senders = search.sender.map(|sender| vec![sender.to_owned()]);
        let mut events: Vec<RoomEvent> = Vec::new();
        let mut counted = 0;
        for _ in 0..PAGES {
            let page = self.transport.client(request.clone(), Manner::READ).await?;
            let seen = page.chunk.len();
            for raw in page.chunk {
                let event: RoomEvent = read::<WireEvent>(raw.json())?.into();
                let is_old = search.since.is_some_and(|since| event.origin_server_ts < since);
                if is_old || counted >= search.at_most {
                    return Ok(Latest { events, complete: true });
                }
                let is_new =
                    search.until.is_some_and(|until| event.origin_server_ts > until) && event.replaces.is_none();
                if !event.redacted && !event.is_state && !is_new {
                    counted += usize::from(event.replaces.is_none());
                    events.push(event);
                }
            }
            // With a filter Synapse gives an end even behind the last event: only an empty page is the end.
            match page.end {
                Some(end) if seen > 0 && request.from.as_ref() != Some(&end) => request.from = Some(end),
                _ => return Ok(Latest { events, complete: true }),
            }
        }
        Ok(Latest { events, complete: false })
    }

    /// All reactions to an event that are not taken back, newest first.
    pub async fn reactions_to(&self, room_id: &RoomId, event_id: &EventId) -> Result<Vec<Reaction>, HomeserverError> {
        let mut request = get_relating_events_with_rel_type_and_event_type::v1::Request::new(
            room_id.to_owned(),
            event_id.to_owned(),
            RelationType::Annotation,
            TimelineEventType::Reaction,
        );
        request.limit = Some(UInt::from(PAGE));
        let mut reactions = Vec::new();
        loop {
            let page = self.transport.client(request.clone(), Manner::READ).await?;
            let seen = page.chunk.len();
            for raw in page.chunk {
                reactions.extend(read::<WireEvent>(raw.json())?.reaction());
            }
            match page.next_batch {
                Some(next) if seen > 0 && request.from.as_ref() != Some(&next) => request.from = Some(next),
                _ => return Ok(reactions),
            }
        }
    }
}

fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, HomeserverError> {
    serde_json::from_str(raw.get()).map_err(|error| from_json(&error))
}

/// People write what they like into a content: what is read of it is taken as it comes, and checked.
#[derive(Deserialize)]
struct WireEvent {
    event_id: OwnedEventId,
    #[serde(rename = "type")]
    kind: String,
    sender: OwnedUserId,
    origin_server_ts: u64,
    state_key: Option<IgnoredAny>,
    content: WireContent,
    #[serde(default)]
    unsigned: WireUnsigned,
}

#[derive(Deserialize)]
struct WireContent {
    #[serde(default)]
    msgtype: Value,
    #[serde(default, rename = "m.relates_to")]
    relates_to: Value,
}

#[derive(Default, Deserialize)]
struct WireUnsigned {
    redacted_because: Option<IgnoredAny>,
}

impl WireEvent {
    /// What it hangs on, if it does so in this way.
    fn related(&self, how: &str) -> Option<&str> {
        let relation = &self.content.relates_to;
        (relation.get("rel_type")?.as_str()? == how).then_some(relation.get("event_id")?.as_str()?)
    }

    fn reaction(self) -> Option<Reaction> {
        let key = self.content.relates_to.get("key")?.as_str()?.to_owned();
        let redacted = self.unsigned.redacted_because.is_some();
        (!redacted).then_some(Reaction { event_id: self.event_id, sender: self.sender, key })
    }
}

impl From<WireEvent> for RoomEvent {
    fn from(event: WireEvent) -> Self {
        Self {
            replaces: event.related("m.replace").and_then(|original| EventId::parse(original).ok()),
            message_type: event.content.msgtype.as_str().map(str::to_owned),
            redacted: event.unsigned.redacted_because.is_some(),
            is_state: event.state_key.is_some(),
            event_id: event.event_id,
            kind: event.kind,
            sender: event.sender,
            origin_server_ts: event.origin_server_ts,
        }
    }
}
