//! A PostgreSQL server for the tests, with an empty database for each.
//!
//! Takes the server that `EQUIPEMED_TEST_POSTGRES` names (a superuser's URL),
//! or starts one on a loopback port in a temporary folder, which goes away
//! with the test process, however that ends.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::sync::OnceCell;

/// PostgreSQL refuses to run as root; `nobody` exists everywhere.
const NOBODY: u32 = 65534;
/// Has characters that a URL must not take for its own.
const PASSWORD: &str = "s3cret-of-tests";

struct Server {
    url: String,
    /// Stops the server when its standard input closes.
    _guard: Option<Child>,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();

/// The URL of an empty database.
pub(crate) async fn fresh_database() -> Result<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = SERVER
        .get_or_try_init(|| async {
            match std::env::var("EQUIPEMED_TEST_POSTGRES") {
                Ok(url) => Ok(Server { url, _guard: None }),
                Err(_) => tokio::task::spawn_blocking(start).await?,
            }
        })
        .await?;
    let name = format!("store_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&server.url).await?;
    admin.execute(AssertSqlSafe(format!("create database {name}"))).await?;
    admin.close().await?;
    let mut url = url::Url::parse(&server.url)?;
    url.set_path(&name);
    Ok(url.into())
}

fn start() -> Result<Server> {
    let bin = binaries()?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let folder = std::env::temp_dir().join(format!("equipemed-postgres-{}-{port}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let as_root = super::store::is_root();
    if as_root {
        chown(&folder, Some(NOBODY), Some(NOBODY))?;
    }
    let command = |program: &Path| {
        let mut command = Command::new(program);
        command.current_dir(&folder);
        if as_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    };
    let password_file = folder.join("password");
    std::fs::write(&password_file, PASSWORD)?;
    let data = folder.join("data");

    run(command(&bin.join("initdb"))
        .args(["--no-sync", "--encoding=UTF8", "--locale=C", "--username=postgres", "--auth=scram-sha-256"])
        .arg("--pwfile")
        .arg(&password_file)
        .arg("--pgdata")
        .arg(&data))?;

    // Reading ends when this process does, by whatever death.
    let guard = command(Path::new("/bin/sh"))
        .arg("-c")
        .arg("trap '' INT; read _; \"$0\" -D \"$1/data\" -m immediate stop; cd /; rm -rf \"$1\"")
        .arg(bin.join("pg_ctl"))
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    run(command(&bin.join("pg_ctl"))
        .arg("-D")
        .arg(&data)
        .args(["-w", "-l", "server.log", "-o"])
        .arg(format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300",
            folder.display()
        ))
        .arg("start"))?;
    Ok(Server { url: format!("postgres://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"), _guard: Some(guard) })
}

/// The newest installed version's programs.
fn binaries() -> Result<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .context("install PostgreSQL, or name a server in EQUIPEMED_TEST_POSTGRES")?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().context("no version under /usr/lib/postgresql has initdb")
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    ensure!(status.success(), "{:?} failed: {status}", command.get_program());
    Ok(())
}
