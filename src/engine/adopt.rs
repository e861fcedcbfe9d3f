//! Takes over an existing room for a key. Its content stays. From then on it is managed like any other room, with the
//! same brakes.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::fault::{Fault, NotAdopted};
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::levels::{beyond_reach, needed_to_manage};
use equipemed_domain::observed::{Membership, ObservedRoom};
use equipemed_domain::policy::RoomKind;
use equipemed_domain::setting::RoomSetting;
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde_json::json;

use super::handles::Handles;
use crate::homeserver::{HomeserverError, Writer};

/// A room to take over for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The key.
    pub key: RoomKey,
    /// The room.
    pub room_id: OwnedRoomId,
    /// Whether to replace the key's present room, which is then no longer managed and left as it is.
    pub instead: bool,
    /// People beyond the bot's reach who are accepted.
    pub accept: BTreeSet<OwnedUserId>,
}

/// How the bot gets into a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Entry {
    /// It is in the room.
    #[default]
    In,
    /// It accepts its invitation.
    Invited,
    /// Anybody may join.
    Open,
}

/// Result of checking a room to take over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adoptable {
    /// The room as it is with the bot in it; None if it is the key's room already.
    pub room: Option<ObservedRoom>,
    /// How the bot gets into it.
    pub entry: Entry,
    /// The key's present room, which is replaced.
    pub before: Option<OwnedRoomId>,
    /// Other rooms that the bot itself marked with the key. They lose the mark.
    pub others: BTreeSet<OwnedRoomId>,
    /// People beyond the bot's reach, with their levels, as far as visible. All of them are accepted.
    pub beyond_reach: BTreeMap<OwnedUserId, i64>,
}

/// Checks whether a room can be taken over. If the bot is not in it, the admin API shows it.
pub(super) async fn adoptable(handles: &Handles, wish: &Adoption) -> Result<Adoptable, Fault> {
    let Adoption { key, room_id, instead, .. } = wish;
    let (reader, store) = (&handles.reader, &handles.store);
    let policy = handles.policy().await?;
    let wanted = policy.rooms.get(key).ok_or_else(|| NotAdopted::UnknownKey { key: key.clone() })?;
    if key.as_str() == CONTROL_ROOM {
        return Err(NotAdopted::ControlRoom.into());
    }
    match store.key_of_room(room_id).await? {
        Some(own) if own == *key => return Ok(Adoptable::default()),
        Some(other) => return Err(NotAdopted::HasKey { key: other }.into()),
        None => {}
    }
    let mut bound = store.rooms().await?;
    let before = bound.remove(key);
    if let Some(room_id) = before.clone().filter(|_| !instead) {
        return Err(NotAdopted::KeyHasRoom { key: key.clone(), room_id }.into());
    }
    let (room, entry) = entered(handles, room_id).await?;
    if room.encrypted {
        return Err(NotAdopted::Encrypted.into());
    }
    if room.is_space != (wanted.kind == RoomKind::Space) {
        return Err(NotAdopted::WrongKind.into());
    }
    let beyond_reach = can_manage(&handles.configured.bot, &room, wish)?;
    let known = bound.into_values().chain(before.clone()).collect();
    let mut others = reader.rooms_with_key(key, &known).await?;
    others.remove(room_id);
    Ok(Adoptable { room: Some(room), entry, before, others, beyond_reach })
}

/// A room with the bot in it, and how the bot gets there.
async fn entered(handles: &Handles, room_id: &RoomId) -> Result<(ObservedRoom, Entry), Fault> {
    let (reader, bot) = (&handles.reader, &handles.configured.bot);
    let absent = |error| match error {
        HomeserverError::NotFound { .. } => NotAdopted::Absent { room_id: room_id.to_owned() }.into(),
        error => Fault::from(error),
    };
    if reader.joined_rooms().await?.contains(room_id) {
        return Ok((reader.room(room_id).await?, Entry::In));
    }
    let mut room = reader.any_room(room_id).await.map_err(absent)?;
    let is_open = room.settings.get(&RoomSetting::JoinRule) == Some(&"public".into());
    let entry = match room.members.get(bot) {
        Some(Membership::Invite) => Entry::Invited,
        Some(Membership::Ban | Membership::BannedForGrant | Membership::BannedWithoutRight) => {
            return Err(NotAdopted::NotInvited { bot: bot.clone() }.into());
        }
        _ if is_open => Entry::Open,
        _ => return Err(NotAdopted::NotInvited { bot: bot.clone() }.into()),
    };
    room.members.insert(bot.clone(), Membership::Join);
    Ok((room, entry))
}

/// Checks whether the bot can manage a room. Returns the people beyond its reach, who must all be accepted.
fn can_manage(bot: &UserId, room: &ObservedRoom, wish: &Adoption) -> Result<BTreeMap<OwnedUserId, i64>, Fault> {
    if room.replaced.is_some() {
        return Err(NotAdopted::Replaced.into());
    }
    let (has, needs) = (room.level_of(bot), needed_to_manage(room));
    if has < needs {
        return Err(NotAdopted::TooLow { bot: bot.to_owned(), has, needs }.into());
    }
    let default = room.users_default();
    if default >= has {
        return Err(NotAdopted::EverybodyBeyondReach { default, bot: has }.into());
    }
    accepted(beyond_reach(room, bot), wish)
}

/// Releases a room from its key: the alias, also in the room's state, and the mark.
async fn give_way(handles: &Handles, writer: &Writer, key: &RoomKey, before: &RoomId) -> Result<(), Fault> {
    release_alias(handles, writer, key, &BTreeSet::from([before.to_owned()])).await?;
    // The room may be gone, or the bot not in it any more. Then nobody finds the room by that alias either.
    if let Err(error) = forget_alias(handles, writer, key, before).await {
        tracing::warn!(room.id = %before, %error, "The room that gave way still names its alias");
    }
    if let Err(error) = writer.mark_room(before, None).await {
        tracing::warn!(room.id = %before, %error, "The room that gave way could not be marked");
    }
    Ok(())
}

/// Removes the key's alias from a room's state.
async fn forget_alias(handles: &Handles, writer: &Writer, key: &RoomKey, room_id: &RoomId) -> Result<(), Fault> {
    let Some(alias) = handles.policy().await?.alias_of(key) else { return Ok(()) };
    let event = RoomSetting::Alias.row().event;
    let names = writer.reader().state(room_id, event, "").await?;
    if names.is_some_and(|content| content.get("alias").is_some_and(|named| *named == alias.as_str())) {
        writer.send_state(room_id, event, "", &json!({})).await?;
    }
    Ok(())
}

/// Frees a key's alias if it points to one of these rooms.
pub(super) async fn release_alias(
    handles: &Handles,
    writer: &Writer,
    key: &RoomKey,
    rooms: &BTreeSet<OwnedRoomId>,
) -> Result<(), Fault> {
    let Some(alias) = handles.policy().await?.alias_of(key) else { return Ok(()) };
    if writer.reader().resolve_alias(&alias).await?.is_some_and(|holder| rooms.contains(&holder)) {
        writer.release_alias(&alias).await?;
    }
    Ok(())
}

/// Takes over a room and wakes its pass, which serves the wishes. Without a writer, only a room that the bot is in.
pub(super) async fn adopt(
    handles: &Handles,
    wish: &Adoption,
    wishes: &[Wish],
    writer: Option<&Writer>,
) -> Result<Adoptable, Fault> {
    let Adoption { key, room_id, .. } = wish;
    let mut found = adoptable(handles, wish).await?;
    if found.room.is_none() {
        // Bound in mode observe, or by a process that ended before marking the room.
        if let Some(writer) = writer {
            writer.mark_room(room_id, Some(key)).await?;
        }
        return Ok(found);
    }
    if found.entry != Entry::In {
        let writer = writer.ok_or(NotAdopted::Observe)?;
        match writer.join(room_id).await {
            Ok(_) => {}
            Err(HomeserverError::Refused { status: 403, .. }) => {
                return Err(NotAdopted::NotInvited { bot: handles.configured.bot.clone() }.into());
            }
            Err(error) => return Err(error.into()),
        }
        found.beyond_reach = can_manage(&handles.configured.bot, &handles.reader.room(room_id).await?, wish)?;
    }
    if let Some(writer) = writer {
        writer.mark_room(room_id, Some(key)).await?;
        for other in found.before.iter().chain(&found.others) {
            give_way(handles, writer, key, other).await?;
        }
    }
    let (store, now) = (&handles.store, handles.clock.now());
    if wish.instead {
        store.rebind_room(key, room_id, now).await?;
    } else {
        let bound = store.bind_room(key, room_id, now).await?;
        if bound != *room_id {
            if let Some(writer) = writer {
                writer.mark_room(room_id, None).await?;
            }
            return Err(NotAdopted::KeyHasRoom { key: key.clone(), room_id: bound }.into());
        }
    }
    // Applies even if the key gets another room later: the bot was not brought there against its will.
    store.keep_foreign_room(room_id, now).await?;
    // Events pushed for the room so far were ignored.
    handles.room_cache.doubt(room_id);
    handles.wakes.wake_for(&[Wake::Room(key.clone())], wishes, "adopted").await?;
    Ok(found)
}

/// Returns the people beyond the bot's reach if all are accepted.
fn accepted(people: BTreeMap<OwnedUserId, i64>, wish: &Adoption) -> Result<BTreeMap<OwnedUserId, i64>, Fault> {
    let mut unnamed = people.clone();
    unnamed.retain(|user, _| !wish.accept.contains(user));
    if unnamed.is_empty() { Ok(people) } else { Err(NotAdopted::BeyondReach { people: unnamed }.into()) }
}
