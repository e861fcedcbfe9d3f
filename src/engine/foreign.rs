//! Rooms that somebody brought the bot into; anybody can do that if the server accepts invitations automatically. Such
//! a room is announced at once, ignored, and left after an hour unless somebody adopts it.
//!
//! Applies only to rooms created by others. A room that the bot created or marked, whatever its state now, or that was
//! ever adopted, is never left.

use std::time::Duration;

use equipemed_domain::announcement::Announcement;
use equipemed_domain::deed::Deed;
use equipemed_domain::fault::{Fault, Stays};
use equipemed_domain::mode::Mode;
use equipemed_domain::observed::RoomSight;
use jiff::{SignedDuration, Timestamp};
use ruma_common::RoomId;
use tokio::time::Instant;

use super::handles::Handles;
use crate::homeserver::HomeserverError;
use crate::store::{ForeignRoom, NewDeed, SERVICE, StoreError};

/// How long a room can be adopted before the bot leaves it.
const STAYS: SignedDuration = SignedDuration::from_hours(1);
/// How often to check the bot's rooms for one that was not pushed.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// Delay while the service is paused without an end.
const PAUSED: SignedDuration = SignedDuration::from_mins(10);
/// Delay after a failure.
const AGAIN: Duration = Duration::from_secs(5);
/// Maximum length of an announced name, which a stranger may have chosen.
const NAME_CHARS: usize = 80;

/// Announces rooms that the bot was brought into, until the service stops.
pub(super) async fn lane(handles: &Handles) {
    let mut woken = handles.wakes.woken.subscribe();
    let mut looked: Option<Instant> = None;
    if let Err(error) = see_to_leaving(handles).await {
        tracing::warn!(%error, "Rooms that are to be left could not be read");
    }
    while !handles.stop.is_cancelled() {
        let is_due = looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY);
        let wait = match look(handles, is_due).await {
            Ok(()) => {
                looked = if is_due { Some(Instant::now()) } else { looked };
                LOOK_EVERY
            }
            Err(error) => {
                tracing::warn!(%error, "Rooms that the bot was brought into could not be looked at; trying again");
                AGAIN
            }
        };
        tokio::select! {
            () = handles.stop.cancelled() => {}
            _ = woken.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Schedules leaving the rooms announced in mode observe, which leaves none.
async fn see_to_leaving(handles: &Handles) -> Result<(), StoreError> {
    for room in handles.store.foreign_rooms().await?.iter().filter(|room| room.is_told) {
        leave_later(handles, room).await?;
    }
    Ok(())
}

async fn look(handles: &Handles, all: bool) -> Result<(), Fault> {
    let (store, reader, now) = (&handles.store, &handles.reader, handles.clock.now());
    if all {
        // Rooms that were not pushed.
        let mut known = store.noted_rooms().await?;
        known.extend(store.rooms().await?.into_values());
        for room_id in reader.joined_rooms().await?.difference(&known) {
            let origin = reader.origin(room_id).await?;
            if origin.is_some_and(|origin| !origin.is_of(reader.bot())) {
                store.note_foreign_room(room_id, None, now).await?;
            }
        }
    }
    for room in store.foreign_rooms().await?.iter().filter(|room| !room.is_told) {
        tell_of(handles, room, now).await?;
    }
    Ok(())
}

async fn tell_of(handles: &Handles, room: &ForeignRoom, now: Timestamp) -> Result<(), Fault> {
    let (store, reader, room_id) = (&handles.store, &handles.reader, &room.room_id);
    let origin = reader.origin(room_id).await?;
    let is_ours = origin.as_ref().is_some_and(|origin| origin.is_of(reader.bot()));
    if is_ours || store.key_of_room(room_id).await?.is_some() {
        return Ok(store.keep_foreign_room(room_id, now).await?);
    }
    if origin.is_none() && room.brought_by.is_none() {
        // An old event came late, and the bot is not in the room any more.
        return Ok(store.forget_foreign_room(room_id).await?);
    }
    // The bot cannot read a room to which it is only invited.
    let name = match origin.is_some() {
        true => reader.state(room_id, "m.room.name", "").await.or_else(|error| match error {
            HomeserverError::Refused { status: 403, .. } => Ok(None),
            error => Err(error),
        })?,
        false => None,
    };
    let name = name.as_ref().and_then(|content| content.get("name")?.as_str());
    let content = Announcement::BroughtIn {
        room_id: room_id.clone(),
        name: name.map(|name| name.chars().take(NAME_CHARS).collect()),
        by: room.brought_by.clone(),
        maker: origin.map(|origin| origin.made.sender),
        leaves: handles.mode == Mode::Enforce,
    };
    // If somebody brings the bot there repeatedly, that is announced once a day.
    let day = room.found_at.as_second().div_euclid(24 * 60 * 60);
    let by = room.brought_by.as_ref().map_or("", |by| by.as_str());
    store.announce(&format!("foreign:{room_id}:{by}:{day}"), &content, now).await?;
    leave_later(handles, room).await?;
    Ok(store.foreign_room_told(room_id, now).await?)
}

/// Schedules leaving a room when its hour is over; repeated calls schedule it once.
async fn leave_later(handles: &Handles, room: &ForeignRoom) -> Result<(), StoreError> {
    if handles.mode == Mode::Observe {
        return Ok(());
    }
    let (store, now) = (&handles.store, handles.clock.now());
    let leave = NewDeed {
        deed: Deed::LeaveRoom { room_id: room.room_id.clone() },
        asker: SERVICE.to_owned(),
        reason: None,
        due_at: end_of(room),
        source: Some(format!("foreign {} {}", room.room_id, room.found_at.as_millisecond())),
    };
    store.add_deed(&leave, now).await?;
    Ok(())
}

/// Why the bot stays in a room that it was to leave, and until when if known; None if it leaves.
pub(super) async fn stays_in(handles: &Handles, room_id: &RoomId) -> Result<Option<(Stays, Option<Timestamp>)>, Fault> {
    let stays = |why| Ok(Some((why, None)));
    let (store, reader, now) = (&handles.store, &handles.reader, handles.clock.now());
    if store.key_of_room(room_id).await?.is_some() {
        return stays(Stays::Managed);
    }
    let Some(room) = store.foreign_room(room_id).await? else {
        let is_kept = store.noted_rooms().await?.contains(room_id);
        return stays(if is_kept { Stays::Managed } else { Stays::Gone });
    };
    let ends = end_of(&room);
    if now < ends {
        return Ok(Some((Stays::Yet, Some(ends))));
    }
    if let Some(pause) = handles.pause().await? {
        return Ok(Some((Stays::Yet, pause.until.or(now.checked_add(PAUSED).ok()))));
    }
    let origin = reader.origin(room_id).await?;
    if origin.is_some_and(|origin| origin.is_of(reader.bot())) {
        return stays(Stays::Ours);
    }
    for (key, sight) in handles.rooms(store.rooms().await?).await? {
        let RoomSight::Seen(managed) = sight else { continue };
        if managed.replaced.and_then(|replaced| replaced.successor).as_deref() == Some(room_id) {
            return stays(Stays::Follows { room: key });
        }
    }
    Ok(None)
}

/// When the bot leaves a room.
fn end_of(room: &ForeignRoom) -> Timestamp {
    room.found_at.checked_add(STAYS).unwrap_or(Timestamp::MAX)
}
