//! Reads single events for moderation: senders, relations and addresses of files, never bodies.
//!
//! Walks a room's history backwards as far as a command asks for.

use std::collections::BTreeSet;

use equipemed_domain::event::Event;
use equipemed_domain::fault::{HomeserverError, Nonsense};
use equipemed_domain::media::{Accepted, Refused, files_in};
use jiff::Timestamp;
use matrix_sdk::ruma::api::Direction;
use matrix_sdk::ruma::api::client::message::get_message_events;
use matrix_sdk::ruma::api::client::relations::get_relating_events_with_rel_type_and_event_type;
use matrix_sdk::ruma::api::client::room::get_room_event;
use matrix_sdk::ruma::events::TimelineEventType;
use matrix_sdk::ruma::events::relation::RelationType;
use matrix_sdk::ruma::{EventId, OwnedEventId, OwnedMxcUri, OwnedUserId, RoomId, UInt, UserId};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Reader;
use crate::homeserver::error::from_json;
use crate::homeserver::event::RawEvent;
use crate::homeserver::transport::Sending;

/// Events in one page.
const PAGE: u32 = 500;
/// Pages to walk before a search gives up: some thousands of one person's messages.
const PAGES: usize = 20;

/// Types of polls, with those of their answers and end, as in Matrix 1.7 (MSC3381) and as before, which most clients still send.
const POLLS: [(&str, [&str; 2]); 2] = [
    ("m.poll.start", ["m.poll.response", "m.poll.end"]),
    ("org.matrix.msc3381.poll.start", ["org.matrix.msc3381.poll.response", "org.matrix.msc3381.poll.end"]),
];

/// What moderation needs to know of an event; excludes its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Whether it is redacted.
    pub redacted: bool,
    /// The message that it is an edit of.
    pub replaces: Option<OwnedEventId>,
    /// The message that it replies to.
    pub replies_to: Option<OwnedEventId>,
    /// The addresses of its files.
    pub files: BTreeSet<OwnedMxcUri>,
}

/// Which events to look for in a room's history.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// Sender; None means anybody.
    pub sender: Option<&'a UserId>,
    /// Event types.
    pub types: &'a [&'a str],
    /// Maximum number of events, not counting edits.
    pub at_most: usize,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Not newer than this; an edit counts with its message.
    pub until: Option<Timestamp>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// The events, newest first, including edits of messages.
    pub events: Vec<Event<Outline>>,
    /// Whether the search finished rather than hit the page limit.
    pub complete: bool,
}

/// A reaction to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Its own id.
    pub event_id: OwnedEventId,
    /// Who reacted.
    pub sender: OwnedUserId,
    /// Emoji or text of the reaction.
    pub key: String,
}

impl Reader {
    /// One event of a room; None when the room has no such event or the bot may not see it.
    pub async fn event(&self, room_id: &RoomId, event_id: &EventId) -> Result<Option<Event<Outline>>, HomeserverError> {
        self.event_read(room_id, event_id, outline).await
    }

    /// One event, and why its files are not accepted. See [`Self::event`].
    ///
    /// # Errors
    /// As there.
    pub async fn event_with_files(
        &self,
        room_id: &RoomId,
        event_id: &EventId,
        accepted: &Accepted,
    ) -> Result<Option<(Event<Outline>, Option<Refused>)>, HomeserverError> {
        let judged = |raw: &RawValue| {
            let event = read(raw)?;
            let refused = event.content::<Value>().and_then(|content| accepted.refuses(&event.kind, &content));
            Ok((outline(raw)?, refused))
        };
        self.event_read(room_id, event_id, judged).await
    }

    async fn event_read<T>(
        &self,
        room_id: &RoomId,
        event_id: &EventId,
        read: impl Fn(&RawValue) -> Result<T, HomeserverError>,
    ) -> Result<Option<T>, HomeserverError> {
        let request = get_room_event::v3::Request::new(room_id.to_owned(), event_id.to_owned());
        match self.transport.client(request, Sending::READ).await {
            Ok(answer) => read(answer.event.json()).map(Some),
            Err(HomeserverError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The newest events that match a search, without redacted events and state events.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with 403 when the bot is not in the room.
    pub async fn latest_events(&self, room_id: &RoomId, search: &Search<'_>) -> Result<Latest, HomeserverError> {
        let mut request = get_message_events::v3::Request::new(room_id.to_owned(), Direction::Backward);
        request.limit = UInt::from(PAGE);
        request.filter.types = Some(search.types.iter().map(|&kind| kind.to_owned()).collect());
        request.filter.senders = search.sender.map(|sender| vec![sender.to_owned()]);
        let mut events = Vec::new();
        let mut counted = 0;
        for _ in 0..PAGES {
            let page = self.transport.client(request.clone(), Sending::READ).await?;
            let seen = page.chunk.len();
            for raw in page.chunk {
                let event = outline(raw.json())?;
                let replaces = event.content.replaces.is_some();
                let is_old = search.since.is_some_and(|since| event.sent_at < since);
                if is_old || counted >= search.at_most {
                    return self.without_other_edits(events, true).await;
                }
                let is_new = search.until.is_some_and(|until| event.sent_at > until) && !replaces;
                if !event.content.redacted && event.state_key.is_none() && !is_new {
                    counted += usize::from(!replaces);
                    events.push(event);
                }
            }
            // With a filter, Synapse returns an end token even after the last event; only an empty page is the end.
            match page.end {
                Some(end) if seen > 0 && request.from.as_ref() != Some(&end) => request.from = Some(end),
                _ => return self.without_other_edits(events, true).await,
            }
        }
        self.without_other_edits(events, false).await
    }

    /// Leaves out edits of messages that were not searched for: an edit is newer than its message. What only claims to be
    /// an edit is a message.
    async fn without_other_edits(
        &self,
        mut events: Vec<Event<Outline>>,
        complete: bool,
    ) -> Result<Latest, HomeserverError> {
        let is_message = |event: &&Event<Outline>| event.content.replaces.is_none();
        let found: BTreeSet<_> = events.iter().filter(is_message).map(|event| event.event_id.clone()).collect();
        let mut others = BTreeSet::new();
        for event in &mut events {
            if event.content.replaces.as_ref().is_none_or(|of| found.contains(of)) {
                continue;
            }
            match self.edited_message(event).await? {
                Some(_) => _ = others.insert(event.event_id.clone()),
                None => event.content.replaces = None,
            }
        }
        events.retain(|event| !others.contains(&event.event_id));
        Ok(Latest { events, complete })
    }

    /// All reactions to an event that were not redacted, newest first.
    pub async fn reactions_to(&self, room_id: &RoomId, event_id: &EventId) -> Result<Vec<Reaction>, HomeserverError> {
        let related = self.related(room_id, event_id, RelationType::Annotation, TimelineEventType::Reaction, reaction);
        Ok(related.await?.into_iter().flatten().collect())
    }

    /// The message that an event is an edit of. None if it is no edit, or none that counts: only the sender's own event of
    /// the same type, which is no state, can be edited.
    pub async fn edited_message(&self, edit: &Event<Outline>) -> Result<Option<Event<Outline>>, HomeserverError> {
        let Some(message) = &edit.content.replaces else { return Ok(None) };
        let message = self.event(&edit.room_id, message).await?;
        Ok(message.filter(|message| {
            message.sender == edit.sender && message.kind == edit.kind && message.state_key.is_none()
        }))
    }

    /// What must go along with a message so that nothing of it stays: its edits by the sender, and if it is a poll, the
    /// answers and its end. Without what was redacted.
    ///
    /// Each is found and redacted on its own: `with_rel_types` in a redaction (MSC3912) is experimental in Synapse, off
    /// by default, and then ignored without a word.
    pub async fn belonging_to(&self, event: &Event<Outline>) -> Result<Vec<Event<Outline>>, HomeserverError> {
        let polls = POLLS.iter().find(|(start, _)| *start == event.kind).map(|(_, answers)| *answers);
        let edits = [(RelationType::Replacement, event.kind.as_str())];
        let answers = polls.into_iter().flatten().map(|kind| (RelationType::Reference, kind));
        let mut all = Vec::new();
        for (relation, kind) in edits.into_iter().chain(answers) {
            let is_edit = relation == RelationType::Replacement;
            let related = self.related(&event.room_id, &event.event_id, relation, kind.into(), outline).await?;
            // What others send as an edit is none, and their own message.
            all.extend(
                related.into_iter().filter(|one| !one.content.redacted && (!is_edit || one.sender == event.sender)),
            );
        }
        Ok(all)
    }

    /// Events with a relation to an event, newest first; no more than a search walks through, because anybody may send
    /// as many as they like.
    async fn related<T>(
        &self,
        room_id: &RoomId,
        event_id: &EventId,
        relation: RelationType,
        kind: TimelineEventType,
        read: impl Fn(&RawValue) -> Result<T, HomeserverError>,
    ) -> Result<Vec<T>, HomeserverError> {
        let (room_id, event_id) = (room_id.to_owned(), event_id.to_owned());
        let mut request =
            get_relating_events_with_rel_type_and_event_type::v1::Request::new(room_id, event_id, relation, kind);
        request.limit = Some(UInt::from(PAGE));
        let mut related = Vec::new();
        for _ in 0..PAGES {
            let page = self.transport.client(request.clone(), Sending::READ).await?;
            let seen = page.chunk.len();
            for raw in page.chunk {
                related.push(read(raw.json())?);
            }
            match page.next_batch {
                Some(next) if seen > 0 && request.from.as_ref() != Some(&next) => request.from = Some(next),
                _ => break,
            }
        }
        Ok(related)
    }
}

fn read(raw: &RawValue) -> Result<RawEvent<'_>, HomeserverError> {
    serde_json::from_str(raw.get()).map_err(|error| from_json(&error))
}

fn outline(raw: &RawValue) -> Result<Event<Outline>, HomeserverError> {
    let event = read(raw)?;
    let relation = event.relation();
    let (replaces, replies_to) = (relation.to("m.replace"), relation.in_reply_to());
    let content = event.may_hold_files().then(|| event.content::<Value>()).flatten();
    let files = content.map(|content| files_in(&content)).unwrap_or_default();
    let outline = Outline { redacted: event.is_redacted(), replaces, replies_to, files };
    event.with(outline).ok_or_else(|| HomeserverError::nonsense(Nonsense::Form))
}

fn reaction(raw: &RawValue) -> Result<Option<Reaction>, HomeserverError> {
    let event = read(raw)?;
    let key = event.relation().key().filter(|_| !event.is_redacted()).map(str::to_owned);
    let reaction = key.and_then(|key| event.with(key));
    Ok(reaction.map(|event| Reaction { event_id: event.event_id, sender: event.sender, key: event.content }))
}
