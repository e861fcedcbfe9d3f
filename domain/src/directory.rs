//! EquipeMed's people, as the rest of the program sees them.
//!
//! Only what EquipeMed says, nothing derived: `standing` decides who is active, and `binding` which account is whose.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::visible::visible;

/// This service's handle for one public id; accounts, grants and powers are stored under it.
///
/// Usually it equals EquipeMed's number (`accounts_eqmdcustomuser.id`). The number alone proves nothing: a restored
/// database may give it to somebody else, who then gets another handle (see `identity`). In a read that was not
/// identified yet, it is the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub i64);

/// Larger than any EquipeMed number. A handle is its rank times this, plus the number: rank 0 for the first holder of a
/// number, 1 for people without a usable public id, 2 and up for later holders.
const RANK: i64 = 1_000_000_000_000;

impl PersonId {
    /// The handle for somebody without a usable public id, who can own nothing here.
    pub(crate) fn of_nobody_known(number: i64) -> Self {
        Self(number.saturating_add(RANK))
    }

    fn is_of_nobody_known(self) -> bool {
        self.0 / RANK == 1
    }

    /// Possible handles for a new person with this number, in order of preference.
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

/// `7`, or `7#2` for the second person seen under number 7.
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

    /// The group that EquipeMed keeps for this profession. It is deleted and inserted again at every page view, so
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
    /// The handle; in a read that was not identified yet, EquipeMed's number.
    pub id: PersonId,
    /// A UUID and the OIDC `sub`: this identifies the person. Empty without a profile.
    pub public_id: String,
    /// Unique in EquipeMed, but may change.
    pub username: String,
    /// The localpart chosen in EquipeMed; not validated there.
    pub matrix_localpart: Option<String>,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// May be empty; not unique. Sent only to Synapse, if `users.email` is set.
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
    /// EquipeMed's `account_status`, unchanged, so that unknown ones stay visible.
    pub account_status: String,
    /// When access ends, if it does.
    pub access_expires_at: Option<Timestamp>,
    /// When the person last signed in to EquipeMed, if ever. It changes constantly, so only lists use it and no
    /// decision does.
    pub last_login: Option<Timestamp>,
    /// Optional columns.
    pub extra: Extra,
}

/// Columns that are read only if the policy uses them (see `column`); otherwise at their defaults.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Extra {
    /// The profile's own display name; may be empty.
    pub display_name: String,
    /// The specialty that the person has currently chosen.
    pub current_specialty: Option<String>,
    /// EquipeMed's `is_researcher`.
    pub researcher: bool,
    /// EquipeMed's `terms_accepted`.
    pub terms_accepted: bool,
    /// EquipeMed's `password_change_required`.
    pub password_change_required: bool,
    /// Whether the internship was over on the day of the read, by its start and length.
    pub internship_over: bool,
    /// The direct supervisor's username.
    pub supervisor: Option<String>,
}

impl Person {
    /// Whether anything differs that a decision may depend on.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> bool {
        // Cloned only after a login, because every comparison calls this for everybody.
        match self.last_login == other.last_login {
            true => self != other,
            false => Self { last_login: other.last_login, ..self.clone() } != *other,
        }
    }

    /// The visible part of first and last name, or the username if there is none.
    #[must_use]
    pub fn full_name(&self) -> String {
        let name = visible(&format!("{} {}", self.first_name.trim(), self.last_name.trim()));
        match name.trim() {
            "" => self.username.clone(),
            name => name.to_owned(),
        }
    }
}

/// Shows only the id, so that names and e-mail addresses cannot reach a log through `{:?}`.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id.0).finish_non_exhaustive()
    }
}

/// A doubt about identities, or a change of them that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A known person is not in the read, and somebody else has their number now.
    Replaced {
        /// The former holder of the number.
        before: PersonId,
        /// The former holder's last known username.
        was: String,
        /// The present holder of the number.
        person: PersonId,
    },
    /// Somebody without a public id has the number of this known person, and may or may not be them.
    Nameless {
        /// The known person.
        person: PersonId,
    },
    /// This person's account was bound before public ids were stored, and nothing shows whose it is.
    Unclear {
        /// The person to whom the account is bound.
        person: PersonId,
        /// The present holder of their number, if any.
        number_of: Option<PersonId>,
    },
}

impl Doubt {
    /// The known person whose presence is unclear, if any.
    pub(crate) fn unclear(&self) -> Option<PersonId> {
        match self {
            Self::Nameless { person } | Self::Unclear { person, .. } => Some(*person),
            Self::Replaced { .. } => None,
        }
    }
}

/// One complete read of EquipeMed. A partial read is an error of the source and never becomes a `Directory`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    people: BTreeMap<PersonId, Arc<Person>>,
    /// Numbers of people whose handle differs from the number.
    numbers: BTreeMap<PersonId, i64>,
    /// Doubts about identities, and the people whose presence is therefore unclear.
    doubts: Vec<Doubt>,
    unclear: BTreeSet<PersonId>,
    /// Names that rules may use, if the source lists them.
    catalogue: Option<Arc<Catalogue>>,
}

/// Names that rules may use, including those that nobody has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Groups, without the profession groups.
    pub groups: BTreeSet<String>,
    /// Specialties in use.
    pub specialties: BTreeSet<String>,
}

impl Directory {
    /// The same read with a list of names that rules may use.
    #[must_use]
    pub fn with_catalogue(self, catalogue: Catalogue) -> Self {
        Self { catalogue: Some(Arc::new(catalogue)), ..self }
    }

    /// Names that rules may use, if the source lists them.
    #[must_use]
    pub fn catalogue(&self) -> Option<&Catalogue> {
        self.catalogue.as_deref()
    }

    /// Collects people; of two with the same id the later one stays (sources refuse such input).
    pub fn new(people: impl IntoIterator<Item = Person>) -> Self {
        Self { people: people.into_iter().map(|person| (person.id, Arc::new(person))).collect(), ..Self::default() }
    }

    /// The same read with handles instead of numbers; only for `identity`.
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
                // A public id that two people have identifies neither.
                if id.is_of_nobody_known() {
                    own.public_id.clear();
                }
            }
            identified.people.insert(*id, person);
        }
        identified
    }

    /// The person's number in EquipeMed, by which people know them there.
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

    /// The present holder of this number in EquipeMed.
    #[must_use]
    pub fn numbered(&self, number: i64) -> Option<PersonId> {
        let moved = self.numbers.iter().find(|(_, own)| **own == number).map(|(id, _)| *id);
        let unmoved = |id: &PersonId| self.people.contains_key(id) && !self.numbers.contains_key(id);
        moved.or_else(|| Some(PersonId(number)).filter(unmoved))
    }

    /// Doubts about identities.
    #[must_use]
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// Whether the person's presence is unclear: they are treated neither as present nor as gone.
    #[must_use]
    pub fn is_unclear(&self, id: PersonId) -> bool {
        self.unclear.contains(&id)
    }

    /// Replaces a person; None removes them.
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

    /// Whether there are no people.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }
}
