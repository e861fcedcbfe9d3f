//! What can go wrong with the service's own database, in words that an operator can act on.

use serde::{Deserialize, Serialize};

use crate::key::RoomKey;

/// An error of the store. `Display` is its form in the log; none holds a password or the value of a cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum StoreError {
    /// The URL itself cannot be used.
    #[error("bad database.url: {why:?}")]
    BadUrl { url: String, why: BadUrl },
    /// The database does not answer.
    #[error("{database} is unreachable: {why}")]
    Unreachable { database: String, why: Away },
    /// The database answers and does not let the service in; in its words.
    #[error("{database} refuses the login: {why}")]
    Refused { database: String, why: String },
    /// The database can be read at most.
    #[error("{path} is not writable: {why}")]
    NotWritable { path: String, why: String, fix: Fix },
    /// Another process serves from the same file.
    #[error("{database} is taken by {by}")]
    Taken { database: String, by: String },
    /// Someone else holds what is needed; trying again helps.
    #[error("{database} is busy: {why}")]
    Busy { database: String, why: String },
    /// A stored value cannot be what it should be. The value is not shown: it may name a person.
    #[error("{table}.{column} of row {row}: {why:?}")]
    Nonsense { table: String, column: String, row: String, why: BadCell },
    /// The tables could not be brought to this version's form.
    #[error("migration of {database} failed: {why}")]
    Migration { database: String, why: String, fix: Fix },
    /// What was to be written contradicts what is there.
    #[error("conflict: {what}")]
    Conflict { what: Conflict },
    /// A value cannot be written as text.
    #[error("unstorable: {why}")]
    Unstorable { why: String },
    /// The file is damaged; in SQLite's words.
    #[error("{database} is damaged: {why}")]
    Damaged { database: String, why: String },
    /// Anything else the database says.
    #[error("{database}: {why}")]
    Database { database: String, why: String },
    /// What somebody waits for is no longer in it.
    #[error("{0:?} disappeared")]
    Disappeared(Row),
}

/// What is wrong with `database.url`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadUrl {
    /// No file is named.
    NoFile,
    /// A database in memory.
    InMemory,
    /// Options behind a file.
    FileWithOptions,
    /// It begins as a PostgreSQL URL and is none.
    NotPostgres,
    /// It begins with neither.
    Scheme,
    /// The file is no SQLite database.
    NotSqlite,
    /// The library takes it for none.
    Unusable,
}

/// Why the database does not answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "away")]
pub enum Away {
    /// No answer within that many seconds.
    #[error("no answer within {seconds} s")]
    NoAnswer { seconds: u64 },
    /// No connection became free in time.
    #[error("no connection became free in time")]
    NoConnection,
    /// The service is ending.
    #[error("closed")]
    Closed,
    /// The connection's thread is gone.
    #[error("a thread is gone")]
    ThreadGone,
    /// In the words of the database or the operating system.
    #[error("{said}")]
    Said { said: String },
}

/// What somebody has to do about a database that cannot be written.
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
    /// Give the service's user the file and its folder.
    Folder,
    /// Make the folder first.
    MakeFolder { folder: String },
    /// Name a file, not a folder.
    NameFile,
    /// What should be a folder is none.
    NotFolder { folder: String },
    /// Mount something that can be written.
    WritableVolume,
    /// A newer version wrote it.
    NewerVersion,
    /// A migration was changed after it was applied.
    ChangedMigration,
    /// Nothing was changed; the text says what is in the way.
    SeeAbove,
}

/// What is wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "cell")]
pub enum BadCell {
    /// It is empty.
    Empty,
    /// It is no number.
    NotNumber,
    /// It is a number that is too large or too small.
    OutOfRange,
    /// It is no text.
    NotText,
    /// It is neither true nor false.
    NotFlag,
    /// It is no instant.
    NotInstant,
    /// It is no Matrix id.
    NotMatrixId,
    /// It is no word this version knows.
    UnknownWord,
    /// It is JSON of another shape.
    Json { column: usize },
}

/// What contradicts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "conflict")]
pub enum Conflict {
    /// The account is another person's, or the person has another one.
    #[error("binding")]
    Binding,
    /// The room is bound to another key.
    #[error("room {room}")]
    Room { room: RoomKey },
    /// The code of a confirmation is in use.
    #[error("code")]
    Code,
    /// In the database's words.
    #[error("{said}")]
    Said { said: String },
}

/// What can disappear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// A run.
    Run,
    /// A deed.
    Deed,
}

impl StoreError {
    /// Whether nothing at all can be written where the database is, so that waiting a little does not help.
    #[must_use]
    pub fn is_unwritable(&self) -> bool {
        matches!(self, Self::NotWritable { .. })
    }

    /// Whether it says nothing about what was to be read or written, only about the database: the same call may succeed
    /// when that is well again.
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
