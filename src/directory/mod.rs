//! Sources of people. A read returns everybody or fails; it never returns a part.
//!
//! Knows EquipeMed's data and nothing of Matrix. Rejects only input that cannot be trusted as a whole; problems with a
//! single person's account name are the planner's.

use std::collections::BTreeSet;
use std::sync::Arc;

use equipemed_domain::directory::{Directory, PersonId};

use crate::config::settings;

pub mod equipemed;
pub mod roster;

pub use equipemed::Equipemed;
pub use equipemed_domain::fault::DirectoryError;
pub use roster::Roster;

/// A source of people. Cheap to clone; clones share state.
#[derive(Clone, Debug)]
pub enum Source {
    /// A YAML file.
    Roster(Roster),
    /// EquipeMed's own database.
    Equipemed(Equipemed),
}

impl Source {
    /// The configured source. Reads nothing yet.
    pub fn open(settings: &settings::DirectorySettings) -> Result<Self, DirectoryError> {
        match &settings.source {
            settings::DirectorySource::Roster { file } => Ok(Self::Roster(Roster::new(file))),
            settings::DirectorySource::Equipemed(settings) => Ok(Self::Equipemed(Equipemed::open(settings)?)),
        }
    }

    /// Everybody, as of this call or later; concurrent callers may share a read.
    ///
    /// # Errors
    /// When the source cannot be read, is half-written or invalid.
    pub async fn read(&self) -> Result<Arc<Directory>, DirectoryError> {
        match self {
            Self::Roster(roster) => Ok(Arc::new(roster.read()?)),
            Self::Equipemed(equipemed) => equipemed.read().await,
        }
    }

    /// Everybody as recently read, for callers that do not need current data.
    pub async fn recent(&self) -> Result<Arc<Directory>, DirectoryError> {
        match self {
            Self::Roster(_) => self.read().await,
            Self::Equipemed(equipemed) => equipemed.recent().await,
        }
    }

    /// Everybody; these people as of this call, others possibly a moment older.
    pub async fn read_anew(&self, people: &BTreeSet<PersonId>) -> Result<Arc<Directory>, DirectoryError> {
        match self {
            Self::Roster(_) => self.read().await,
            Self::Equipemed(equipemed) => equipemed.read_anew(people).await,
        }
    }
}
