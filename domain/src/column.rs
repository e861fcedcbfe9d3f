//! EquipeMed columns that are read only if the policy uses them, so that the reading role needs no more grants,
//! triggers report no more, and a custom query returns no more than is used.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::policy::Policy;

/// An optional column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// The profile's own display name.
    DisplayName,
    /// The specialty that the person has currently chosen.
    CurrentSpecialty,
    /// Whether the person does clinical research.
    Researcher,
    /// Whether the person accepted the terms of use.
    TermsAccepted,
    /// Whether the person has to change the password first.
    PasswordChangeRequired,
    /// Whether the person's internship is over.
    InternshipOver,
    /// The username of the person's direct supervisor.
    Supervisor,
}

impl Column {
    /// Its name in the result of a query.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::CurrentSpecialty => "current_specialty",
            Self::Researcher => "researcher",
            Self::TermsAccepted => "terms_accepted",
            Self::PasswordChangeRequired => "password_change_required",
            Self::InternshipOver => "internship_over",
            Self::Supervisor => "supervisor",
        }
    }
}

impl Policy {
    /// The optional columns that the policy uses.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<Column> {
        let template = &self.users.display_name;
        let shown = [Column::DisplayName, Column::CurrentSpecialty];
        let shown = shown.into_iter().filter(|column| template.contains(&format!("{{{}}}", column.as_str())));
        let mut columns: BTreeSet<Column> = shown.collect();
        for rule in self.rules() {
            rule.each(&mut |rule| columns.extend(rule.column()));
        }
        columns
    }
}
