//! The real program as a process: run to its end, or kept running and sent signals.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// Result of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit code; None after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) took: Duration,
}

impl Ran {
    /// Fails with all output unless the exit code is this one.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// The held ids in the last lines.
    pub(crate) fn held(&self) -> Vec<String> {
        self.out.lines().filter_map(|line| line.strip_prefix("held: ")).map(str::to_owned).collect()
    }

    /// Fails unless standard error is one clear message with these words, and standard output is empty.
    pub(crate) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in\n{}", self.err);
        }
        assert!(self.out.is_empty(), "{}", self.out);
        let lines = self.err.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(lines, 1, "one message, not\n{}", self.err);
    }
}

/// A running process.
pub(crate) struct Running {
    child: Child,
    pid: u32,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
    reading: Vec<JoinHandle<()>>,
    start: Instant,
}

/// How long something on a real Synapse may take before a test gives up. Tests share one, where a join of a pass with
/// two requests in flight takes seconds beside a test with forty people.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

impl Running {
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.env("RUST_BACKTRACE", "1");
        let mut child = command.spawn().context("the program does not start")?;
        let (out, err) = (Arc::<Mutex<String>>::default(), Arc::<Mutex<String>>::default());
        let reading = vec![
            tokio::spawn(read(child.stdout.take().context("no output")?, Arc::clone(&out))),
            tokio::spawn(read(child.stderr.take().context("no output")?, Arc::clone(&err))),
        ];
        let pid = child.id().context("it ended at once")?;
        Ok(Self { child, pid, out, err, reading, start: Instant::now() })
    }

    /// How many heaps the C library has made beside the first one. Each is set apart as 64 MiB of addresses, of which
    /// what is not used yet cannot be accessed.
    pub(crate) fn further_heaps(&self) -> anyhow::Result<usize> {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.pid))?;
        let unused = maps.lines().filter(|line| line.contains(" ---p ")).filter_map(|line| {
            let (from, to) = line.split_once(' ')?.0.split_once('-')?;
            Some(u64::from_str_radix(to, 16).ok()? - u64::from_str_radix(from, 16).ok()?)
        });
        Ok(unused.filter(|bytes| (32 << 20..64 << 20).contains(bytes)).count())
    }

    /// Its output to standard error so far.
    pub(crate) fn err(&self) -> String {
        self.err.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until standard error contains this.
    pub(crate) async fn told(&self, word: &str) -> anyhow::Result<()> {
        self.told_times(word, 1).await
    }

    /// Waits until standard error contains this a number of times.
    pub(crate) async fn told_times(&self, word: &str, times: usize) -> anyhow::Result<()> {
        let told = equipemed_testbed::eventually(word, PATIENCE, || async {
            Ok((self.err().matches(word).count() >= times).then_some(()))
        });
        told.await.with_context(|| self.err())
    }

    pub(crate) fn kill9(&self) -> anyhow::Result<()> {
        self.signal(Signal::KILL)
    }

    /// Suspends it, as when a machine is swapping or being migrated.
    pub(crate) fn stop(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Resumes it.
    pub(crate) fn go_on(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    pub(crate) fn hup(&self) -> anyhow::Result<()> {
        self.signal(Signal::HUP)
    }

    pub(crate) fn term(&self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw).context("no process id")?;
        // The child was not waited for, so its process id cannot have been reused.
        match kill_process(pid, signal) {
            // It has already ended.
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error).context("it cannot be signalled"),
        }
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> anyhow::Result<Ran> {
        let Ok(status) = tokio::time::timeout(Duration::from_secs(240), self.child.wait()).await else {
            bail!("it does not end; it said\n{}", self.err());
        };
        let took = self.start.elapsed();
        for reading in self.reading {
            reading.await?;
        }
        let text = |text: &Mutex<String>| text.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let ran = Ran { code: status?.code(), out: text(&self.out), err: text(&self.err), took };
        for word in ["panicked", "stack backtrace", "RUST_BACKTRACE"] {
            assert!(!ran.err.contains(word), "{}", ran.err);
        }
        Ok(ran)
    }
}

async fn read(from: impl tokio::io::AsyncRead + Unpin, into: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut text = into.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(&line);
        text.push('\n');
    }
}

/// Status and text of a page of a service.
pub(crate) async fn page(port: u16, path: &str) -> anyhow::Result<(u16, String)> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    let answer = http.get(format!("http://127.0.0.1:{port}{path}")).send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}
