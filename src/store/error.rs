//! What can go wrong with the database, in words an operator can act on.
//!
//! A caller waits and tries again when [`StoreError::is_transient`] says so and
//! gives up otherwise. No text holds a password or the value of a cell.

use sqlx::error::ErrorKind;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// An error of the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL itself cannot be used.
    #[error("database.url ({url}) cannot be used: {why}")]
    BadUrl { url: String, why: String },
    /// The database does not answer.
    #[error("cannot reach the database {database}: {why}")]
    Unreachable { database: String, why: String },
    /// The database answers and does not let the service in.
    #[error(
        "the database {database} refuses the login: {why}. Check user, password and database name in database.url and the server's pg_hba.conf"
    )]
    Refused { database: String, why: String },
    /// The database can be read at most.
    #[error("cannot write to {path}: {why}. {fix}")]
    NotWritable { path: String, why: String, fix: String },
    /// Another process serves from the same file.
    #[error(
        "another service already works with the database {database}: {by}. Only one at a time can, because Synapse tells the other nothing: end that one first, or give this one a database of its own. On PostgreSQL several share one database"
    )]
    Taken { database: String, by: String },
    /// Someone else holds what is needed; trying again helps.
    #[error("the database {database} is busy: {why}")]
    Busy { database: String, why: String },
    /// A stored value cannot be what it should be. The value is not shown: it may name a person.
    #[error("the store holds what makes no sense: {table}.{column} of row {row}: {why}")]
    Nonsense { table: String, column: String, row: String, why: String },
    /// The tables could not be brought to this version's form.
    #[error("the tables of {database} cannot be brought up to date: {why}. {fix}")]
    Migration { database: String, why: String, fix: String },
    /// What was to be written contradicts what is there.
    #[error("{what}")]
    Conflict { what: String },
    /// A value cannot be written as text.
    #[error("a value cannot be stored: {why}")]
    Unstorable { why: String },
    /// Anything else the database says.
    #[error("the database {database} failed: {why}")]
    Database { database: String, why: String },
}

impl StoreError {
    /// Whether the same call may succeed later without anybody doing anything about it.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
    }

    /// Whether nothing at all can be written where the database is, so that waiting a little does not help.
    #[must_use]
    pub fn is_unwritable(&self) -> bool {
        matches!(self, Self::NotWritable { .. })
    }

    /// Whether it says nothing about what was to be read or written, only about the database: the same call may succeed
    /// when that is well again.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        !matches!(self, Self::BadUrl { .. } | Self::Nonsense { .. } | Self::Conflict { .. } | Self::Unstorable { .. })
    }

    /// Fills in which database it was, where that is not known yet.
    pub(super) fn at(mut self, name: &str) -> Self {
        match &mut self {
            Self::BadUrl { url: place, .. }
            | Self::Unreachable { database: place, .. }
            | Self::Refused { database: place, .. }
            | Self::NotWritable { path: place, .. }
            | Self::Busy { database: place, .. }
            | Self::Migration { database: place, .. }
            | Self::Database { database: place, .. }
                if place.is_empty() =>
            {
                name.clone_into(place);
            }
            _ => {}
        }
        self
    }

    /// Says it in the caller's words if it is a conflict.
    pub(super) fn conflict_means(self, what: impl FnOnce() -> String) -> Self {
        match self {
            Self::Conflict { .. } => Self::Conflict { what: what() },
            other => other,
        }
    }

    fn unreachable(why: impl ToString) -> Self {
        Self::Unreachable { database: String::new(), why: why.to_string() }
    }

    fn other(why: impl ToString) -> Self {
        Self::Database { database: String::new(), why: why.to_string() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                if error.kind() == ErrorKind::UniqueViolation {
                    return Self::Conflict { what: error.message().to_owned() };
                }
                if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                    return from_postgres(error);
                }
                let code = error.try_downcast_ref::<SqliteError>().and_then(|_| error.code()?.parse().ok());
                code.map_or_else(|| Self::other(error.message()), |code: i32| from_sqlite(code, error.message()))
            }
            sqlx::Error::Io(error) => Self::unreachable(error),
            sqlx::Error::Tls(error) => Self::unreachable(format!("TLS: {error}")),
            sqlx::Error::PoolTimedOut => Self::unreachable("no connection became free in time"),
            sqlx::Error::PoolClosed => Self::unreachable("the store is closed"),
            sqlx::Error::WorkerCrashed => Self::unreachable("the connection's thread is gone"),
            sqlx::Error::Configuration(error) => Self::BadUrl { url: String::new(), why: error.to_string() },
            sqlx::Error::Migrate(error) => (*error).into(),
            other => Self::other(other),
        }
    }
}

/// By SQLSTATE, the first two characters of which are its class.
fn from_postgres(error: &PgDatabaseError) -> StoreError {
    let (database, why) = (String::new(), error.message().to_owned());
    let not_writable = |fix: &str| StoreError::NotWritable {
        path: String::new(),
        why: error.message().to_owned(),
        fix: fix.to_owned(),
    };
    match error.code() {
        "25006" => not_writable("It is a standby or read-only: point database.url at the primary"),
        "42501" => not_writable("Make the service's role the owner of its database: alter database … owner to …"),
        "53100" => not_writable("Free some space on the database server"),
        "40001" | "40P01" | "55P03" => StoreError::Busy { database, why },
        "3D000" => StoreError::Refused { database, why },
        code if code.starts_with("28") => StoreError::Refused { database, why },
        // Connection lost, too many connections, shutting down or starting up.
        code if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P0") => {
            StoreError::Unreachable { database, why }
        }
        _ => StoreError::Database { database, why },
    }
}

/// By SQLite's result code, the low byte of which is the primary one.
fn from_sqlite(code: i32, message: &str) -> StoreError {
    let (database, why) = (String::new(), message.to_owned());
    let not_writable =
        |fix: &str| StoreError::NotWritable { path: String::new(), why: message.to_owned(), fix: fix.to_owned() };
    match code & 0xff {
        5 | 6 => StoreError::Busy { database, why },
        8 | 14 => not_writable(WRITABLE_FOLDER),
        13 => not_writable("The disk is full: free some space"),
        26 => StoreError::BadUrl { url: String::new(), why: "the file is not an SQLite database".to_owned() },
        11 => StoreError::Database { database, why: format!("the file is damaged, restore a backup: {why}") },
        _ => StoreError::Database { database, why },
    }
}

/// What SQLite needs of the place it writes to.
pub(super) const WRITABLE_FOLDER: &str = "The service's user needs to own the file and its folder, \
    because SQLite keeps two more files beside it: chown both, or point database.url elsewhere";

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        let fix = match &error {
            MigrateError::VersionMissing(_) => {
                "A newer version of the service wrote it: use that one, or restore the backup from before the upgrade"
            }
            MigrateError::VersionMismatch(_) => {
                "A migration that was applied was changed afterwards: use an unmodified build"
            }
            _ => "Nothing was changed by that step; its text above says what is in the way",
        };
        let why = error.to_string();
        match error {
            // Unreachable, busy or not writable says more than that it happened during a migration.
            MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => match cause.into() {
                Self::Database { .. } | Self::Conflict { .. } => {
                    Self::Migration { database: String::new(), why, fix: fix.to_owned() }
                }
                plain => plain,
            },
            _ => Self::Migration { database: String::new(), why, fix: fix.to_owned() },
        }
    }
}
