//! Checks tools before minutes are spent on building: installs them where permitted, otherwise says how.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::run::{self, Failure, works};

/// A tool that cargo does not provide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// With venv and pip, for Synapse.
    Python,
    /// The server's programs, for tests of the store.
    Postgres,
    /// The server in front of all, for tests of what it lets pass.
    Nginx,
    /// For its certificate.
    Openssl,
    /// Encrypts backups.
    Age,
    /// Sends the alarm of a unit that failed.
    Curl,
}

impl Tool {
    /// All that the tests start.
    pub(crate) const ALL: &[Self] = &[Self::Python, Self::Postgres, Self::Nginx, Self::Openssl, Self::Age, Self::Curl];

    fn is_there(self) -> bool {
        match self {
            // Debian ships python3 without ensurepip, so that `python3 -m venv` fails halfway.
            Self::Python => works("python3", &["-c", "import ensurepip, venv"]),
            Self::Postgres => has_initdb(),
            Self::Nginx => ["/usr/sbin/nginx", "nginx"].iter().any(|program| works(program, &["-v"])),
            Self::Openssl => works("openssl", &["version"]),
            Self::Age => works("age", &["--version"]),
            Self::Curl => works("curl", &["--version"]),
        }
    }

    /// Debian's package, including everything it needs.
    fn package(self) -> &'static str {
        match self {
            Self::Python => "python3-venv",
            Self::Postgres => "postgresql",
            Self::Nginx => "nginx",
            Self::Openssl => "openssl",
            Self::Age => "age",
            Self::Curl => "curl",
        }
    }
}

/// Installs missing tools with apt, as root or with passwordless `sudo`; otherwise fails with the command to type.
pub(crate) fn need(tools: &[Tool]) -> Result<(), Failure> {
    let missing: Vec<&str> = tools.iter().filter(|tool| !tool.is_there()).map(|tool| tool.package()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!("apt-get install --no-install-recommends {}", missing.join(" "));
    let by_hand = |why: &str| Failure(format!("{} missing, and {why}: sudo {install}", missing.join(" and ")));
    if !works("apt-get", &["--version"]) {
        return Err(Failure(format!(
            "{} missing (Debian's names): install them and run this again",
            missing.join(" and ")
        )));
    }
    let Some(first) = privileged() else { return Err(by_hand("this user may not install it")) };
    let apt = |arguments: &[&str]| {
        let mut command = Command::new(first.unwrap_or("env"));
        command.args(first.map(|_| ["-n", "env"]).into_iter().flatten());
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]).args(arguments);
        run::step("install what is missing", &mut command)
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing.as_slice()].concat())?;
    match tools.iter().any(|tool| !tool.is_there()) {
        true => Err(by_hand("installing it did not help")),
        false => Ok(()),
    }
}

/// Prefix for installing: nothing for root, `sudo` if it needs no password; None without either.
fn privileged() -> Option<Option<&'static str>> {
    let is_root = run::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim_ascii() == b"0");
    match is_root {
        true => Some(None),
        false => works("sudo", &["-n", "true"]).then_some(Some("sudo")),
    }
}

/// Debian keeps the server's programs out of PATH.
fn has_initdb() -> bool {
    let packaged =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let in_path = std::env::var_os("PATH").map(|paths| std::env::split_paths(&paths).collect::<Vec<PathBuf>>());
    packaged.chain(in_path.unwrap_or_default()).any(|folder| folder.join("initdb").is_file())
}
