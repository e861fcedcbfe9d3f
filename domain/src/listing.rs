//! People with their accounts, as lists show them, and who of them is asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ruma_common::OwnedUserId;

use crate::account_status::{AccountStatus, is_stale};
use crate::binding::{Binding, Bindings};
use crate::command::fold;
use crate::directory::{Directory, Person};
use crate::observed::ObservedAccount;
use crate::policy::Policy;
use crate::standing::Standing;

/// Who is asked for; the default is everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleFilter {
    /// Only this status.
    pub status: Option<AccountStatus>,
    /// Only people with this in username, e-mail address, names, Matrix id or the localpart chosen in EquipeMed; capitals
    /// and accents do not matter.
    pub search: Option<String>,
    /// Only EquipeMed superusers.
    pub superusers: bool,
    /// Only people who signed in to EquipeMed then or later.
    pub since: Option<Timestamp>,
}

/// One person with their account.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// The person.
    pub person: &'a Person,
    /// Whose account is known.
    pub binding: Option<&'a Binding>,
    /// How the account stands.
    pub status: AccountStatus,
    /// How the person stands in EquipeMed; None when that is not clear.
    pub standing: Option<Standing>,
}

/// One person with their account, as they are now.
#[must_use]
pub fn listed<'a>(
    person: &'a Person,
    policy: &Policy,
    binding: Option<&'a Binding>,
    account: Option<&ObservedAccount>,
    now: Timestamp,
) -> Listed<'a> {
    let standing = policy.users.standing.standing(person, now);
    let noted = binding.and_then(|binding| binding.synced_at);
    let is_selected = policy.users.who.matches(person, &policy.roles, false);
    let status = AccountStatus::of(account, standing, is_selected, is_stale(noted, policy.users.stale_after, now));
    Listed { person, binding, status, standing }
}

/// Everybody who is asked for, by id.
#[must_use]
pub fn list<'a>(
    directory: &'a Directory,
    policy: &Policy,
    bindings: &'a Bindings,
    accounts: &BTreeMap<OwnedUserId, ObservedAccount>,
    filter: &PeopleFilter,
    now: Timestamp,
) -> Vec<Listed<'a>> {
    let everybody = directory.people().map(|person| {
        let binding = bindings.get(&person.id);
        listed(person, policy, binding, binding.and_then(|binding| accounts.get(&binding.user)), now)
    });
    everybody.filter(|one| one.passes(filter)).collect()
}

impl Listed<'_> {
    fn passes(&self, filter: &PeopleFilter) -> bool {
        filter.status.is_none_or(|status| status == self.status)
            && (!filter.superusers || self.person.superuser)
            && filter.since.is_none_or(|since| self.person.last_login.is_some_and(|login| login >= since))
            && filter.search.as_deref().is_none_or(|text| self.has(&fold(text)))
    }

    fn has(&self, text: &str) -> bool {
        let person = self.person;
        let names = [person.username.as_str(), &person.email, &person.full_name()].map(fold);
        names.iter().any(|name| name.contains(text))
            || person.matrix_localpart.as_deref().is_some_and(|localpart| fold(localpart).contains(text))
            || self.binding.is_some_and(|binding| binding.user.as_str().contains(text))
    }
}
