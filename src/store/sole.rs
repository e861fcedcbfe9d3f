//! Allows one service per SQLite file: a second one would miss what Synapse pushes to the first.
//!
//! The proof is an operating system lock on a file next to the database, so it ends with the process. The file's
//! content only names the holder. Single commands need no lock: they hand over or wait.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use equipemed_domain::fault::Fix;

use super::StoreError;
use super::open::{make_file, not_as_root_for_another};
use super::url::{DatabasePlace, parse, without_password};

/// Longer content was not written by this service.
const LONGEST: u64 = 400;

/// Proof that no other process serves from the database. Dropping it releases the lock.
#[derive(Debug)]
pub struct Sole {
    /// None for PostgreSQL, which several replicas share.
    _lock: Option<File>,
}

impl Sole {
    /// Locks the database for this process; `holder` is shown to others that try.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another process serves from it, or when the lock file cannot be created.
    pub fn take(url: &str, holder: &str) -> Result<Self, StoreError> {
        let DatabasePlace::Sqlite(path) = parse(url)? else { return Ok(Self { _lock: None }) };
        make_file(&path)?;
        // Resolves links, so that every path to the file gives the same lock.
        let path = path.canonicalize().unwrap_or(path);
        let beside = beside(&path);
        if !beside.exists() {
            not_as_root_for_another(&path)?;
        }
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&beside);
        let mut file = opened.map_err(|error| StoreError::NotWritable {
            path: beside.display().to_string(),
            why: error.to_string(),
            fix: Fix::Folder,
        })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut by = String::new();
                // Refusing matters; naming the holder is optional.
                let _ = file.take(LONGEST).read_to_string(&mut by);
                let by = by.lines().next().filter(|by| !by.is_empty()).unwrap_or("another process").to_owned();
                return Err(StoreError::Taken { database: without_password(url), by });
            }
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, "The file system knows no locks: see to it that only one service uses this database");
                return Ok(Self { _lock: None });
            }
        }
        let noted = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(holder.as_bytes()));
        if let Err(error) = noted {
            // As on a full disk: the lock is held all the same.
            tracing::warn!(%error, "Who serves from the database could not be noted beside it");
        }
        Ok(Self { _lock: Some(file) })
    }
}

/// `bot.db.lock` for `bot.db`.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
