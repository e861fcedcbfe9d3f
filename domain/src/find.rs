//! Whom a name means: the same for chat and the command line. Nobody is guessed: what fits two people means neither.

use std::collections::BTreeSet;

use ruma_common::{OwnedUserId, UserId};

use crate::binding::{self, Bindings};
use crate::directory::{Directory, Person, PersonId};
use crate::policy::Policy;

/// Where a name is looked up.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// EquipeMed's people.
    pub directory: &'a Directory,
    /// Whose account is whose.
    pub bindings: &'a Bindings,
    /// How accounts are named.
    pub policy: &'a Policy,
}

impl Names<'_> {
    /// Whose account it is, or would be.
    #[must_use]
    pub fn of_account(self, user: &UserId) -> Option<PersonId> {
        let bound = self.bindings.values().find(|binding| binding.user == user);
        if let Some(binding) = bound {
            return Some(binding.person);
        }
        // Somebody without an account yet, by the name they would get.
        let would = |person: &&Person| binding::candidate(person, self.policy).is_ok_and(|would| would == user);
        let mut people = self.directory.people().filter(would);
        // Two who would get the same one get none.
        people.next().filter(|_| people.next().is_none()).map(|person| person.id)
    }

    /// Everybody whom a username means: by how it is written; without capitals and small letters only when nobody's is
    /// written so; and whose account it is. More than one is to be asked about.
    #[must_use]
    pub fn named(self, name: &str) -> BTreeSet<PersonId> {
        let name = name.trim_start_matches('@');
        let plain = name.to_lowercase();
        let with = |is: &dyn Fn(&Person) -> bool| -> BTreeSet<PersonId> {
            self.directory.people().filter(|person| is(person)).map(|person| person.id).collect()
        };
        let mut people = with(&|person| person.username == name);
        if people.is_empty() {
            people = with(&|person| person.username.to_lowercase() == plain);
        }
        let account = OwnedUserId::try_from(format!("@{plain}:{}", self.policy.server_name)).ok();
        people.extend(account.and_then(|user| self.of_account(&user)));
        people
    }

    /// Everybody whom an EquipeMed number means: who has it now, and who is shown by it because they had it first.
    #[must_use]
    pub fn numbered(self, number: &str) -> BTreeSet<PersonId> {
        let shown = self.directory.people().filter(|person| person.id.to_string() == number).map(|person| person.id);
        let now = number.parse().ok().and_then(|number| self.directory.numbered(number));
        shown.chain(now).collect()
    }
}
