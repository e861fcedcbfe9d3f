//! A program of this workspace, such as the service under `serve`.
//!
//! Like the servers, it cannot outlive the process that started it. The caller provides arguments and files.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::Folder;
use crate::child::{self, Child, Server, Signal};

/// A running program; dropping it ends it.
pub struct Program {
    // Dropped before the folder, which is its working directory.
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
    /// Starts it in an empty folder, so paths in arguments must be absolute. Its output is appended to `output`.
    pub fn start(program: &Path, arguments: &[&str], output: &Path) -> anyhow::Result<Self> {
        let folder = Folder::new("program")?;
        let name = program.file_name().context("the program has no name")?.to_string_lossy().into_owned();
        let child = Child::start(Server {
            name: &name,
            program: program.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            folder: folder.path(),
            environment: Vec::new(),
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

    /// The exit status, if it has ended.
    pub fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.ended()
    }

    /// The last lines of its output.
    pub fn output_tail(&self) -> String {
        child::tail(&self.output, 20)
    }

    /// Sends SIGTERM and waits for its end; fails after 30 s.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.child.stop().await
    }
}
