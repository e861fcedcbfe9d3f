//! Waiting for one-off wishes.

use std::time::Duration;

use equipemed_domain::fault::{Fault, Row, StoreError};
use equipemed_domain::outcome::Outcome;
use tokio::time::Instant;

use crate::engine::Engine;
use crate::store::DeedId;

/// How often they are looked at. Those of this process are heard of at once.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// For how long somebody waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deadline {
    /// Until then; it goes on without them.
    At(Instant),
    /// Until it ended, or has to be tried again later.
    FirstTry,
}

/// Waits for a deed to end. Gives what came of it, or why it is not over when it is to be tried again.
pub(crate) async fn await_deed(engine: &Engine, id: DeedId, deadline: Deadline) -> Result<Outcome, Fault> {
    loop {
        let ended = engine.wakes().ended();
        tokio::pin!(ended);
        ended.as_mut().enable();
        let record = engine.store().deed(id).await?.ok_or(StoreError::Disappeared(Row::Deed))?;
        if let Some((_, outcome)) = record.ended {
            return Ok(outcome);
        }
        match deadline {
            Deadline::At(at) if Instant::now() >= at || engine.is_ending() => return Ok(Outcome::Failed(Fault::Waits)),
            Deadline::FirstTry if record.error.is_some() => {
                return Ok(Outcome::Failed(record.error.unwrap_or(Fault::Waits)));
            }
            Deadline::At(_) | Deadline::FirstTry => {}
        }
        tokio::select! {
            () = ended => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
