//! EquipeMed's people as the rest of the program understands them.
//!
//! Holds what EquipeMed says and nothing computed from it: whether a person
//! counts as active is `standing`, which account is theirs is `binding`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::visible::visible;

/// This service's own handle of a person, who is a public id: accounts, grants and powers are kept by it.
///
/// As a rule it is EquipeMed's number of the person (`accounts_eqmdcustomuser.id`). The number itself proves nothing: a
/// restored database gives it to somebody else, who gets another handle then (see `identity`). In what a source of people
/// read, before anybody was identified, it is the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub i64);

/// Above every number that EquipeMed gives: a handle is this many times its rank, and the number. The first holder of a number
/// has the number itself.
const RANK: i64 = 1_000_000_000_000;

impl PersonId {
    /// The handle of somebody without a public id, who can own nothing here.
    pub(crate) fn of_nobody_known(number: i64) -> Self {
        Self(number.saturating_add(RANK))
    }

    fn is_of_nobody_known(self) -> bool {
        self.0 / RANK == 1
    }

    /// Handles for a person who is new under this number, the best first.
    pub fn candidates(number: i64) -> impl Iterator<Item = Self> {
        let later = (2..).map_while(move |rank: i64| rank.checked_mul(RANK)?.checked_add(number)).map(Self);
        std::iter::once(Self(number)).chain(later)
    }

    /// The number under which the person was first seen.
    #[must_use]
    pub fn first_number(self) -> i64 {
        if self.0 < RANK { self.0 } else { self.0 % RANK }
    }
}

/// `7`, and `7#2` for the second person that was seen under the number 7.
impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 / RANK {
            rank if rank >= 2 => write!(f, "{}#{rank}", self.0 % RANK),
            _ => self.first_number().fmt(f),
        }
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
    /// The handle; of what a source read, EquipeMed's number.
    pub id: PersonId,
    /// UUID text; the OIDC `sub`. Who the person is. Empty without a profile.
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
    /// What is read where the policy asks for it.
    pub extra: Extra,
}

/// What is read only where the policy asks for it (see `column`); elsewhere it is at its default.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Extra {
    /// The profile's own display name; may be empty.
    pub display_name: String,
    /// The specialty that the person chose for now.
    pub current_specialty: Option<String>,
    /// EquipeMed's `is_researcher`.
    pub researcher: bool,
    /// EquipeMed's `terms_accepted`.
    pub terms_accepted: bool,
    /// EquipeMed's `password_change_required`.
    pub password_change_required: bool,
    /// Whether the internship, by its beginning and length, is over on the day of the read.
    pub internship_over: bool,
    /// The direct supervisor's username.
    pub supervisor: Option<String>,
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

    /// First and last name as far as they can be seen, or the username without them.
    #[must_use]
    pub fn full_name(&self) -> String {
        let name = visible(&format!("{} {}", self.first_name.trim(), self.last_name.trim()));
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

/// Something that could not be told about who is who, or that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A known person is not in the read, and the number is somebody else's now.
    Replaced {
        /// Who was known under the number.
        before: PersonId,
        /// Their username then.
        was: String,
        /// Who has the number now.
        person: PersonId,
    },
    /// Under the number of this known person there is somebody without a public id: they, or not.
    Nameless {
        /// Who is known.
        person: PersonId,
    },
    /// This person's account was bound before public ids were kept, and nothing shows whose it is.
    Unclear {
        /// Whose account.
        person: PersonId,
        /// Who has their number now, if anybody has.
        number_of: Option<PersonId>,
    },
}

impl Doubt {
    /// A known person of whom it cannot be told whether they are there.
    pub(crate) fn unclear(&self) -> Option<PersonId> {
        match self {
            Self::Nameless { person } | Self::Unclear { person, .. } => Some(*person),
            Self::Replaced { .. } => None,
        }
    }
}

/// One complete read of EquipeMed. A read that broke half-way is an error of the source and never becomes one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    people: BTreeMap<PersonId, Arc<Person>>,
    /// Numbers of people whose handle is another one.
    numbers: BTreeMap<PersonId, i64>,
    /// What could not be told about who is who, and of whom it can therefore not be told whether they are there.
    doubts: Vec<Doubt>,
    unclear: BTreeSet<PersonId>,
    /// What there is for rules to name, where the source tells that beside its people.
    catalogue: Option<Arc<Catalogue>>,
}

/// What EquipeMed has for rules to name, whether anybody has it or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Groups, without those of professions.
    pub groups: BTreeSet<String>,
    /// Specialties in use.
    pub specialties: BTreeSet<String>,
}

impl Directory {
    /// The same, of a source that tells what there is to name.
    #[must_use]
    pub fn with_catalogue(self, catalogue: Catalogue) -> Self {
        Self { catalogue: Some(Arc::new(catalogue)), ..self }
    }

    /// What there is to name, as far as the source tells it beside its people.
    #[must_use]
    pub fn catalogue(&self) -> Option<&Catalogue> {
        self.catalogue.as_deref()
    }

    /// Gathers people; of two with the same id the later one stays (sources refuse such input before).
    pub fn new(people: impl IntoIterator<Item = Person>) -> Self {
        Self { people: people.into_iter().map(|person| (person.id, Arc::new(person))).collect(), ..Self::default() }
    }

    /// The same read with everybody under their handle; for `identity` alone.
    pub(crate) fn identified(&self, handles: &BTreeMap<PersonId, PersonId>, doubts: Vec<Doubt>) -> Self {
        let unclear = doubts.iter().filter_map(Doubt::unclear).collect();
        let catalogue = self.catalogue.clone();
        let mut identified = Self { doubts, unclear, catalogue, ..Self::default() };
        for (read, person) in &self.people {
            let Some(id) = handles.get(read) else { continue };
            if id != read {
                identified.numbers.insert(*id, read.0);
            }
            let mut person = person.clone();
            if id != read {
                let own = Arc::make_mut(&mut person);
                own.id = *id;
                // One that two people have is nobody's.
                if id.is_of_nobody_known() {
                    own.public_id.clear();
                }
            }
            identified.people.insert(*id, person);
        }
        identified
    }

    /// EquipeMed's number of somebody, which is what people know them by there.
    #[must_use]
    pub fn number_of(&self, id: PersonId) -> i64 {
        self.numbers.get(&id).copied().unwrap_or_else(|| id.first_number())
    }

    /// Somebody as people know them: username, full name and number; None of who is not in this read.
    #[must_use]
    pub fn named(&self, id: PersonId) -> Option<String> {
        let (person, number) = (self.get(id)?, self.number_of(id));
        let (username, name) = (&person.username, person.full_name());
        Some(if name == *username { format!("{name} ({number})") } else { format!("{username}, {name} ({number})") })
    }

    /// Who has this number in EquipeMed now.
    #[must_use]
    pub fn numbered(&self, number: i64) -> Option<PersonId> {
        let moved = self.numbers.iter().find(|(_, own)| **own == number).map(|(id, _)| *id);
        let unmoved = |id: &PersonId| self.people.contains_key(id) && !self.numbers.contains_key(id);
        moved.or_else(|| Some(PersonId(number)).filter(unmoved))
    }

    /// What could not be told about who is who.
    #[must_use]
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// Whether it cannot be told if the person is there: then they are neither treated as there nor as gone.
    #[must_use]
    pub fn is_unclear(&self, id: PersonId) -> bool {
        self.unclear.contains(&id)
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
