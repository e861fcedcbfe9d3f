//! Where people come from. A read gives everybody or fails; it never gives a part.
//!
//! Knows EquipeMed's data and nothing of Matrix. What is wrong with a person's
//! name as an account is for the planner to find; what is refused here is input
//! that cannot be trusted as a whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use equipemed_domain::directory::{Directory, PersonId};

use crate::config::settings;

pub mod equipemed;
pub mod roster;

pub use equipemed::Equipemed;
pub use equipemed_domain::fault::DirectoryError;
pub use roster::Roster;

/// A source of people. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub enum Source {
    /// A YAML file.
    Roster(Roster),
    /// EquipeMed's own database.
    Equipemed(Equipemed),
}

impl Source {
    /// The source that the configuration names. Reads nothing yet.
    pub fn open(settings: &settings::DirectorySettings) -> Result<Self, DirectoryError> {
        match &settings.source {
            settings::DirectorySource::Roster { file } => Ok(Self::Roster(Roster::new(file))),
            settings::DirectorySource::Equipemed(settings) => Ok(Self::Equipemed(Equipemed::open(settings)?)),
        }
    }

    /// Everybody, as of this call or later: callers at the same time may share one read.
    ///
    /// # Errors
    /// When the source cannot be read, is half-written or wrong.
    pub async fn read(&self) -> Result<Arc<Directory>, DirectoryError> {
        match self {
            Self::Roster(roster) => Ok(Arc::new(roster.read()?)),
            Self::Equipemed(equipemed) => equipemed.read().await,
        }
    }

    /// Everybody as read lately, for who needs nobody as of this moment.
    pub async fn recent(&self) -> Result<Arc<Directory>, DirectoryError> {
        match self {
            Self::Roster(_) => self.read().await,
            Self::Equipemed(equipemed) => equipemed.recent().await,
        }
    }

    /// Everybody, of whom these people are as of this call; the others may be a moment older.
    pub async fn read_anew(&self, people: &BTreeSet<PersonId>) -> Result<Arc<Directory>, DirectoryError> {
        match self {
            Self::Roster(_) => self.read().await,
            Self::Equipemed(equipemed) => equipemed.read_anew(people).await,
        }
    }
}
