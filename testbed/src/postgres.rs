//! A temporary PostgreSQL cluster on loopback.
//!
//! Durability is off, since its data never outlives the process. PostgreSQL refuses to run as root, so then another
//! existing user runs it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::sync::OnceCell;

use crate::child::{self, Child, Server, Signal};
use crate::{Folder, tools};

/// Superuser of the cluster.
pub(crate) const SUPERUSER: &str = "postgres";
/// Its password on loopback, so that a wrong one is refused, as by real servers.
pub(crate) const PASSWORD: &str = "s3cret-of-tests";
const OUTPUT: &str = "postgres.log";
const START_WITHIN: Duration = Duration::from_secs(60);

/// A running cluster. Dropping it stops the server and removes the data.
#[derive(Debug)]
pub struct Postgres {
    running: Mutex<Option<Child>>,
    folder: Folder,
    port: u16,
    user: Option<(u32, u32)>,
}

impl Postgres {
    /// Creates a cluster and waits until it responds, about two seconds.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = Folder::new("postgres")?;
        let user = unprivileged_user(folder.path())?;
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).context("cannot give the folder to the user of PostgreSQL")?;
        }
        let cluster = Self { running: Mutex::default(), folder, port: crate::free_port()?, user };
        let pwfile = cluster.folder.path().join("superuser");
        fs::write(&pwfile, PASSWORD).context("cannot write the superuser's password")?;
        fs::set_permissions(&pwfile, fs::Permissions::from_mode(0o644))
            .context("cannot let initdb read the superuser's password")?;
        let pwfile = pwfile.display().to_string();
        let mut initdb = Command::new(tools::postgres_program("initdb")?);
        initdb
            .args([
                "--auth-host=scram-sha-256",
                "--auth-local=trust",
                "--pwfile",
                &pwfile,
                "--locale=C",
                "--encoding=UTF8",
                "--no-sync",
                "--username",
                SUPERUSER,
                "--pgdata",
            ])
            .arg(cluster.data())
            .current_dir(cluster.folder.path());
        if let Some((uid, gid)) = user {
            initdb.uid(uid).gid(gid);
        }
        blocking(move || tools::run(&mut initdb)).await.context("cannot make a PostgreSQL cluster")?;
        cluster.launch().await?;
        Ok(cluster)
    }

    /// The cluster shared by this process; the first call starts it.
    pub async fn shared() -> anyhow::Result<&'static Self> {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// Creates an empty database and returns its URL.
    pub async fn database(&self, name_prefix: &str) -> anyhow::Result<String> {
        self.copy("template0", name_prefix).await
    }

    /// Creates a copy of a database that has no connections and returns its URL.
    pub async fn copy(&self, template: &str, name_prefix: &str) -> anyhow::Result<String> {
        let name = format!("{name_prefix}_{}", crate::random_hex(4)?);
        let statement = format!("create database \"{name}\" template \"{template}\"");
        sql(&self.url(SUPERUSER), &statement).await.context("cannot make a database")?;
        Ok(self.url(&name))
    }

    /// URL of a database of this cluster, for the superuser.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}:{PASSWORD}@{}:{}/{database}", crate::LOOPBACK, self.port)
    }

    /// The loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Folder of its files and socket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process id while running.
    pub fn pid(&self) -> Option<u32> {
        self.running().as_ref().map(Child::pid)
    }

    /// Stops it, closing all connections, and waits for its end.
    pub async fn stop(&self) -> anyhow::Result<()> {
        let child = self.running().take();
        match child {
            Some(child) => child.stop().await,
            None => Ok(()),
        }
    }

    /// Restarts it with the same data and port.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        if self.pid().is_some() {
            bail!("PostgreSQL is still running");
        }
        self.launch().await
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn running(&self) -> MutexGuard<'_, Option<Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn launch(&self) -> anyhow::Result<()> {
        let settings = [
            format!("port={}", self.port),
            format!("listen_addresses={}", crate::LOOPBACK),
            format!("unix_socket_directories={}", self.folder.path().display()),
            "fsync=off".to_owned(),
            "synchronous_commit=off".to_owned(),
            "full_page_writes=off".to_owned(),
            "max_connections=300".to_owned(),
        ];
        let mut arguments = vec!["-D".to_owned(), self.data().display().to_string()];
        arguments.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
        let child = Child::start(Server {
            name: "PostgreSQL",
            program: tools::postgres_program("postgres")?,
            arguments,
            folder: self.folder.path(),
            environment: Vec::new(),
            output: self.folder.path().join(OUTPUT),
            user: self.user,
            // "Fast shutdown" does not wait until clients disconnect.
            ending: Signal::Int,
        })?;
        *self.running() = Some(child);
        self.until_ready().await
    }

    async fn until_ready(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            let log = || child::tail(&self.folder.path().join(OUTPUT), 20);
            if let Some(status) = self.running().as_mut().and_then(Child::ended) {
                bail!("PostgreSQL ended while starting ({status}):\n{}", log());
            }
            if sql(&self.url(SUPERUSER), "select 1").await.is_ok() {
                return Ok(());
            }
            if start.elapsed() > START_WITHIN {
                bail!("PostgreSQL did not answer within {START_WITHIN:?}:\n{}", log());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

/// Runs statements through psql up to the first error; returns one row per line, with fields separated by `|`.
pub async fn sql(url: &str, statements: &str) -> anyhow::Result<String> {
    let mut psql = Command::new(tools::postgres_program("psql")?);
    psql.args([
        "--no-psqlrc",
        "--quiet",
        "--no-align",
        "--tuples-only",
        "--set",
        "ON_ERROR_STOP=1",
        "--file",
        "-",
        "--dbname",
        url,
    ]);
    let statements = statements.to_owned();
    blocking(move || {
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = psql.spawn().context("cannot run psql")?;
        let mut input = child.stdin.take().context("psql has no input")?;
        // In its own thread, because psql may fill its output pipe before it has read everything.
        let writer = std::thread::spawn(move || input.write_all(statements.as_bytes()));
        let output = child.wait_with_output().context("cannot read from psql")?;
        // A failed write means that psql stopped early; its own message says why.
        let _ = writer.join();
        if !output.status.success() {
            bail!("psql failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    })
    .await
}

/// Schema and data of a database as statements for [`sql`].
pub(crate) async fn dump(url: &str) -> anyhow::Result<String> {
    let mut program = Command::new(tools::postgres_program("pg_dump")?);
    program.args(["--no-owner", "--no-privileges", "--dbname", url]);
    blocking(move || tools::run(&mut program)).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("a command was interrupted")?
}

/// The user and group to run as instead of root.
fn unprivileged_user(ours: &Path) -> anyhow::Result<Option<(u32, u32)>> {
    if fs::metadata(ours)?.uid() != 0 {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd").context("cannot read the accounts of this machine")?;
    let account = |wanted: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut fields = line.split(':').skip(2).map(str::parse::<u32>);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    };
    let found = account("postgres").or_else(|| account("nobody"));
    Ok(Some(found.context("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")?))
}

/// A connection that stays open, to avoid the cost of starting psql for each statement.
#[derive(Debug)]
pub struct Session {
    _child: tokio::process::Child,
    input: tokio::process::ChildStdin,
    output: tokio::io::Lines<tokio::io::BufReader<tokio::process::ChildStdout>>,
}

impl Session {
    /// Connects.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        use tokio::io::AsyncBufReadExt as _;
        let mut psql = tokio::process::Command::new(tools::postgres_program("psql")?);
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]);
        psql.args(["--file", "-", "--dbname", url]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = psql.spawn().context("cannot run psql")?;
        let input = child.stdin.take().context("psql has no input")?;
        let output = child.stdout.take().context("psql has no output")?;
        Ok(Self { _child: child, input, output: tokio::io::BufReader::new(output).lines() })
    }

    /// Runs statements, each in its own transaction; returns after the last commit.
    pub async fn run(&mut self, statements: &str) -> anyhow::Result<()> {
        use tokio::io::AsyncWriteExt as _;
        const DONE: &str = "---done---";
        self.input.write_all(format!("{statements};\n\\echo {DONE}\n").as_bytes()).await?;
        self.input.flush().await?;
        loop {
            match self.output.next_line().await? {
                Some(line) if line == DONE => return Ok(()),
                Some(_) => {}
                None => bail!("psql ended; its message is above"),
            }
        }
    }
}
