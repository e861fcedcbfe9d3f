//! Resolves names of people and rooms, for chat and the command line alike. Never guesses: a name that fits two people
//! means neither.

use std::collections::BTreeSet;

use ruma_common::{OwnedUserId, UserId};

use crate::binding::{self, Bindings};
use crate::command::fold;
use crate::directory::{Directory, Person, PersonId};
use crate::key::RoomKey;
use crate::policy::{Policy, RoomPolicy};

/// The least similarity at which a name is suggested.
const LIKE: f64 = 0.82;

/// Why a name cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPerson {
    /// It fits nobody; `nearest` may have been meant.
    Nobody { nearest: Option<PersonId> },
    /// It fits several people.
    Several(BTreeSet<PersonId>),
}

/// The data in which names are looked up.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// EquipeMed's people.
    pub directory: &'a Directory,
    /// The owners of accounts.
    pub bindings: &'a Bindings,
    /// The policy, which names accounts and rooms.
    pub policy: &'a Policy,
}

impl Names<'_> {
    /// The person whose account this is or would become.
    #[must_use]
    pub fn of_account(self, user: &UserId) -> Option<PersonId> {
        if let Some(owner) = self.bindings.owner(user) {
            return Some(owner);
        }
        // People without an account are found by the localpart that they would get.
        let would = |person: &&Person| binding::candidate(person, self.policy).is_ok_and(|would| would == user);
        let mut people = self.directory.people().filter(would);
        // If two people would get the same localpart, neither gets it.
        people.next().filter(|_| people.next().is_none()).map(|person| person.id)
    }

    /// Everybody whom a username may mean: exact matches, or else matches ignoring case; and the owner of an account of
    /// that name. If there are several, the caller has to ask.
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

    /// Everybody whom a username or an account's name may mean, or else a full name, or else a first and last name of
    /// theirs, without case and accents.
    #[must_use]
    pub fn people(self, name: &str) -> BTreeSet<PersonId> {
        let people = self.named(name);
        if !people.is_empty() {
            return people;
        }
        let wanted = fold(name.trim_start_matches('@'));
        let wanted: Vec<&str> = wanted.split_whitespace().collect();
        let with = |is: &dyn Fn(&[&str]) -> bool| -> BTreeSet<PersonId> {
            let is_meant = |person: &&Person| is(&fold(&person.full_name()).split_whitespace().collect::<Vec<_>>());
            self.directory.people().filter(is_meant).map(|person| person.id).collect()
        };
        let same = with(&|full| full == wanted.as_slice());
        if !same.is_empty() || wanted.len() != 2 {
            return same;
        }
        with(&|full| full.len() > 2 && full.first() == wanted.first() && full.last() == wanted.last())
    }

    /// The only match of [`Self::people`].
    pub fn person(self, name: &str) -> Result<PersonId, NoPerson> {
        let people = self.people(name);
        match people.first() {
            None => Err(NoPerson::Nobody { nearest: self.nearest(name) }),
            Some(one) if people.len() == 1 => Ok(*one),
            Some(_) => Err(NoPerson::Several(people)),
        }
    }

    /// The person with the most similar name, for a name that fits nobody.
    #[must_use]
    pub fn nearest(self, name: &str) -> Option<PersonId> {
        let people = self.directory.people().map(|person| (person.id, [person.username.clone(), person.full_name()]));
        nearest(people, name)
    }

    /// The managed room with this key, name or alias; otherwise the error is the most similar room.
    pub fn room(self, name: &str) -> Result<RoomKey, Option<RoomKey>> {
        let rooms = &self.policy.rooms;
        if let Some((key, _)) = rooms.get_key_value(&RoomKey::from(name)) {
            return Ok(key.clone());
        }
        let wanted = name.to_lowercase();
        let is_meant = |(key, room): &(&RoomKey, &RoomPolicy)| {
            key.as_str().to_lowercase() == wanted
                || room.name.to_lowercase() == wanted
                || room.alias.as_ref().is_some_and(|alias| *alias == wanted)
        };
        let mut found = rooms.iter().filter(is_meant);
        if let (Some((key, _)), None) = (found.next(), found.next()) {
            return Ok(key.clone());
        }
        Err(nearest(rooms.iter().map(|(key, room)| (key.clone(), [key.to_string(), room.name.clone()])), name))
    }

    /// Everybody whom an EquipeMed number may mean: its present holder, and the person whose handle it is because they
    /// had it first.
    #[must_use]
    pub fn numbered(self, number: &str) -> BTreeSet<PersonId> {
        let shown = self.directory.people().filter(|person| person.id.to_string() == number).map(|person| person.id);
        let now = number.parse().ok().and_then(|number| self.directory.numbered(number));
        shown.chain(now).collect()
    }
}

/// The candidate with the most similar name, if it is similar enough.
pub(crate) fn nearest<T, const N: usize>(named: impl Iterator<Item = (T, [String; N])>, name: &str) -> Option<T> {
    let wanted = name.to_lowercase();
    let like = |name: &String| strsim::jaro_winkler(&name.to_lowercase(), &wanted);
    let likely = named.map(|(one, names)| (names.iter().map(like).fold(0.0, f64::max), one));
    likely.filter(|(like, _)| *like >= LIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, one)| one)
}
