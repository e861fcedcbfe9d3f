//! What the program says and does without a server.

use std::fs::Permissions;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result};
use equipemed_testbed::Folder;

use super::architecture::project;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_equipemed-bot"));
    command.args(arguments);
    command
}

#[test]
fn a_reader_that_goes_away_is_no_failure() -> Result<()> {
    for arguments in [["completions", "bash"], ["config", "example"]] {
        let mut child = program(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        drop(child.stdout.take());
        let Output { status, stderr, .. } = child.wait_with_output()?;
        assert!(status.success() && stderr.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
    }
    Ok(())
}

#[test]
fn no_help_shows_a_secret_on_a_command_line() -> Result<()> {
    for arguments in [&["setup", "--help"][..], &["directory", "install-triggers", "--help"]] {
        let mut text = String::new();
        let mut child = program(arguments).stdout(Stdio::piped()).spawn()?;
        child.stdout.take().context("no output")?.read_to_string(&mut text)?;
        assert!(child.wait()?.success());
        for secret in ["SYNAPSE_REGISTRATION_SHARED_SECRET=", "MATRIX_ADMIN_TOKEN=", "EQUIPEMED_ADMIN_URL="] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    Ok(())
}

#[test]
fn config_check_tells_a_roster_that_is_not_there() -> Result<()> {
    let folder = Folder::new("command-line")?;
    let run = |arguments: &[&str]| program(arguments).current_dir(folder.path()).output();
    let registration = ["registration", "--server-name", "h.example", "--output", "registration.yaml"];
    assert!(run(&registration)?.status.success());
    let config = "homeserver: {url: 'http://127.0.0.1:1', server_name: h.example}\n\
        appservice: {registration: registration.yaml, listen: 127.0.0.1:9009}\n\
        directory: {source: roster, roster: nowhere.yaml}\n";
    std::fs::write(folder.path().join("config.yaml"), config)?;
    let checked = run(&["config", "check"])?;
    let said = String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(1), "{said}");
    assert!(said.contains("nowhere.yaml") && said.contains("directory.roster"), "{said}");
    assert_eq!(said.matches("No such file").count(), 1, "{said}");
    Ok(())
}

/// What is typed at the machine: `deploy/equipemed-bot`, with other places.
#[test]
fn the_installed_command_works_as_the_services_user_in_its_folder_with_its_environment() -> Result<()> {
    let folder = Folder::new("installed")?;
    let path = |name: &str| folder.path().join(name);
    let may = |name: &str, mode: u32| std::fs::set_permissions(path(name), Permissions::from_mode(mode));
    may("", 0o755)?;
    std::fs::write(path("program"), "#!/bin/sh\necho \"$(id -un) $(pwd) ($SECRET) ($QUOTED) ($TYPED) $*\"\n")?;
    may("program", 0o755)?;
    let environment = "# The service's own.\nSECRET=a $(touch made) b\n\nQUOTED=\"x y\"\n1BAD=x\nno-name=x\nLAST='z'";
    std::fs::write(path("environment"), environment)?;
    may("environment", 0o600)?;
    let is_root = rustix::process::geteuid().is_root();
    let who = Command::new("id").arg("-un").output()?.stdout;
    let user = if is_root { "nobody".to_owned() } else { String::from_utf8(who)?.trim().to_owned() };
    let shown = |name: &str| path(name).display().to_string();
    let mut script = std::fs::read_to_string(project().join("deploy/equipemed-bot"))?;
    for (place, instead) in [
        ("user=equipemed-bot", format!("user={user}")),
        ("folder=/etc/equipemed-bot", format!("folder={}", folder.path().display())),
        ("environment=/etc/default/equipemed-bot", format!("environment={}", shown("environment"))),
        ("program=/usr/local/lib/equipemed-bot/equipemed-bot", format!("program={}", shown("program"))),
    ] {
        assert_eq!(script.matches(place).count(), 1, "{place}");
        script = script.replace(place, &instead);
    }
    std::fs::write(path("installed"), script)?;
    let mut command = Command::new("sh");
    command.arg(path("installed")).args(["sync", "--dry-run"]).current_dir("/").env("TYPED", "typed");
    let said = String::from_utf8(command.output()?.stdout)?;
    let here = folder.path().display();
    assert_eq!(said.trim(), format!("{user} {here} (a $(touch made) b) (x y) (typed) sync --dry-run"));
    assert!(!path("made").exists());
    // What gives files to other users stays who it is, and where.
    let mut command = Command::new("sh");
    command.arg(path("installed")).args(["deploy", "check", "x"]).current_dir("/");
    let said = String::from_utf8(command.output()?.stdout)?;
    let (who, here) = if is_root { ("root".to_owned(), "/".to_owned()) } else { (user, here.to_string()) };
    assert!(said.starts_with(&format!("{who} {here} (")) && said.trim().ends_with("deploy check x"), "{said}");
    Ok(())
}
