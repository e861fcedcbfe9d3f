//! E-mail addresses that Synapse gets from EquipeMed (`users.email`).
//!
//! An address is read from EquipeMed when it is sent. Everything else uses its digest, so that no plan, audit row or
//! log can show it.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::OwnedUserId;

use crate::desired::{AccountState, DesiredAccount, digest};
use crate::directory::{Person, PersonId};
use crate::finding::Finding;
use crate::world::World;

/// Synapse's own limit (`MAX_EMAIL_ADDRESS_LENGTH`).
const LONGEST: usize = 500;

/// A person's address as Synapse stores it; None if EquipeMed has none or an invalid one.
#[must_use]
pub fn address_of(person: &Person) -> Option<String> {
    let address = person.email.trim().to_lowercase();
    let (name, domain) = address.split_once('@')?;
    // Synapse folds non-ASCII letters in its own way, so such an address would not be recognised later.
    let plain = address.chars().all(|c| c.is_ascii_graphic()) && address.len() <= LONGEST;
    (plain && !name.is_empty() && !domain.is_empty() && !domain.contains('@')).then_some(address)
}

/// The digest stored for an address that was sent.
#[must_use]
pub fn digest_of_address(address: &str) -> String {
    digest(&["email", address])
}

/// Sets the digests of the desired addresses. An address shared by several people is given to none of them: Synapse
/// would move it to the last one, and with it the password reset where there is a password.
pub(crate) fn give_addresses(
    world: &World<'_>,
    accounts: &mut BTreeMap<OwnedUserId, DesiredAccount>,
    findings: &mut Vec<Finding>,
) {
    let World { policy, directory, .. } = world;
    if !policy.users.email || !policy.users.update_profiles {
        return;
    }
    let mut people: BTreeMap<String, BTreeSet<PersonId>> = BTreeMap::new();
    for account in
        accounts.values_mut().filter(|account| account.state != AccountState::Deactivated && !account.released)
    {
        let person = directory.get(account.person);
        let address = person.and_then(address_of);
        if address.is_none() && person.is_some_and(|person| !person.email.trim().is_empty()) {
            findings.push(Finding::EmailInvalid { person: account.person });
        }
        account.email = address.map(|address| digest_of_address(&address));
        if let Some(email) = &account.email {
            people.entry(email.clone()).or_default().insert(account.person);
        }
    }
    people.retain(|_, sharing| sharing.len() > 1);
    for account in accounts.values_mut() {
        let is_shared = account.email.as_ref().is_some_and(|email| people.contains_key(email));
        if is_shared {
            account.email = None;
        }
    }
    findings.extend(people.into_values().map(|people| Finding::EmailShared { people: people.into_iter().collect() }));
}
