//! Where people come from. A read gives everybody or fails; it never gives a part.
//!
//! Knows EquipeMed's data and nothing of Matrix. What is wrong with a person's
//! name as an account is for the planner to find; what is refused here is input
//! that cannot be trusted as a whole.

use std::path::PathBuf;

use equipemed_domain::directory::Directory;

use crate::config::problems::Problems;
use crate::config::settings;

pub mod roster;

pub use roster::Roster;

/// A source of people.
#[derive(Clone, Debug)]
pub enum Source {
    /// A YAML file.
    Roster(Roster),
}

/// Why there are no people. After any of these, nothing may be concluded about anybody.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The source cannot be reached; trying again later may help.
    #[error("cannot read {}: {source}; check that the file exists and the service may read it", file.display())]
    Unreadable {
        /// The roster file.
        file: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Somebody is writing it, or a copy broke off; trying again soon will most likely help.
    #[error("{} is not complete: {what}", file.display())]
    HalfWritten {
        /// The roster file.
        file: PathBuf,
        /// How that shows.
        what: String,
    },
    /// It was read and is wrong; somebody has to correct it.
    #[error("{0}")]
    Problems(#[from] Problems),
    /// The configuration asks for a source that this version does not have.
    #[error(
        "directory.source: equipemed is not in this version, which reads roster files only; write source: roster and name a file under roster:"
    )]
    NotInThisVersion,
}

impl Source {
    /// The source that the configuration names. Reads nothing yet.
    ///
    /// # Errors
    /// When this version does not have it.
    pub fn open(settings: &settings::Directory) -> Result<Self, DirectoryError> {
        match &settings.source {
            settings::DirectorySource::Roster { file } => Ok(Self::Roster(Roster::new(file))),
            settings::DirectorySource::Equipemed { .. } => Err(DirectoryError::NotInThisVersion),
        }
    }

    /// Everybody.
    ///
    /// # Errors
    /// When the source cannot be read, is half-written or wrong.
    pub fn read(&self) -> Result<Directory, DirectoryError> {
        match self {
            Self::Roster(roster) => roster.read(),
        }
    }

    /// A value that changes whenever the source's content does, much cheaper than a read.
    ///
    /// # Errors
    /// When the source cannot be reached.
    pub fn digest(&self) -> Result<String, DirectoryError> {
        match self {
            Self::Roster(roster) => roster.digest(),
        }
    }
}
