//! Runs commands visibly and measures their time.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Why xtask exits with 1, printed last.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

/// Prints a line, ignoring a closed pipe.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Runs a command to its end; fails if it does.
pub(crate) fn step(name: &str, command: &mut Command) -> Result<Duration, Failure> {
    begin(name, command);
    let start = Instant::now();
    let status = command.status().map_err(|error| cannot(command, &error))?;
    if status.success() { Ok(start.elapsed()) } else { Err(Failure(format!("{name} ended with {status}"))) }
}

/// The same; prints all output and returns the lines selected by `keep`.
pub(crate) fn listen(name: &str, command: &mut Command, keep: fn(&str) -> bool) -> Result<Vec<String>, Failure> {
    begin(name, command);
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| cannot(command, &error))?;
    let mut kept = Vec::new();
    if let Some(output) = child.stdout.take() {
        // As bytes, because a test may print invalid text.
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            say(&line);
            if keep(&line) {
                kept.push(line);
            }
        }
    }
    let status = child.wait().map_err(|error| cannot(command, &error))?;
    if status.success() { Ok(kept) } else { Err(Failure(format!("{name} ended with {status}"))) }
}

/// Output of a successful command.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let output = command.output().map_err(|error| cannot(command, &error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure(format!("{} ended with {}: {said}", shown(command), output.status)))
}

/// Whether a command exists and works.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Replaces this process; returns only on failure.
pub(crate) fn become_command(mut command: Command) -> Failure {
    let error = command.exec();
    cannot(&command, &error)
}

fn begin(name: &str, command: &Command) {
    say(&format!("\n▶ {name}: {}", shown(command)));
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ")
}

fn cannot(command: &Command, error: &std::io::Error) -> Failure {
    Failure(format!("{} cannot be run: {error}", shown(command)))
}
