//! Rooms as last seen, kept current by the events that Synapse pushes: a pass over a known room needs no request.
//!
//! An entry is used only while nothing contradicts it. If the order of events is in doubt, it is dropped, and the next
//! pass reads the room again. That costs one request and is always safe.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use equipemed_domain::observed::ObservedRoom;
use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId};

use crate::homeserver::{Applied, RawEvent, apply};

/// Older entries are not used, whatever was pushed. So events lost unnoticed are seen within a day.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Events kept for a read in progress. More come only if the room changes faster than it can be read.
const KEPT: usize = 1000;

/// Rooms as last seen. Empty and without effect until pushed events are proven to reach this process.
#[derive(Debug)]
pub struct RoomCache {
    bot: OwnedUserId,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    trusted: bool,
    /// Number of Synapse's outages at the last check.
    breaks: u64,
    rooms: BTreeMap<OwnedRoomId, Picture>,
    reads: BTreeMap<u64, Read>,
    last_read: u64,
}

#[derive(Debug)]
struct Picture {
    room: ObservedRoom,
    read_at: Timestamp,
    /// The latest time, by Synapse's clock, that it is known to include.
    newest: Timestamp,
}

/// A room being read.
#[derive(Debug)]
struct Read {
    room_id: OwnedRoomId,
    /// Events pushed meanwhile; the response may or may not include them.
    meanwhile: Vec<RawEvent<'static>>,
    is_spoilt: bool,
}

/// A read in progress, to be taken before sending the request.
#[derive(Debug)]
pub struct ReadTicket<'p> {
    cache: &'p RoomCache,
    number: u64,
    begun_at: Timestamp,
}

impl RoomCache {
    /// An empty cache. `bot` distinguishes the bot's own bans from others.
    #[must_use]
    pub fn new(bot: OwnedUserId) -> Self {
        Self { bot, inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves at worst an outdated entry, until the next doubt.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts keeping rooms: Synapse reaches this process, and no other one gets its events.
    pub fn trust(&self) {
        self.inner().trusted = true;
    }

    /// A room as it is now; None if it must be read.
    #[must_use]
    pub fn seen(&self, room_id: &RoomId, now: Timestamp) -> Option<ObservedRoom> {
        let inner = self.inner();
        let picture = inner.rooms.get(room_id)?;
        (now.duration_since(picture.read_at) < BELIEVED_FOR).then(|| picture.room.clone())
    }

    /// To be called before reading a room.
    pub fn begin_read(&self, room_id: &RoomId, now: Timestamp) -> ReadTicket<'_> {
        let mut inner = self.inner();
        inner.last_read += 1;
        let number = inner.last_read;
        let is_spoilt = !inner.trusted;
        inner.reads.insert(number, Read { room_id: room_id.to_owned(), meanwhile: Vec::new(), is_spoilt });
        ReadTicket { cache: self, number, begun_at: now }
    }

    /// Keeps what was read, with the events pushed meanwhile applied.
    pub fn put(&self, ticket: &ReadTicket<'_>, room: &ObservedRoom) {
        let mut inner = self.inner();
        let Some(read) = inner.reads.remove(&ticket.number) else { return };
        if read.is_spoilt || read.room_id != room.room_id {
            return;
        }
        let mut picture = Picture { room: room.clone(), read_at: ticket.begun_at, newest: ticket.begun_at };
        let is_sound = read.meanwhile.iter().all(|event| picture.apply(event, &self.bot));
        if is_sound {
            inner.rooms.insert(read.room_id, picture);
        }
    }

    /// Applies a pushed state event to its room.
    pub fn apply(&self, room_id: &RoomId, event: &RawEvent<'_>) {
        let mut inner = self.inner();
        for read in inner.reads.values_mut().filter(|read| read.room_id == *room_id && !read.is_spoilt) {
            read.is_spoilt = read.meanwhile.len() >= KEPT;
            read.meanwhile.push(event.clone().into_owned());
        }
        if let Some(picture) = inner.rooms.get_mut(room_id)
            && !picture.apply(event, &self.bot)
        {
            inner.rooms.remove(room_id);
        }
    }

    /// Drops a room, including reads in progress.
    pub fn doubt(&self, room_id: &RoomId) {
        let mut inner = self.inner();
        inner.rooms.remove(room_id);
        inner.reads.values_mut().filter(|read| read.room_id == *room_id).for_each(|read| read.is_spoilt = true);
    }

    /// Drops everything.
    pub fn doubt_all(&self) {
        self.inner().doubt_all();
    }

    /// Drops everything if Synapse was unreachable since the last call: after a restart it may have forgotten what it
    /// had to push. `breaks` only grows.
    pub fn note_breaks(&self, breaks: u64) {
        let mut inner = self.inner();
        if inner.breaks != breaks {
            inner.breaks = breaks;
            inner.doubt_all();
        }
    }
}

impl Inner {
    fn doubt_all(&mut self) {
        self.rooms.clear();
        self.reads.values_mut().for_each(|read| read.is_spoilt = true);
    }
}

impl Picture {
    /// Applies an event; returns whether the entry is still valid. An event older than the read or than the last event
    /// may be outdated, and would turn the room back.
    fn apply(&mut self, event: &RawEvent<'_>, bot: &OwnedUserId) -> bool {
        let sent_at = event.sent_at();
        if sent_at < self.newest {
            return false;
        }
        self.newest = sent_at;
        apply(&mut self.room, event, bot) != Applied::Doubtful
    }
}

impl Drop for ReadTicket<'_> {
    fn drop(&mut self) {
        self.cache.inner().reads.remove(&self.number);
    }
}
