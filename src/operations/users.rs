//! People and their accounts: everybody who is asked for, or all about one.

use equipemed_domain::authority::Act;
use equipemed_domain::command::Who;
use equipemed_domain::directory::{Person, PersonId};
use equipemed_domain::grant::Grant;
use equipemed_domain::key::{RoleKey, RoomKey};
use equipemed_domain::listing::{self, Listed, PeopleFilter};
use equipemed_domain::rights::Rights;
use equipemed_domain::standing::Standing;

use super::{Asked, Scene, Stop};
use crate::homeserver::{AccountDetail, HomeserverError, Reader};

/// EquipeMed's side of one person, and what the policy makes of it.
#[derive(Debug)]
pub(crate) struct Profile<'s> {
    pub(crate) person: &'s Person,
    pub(crate) standing: Option<Standing>,
    /// Whether `users.who` selects the person.
    pub(crate) is_selected: bool,
    pub(crate) roles: Vec<&'s RoleKey>,
    /// Whether there is any right, wherever.
    pub(crate) has_rights: bool,
    pub(crate) rights_everywhere: Rights,
    /// What is added to those in one room.
    pub(crate) rights_in: Vec<(&'s RoomKey, Rights)>,
    /// Where the person belongs.
    pub(crate) rooms: Vec<&'s RoomKey>,
}

impl Scene {
    /// All about a person; None when EquipeMed does not know them.
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

    /// Grants of one person that hold.
    pub(crate) fn grants_of(&self, person: PersonId) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.person == person)
    }
}

/// People with their accounts, as they are on Synapse now.
pub(crate) async fn list_users<'s>(
    reader: &Reader,
    scene: &'s Scene,
    filter: &PeopleFilter,
) -> Result<Vec<Listed<'s>>, HomeserverError> {
    let accounts = reader.accounts().await?;
    Ok(listing::list(&scene.directory, &scene.policy, &scene.bindings, &accounts, filter, scene.now))
}

impl Asked {
    /// The person that is meant, and their account as it is on Synapse now.
    pub(crate) async fn user(&self, who: &Who) -> Result<(PersonId, Option<AccountDetail>), Stop> {
        self.may(Act::Audit, None)?;
        let person = self.scene.find_person(who)?;
        let account = match self.scene.user_of(person) {
            Some(user) => self.engine.reader().account(user).await?,
            None => None,
        };
        Ok((person, account))
    }

    /// Those who fit.
    pub(crate) async fn users(&self, filter: &PeopleFilter) -> Result<Vec<Listed<'_>>, Stop> {
        self.may(Act::Audit, None)?;
        Ok(list_users(self.engine.reader(), &self.scene, filter).await?)
    }

    /// Lasting wishes that hold, one person's or everybody's; and whose.
    pub(crate) fn grants(&self, who: Option<&Who>) -> Result<(Option<PersonId>, Vec<&Grant>), Stop> {
        self.may(Act::Audit, None)?;
        let person = who.map(|who| self.scene.find_person(who)).transpose()?;
        let may_know = self.may_know();
        let about = self.scene.grants.iter().filter(|grant| person.is_none_or(|person| grant.person == person));
        Ok((person, about.filter(|grant| grant.scope.as_ref().is_none_or(&may_know)).collect()))
    }
}
