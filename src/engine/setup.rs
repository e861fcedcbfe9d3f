//! The control room: created once, by `setup`, before there is any plan.

use std::collections::BTreeSet;

use equipemed_domain::action::{Action, NewRoom};
use equipemed_domain::fault::{Fault, NotSetUp};
use equipemed_domain::finding::Finding;
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::levels::initial_control_content;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::policy::{Policy, RoomPolicy};
use ruma_common::{OwnedRoomId, RoomId};

use super::encrypts;
use crate::clock::Clock;
use crate::homeserver::{HomeserverError, RoomToCreate, Writer};
use crate::store::{AuditCause, Intent, Store};

/// Creates the control room if there is none, and invites the break-glass account. The next sync adds the people whom
/// the policy trusts. If the bot created several, as after restoring a database, `chosen` decides.
///
/// # Errors
/// When Synapse or the store fails, there are several and none is chosen, or another one is chosen than exists.
pub async fn make_control_room(
    writer: &Writer,
    store: &Store,
    policy: &Policy,
    clock: &Clock,
    chosen: Option<&RoomId>,
) -> Result<OwnedRoomId, Fault> {
    let key = RoomKey::from(CONTROL_ROOM);
    encrypts::forget(store).await?;
    let known = store.rooms().await?;
    let bound = known.get(&key).cloned();
    let room = match bound {
        Some(room) => room,
        None => {
            let known = known.into_values().collect();
            // An earlier setup may have ended before it stored Synapse's response.
            let lost = writer.reader().rooms_with_key(&key, &known).await?;
            match the_one(&key, &lost, chosen)? {
                Some(room) => {
                    for other in lost.iter().filter(|other| **other != room) {
                        if let Err(error) = writer.mark_room(other, None).await {
                            tracing::warn!(room.id = %other, %error, "The other room could not be marked");
                        }
                    }
                    room
                }
                None if chosen.is_some() => {
                    return Err(NotSetUp::NoneBefore.into());
                }
                None => found(writer, store, policy, clock, &key, &known).await?,
            }
        }
    };
    if let Some(chosen) = chosen.filter(|chosen| *chosen != room) {
        return Err(NotSetUp::Another { is: room, chosen: chosen.to_owned() }.into());
    }
    Ok(store.bind_room(&key, &room, clock.now()).await?)
}

/// One of several rooms with the same key: the chosen one if given.
fn the_one(
    key: &RoomKey,
    found: &BTreeSet<OwnedRoomId>,
    chosen: Option<&RoomId>,
) -> Result<Option<OwnedRoomId>, Fault> {
    if let Some(chosen) = chosen.filter(|chosen| found.contains(*chosen)) {
        return Ok(Some(chosen.to_owned()));
    }
    if found.len() < 2 {
        return Ok(found.first().cloned());
    }
    let twice = Finding::RoomKeyTwice { room: key.clone(), room_ids: found.iter().cloned().collect() };
    Err(Fault::Found(Box::new(twice)))
}

/// The version for a new room on a server with these versions.
pub(super) fn version_for<'r>(
    key: &RoomKey,
    room: &'r RoomPolicy,
    versions: &BTreeSet<String>,
) -> Result<&'r str, Fault> {
    let missing = || Finding::VersionMissing {
        room: key.clone(),
        wanted: room.version.to_string(),
        has: versions.iter().cloned().collect(),
    };
    room.version.among(versions).ok_or_else(|| Fault::Found(Box::new(missing())))
}

async fn found(
    writer: &Writer,
    store: &Store,
    policy: &Policy,
    clock: &Clock,
    key: &RoomKey,
    known: &BTreeSet<OwnedRoomId>,
) -> Result<OwnedRoomId, Fault> {
    let wanted = policy.rooms.get(key).ok_or(NotSetUp::NotConfigured)?;
    let invite = policy.users.break_glass.iter().cloned().collect();
    let versions = writer.reader().room_versions().await?;
    let new = NewRoom { invite, ..NewRoom::of(wanted, version_for(key, wanted, &versions)?) };
    // As for every other room: an event of the bot without a record would raise an alarm.
    let action = Action::CreateRoom { room: key.clone(), new: Box::new(new.clone()) };
    let ids = store.intend(&[Intent::of_action(None, "setup", AuditCause::Policy, &action)?], clock.now()).await?;
    let levels = initial_control_content(&new.version, &policy.bot);
    let made = match writer.create_room(&RoomToCreate { key, new: &new, parent: None, predecessor: None, levels }).await
    {
        Err(error @ HomeserverError::MaybeDone { .. }) => match writer.reader().rooms_with_key(key, known).await {
            Ok(rooms) => {
                the_one(key, &rooms, None).and_then(|made| made.ok_or(NotSetUp::NotMade { why: error }.into()))
            }
            Err(error) => Err(error.into()),
        },
        Err(error) if error.errcode() == Some("M_ROOM_IN_USE") => Err(whose_alias(writer, policy, key, error).await?),
        made => made.map_err(Fault::from),
    };
    let made = match made {
        Ok(room) => encrypts::delete_if_so(writer, store, &room).await.map(|()| room),
        error => error,
    };
    let outcome = match &made {
        Ok(room) => Outcome::Done(Some(room.to_string())),
        Err(error) => Outcome::Failed(error.clone()),
    };
    let ended: Vec<_> = ids.into_iter().map(|id| (id, outcome.clone())).collect();
    store.conclude(&ended, clock.now()).await?;
    made
}

/// Finds the room that has the control room's alias.
async fn whose_alias(
    writer: &Writer,
    policy: &Policy,
    key: &RoomKey,
    error: HomeserverError,
) -> Result<Fault, HomeserverError> {
    let Some(alias) = policy.alias_of(key) else { return Ok(error.into()) };
    let holder = writer.reader().resolve_alias(&alias).await?;
    Ok(holder.map_or(error.into(), |holder| Fault::AliasTaken { alias, holder, room: key.clone() }))
}
