//! Rooms: their state by one request, what happened since, and where they are.
//!
//! An application service has no `/sync` on Synapse, so that what happened is asked for room by room.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::fault::HomeserverError;
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

/// Events in one page of a room's past.
const PAST_PAGE: u32 = 500;
/// Pages of a room's past that are read before its whole state is the cheaper answer.
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
    /// How many are joined, from all servers.
    pub members: u64,
    /// How many of this server are joined.
    pub local_members: u64,
    /// Its version.
    pub version: Option<String>,
    /// Its encryption algorithm, if it is encrypted.
    pub encryption: Option<String>,
    /// Who made it.
    pub creator: Option<String>,
    /// Whether it is a space.
    pub is_space: bool,
}

/// What happened in a room since a position.
#[derive(Clone, Debug)]
pub struct RoomPast {
    /// Events of the asked types, oldest first.
    pub events: Vec<RawEvent<'static>>,
    /// Where to go on, when that is not all: there, or by reading the room as a whole.
    pub next: Option<String>,
}

impl Reader {
    /// A room that the bot is in, by one request.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with 403 when the bot is not in the room.
    pub async fn room(&self, room_id: &RoomId) -> Result<ObservedRoom, HomeserverError> {
        let answer =
            self.transport.answer(Endpoint::RoomState, &[room_id.as_str()], &[], NOTHING, Sending::READ).await?;
        picture::observe(room_id, &self.bot, &answer.body)
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

    /// A room's level event, raw; to be read just before it is changed.
    pub async fn power_levels(&self, room_id: &RoomId) -> Result<Option<Map<String, Value>>, HomeserverError> {
        self.state(room_id, "m.room.power_levels", "").await
    }

    /// What a room that the bot is in tells of its origin; None when the bot is not in it, or not any more.
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

    /// The key that a state event names, with its sender; None without the event.
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
        // A sender whose id is none is not the bot, and nobody else's word is asked for.
        Ok(OwnedUserId::try_from(sent.sender).ok().map(|sender| KeyTold { sender, key }))
    }

    /// The rooms that the bot is in by the keys they have, without those that are known: several rooms with one key are
    /// for people to decide about. One request, and two for each room that is looked at.
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

    /// The rooms with one key. For a room whose making was not answered.
    pub async fn rooms_with_key(
        &self,
        key: &RoomKey,
        known: &BTreeSet<OwnedRoomId>,
    ) -> Result<BTreeSet<OwnedRoomId>, HomeserverError> {
        Ok(self.rooms_by_key(known).await?.remove(key).unwrap_or_default())
    }

    /// The rooms the bot is in.
    pub async fn joined_rooms(&self) -> Result<BTreeSet<OwnedRoomId>, HomeserverError> {
        let answer = self.transport.client(joined_rooms::v3::Request::new(), Sending::READ).await?;
        Ok(answer.joined_rooms.into_iter().collect())
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

    /// The server's present position in the stream of events, for [`Self::changes_since`] in any room; to be taken before
    /// rooms are read. Asked for by way of a room that the bot is in: `GET /events`, which is made for it, fails for an
    /// application service as soon as something happened in other people's rooms. None when the answer has another form.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with 403 when the bot is not in the room.
    pub async fn position(&self, room_id: &RoomId) -> Result<Option<String>, HomeserverError> {
        let mut request = get_message_events::v3::Request::new(room_id.to_owned(), Direction::Backward);
        request.limit = UInt::from(1_u32);
        let answer = self.transport.client(request, Sending::READ).await?;
        Ok(position_of(&answer.start))
    }

    /// What happened in one room since a position, as far as it is of these types; by one request when it is not much.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` when the position is none.
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
            // One that cannot be read is nothing that this service could make anything of, and the others must not wait for it.
            let events = page.chunk.iter().filter_map(|raw| RawEvent::read(raw.json()));
            past.events.extend(events.map(RawEvent::into_owned));
            // With a filter Synapse gives an end even behind the last event: only a page with nothing new, or none
            // to follow, is the end.
            match page.end {
                Some(end) if read > 0 && request.from.as_ref() != Some(&end) => request.from = Some(end),
                _ => return Ok(past),
            }
        }
        past.next = request.from;
        Ok(past)
    }
}

/// The same position without the room's own part: Synapse counts what happened in one room, `t12`, and on the whole
/// server, `345`, in `t12-345_0_…`; `s345_0_…` is good for all rooms.
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
