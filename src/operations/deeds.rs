//! Deeds of the operator at the machine, and waiting for anybody's deeds.

use std::time::Duration;

use equipemed_domain::deed::Deed;
use equipemed_domain::fault::{Fault, StoreError, StoreRow};
use equipemed_domain::outcome::Outcome;
use jiff::SignedDuration;
use ruma_common::{EventId, RoomId};
use tokio::time::Instant;

use crate::engine::Engine;
use crate::store::{DeedId, NewDeed, OPERATOR, SERVICE};

/// How often to check deeds. Those of this process signal their end at once.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often to check deeds that another process works on.
const HELP_EVERY: Duration = Duration::from_millis(300);

/// How long a hint beside people's conversation can be read.
const HINT_STAYS: SignedDuration = SignedDuration::from_mins(1);

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deadline {
    /// Until this instant; the deed goes on.
    At(Instant),
    /// Until the deed ends or must be retried later.
    FirstTry,
}

/// Waits for a deed to end. Returns its outcome, or why it has not ended.
pub(super) async fn await_deed(engine: &Engine, id: DeedId, deadline: Deadline) -> Result<Outcome, Fault> {
    loop {
        let ended = engine.wakes().ended();
        tokio::pin!(ended);
        ended.as_mut().enable();
        let record = engine.store().deed(id).await?.ok_or(StoreError::Disappeared(StoreRow::Deed))?;
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

/// Why a deed was not done, and whether that is final.
#[derive(Debug)]
pub(crate) struct NotDone {
    pub(crate) why: Fault,
    pub(crate) is_over: bool,
}

/// Redacts a hint of the bot once it could be read, also if the service restarts before. `about` is the event that it
/// answers, which has one hint.
pub(crate) async fn redact_hint(
    engine: &Engine,
    room_id: &RoomId,
    hint: &EventId,
    about: &EventId,
) -> Result<(), StoreError> {
    let now = engine.clock().now();
    let deed = NewDeed {
        deed: Deed::Redact { room_id: room_id.to_owned(), event_id: hint.to_owned(), of: None, files: None },
        asker: SERVICE.to_owned(),
        reason: None,
        due_at: now.checked_add(HINT_STAYS).unwrap_or(now),
        source: Some(format!("hint {about}")),
    };
    engine.store().add_deed(&deed, now).await.map(drop)
}

/// Stores deeds of the operator at the machine.
pub(crate) async fn by_operator(engine: &Engine, deeds: Vec<Deed>) -> Result<Vec<DeedId>, StoreError> {
    let now = engine.clock().now();
    let new = |deed| NewDeed { deed, asker: OPERATOR.to_owned(), reason: None, due_at: now, source: None };
    engine.store().add_deeds(&deeds.into_iter().map(new).collect::<Vec<_>>(), now).await
}

/// Waits for a deed to end, and works on it if no service does.
pub(crate) async fn see_through(engine: &Engine, id: DeedId, holder: &str) -> Result<Option<NotDone>, Fault> {
    let helping = async {
        loop {
            if engine.help_with_deeds(holder).await? == 0 {
                tokio::time::sleep(HELP_EVERY).await;
            }
        }
    };
    let outcome = tokio::select! {
        outcome = await_deed(engine, id, Deadline::FirstTry) => outcome?,
        never = helping => { let never: Result<Outcome, StoreError> = never; never? }
    };
    let is_over = engine.store().deed(id).await?.is_none_or(|deed| deed.ended.is_some());
    Ok(outcome.fault().map(|why| NotDone { why: why.clone(), is_over }))
}
