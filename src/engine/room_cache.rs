//! Rooms as they were last seen, kept current by the events that Synapse pushes: a pass over a room that is known needs no request.
//!
//! A picture is believed only as long as nothing speaks against it. Whenever
//! the order of things is in doubt it is dropped, and the next pass reads the
//! room again; that costs one request and can never be wrong.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use equipemed_domain::observed::ObservedRoom;
use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId};

use crate::homeserver::{Applied, RawEvent, apply};

/// A picture older than this is not believed, whatever was pushed: what was lost unnoticed is seen within a day.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Events that are kept for a read under way. More come only when the room changes faster than it can be read.
const KEPT: usize = 1000;

/// Rooms as they were last seen. Empty, and of no effect, until somebody proved that changes are pushed to this process.
#[derive(Debug)]
pub struct RoomCache {
    bot: OwnedUserId,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    trusted: bool,
    /// How often Synapse had been out of reach when that was last asked.
    breaks: u64,
    rooms: BTreeMap<OwnedRoomId, Picture>,
    reads: BTreeMap<u64, Read>,
    last_read: u64,
}

#[derive(Debug)]
struct Picture {
    room: ObservedRoom,
    read_at: Timestamp,
    /// By Synapse's clock, the latest of what is known to be in it.
    newest: Timestamp,
}

/// A room that is being read.
#[derive(Debug)]
struct Read {
    room_id: OwnedRoomId,
    /// What was pushed meanwhile: it may or may not be in the answer.
    meanwhile: Vec<RawEvent<'static>>,
    is_spoilt: bool,
}

/// A read under way, to be taken before the request is sent.
#[derive(Debug)]
pub struct ReadTicket<'p> {
    cache: &'p RoomCache,
    number: u64,
    begun_at: Timestamp,
}

impl RoomCache {
    /// None yet. `bot` tells bans of its own from those of others.
    #[must_use]
    pub fn new(bot: OwnedUserId) -> Self {
        Self { bot, inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves at worst a picture that is too old, which the next doubt ends.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on rooms are kept: Synapse reaches this process, and no other one takes its events.
    pub fn trust(&self) {
        self.inner().trusted = true;
    }

    /// A room as it is now; None when it has to be read.
    #[must_use]
    pub fn seen(&self, room_id: &RoomId, now: Timestamp) -> Option<ObservedRoom> {
        let inner = self.inner();
        let picture = inner.rooms.get(room_id)?;
        (now.duration_since(picture.read_at) < BELIEVED_FOR).then(|| picture.room.clone())
    }

    /// To be called before a room is read.
    pub fn begin_read(&self, room_id: &RoomId, now: Timestamp) -> ReadTicket<'_> {
        let mut inner = self.inner();
        inner.last_read += 1;
        let number = inner.last_read;
        let is_spoilt = !inner.trusted;
        inner.reads.insert(number, Read { room_id: room_id.to_owned(), meanwhile: Vec::new(), is_spoilt });
        ReadTicket { cache: self, number, begun_at: now }
    }

    /// Keeps what was read, with what came meanwhile on top.
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

    /// Puts a pushed state event on top of what is known of its room.
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

    /// Drops what is known of a room, what is just being read too.
    pub fn doubt(&self, room_id: &RoomId) {
        let mut inner = self.inner();
        inner.rooms.remove(room_id);
        inner.reads.values_mut().filter(|read| read.room_id == *room_id).for_each(|read| read.is_spoilt = true);
    }

    /// Drops everything.
    pub fn doubt_all(&self) {
        self.inner().doubt_all();
    }

    /// Drops everything when Synapse could not be reached since the last call: started anew, it may have forgotten what it
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
    /// Whether it can still be believed. What is older than the read, or than what came before, may be news from before:
    /// put on top it would turn the room back.
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
