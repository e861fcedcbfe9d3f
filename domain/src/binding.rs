//! Which account is whose.
//!
//! A binding, once made, survives renames of username and localpart. Binding
//! is the one step where a mistake would hand a person's account to somebody
//! else, so every doubt ends in a finding and not in a guess.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

use crate::action::ExternalId;
use crate::desired::{AccountState, digest_of, external_id};
use crate::directory::{Person, PersonId};
use crate::finding::Finding;
use crate::localpart::{self, LocalpartError};
use crate::observed::ObservedAccounts;
use crate::policy::{LocalpartSource, Policy};
use crate::world::World;

/// A person's account, as the store remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The person.
    pub person: PersonId,
    /// Their account.
    pub user: OwnedUserId,
    /// What was last pushed to Synapse and its list of accounts does not show.
    pub pushed: Pushed,
    /// Whether this service made the account a Synapse administrator; only then may it take that away.
    pub server_admin_given: bool,
    /// Since when the person counts as gone.
    pub gone_since: Option<Timestamp>,
    /// For how long, as complete reads have seen it: each adds no more than a day, so that a clock that jumps does not.
    pub gone_for: SignedDuration,
    /// How the account was last seen or left; None when that is not known.
    pub state: Option<AccountState>,
    /// In how many complete reads in a row the person was missing.
    pub missing_reads: u32,
    /// When a pass last saw the account agree with EquipeMed, or made it so. Up to half of `users.stale_after` older than
    /// the truth, so that a pass without changes rarely has to write.
    pub synced_at: Option<Timestamp>,
}

/// Digests of what was last pushed, so that a run without changes need not ask for each account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// Of the external id.
    pub external_id: Option<String>,
    /// Of the e-mail address.
    pub email: Option<String>,
    /// Of the display name.
    pub display_name: Option<String>,
}

impl Binding {
    /// The binding of an account about which nothing is known yet.
    #[must_use]
    pub fn new(person: PersonId, user: OwnedUserId) -> Self {
        Self {
            person,
            user,
            pushed: Pushed::default(),
            server_admin_given: false,
            gone_since: None,
            gone_for: SignedDuration::ZERO,
            state: None,
            missing_reads: 0,
            synced_at: None,
        }
    }
}

/// What of that which was pushed to an account is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// The external id is gone or another one, or there is a further one by which somebody else could sign in.
    pub external_id: bool,
    /// The e-mail address is gone.
    pub email: bool,
}

impl Pushed {
    /// What is not there of it, by what Synapse shows of the account: external ids of the provider, digests of addresses.
    #[must_use]
    pub fn lost(&self, external_ids: &[ExternalId], addresses: &BTreeSet<String>) -> Lost {
        let differs =
            |pushed: &String| external_ids.is_empty() || external_ids.iter().any(|id| digest_of(id) != *pushed);
        Lost {
            external_id: self.external_id.as_ref().is_some_and(differs),
            email: self.email.as_ref().is_some_and(|pushed| !addresses.contains(pushed)),
        }
    }
}

/// An account whose making was asked for without an answer that says so, as Synapse shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newborn {
    /// When it was made, by Synapse's clock.
    pub created: Option<Timestamp>,
    /// Somebody signed in to it, or was seen.
    pub is_used: bool,
    /// It carries an external id, an e-mail address or a telephone number, or is an administrator's or another service's.
    pub is_somebodys: bool,
}

impl Newborn {
    /// Whether it can be nothing but what was asked for at that instant of Synapse's clock. Synapse tells whole seconds.
    #[must_use]
    pub fn is_made_after(&self, asked: Timestamp) -> bool {
        !self.is_used
            && !self.is_somebodys
            && self.created.is_some_and(|created| created.as_second() >= asked.as_second())
    }
}

/// What the store knows of people and accounts, by person, and the way back from an account to its person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings {
    people: BTreeMap<PersonId, Binding>,
    owners: BTreeMap<OwnedUserId, PersonId>,
}

impl Bindings {
    /// Whose account it is.
    #[must_use]
    pub fn owner(&self, user: &UserId) -> Option<PersonId> {
        self.owners.get(user).copied()
    }

    /// What is known of somebody, to be changed; whose account it is stays.
    pub fn get_mut(&mut self, person: PersonId) -> Option<&mut Binding> {
        self.people.get_mut(&person)
    }

    /// Puts a binding in the place of what was known of its person, which is given back.
    pub fn insert(&mut self, binding: Binding) -> Option<Binding> {
        let before = self.remove(binding.person);
        self.owners.insert(binding.user.clone(), binding.person);
        self.people.insert(binding.person, binding);
        before
    }

    /// Forgets a person's binding and gives it back.
    pub fn remove(&mut self, person: PersonId) -> Option<Binding> {
        let before = self.people.remove(&person)?;
        if self.owner(&before.user) == Some(person) {
            self.owners.remove(&before.user);
        }
        Some(before)
    }
}

impl Deref for Bindings {
    type Target = BTreeMap<PersonId, Binding>;

    fn deref(&self) -> &Self::Target {
        &self.people
    }
}

impl FromIterator<Binding> for Bindings {
    fn from_iter<I: IntoIterator<Item = Binding>>(bindings: I) -> Self {
        let people: BTreeMap<_, _> = bindings.into_iter().map(|binding| (binding.person, binding)).collect();
        let owners = people.values().map(|binding| (binding.user.clone(), binding.person)).collect();
        Self { people, owners }
    }
}

/// How a person's account is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The store has it.
    Bound,
    /// It exists on Synapse and carries the person's external id.
    Adopted,
    /// It does not exist yet.
    New,
}

/// One person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The account.
    pub user: OwnedUserId,
    /// How it is known.
    pub origin: Origin,
}

/// Finds every selected person's account.
///
/// People whom `users.who` does not select and who have no account yet are left out silently.
pub fn bind(world: &World<'_>, accounts: &ObservedAccounts, findings: &mut Vec<Finding>) -> BTreeMap<PersonId, Bound> {
    let World { directory, policy, bindings, .. } = world;
    let mut bound: BTreeMap<PersonId, Bound> = bindings
        .values()
        .map(|binding| (binding.person, Bound { user: binding.user.clone(), origin: Origin::Bound }))
        .collect();
    // Only where somebody has no account yet.
    let given: LazyCell<BTreeMap<&str, &Binding>, _> = LazyCell::new(|| {
        bindings.values().filter_map(|binding| Some((binding.pushed.external_id.as_deref()?, binding))).collect()
    });

    let mut wishes: BTreeMap<OwnedUserId, Vec<&Person>> = BTreeMap::new();
    for person in directory.people() {
        if bound.contains_key(&person.id) || !policy.users.who.matches(person, &policy.roles, false) {
            continue;
        }
        if person.public_id.is_empty() {
            findings.push(Finding::NoPublicId { person: person.id });
            continue;
        }
        if let Some((user, owner)) = elsewhere(person, world, &given, accounts) {
            findings.push(Finding::ExternalIdTaken { person: person.id, user, owner });
            continue;
        }
        if let Some(holder) = accounts.holder(&person.public_id) {
            wishes.entry(holder.to_owned()).or_default().push(person);
            continue;
        }
        match candidate(person, policy) {
            Ok(user) => wishes.entry(user).or_default().push(person),
            Err(tried) => findings.push(Finding::LocalpartImpossible { person: person.id, tried }),
        }
    }

    // Of all accounts, so only where one may have to be made.
    let twins = if wishes.is_empty() { BTreeMap::new() } else { accounts.twins() };
    for (user, people) in wishes {
        let owner = bindings.owner(&user);
        let mut claimants: BTreeSet<PersonId> = people.iter().map(|person| person.id).collect();
        claimants.extend(owner);
        if claimants.len() > 1 {
            findings.extend(claimants.iter().map(|&person| Finding::LocalpartCollision {
                person,
                user: user.clone(),
                others: claimants.iter().copied().filter(|other| *other != person).collect(),
            }));
            continue;
        }
        let Some(person) = people.first() else { continue };
        if policy.users.protected.contains(&user) {
            findings.push(Finding::LocalpartReserved { person: person.id, user });
            continue;
        }
        let origin = match accounts.list.get(&user) {
            None => match twins.get(user.as_str()) {
                Some(&twin) => {
                    findings.push(Finding::AccountTwin { person: person.id, user, twin: twin.clone() });
                    continue;
                }
                None => Origin::New,
            },
            Some(_) if accounts.holder(&person.public_id) == Some(&*user) => Origin::Adopted,
            Some(_) => {
                findings.push(Finding::AccountNotTheirs { person: person.id, user });
                continue;
            }
        };
        bound.insert(person.id, Bound { user, origin });
    }
    bound
}

/// The account of another person that carries this one's external id: as Synapse says, or as it was given from here.
fn elsewhere(
    person: &Person,
    world: &World<'_>,
    given: &BTreeMap<&str, &Binding>,
    accounts: &ObservedAccounts,
) -> Option<(OwnedUserId, PersonId)> {
    match accounts.holder(&person.public_id) {
        Some(holder) => Some((holder.to_owned(), world.bindings.owner(holder)?)),
        None => {
            let binding = given.get(&*digest_of(&external_id(world.policy, person)?))?;
            Some((binding.user.clone(), binding.person))
        }
    }
}

/// The account a person would get: the first source with a valid localpart.
///
/// # Errors
/// Every wish that was tried, and the rule it breaks.
pub fn candidate(person: &Person, policy: &Policy) -> Result<OwnedUserId, Vec<(String, LocalpartError)>> {
    let mut tried = Vec::new();
    for source in &policy.users.localpart {
        let wish = match source {
            LocalpartSource::MatrixLocalpart => person.matrix_localpart.clone(),
            LocalpartSource::Username => Some(person.username.clone()),
            LocalpartSource::PublicId if person.public_id.is_empty() => None,
            LocalpartSource::PublicId => Some(format!("u_{}", person.public_id)),
        };
        let Some(wish) = wish.filter(|wish| !wish.is_empty()) else { continue };
        match localpart::user_id(&wish, &policy.server_name, &policy.users.reserved) {
            Ok(user) => return Ok(user),
            Err(error) => tried.push((wish, error)),
        }
    }
    Err(tried)
}
