//! What somebody asked for, by an id: passes carry it along, so that who asked is told what was done for it.

use crate::directory::PersonId;

/// A wish that a wake-up stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wish {
    /// What it came from, such as the event of a command and a number in it: the same again after a crash.
    pub id: String,
    /// Whom it is about; about whatever is looked at when absent.
    pub person: Option<PersonId>,
}

impl Wish {
    /// A wish about whatever is looked at.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), person: None }
    }

    /// A wish about one person.
    #[must_use]
    pub fn about(id: impl Into<String>, person: PersonId) -> Self {
        Self { id: id.into(), person: Some(person) }
    }
}
