//! What the program says and does without a server.

use std::io::Read as _;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result};
use equipemed_testbed::Folder;

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
