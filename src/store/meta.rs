//! Single facts to remember, by name. What has more than one row gets a table of its own.

use equipemed_domain::fault::BadCell;
use jiff::Timestamp;

use super::rows::ms;
use super::{Store, StoreError};

/// Up to where events have been handled, for catching up after a restart.
pub const SYNC_TOKEN: &str = "sync_token";
/// How many people the last complete read had.
const DIRECTORY_SIZE: &str = "directory_size";
/// When it was last tried whether anything can be written.
const TRIED: &str = "tried_to_write";

/// Puts a value in place of what was there.
const REMEMBER: &str = "insert into meta (key, value) values ($1, $2)
    on conflict (key) do update set value = excluded.value";

impl Store {
    /// What is remembered under a name.
    pub async fn remembered(&self, key: &str) -> Result<Option<String>, StoreError> {
        const SQL: &str = "select value from meta where key = $1";
        on_reader!(self, db => sqlx::query_scalar(SQL).bind(key).fetch_optional(db).await?)
    }

    /// Remembers a value in place of what was there.
    pub async fn remember(&self, key: &str, value: &str) -> Result<(), StoreError> {
        on_writer!(self, db => { sqlx::query(REMEMBER).bind(key).bind(value).execute(db).await?; })
    }

    /// Finds out whether anything can be written, by writing: in a transaction, as most of what matters is.
    pub async fn try_to_write(&self, now: Timestamp) -> Result<(), StoreError> {
        let now = ms(now).to_string();
        in_transaction!(self, tx => { sqlx::query(REMEMBER).bind(TRIED).bind(&now).execute(&mut *tx).await?; })
    }

    /// Forgets a value.
    pub async fn forget(&self, key: &str) -> Result<(), StoreError> {
        const SQL: &str = "delete from meta where key = $1";
        on_writer!(self, db => { sqlx::query(SQL).bind(key).execute(db).await?; })
    }

    /// How many people the last complete read had; None before the first.
    ///
    /// # Errors
    /// When the database fails, or holds something other than a number.
    pub async fn directory_size(&self) -> Result<Option<usize>, StoreError> {
        let Some(value) = self.remembered(DIRECTORY_SIZE).await? else { return Ok(None) };
        value.parse().map(Some).map_err(|_| StoreError::Nonsense {
            table: "meta".to_owned(),
            column: "value".to_owned(),
            row: DIRECTORY_SIZE.to_owned(),
            why: BadCell::NotNumber,
        })
    }

    /// Remembers how many people a complete read had. Whether a shrunken read counts is the caller's decision:
    /// once remembered, the next one is measured against it.
    pub async fn remember_directory_size(&self, people: usize) -> Result<(), StoreError> {
        self.remember(DIRECTORY_SIZE, &people.to_string()).await
    }
}
