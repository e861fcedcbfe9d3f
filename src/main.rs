//! Parses the arguments, runs, and turns the end into an exit code.

use std::process::ExitCode;

use clap::Parser;
use equipemed_bot::cli::{Cli, run};

fn main() -> ExitCode {
    run(Cli::parse())
}
