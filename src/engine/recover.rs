//! Intents without an outcome: what a killed process had begun.
//!
//! The audit alone does not show whether Synapse did it, but the next full plan does. What is not planned again was
//! done. The result of what is planned again stays unknown; Synapse did not fail. Commands are not settled here: the
//! control room handles them again and announces their end.

use std::collections::BTreeSet;

use equipemed_domain::action::Action;
use equipemed_domain::deed::Deed;
use equipemed_domain::fault::{During, Fault, Stage};
use equipemed_domain::finding::Finding;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::review::Verdict;
use jiff::{SignedDuration, Timestamp};
use ruma_common::OwnedUserId;

use crate::store::{AuditCause, AuditEntry, Dialect, RunId, Store};

/// Longer than any action takes, apart from waiting for Synapse; during that, nobody can read for a plan either.
const LONGEST: SignedDuration = SignedDuration::from_mins(2);

/// Gives unfinished intents an outcome if nobody can be working on them any more: those of other runs than `own`,
/// because we have the lease; of the rest, old ones, all if nothing is claimed, and with a single process those from
/// before it `started`.
pub async fn recover(
    store: &Store,
    verdict: &Verdict,
    own: RunId,
    started: Timestamp,
    now: Timestamp,
) -> Result<(), Fault> {
    let unfinished = store.unfinished().await.during(Stage::ReadUnfinished)?;
    if unfinished.is_empty() {
        return Ok(());
    }
    // Not planned again, because somebody else has the name.
    let strangers: BTreeSet<&OwnedUserId> = verdict
        .go
        .findings
        .iter()
        .filter_map(|finding| match finding {
            Finding::AccountNotTheirs { user, .. } => Some(user),
            _ => None,
        })
        .collect();
    // Asked after reading the list: work that ended in between has an outcome by now, which is not overwritten.
    let nobody = !store.is_anybody_at_work(now).await.during(Stage::ReadClaims)?;
    let is_alone = store.dialect() == Dialect::Sqlite;
    // Held steps were removed from the plan, so their absence proves nothing.
    let is_held = |entry: &AuditEntry| {
        let user = entry.intent.user.as_deref();
        user.is_some() && verdict.held.iter().flat_map(|held| &held.effects).any(|effect| effect.user() == user)
    };
    let is_dead = |entry: &AuditEntry| match entry.intent.run {
        Some(run) => run != own,
        None => nobody || is_alone && entry.at < started || now.duration_since(entry.at) > LONGEST,
    };
    let outcomes: Vec<_> = unfinished
        .into_iter()
        .filter(|entry| is_dead(entry) && !matches!(entry.intent.cause, AuditCause::Command(_)))
        .map(|entry| {
            // Compared as a value: an earlier version may have written it in another form.
            let begun: Option<Action> = serde_json::from_str(&entry.intent.action).ok();
            let again = begun.is_some_and(|begun| verdict.go.actions().any(|planned| *planned == begun));
            // No plan shows whether a deed was done; its lane sends it again with the same transaction id.
            let is_deed = matches!(entry.intent.cause, AuditCause::Deed(_))
                || serde_json::from_str::<Deed>(&entry.intent.action).is_ok();
            let outcome = if again || is_deed || is_held(&entry) {
                Outcome::Unknown
            } else if let Some(user) = entry.intent.user.filter(|user| strangers.contains(user)) {
                Outcome::Skipped(Fault::AccountExisted { user })
            } else {
                Outcome::Done(None)
            };
            (entry.id, outcome)
        })
        .collect();
    store.conclude(&outcomes, now).await.during(Stage::SettleUnfinished)?;
    if !outcomes.is_empty() {
        let actions = outcomes.len();
        tracing::warn!(actions, "An earlier process ended in the middle of its work; its actions were settled");
    }
    Ok(())
}
