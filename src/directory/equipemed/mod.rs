//! EquipeMed's own PostgreSQL database, read with a role that can do nothing else.
//!
//! One statement reads everybody, so a read is a snapshot and fails as a whole. The last read is kept: it shows groups
//! that vanish briefly, and a pass over one person then needs to read only that row.

mod failure;
mod listen;
mod query;
mod row;
mod triggers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use equipemed_domain::column::Column;
use equipemed_domain::directory::{Catalogue, Directory, Person, PersonId};
use equipemed_domain::fault::{NotAllowed, NotLetIn, NotThere};
use failure::said;
use futures_util::TryStreamExt as _;
use secrecy::ExposeSecret as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgPool};
use tokio::sync::Mutex;

use super::DirectoryError;
use crate::config::settings;

pub use listen::{Heard, Listener};
pub use query::{Query, Tables};
pub use triggers::{Installed, Script, role_of};

/// Enough, because passes, commands and the watch share reads.
const CONNECTIONS: u32 = 2;
/// Time limit of one statement.
const READ_WITHIN: Duration = Duration::from_secs(20);
/// Time limit of connecting.
const CONNECT_WITHIN: Duration = Duration::from_secs(4);
/// Connections idle for this long are closed: they count towards the connection limit of EquipeMed's server.
const IDLE: Duration = Duration::from_secs(120);
/// How long the last read is good enough for the people whom a pass is not about.
const RECENT: Duration = Duration::from_secs(30);
/// EquipeMed deletes group rows and inserts them again in a second transaction. By then that has happened.
const AGAIN_AFTER: Duration = Duration::from_millis(60);

/// EquipeMed's database. Cheap to clone; clones share connections and the last read.
#[derive(Clone, Debug)]
pub struct Equipemed {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    options: PgConnectOptions,
    query: Query,
    /// The table names; None with a query of the hospital's own.
    tables: Option<Tables>,
    /// Columns read only because the policy uses them.
    columns: BTreeSet<Column>,
    /// Time zone of the current date.
    timezone: Option<String>,
    /// The last read. Locked while reading, so that waiting callers share the next read.
    last: Mutex<Option<Last>>,
}

#[derive(Debug)]
struct Last {
    directory: Arc<Directory>,
    /// When the read of everybody began.
    begun: Instant,
}

impl Equipemed {
    /// Takes the settings; connects on the first read.
    pub fn open(settings: &settings::EquipemedSettings) -> Result<Self, DirectoryError> {
        let options = options(settings.url.expose_secret())?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECT_WITHIN)
            .idle_timeout(IDLE)
            .connect_lazy_with(options.clone());
        let (query, tables) = match &settings.query {
            Some(own) => (Query::own(own), None),
            None => {
                let tables = Tables::new(&settings.prefix, &settings.columns);
                (Query::of_tables(&tables), Some(tables))
            }
        };
        let (columns, timezone) = (settings.columns.clone(), settings.timezone.clone());
        let last = Mutex::default();
        Ok(Self { inner: Arc::new(Inner { pool, options, query, tables, columns, timezone, last }) })
    }

    /// Everybody, as of this call or later.
    ///
    /// # Errors
    /// When the database is unreachable, refuses, disconnects, has another schema or returns nobody.
    pub async fn read(&self) -> Result<Arc<Directory>, DirectoryError> {
        let asked = Instant::now();
        let mut last = self.inner.last.lock().await;
        if let Some(last) = &*last
            && last.begun >= asked
        {
            return Ok(last.directory.clone());
        }
        let begun = Instant::now();
        let mut directory = self.everybody().await?;
        if directory.is_empty() {
            return Err(DirectoryError::Nobody);
        }
        if let Some(last) = &*last {
            let shaken: Vec<PersonId> = directory
                .people()
                .filter(|person| last.directory.get(person.id).is_some_and(|before| lost_a_group(before, person)))
                .map(|person| person.id)
                .collect();
            if !shaken.is_empty() {
                self.look_again(&mut directory, &shaken).await?;
            }
        }
        let directory = Arc::new(directory);
        *last = Some(Last { directory: directory.clone(), begun });
        Ok(directory)
    }

    /// Everybody; these people as of this call.
    pub async fn read_anew(&self, people: &BTreeSet<PersonId>) -> Result<Arc<Directory>, DirectoryError> {
        let mut last = self.inner.last.lock().await;
        let Some(known) = last.as_mut().filter(|last| last.begun.elapsed() < RECENT) else {
            drop(last);
            return self.read().await;
        };
        let ids: Vec<PersonId> = people.iter().copied().collect();
        let mut now = self.some(&ids).await?;
        let before = known.directory.clone();
        let is_less = |found: &Person| before.get(found.id).is_some_and(|before| lost_a_group(before, found));
        if now.iter().any(is_less) {
            tokio::time::sleep(AGAIN_AFTER).await;
            now = self.some(&ids).await?;
        }
        let mut now: BTreeMap<PersonId, Person> = now.into_iter().map(|person| (person.id, person)).collect();
        let changed: Vec<PersonId> = ids.into_iter().filter(|id| before.get(*id) != now.get(id)).collect();
        if !changed.is_empty() {
            let mut directory = Directory::clone(&known.directory);
            for id in changed {
                directory.replace(id, now.remove(&id));
            }
            known.directory = Arc::new(directory);
        }
        Ok(known.directory.clone())
    }

    /// Everybody as recently read. If this process heard of a change since then, the person was read again.
    pub async fn recent(&self) -> Result<Arc<Directory>, DirectoryError> {
        let last = self.inner.last.lock().await;
        match last.as_ref().filter(|last| last.begun.elapsed() < RECENT) {
            Some(last) => Ok(last.directory.clone()),
            None => {
                drop(last);
                self.read().await
            }
        }
    }

    /// Reads people again who lost groups; the second result counts.
    async fn look_again(&self, directory: &mut Directory, people: &[PersonId]) -> Result<(), DirectoryError> {
        tokio::time::sleep(AGAIN_AFTER).await;
        for person in self.some(people).await? {
            directory.replace(person.id, Some(person));
        }
        Ok(())
    }

    async fn everybody(&self) -> Result<Directory, DirectoryError> {
        let (people, catalogue) = self.rows(None).await?;
        let directory = Directory::new(people);
        Ok(match catalogue {
            Some(catalogue) => directory.with_catalogue(catalogue),
            None => directory,
        })
    }

    async fn some(&self, people: &[PersonId]) -> Result<Vec<Person>, DirectoryError> {
        Ok(self.rows(Some(people)).await?.0)
    }

    /// Runs the query for everybody or for some, in a read-only transaction.
    async fn rows(&self, some: Option<&[PersonId]>) -> Result<Rows, DirectoryError> {
        let result = tokio::time::timeout(READ_WITHIN * 2, self.rows_of(some)).await;
        result.unwrap_or_else(|_| Err(no_answer(READ_WITHIN * 2)))
    }

    async fn rows_of(&self, some: Option<&[PersonId]>) -> Result<Rows, DirectoryError> {
        let failed = |error| self.explained(error);
        let mut transaction = match self.inner.pool.begin().await {
            Ok(transaction) => transaction,
            Err(error) => return Err(failed(error).await),
        };
        let read = read_within(&mut transaction, &self.inner, some).await;
        // Dropping a read-only transaction loses nothing.
        match read {
            Ok(rows) => match transaction.commit().await {
                Ok(()) => Ok(rows),
                Err(error) => Err(failed(error).await),
            },
            Err(ReadError::Row(error)) => Err(error),
            Err(ReadError::Database(error)) => {
                drop(transaction);
                Err(failed(error).await)
            }
        }
    }

    /// Adds the columns that lack a grant to a permission error: PostgreSQL names only the table.
    async fn explained(&self, error: sqlx::Error) -> DirectoryError {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            // The pool reports every failure as a timeout; a separate connection shows the cause.
            let tried = tokio::time::timeout(CONNECT_WITHIN, PgConnection::connect_with(&self.inner.options)).await;
            return match tried {
                Ok(Err(error)) => said(error),
                Ok(Ok(_)) => DirectoryError::Away { why: NotThere::Busy },
                Err(_) => no_answer(CONNECT_WITHIN),
            };
        }
        match (said(error), &self.inner.tables) {
            (error @ DirectoryError::NotAllowed { .. }, Some(tables)) => {
                let columns = triggers::columns_without_grant(&self.inner.pool, tables).await.unwrap_or_default();
                match columns.is_empty() {
                    true => error,
                    false => DirectoryError::NotAllowed { why: NotAllowed::NoSelect { columns } },
                }
            }
            (error, _) => error,
        }
    }

    /// A connection that receives changes.
    pub async fn listen(&self) -> Result<Listener, DirectoryError> {
        Listener::new(self.inner.options.clone()).await
    }

    /// Whether this version's triggers are installed.
    pub async fn triggers(&self) -> Result<Installed, DirectoryError> {
        let Some(tables) = &self.inner.tables else { return Ok(Installed::No) };
        triggers::installed(&self.inner.pool, tables).await
    }

    /// Rights of the role beyond reading what is needed; should be empty.
    pub async fn needless_rights(&self) -> Result<Vec<String>, DirectoryError> {
        triggers::needless_rights(&self.inner.pool).await
    }
}

/// People; and the names that rules may use, if everybody was read from EquipeMed's own tables.
type Rows = (Vec<Person>, Option<Catalogue>);

enum ReadError {
    Database(sqlx::Error),
    Row(DirectoryError),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

async fn read_within(
    db: &mut PgConnection,
    Inner { query, columns, timezone, .. }: &Inner,
    some: Option<&[PersonId]>,
) -> Result<Rows, ReadError> {
    // One snapshot for people and names; the current date is the hospital's.
    let mut limits = format!(
        "set transaction isolation level repeatable read, read only; set local statement_timeout = {}",
        READ_WITHIN.as_millis()
    );
    if let Some(timezone) = timezone {
        limits.push_str(&format!("; set local time zone '{timezone}'"));
    }
    sqlx::raw_sql(AssertSqlSafe(limits)).execute(&mut *db).await?;
    let ids: Vec<i64> = some.unwrap_or_default().iter().map(|person| person.0).collect();
    // The hospital's own query comes from the configuration, which is trusted like the database URL.
    let statement = match some {
        None => sqlx::query(AssertSqlSafe(query.all.clone())),
        Some(_) => sqlx::query(AssertSqlSafe(query.some.clone())).bind(ids),
    };
    // Unnamed, because a pooler in front of the database would lose a named statement.
    let mut people = Vec::new();
    {
        let mut rows = statement.persistent(false).fetch(&mut *db);
        while let Some(found) = rows.try_next().await? {
            people.push(row::person(&found, columns).map_err(ReadError::Row)?);
        }
    }
    let Some(catalogue) = query.catalogue.as_ref().filter(|_| some.is_none()) else { return Ok((people, None)) };
    let catalogue = sqlx::query(AssertSqlSafe(catalogue.clone())).persistent(false).fetch_one(db).await?;
    Ok((people, Some(row::catalogue(&catalogue).map_err(ReadError::Row)?)))
}

/// Whether somebody lost a group. It may be about to be inserted again.
fn lost_a_group(before: &Person, now: &Person) -> bool {
    !before.groups.is_subset(&now.groups)
}

fn no_answer(within: Duration) -> DirectoryError {
    DirectoryError::Away { why: NotThere::NoAnswer { seconds: within.as_secs() } }
}

/// Connection options, with a name that EquipeMed's administrators see in `pg_stat_activity`.
fn options(url: &str) -> Result<PgConnectOptions, DirectoryError> {
    let options: PgConnectOptions =
        url.trim().parse().map_err(|_| DirectoryError::Refused { why: NotLetIn::NoAddress })?;
    Ok(options.application_name("equipemed-bot"))
}
