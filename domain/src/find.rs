//! Whom a name means: the same for chat and the command line. Nobody is guessed: what fits two people means neither.

use std::collections::BTreeSet;

use ruma_common::{OwnedUserId, UserId};

use crate::binding::{self, Bindings};
use crate::directory::{Directory, Person, PersonId};
use crate::key::RoomKey;
use crate::policy::{Policy, RoomPolicy};

/// From which likeness on a name is offered.
const LIKE: f64 = 0.82;

/// Why a name means nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPerson {
    /// It fits nobody; perhaps somebody else was meant.
    Nobody { nearest: Option<PersonId> },
    /// It fits several people.
    Several(BTreeSet<PersonId>),
}

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
        if let Some(owner) = self.bindings.owner(user) {
            return Some(owner);
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

    /// Everybody whom a username, an account's name or, where nobody has such a one, a full name means.
    #[must_use]
    pub fn people(self, name: &str) -> BTreeSet<PersonId> {
        let people = self.named(name);
        if !people.is_empty() {
            return people;
        }
        let wanted = name.to_lowercase();
        let same = self.directory.people().filter(|person| person.full_name().to_lowercase() == wanted);
        same.map(|person| person.id).collect()
    }

    /// The one among [`Self::people`].
    pub fn person(self, name: &str) -> Result<PersonId, NoPerson> {
        let people = self.people(name);
        match people.first() {
            None => Err(NoPerson::Nobody { nearest: self.nearest(name) }),
            Some(one) if people.len() == 1 => Ok(*one),
            Some(_) => Err(NoPerson::Several(people)),
        }
    }

    /// Who may have been meant by a name that fits nobody.
    #[must_use]
    pub fn nearest(self, name: &str) -> Option<PersonId> {
        let people = self.directory.people().map(|person| (person.id, [person.username.clone(), person.full_name()]));
        nearest(people, name)
    }

    /// The managed room that a key, a name or an alias means; else the one that may have been meant.
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

    /// Everybody whom an EquipeMed number means: who has it now, and who is shown by it because they had it first.
    #[must_use]
    pub fn numbered(self, number: &str) -> BTreeSet<PersonId> {
        let shown = self.directory.people().filter(|person| person.id.to_string() == number).map(|person| person.id);
        let now = number.parse().ok().and_then(|number| self.directory.numbered(number));
        shown.chain(now).collect()
    }
}

/// What is called nearly so.
pub(crate) fn nearest<T, const N: usize>(named: impl Iterator<Item = (T, [String; N])>, name: &str) -> Option<T> {
    let wanted = name.to_lowercase();
    let like = |name: &String| strsim::jaro_winkler(&name.to_lowercase(), &wanted);
    let likely = named.map(|(one, names)| (names.iter().map(like).fold(0.0, f64::max), one));
    likely.filter(|(like, _)| *like >= LIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, one)| one)
}
