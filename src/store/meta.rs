//! Single values by name. Anything with more than one row gets its own table.

use equipemed_domain::fault::BadCell;
use equipemed_domain::pause::Pause;
use jiff::Timestamp;

use super::rows::{Table, ms, to_json};
use super::{Store, StoreError};

/// The stream position up to which events were handled, for catching up after a restart.
pub const SYNC_TOKEN: &str = "sync_token";
/// Number of people in the last complete read.
const DIRECTORY_SIZE: &str = "directory_size";
/// The pause, if the service is paused.
const PAUSE: &str = "pause";
/// When a write was last tried.
const TRIED: &str = "tried_to_write";

/// Inserts or replaces a value.
const REMEMBER: &str = "insert into meta (key, value) values ($1, $2)
    on conflict (key) do update set value = excluded.value";

impl Store {
    /// The value stored under a name.
    pub async fn remembered(&self, key: &str) -> Result<Option<String>, StoreError> {
        const SQL: &str = "select value from meta where key = $1";
        on_reader!(self, db => sqlx::query_scalar(SQL).bind(key).fetch_optional(db).await?)
    }

    /// Stores a value, replacing the previous one.
    pub async fn remember(&self, key: &str, value: &str) -> Result<(), StoreError> {
        on_writer!(self, db => { sqlx::query(REMEMBER).bind(key).bind(value).execute(db).await?; })
    }

    /// Tests whether the database is writable, by a write in a transaction, as most important writes are.
    pub async fn try_to_write(&self, now: Timestamp) -> Result<(), StoreError> {
        let now = ms(now).to_string();
        in_transaction!(self, tx => { sqlx::query(REMEMBER).bind(TRIED).bind(&now).execute(&mut *tx).await?; })
    }

    /// Deletes a value.
    pub async fn forget(&self, key: &str) -> Result<(), StoreError> {
        const SQL: &str = "delete from meta where key = $1";
        on_writer!(self, db => { sqlx::query(SQL).bind(key).execute(db).await?; })
    }

    /// The present pause.
    pub async fn pause(&self, now: Timestamp) -> Result<Option<Pause>, StoreError> {
        Ok(self.last_pause().await?.filter(|pause| !pause.is_over(now)))
    }

    /// The pause that was begun and not ended; its time may be over.
    pub async fn last_pause(&self) -> Result<Option<Pause>, StoreError> {
        const SQL: &str = "select key, value from meta where key = $1";
        const TABLE: Table = Table { name: "meta", key: "key" };
        on_reader!(self, db => {
            let row = sqlx::query(SQL).bind(PAUSE).fetch_optional(db).await?;
            row.map(|row| TABLE.one(&row, |row| row.json("value"))).transpose()?
        })
    }

    /// Begins a pause, in place of an earlier one.
    pub async fn begin_pause(&self, pause: &Pause) -> Result<(), StoreError> {
        self.remember(PAUSE, &to_json(pause)?).await
    }

    /// Ends this pause; false if it is no longer the present one.
    pub async fn end_pause(&self, pause: &Pause) -> Result<bool, StoreError> {
        const SQL: &str = "delete from meta where key = $1 and value = $2";
        let pause = to_json(pause)?;
        on_writer!(self, db => sqlx::query(SQL).bind(PAUSE).bind(&pause).execute(db).await?.rows_affected() == 1)
    }

    /// Number of people in the last complete read; None before the first.
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

    /// Stores the number of people in a complete read. The caller decides whether a shrunken read counts: the next one
    /// is compared with this number.
    pub async fn remember_directory_size(&self, people: usize) -> Result<(), StoreError> {
        self.remember(DIRECTORY_SIZE, &people.to_string()).await
    }
}
