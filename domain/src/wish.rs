//! Wishes by id: passes carry them along, so that askers learn what was done.

use crate::directory::PersonId;

/// A wish that a wake-up serves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wish {
    /// Its origin, such as a command's event and a number in it; the same again after a crash.
    pub id: String,
    /// The person concerned; None means the subject of the wake-up.
    pub person: Option<PersonId>,
}

impl Wish {
    /// A wish concerning the subject of the wake-up.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), person: None }
    }

    /// A wish concerning one person.
    #[must_use]
    pub fn about(id: impl Into<String>, person: PersonId) -> Self {
        Self { id: id.into(), person: Some(person) }
    }
}
