//! EquipeMed's own PostgreSQL database, read with a role that may do nothing else.
//!
//! One statement gives everybody, so that a read is of one moment and breaks as a whole. What was read last is kept: to
//! notice a group that vanished for a moment, and so that a look at one person is one row and not everybody.

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

/// Passes, commands and the watch read at a time and share what they read.
const CONNECTIONS: u32 = 2;
/// How long the database may take for one statement.
const READ_WITHIN: Duration = Duration::from_secs(20);
/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(4);
/// Connections that nobody used for that long are closed: EquipeMed's server counts them.
const IDLE: Duration = Duration::from_secs(120);
/// For how long people as they were read last are good enough beside the one that a pass is about.
const RECENT: Duration = Duration::from_secs(30);
/// EquipeMed deletes group rows and inserts them again in a second transaction. After so long that has happened.
const AGAIN_AFTER: Duration = Duration::from_millis(60);

/// EquipeMed's database. Cheap to clone; all clones share connections and what was read last.
#[derive(Clone, Debug)]
pub struct Equipemed {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    options: PgConnectOptions,
    query: Query,
    /// Of the tables; None where the hospital wrote a query of its own.
    tables: Option<Tables>,
    /// What is read only because the policy asks for it.
    columns: BTreeSet<Column>,
    /// By which it is told what day it is.
    timezone: Option<String>,
    /// What was read last. Held while reading, so that those who wait share the next read.
    last: Mutex<Option<Last>>,
}

#[derive(Debug)]
struct Last {
    directory: Arc<Directory>,
    /// When the read of everybody began.
    begun: Instant,
}

impl Equipemed {
    /// Takes the settings; connects at the first read.
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
    /// When the database is away, refuses, breaks off, is not as expected, or gives nobody.
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

    /// Everybody, of whom these people are as of this call.
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

    /// Everybody as read lately: since then, who changed was read anew by whoever heard of it in this process.
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

    /// Reads people a second time whose groups became fewer; what they say now counts.
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

    /// Runs the query for everybody or for some, in a transaction that cannot write.
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
        // A transaction that wrote nothing loses nothing when it is dropped.
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

    /// The error, with the columns that lack a grant where that is what it is about: PostgreSQL names only the table.
    async fn explained(&self, error: sqlx::Error) -> DirectoryError {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            // The pool answers every trouble with that; a connection of its own tells what it is.
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

    /// A connection that hears of changes.
    pub async fn listen(&self) -> Result<Listener, DirectoryError> {
        Listener::new(self.inner.options.clone()).await
    }

    /// Whether this version's triggers are in the database.
    pub async fn triggers(&self) -> Result<Installed, DirectoryError> {
        let Some(tables) = &self.inner.tables else { return Ok(Installed::No) };
        triggers::installed(&self.inner.pool, tables).await
    }

    /// What the role may do beyond reading what is needed; empty is as it should be.
    pub async fn needless_rights(&self) -> Result<Vec<String>, DirectoryError> {
        triggers::needless_rights(&self.inner.pool).await
    }
}

/// People, and what there is for rules to name where everybody was read and the tables are EquipeMed's own.
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
    // One picture for people and the names that rules may use; the day is the hospital's.
    let mut limits = format!(
        "set transaction isolation level repeatable read, read only; set local statement_timeout = {}",
        READ_WITHIN.as_millis()
    );
    if let Some(timezone) = timezone {
        limits.push_str(&format!("; set local time zone '{timezone}'"));
    }
    sqlx::raw_sql(AssertSqlSafe(limits)).execute(&mut *db).await?;
    let ids: Vec<i64> = some.unwrap_or_default().iter().map(|person| person.0).collect();
    // The hospital's own query comes from its configuration, as trusted as the address it is sent to.
    let statement = match some {
        None => sqlx::query(AssertSqlSafe(query.all.clone())),
        Some(_) => sqlx::query(AssertSqlSafe(query.some.clone())).bind(ids),
    };
    // Without a name of its own, which a pooler before the database would lose.
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

/// Whether somebody has a group no longer. It may be one that is deleted and inserted again.
fn lost_a_group(before: &Person, now: &Person) -> bool {
    !before.groups.is_subset(&now.groups)
}

fn no_answer(within: Duration) -> DirectoryError {
    DirectoryError::Away { why: NotThere::NoAnswer { seconds: within.as_secs() } }
}

/// How to connect, under a name that EquipeMed's administrators see in `pg_stat_activity`.
fn options(url: &str) -> Result<PgConnectOptions, DirectoryError> {
    let options: PgConnectOptions =
        url.trim().parse().map_err(|_| DirectoryError::Refused { why: NotLetIn::NoAddress })?;
    Ok(options.application_name("equipemed-bot"))
}
