//! Faults of the service's own database, described so that an operator can act on them.

use serde::{Deserialize, Serialize};

use crate::key::RoomKey;

/// A fault of the store. `Display` is the form for the log; it never contains a password or a cell's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum StoreError {
    /// The URL is unusable.
    #[error("bad database.url: {why:?}")]
    BadUrl { url: String, why: BadUrl },
    /// The database does not respond.
    #[error("{database} is unreachable: {why}")]
    Unreachable { database: String, why: Away },
    /// The database refuses the connection, in its words.
    #[error("{database} refuses the login: {why}")]
    Refused { database: String, why: String },
    /// The database is read-only at best.
    #[error("{path} is not writable: {why}")]
    NotWritable { path: String, why: String, fix: Fix },
    /// Another process serves from the same file.
    #[error("{database} is taken by {by}")]
    Taken { database: String, by: String },
    /// The file is another user's, and this command runs as root: the files it would leave beside the database could not
    /// be written by the service.
    #[error("{path} is of the user {owner}")]
    OfUser { path: String, owner: String },
    /// A lock is held elsewhere; a retry helps.
    #[error("{database} is busy: {why}")]
    Busy { database: String, why: String },
    /// A stored value is invalid. The value is not shown, because it may name a person.
    #[error("{table}.{column} of row {row}: {why:?}")]
    Nonsense { table: String, column: String, row: String, why: BadCell },
    /// The migrations failed.
    #[error("migration of {database} failed: {why}")]
    Migration { database: String, why: String, fix: Fix },
    /// The write contradicts stored data.
    #[error("conflict: {what}")]
    Conflict { what: Conflict },
    /// A value cannot be serialised.
    #[error("unstorable: {why}")]
    Unstorable { why: String },
    /// The file is damaged, in SQLite's words.
    #[error("{database} is damaged: {why}")]
    Damaged { database: String, why: String },
    /// Any other error of the database.
    #[error("{database}: {why}")]
    Database { database: String, why: String },
    /// The awaited row no longer exists.
    #[error("{0:?} disappeared")]
    Disappeared(StoreRow),
}

/// Why `database.url` is unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadUrl {
    /// It names no file.
    NoFile,
    /// It names an in-memory database.
    InMemory,
    /// It has options after the file.
    FileWithOptions,
    /// It starts like a PostgreSQL URL but is invalid.
    NotPostgres,
    /// It has another scheme.
    Scheme,
    /// The file is not an SQLite database.
    NotSqlite,
    /// The library rejects it.
    Unusable,
}

/// Why the database does not respond.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "away")]
pub enum Away {
    /// No response in time.
    #[error("no answer within {seconds} s")]
    NoAnswer { seconds: u64 },
    /// No connection became free in time.
    #[error("no connection became free in time")]
    NoConnection,
    /// The service is stopping.
    #[error("closed")]
    Closed,
    /// The connection's thread has ended.
    #[error("a thread is gone")]
    ThreadGone,
    /// In the words of the database or the operating system.
    #[error("{said}")]
    Said { said: String },
}

/// How to make a database writable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fix")]
pub enum Fix {
    /// Name the primary.
    Primary,
    /// Make the role the owner.
    Owner,
    /// Free space on the server.
    ServerSpace,
    /// Free space on the disk.
    DiskSpace,
    /// Give the service's user access to the file and its folder.
    Folder,
    /// Create the folder first.
    MakeFolder { folder: String },
    /// Name a file, not a folder.
    NameFile,
    /// This path should be a folder but is not.
    NotFolder { folder: String },
    /// Mount a writable volume.
    WritableVolume,
    /// A newer version wrote the database.
    NewerVersion,
    /// A migration was changed after it was applied.
    ChangedMigration,
    /// Nothing was changed; the message says why.
    SeeAbove,
}

/// Why a cell is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "cell")]
pub enum BadCell {
    /// It is empty.
    Empty,
    /// It is not a number.
    NotNumber,
    /// The number is out of range.
    OutOfRange,
    /// It is not text.
    NotText,
    /// It is neither true nor false.
    NotFlag,
    /// It is not an instant.
    NotInstant,
    /// It is not a Matrix id.
    NotMatrixId,
    /// This version does not know the word.
    UnknownWord,
    /// It is JSON of another shape.
    Json { column: usize },
}

/// What the write contradicts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "conflict")]
pub enum Conflict {
    /// The account is bound to another person, or the person to another account.
    #[error("binding")]
    Binding,
    /// The room is bound to another key.
    #[error("room {room}")]
    Room { room: RoomKey },
    /// The confirmation code is in use.
    #[error("code")]
    Code,
    /// In the database's words.
    #[error("{said}")]
    Said { said: String },
}

/// A row that may have been deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreRow {
    /// A run.
    Run,
    /// A deed.
    Deed,
}

impl StoreError {
    /// Whether nothing can be written at all, so that a short wait does not help.
    #[must_use]
    pub fn is_unwritable(&self) -> bool {
        matches!(self, Self::NotWritable { .. })
    }

    /// Whether only the database is at fault, not the data: the same call may succeed after recovery.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        !matches!(
            self,
            Self::BadUrl { .. }
                | Self::Nonsense { .. }
                | Self::Conflict { .. }
                | Self::Unstorable { .. }
                | Self::Disappeared(_)
        )
    }
}
