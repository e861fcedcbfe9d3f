//! Taking over a room that is there already, as the room of a key. What is in it stays; from then on it is kept in line as
//! any other managed room, behind the same brakes.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::levels::{CREATOR, beyond_reach, needed_to_manage};
use equipemed_domain::observed::{ObservedRoom, has_privileged_creators};
use equipemed_domain::policy::RoomKind;
use ruma_common::{OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, UserId};

use super::Engine;
use crate::homeserver::{HomeserverError, Writer};
use crate::store::StoreError;

/// A room that is to be the room of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The key.
    pub key: RoomKey,
    /// The room.
    pub room_id: OwnedRoomId,
    /// Whether the room that the key has now gives way. It is managed no longer, and left as it is.
    pub instead: bool,
    /// People whose standing beyond the bot's reach there is accepted.
    pub accept: BTreeSet<OwnedUserId>,
}

/// Why a room is not taken over. Nothing was changed, but that the bot may be in it now.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// The policy has no such key.
    #[error("the configuration names no room {0}; write it under rooms: first")]
    UnknownKey(RoomKey),
    /// The control room is made by setup.
    #[error("the control room is made by setup and cannot be another room")]
    ControlRoom,
    /// Synapse has no such room.
    #[error("there is no room {0} on this server; `rooms list` shows all of them")]
    Absent(OwnedRoomId),
    /// A room has one key.
    #[error("it is the room {0} already, and a room has one key")]
    HasKey(RoomKey),
    /// A key has one room.
    #[error("{key} has a room already, {room_id}; with --instead that one is managed no longer")]
    KeyHasRoom {
        /// The key.
        key: RoomKey,
        /// Its room.
        room_id: OwnedRoomId,
    },
    /// Nothing can end encryption, and what is said in such a room cannot be moderated.
    #[error("it is encrypted, which nothing can undo, and could not be moderated; use a new room")]
    Encrypted,
    /// One is a space and the other a room.
    #[error("one is a space and the other a room; see kind: in the configuration")]
    WrongKind,
    /// It has a tombstone.
    #[error("it was replaced by another room (m.room.tombstone)")]
    Replaced,
    /// The bot is not in it, and cannot come in.
    #[error("the bot is not in it and not invited; in a client, invite the bot and give it level 100, then ask again")]
    NotInvited,
    /// In mode observe no invitation is taken.
    #[error("the bot is not in it, and in mode observe it takes no invitation; use mode: enforce")]
    Observe,
    /// The bot may not do there what keeping it in line needs.
    #[error("the bot stands at {has} there and needs {needs}; in a client, give it that level, then ask again")]
    TooLow {
        /// Where it stands.
        has: i64,
        /// What it needs.
        needs: i64,
    },
    /// The bot could neither lower nor remove these people there, and nobody accepted that.
    #[error(
        "the bot could neither lower nor remove {} there; to take it all the same, name each of them: `rooms adopt … --accept-creators NAME`",
        named(_0)
    )]
    BeyondReach(BTreeMap<OwnedUserId, i64>),
    /// Whoever is in it, or comes in, stands as high as the bot.
    #[error(
        "everybody stands at {default} there (users_default) and the bot at {bot}; in a client, lower that, then ask again"
    )]
    EverybodyBeyondReach {
        /// Everybody's level.
        default: i64,
        /// Where the bot stands.
        bot: i64,
    },
    /// Synapse.
    #[error(transparent)]
    Homeserver(#[from] HomeserverError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something else broke.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// People with where they stand.
fn named(people: &BTreeMap<OwnedUserId, i64>) -> String {
    let one = |(user, level): (&OwnedUserId, &i64)| match *level {
        CREATOR => format!("{user} (who made it)"),
        level => format!("{user} ({level})"),
    };
    people.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// How things stand with a room that can be taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adoptable {
    /// It is the key's room already.
    pub is_done: bool,
    /// The bot is in it.
    pub is_in: bool,
    /// The room that gives way.
    pub before: Option<OwnedRoomId>,
    /// Other rooms that say they have the key, by the bot's own hand: they say so no longer.
    pub others: BTreeSet<OwnedRoomId>,
    /// People beyond the bot's reach there, with where they stand, as far as it can be seen; all of them are accepted.
    pub beyond_reach: BTreeMap<OwnedUserId, i64>,
}

impl Engine {
    /// Whether a room can be taken over, as far as that can be seen from outside where the bot is not in it. Changes nothing.
    pub async fn adoptable(&self, wish: &Adoption) -> Result<Adoptable, AdoptError> {
        let Adoption { key, room_id, instead, .. } = wish;
        let (reader, store) = (&self.parts().reader, &self.parts().store);
        let policy = self.policy().await?;
        let wanted = policy.rooms.get(key).ok_or_else(|| AdoptError::UnknownKey(key.clone()))?;
        if key.as_str() == CONTROL_ROOM {
            return Err(AdoptError::ControlRoom);
        }
        match store.key_of_room(room_id).await? {
            Some(own) if own == *key => return Ok(Adoptable { is_done: true, is_in: true, ..Adoptable::default() }),
            Some(other) => return Err(AdoptError::HasKey(other)),
            None => {}
        }
        let mut bound = store.rooms().await?;
        let before = bound.remove(key);
        if let Some(room_id) = before.clone().filter(|_| !instead) {
            return Err(AdoptError::KeyHasRoom { key: key.clone(), room_id });
        }
        let rooms = reader.rooms_list().await?;
        let listed = rooms.into_iter().find(|room| room.room_id == *room_id);
        let listed = listed.ok_or_else(|| AdoptError::Absent(room_id.clone()))?;
        if listed.encryption.is_some() {
            return Err(AdoptError::Encrypted);
        }
        if listed.is_space != (wanted.kind == RoomKind::Space) {
            return Err(AdoptError::WrongKind);
        }
        let is_in = reader.joined_rooms().await?.contains(room_id);
        let beyond_reach = if is_in {
            self.can_manage(&reader.room(room_id).await?, wish)?
        } else {
            // From outside only this much can be seen; the rest is looked at inside.
            let of_its_version = listed.version.as_deref().is_some_and(has_privileged_creators);
            let creator = listed.creator.filter(|_| of_its_version).and_then(|creator| UserId::parse(creator).ok());
            let people = creator.into_iter().filter(|creator| *creator != policy.bot).map(|creator| (creator, CREATOR));
            accepted(people.collect(), wish)?
        };
        let known = bound.into_values().chain(before.clone()).collect();
        let mut others = reader.rooms_with_key(key, &known).await?;
        others.remove(room_id);
        Ok(Adoptable { is_done: false, is_in, before, others, beyond_reach })
    }

    /// Whether the bot can keep a room in line, and who is beyond its reach there with everybody's consent.
    fn can_manage(&self, room: &ObservedRoom, wish: &Adoption) -> Result<BTreeMap<OwnedUserId, i64>, AdoptError> {
        let bot = &self.parts().policy.bot;
        if room.replaced {
            return Err(AdoptError::Replaced);
        }
        let (has, needs) = (room.level_of(bot), needed_to_manage(room));
        if has < needs {
            return Err(AdoptError::TooLow { has, needs });
        }
        let default = room.users_default();
        if default >= has {
            return Err(AdoptError::EverybodyBeyondReach { default, bot: has });
        }
        accepted(beyond_reach(room, bot), wish)
    }

    /// Lets go of a room that had the key: its alias, and what it says of itself.
    async fn give_way(&self, writer: &Writer, key: &RoomKey, before: &RoomId) -> Result<(), AdoptError> {
        let policy = self.policy().await?;
        if let Some(name) = policy.rooms.get(key).and_then(|room| room.alias.as_deref()) {
            let alias = RoomAliasId::parse(format!("#{name}:{}", policy.server_name)).map_err(anyhow::Error::from)?;
            if writer.reader().resolve_alias(&alias).await?.as_deref() == Some(before) {
                writer.release_alias(&alias).await?;
            }
        }
        if let Err(error) = writer.mark_room(before, None).await {
            // It may be gone, or the bot no longer in it: then nobody finds it there either.
            tracing::warn!(room.id = %before, error = error.for_logs(), "The room that gave way could not be marked");
        }
        Ok(())
    }

    /// Takes a room over and wakes its pass. Without a writer only a room that the bot is in.
    pub async fn adopt(&self, wish: &Adoption, writer: Option<&Writer>) -> Result<Adoptable, AdoptError> {
        let Adoption { key, room_id, .. } = wish;
        let mut found = self.adoptable(wish).await?;
        if found.is_done {
            // Noted in mode observe, or by a process that ended before the room said it.
            if let Some(writer) = writer {
                writer.mark_room(room_id, Some(key)).await?;
            }
            return Ok(found);
        }
        if !found.is_in {
            let writer = writer.ok_or(AdoptError::Observe)?;
            match writer.join(room_id).await {
                Ok(_) => {}
                Err(HomeserverError::Refused { status: 403, .. }) => return Err(AdoptError::NotInvited),
                Err(error) => return Err(error.into()),
            }
            found.beyond_reach = self.can_manage(&self.parts().reader.room(room_id).await?, wish)?;
        }
        if let Some(writer) = writer {
            writer.mark_room(room_id, Some(key)).await?;
            for other in found.before.iter().chain(&found.others) {
                self.give_way(writer, key, other).await?;
            }
        }
        let (store, now) = (&self.parts().store, self.parts().clock.now());
        if wish.instead {
            store.rebind_room(key, room_id, now).await?;
        } else {
            let bound = store.bind_room(key, room_id, now).await?;
            if bound != *room_id {
                if let Some(writer) = writer {
                    writer.mark_room(room_id, None).await?;
                }
                return Err(AdoptError::KeyHasRoom { key: key.clone(), room_id: bound });
            }
        }
        // Also when its key has another room some day: nobody brought the bot there against its will.
        store.keep_foreign_room(room_id, now).await?;
        // What was pushed of it until now was heard by nobody.
        self.pictures().doubt(room_id);
        self.wake_room(key, "adopted").await?;
        Ok(found)
    }
}

/// Gives back people beyond the bot's reach when each of them is accepted.
fn accepted(people: BTreeMap<OwnedUserId, i64>, wish: &Adoption) -> Result<BTreeMap<OwnedUserId, i64>, AdoptError> {
    let mut unnamed = people.clone();
    unnamed.retain(|user, _| !wish.accept.contains(user));
    if unnamed.is_empty() { Ok(people) } else { Err(AdoptError::BeyondReach(unnamed)) }
}
