//! A server process that cannot outlive the process that started it.
//!
//! Each server runs below a small `sh` supervisor that reads signal names from a pipe and ends the server when the pipe
//! closes, which the kernel does however this process ends. A parent-death signal would not work: it is tied to the
//! *thread* that started the child, and threads of a test's runtime end before a shared server should.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::folder;

/// `$1` is the signal that ends the server, `$2` a folder to remove after the harness has ended (or ""), the rest the
/// server. Prints the server's process id first.
const SUPERVISOR: &str = r#"
ending=$1; folder=$2; shift 2
exec 3<&0 4>&1 >&2
orphaned=
trap 'orphaned=yes' USR1
"$@" 3<&- 4>&- </dev/null &
child=$!
echo "$child" >&4
exec 4>&-
{
    while read -r word; do kill -s "$word" "$child"; done
    kill -s USR1 $$
    kill -s "$ending" "$child"
    kill -s CONT "$child"
    n=0
    while [ $n -lt 100 ] && kill -s 0 "$child"; do sleep 0.1; n=$((n + 1)); done
    kill -s KILL "$child"
} <&3 >/dev/null 2>&1 &
watcher=$!
while :; do
    wait "$child"
    code=$?
    kill -s 0 "$child" 2>/dev/null || break
done
kill "$watcher" 2>/dev/null
if [ -n "$orphaned" ] && [ -n "$folder" ]; then cd / && rm -rf -- "$folder"; fi
exit "$code"
"#;

/// A signal to send to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM
    Term,
    /// SIGINT
    Int,
    /// SIGKILL
    Kill,
    /// SIGSTOP
    Stop,
    /// SIGCONT
    Cont,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Int => "INT",
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Cont => "CONT",
        }
    }
}

/// The server to run.
#[derive(Debug)]
pub(crate) struct Server<'a> {
    pub(crate) name: &'a str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Working directory, which the supervisor removes after the harness has ended.
    pub(crate) folder: &'a Path,
    /// Variables to add to the environment.
    pub(crate) environment: Vec<(&'static str, PathBuf)>,
    /// File to which standard output and error are appended.
    pub(crate) output: PathBuf,
    /// User and group to run as, if not ours.
    pub(crate) user: Option<(u32, u32)>,
    pub(crate) ending: Signal,
}

/// A running server; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Child {
    supervisor: std::process::Child,
    commands: Option<ChildStdin>,
    pid: u32,
    ending: Signal,
}

impl Child {
    /// Starts the server below its supervisor.
    pub(crate) fn start(server: Server<'_>) -> anyhow::Result<Self> {
        let output =
            File::options().create(true).append(true).open(&server.output).context("cannot open the output file")?;
        let removed = if folder::kept() { "" } else { &server.folder.to_string_lossy() };
        let mut command = Command::new("sh");
        command
            .args(["-c", SUPERVISOR, "sh", server.ending.name(), removed])
            .arg(&server.program)
            .args(&server.arguments)
            .current_dir(server.folder)
            .envs(server.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output)
            // Ctrl-C in a terminal then reaches only the harness, and the supervisor ends the server in order.
            .process_group(0);
        if let Some((user, group)) = server.user {
            command.uid(user).gid(group);
        }
        let mut supervisor = command.spawn().with_context(|| format!("cannot start {}", server.name))?;
        let commands = supervisor.stdin.take();
        let mut line = String::new();
        let answer = supervisor.stdout.take().context("the supervisor has no output")?;
        BufReader::new(answer).read_line(&mut line).context("cannot read the process id")?;
        let pid = line
            .trim()
            .parse()
            .with_context(|| format!("{} did not start: {}", server.name, tail(&server.output, 20)))?;
        Ok(Self { supervisor, commands, pid, ending: server.ending })
    }

    /// The server's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The exit status, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        match self.supervisor.try_wait() {
            Ok(status) => status,
            Err(_) => Some(ExitStatus::from_raw(-1)),
        }
    }

    /// Sends a signal to the server.
    pub(crate) fn signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        let pipe = self.commands.as_mut().context("already ending")?;
        writeln!(pipe, "{}", signal.name()).context("cannot reach the supervisor")
    }

    /// Sends the ending signal and waits for the end.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        if self.ended().is_none() {
            self.signal(self.ending)?;
        }
        self.gone().await
    }

    /// Kills it, like a crash.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        if self.ended().is_none() {
            self.signal(Signal::Kill)?;
        }
        self.gone().await
    }

    async fn gone(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        while self.ended().is_none() {
            if start.elapsed() > Duration::from_secs(30) {
                bail!("process {} did not end within 30 s", self.pid);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        // The owner does not need the data any more, so there is no need for an orderly end.
        if self.signal(Signal::Kill).is_err() {
            self.commands = None;
        }
        let _ = self.supervisor.wait();
    }
}

/// The last lines of a file, for error messages.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
