//! `cargo xtask test`: every test there is, the quick ones first; ends at the first failure.

use std::time::Instant;

use crate::run::{self, Failure, say};
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

/// Names with the targets that cargo is given.
const RINGS: [(&str, &[&str]); 3] = [
    ("domain: pure, no servers", &["--lib", "--test", "domain"]),
    ("it: the service, on a real Synapse and real databases", &["--test", "it"]),
    ("testbed: the servers the tests stand on", &["--test", "testbed"]),
];

/// Runs them; gives cargo's result lines.
pub(crate) fn all() -> Result<Vec<String>, Failure> {
    tools::need(&[Tool::Python, Tool::Postgres])?;
    let (workspace, start) = (Workspace::find()?, Instant::now());
    run::step("build the tests", &mut workspace.cargo(&["test", "--workspace", "--no-run"]))?;
    let mut results = Vec::new();
    for (name, targets) in RINGS {
        let mut command = workspace.cargo(&["test", "--workspace"]);
        command.args(targets);
        results.extend(run::listen(name, &mut command, |line| line.starts_with("test result: "))?);
    }
    let passed: u64 = results.iter().filter_map(|line| counted(line)).sum();
    say(&format!("\nxtask test: all {passed} tests passed in {} s", start.elapsed().as_secs()));
    Ok(results)
}

/// N of "test result: ok. N passed; …".
fn counted(line: &str) -> Option<u64> {
    line.split(" passed").next()?.rsplit(' ').next()?.parse().ok()
}
