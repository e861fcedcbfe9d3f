//! Shows the progress of a pass: a bar on a terminal, plain lines otherwise.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::engine::progress::{Phase, Progress};

/// Shortest interval between plain lines, which end up in logs of timers and pipelines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Progress display of one pass.
pub(super) struct Display {
    bar: Option<ProgressBar>,
    last: Option<(Phase, tokio::time::Instant)>,
}

impl Display {
    /// Uses a bar if standard error is a terminal.
    pub(super) fn new() -> Self {
        let bar = output::is_watched().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {msg:30} {wide_bar} {pos}/{len} {eta}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, last: None }
    }

    /// Shows the progress.
    pub(super) fn show(&mut self, progress: Progress) {
        if let Some(bar) = &self.bar {
            bar.set_length(progress.total as u64);
            bar.set_position(progress.done as u64);
            bar.set_message(progress.phase.as_str());
            return;
        }
        let now = tokio::time::Instant::now();
        let is_due = self.last.is_none_or(|(phase, at)| phase != progress.phase || now - at >= LINE_EVERY);
        if is_due && matches!(progress.phase, Phase::Accounts | Phase::Rooms) && progress.total > 0 {
            output::note(&format!("{}: {} of {} steps", progress.phase.as_str(), progress.done, progress.total));
            self.last = Some((progress.phase, now));
        }
    }

    /// Removes the bar.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
