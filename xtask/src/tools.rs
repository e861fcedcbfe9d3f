//! What has to be on the machine before minutes are spent on building, each with its fix.

use std::fs;
use std::path::PathBuf;

use crate::run::{Failure, say, works};

/// Something that cargo does not bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// With venv and pip, for Synapse.
    Python,
    /// Its server programs, for tests of the store.
    Postgres,
}

impl Tool {
    fn is_there(self) -> bool {
        match self {
            // Debian ships python3 without ensurepip, and then `python3 -m venv` fails only when half done.
            Self::Python => works("python3", &["-c", "import ensurepip, venv"]),
            Self::Postgres => has_initdb(),
        }
    }

    fn fix(self) -> &'static str {
        match self {
            Self::Python => "python3 with venv is missing (Synapse is installed with it): apt-get install python3-venv",
            Self::Postgres => {
                "PostgreSQL's initdb is missing (a cluster of its own is made): apt-get install postgresql"
            }
        }
    }
}

/// Fails with everything that is missing.
pub(crate) fn need(tools: &[Tool]) -> Result<(), Failure> {
    if !works("cargo", &["--version"]) {
        say("cargo is missing: install Rust with rustup");
        return Err(Failure("a tool is missing".to_owned()));
    }
    let missing: Vec<_> = tools.iter().filter(|tool| !tool.is_there()).collect();
    for tool in &missing {
        say(tool.fix());
    }
    if missing.is_empty() { Ok(()) } else { Err(Failure("a tool is missing".to_owned())) }
}

/// Debian keeps the server's programs out of PATH.
fn has_initdb() -> bool {
    let packaged =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let in_path = std::env::var_os("PATH").map(|paths| std::env::split_paths(&paths).collect::<Vec<PathBuf>>());
    packaged.chain(in_path.unwrap_or_default()).any(|folder| folder.join("initdb").is_file())
}
