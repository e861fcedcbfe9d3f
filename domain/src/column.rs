//! Columns of EquipeMed's that are read only where the policy asks for them: so that no role needs more grants, no trigger
//! tells more, and no query of one's own gives more than is used.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::policy::Policy;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// The profile's own display name.
    DisplayName,
    /// The specialty that somebody chose for now.
    CurrentSpecialty,
    /// Whether somebody does clinical research.
    Researcher,
    /// Whether somebody accepted the terms of use.
    TermsAccepted,
    /// Whether somebody has to choose another password first.
    PasswordChangeRequired,
    /// Whether somebody's internship is over.
    InternshipOver,
    /// The username of somebody's direct supervisor.
    Supervisor,
}

impl Column {
    /// Its name in the answer of a query.
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
    /// The columns that it asks for.
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
