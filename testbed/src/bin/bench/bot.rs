//! Runs the release binary as a process, to its end or as a service.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use equipemed_testbed::eventually;
use tokio::process::{Child, Command};

/// Cost of a command.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) seconds: f64,
    /// User and system time.
    pub(crate) cpu_seconds: f64,
}

/// Runs a command to its end; a failure is an error with its output.
pub(crate) async fn run(
    program: &Path,
    config: &Path,
    words: &[&str],
    environment: &[(&str, &str)],
    within: Duration,
) -> anyhow::Result<Ran> {
    let mut command = Command::new(program);
    command.args(words).arg("--config").arg(config).envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let before = children_cpu_seconds()?;
    let start = Instant::now();
    let child = command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
    let output = tokio::time::timeout(within, child.wait_with_output()).await;
    let seconds = start.elapsed().as_secs_f64();
    let output = output.with_context(|| format!("{words:?} did not end within {within:?}"))??;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{words:?} failed ({}): {}", output.status, String::from_utf8_lossy(&said).trim());
    }
    Ok(Ran { seconds, cpu_seconds: children_cpu_seconds()? - before })
}

/// Processor time of all ended children; between two readings only the command ends.
fn children_cpu_seconds() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").context("cannot read the process's times")?;
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| {
        fields.get(index).and_then(|field| field.parse::<f64>().ok()).context("unknown form of /proc/self/stat")
    };
    Ok((ticks(13)? + ticks(14)?) / 100.0)
}

/// A running `serve`; dropping it ends it.
pub(crate) struct Service {
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts it, logging to this file.
    pub(crate) fn start(program: &Path, config: &Path, log: PathBuf) -> anyhow::Result<Self> {
        let file = std::fs::File::create(&log).context("cannot make the log")?;
        let mut command = Command::new(program);
        command.arg("serve").arg("--config").arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let child = command.kill_on_drop(true).spawn().with_context(|| format!("cannot run {}", program.display()))?;
        Ok(Self { child, log })
    }

    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("serve has ended")
    }

    /// Waits until this many full passes have ended.
    pub(crate) async fn passes(&mut self, count: usize, within: Duration) -> anyhow::Result<()> {
        let log = self.log.clone();
        let child = &mut self.child;
        eventually("the end of a full pass", within, || {
            let ended = child.try_wait();
            let text = std::fs::read_to_string(&log);
            async move {
                let text = text?;
                if let Some(status) = ended? {
                    bail!("serve ended ({status}): {text}");
                }
                Ok((text.matches("A full pass ended").count() >= count).then_some(()))
            }
        })
        .await
    }
}

/// Memory of a process in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident: u64,
    /// Resident memory not backed by a file, which the process itself allocated. The rest is mostly the program's text,
    /// which the kernel can drop and reload.
    pub(crate) anonymous: u64,
    /// Highest resident memory so far.
    pub(crate) peak: u64,
}

impl Memory {
    /// Reads it.
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(format!("/proc/{pid}/status")).context("cannot read the process's status")?;
        let bytes = |name: &str| -> anyhow::Result<u64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let line = line.with_context(|| format!("no {name} has the process ended?"))?;
            let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().context("unknown form of status")?;
            Ok(kilobytes * 1024)
        };
        Ok(Self { resident: bytes("VmRSS:")?, anonymous: bytes("RssAnon:")?, peak: bytes("VmHWM:")? })
    }
}
