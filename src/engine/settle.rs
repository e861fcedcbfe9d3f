//! Intents without an outcome: what a killed process had begun.
//!
//! Nobody can say from the audit alone whether Synapse did it. The next full
//! plan can: what it does not want again is so already. Commands are none of
//! its business: the control room handles them again and says how they ended.

use std::collections::BTreeSet;

use anyhow::Context;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::plan::Plan;
use jiff::Timestamp;

use crate::store::{Cause, Store};

/// Gives every unfinished intent from before `started` its outcome.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn settle(store: &Store, plan: &Plan, started: Timestamp, now: Timestamp) -> anyhow::Result<usize> {
    let unfinished = store.unfinished().await.context("unfinished actions could not be read")?;
    if unfinished.is_empty() {
        return Ok(0);
    }
    let planned: BTreeSet<String> =
        plan.actions().map(serde_json::to_string).collect::<Result<_, _>>().context("a plan as JSON")?;
    let outcomes: Vec<_> = unfinished
        .into_iter()
        .filter(|entry| entry.at < started && !matches!(entry.intent.cause, Cause::Command(_)))
        .map(|entry| {
            let again = planned.contains(&entry.intent.action);
            // No plan tells whether a deed was done; its lane sends it again with the same transaction id.
            let is_deed = matches!(entry.intent.cause, Cause::Deed(_));
            let outcome = if again || is_deed {
                Outcome::Failed("interrupted before Synapse's answer came; tried again".to_owned())
            } else {
                Outcome::AlreadySo
            };
            (entry.id, outcome)
        })
        .collect();
    store.conclude(&outcomes, now).await.context("unfinished actions could not be settled")?;
    Ok(outcomes.len())
}
