//! EquipeMed's own database as the source of people: reads, notifications, and errors if it is not as expected.

mod columns;
mod reading;
mod triggers;
mod wrong;

use std::collections::BTreeSet;
use std::sync::Arc;

use equipemed_bot::config::settings::{self, DirectorySource};
use equipemed_bot::directory::equipemed::Script;
use equipemed_bot::directory::{DirectoryError, Equipemed, Source};
use equipemed_domain::directory::Directory;
use equipemed_testbed::{Equipemed as Database, Postgres};
use secrecy::SecretString;

/// A database in the shared cluster whose reader has the necessary grants.
async fn database() -> anyhow::Result<Database> {
    let database = Database::new(Postgres::shared().await?).await?;
    database.sql(&Script::new("accounts_", &BTreeSet::new()).grants(&database.reader)).await?;
    Ok(database)
}

fn settings(url: &str) -> settings::EquipemedSettings {
    settings::EquipemedSettings {
        url: SecretString::from(url.to_owned()),
        prefix: "accounts_".to_owned(),
        query: None,
        notify: true,
        poll: None,
        columns: BTreeSet::new(),
        timezone: None,
    }
}

fn source(database: &Database) -> anyhow::Result<Equipemed> {
    Ok(Equipemed::open(&settings(&database.reader_url))?)
}

/// Reads through the source, which is opened as in the service.
async fn read(settings: settings::EquipemedSettings) -> Result<Arc<Directory>, DirectoryError> {
    let directory =
        settings::DirectorySettings { source: DirectorySource::Equipemed(settings), interval: None, accounts: None };
    Source::open(&directory)?.read().await
}
