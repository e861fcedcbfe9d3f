//! Finds accounts of missing people whose username somebody new has now, so that the operator can hand them over at
//! once.
//!
//! A username proves nothing, so nothing is handed over automatically.

use std::collections::BTreeMap;
use std::fmt;

use ruma_common::OwnedUserId;
use serde::Serialize;

use crate::binding::{Binding, Bindings};
use crate::directory::{Directory, Person, PersonId};
use crate::identity::Identities;
use crate::observed::ObservedAccount;
use crate::policy::Policy;

/// An account that can be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The person who has the username now, and no account.
    pub from: PersonId,
    /// The missing person to whom the account is bound.
    pub to: PersonId,
    /// The account.
    pub user: OwnedUserId,
    /// The username that they share.
    pub username: String,
}

/// Why an account is not handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// It is protected.
    Protected,
    /// It is a Synapse administrator, so the operator has to name its owner explicitly.
    Administrator,
    /// Several missing or several present people have the username, ignoring case.
    Several,
    /// The person with the username already has an account, or has no public id.
    HasOne,
    /// It is not on Synapse.
    Absent,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Protected => "it is protected (users.protected)",
            Self::Administrator => {
                "it is a Synapse administrator; say whose it is with `users adopt WHO MATRIX_ID --administrator`"
            }
            Self::Several => {
                "several people have that username, but for capitals; say whose it is with `users adopt WHO MATRIX_ID`"
            }
            Self::HasOne => "who has that username now has another account",
            Self::Absent => "it is not on Synapse",
        })
    }
}

/// Accounts that can be handed over, and those that cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handovers {
    /// Accounts that can be handed over.
    pub go: Vec<Handover>,
    /// Accounts that cannot, although somebody has the username.
    pub refused: Vec<(OwnedUserId, Refused)>,
}

/// Finds accounts of missing or unknown people whose username somebody present has.
#[must_use]
pub fn handovers(
    directory: &Directory,
    bindings: &Bindings,
    known: &Identities,
    policy: &Policy,
    accounts: &BTreeMap<OwnedUserId, ObservedAccount>,
) -> Handovers {
    let missing = bindings.values().filter(|binding| directory.get(binding.person).is_none());
    let mut before: BTreeMap<String, Vec<&Binding>> = BTreeMap::new();
    for binding in missing {
        before.entry(username_of(binding, known).to_lowercase()).or_default().push(binding);
    }
    let mut now: BTreeMap<String, Vec<&Person>> = BTreeMap::new();
    for person in directory.people() {
        now.entry(person.username.to_lowercase()).or_default().push(person);
    }
    let mut found = Handovers::default();
    for (name, owners) in before {
        let Some(people) = now.get(&name) else { continue };
        for owner in &owners {
            let user = owner.user.clone();
            match refused(owner, owners.len(), people, bindings, policy, accounts) {
                Err(why) => found.refused.push((user, why)),
                Ok(person) => found.go.push(Handover {
                    from: person.id,
                    to: owner.person,
                    user,
                    username: person.username.clone(),
                }),
            }
        }
    }
    found
}

/// The username of a missing person, or the localpart if the account was bound before usernames were stored.
fn username_of<'a>(binding: &'a Binding, known: &'a Identities) -> &'a str {
    let username = known.get(binding.person).map(|identity| identity.username.as_str());
    username.filter(|username| !username.is_empty()).unwrap_or_else(|| binding.user.localpart())
}

fn refused<'p>(
    owner: &Binding,
    owners: usize,
    people: &[&'p Person],
    bindings: &Bindings,
    policy: &Policy,
    accounts: &BTreeMap<OwnedUserId, ObservedAccount>,
) -> Result<&'p Person, Refused> {
    let ([person], 1) = (people, owners) else { return Err(Refused::Several) };
    if bindings.contains_key(&person.id) || person.public_id.is_empty() {
        return Err(Refused::HasOne);
    }
    if owner.user == policy.bot || policy.users.protected.contains(&owner.user) {
        return Err(Refused::Protected);
    }
    match accounts.get(&owner.user) {
        None => Err(Refused::Absent),
        Some(account) if account.admin => Err(Refused::Administrator),
        Some(_) => Ok(person),
    }
}
