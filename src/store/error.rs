//! Maps driver errors to [`StoreError`], by what somebody has to do about them.

use equipemed_domain::fault::{Away, BadUrl, Conflict, Fix, StoreError};
use sqlx::error::ErrorKind;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// An error before the database's name is added.
#[derive(Debug)]
pub(super) struct Unplaced(StoreError);

impl Unplaced {
    /// Adds the database's name.
    pub(super) fn at(self, name: &str) -> StoreError {
        let mut error = self.0;
        match &mut error {
            StoreError::BadUrl { url: place, .. }
            | StoreError::Unreachable { database: place, .. }
            | StoreError::Refused { database: place, .. }
            | StoreError::NotWritable { path: place, .. }
            | StoreError::Busy { database: place, .. }
            | StoreError::Migration { database: place, .. }
            | StoreError::Damaged { database: place, .. }
            | StoreError::Database { database: place, .. }
                if place.is_empty() =>
            {
                name.clone_into(place);
            }
            _ => {}
        }
        error
    }

    /// Whether another process holds a lock.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.0, StoreError::Busy { .. })
    }
}

impl From<StoreError> for Unplaced {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<sqlx::Error> for Unplaced {
    fn from(error: sqlx::Error) -> Self {
        let unreachable = |why| StoreError::Unreachable { database: String::new(), why };
        Self(match error {
            sqlx::Error::Database(error) => {
                if error.kind() == ErrorKind::UniqueViolation {
                    StoreError::Conflict { what: Conflict::Said { said: error.message().to_owned() } }
                } else if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                    from_postgres(error)
                } else {
                    let code = error.try_downcast_ref::<SqliteError>().and_then(|_| error.code()?.parse().ok());
                    code.map_or_else(|| other(error.message()), |code: i32| from_sqlite(code, error.message()))
                }
            }
            sqlx::Error::Io(error) => unreachable(said(error)),
            sqlx::Error::Tls(error) => unreachable(said(format_args!("TLS: {error}"))),
            sqlx::Error::PoolTimedOut => unreachable(Away::NoConnection),
            sqlx::Error::PoolClosed => unreachable(Away::Closed),
            sqlx::Error::WorkerCrashed => unreachable(Away::ThreadGone),
            sqlx::Error::Configuration(_) => StoreError::BadUrl { url: String::new(), why: BadUrl::Unusable },
            sqlx::Error::Migrate(error) => return (*error).into(),
            error => other(error),
        })
    }
}

impl From<MigrateError> for Unplaced {
    fn from(error: MigrateError) -> Self {
        let fix = match &error {
            MigrateError::VersionMissing(_) => Fix::NewerVersion,
            MigrateError::VersionMismatch(_) => Fix::ChangedMigration,
            _ => Fix::SeeAbove,
        };
        let failed = StoreError::Migration { database: String::new(), why: error.to_string(), fix };
        match error {
            // Unreachable, busy or read-only says more than that it happened during a migration.
            MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => match Self::from(cause) {
                Self(StoreError::Database { .. } | StoreError::Conflict { .. }) => Self(failed),
                plain => plain,
            },
            _ => Self(failed),
        }
    }
}

/// Sets what a conflict is about.
pub(super) fn conflict_means(error: StoreError, what: Conflict) -> StoreError {
    if matches!(error, StoreError::Conflict { .. }) { StoreError::Conflict { what } } else { error }
}

fn said(said: impl ToString) -> Away {
    Away::Said { said: said.to_string() }
}

fn other(why: impl ToString) -> StoreError {
    StoreError::Database { database: String::new(), why: why.to_string() }
}

/// Maps an SQLSTATE, whose first two characters are its class.
fn from_postgres(error: &PgDatabaseError) -> StoreError {
    let (database, why) = (String::new(), error.message().to_owned());
    let not_writable = |fix| StoreError::NotWritable { path: String::new(), why: error.message().to_owned(), fix };
    match error.code() {
        "25006" => not_writable(Fix::Primary),
        "42501" => not_writable(Fix::Owner),
        "53100" => not_writable(Fix::ServerSpace),
        "40001" | "40P01" | "55P03" => StoreError::Busy { database, why },
        "3D000" => StoreError::Refused { database, why },
        code if code.starts_with("28") => StoreError::Refused { database, why },
        // Connection lost, too many connections, shutting down or starting up.
        code if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P0") => {
            StoreError::Unreachable { database, why: said(why) }
        }
        _ => StoreError::Database { database, why },
    }
}

/// Maps an SQLite result code, whose low byte is the primary code.
fn from_sqlite(code: i32, message: &str) -> StoreError {
    let (database, why) = (String::new(), message.to_owned());
    let not_writable = |fix| StoreError::NotWritable { path: String::new(), why: message.to_owned(), fix };
    match code & 0xff {
        5 | 6 => StoreError::Busy { database, why },
        // SQLite creates two more files next to its own, so the folder counts as well.
        8 | 14 => not_writable(Fix::Folder),
        13 => not_writable(Fix::DiskSpace),
        26 => StoreError::BadUrl { url: String::new(), why: BadUrl::NotSqlite },
        11 => StoreError::Damaged { database, why },
        _ => StoreError::Database { database, why },
    }
}
