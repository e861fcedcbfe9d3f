//! Everything a command is judged by, read at the moment it is handled: whoever lost a right a second ago has lost it.

use equipemed_domain::fault::Fault;
use std::collections::BTreeMap;
use std::sync::Arc;

use equipemed_domain::access::Access;
use equipemed_domain::authority::{Allowed, Asker, Refusal, Request, Waiting, decide};
use equipemed_domain::binding::Bindings;
use equipemed_domain::command::Who;
use equipemed_domain::directory::{Directory, Person, PersonId};
use equipemed_domain::grant::Grant;
use equipemed_domain::key::RoomKey;
use equipemed_domain::policy::Policy;
use equipemed_domain::rights::Rights;
use equipemed_domain::standing::Standing;
use equipemed_domain::world::World;
use jiff::Timestamp;
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId, UserId};

use crate::engine::Engine;
use crate::engine::consents::waiting_gains;
use crate::speech::{Arg, Shown};

/// People, rooms and wishes as they are now.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) policy: Arc<Policy>,
    pub(super) directory: Arc<Directory>,
    pub(super) bindings: Arc<Bindings>,
    pub(super) grants: Vec<Grant>,
    pub(super) rooms: BTreeMap<RoomKey, OwnedRoomId>,
    pub(super) waiting: Waiting,
    pub(super) now: Timestamp,
}

impl Scene {
    /// Reads EquipeMed and the store.
    pub(super) async fn read(engine: &Engine) -> Result<Self, Fault> {
        let now = engine.clock().now();
        let store = engine.store();
        Ok(Self {
            policy: engine.policy().await?,
            directory: engine.people().await?,
            bindings: store.bindings().await?,
            grants: store.grants_holding(now).await?,
            rooms: store.rooms().await?,
            waiting: waiting_gains(store).await?,
            now,
        })
    }

    /// The same without anybody, for the break-glass account when EquipeMed is away.
    pub(super) async fn without_people(engine: &Engine) -> Result<Self, Fault> {
        let store = engine.store();
        Ok(Self {
            policy: engine.policy().await?,
            directory: Arc::default(),
            bindings: store.bindings().await?,
            grants: Vec::new(),
            rooms: store.rooms().await?,
            waiting: Waiting::default(),
            now: engine.clock().now(),
        })
    }

    /// Who may what.
    pub(super) fn access(&self) -> Access<'_> {
        Access::new(&self.directory, &self.policy, &self.grants, self.now)
    }

    /// Whether somebody may, and what it does then.
    pub(super) fn decide(&self, asker: Asker, request: &Request) -> Result<Allowed, Refusal> {
        decide(asker, request, &self.world())
    }

    /// What decisions are made by.
    pub(super) fn world(&self) -> World<'_> {
        self.world_with(&self.grants)
    }

    /// The same if these grants were all there are.
    pub(super) fn world_with<'a>(&'a self, grants: &'a [Grant]) -> World<'a> {
        World::new(&self.policy, &self.directory, &self.bindings, grants, self.now).without(&self.waiting)
    }

    /// Whose account it is.
    pub(super) fn person_of(&self, user: &UserId) -> Option<&Person> {
        self.directory.get(self.bindings.owner(user)?)
    }

    /// Somebody's account.
    pub(super) fn user_of(&self, person: PersonId) -> Option<&OwnedUserId> {
        self.bindings.get(&person).map(|binding| &binding.user)
    }

    /// The protected account that a name means; whether EquipeMed knows it or not.
    pub(super) fn protected(&self, who: &Who) -> Option<OwnedUserId> {
        let user = match who {
            Who::User(user) => user.clone(),
            Who::Name(name) => {
                let name = name.trim_start_matches('@').to_lowercase();
                OwnedUserId::try_from(format!("@{name}:{}", self.policy.server_name)).ok()?
            }
        };
        self.policy.users.protected.contains(&user).then_some(user)
    }

    /// Whether somebody counts as active now.
    pub(super) fn is_active(&self, person: &Person) -> bool {
        self.policy.users.standing.standing(person, self.now) == Some(Standing::Active)
    }

    /// The key of a managed room.
    pub(super) fn key_of(&self, room: &RoomId) -> Option<&RoomKey> {
        self.rooms.iter().find(|(_, id)| *id == room).map(|(key, _)| key)
    }

    /// Rights that somebody may use, in a room or everywhere.
    pub(super) fn rights(&self, person: PersonId, room: Option<&RoomKey>) -> Rights {
        let powers = |person| self.world().powers(person, room);
        self.directory.get(person).map(powers).unwrap_or_default().rights
    }

    /// Managed rooms that a scope reaches: the room with all below it, or all.
    pub(super) fn reach(&self, scope: Option<&RoomKey>) -> Vec<RoomKey> {
        self.policy.reach(scope).cloned().collect()
    }

    /// A person as shown in a text.
    pub(super) fn person(&self, id: PersonId) -> Arg {
        let name = self.directory.get(id).map(Person::full_name);
        match (self.user_of(id), name) {
            (Some(user), name) => Arg::User { user: user.clone(), name },
            (None, Some(name)) => Arg::Text(name),
            (None, None) => Arg::Text(id.to_string()),
        }
    }

    /// An account as shown in a text.
    pub(super) fn user(&self, user: &UserId) -> Arg {
        Arg::User { user: user.to_owned(), name: self.person_of(user).map(Person::full_name) }
    }

    /// A room as shown in a text.
    pub(super) fn room(&self, key: &RoomKey) -> Arg {
        let name = self.policy.rooms.get(key).map_or_else(|| key.to_string(), |room| room.name.clone());
        Arg::Room { room_id: self.rooms.get(key).cloned(), name }
    }
}

impl Shown for Scene {
    fn person(&self, id: PersonId) -> Arg {
        Scene::person(self, id)
    }

    fn user(&self, user: &UserId) -> Arg {
        Scene::user(self, user)
    }

    fn room(&self, key: &RoomKey) -> Arg {
        Scene::room(self, key)
    }
}
