//! Why there are no people. After any of these, nothing may be concluded about anybody.

use std::path::PathBuf;

use crate::config::problems::Problems;

/// Why there are no people.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The roster cannot be reached; trying again later may help.
    #[error("cannot read {}: {source}; check that the file exists and the service may read it", file.display())]
    Unreadable {
        /// The roster file.
        file: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Somebody is writing the roster, or a copy broke off; trying again soon will most likely help.
    #[error("{} is not complete: {what}", file.display())]
    HalfWritten {
        /// The roster file.
        file: PathBuf,
        /// How that shows.
        what: String,
    },
    /// The roster was read and is wrong; somebody has to correct it.
    #[error("{0}")]
    Problems(#[from] Problems),
    /// EquipeMed's database does not answer, or broke off; it is asked again.
    #[error("EquipeMed's database does not answer: {0}; check that it runs and that directory.url leads to it")]
    Away(String),
    /// EquipeMed's database does not let the service in.
    #[error("EquipeMed's database refuses the service: {0}; check user, password and database in directory.url")]
    Refused(String),
    /// A table or column may not be read.
    #[error(
        "EquipeMed's data may not be read: {0}; `equipemed-bot directory install-triggers --print` shows the grants that are needed"
    )]
    NotAllowed(String),
    /// A table or column is not there.
    #[error("EquipeMed's database is not as expected: {0}; check directory.prefix, or write directory.query for it")]
    OtherSchema(String),
    /// A column of the query is missing or of another type.
    #[error("EquipeMed's data: column {column} {problem}")]
    Column {
        /// As documented.
        column: &'static str,
        /// What is wrong with it, and what to write instead.
        problem: String,
    },
    /// The query gave nobody, which is never believed.
    #[error(
        "EquipeMed's database gives nobody: no person at all is never believed; check that directory.url leads to the right database"
    )]
    Nobody,
    /// The database said something else; its own words.
    #[error("EquipeMed's database failed: {0}")]
    Failed(String),
    /// Setting up triggers was asked of the wrong side.
    #[error("{0}")]
    Setup(String),
}
