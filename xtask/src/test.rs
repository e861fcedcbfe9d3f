//! `cargo xtask test`: runs all tests, up to the first failure.

use std::time::Instant;

use crate::run::{self, Failure, say};
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

/// Tells test programs how many tests to run side by side.
const THREADS: &str = "RUST_TEST_THREADS";

/// Returns cargo's result lines.
pub(crate) fn all() -> Result<Vec<String>, Failure> {
    tools::need(Tool::ALL)?;
    let (workspace, start) = (Workspace::find()?, Instant::now());
    run::step("build the tests", &mut workspace.cargo(&["test", "--workspace", "--no-run"]))?;
    // In one command: naming targets would build libraries without tests a second time and miss new ones.
    let mut command = workspace.cargo(&["test", "--workspace"]);
    if std::env::var_os(THREADS).is_none() {
        // One more than there are cores: a test mostly waits for Synapse, a pass or a moment.
        let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get());
        command.env(THREADS, (cores + 1).to_string());
    }
    let name = "tests: domain (pure), it (the service on real servers), testbed (those servers)";
    let results = run::listen(name, &mut command, |line| line.starts_with("test result: "))?;
    let passed: u64 = results.iter().filter_map(|line| counted(line)).sum();
    say(&format!("\nxtask test: all {passed} tests passed in {} s", start.elapsed().as_secs()));
    Ok(results)
}

/// N of "test result: ok. N passed; …".
fn counted(line: &str) -> Option<u64> {
    line.split(" passed").next()?.rsplit(' ').next()?.parse().ok()
}
