//! People with their accounts, as lists show them, and who of them is asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ruma_common::OwnedUserId;

use crate::account_status::{AccountStatus, is_stale};
use crate::binding::{Binding, Bindings};
use crate::command::fold;
use crate::desired::READS_UNTIL_VANISHED;
use crate::directory::{Directory, Person, PersonId};
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
    /// Who it is.
    pub id: PersonId,
    /// The person; None when EquipeMed has them no longer.
    pub person: Option<&'a Person>,
    /// Whose account is known.
    pub binding: Option<&'a Binding>,
    /// How the account stands.
    pub status: AccountStatus,
    /// How the person stands in EquipeMed; None when that is not clear.
    pub standing: Option<Standing>,
    /// Whether nobody sees what the account writes.
    pub is_shadow_banned: bool,
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
    let is_selected = policy.selects(person);
    let status = AccountStatus::of(account, standing, is_selected, is_stale(noted, policy.users.stale_after, now));
    let is_shadow_banned = account.is_some_and(|account| account.shadow_banned);
    Listed { id: person.id, person: Some(person), binding, status, standing, is_shadow_banned }
}

/// Somebody who is missing in EquipeMed, until the account is deactivated: nobody may have to look for it by hand.
fn missing<'a>(
    binding: &'a Binding,
    policy: &Policy,
    accounts: &BTreeMap<OwnedUserId, ObservedAccount>,
    now: Timestamp,
) -> Option<Listed<'a>> {
    let account = accounts.get(&binding.user).filter(|account| !account.deactivated)?;
    let standing = (binding.missing_reads >= READS_UNTIL_VANISHED).then_some(Standing::Gone);
    let status =
        AccountStatus::of(Some(account), standing, true, is_stale(binding.synced_at, policy.users.stale_after, now));
    Some(Listed { id: binding.person, person: None, binding: Some(binding), status, standing, is_shadow_banned: false })
}

/// Everybody who is asked for, by id; also who is missing in EquipeMed and has an account.
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
    let is_missing = |binding: &&Binding| directory.get(binding.person).is_none();
    let missing = bindings.values().filter(is_missing).filter_map(|binding| missing(binding, policy, accounts, now));
    let mut found: Vec<Listed<'_>> = everybody.chain(missing).filter(|one| one.passes(filter)).collect();
    found.sort_by_key(|one| one.id);
    found
}

impl Listed<'_> {
    fn passes(&self, filter: &PeopleFilter) -> bool {
        filter.status.is_none_or(|status| status == self.status)
            && (!filter.superusers || self.person.is_some_and(|person| person.superuser))
            && filter.since.is_none_or(|since| self.last_login().is_some_and(|login| login >= since))
            && filter.search.as_deref().is_none_or(|text| self.has(&fold(text)))
    }

    /// When the person last signed in to EquipeMed.
    #[must_use]
    pub fn last_login(&self) -> Option<Timestamp> {
        self.person?.last_login
    }

    /// The username; of somebody missing in EquipeMed, the account's name.
    #[must_use]
    pub fn username(&self) -> &str {
        let localpart = || self.binding.map_or("", |binding| binding.user.localpart());
        self.person.map_or_else(localpart, |person| &person.username)
    }

    fn has(&self, text: &str) -> bool {
        let is_named = |person: &Person| {
            let names = [person.username.as_str(), &person.email, &person.full_name()].map(fold);
            names.iter().any(|name| name.contains(text))
                || person.matrix_localpart.as_deref().is_some_and(|localpart| fold(localpart).contains(text))
        };
        self.person.is_some_and(is_named) || self.binding.is_some_and(|binding| binding.user.as_str().contains(text))
    }
}
