//! The store's contract: every case runs on SQLite and on PostgreSQL.

mod audit;
mod opening;
mod queues;
mod speed;
mod wishes;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use equipemed_bot::store::Store;
use jiff::Timestamp;

use crate::postgres::fresh_database;

/// A folder that goes away at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("equipemed-store-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An empty store.
pub(crate) struct Fresh {
    pub(crate) url: String,
    pub(crate) store: Store,
    _folder: Option<Folder>,
}

impl Fresh {
    async fn sqlite() -> Result<Self> {
        let folder = Folder::new()?;
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

/// The instant `seconds` after the tests' beginning of time.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_760_000_000 + seconds).unwrap_or_default()
}

pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
