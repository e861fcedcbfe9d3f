//! Opens the database: creates the SQLite file, sizes the pools, runs the migrations.
//!
//! Every mistake that an operator can make about the database shows here, with what to do about it.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use equipemed_domain::fault::{Away, Fix};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, Database, Postgres, Sqlite, SqlitePool};

use super::error::Unplaced;
use super::url::{DatabasePlace, parse, without_password};
use super::{Dialect, Pools, Store, StoreError, migrator};

/// How long to wait for another process that is writing to the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Delay before retrying a busy open.
const BUSY_AGAIN: Duration = Duration::from_millis(20);
/// How long to wait for a free connection before the database counts as unreachable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit for the first connection to a server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Enough for a pass and a few commands. Each connection costs memory, and on a PostgreSQL server a process.
const SQLITE_READERS: u32 = 2;
/// Cache per connection in kilobytes, negated for `pragma cache_size`. A hospital's tables are a few megabytes that the
/// operating system caches anyway; SQLite's default would copy them into each connection.
const SQLITE_CACHE: &str = "-256";
const POSTGRES_CONNECTIONS: u32 = 5;

impl Store {
    /// Opens the database and migrates it. Creates a missing SQLite file, readable only by its owner, but not its
    /// folder.
    ///
    /// # Errors
    /// When the URL is wrong, the database cannot be reached or written, or it has another version.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let name = without_password(url);
        let opened = match parse(url)? {
            DatabasePlace::Sqlite(path) => open_sqlite(&path).await,
            DatabasePlace::Postgres(options) => open_postgres(*options).await,
        };
        Ok(Self {
            pools: opened.map_err(|error| error.at(&name))?,
            name,
            bindings: Arc::default(),
            people: Arc::default(),
        })
    }
}

/// Retries while another process creates the same file: switching it to a write-ahead log then fails at once, without
/// SQLite's usual wait.
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
        // A stored wake-up is acknowledged, and an intent acted on, right away: both must survive a power cut.
        .synchronous(SqliteSynchronous::Full);
    let writer = sqlite_pool(1).connect_with(options.clone()).await?;
    bring_up_to_date(&writer).await?;
    let readers = sqlite_pool(SQLITE_READERS).connect_with(options.read_only(true)).await?;
    Ok(Pools::Sqlite { writer, readers })
}

/// Connections to a file never go stale and need no test before use.
fn sqlite_pool(size: u32) -> PoolOptions<Sqlite> {
    pool(size).test_before_acquire(false).max_lifetime(None).idle_timeout(None)
}

/// A pool that discards connections that believe they are in a transaction. After some errors, such as a full disk,
/// the database ends a transaction by itself; ending it again fails, and that connection would refuse every further
/// one.
fn pool<DB: Database>(size: u32) -> PoolOptions<DB> {
    PoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE_TIMEOUT).before_acquire(
        |connection: &mut DB::Connection, _| Box::pin(std::future::ready(Ok(!connection.is_in_transaction()))),
    )
}

/// Uses one transaction, since two processes may start on a new file at the same time.
async fn bring_up_to_date(writer: &SqlitePool) -> Result<(), Unplaced> {
    let mut transaction = writer.begin_with("begin immediate").await?;
    // `run` needs a lifetime that a `Send` future cannot provide; this is what it calls.
    migrator(Dialect::Sqlite).run_direct(None, &mut *transaction, false).await?;
    Ok(transaction.commit().await?)
}

/// Creates the file if missing and checks that it is writable, reporting the system's own error if not.
pub(super) fn make_file(path: &Path) -> Result<(), StoreError> {
    let refused =
        |why: &io::Error, fix| StoreError::NotWritable { path: path.display().to_string(), why: why.to_string(), fix };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !path.exists() {
        not_as_root_for_another(folder)?;
    }
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let Err(error) = opened else { return Ok(()) };
    Err(match error.kind() {
        io::ErrorKind::NotFound => refused(&error, Fix::MakeFolder { folder: folder.display().to_string() }),
        io::ErrorKind::IsADirectory => refused(&error, Fix::NameFile),
        io::ErrorKind::NotADirectory => refused(&error, Fix::NotFolder { folder: folder.display().to_string() }),
        io::ErrorKind::ReadOnlyFilesystem => refused(&error, Fix::WritableVolume),
        io::ErrorKind::StorageFull => refused(&error, Fix::DiskSpace),
        _ => refused(&error, Fix::Folder),
    })
}

/// Refuses to create a file as root in another user's folder: the service runs as that user and could not write it.
pub(super) fn not_as_root_for_another(owned: &Path) -> Result<(), StoreError> {
    const ROOT: u32 = 0;
    let uid_of = |path: &Path| path.metadata().map(|about| about.uid());
    // A process owns its entry in /proc.
    let (Ok(own), Ok(owner)) = (uid_of(Path::new("/proc/self")), uid_of(owned)) else { return Ok(()) };
    if own != ROOT || owner == ROOT {
        return Ok(());
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(owner)).then(|| name.to_owned())
    });
    let owner = named.unwrap_or_else(|| format!("#{owner}"));
    Err(StoreError::OfUser { path: owned.display().to_string(), owner })
}

async fn open_postgres(options: PgConnectOptions) -> Result<Pools, Unplaced> {
    // Bypasses the pool, which reports every problem as "timed out".
    let first = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await;
    let mut first = first.map_err(|_| StoreError::Unreachable {
        database: String::new(),
        why: Away::NoAnswer { seconds: CONNECT_TIMEOUT.as_secs() },
    })??;
    // Takes an advisory lock, so that replicas that start together wait for each other.
    migrator(Dialect::Postgres).run_direct(None, &mut first, false).await?;
    first.close().await?;
    let pool: PoolOptions<Postgres> = pool(POSTGRES_CONNECTIONS);
    Ok(Pools::Postgres(pool.connect_lazy_with(options)))
}
