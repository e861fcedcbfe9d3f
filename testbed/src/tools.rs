//! Cached tools: Python environments with pinned versions of Synapse, a client and an OpenID Connect provider; and the
//! location of PostgreSQL's and nginx's programs.
//!
//! The cache is `$EQUIPEMED_TESTBED_CACHE`, or `target/testbed` in the workspace. Processes may run concurrently: a
//! file lock lets one of them do the work, and a marker written last says that it was completed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// A release of Synapse. The admin API changes between releases, so raise one only on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Release {
    /// The one of almost all tests.
    #[default]
    Current,
    /// The oldest that the service works with, which EquipeMed's own development environment pins.
    Oldest,
}

impl Release {
    /// Its number.
    pub fn version(self) -> &'static str {
        match self {
            Self::Current => "1.163.2",
            Self::Oldest => "1.99.0",
        }
    }

    /// `authlib` is needed for OpenID Connect, `psycopg2-binary` for PostgreSQL; the oldest one does not start with newer
    /// releases of the rest.
    fn packages(self) -> Vec<String> {
        let also: &[&str] = match self {
            Self::Current => &[],
            Self::Oldest => &["prometheus-client==0.19.0", "Twisted==26.10.0"],
        };
        let own = format!("matrix-synapse=={}", self.version());
        let all = ["authlib==1.9.9", "psycopg2-binary==2.9.13"];
        [own].into_iter().chain(all.iter().chain(also).map(|package| (*package).to_owned())).collect()
    }
}

/// An independent Matrix client, in its own environment to keep Synapse's packages unchanged.
const CLIENT: &str = "nio-0.26.0";
const CLIENT_PACKAGES: [&str; 4] = ["matrix-nio==0.26.0", "aiohttp==3.14.5", "aiohttp_socks==0.12.0", "h2==4.4.1"];

/// The OpenID Connect provider that EquipeMed uses, with EquipeMed's Django.
const PROVIDER: &str = "django-oidc-provider-0.9.0";
const PROVIDER_PACKAGES: [&str; 3] = ["Django==5.2.19", "django-oidc-provider==0.9.0", "cryptography==50.0.2"];

const COMPLETE: &str = "complete";

/// The cache folder, created if missing.
pub fn cache() -> anyhow::Result<PathBuf> {
    let path = match std::env::var_os("EQUIPEMED_TESTBED_CACHE") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/testbed"),
    };
    fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
    path.canonicalize().with_context(|| format!("cannot find {}", path.display()))
}

/// A Python with Synapse; the first call takes about half a minute and needs the network.
pub async fn python(release: Release) -> anyhow::Result<PathBuf> {
    let make = move || make_environment(&format!("synapse-{}", release.version()), &release.packages());
    tokio::task::spawn_blocking(make).await.context("the installation was interrupted")?
}

/// A Python with matrix-nio; the first call needs the network.
pub async fn client_python() -> anyhow::Result<PathBuf> {
    let make = || make_environment(CLIENT, &CLIENT_PACKAGES.map(str::to_owned));
    tokio::task::spawn_blocking(make).await.context("the installation was interrupted")?
}

/// A Python with Django and django-oidc-provider; the first call needs the network.
pub async fn provider_python() -> anyhow::Result<PathBuf> {
    let make = || make_environment(PROVIDER, &PROVIDER_PACKAGES.map(str::to_owned));
    tokio::task::spawn_blocking(make).await.context("the installation was interrupted")?
}

/// nginx's program, which Debian keeps out of the PATH of ordinary users.
pub fn nginx() -> anyhow::Result<PathBuf> {
    let in_path =
        std::env::var_os("PATH").map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>()).unwrap_or_default();
    let folders = [PathBuf::from("/usr/sbin")].into_iter().chain(in_path);
    let found = folders.map(|folder| folder.join("nginx")).find(|program| program.is_file());
    found.context("nginx is missing: apt-get install nginx")
}

/// A PostgreSQL program, such as `initdb`.
pub fn postgres_program(name: &str) -> anyhow::Result<PathBuf> {
    // The newest packaged version first: Debian keeps server programs out of PATH, where there may be a wrapper.
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

/// Holds the cache's lock `name` until the file is dropped.
pub(crate) async fn lock(name: &str) -> anyhow::Result<File> {
    let path = cache()?.join(format!("{name}.lock"));
    tokio::task::spawn_blocking(move || lock_file(&path)).await.context("the wait for a lock was interrupted")?
}

fn lock_file(path: &Path) -> anyhow::Result<File> {
    let file = File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

fn make_environment(name: &str, packages: &[String]) -> anyhow::Result<PathBuf> {
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

/// Runs a command to its end; a failure contains its output.
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
