//! People and their accounts: a list, or everything about one person.

use std::collections::BTreeMap;

use equipemed_domain::authority::Act;
use equipemed_domain::command::Who;
use equipemed_domain::directory::{Person, PersonId};
use equipemed_domain::grant::Grant;
use equipemed_domain::key::{RoleKey, RoomKey};
use equipemed_domain::listing::{self, Listed, PeopleFilter};
use equipemed_domain::rights::Rights;
use equipemed_domain::standing::Standing;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use ruma_common::UserId;

use super::{Asked, Scene, Stop};
use crate::homeserver::{AccountDetail, Devices, HomeserverError, Reader};

/// EquipeMed's data on a person, and what the policy derives from it.
#[derive(Debug)]
pub(crate) struct Profile<'s> {
    pub(crate) person: &'s Person,
    pub(crate) standing: Option<Standing>,
    /// Whether `users.who` selects the person.
    pub(crate) is_selected: bool,
    pub(crate) roles: Vec<&'s RoleKey>,
    /// Whether the person has any right anywhere.
    pub(crate) has_rights: bool,
    pub(crate) rights_everywhere: Rights,
    /// Additional rights in single rooms.
    pub(crate) rights_in: Vec<(&'s RoomKey, Rights)>,
    /// Rooms in which the person belongs.
    pub(crate) rooms: Vec<&'s RoomKey>,
}

impl Scene {
    /// The profile of a person; None when EquipeMed does not know them.
    pub(crate) fn profile(&self, id: PersonId) -> Option<Profile<'_>> {
        let person = self.directory.get(id)?;
        let access = self.world().access;
        let everywhere = access.rights(person, None);
        let rooms = || self.policy.rooms.iter();
        let here = |key: &RoomKey| access.rights(person, Some(key)).difference(&everywhere).copied().collect();
        Some(Profile {
            person,
            standing: self.policy.users.standing.standing(person, self.now),
            is_selected: access.is_selected(person),
            roles: access.roles(id).collect(),
            has_rights: !access.rights_anywhere(person).is_empty(),
            rights_in: rooms()
                .map(|(key, _)| (key, here(key)))
                .filter(|(_, here): &(_, Rights)| !here.is_empty())
                .collect(),
            rooms: rooms().filter(|(_, room)| access.belongs(room, person)).map(|(key, _)| key).collect(),
            rights_everywhere: everywhere,
        })
    }

    /// A person's grants in force.
    pub(crate) fn grants_of(&self, person: PersonId) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.person == person)
    }
}

/// People with their current accounts on Synapse.
pub(crate) async fn list_users<'s>(
    reader: &Reader,
    scene: &'s Scene,
    filter: &PeopleFilter,
) -> Result<Vec<Listed<'s>>, HomeserverError> {
    let accounts = reader.accounts().await?;
    Ok(listing::list(&scene.directory, &scene.policy, &scene.bindings, &accounts, filter, scene.now))
}

/// Concurrent device requests.
const DEVICES_IN_FLIGHT: usize = 8;

/// Of so many people at most a command asks for devices.
const DEVICES_OF: usize = 200;

/// Where these people are signed in to Matrix. Takes one request per account.
pub(crate) async fn devices_of(
    reader: &Reader,
    people: &[Listed<'_>],
) -> Result<BTreeMap<PersonId, Devices>, HomeserverError> {
    let mut asked: Vec<BoxFuture<'_, _>> = Vec::new();
    for (id, binding) in people.iter().filter_map(|one| Some((one.id, one.binding?))) {
        asked.push(devices_of_one(reader, id, &binding.user).boxed());
    }
    stream::iter(asked).buffer_unordered(DEVICES_IN_FLIGHT).try_collect().await
}

async fn devices_of_one(reader: &Reader, id: PersonId, user: &UserId) -> Result<(PersonId, Devices), HomeserverError> {
    match reader.devices(user).await {
        // As for an account that is to be recreated.
        Err(HomeserverError::NotFound { .. }) => Ok((id, Devices::default())),
        devices => Ok((id, devices?)),
    }
}

impl Asked {
    /// The person meant, with their current account on Synapse and where it is signed in.
    pub(crate) async fn user(&self, who: &Who) -> Result<(PersonId, Option<(AccountDetail, Devices)>), Stop> {
        self.may(Act::Audit, None)?;
        let person = self.scene.find_person(who)?;
        let (reader, user) = (self.engine.reader(), self.scene.user_of(person));
        let Some(user) = user else { return Ok((person, None)) };
        let Some(account) = reader.account(user).await? else { return Ok((person, None)) };
        Ok((person, Some((account, reader.devices(user).await?))))
    }

    /// The people who match; with their devices if requested.
    pub(crate) async fn users(
        &self,
        filter: &PeopleFilter,
        devices: bool,
    ) -> Result<(Vec<Listed<'_>>, BTreeMap<PersonId, Devices>), Stop> {
        self.may(Act::Audit, None)?;
        let people = list_users(self.engine.reader(), &self.scene, filter).await?;
        // Other commands wait meanwhile; of more people the command line tells.
        let asked = if devices { &people[..people.len().min(DEVICES_OF)] } else { &[] };
        let devices = devices_of(self.engine.reader(), asked).await?;
        Ok((people, devices))
    }

    /// Grants in force, of one person or of everybody, and the person if one was named.
    pub(crate) fn grants(&self, who: Option<&Who>) -> Result<(Option<PersonId>, Vec<&Grant>), Stop> {
        self.may(Act::Audit, None)?;
        let person = who.map(|who| self.scene.find_person(who)).transpose()?;
        let may_know = self.may_know();
        let about = self.scene.grants.iter().filter(|grant| person.is_none_or(|person| grant.person == person));
        Ok((person, about.filter(|grant| grant.scope.as_ref().is_none_or(&may_know)).collect()))
    }
}
