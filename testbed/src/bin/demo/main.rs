//! `cargo xtask demo`: the service with the shipped example and a real Synapse, to explore or to check.
//!
//! Without `--once` it runs until Ctrl-C, and `say` talks to its bot from another terminal. With `--once` it checks the
//! result, mostly through people's own clients, and exits with 0 or 1. It runs the service's binary as a process and
//! never links it.

mod accounts;
mod arguments;
mod control;
mod living;
mod place;
mod rooms;
mod roster;
mod say;
mod service;
mod speak;
mod state;
mod stay;
mod talk;
mod views;

use std::process::ExitCode;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::arguments::{Arguments, Task};
use crate::place::Place;
use crate::say::Checks;
use crate::state::State;

/// How far the demo got.
enum Reached {
    /// `--once`: whether all checks passed.
    Checked(bool),
    /// Everything is running.
    Up(Box<Place>),
    /// Stopped while starting.
    Stopped,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            say::line(&format!("error: {error:#}"));
            return ExitCode::from(2);
        }
    };
    let ended = match (&arguments.task, Signals::new()) {
        (Task::Say(words), _) => speak::speak(&arguments.folder, words).await,
        (_, Err(error)) => Err(error),
        (_, Ok(signals)) => run(&arguments, signals).await,
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say::line(&format!("\ndemo: failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Returns whether it succeeded.
async fn run(arguments: &Arguments, mut signals: Signals) -> anyhow::Result<bool> {
    // While starting, a signal stops it at once: dropping the future ends the servers.
    let reached = tokio::select! {
        reached = begin(arguments) => reached?,
        () = signals.next() => Reached::Stopped,
    };
    let ended_well = match reached {
        Reached::Checked(all) => all,
        Reached::Up(place) => {
            stay::until_stopped(*place, &arguments.folder, signals.next()).await?;
            true
        }
        Reached::Stopped => {
            say::line("\nStopped.");
            arguments.task != Task::Once
        }
    };
    if ended_well {
        say::line("Everything that was started has ended.");
    }
    Ok(ended_well)
}

async fn begin(arguments: &Arguments) -> anyhow::Result<Reached> {
    let running = State::find(&arguments.folder).await?;
    anyhow::ensure!(running.is_none(), "a demo is running already, with {} in use", arguments.folder.display());
    let place = Place::open(&arguments.root, &arguments.binary, &arguments.folder).await?;
    let mut checks = Checks::default();
    let first = place.first_steps(&mut checks).await?;
    if arguments.task == Task::Stay {
        return Ok(Reached::Up(Box::new(place)));
    }
    accounts::check(&place, &mut checks).await?;
    rooms::check(&place, &mut checks).await?;
    let serving = place.service.serve().await?;
    living::check(&place, &mut checks).await?;
    control::check(&place, &mut checks).await?;
    checks.came("serve ends in order at SIGTERM", serving.stop().await);
    place.close().await?;
    say::line(&format!("\nfirst sync: {first}"));
    Ok(Reached::Checked(checks.close()))
}

/// SIGINT and SIGTERM, of which none is missed.
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
