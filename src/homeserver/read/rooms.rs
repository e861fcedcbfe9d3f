//! Reads rooms: state, past events, and where the bot is joined.
//!
//! Synapse offers application services no `/sync`, so past events are requested room by room.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::fault::{HomeserverError, Missing, Nonsense};
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::ObservedRoom;
use equipemed_domain::room_origin::{KeyTold, ROOM_MARK, RoomOrigin, rooms_by_key};
use matrix_sdk::ruma::api::Direction;
use matrix_sdk::ruma::api::client::alias::get_alias;
use matrix_sdk::ruma::api::client::membership::joined_rooms;
use matrix_sdk::ruma::api::client::message::get_message_events;
use matrix_sdk::ruma::api::client::state::get_state_event_for_key;
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, UInt};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{NOTHING, PAGE, Reader};
use crate::homeserver::endpoint::Endpoint;
use crate::homeserver::error::from_json;
use crate::homeserver::event::RawEvent;
use crate::homeserver::picture::{self, ROOM_KEY_FIELD};
use crate::homeserver::transport::Sending;
use crate::homeserver::wire;

/// Events in one page of a room's history.
const PAST_PAGE: u32 = 500;
/// Pages of history to read before reading the whole state is cheaper.
const PAST_PAGES: usize = 4;

/// One room of the server, managed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomListing {
    /// Its id.
    pub room_id: OwnedRoomId,
    /// Its name.
    pub name: Option<String>,
    /// Its canonical alias.
    pub alias: Option<String>,
    /// Number of joined members from all servers.
    pub members: u64,
    /// Number of joined members from this server.
    pub local_members: u64,
    /// Its version.
    pub version: Option<String>,
    /// Its encryption algorithm, if it is encrypted.
    pub encryption: Option<String>,
    /// Creator.
    pub creator: Option<String>,
    /// Whether it is a space.
    pub is_space: bool,
}

/// What remains of a room without members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftInRoom {
    /// Its last name.
    pub name: Option<String>,
    /// Who is invited.
    pub invited: BTreeSet<OwnedUserId>,
}

/// Events of a room since a position.
#[derive(Clone, Debug)]
pub struct RoomPast {
    /// Events of the requested types, oldest first.
    pub events: Vec<RawEvent<'static>>,
    /// Where to continue if that is not all; reading the whole room is the alternative.
    pub next: Option<String>,
}

impl Reader {
    /// Reads a room that the bot is in with one request.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with 403 when the bot is not in the room.
    pub async fn room(&self, room_id: &RoomId) -> Result<ObservedRoom, HomeserverError> {
        let answer =
            self.transport.answer(Endpoint::RoomState, &[room_id.as_str()], &[], NOTHING, Sending::READ).await?;
        picture::observe(room_id, &self.bot, &answer.body)
    }

    /// Reads any room, even one that the bot is not in, such as a room to adopt.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `NotFound` when there is no such room, or it has no members any more.
    pub async fn any_room(&self, room_id: &RoomId) -> Result<ObservedRoom, HomeserverError> {
        let answer: wire::WholeState = self.get(Endpoint::AnyRoomState, &[room_id.as_str()], &[]).await?;
        match picture::observe(room_id, &self.bot, answer.state.get().as_bytes()) {
            Err(HomeserverError::Nonsense { why: Nonsense::NoCreate }) => {
                Err(HomeserverError::NotFound { what: Missing::Room })
            }
            room => room,
        }
    }

    /// The content of one state event; None when there is none.
    pub async fn state(
        &self,
        room_id: &RoomId,
        kind: &str,
        state_key: &str,
    ) -> Result<Option<Map<String, Value>>, HomeserverError> {
        let request = get_state_event_for_key::v3::Request::new(room_id.to_owned(), kind.into(), state_key.to_owned());
        match self.transport.client(request, Sending::READ).await {
            Ok(answer) => {
                let content = serde_json::from_str(answer.event_or_content.get());
                content.map(Some).map_err(|error| from_json(&error))
            }
            Err(HomeserverError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A room's power levels event, raw; read it right before changing it.
    pub async fn power_levels(&self, room_id: &RoomId) -> Result<Option<Map<String, Value>>, HomeserverError> {
        self.state(room_id, "m.room.power_levels", "").await
    }

    /// Evidence of a room's origin; None when the bot is not in the room (any more).
    pub async fn origin(&self, room_id: &RoomId) -> Result<Option<RoomOrigin>, HomeserverError> {
        let told = async {
            let Some(made) = self.key_told(room_id, "m.room.create").await? else { return Ok(None) };
            Ok(Some(RoomOrigin { made, mark: self.key_told(room_id, ROOM_MARK).await? }))
        };
        match told.await {
            Err(HomeserverError::Refused { status: 403, .. }) => Ok(None),
            told => told,
        }
    }

    /// The key that a state event names, with the event's sender; None without the event.
    async fn key_told(&self, room_id: &RoomId, kind: &str) -> Result<Option<KeyTold>, HomeserverError> {
        #[derive(Deserialize)]
        struct Sent {
            sender: String,
            content: Map<String, Value>,
        }
        let mut request = get_state_event_for_key::v3::Request::new(room_id.to_owned(), kind.into(), String::new());
        request.format = get_state_event_for_key::v3::StateEventFormat::Event;
        let answer = match self.transport.client(request, Sending::READ).await {
            Err(HomeserverError::NotFound { .. }) => return Ok(None),
            answer => answer?,
        };
        let sent: Sent = serde_json::from_str(answer.event_or_content.get()).map_err(|error| from_json(&error))?;
        let key = sent.content.get(ROOM_KEY_FIELD).and_then(Value::as_str).map(RoomKey::new);
        // A sender with an invalid id is not the bot, and only the bot's events count.
        Ok(OwnedUserId::try_from(sent.sender).ok().map(|sender| KeyTold { sender, key }))
    }

    /// The rooms that the bot is in, by key, except `known` ones. Several rooms may have one key: people must decide.
    /// Takes one request, plus two per room examined.
    pub async fn rooms_by_key(
        &self,
        known: &BTreeSet<OwnedRoomId>,
    ) -> Result<BTreeMap<RoomKey, BTreeSet<OwnedRoomId>>, HomeserverError> {
        let mut origins = Vec::new();
        for room_id in self.joined_rooms().await?.difference(known) {
            origins.extend(self.origin(room_id).await?.map(|origin| (room_id.clone(), origin)));
        }
        Ok(rooms_by_key(&self.bot, origins))
    }

    /// The rooms with one key, for a room whose creation was not answered.
    pub async fn rooms_with_key(
        &self,
        key: &RoomKey,
        known: &BTreeSet<OwnedRoomId>,
    ) -> Result<BTreeSet<OwnedRoomId>, HomeserverError> {
        Ok(self.rooms_by_key(known).await?.remove(key).unwrap_or_default())
    }

    /// The rooms that the bot is in.
    pub async fn joined_rooms(&self) -> Result<BTreeSet<OwnedRoomId>, HomeserverError> {
        let answer = self.transport.client(joined_rooms::v3::Request::new(), Sending::READ).await?;
        Ok(answer.joined_rooms.into_iter().collect())
    }

    /// The room that this one replaced, according to its create event.
    pub async fn predecessor(&self, room_id: &RoomId) -> Result<Option<OwnedRoomId>, HomeserverError> {
        let created = self.state(room_id, "m.room.create", "").await?;
        let before = created.as_ref().and_then(|content| content.get("predecessor")?.get("room_id")?.as_str());
        Ok(before.and_then(|before| RoomId::parse(before).ok()))
    }

    /// The room that replaced this one, according to its tombstone.
    pub async fn successor(&self, room_id: &RoomId) -> Result<Option<OwnedRoomId>, HomeserverError> {
        let tombstone = self.state(room_id, "m.room.tombstone", "").await?;
        let after = tombstone.as_ref().and_then(|content| content.get("replacement_room")?.as_str());
        Ok(after.and_then(|after| RoomId::parse(after).ok()))
    }

    /// The room that an alias leads to.
    pub async fn resolve_alias(&self, alias: &RoomAliasId) -> Result<Option<OwnedRoomId>, HomeserverError> {
        type Request = get_alias::v3::Request;
        let answer = self.transport.client_by::<Request, _, _>(Sending::READ, |matrix, config| {
            matrix.send(Request::new(alias.to_owned())).with_request_config(config).into_future()
        });
        match answer.await {
            Ok(answer) => Ok(Some(answer.room_id)),
            Err(HomeserverError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All rooms of the server, managed or not.
    pub async fn rooms_list(&self) -> Result<Vec<RoomListing>, HomeserverError> {
        let mut rooms = Vec::new();
        let mut from: Option<String> = None;
        loop {
            let mut query = vec![("limit", PAGE)];
            query.extend(from.as_deref().map(|from| ("from", from)));
            let page: wire::Rooms = self.get(Endpoint::Rooms, &[], &query).await?;
            let read = page.rooms.len();
            rooms.extend(page.rooms.into_iter().map(listing));
            match page.next_batch.map(|next| next.to_string()) {
                Some(next) if read > 0 && from.as_ref() != Some(&next) => from = Some(next),
                _ => return Ok(rooms),
            }
        }
    }

    /// The last name of a room without members, and who is still invited to it. Synapse forgets the state of such a
    /// room but keeps its history; only names and memberships are read from that. The bot need not have been in the
    /// room.
    pub async fn left_in(&self, room_id: &RoomId) -> Result<LeftInRoom, HomeserverError> {
        let mut left = LeftInRoom::default();
        let mut seen = BTreeSet::new();
        let mut from: Option<String> = None;
        loop {
            let mut query = vec![("dir", "b"), ("limit", PAGE)];
            query.extend(Endpoint::EmptyRoomHistory.filter().map(|filter| ("filter", filter)));
            query.extend(from.as_deref().map(|from| ("from", from)));
            let page: wire::History = self.get(Endpoint::EmptyRoomHistory, &[room_id.as_str()], &query).await?;
            for event in page.chunk {
                if event.kind == "m.room.name" && left.name.is_none() {
                    left.name = event.content.name;
                } else if event.kind == "m.room.member" && seen.insert(event.state_key.clone()) {
                    // The history begins with the newest event.
                    let is_invited = event.content.membership.as_deref() == Some("invite");
                    left.invited.extend(OwnedUserId::try_from(event.state_key).ok().filter(|_| is_invited));
                }
            }
            match page.end {
                Some(next) if from.as_ref() != Some(&next) => from = Some(next),
                _ => return Ok(left),
            }
        }
    }

    /// The server's current stream position, for [`Self::changes_since`] in any room; take it before reading rooms. It
    /// is read from a room that the bot is in, because `GET /events` fails for an application service as soon as
    /// something happened in other people's rooms. None when the token has an unknown format.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with 403 when the bot is not in the room.
    pub async fn position(&self, room_id: &RoomId) -> Result<Option<String>, HomeserverError> {
        let mut request = get_message_events::v3::Request::new(room_id.to_owned(), Direction::Backward);
        request.limit = UInt::from(1_u32);
        let answer = self.transport.client(request, Sending::READ).await?;
        Ok(position_of(&answer.start))
    }

    /// Events of these types in one room since a position; one request when there are few.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` when the position is invalid.
    pub async fn changes_since(
        &self,
        room_id: &RoomId,
        position: &str,
        types: &[&str],
    ) -> Result<RoomPast, HomeserverError> {
        let mut request = get_message_events::v3::Request::new(room_id.to_owned(), Direction::Forward);
        request.limit = UInt::from(PAST_PAGE);
        request.filter.types = Some(types.iter().map(|&kind| kind.to_owned()).collect());
        request.from = Some(position.to_owned());
        let mut past = RoomPast { events: Vec::new(), next: None };
        for _ in 0..PAST_PAGES {
            let page = self.transport.client(request.clone(), Sending::READ).await?;
            let read = page.chunk.len();
            // The service could not use an event that it cannot parse, and the others must not wait for it.
            let events = page.chunk.iter().filter_map(|raw| RawEvent::read(raw.json()));
            past.events.extend(events.map(RawEvent::into_owned));
            // With a filter, Synapse returns an end token even after the last event; only a page with nothing new, or
            // without a successor, is the end.
            match page.end {
                Some(end) if read > 0 && request.from.as_ref() != Some(&end) => request.from = Some(end),
                _ => return Ok(past),
            }
        }
        past.next = request.from;
        Ok(past)
    }
}

/// Strips the room's own part from a position: of `t12-345_0_…`, `t12` counts events in one room and `345` on the whole
/// server; `s345_0_…` is valid in all rooms.
fn position_of(start: &str) -> Option<String> {
    let (place, rest) = start.split_once('_')?;
    let (_, stream) = place.strip_prefix('t')?.split_once('-')?;
    stream.parse::<u64>().ok().map(|stream| format!("s{stream}_{rest}"))
}

fn listing(room: wire::Room) -> RoomListing {
    RoomListing {
        room_id: room.room_id,
        name: room.name,
        alias: room.canonical_alias,
        members: room.joined_members,
        local_members: room.joined_local_members,
        version: room.version,
        encryption: room.encryption,
        creator: room.creator,
        is_space: room.room_type.as_deref() == Some("m.space"),
    }
}
