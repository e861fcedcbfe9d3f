//! A person in a case file, with the keys of a roster.

use std::collections::BTreeSet;

use equipemed_domain::directory::{Extra, Person, Profession};
use jiff::Timestamp;
use serde::Deserialize;

use super::person;

/// Absent fields have EquipeMed's defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonForm {
    pub(super) id: i64,
    pub(super) username: String,
    public_id: Option<String>,
    matrix_localpart: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    profession: Option<String>,
    #[serde(default)]
    groups: BTreeSet<String>,
    #[serde(default)]
    specialties: Vec<String>,
    #[serde(default)]
    staff: bool,
    #[serde(default)]
    superuser: bool,
    is_active: Option<bool>,
    account_status: Option<String>,
    access_expires_at: Option<Timestamp>,
    #[serde(default)]
    display_name: String,
    current_specialty: Option<String>,
    #[serde(default)]
    researcher: bool,
    #[serde(default)]
    terms_accepted: bool,
    #[serde(default)]
    password_change_required: bool,
    #[serde(default)]
    internship_over: bool,
    supervisor: Option<String>,
}

impl PersonForm {
    /// The person, with defaults for what is not given.
    pub(super) fn person(&self) -> Person {
        let mut person = person(self.id, &self.username);
        if let Some(public_id) = &self.public_id {
            person.public_id.clone_from(public_id);
        }
        person.matrix_localpart.clone_from(&self.matrix_localpart);
        person.first_name = self.first_name.clone().unwrap_or_default();
        person.last_name = self.last_name.clone().unwrap_or_default();
        person.email = self.email.clone().unwrap_or_default();
        person.profession =
            self.profession.as_ref().map(|word| Profession::from_word(word).unwrap_or_else(|| panic!("{word}")));
        person.groups.clone_from(&self.groups);
        person.specialties.clone_from(&self.specialties);
        person.staff = self.staff;
        person.superuser = self.superuser;
        person.is_active = self.is_active.unwrap_or(true);
        if let Some(status) = &self.account_status {
            person.account_status.clone_from(status);
        }
        person.access_expires_at = self.access_expires_at;
        person.extra = Extra {
            display_name: self.display_name.clone(),
            current_specialty: self.current_specialty.clone(),
            researcher: self.researcher,
            terms_accepted: self.terms_accepted,
            password_change_required: self.password_change_required,
            internship_over: self.internship_over,
            supervisor: self.supervisor.clone(),
        };
        person
    }
}
