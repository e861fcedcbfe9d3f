//! `cargo xtask …`: the project's commands. Builds what is needed, runs it, and says clearly how it ended.
//!
//! Has no dependencies, so that it starts in seconds with nothing but cargo.

mod ci;
mod run;
mod test;
mod texts;
mod tools;
mod workspace;

use std::process::ExitCode;

use crate::run::{Failure, say};
use crate::tools::Tool;
use crate::workspace::Workspace;

const HELP: &str = "\
cargo xtask demo [--once]   a real Synapse with the example hospital, kept in line by equipemed-bot; stays up to be tried
                            until Ctrl-C. --once: checks itself instead, ends with 0 or 1
cargo xtask demo say TEXT [--as NAME] [--in ROOM] [--reply EVENT|last]
                            says something in the demo that runs in another terminal and prints the bot's answer, as in
                            say '!sync --dry-run'. In the control room by an administrator, unless said otherwise
cargo xtask test            all tests: the domain's, the service's against real servers, the testbed's own
cargo xtask ci              everything that must hold before a merge, cheapest first
cargo xtask texts [--accept] all that the bot says, with real arguments, on one page per language; compares the pages with
                            tests/samples/texts. --accept: after reading them, keeps the new ones
cargo xtask bench [ARGS]    measures an optimised build against a real Synapse
cargo xtask help            this text

The first run installs Synapse from PyPI into target/testbed, or into $EQUIPEMED_TESTBED_CACHE.";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_else(|| "help".to_owned());
    let rest: Vec<String> = arguments.collect();
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let ended = match (command.as_str(), rest.as_slice()) {
        ("demo", [] | ["--once"]) => demo(&rest),
        ("demo", ["say", ..]) => say_in_demo(&rest),
        ("test", []) => test::all().map(|_| ()),
        ("texts", [] | ["--accept"]) => texts::pages(!rest.is_empty()),
        ("ci", []) => ci::all(),
        ("bench", arguments) => bench(arguments),
        ("help" | "--help" | "-h", _) => {
            say(HELP);
            Ok(())
        }
        _ => {
            say(&format!("{HELP}\n\nerror: no such command: {command} {}", rest.join(" ")));
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(why)) => {
            say(&format!("xtask {command}: FAILED: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn demo(arguments: &[&str]) -> Result<(), Failure> {
    tools::need(&[Tool::Python])?;
    let workspace = Workspace::find()?;
    run::step("build", &mut workspace.cargo(&["build", "--workspace", "--bins"]))?;
    // Replaces this process, so that Ctrl-C and `kill` reach the demo, which has servers to end.
    Err(run::become_command(workspace.demo(arguments)))
}

/// Builds nothing: without a build no demo is running, and a new build would change the running one.
fn say_in_demo(arguments: &[&str]) -> Result<(), Failure> {
    let demo = Workspace::find()?.demo(arguments);
    if !std::path::Path::new(demo.get_program()).is_file() {
        return Err(Failure("no demo is running: start `cargo xtask demo` in another terminal".to_owned()));
    }
    Err(run::become_command(demo))
}

fn bench(arguments: &[&str]) -> Result<(), Failure> {
    // The pure measurement needs no other program.
    let is_pure = arguments.windows(2).any(|pair| pair == ["--only", "pure"])
        && arguments.iter().filter(|word| **word == "--only").count() == 1;
    tools::need(if is_pure { &[] } else { &[Tool::Python, Tool::Postgres] })?;
    let workspace = Workspace::find()?;
    // Only the programs that run, because linking each further one takes minutes.
    let service = ["-p", "equipemed-bot", "--bin", "equipemed-bot"];
    let programs = service.into_iter().filter(|_| !is_pure).chain(["-p", "equipemed-testbed", "--bin", "bench"]);
    run::step("build", workspace.cargo(&["build", "--release"]).args(programs))?;
    let mut bench = workspace.program("release", "bench");
    bench.args(arguments);
    Err(run::become_command(bench))
}
