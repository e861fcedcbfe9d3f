//! The store's contract: every case runs on SQLite and on PostgreSQL.

mod audit;
pub(crate) mod broken;
mod files_told;
mod inbox;
mod opening;
mod queues;
mod reports;
mod wishes;

use std::os::unix::fs::MetadataExt;

use anyhow::Result;
use equipemed_bot::store::Store;
use equipemed_testbed::Folder;
use equipemed_testbed::postgres::Postgres;
use jiff::Timestamp;

/// A folder that is deleted at the end.
pub(crate) fn scratch() -> Result<Folder> {
    Folder::new("store")
}

/// An empty PostgreSQL database.
pub(crate) async fn fresh_database() -> Result<String> {
    Postgres::shared().await?.database("store").await
}

/// An empty store.
pub(crate) struct Fresh {
    pub(crate) url: String,
    pub(crate) store: Store,
    _folder: Option<Folder>,
}

impl Fresh {
    async fn sqlite() -> Result<Self> {
        let folder = scratch()?;
        let url = format!("sqlite://{}", folder.path().join("store.db").display());
        Ok(Self { store: Store::open(&url).await?, url, _folder: Some(folder) })
    }

    async fn postgres() -> Result<Self> {
        let url = fresh_database().await?;
        Ok(Self { store: Store::open(&url).await?, url, _folder: None })
    }
}

pub(crate) async fn both() -> Result<[Fresh; 2]> {
    Ok([Fresh::sqlite().await?, Fresh::postgres().await?])
}

/// Makes two tests of each `async fn name(store: Store) -> Result<()>`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() -> anyhow::Result<()> {
                let fresh = crate::store::Fresh::sqlite().await?;
                super::$name(fresh.store.clone()).await
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() -> anyhow::Result<()> {
                let fresh = crate::store::Fresh::postgres().await?;
                super::$name(fresh.store.clone()).await
            })+
        }
    };
}
use on_both;

/// The instant `seconds` after the start of time in these tests.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_760_000_000 + seconds).unwrap_or_default()
}

pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
