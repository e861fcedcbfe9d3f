//! A server's folder, removed together with it.
//!
//! Statics are never dropped and a test may be killed, so there are three chances of removal: on drop, by the child's
//! supervisor (see `child`), and by the next process that creates a folder and finds this one without a living owner.
//! The owner holds a file lock, which the kernel releases when the process ends; a process id could be reused or belong
//! to another container.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;

const PREFIX: &str = "equipemed-testbed-";
const OWNER: &str = "owner.lock";

/// A fresh temporary folder. `EQUIPEMED_TESTBED_KEEP` in the environment keeps it for inspection.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _owner: File,
}

impl Folder {
    /// Creates the folder; `name` becomes part of its name.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        static SWEEP: Once = Once::new();
        SWEEP.call_once(remove_abandoned);
        // Not below the cache: socket paths are limited to 107 bytes, and PostgreSQL's user must have access.
        let path = std::env::temp_dir().join(format!("{PREFIX}{name}-{}", crate::random_hex(4)?));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let owner = File::create(path.join(OWNER)).context("cannot mark the folder")?;
        owner.lock().context("cannot lock the folder")?;
        Ok(Self { path, _owner: owner })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !kept() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Whether to keep folders for inspection.
pub(crate) fn kept() -> bool {
    std::env::var_os("EQUIPEMED_TESTBED_KEEP").is_some()
}

/// Best effort: other users' folders stay, and failing to tidy up must not fail a test.
fn remove_abandoned() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && abandoned(&path) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

fn abandoned(path: &Path) -> bool {
    match File::open(path.join(OWNER)) {
        Ok(owner) => owner.try_lock().is_ok() && old(path, Duration::from_secs(60)),
        // Without a lock file it may just be in creation.
        Err(_) => old(path, Duration::from_secs(3600)),
    }
}

#[expect(clippy::disallowed_methods, reason = "compared with file times, which no clock of ours sets")]
fn old(path: &Path, age: Duration) -> bool {
    let changed = fs::metadata(path).and_then(|about| about.modified());
    changed.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|passed| passed > age))
}
