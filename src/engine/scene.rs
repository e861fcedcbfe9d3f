//! Everything needed to judge a command or a change by hand, read when it is handled: a right lost a second ago is
//! lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use equipemed_domain::authority::WaitingGains;
use equipemed_domain::binding::Bindings;
use equipemed_domain::command::Who;
use equipemed_domain::directory::{Directory, Person, PersonId};
use equipemed_domain::fault::Fault;
use equipemed_domain::grant::Grant;
use equipemed_domain::key::RoomKey;
use equipemed_domain::policy::Policy;
use equipemed_domain::rights::Rights;
use equipemed_domain::standing::Standing;
use equipemed_domain::world::World;
use jiff::Timestamp;
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId, UserId};

use super::Engine;
use super::consents::waiting_gains;
use crate::store::Store;

/// People, rooms and grants as they are now.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) policy: Arc<Policy>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) bindings: Arc<Bindings>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) rooms: BTreeMap<RoomKey, OwnedRoomId>,
    pub(crate) waiting: WaitingGains,
    pub(crate) now: Timestamp,
}

impl Scene {
    /// Reads EquipeMed and the store.
    pub(crate) async fn read(engine: &Engine) -> Result<Self, Fault> {
        Self::of(engine.policy().await?, engine.people().await?, engine.store(), engine.clock().now()).await
    }

    /// The same with people who were read already, for callers without an engine.
    pub(crate) async fn of(
        policy: Arc<Policy>,
        directory: Arc<Directory>,
        store: &Store,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        Ok(Self {
            policy,
            directory,
            bindings: store.bindings().await?,
            grants: store.grants_holding(now).await?,
            rooms: store.rooms().await?,
            waiting: waiting_gains(store).await?,
            now,
        })
    }

    /// The same without people, for the break-glass account while EquipeMed is unreachable.
    pub(crate) async fn without_people(engine: &Engine) -> Result<Self, Fault> {
        let scene = Self::of(engine.policy().await?, Arc::default(), engine.store(), engine.clock().now()).await?;
        Ok(Self { grants: Vec::new(), waiting: WaitingGains::default(), ..scene })
    }

    /// Input for decisions.
    pub(crate) fn world(&self) -> World<'_> {
        self.world_with(&self.grants)
    }

    /// The same as if these were the only grants.
    pub(crate) fn world_with<'a>(&'a self, grants: &'a [Grant]) -> World<'a> {
        World::new(&self.policy, &self.directory, &self.bindings, grants, self.now).without(&self.waiting)
    }

    /// The person who has an account.
    pub(crate) fn person_of(&self, user: &UserId) -> Option<&Person> {
        self.directory.get(self.bindings.owner(user)?)
    }

    /// Somebody's account.
    pub(crate) fn user_of(&self, person: PersonId) -> Option<&OwnedUserId> {
        self.bindings.get(&person).map(|binding| &binding.user)
    }

    /// The protected account with this name, whether EquipeMed knows it or not.
    pub(crate) fn protected(&self, who: &Who) -> Option<OwnedUserId> {
        let user = match who {
            Who::User(user) => user.clone(),
            Who::Name(name) => {
                let name = name.trim_start_matches('@').to_lowercase();
                OwnedUserId::try_from(format!("@{name}:{}", self.policy.server_name)).ok()?
            }
        };
        self.policy.users.protected.contains(&user).then_some(user)
    }

    /// Whether somebody is active now.
    pub(crate) fn is_active(&self, person: &Person) -> bool {
        self.policy.users.standing.standing(person, self.now) == Some(Standing::Active)
    }

    /// The key of a managed room.
    pub(crate) fn key_of(&self, room: &RoomId) -> Option<&RoomKey> {
        self.rooms.iter().find(|(_, id)| *id == room).map(|(key, _)| key)
    }

    /// Rights that somebody may use, in a room or everywhere.
    pub(crate) fn rights(&self, person: PersonId, room: Option<&RoomKey>) -> Rights {
        let powers = |person| self.world().powers(person, room);
        self.directory.get(person).map(powers).unwrap_or_default().rights
    }

    /// Managed rooms in a scope: the room and everything below it, or all.
    pub(crate) fn reach(&self, scope: Option<&RoomKey>) -> Vec<RoomKey> {
        self.policy.reach(scope).cloned().collect()
    }
}
