//! A program of this workspace that runs beside the servers, such as the service itself under `serve`.
//!
//! Like the servers it cannot outlive the process that started it. It is no server of ours to set up: arguments and files are
//! the caller's.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::Folder;
use crate::child::{self, Child, Server, Signal};

/// A running program; dropping it ends it.
pub struct Program {
    // Before the folder: the process is to be gone before its working directory.
    child: Child,
    _folder: Folder,
    output: PathBuf,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("pid", &self.child.pid()).field("output", &self.output).finish_non_exhaustive()
    }
}

impl Program {
    /// Starts it in an empty folder of its own, so that paths among the arguments have to be absolute. What it prints is
    /// appended to `output`.
    pub fn start(program: &Path, arguments: &[&str], output: &Path) -> anyhow::Result<Self> {
        let folder = Folder::new("program")?;
        let name = program.file_name().context("the program has no name")?.to_string_lossy().into_owned();
        let child = Child::start(Server {
            name: &name,
            program: program.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            folder: folder.path(),
            output: output.to_owned(),
            user: None,
            ending: Signal::Term,
        })?;
        Ok(Self { child, _folder: folder, output: output.to_owned() })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// How it ended, when it did.
    pub fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.ended()
    }

    /// The last lines of what it printed.
    pub fn output_tail(&self) -> String {
        child::tail(&self.output, 20)
    }

    /// Sends SIGTERM and waits until it is gone; fails when that takes longer than 30 s.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.child.stop().await
    }
}
