//! Locations of sources and built programs, and commands made from them.
//!
//! Everything is built for the whole workspace: for a single package cargo unifies features differently and would
//! compile most dependencies again.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::Failure;

/// The project on this machine.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self, Failure> {
        // Determined at run time first, because a build folder shared by two clones may contain the other's xtask.
        let own =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root =
            own.parent().map(Path::to_owned).ok_or_else(|| Failure("xtask stands in no workspace".to_owned()))?;
        // TARGET/debug/xtask, wherever cargo was told to build.
        let program = std::env::current_exe().map_err(|error| Failure(format!("where is xtask? {error}")))?;
        let target = program.ancestors().nth(2).map(Path::to_owned).unwrap_or_else(|| root.join("target"));
        Ok(Self { root, target })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The build folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// A built program.
    pub(crate) fn program(&self, profile: &str, name: &str) -> Command {
        let mut command = Command::new(self.target.join(profile).join(name));
        command.current_dir(&self.root);
        command
    }

    pub(crate) fn demo(&self, arguments: &[&str]) -> Command {
        let mut command = self.program("debug", "demo");
        command.arg("--root").arg(&self.root);
        command.arg("--binary").arg(self.target.join("debug/equipemed-bot"));
        command.arg("--folder").arg(self.target.join("demo"));
        command.args(arguments);
        command
    }
}
