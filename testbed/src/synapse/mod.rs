//! A real Synapse on loopback, configured for tests.
//!
//! Each instance starts from a copy of a migrated database, because migrating takes longer than everything else. It has
//! no federation, no reachable rate limits, and cheap password hashes.

mod settings;
mod template;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::sync::OnceCell;

use crate::child::{self, Child, Server, Signal};
use crate::tools::{self, Release};
use crate::{Folder, Postgres};

/// Database of a Synapse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Database {
    /// A file in the instance's folder.
    #[default]
    Sqlite,
    /// A database in this process's shared cluster.
    Postgres,
}

/// Options of a Synapse.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which Synapse.
    pub release: Release,
    /// Its database.
    pub database: Database,
    /// Application service files, read at each start.
    pub registrations: Vec<PathBuf>,
    /// Whether the server accepts invitations for local people.
    pub auto_accept_invites: bool,
    /// The domain part of identifiers.
    pub server_name: String,
    /// Additional configuration; a top-level key replaces the generated one.
    pub extra_yaml: String,
    /// Folder of Python modules that the configuration names; with it, `/_synapse/metrics` is served.
    pub modules: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            release: Release::default(),
            database: Database::default(),
            registrations: Vec::new(),
            auto_accept_invites: false,
            server_name: "hospital.example".to_owned(),
            extra_yaml: String::new(),
            modules: None,
        }
    }
}

/// A Synapse process with its folder. Dropping it ends the process and removes the folder.
pub struct Synapse {
    // Before the folder: fields are dropped in order, and the process must end before its files are removed.
    running: Mutex<Option<Child>>,
    folder: Folder,
    release: Release,
    modules: Option<PathBuf>,
    port: u16,
    server_name: String,
    shared_secret: String,
    /// Access token of the administrator from `Client::administrator`.
    pub(crate) administrator: OnceCell<String>,
}

impl fmt::Debug for Synapse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Synapse").field("url", &self.url()).field("folder", &self.folder()).finish_non_exhaustive()
    }
}

/// Name of Synapse's log in its folder.
const LOG: &str = "homeserver.log";
const OUTPUT: &str = "output.log";
const START_WITHIN: Duration = Duration::from_secs(180);

impl Synapse {
    /// Starts an instance and waits until it responds. The very first start on a machine installs Synapse and migrates
    /// the template, which takes a minute; later ones take seconds.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        Self::start_at(Folder::new("synapse")?, options).await
    }

    /// The same in a folder with existing files, such as registrations.
    pub(crate) async fn start_at(folder: Folder, options: Options) -> anyhow::Result<Self> {
        let database = template::database(options.database, options.release, folder.path()).await?;
        Self::start_in(folder, &options, &database).await
    }

    async fn start_in(folder: Folder, options: &Options, database: &serde_json::Value) -> anyhow::Result<Self> {
        let shared_secret = crate::random_hex(16)?;
        let mut synapse = Self {
            running: Mutex::default(),
            folder,
            release: options.release,
            modules: options.modules.clone(),
            port: crate::free_port()?,
            server_name: options.server_name.clone(),
            shared_secret,
            administrator: OnceCell::new(),
        };
        for _ in 0..3 {
            settings::write(&synapse, options, database)?;
            match synapse.launch().await {
                Err(error) if format!("{error:#}").contains("Address already in use") => {
                    synapse.port = crate::free_port()?
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(synapse),
            }
        }
        bail!("three ports were taken by others before Synapse could listen on them")
    }

    /// Base URL without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}:{}", crate::LOOPBACK, self.port)
    }

    /// The domain part of identifiers.
    pub fn server_name(&self) -> &str {
        &self.server_name
    }

    /// The full id of a local account.
    pub fn user_id(&self, localpart: &str) -> String {
        format!("@{localpart}:{}", self.server_name)
    }

    /// `registration_shared_secret` of this instance.
    pub fn shared_secret(&self) -> &str {
        &self.shared_secret
    }

    /// Path of its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The last lines of its log and output.
    pub fn log_tail(&self) -> String {
        let [log, output] = [LOG, OUTPUT].map(|name| child::tail(&self.folder().join(name), 40));
        format!("{log}\n{output}").trim().to_owned()
    }

    /// The process id while running.
    pub fn pid(&self) -> Option<u32> {
        self.running().as_ref().map(Child::pid)
    }

    /// Processor time used by the running process, in seconds.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        cpu_seconds(self.pid().context("Synapse is not running")?)
    }

    /// Stops it in order and waits for its end; does nothing if it is not running.
    pub async fn stop(&self) -> anyhow::Result<()> {
        let child = self.running().take();
        match child {
            Some(child) => child.stop().await,
            None => Ok(()),
        }
    }

    /// Kills it, like a crash.
    pub async fn kill(&self) -> anyhow::Result<()> {
        let child = self.running().take();
        match child {
            Some(child) => child.kill().await,
            None => Ok(()),
        }
    }

    /// Restarts it with the same data and port after `stop` or `kill`.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        if self.pid().is_some() {
            bail!("Synapse is still running");
        }
        self.launch().await
    }

    /// Suspends the process: the kernel accepts connections, but nothing responds.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.running().as_mut().context("Synapse is not running")?.signal(Signal::Stop)
    }

    /// Resumes a frozen process.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.running().as_mut().context("Synapse is not running")?.signal(Signal::Cont)
    }

    fn running(&self) -> MutexGuard<'_, Option<Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn launch(&self) -> anyhow::Result<()> {
        let python = tools::python(self.release).await?;
        let child = Child::start(Server {
            name: "Synapse",
            program: python,
            arguments: ["-m", "synapse.app.homeserver", "-c", settings::MAIN, "-c", settings::EXTRA]
                .map(str::to_owned)
                .to_vec(),
            folder: self.folder(),
            environment: self.modules.iter().flat_map(|folder| environment(folder)).collect(),
            output: self.folder().join(OUTPUT),
            user: None,
            ending: Signal::Term,
        })?;
        *self.running() = Some(child);
        let ready = self.until_ready().await;
        if ready.is_err() {
            let _ = self.kill().await;
        }
        ready
    }

    async fn until_ready(&self) -> anyhow::Result<()> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        let health = format!("{}/health", self.url());
        let start = Instant::now();
        loop {
            if let Some(status) = self.running().as_mut().and_then(Child::ended) {
                bail!("Synapse ended while starting ({status}):\n{}", self.log_tail());
            }
            if http.get(&health).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if start.elapsed() > START_WITHIN {
                bail!("Synapse did not answer within {START_WITHIN:?}:\n{}", self.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

/// Lets Python find modules in a folder, and leave it as it is.
fn environment(folder: &Path) -> [(&'static str, PathBuf); 2] {
    [("PYTHONPATH", folder.to_owned()), ("PYTHONDONTWRITEBYTECODE", PathBuf::from("1"))]
}

/// URL of a migrated database in this process's shared cluster, for a Synapse with settings of its own.
pub async fn database() -> anyhow::Result<String> {
    let cluster = Postgres::shared().await?;
    cluster.copy(template::postgres_template(cluster).await?, "synapse").await
}

/// Processor time used by a process, user and system, in seconds.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("cannot read the process's times")?;
    // The second field is the program's name in brackets and may contain spaces.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| {
        fields.get(index).and_then(|field| field.parse::<f64>().ok()).context("unknown form of /proc/PID/stat")
    };
    // Linux reports hundredths of a second on every architecture with Synapse wheels.
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

/// Resident memory of a process, in bytes.
pub fn rss_bytes(pid: u32) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).context("cannot read the process's status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS: has the process ended?")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().context("unknown form of VmRSS")?;
    Ok(kilobytes * 1024)
}
