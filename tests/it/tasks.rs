//! Parts of the service never die alone or silently.

use std::panic::panic_any;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use equipemed_bot::cli::tasks::{Tasks, end_with_the_first_panic};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What a process that should panic does.
const ROLE: &str = "EQUIPEMED_TEST_PANIC";

#[tokio::test]
async fn a_part_that_ends_before_the_stop_takes_the_others_with_it() -> Result<()> {
    let stop = CancellationToken::new();
    let mut tasks = Tasks::new(stop.clone());
    tasks.begin("the listener", async { std::future::pending().await });
    tasks.begin("the watch", async { Ok(()) });
    let error = tasks.ended().await.err().context("it went on")?;
    assert_eq!(error.to_string(), "the watch ended without being asked to");

    let mut tasks = Tasks::new(stop.clone());
    tasks.begin("the listener", async { std::future::pending().await });
    tasks.begin("the watch", async { anyhow::bail!("it cannot see") });
    let error = tasks.ended().await.err().context("it went on")?;
    assert_eq!(format!("{error:#}"), "the watch broke: it cannot see");

    let mut tasks = Tasks::new(stop.clone());
    tasks.begin("the listener", async { std::future::pending().await });
    tasks.begin("the watch", async { panic_any("no such row") });
    let error = tasks.ended().await.err().context("it went on")?;
    assert_eq!(error.to_string(), "the watch broke: no such row");

    // A message composed at run time may name people.
    let mut tasks = Tasks::new(stop.clone());
    tasks.begin("the watch", async { panic_any(format!("{} is not a boundary", "Ana Souza")) });
    let error = tasks.ended().await.err().context("it went on")?;
    assert_eq!(error.to_string(), "the watch broke: a panic");

    let mut tasks = Tasks::new(stop.clone());
    tasks.begin("the watch", {
        let stop = stop.clone();
        async move {
            stop.cancelled().await;
            Ok(())
        }
    });
    stop.cancel();
    tasks.ended().await
}

/// A panic ends its process, so this test runs itself again as another process.
#[test]
fn a_panic_that_nobody_waits_for_ends_the_process_with_one_line() -> Result<()> {
    if let Ok(role) = std::env::var(ROLE) {
        return panicking(&role);
    }
    for role in ["task", "pass", "thread", "blocking"] {
        let mut again = Command::new("/proc/self/exe");
        again.args(["a_panic_that_nobody_waits_for", "--nocapture", "--test-threads=1"]).env(ROLE, role);
        let output = again.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = said.lines().filter(|line| line.contains("error:")).collect();
        ensure!(output.status.code() == Some(1), "{role}: {:?}\n{said}", output.status);
        ensure!(lines.len() == 1 && !said.contains("backtrace"), "{role}:\n{said}");
        for word in ["the service broke at ", "tasks.rs:", "as nobody expected", "to be started again"] {
            ensure!(lines[0].contains(word), "{role}: {word:?} is not in {}", lines[0]);
        }
    }
    Ok(())
}

#[expect(clippy::panic, reason = "what is tested is a panic")]
fn panicking(role: &str) -> Result<()> {
    end_with_the_first_panic();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        match role {
            "thread" => drop(std::thread::spawn(|| panic_any("as nobody expected"))),
            "blocking" => drop(tokio::task::spawn_blocking(|| panic_any("as nobody expected"))),
            "pass" => drop(tokio::spawn(async {
                let mut passes = JoinSet::new();
                passes.spawn(async { panic_any("as nobody expected") });
                std::future::pending::<()>().await;
                drop(passes);
            })),
            _ => drop(tokio::spawn(async { panic_any("as nobody expected") })),
        }
        let _ = tokio::time::timeout(Duration::from_secs(30), std::future::pending::<()>()).await;
    });
    anyhow::bail!("it went on")
}
