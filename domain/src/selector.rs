//! Rules that pick people: who gets an account, who has a role, who belongs in a room.
//!
//! Evaluation is a pure function of the person and the roles. It cannot fail or loop, because the configuration refuses
//! cyclic roles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::directory::{Person, Profession};
use crate::key::RoleKey;
use crate::policy::Role;

/// A rule over one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selector {
    /// Everybody (`any: true`) or nobody (`any: false`).
    Any(bool),
    /// People who have this role.
    Role(RoleKey),
    /// Members of this Django group.
    Group(String),
    /// People of this profession.
    Profession(Profession),
    /// People with this specialty, by name.
    Specialty(String),
    /// People whose `is_staff` in Django has this value.
    Staff(bool),
    /// People whose `is_superuser` in Django has this value.
    Superuser(bool),
    /// The person with this EquipeMed username.
    User(String),
    /// People whose `is_researcher` in EquipeMed has this value.
    Researcher(bool),
    /// People whose `terms_accepted` in EquipeMed has this value.
    TermsAccepted(bool),
    /// People whose `password_change_required` in EquipeMed has this value.
    PasswordChangeRequired(bool),
    /// People whose internship is over (`true`) or not.
    InternshipOver(bool),
    /// People whose direct supervisor has this EquipeMed username.
    Supervisor(String),
    /// All of these hold.
    All(Vec<Selector>),
    /// At least one of these holds.
    AnyOf(Vec<Selector>),
    /// This does not hold.
    Not(Box<Selector>),
    /// People with any right beyond `redact`, who are the control room's members. Not available in the configuration.
    Trusted,
}

impl Selector {
    /// Whether the rule holds for the person. `trusted` answers [`Selector::Trusted`].
    #[must_use]
    pub fn matches(&self, person: &Person, roles: &BTreeMap<RoleKey, Role>, trusted: bool) -> bool {
        match self {
            Self::Any(any) => *any,
            Self::Role(role) => roles.get(role).is_some_and(|role| role.when.matches(person, roles, trusted)),
            Self::Group(group) => person.groups.contains(group),
            Self::Profession(profession) => person.profession == Some(*profession),
            Self::Specialty(specialty) => person.specialties.contains(specialty),
            Self::Staff(staff) => person.staff == *staff,
            Self::Superuser(superuser) => person.superuser == *superuser,
            Self::User(username) => person.username == *username,
            Self::Researcher(is) => person.extra.researcher == *is,
            Self::TermsAccepted(is) => person.extra.terms_accepted == *is,
            Self::PasswordChangeRequired(is) => person.extra.password_change_required == *is,
            Self::InternshipOver(is) => person.extra.internship_over == *is,
            Self::Supervisor(username) => person.extra.supervisor.as_ref() == Some(username),
            Self::All(rules) => rules.iter().all(|rule| rule.matches(person, roles, trusted)),
            Self::AnyOf(rules) => rules.iter().any(|rule| rule.matches(person, roles, trusted)),
            Self::Not(rule) => !rule.matches(person, roles, trusted),
            Self::Trusted => trusted,
        }
    }

    /// Whether the rule contains [`Selector::Trusted`], which is the most expensive to evaluate.
    pub(crate) fn asks_for_trust(&self) -> bool {
        let mut asks = false;
        self.each(&mut |rule| asks |= *rule == Self::Trusted);
        asks
    }

    /// Visits the rule and all rules nested in it, but not the rules of the roles it names.
    pub(crate) fn each<'a>(&'a self, look: &mut impl FnMut(&'a Self)) {
        look(self);
        match self {
            Self::All(rules) | Self::AnyOf(rules) => rules.iter().for_each(|rule| rule.each(look)),
            Self::Not(rule) => rule.each(look),
            _ => {}
        }
    }

    /// The optional column that this rule itself needs.
    pub(crate) fn column(&self) -> Option<Column> {
        match self {
            Self::Researcher(_) => Some(Column::Researcher),
            Self::TermsAccepted(_) => Some(Column::TermsAccepted),
            Self::PasswordChangeRequired(_) => Some(Column::PasswordChangeRequired),
            Self::InternshipOver(_) => Some(Column::InternshipOver),
            Self::Supervisor(_) => Some(Column::Supervisor),
            _ => None,
        }
    }
}
