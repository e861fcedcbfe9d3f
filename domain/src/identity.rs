//! Identifies people by public id, because EquipeMed's numbers may change hands.
//!
//! Every read of people is processed here first. Known people keep their handle, and with it account, grants and
//! powers, even if their number changed. New people get an unused handle, even if their number was used before. Unclear
//! cases become doubts, never guesses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::action::ExternalId;
use crate::binding::{Binding, Bindings};
use crate::desired::digest_of;
use crate::directory::{Directory, Doubt, Person, PersonId};
use crate::finding::Finding;
use crate::observed::ObservedAccounts;

/// What is known of a person beyond one read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The handle.
    pub person: PersonId,
    /// The public id; None if the account was bound before public ids were stored and its owner is unknown.
    pub public_id: Option<String>,
    /// The person's last known number in EquipeMed.
    pub number: i64,
    /// The person's last known username.
    pub username: String,
}

/// All known people.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    people: BTreeMap<PersonId, Identity>,
    handles: BTreeMap<String, PersonId>,
}

impl Identities {
    /// Indexes the known people.
    #[must_use]
    pub fn new(identities: impl IntoIterator<Item = Identity>) -> Self {
        let mut known = Self::default();
        for identity in identities {
            known.handles.extend(identity.public_id.clone().map(|public_id| (public_id, identity.person)));
            known.people.insert(identity.person, identity);
        }
        known
    }

    /// All known people, by handle.
    pub fn people(&self) -> impl Iterator<Item = &Identity> {
        self.people.values()
    }

    /// A known person.
    #[must_use]
    pub fn get(&self, person: PersonId) -> Option<&Identity> {
        self.people.get(&person)
    }

    /// People last seen with a number; two if one replaced the other.
    pub fn numbered(&self, number: i64) -> impl Iterator<Item = PersonId> {
        self.people.values().filter(move |identity| identity.number == number).map(|identity| identity.person)
    }

    fn of(&self, public_id: &str) -> Option<PersonId> {
        self.handles.get(public_id).copied()
    }
}

/// Everything used to identify people.
#[derive(Clone, Copy, Debug)]
pub struct Knowledge<'a> {
    /// The known people.
    pub identities: &'a Identities,
    /// The bindings.
    pub bindings: &'a Bindings,
    /// Synapse's name of the identity provider, if there is one.
    pub provider: Option<&'a str>,
    /// External ids on Synapse of the accounts from [`Knowledge::to_be_asked`].
    pub external_ids: &'a BTreeMap<PersonId, Vec<ExternalId>>,
}

/// A read with people identified.
#[derive(Clone, Debug)]
pub struct Identified {
    /// The people by handle.
    pub directory: Arc<Directory>,
    /// Identities to store before these handles are used.
    pub news: Vec<Identity>,
    /// Digests of external ids found on accounts, to store as identification.
    pub proofs: BTreeMap<PersonId, String>,
}

/// Evidence for the owner of an account bound before public ids were stored.
enum Proof<'a> {
    Digest(&'a str),
    Found(Vec<&'a ExternalId>),
    Nothing,
}

impl<'a> Knowledge<'a> {
    /// Accounts bound before public ids were stored.
    fn old(self) -> impl Iterator<Item = &'a Binding> {
        let is_old = move |binding: &&Binding| {
            self.identities.get(binding.person).is_none_or(|identity| identity.public_id.is_none())
        };
        self.bindings.values().filter(is_old)
    }

    /// Accounts whose external ids must be read from Synapse, once.
    pub fn to_be_asked(self) -> impl Iterator<Item = &'a Binding> {
        self.old().filter(move |binding| {
            self.identities.get(binding.person).is_none()
                && (self.provider.is_none() || binding.pushed.external_id.is_none())
        })
    }

    fn proof(self, binding: &'a Binding) -> Proof<'a> {
        if let (Some(_), Some(digest)) = (self.provider, &binding.pushed.external_id) {
            return Proof::Digest(digest);
        }
        let of_provider = |id: &&ExternalId| self.provider.is_none_or(|provider| id.provider == provider);
        let found: Vec<_> = self.external_ids.get(&binding.person).into_iter().flatten().filter(of_provider).collect();
        if found.is_empty() { Proof::Nothing } else { Proof::Found(found) }
    }
}

/// Assigns a handle to everybody in a read.
#[must_use]
pub fn identify(read: &Arc<Directory>, known: Knowledge<'_>) -> Identified {
    let mut sorting = Sorting::new(read, known);
    sorting.settle_old();
    sorting.give_handles();
    sorting.doubt_nameless();
    sorting.note_changes();
    sorting.end()
}

/// A read whose people are being identified.
struct Sorting<'a> {
    read: &'a Arc<Directory>,
    known: Knowledge<'a>,
    /// From EquipeMed's number to handle.
    handles: BTreeMap<PersonId, PersonId>,
    present: BTreeSet<PersonId>,
    /// Owners of old accounts, by public id.
    owners: BTreeMap<&'a str, PersonId>,
    /// Numbers of people without a public id, or with one that somebody else also has.
    nameless: BTreeSet<PersonId>,
    /// Owners of old accounts without any evidence.
    unclear: BTreeSet<PersonId>,
    news: Vec<Identity>,
    proofs: BTreeMap<PersonId, String>,
    doubts: Vec<Doubt>,
    doubted: BTreeSet<PersonId>,
}

impl<'a> Sorting<'a> {
    fn new(read: &'a Arc<Directory>, known: Knowledge<'a>) -> Self {
        Self {
            read,
            known,
            handles: BTreeMap::new(),
            present: BTreeSet::new(),
            owners: BTreeMap::new(),
            nameless: BTreeSet::new(),
            unclear: BTreeSet::new(),
            news: Vec::new(),
            proofs: BTreeMap::new(),
            doubts: Vec::new(),
            doubted: BTreeSet::new(),
        }
    }

    /// Finds the owners of accounts bound before public ids were stored: by the digest of the pushed external id, or
    /// else by the external ids on Synapse. Without either, an account has no known owner.
    fn settle_old(&mut self) {
        let old: Vec<&Binding> = self.known.old().collect();
        if old.is_empty() {
            return;
        }
        let unknown = || self.read.people().filter(|person| self.known.identities.of(&person.public_id).is_none());
        let ids: BTreeMap<&str, &Person> = unknown().map(|person| (person.public_id.as_str(), person)).collect();
        let digest = |id: &str| {
            self.known
                .provider
                .map(|provider| digest_of(&ExternalId { provider: provider.to_owned(), id: id.to_owned() }))
        };
        let digests: BTreeMap<String, &str> = ids.keys().filter_map(|id| Some((digest(id)?, *id))).collect();
        for binding in old {
            let owner = match self.known.proof(binding) {
                Proof::Digest(digest) => digests.get(digest).copied(),
                Proof::Found(found) => {
                    let owner = found.iter().find_map(|id| ids.get_key_value(id.id.as_str()).map(|(id, _)| *id));
                    match (owner, found.first()) {
                        (None, Some(id)) if self.known.provider.is_some() => {
                            self.proofs.insert(binding.person, digest_of(id));
                        }
                        (None, _) => _ = self.unclear.insert(binding.person),
                        (Some(_), _) => {}
                    }
                    owner
                }
                Proof::Nothing => {
                    self.unclear.insert(binding.person);
                    None
                }
            };
            if let Some(owner) = owner.filter(|id| !id.is_empty()) {
                self.owners.insert(owner, binding.person);
            }
        }
    }

    fn give_handles(&mut self) {
        let mut ids: Vec<&str> = self.read.people().map(|person| person.public_id.as_str()).collect();
        ids.sort_unstable();
        // An empty public id, or one that two people share, identifies nobody.
        let nobodys: BTreeSet<&str> =
            ids.windows(2).filter(|pair| pair.first() == pair.last()).flatten().copied().chain([""]).collect();
        let mut new = Vec::new();
        for person in self.read.people() {
            let id = self.known.identities.of(&person.public_id);
            let id = id.or_else(|| self.owners.get(person.public_id.as_str()).copied());
            if nobodys.contains(person.public_id.as_str()) {
                self.nameless.insert(person.id);
                id.into_iter().for_each(|person| self.doubt(Doubt::Nameless { person }));
                continue;
            }
            match id {
                Some(id) => self.give(person, id),
                None => new.push(person),
            }
        }
        for person in new {
            let is_free = |id: &PersonId| {
                self.known.identities.get(*id).is_none()
                    && !self.known.bindings.contains_key(id)
                    && !self.present.contains(id)
            };
            // A number beyond EquipeMed's range gets no handle, and that person no account.
            match PersonId::candidates(person.id.0).find(is_free) {
                Some(id) => self.give(person, id),
                None => _ = self.nameless.insert(person.id),
            }
        }
    }

    fn give(&mut self, person: &Person, id: PersonId) {
        self.present.insert(id);
        self.handles.insert(person.id, id);
    }

    /// Somebody without a public id may or may not be the person known by that number, who is then neither present nor
    /// gone.
    fn doubt_nameless(&mut self) {
        for number in std::mem::take(&mut self.nameless) {
            let is_missing = |id: &PersonId| !self.present.contains(id);
            let known = self.known.identities.numbered(number.0).filter(is_missing).max();
            let old = self.known.bindings.contains_key(&number).then_some(number).filter(is_missing);
            match known.or(old) {
                Some(person) => self.doubt(Doubt::Nameless { person }),
                None => _ = self.handles.insert(number, PersonId::of_nobody_known(number.0)),
            }
        }
        for person in std::mem::take(&mut self.unclear) {
            let number_of = self.handles.get(&PersonId(person.first_number())).copied();
            self.doubt(Doubt::Unclear { person, number_of });
            if self.known.identities.get(person).is_none() {
                let number = person.first_number();
                self.news.push(Identity { person, public_id: None, number, username: String::new() });
            }
        }
    }

    fn is_here(&self, person: PersonId) -> bool {
        self.present.contains(&person) || self.doubted.contains(&person)
    }

    fn doubt(&mut self, doubt: Doubt) {
        if doubt.unclear().is_none_or(|person| self.doubted.insert(person)) {
            self.doubts.push(doubt);
        }
    }

    /// Records changes of present people, and whether a missing person's number now belongs to somebody else.
    fn note_changes(&mut self) {
        for person in self.read.people() {
            let Some(id) = self.handles.get(&person.id).copied().filter(|id| self.present.contains(id)) else {
                continue;
            };
            let before = self.known.identities.get(id);
            let is_same = before.is_some_and(|before| {
                before.public_id.is_some() && before.number == person.id.0 && before.username == person.username
            });
            if !is_same {
                self.news.push(Identity {
                    person: id,
                    public_id: Some(person.public_id.clone()),
                    number: person.id.0,
                    username: person.username.clone(),
                });
            }
        }
        let bindings = self.known.bindings;
        let missing: Vec<&Binding> = bindings.values().filter(|binding| !self.is_here(binding.person)).collect();
        for binding in missing {
            let known = self.known.identities.get(binding.person);
            let number = known.map_or(binding.person.first_number(), |known| known.number);
            let Some(person) = self.handles.get(&PersonId(number)).copied() else { continue };
            let was = known.map(|known| known.username.clone()).filter(|was| !was.is_empty());
            let was = was.unwrap_or_else(|| binding.user.localpart().to_owned());
            self.doubt(Doubt::Replaced { before: binding.person, was, person });
        }
    }

    fn end(self) -> Identified {
        let is_as_read = self.handles.len() == self.read.len() && self.handles.iter().all(|(read, id)| read == id);
        let directory = match is_as_read && self.doubts.is_empty() {
            true => self.read.clone(),
            false => Arc::new(self.read.identified(&self.handles, self.doubts)),
        };
        Identified { directory, news: self.news, proofs: self.proofs }
    }
}

/// Reports doubts about identities, each once.
pub(crate) fn tell_doubts(
    directory: &Directory,
    bindings: &Bindings,
    accounts: &ObservedAccounts,
    findings: &mut Vec<Finding>,
) {
    for doubt in directory.doubts() {
        let (before, person) = match doubt {
            Doubt::Nameless { person } => {
                findings.push(Finding::NoPublicId { person: *person });
                continue;
            }
            Doubt::Unclear { person, number_of } => (*person, *number_of),
            Doubt::Replaced { before, person, .. } => (*before, Some(*person)),
        };
        let Some(binding) = bindings.get(&before) else { continue };
        let user = binding.user.clone();
        let administrator = accounts.list.get(&user).is_some_and(|account| account.admin);
        // The finding below covers the collision of these two people.
        findings.retain(|finding| match finding {
            Finding::LocalpartCollision { person: one, user: account, others, .. } => {
                let mut people = others.iter().chain([one]);
                *account != user || !people.all(|id| *id == before || Some(*id) == person)
            }
            Finding::NameOfMissing { person: one, user: account, holder, .. } => {
                *account != user || *holder != before || Some(*one) != person
            }
            _ => true,
        });
        match doubt {
            Doubt::Replaced { was, person, .. } => {
                // A deactivated account needs no decision.
                if accounts.list.get(&user).is_some_and(|account| account.deactivated) {
                    continue;
                }
                let Some(now) = directory.get(*person).map(|person| person.username.clone()) else { continue };
                findings.push(Finding::PersonReplaced { person: *person, was: was.clone(), now, user, administrator });
            }
            _ => findings.push(Finding::AccountUnclear { user, administrator }),
        }
    }
}
