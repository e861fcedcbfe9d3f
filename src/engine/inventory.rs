//! Which rooms there are, in numbers, and which of them nobody needs: the same for chat and the command line.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::directory::Directory;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::ObservedAccount;
use equipemed_domain::policy::Policy;
use equipemed_domain::standing::Standing;
use jiff::Timestamp;
use ruma_common::{OwnedRoomId, OwnedUserId};

use crate::homeserver::RoomListing;

/// Rooms by key, as the store knows them.
pub type KnownRooms = BTreeMap<RoomKey, OwnedRoomId>;

/// Counts of rooms, accounts and people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// All rooms and spaces of the server.
    pub rooms: usize,
    /// Those among them that are spaces.
    pub spaces: usize,
    /// All accounts.
    pub accounts: usize,
    /// Accounts that are neither locked nor deactivated.
    pub usable: usize,
    /// People in EquipeMed.
    pub people: usize,
    /// Those who count as active.
    pub active: usize,
    /// Managed rooms that are there, with the number of their members, the bot among them.
    pub managed: BTreeMap<RoomKey, u64>,
}

impl Inventory {
    /// Counts.
    #[must_use]
    pub fn of(
        rooms: &[RoomListing],
        accounts: &BTreeMap<OwnedUserId, ObservedAccount>,
        directory: &Directory,
        policy: &Policy,
        known: &KnownRooms,
        now: Timestamp,
    ) -> Self {
        let standing = |person| policy.users.standing.standing(person, now);
        let keys = managed(policy, known);
        Self {
            rooms: rooms.len(),
            spaces: rooms.iter().filter(|room| room.is_space).count(),
            accounts: accounts.len(),
            usable: accounts.values().filter(|account| !account.locked && !account.deactivated).count(),
            people: directory.len(),
            active: directory.people().filter(|person| standing(person) == Some(Standing::Active)).count(),
            managed: rooms
                .iter()
                .filter_map(|room| Some(((*keys.get(&room.room_id)?).clone(), room.members)))
                .collect(),
        }
    }
}

/// Keys of managed rooms by room id: those that are known and in the policy.
#[must_use]
pub fn managed<'a>(policy: &Policy, known: &'a KnownRooms) -> BTreeMap<&'a OwnedRoomId, &'a RoomKey> {
    known.iter().filter(|(key, _)| policy.rooms.contains_key(*key)).map(|(key, room_id)| (room_id, key)).collect()
}

/// Rooms that nobody is in, from any server, and that never were managed: what a cleanup deletes.
#[must_use]
pub fn abandoned(rooms: Vec<RoomListing>, known: &KnownRooms) -> Vec<RoomListing> {
    let known: BTreeSet<_> = known.values().collect();
    rooms.into_iter().filter(|room| room.members == 0 && !known.contains(&room.room_id)).collect()
}
