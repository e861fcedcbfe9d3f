//! Lists and counts rooms, and finds those that nobody needs.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::deed::Deed;
use equipemed_domain::key::RoomKey;
use equipemed_domain::policy::RoomKind;
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId};

use super::Scene;
use crate::homeserver::{HomeserverError, LeftInRoom, Reader, RoomListing};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

/// Rooms read concurrently.
const AT_ONCE: usize = 8;

/// Rooms by key, as the store knows them.
pub(crate) type KnownRooms = BTreeMap<RoomKey, OwnedRoomId>;

/// Counts of rooms, accounts and people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inventory {
    /// All rooms and spaces of the server.
    pub(crate) rooms: usize,
    /// The spaces among them.
    pub(crate) spaces: usize,
    /// All accounts.
    pub(crate) accounts: usize,
    /// Accounts that are neither locked nor deactivated.
    pub(crate) usable: usize,
    /// People in EquipeMed.
    pub(crate) people: usize,
    /// The active people among them.
    pub(crate) active: usize,
    /// Existing managed rooms with their number of members, including the bot.
    pub(crate) managed: BTreeMap<RoomKey, u64>,
}

impl Inventory {
    /// Reads and counts.
    pub(crate) async fn read(reader: &Reader, scene: &Scene) -> Result<Self, HomeserverError> {
        let (rooms, accounts) = (reader.rooms_list().await?, reader.accounts().await?);
        let managed = rooms.iter().filter_map(|room| Some((scene.managed_key(&room.room_id)?.clone(), room.members)));
        Ok(Self {
            rooms: rooms.len(),
            spaces: rooms.iter().filter(|room| room.is_space).count(),
            accounts: accounts.len(),
            usable: accounts.values().filter(|account| !account.locked && !account.deactivated).count(),
            people: scene.directory.len(),
            active: scene.directory.people().filter(|person| scene.is_active(person)).count(),
            managed: managed.collect(),
        })
    }
}

/// A room of the server, with its present or former key.
#[derive(Clone, Debug)]
pub(crate) struct ListedRoom {
    /// As Synapse lists it.
    pub(crate) room: RoomListing,
    /// Its key.
    pub(crate) key: Option<RoomKey>,
    /// Whether the policy contains the key.
    pub(crate) is_managed: bool,
    /// Whether Synapse no longer has it.
    pub(crate) is_gone: bool,
}

impl ListedRoom {
    /// Its key, if it is managed.
    pub(crate) fn managed(&self) -> Option<&RoomKey> {
        self.key.as_ref().filter(|_| self.is_managed)
    }
}

/// All rooms of the server, the managed ones first.
pub(crate) async fn list_rooms(reader: &Reader, scene: &Scene) -> Result<Vec<ListedRoom>, HomeserverError> {
    let listed = |room: RoomListing| {
        let (key, is_managed) = (scene.key_of(&room.room_id).cloned(), scene.managed_key(&room.room_id).is_some());
        ListedRoom { room, key, is_managed, is_gone: false }
    };
    let mut rooms: Vec<ListedRoom> = reader.rooms_list().await?.into_iter().map(listed).collect();
    let there: BTreeSet<_> = rooms.iter().map(|one| one.room.room_id.clone()).collect();
    rooms.extend(scene.rooms.iter().filter(|(_, room_id)| !there.contains(*room_id)).filter_map(|(key, room_id)| {
        let policy = scene.policy.rooms.get(key)?;
        let room = RoomListing {
            room_id: room_id.clone(),
            name: Some(policy.name.clone()),
            alias: None,
            members: 0,
            local_members: 0,
            version: None,
            encryption: None,
            creator: None,
            is_space: policy.kind == RoomKind::Space,
        };
        Some(ListedRoom { room, key: Some(key.clone()), is_managed: true, is_gone: true })
    }));
    rooms.sort_by_cached_key(|one| (!one.is_managed, one.managed().cloned(), one.room.name.clone()));
    Ok(rooms)
}

impl Scene {
    /// The key of a room, if the policy contains it.
    fn managed_key(&self, room: &RoomId) -> Option<&RoomKey> {
        self.key_of(room).filter(|key| self.policy.rooms.contains_key(*key))
    }
}

/// A room without members that was never managed.
#[derive(Clone, Debug)]
pub(crate) struct Abandoned {
    /// As Synapse lists it.
    pub(crate) room: RoomListing,
    /// Invited accounts, which could no longer join.
    pub(crate) invited: BTreeSet<OwnedUserId>,
}

/// Rooms without members from any server that were never managed. A cleanup deletes them, except those with
/// invitations.
pub(crate) async fn abandoned(reader: &Reader, known: &KnownRooms) -> Result<Vec<Abandoned>, HomeserverError> {
    let known: BTreeSet<_> = known.values().collect();
    let is_abandoned = |room: &RoomListing| room.members == 0 && !known.contains(&room.room_id);
    let rooms = reader.rooms_list().await?.into_iter().filter(is_abandoned);
    let with_invited = rooms.map(async |mut room| {
        let LeftInRoom { name, invited } = reader.left_in(&room.room_id).await?;
        room.name = room.name.or(name);
        Ok(Abandoned { room, invited })
    });
    stream::iter(with_invited).buffered(AT_ONCE).try_collect().await
}

/// Deeds that delete rooms with their history, even those with invitations.
pub(crate) fn deletions(rooms: &[Abandoned]) -> Vec<Deed> {
    let delete = |Abandoned { room, invited }: &Abandoned| Deed::DeleteRoom {
        room_id: room.room_id.clone(),
        purge: true,
        invited: invited.clone(),
    };
    rooms.iter().map(delete).collect()
}
