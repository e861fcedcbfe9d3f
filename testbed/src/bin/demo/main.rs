//! `cargo xtask demo`: the service against a real Synapse with the shipped example, to look at or to be checked.
//!
//! Without `--once` it stays up for people to try things until Ctrl-C. With it, it checks what came about, mostly through the
//! people's own clients, and ends with 0 or 1. It runs the service's binary as a process and never links it.

mod accounts;
mod living;
mod place;
mod rooms;
mod roster;
mod say;
mod service;
mod stay;
mod views;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use tokio::signal::unix::{SignalKind, signal};

use crate::place::Place;
use crate::say::Checks;

/// What was asked for.
#[derive(Debug)]
struct Arguments {
    once: bool,
    root: PathBuf,
    binary: PathBuf,
    folder: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            say::line(&format!("error: {error:#}"));
            return ExitCode::from(2);
        }
    };
    // A future that is dropped ends the servers it has started.
    let ended = tokio::select! {
        ended = run(&arguments) => ended,
        () = interrupted() => Ok(arguments.once.then_some(false)),
    };
    match ended {
        Ok(Some(false)) => ExitCode::FAILURE,
        Ok(_) => {
            say::line("\nEverything that was started has ended.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            say::line(&format!("\ndemo: failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Whether all checks passed; None when there were none.
async fn run(arguments: &Arguments) -> anyhow::Result<Option<bool>> {
    let place = Place::open(&arguments.root, &arguments.binary, &arguments.folder).await?;
    let mut checks = Checks::default();
    let first = place.first_steps(&mut checks).await?;
    if !arguments.once {
        stay::until_stopped(place, interrupted()).await?;
        return Ok(None);
    }
    accounts::check(&place, &mut checks).await?;
    rooms::check(&place, &mut checks).await?;
    living::check(&place, &mut checks).await?;
    say::line(&format!("\nfirst sync: {first}"));
    place.close().await?;
    Ok(Some(checks.close()))
}

fn arguments(given: impl Iterator<Item = String>) -> anyhow::Result<Arguments> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut arguments = Arguments {
        once: false,
        binary: root.join("target/debug/equipemed-bot"),
        folder: root.join("target/demo"),
        root,
    };
    let mut given = given;
    while let Some(argument) = given.next() {
        let path = |given: &mut dyn Iterator<Item = String>| {
            given.next().map(PathBuf::from).with_context(|| format!("{argument} wants a path"))
        };
        match argument.as_str() {
            "--once" => arguments.once = true,
            "--root" => arguments.root = path(&mut given)?,
            "--binary" => arguments.binary = path(&mut given)?,
            "--folder" => arguments.folder = path(&mut given)?,
            other => bail!("{other:?} is none of --once, --root PATH, --binary PATH, --folder PATH"),
        }
    }
    Ok(arguments)
}

/// Waits for SIGINT or SIGTERM.
async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
