//! Opens the database: makes the SQLite file, sizes the pools, brings the tables up to date.
//!
//! Everything that an operator can get wrong about the place shows here, once,
//! with what to do about it.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use equipemed_domain::fault::{Away, Fix};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, Database, Postgres, Sqlite, SqlitePool};

use super::error::Unplaced;
use super::url::{Place, parse, without_password};
use super::{Dialect, Pools, Store, StoreError, migrator};

/// How long a process waits for another one to finish writing to the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// After how long an open that failed so is tried again.
const BUSY_AGAIN: Duration = Duration::from_millis(20);
/// How long a caller waits for a free connection before the database counts as unreachable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the first connection to a server may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A pass and a few commands read at a time; every connection costs memory here, a process on a PostgreSQL server.
const SQLITE_READERS: u32 = 2;
/// How much of the file a connection keeps in memory, as `pragma cache_size` takes it: kilobytes, negated. The tables of a hospital are a
/// few megabytes that the operating system keeps anyway; SQLite's own choice would keep them once more in each connection.
const SQLITE_CACHE: &str = "-256";
const POSTGRES_CONNECTIONS: u32 = 5;

impl Store {
    /// Opens the database and brings its tables up to date. An SQLite file is made, readable by its owner
    /// only, when it is missing; its folder is not.
    ///
    /// # Errors
    /// When the URL is wrong, the place cannot be reached or written, or the tables are of another version.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let name = without_password(url);
        let opened = match parse(url)? {
            Place::Sqlite(path) => open_sqlite(&path).await,
            Place::Postgres(options) => open_postgres(*options).await,
        };
        Ok(Self {
            pools: opened.map_err(|error| error.at(&name))?,
            name,
            bindings: Arc::default(),
            people: Arc::default(),
        })
    }
}

/// Tries again while another process is making the same file: switching it to a write-ahead log fails at once then, without
/// SQLite waiting for its turn.
async fn open_sqlite(path: &Path) -> Result<Pools, Unplaced> {
    make_file(path)?;
    let begun = Instant::now();
    loop {
        match connect_sqlite(path).await {
            Err(error) if error.is_busy() && begun.elapsed() < BUSY_TIMEOUT => tokio::time::sleep(BUSY_AGAIN).await,
            result => return result,
        }
    }
}

async fn connect_sqlite(path: &Path) -> Result<Pools, Unplaced> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("cache_size", SQLITE_CACHE)
        // A stored wake-up is acknowledged and an intent carried out right after: both must outlive a power cut.
        .synchronous(SqliteSynchronous::Full);
    let writer = sqlite_pool(1).connect_with(options.clone()).await?;
    bring_up_to_date(&writer).await?;
    let readers = sqlite_pool(SQLITE_READERS).connect_with(options.read_only(true)).await?;
    Ok(Pools::Sqlite { writer, readers })
}

/// A connection to a file neither goes stale nor needs a test before each use.
fn sqlite_pool(size: u32) -> PoolOptions<Sqlite> {
    pool(size).test_before_acquire(false).max_lifetime(None).idle_timeout(None)
}

/// A pool that never hands out a connection which counts itself inside a transaction. After some errors, a full disk among
/// them, the database ends a transaction by itself; ending it once more fails, and the connection would refuse every further
/// one for as long as it lives. It is closed instead, and the next one is fresh.
fn pool<DB: Database>(size: u32) -> PoolOptions<DB> {
    PoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE_TIMEOUT).before_acquire(
        |connection: &mut DB::Connection, _| Box::pin(std::future::ready(Ok(!connection.is_in_transaction()))),
    )
}

/// The whole of it is one transaction, since two processes may start on one new file at the same time.
async fn bring_up_to_date(writer: &SqlitePool) -> Result<(), Unplaced> {
    let mut transaction = writer.begin_with("begin immediate").await?;
    // `run` asks for a lifetime that no future which moves between threads can give; this is what `run` calls.
    migrator(Dialect::Sqlite).run_direct(None, &mut *transaction, false).await?;
    Ok(transaction.commit().await?)
}

/// Makes the file if it is missing, and finds out whether it can be written, with the system's own reason if not.
pub(super) fn make_file(path: &Path) -> Result<(), StoreError> {
    let refused =
        |why: &io::Error, fix| StoreError::NotWritable { path: path.display().to_string(), why: why.to_string(), fix };
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let Err(error) = opened else { return Ok(()) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Err(match error.kind() {
        io::ErrorKind::NotFound => refused(&error, Fix::MakeFolder { folder: folder.display().to_string() }),
        io::ErrorKind::IsADirectory => refused(&error, Fix::NameFile),
        io::ErrorKind::NotADirectory => refused(&error, Fix::NotFolder { folder: folder.display().to_string() }),
        io::ErrorKind::ReadOnlyFilesystem => refused(&error, Fix::WritableVolume),
        io::ErrorKind::StorageFull => refused(&error, Fix::DiskSpace),
        _ => refused(&error, Fix::Folder),
    })
}

async fn open_postgres(options: PgConnectOptions) -> Result<Pools, Unplaced> {
    // Not through the pool, which answers every trouble with "timed out".
    let first = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await;
    let mut first = first.map_err(|_| StoreError::Unreachable {
        database: String::new(),
        why: Away::NoAnswer { seconds: CONNECT_TIMEOUT.as_secs() },
    })??;
    // Takes an advisory lock: replicas that start together wait for each other.
    migrator(Dialect::Postgres).run_direct(None, &mut first, false).await?;
    first.close().await?;
    let pool: PoolOptions<Postgres> = pool(POSTGRES_CONNECTIONS);
    Ok(Pools::Postgres(pool.connect_lazy_with(options)))
}
