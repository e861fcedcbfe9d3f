//! `pause` and `resume`: the stop button at the machine.

use equipemed_domain::mode::Mode;
use equipemed_domain::pause::Pause;

use super::connect::Local;
use super::given::Given;
use super::output::UsageError;
use super::{Exit, connect, output};
use crate::operations::{pause_by_operator, resume_by_operator};
use crate::store::OPERATOR;

/// Begins a pause.
pub(super) async fn pause(given: &Given, duration: Option<&str>, because: Option<String>) -> anyhow::Result<Exit> {
    let (lasts, local) = (duration.map(connect::duration).transpose()?, Local::open(given).await?);
    if local.settings.mode == Mode::Observe {
        return Err(UsageError("mode: observe changes nothing anyway".to_owned()).into());
    }
    let until = lasts.map(|lasts| local.ends_after(lasts)).transpose()?;
    let pause = Pause { by: OPERATOR.to_owned(), since: local.clock.now(), until, because };
    pause_by_operator(&local.store, &pause).await?;
    output::text(&format!("{}. To go on: equipemed-bot resume", said(&pause, &local)));
    Ok(Exit::Done)
}

/// Ends the pause.
pub(super) async fn resume(given: &Given) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let was_paused = resume_by_operator(&local.store, local.clock.now()).await?;
    output::text(match was_paused {
        true => "resumed; a running service looks at everything now, `equipemed-bot sync` otherwise",
        false => "the service is not paused",
    });
    Ok(Exit::Done)
}

/// That the service is paused, by whom, until when and why.
pub(super) fn said(pause: &Pause, local: &Local) -> String {
    let until = pause
        .until
        .map_or_else(|| format!("since {}", local.time(pause.since)), |at| format!("until {}", local.time(at)));
    let why = pause.because.as_deref().map_or_else(String::new, |why| format!(" (because {why})"));
    format!("paused {until} by {}{why}: the service changes only what somebody asks for by command", pause.by)
}
