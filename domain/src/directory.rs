//! EquipeMed's people as the rest of the program understands them.
//!
//! Holds what EquipeMed says and nothing computed from it: whether a person
//! counts as active is `standing`, which account is theirs is `binding`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// EquipeMed's primary key of a person (`accounts_eqmdcustomuser.id`), the one id that never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub i64);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// EquipeMed's `profession_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profession {
    /// 0
    MedicalDoctor,
    /// 1
    Resident,
    /// 2
    Nurse,
    /// 3
    Physiotherapist,
    /// 4
    Student,
}

impl Profession {
    /// All professions, in EquipeMed's order.
    pub const ALL: [Self; 5] = [Self::MedicalDoctor, Self::Resident, Self::Nurse, Self::Physiotherapist, Self::Student];

    /// The word used in configuration and roster files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MedicalDoctor => "medical_doctor",
            Self::Resident => "resident",
            Self::Nurse => "nurse",
            Self::Physiotherapist => "physiotherapist",
            Self::Student => "student",
        }
    }

    /// Finds a profession by its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profession| profession.as_str() == word)
    }

    /// The group EquipeMed keeps for this profession. It is deleted and inserted again at every page view, so
    /// nothing may depend on it.
    #[must_use]
    pub fn flickering_group(self) -> &'static str {
        match self {
            Self::MedicalDoctor => "Medical Doctors",
            Self::Resident => "Residents",
            Self::Nurse => "Nurses",
            Self::Physiotherapist => "Physiotherapists",
            Self::Student => "Students",
        }
    }
}

/// One EquipeMed account.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Never changes.
    pub id: PersonId,
    /// UUID text; the OIDC `sub`.
    pub public_id: String,
    /// Unique in EquipeMed, may be changed.
    pub username: String,
    /// The localpart chosen in EquipeMed; not validated there.
    pub matrix_localpart: Option<String>,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// May be empty, not unique. Never leaves this program.
    pub email: String,
    /// None when EquipeMed has none.
    pub profession: Option<Profession>,
    /// Django groups by name.
    pub groups: BTreeSet<String>,
    /// Names of medical specialties, the primary one first.
    pub specialties: Vec<String>,
    /// Django's `is_staff`.
    pub staff: bool,
    /// Django's `is_superuser`.
    pub superuser: bool,
    /// Django's `is_active`.
    pub is_active: bool,
    /// EquipeMed's `account_status`, as written there: a status this program does not know must stay visible.
    pub account_status: String,
    /// When access ends, if it does.
    pub access_expires_at: Option<Timestamp>,
    /// When the person last signed in to EquipeMed, if ever. For lists alone: nothing that is done depends on it, and it changes all the time.
    pub last_login: Option<Timestamp>,
}

impl Person {
    /// Whether anything differs that what is done may depend on.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> bool {
        // Copied only after a login: this is asked of everybody whenever EquipeMed is compared.
        match self.last_login == other.last_login {
            true => self != other,
            false => Self { last_login: other.last_login, ..self.clone() } != *other,
        }
    }

    /// First and last name, or the username where both are empty.
    #[must_use]
    pub fn full_name(&self) -> String {
        let name = format!("{} {}", self.first_name.trim(), self.last_name.trim());
        match name.trim() {
            "" => self.username.clone(),
            name => name.to_owned(),
        }
    }
}

/// Shows the id alone: a person's names and e-mail address must not reach a log by way of `{:?}`.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id.0).finish_non_exhaustive()
    }
}

/// One complete read of EquipeMed. A read that broke half-way is an error of the source and never becomes one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    people: BTreeMap<PersonId, Arc<Person>>,
}

impl Directory {
    /// Gathers people; of two with the same id the later one stays (sources refuse such input before).
    pub fn new(people: impl IntoIterator<Item = Person>) -> Self {
        Self { people: people.into_iter().map(|person| (person.id, Arc::new(person))).collect() }
    }

    /// Puts a person in the place of what was known of them; None takes them out.
    pub fn replace(&mut self, id: PersonId, person: Option<Person>) {
        match person {
            Some(person) => drop(self.people.insert(id, Arc::new(person))),
            None => drop(self.people.remove(&id)),
        }
    }

    /// Everybody, by id.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values().map(AsRef::as_ref)
    }

    /// One person.
    #[must_use]
    pub fn get(&self, id: PersonId) -> Option<&Person> {
        self.people.get(&id).map(AsRef::as_ref)
    }

    /// A person by EquipeMed username.
    #[must_use]
    pub fn by_username(&self, username: &str) -> Option<&Person> {
        self.people().find(|person| person.username == username)
    }

    /// How many people there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }
}
