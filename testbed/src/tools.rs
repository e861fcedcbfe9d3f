//! What is made once and cached: Python environments with a pinned Synapse and a pinned client; and where PostgreSQL's
//! programs are.
//!
//! The cache is `$EQUIPEMED_TESTBED_CACHE`, or `target/testbed` in the workspace. Several processes may ask at once: a file lock
//! lets one of them do the work, and a marker written last says that it was finished.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// The Synapse that everything is tried against. Its admin API changes between versions, so it is raised on purpose only.
pub const SYNAPSE_VERSION: &str = "1.163.2";

/// `authlib` is Synapse's OpenID Connect, `psycopg2-binary` its PostgreSQL.
const PACKAGES: &[&str] = &["matrix-synapse==1.163.2", "authlib==1.9.9", "psycopg2-binary==2.9.13"];

/// A Matrix client that is not ours. Apart from Synapse, whose packages are not to change for its sake.
const CLIENT: &str = "nio-0.26.0";
const CLIENT_PACKAGES: &[&str] = &["matrix-nio==0.26.0", "aiohttp==3.14.5", "aiohttp_socks==0.12.0", "h2==4.4.1"];

const COMPLETE: &str = "complete";

/// The cache folder, made when missing.
pub fn cache() -> anyhow::Result<PathBuf> {
    let path = match std::env::var_os("EQUIPEMED_TESTBED_CACHE") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/testbed"),
    };
    fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
    path.canonicalize().with_context(|| format!("cannot find {}", path.display()))
}

/// The Python that has Synapse installed; the first call takes about half a minute and needs the network.
pub async fn python() -> anyhow::Result<PathBuf> {
    let make = || make_environment(&format!("synapse-{SYNAPSE_VERSION}"), PACKAGES);
    tokio::task::spawn_blocking(make).await.context("the installation was interrupted")?
}

/// The Python that has matrix-nio installed; only the first call needs the network.
pub async fn client_python() -> anyhow::Result<PathBuf> {
    let make = || make_environment(CLIENT, CLIENT_PACKAGES);
    tokio::task::spawn_blocking(make).await.context("the installation was interrupted")?
}

/// One of PostgreSQL's programs, such as `initdb`.
pub fn postgres_program(name: &str) -> anyhow::Result<PathBuf> {
    // The newest packaged version first: Debian keeps the server's programs out of PATH, and what is in PATH may be a wrapper.
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|all| all.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    versions.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    let packaged = versions.into_iter().rev().map(|path| path.join("bin"));
    let in_path =
        std::env::var_os("PATH").map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>()).unwrap_or_default();
    let found = packaged.chain(in_path).map(|folder| folder.join(name)).find(|program| program.is_file());
    found.with_context(|| format!("PostgreSQL's {name} is missing: apt-get install postgresql"))
}

/// Holds the lock `name` in the cache until the file is dropped.
pub(crate) async fn lock(name: &str) -> anyhow::Result<File> {
    let path = cache()?.join(format!("{name}.lock"));
    tokio::task::spawn_blocking(move || lock_file(&path)).await.context("the wait for a lock was interrupted")?
}

fn lock_file(path: &Path) -> anyhow::Result<File> {
    let file = File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

fn make_environment(name: &str, packages: &[&str]) -> anyhow::Result<PathBuf> {
    let cache = cache()?;
    let folder = cache.join(name);
    let python = folder.join("bin/python");
    let marker = folder.join(COMPLETE);
    let wanted = packages.join("\n");
    let complete = || fs::read_to_string(&marker).is_ok_and(|made| made == wanted);
    if complete() {
        return Ok(python);
    }
    let _lock = lock_file(&cache.join("python.lock"))?;
    if complete() {
        return Ok(python);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot remove a half-made Python environment")?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        .context("cannot make a Python environment: apt-get install python3-venv")?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages))
        .with_context(|| format!("cannot install {} with pip", packages.join(", ")))?;
    fs::write(&marker, wanted).context("cannot mark the Python environment as complete")?;
    Ok(python)
}

/// Runs a command to its end; fails with what it printed.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run {name}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed ({}): {said}{complaint}", output.status);
    }
    Ok(said)
}
