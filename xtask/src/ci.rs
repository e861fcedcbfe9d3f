//! `cargo xtask ci`: everything that must pass before a merge, cheapest first, so that mistakes show within seconds.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::run::{self, Failure, say};
use crate::test;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

/// The steps done, for the table at the end.
#[derive(Debug, Default)]
struct Log {
    lines: Vec<String>,
}

impl Log {
    fn done(&mut self, name: &str, took: Duration) {
        self.lines.push(format!("  {name:<22} ok {:>6.1} s", took.as_secs_f64()));
    }

    fn skipped(&mut self, name: &str, why: &str) {
        say(&format!("\n▶ {name}: skipped, {why}"));
        self.lines.push(format!("  {name:<22} skipped, {why}"));
    }

    fn timed<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let start = Instant::now();
        let ended = work();
        match &ended {
            Ok(_) => self.done(name, start.elapsed()),
            Err(_) => self.print(),
        }
        ended
    }

    fn print(&self) {
        say(&format!("\n{}", self.lines.join("\n")));
    }
}

/// Runs all steps.
pub(crate) fn all() -> Result<(), Failure> {
    tools::need(Tool::ALL)?;
    let workspace = Workspace::find()?;
    let cargo = |name: &'static str, arguments: &[&str]| run::step(name, &mut workspace.cargo(arguments));
    let mut log = Log::default();
    log.timed("format", || cargo("format", &["fmt", "--all", "--check"]))?;
    if run::works("typos", &["--version"]) {
        log.timed("spelling", || run::step("spelling", Command::new("typos").current_dir(workspace.root())))?;
    } else {
        log.skipped("spelling", "typos is not installed");
    }
    if run::works("cargo", &["deny", "--version"]) {
        // Omits advisories: their list is external and changes without a change here.
        log.timed("licences and sources", || cargo("deny", &["deny", "check", "bans", "licenses", "sources"]))?;
    } else {
        log.skipped("licences and sources", "cargo-deny is not installed");
    }
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    log.timed("clippy", || cargo("clippy", &clippy))?;
    log.timed("build", || cargo("build", &["build", "--workspace", "--bins"]))?;
    log.timed("binary and example", || binary(&workspace))?;
    let results = log.timed("tests", test::all)?;
    log.timed("demo --once", || run::step("demo", &mut workspace.demo(&["--once"])))?;
    log.print();
    say(&format!("\n{}\n\nxtask ci: everything passed", results.join("\n")));
    Ok(())
}

/// An operator's first contact: the help, and an example that works.
fn binary(workspace: &Workspace) -> Result<(), Failure> {
    say("\n▶ binary and example: --help, config example, config check");
    let bot = || workspace.program("debug", "equipemed-bot");
    let help = run::output(bot().arg("--help"))?;
    let help = String::from_utf8_lossy(&help);
    for word in ["serve", "sync", "setup", "registration", "doctor"] {
        if !help.contains(word) {
            return Err(Failure(format!("--help does not name {word}")));
        }
    }
    let shipped = workspace.root().join("config.example.yaml");
    let example = run::output(bot().args(["config", "example"]))?;
    if fs::read(&shipped).map_err(|error| Failure(format!("config.example.yaml: {error}")))? != example {
        return Err(Failure("`config example` does not print config.example.yaml".to_owned()));
    }
    let folder = workspace.target().join("example");
    let put = |name: &str, text: &[u8]| {
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join(name), text))
            .map_err(|error| Failure(format!("{name} cannot be written: {error}")))
    };
    let roster = fs::read(workspace.root().join("roster.example.yaml"));
    put("roster.example.yaml", &roster.map_err(|error| Failure(format!("roster.example.yaml: {error}")))?)?;
    put("config.yaml", &example)?;
    let config = folder.join("config.yaml");
    let registration = folder.join("registration.yaml");
    run::output(bot().arg("-c").arg(&config).args(["registration", "--force", "--output"]).arg(registration))?;
    run::output(bot().arg("-c").arg(&config).args(["config", "check"]))?;
    Ok(())
}
