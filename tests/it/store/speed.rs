//! How fast the audit is written. Run with `--ignored --nocapture` on a release build for figures; the
//! ordinary run only asks that it never becomes what a pass waits for.

use std::io::Write;
use std::time::Instant;

use anyhow::Result;
use equipemed_bot::store::{Cause, Intent, Store};
use equipemed_domain::action::Action;
use equipemed_domain::outcome::Outcome;
use ruma_common::UserId;

use super::{at, both};

/// Synapse takes some tens of changes a second; intents and outcomes must be far from that.
const ENOUGH_PER_SECOND: f64 = 200.0;

/// Actions a second with intents and outcomes written in batches of that size.
async fn rate(store: &Store, actions: usize, batch: usize) -> Result<f64> {
    let mut intents = Vec::new();
    for number in 0..actions {
        let user = UserId::parse(format!("@person{number}:hospital.example"))?;
        let action = Action::SetDisplayName { user, from: Some("Ana".to_owned()), to: "Ana Silva".to_owned() };
        intents.push(Intent::of_action(None, "equipemed-bot", Cause::Policy, &action)?);
    }
    let start = Instant::now();
    for batch in intents.chunks(batch) {
        let ids = store.intend(batch, at(0)).await?;
        let outcomes: Vec<_> = ids.into_iter().map(|id| (id, Outcome::Done(None))).collect();
        store.conclude(&outcomes, at(1)).await?;
    }
    Ok(actions as f64 / start.elapsed().as_secs_f64())
}

#[tokio::test]
async fn a_thousand_actions_are_written_down_faster_than_synapse_does_them() -> Result<()> {
    for fresh in both().await? {
        let rate = rate(&fresh.store, 1_000, 100).await?;
        assert!(rate > ENOUGH_PER_SECOND, "{:?}: {rate:.0} a second", fresh.store.dialect());
    }
    Ok(())
}

#[tokio::test]
#[ignore = "figures, not a test"]
async fn figures() -> Result<()> {
    for fresh in both().await? {
        for batch in [1_000, 100, 10, 1] {
            let actions = (batch * 20).clamp(200, 10_000);
            let rate = rate(&fresh.store, actions, batch).await?;
            writeln!(std::io::stdout(), "{:?}, batches of {batch}: {rate:.0} a second", fresh.store.dialect())?;
        }
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let memory = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    writeln!(std::io::stdout(), "{memory}")?;
    Ok(())
}
