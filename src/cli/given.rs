//! Options of every command, and its first contact with Synapse: with one attempt, or for as long as `--wait` says.
//!
//! A wrong address fails at once and says what to do. Only `serve`, which starts with the machine, waits by itself.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use equipemed_domain::fault::NoAnswer;
use url::Url;

use super::output;
use crate::config::values::parse_duration;
use crate::homeserver::HomeserverError;

/// Time limit of one attempt, because a person is waiting.
const FIRST_ANSWER: Duration = Duration::from_secs(8);
/// Pause between attempts.
const AGAIN: Duration = Duration::from_secs(1);

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(super) struct Given {
    /// The configuration file
    #[arg(short, long, global = true, value_name = "FILE", default_value = "config.yaml")]
    pub(super) config: PathBuf,
    /// Wait so long for a Synapse that does not answer, such as 2m; serve waits by itself
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse_duration)]
    #[arg(default_value = "0s", hide_default_value = true)]
    pub(super) wait: Duration,
}

impl Given {
    /// The first request to Synapse: repeats it while Synapse is away, for at most `--wait`.
    pub(super) async fn first_word<T>(&self, url: &Url, ask: impl AsyncFn() -> anyhow::Result<T>) -> anyhow::Result<T> {
        let start = Instant::now();
        let mut is_told = false;
        loop {
            let answer = tokio::time::timeout(FIRST_ANSWER, ask()).await;
            let error = match answer.unwrap_or_else(|_| Err(too_slow().into())) {
                Err(error) if is_away(&error) => error,
                answer => return answer,
            };
            let left = self.wait.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(error);
            }
            if !is_told {
                let seconds = left.as_secs();
                output::note(&format!("waiting for Synapse at {url}, {seconds} s at most: {}", output::worded(&error)));
            }
            is_told = true;
            tokio::time::sleep(AGAIN.min(left)).await;
        }
    }

    /// What to do about a Synapse that is away.
    pub(super) fn advice(&self) -> String {
        let how = if self.wait.is_zero() { "; to wait for it: --wait 2m" } else { "" };
        format!("start Synapse, or correct homeserver.url{how}")
    }
}

/// Whether an error only means that Synapse does not answer.
pub(super) fn is_away(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(HomeserverError::Unreachable { .. }))
}

fn too_slow() -> HomeserverError {
    HomeserverError::Unreachable { why: NoAnswer::InTime, sent: true }
}
