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
use tokio::signal::unix::{Signal, SignalKind, signal};

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

/// How far it came.
enum Reached {
    /// `--once`: whether all was as it should be.
    Checked(bool),
    /// Everything is up, to be tried.
    Up(Box<Place>),
    /// Somebody stopped it on the way.
    Stopped,
}

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match (arguments(std::env::args().skip(1)), Signals::new()) {
        (Err(error), _) => {
            say::line(&format!("error: {error:#}"));
            return ExitCode::from(2);
        }
        (_, Err(error)) => Err(error),
        (Ok(arguments), Ok(signals)) => run(&arguments, signals).await,
    };
    match ended {
        Ok(true) => {
            say::line("Everything that was started has ended.");
            ExitCode::SUCCESS
        }
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say::line(&format!("\ndemo: failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Whether it ended well.
async fn run(arguments: &Arguments, mut signals: Signals) -> anyhow::Result<bool> {
    // Until everything is up a signal ends it at once: a future that is dropped ends the servers it has started.
    let reached = tokio::select! {
        reached = begin(arguments) => reached?,
        () = signals.next() => Reached::Stopped,
    };
    match reached {
        Reached::Checked(all) => Ok(all),
        Reached::Up(place) => stay::until_stopped(*place, signals.next()).await.map(|()| true),
        Reached::Stopped => {
            say::line("\nStopped.");
            Ok(!arguments.once)
        }
    }
}

async fn begin(arguments: &Arguments) -> anyhow::Result<Reached> {
    let place = Place::open(&arguments.root, &arguments.binary, &arguments.folder).await?;
    let mut checks = Checks::default();
    let first = place.first_steps(&mut checks).await?;
    if !arguments.once {
        return Ok(Reached::Up(Box::new(place)));
    }
    accounts::check(&place, &mut checks).await?;
    rooms::check(&place, &mut checks).await?;
    living::check(&place, &mut checks).await?;
    place.close().await?;
    say::line(&format!("\nfirst sync: {first}"));
    Ok(Reached::Checked(checks.close()))
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

/// SIGINT and SIGTERM; none is lost between two looks.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let wanted = |kind| signal(kind).context("signals cannot be received");
        Ok(Self { interrupt: wanted(SignalKind::interrupt())?, terminate: wanted(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
