//! Broken connections: after one failure, the next request works.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use equipemed_bot::store::{Store, StoreError};
use equipemed_domain::directory::PersonId;
use equipemed_domain::wake::Wake;
use equipemed_testbed::Disk;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Executor};

use super::{at, fresh_database, scratch};
use crate::faults::english;

async fn wake(store: &Store, person: i64) -> Result<(), StoreError> {
    store.wake(&Wake::Person(PersonId(person)), "test", at(0), at(0)).await
}

/// Fills the disk of a database. Without a separate disk, it simulates the effect of a full one: SQLite ends the
/// transaction on its own, before anybody else can.
pub(crate) async fn fill(file: &Path, disk: Option<&Disk>) -> Result<()> {
    let mut other = open(file).await?;
    match disk {
        Some(disk) => {
            // Space already allocated to the write-ahead log could still be written.
            other.execute("pragma wal_checkpoint(truncate)").await?;
            disk.fill()?;
        }
        None => {
            let tables: Vec<String> =
                sqlx::query_scalar("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
                    .fetch_all(&mut other)
                    .await?;
            for table in tables {
                for act in ["insert", "update", "delete"] {
                    let trigger = format!(
                        "create trigger full_{act}_{table} before {act} on {table}
                            begin select raise(rollback, 'database or disk is full'); end"
                    );
                    other.execute(sqlx::AssertSqlSafe(trigger)).await?;
                }
            }
        }
    }
    Ok(other.close().await?)
}

/// Frees the disk space again.
pub(crate) async fn empty(file: &Path, disk: Option<&Disk>) -> Result<()> {
    let Some(disk) = disk else {
        let mut other = open(file).await?;
        let triggers: Vec<String> =
            sqlx::query_scalar("select name from sqlite_schema where type = 'trigger' and name like 'full_%'")
                .fetch_all(&mut other)
                .await?;
        for trigger in triggers {
            other.execute(sqlx::AssertSqlSafe(format!("drop trigger {trigger}"))).await?;
        }
        return Ok(other.close().await?);
    };
    disk.empty()
}

/// A separate disk where mounting is allowed; prints a message where it is not.
#[expect(clippy::print_stderr, reason = "a test that cannot do all it was written for has to say so")]
pub(crate) fn small_disk() -> Result<Option<Disk>> {
    let disk = Disk::new(24)?;
    if disk.is_none() {
        eprintln!("nothing may be mounted here: a full disk is imitated by what it does to a transaction");
    }
    Ok(disk)
}

async fn open(file: &Path) -> Result<SqliteConnection> {
    Ok(SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await?)
}

async fn heals(disk: Option<Disk>) -> Result<()> {
    let (folder, disk) = (scratch()?, disk.as_ref());
    let file = disk.map_or(folder.path(), Disk::path).join("store.db");
    let store = Store::open(&format!("sqlite://{}", file.display())).await?;
    wake(&store, 1).await?;
    fill(&file, disk).await?;
    for _ in 0..3 {
        let error = wake(&store, 2).await.err().context("it was written")?;
        ensure!(!error.to_string().contains("transaction depth"), "{error}");
        if disk.is_some() {
            assert!(matches!(error, StoreError::NotWritable { .. }), "{error:?}");
            assert!(english(error).contains("The disk is full"));
        }
    }
    store.wakeups_waiting().await.context("what is there can be read")?;
    empty(&file, disk).await?;
    wake(&store, 2).await.context("there is room again")?;
    store.remember("key", "value").await?;
    assert_eq!(store.wakeups_waiting().await?, 2);
    store.close().await;
    Ok(())
}

#[tokio::test]
async fn after_a_transaction_that_sqlite_ended_by_itself_the_next_one_begins() -> Result<()> {
    heals(None).await
}

#[tokio::test]
async fn a_full_disk_heals_as_soon_as_there_is_room() -> Result<()> {
    heals(small_disk()?).await
}

#[tokio::test]
async fn a_transaction_that_was_dropped_half_way_leaves_nothing_open() -> Result<()> {
    let folder = scratch()?;
    let store = Store::open(&format!("sqlite://{}", folder.path().join("store.db").display())).await?;
    for _ in 0..20 {
        let many: Vec<Wake> = (0..500).map(|person| Wake::Person(PersonId(person))).collect();
        let writing = store.wake_all(&many, "test", at(0), at(0));
        // Drops the write at an arbitrary moment.
        let _ = tokio::time::timeout(std::time::Duration::from_micros(700), writing).await;
    }
    wake(&store, 7).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_ended_is_replaced() -> Result<()> {
    let url = fresh_database().await?;
    let store = Store::open(&url).await?;
    wake(&store, 1).await?;
    let mut other = sqlx::PgConnection::connect(&url).await?;
    for person in 2..5 {
        other
            .execute(
                "select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()",
            )
            .await?;
        wake(&store, person).await?;
    }
    assert_eq!(store.wakeups_waiting().await?, 4);
    Ok(())
}
