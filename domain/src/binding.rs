//! Which account belongs to which person.
//!
//! A binding survives renames of username and localpart. A mistake would give a person's account to somebody else, so
//! every doubt becomes a finding and never a guess.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

use crate::action::ExternalId;
use crate::desired::{AccountState, digest_of, digest_of_name, external_id};
use crate::directory::{Person, PersonId};
use crate::finding::Finding;
use crate::localpart::{self, LocalpartError};
use crate::observed::{ObservedAccount, ObservedAccounts};
use crate::policy::{LocalpartSource, Policy};
use crate::world::World;

/// A person's account, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The person.
    pub person: PersonId,
    /// The account.
    pub user: OwnedUserId,
    /// Pushed values that the user list does not show.
    pub pushed: Pushed,
    /// Whether this service made the account a Synapse administrator; only then may it remove that.
    pub server_admin_given: bool,
    /// When the person was first counted as gone.
    pub gone_since: Option<Timestamp>,
    /// Time gone, as seen by complete reads. Each adds at most a day, in case the clock jumps.
    pub gone_for: SignedDuration,
    /// How the account was last seen or left.
    pub noted: Noted,
    /// Whether all sessions were ended since the account was locked; nobody can begin one while it is.
    pub signed_out: bool,
    /// Number of successive complete reads without the person.
    pub missing_reads: u32,
    /// When a pass last found or made the account agree with EquipeMed. May be out of date by half of
    /// `users.stale_after`, so that passes without changes rarely write.
    pub synced_at: Option<Timestamp>,
}

/// How an account was last seen, or left by this service; what is unknown is None.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Its state.
    pub state: Option<AccountState>,
    /// Whether it is a Synapse administrator.
    pub admin: Option<bool>,
    /// Digest of its display name.
    pub name: Option<String>,
}

impl Noted {
    /// An account as it is seen. Of a deactivated one the state alone counts: what becomes of the rest is Synapse's doing.
    #[must_use]
    pub fn of(account: &ObservedAccount) -> Self {
        let state = account.state();
        let is_usable = state != AccountState::Deactivated;
        Self {
            state: Some(state),
            admin: is_usable.then_some(account.admin),
            name: is_usable.then(|| digest_of_name(account.display_name.as_deref().unwrap_or_default())),
        }
    }
}

/// Digests of the values last pushed, so that a run without changes need not read each account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// Digest of the external id.
    pub external_id: Option<String>,
    /// Digest of the e-mail address.
    pub email: Option<String>,
    /// Digest of the display name.
    pub display_name: Option<String>,
}

impl Binding {
    /// A new binding of an account about which nothing else is known.
    #[must_use]
    pub fn new(person: PersonId, user: OwnedUserId) -> Self {
        Self {
            person,
            user,
            pushed: Pushed::default(),
            server_admin_given: false,
            gone_since: None,
            gone_for: SignedDuration::ZERO,
            noted: Noted::default(),
            signed_out: false,
            missing_reads: 0,
            synced_at: None,
        }
    }
}

/// Pushed values that are missing on an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// The external id is missing or different, or another one would let somebody else sign in.
    pub external_id: bool,
    /// The e-mail address is missing.
    pub email: bool,
}

impl Pushed {
    /// Compares with an account on Synapse: its external ids of the provider and the digests of its addresses.
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

/// An account on Synapse whose creation by this service was not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newborn {
    /// When it was created, by Synapse's clock.
    pub created: Option<Timestamp>,
    /// Whether anybody has signed in or was seen.
    pub is_used: bool,
    /// Whether it has an external id, e-mail address or phone number, is an administrator, or belongs to another
    /// service.
    pub is_somebodys: bool,
}

impl Newborn {
    /// Whether it must be the account requested at this instant of Synapse's clock, which has whole seconds.
    #[must_use]
    pub fn is_made_after(&self, asked: Timestamp) -> bool {
        !self.is_used
            && !self.is_somebodys
            && self.created.is_some_and(|created| created.as_second() >= asked.as_second())
    }
}

/// All bindings by person, with the owner of each account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings {
    people: BTreeMap<PersonId, Binding>,
    owners: BTreeMap<OwnedUserId, PersonId>,
}

impl Bindings {
    /// The owner of an account.
    #[must_use]
    pub fn owner(&self, user: &UserId) -> Option<PersonId> {
        self.owners.get(user).copied()
    }

    /// A binding to modify, except for its account.
    pub fn get_mut(&mut self, person: PersonId) -> Option<&mut Binding> {
        self.people.get_mut(&person)
    }

    /// Inserts a binding; returns the person's previous one.
    pub fn insert(&mut self, binding: Binding) -> Option<Binding> {
        let before = self.remove(binding.person);
        self.owners.insert(binding.user.clone(), binding.person);
        self.people.insert(binding.person, binding);
        before
    }

    /// Removes and returns a person's binding.
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

/// How a person's account was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the store.
    Bound,
    /// On Synapse, by the person's external id.
    Adopted,
    /// It has yet to be created.
    New,
}

/// One person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The account.
    pub user: OwnedUserId,
    /// How it was found.
    pub origin: Origin,
}

/// Finds the account of every selected person.
///
/// Unselected people without an account are skipped.
pub fn bind(world: &World<'_>, accounts: &ObservedAccounts, findings: &mut Vec<Finding>) -> BTreeMap<PersonId, Bound> {
    let World { directory, policy, bindings, .. } = world;
    let mut bound: BTreeMap<PersonId, Bound> = bindings
        .values()
        .map(|binding| (binding.person, Bound { user: binding.user.clone(), origin: Origin::Bound }))
        .collect();
    // Needed only if somebody has no account yet.
    let given: LazyCell<BTreeMap<&str, &Binding>, _> = LazyCell::new(|| {
        bindings.values().filter_map(|binding| Some((binding.pushed.external_id.as_deref()?, binding))).collect()
    });

    let mut wishes: BTreeMap<OwnedUserId, Vec<&Person>> = BTreeMap::new();
    for person in directory.people() {
        if bound.contains_key(&person.id) || !policy.selects(person) {
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

    // Examines all accounts, so only if one may have to be created.
    let twins = if wishes.is_empty() { BTreeMap::new() } else { accounts.twins() };
    for (user, people) in wishes {
        let owner = bindings.owner(&user);
        if policy.users.protected.contains(&user) {
            findings.extend(people.iter().map(|person| reserved(person, &user)));
            continue;
        }
        if let (Some(holder), [person]) = (owner.and_then(|owner| missing(owner, world)), &*people) {
            let administrator = accounts.list.get(&user).is_some_and(|account| account.admin);
            let (person, since) = (person.id, holder.gone_since);
            findings.push(Finding::NameOfMissing { person, user, holder: holder.person, since, administrator });
            continue;
        }
        let mut claimants: BTreeSet<PersonId> = people.iter().map(|person| person.id).collect();
        claimants.extend(owner);
        let claimants: Vec<PersonId> = claimants.into_iter().collect();
        if let [person, others @ ..] = &*claimants
            && !others.is_empty()
        {
            let (person, others) = (*person, others.to_vec());
            findings.push(Finding::LocalpartCollision { person, user, others, holder: owner });
            continue;
        }
        let Some(person) = people.first() else { continue };
        let origin = match accounts.list.get(&user) {
            None => match twins.get(user.as_str()) {
                Some(&twin) => {
                    findings.push(Finding::AccountTwin { person: person.id, user, twin: twin.clone() });
                    continue;
                }
                None => Origin::New,
            },
            // Who brings an administrator's power along has to be named, by the policy or by the operator.
            Some(account) if accounts.holder(&person.public_id) == Some(&*user) => {
                if account.admin && !policy.makes_administrator(person) {
                    findings.push(Finding::AdministratorFound { person: person.id, user });
                    continue;
                }
                Origin::Adopted
            }
            Some(account) => {
                let administrator = account.admin;
                findings.push(Finding::AccountNotTheirs { person: person.id, user, administrator });
                continue;
            }
        };
        bound.insert(person.id, Bound { user, origin });
    }
    bound
}

fn reserved(person: &Person, user: &UserId) -> Finding {
    Finding::LocalpartReserved { person: person.id, user: user.to_owned() }
}

/// The binding of somebody who is certainly no longer in EquipeMed.
fn missing<'w>(person: PersonId, world: &World<'w>) -> Option<&'w Binding> {
    let is_missing = world.directory.get(person).is_none() && !world.directory.is_unclear(person);
    world.bindings.get(&person).filter(|_| is_missing)
}

/// Another person's account with this person's external id, according to Synapse or to what was pushed.
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

/// The account to create for a person: the first source with a valid localpart.
///
/// # Errors
/// Every localpart tried, with the rule it breaks.
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
