//! Two sides that undo each other: when what was changed by hand is left as it is.

use std::collections::BTreeSet;

use equipemed_domain::drift::{Drift, put_back_by};
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::mode::OnDrift;
use equipemed_domain::plan::Plan;
use jiff::{SignedDuration, Timestamp};
use ruma_common::OwnedUserId;

use crate::store::{DriftRecord, DriftState, Store};

/// So often within [`FIGHT_WINDOW`] a thing is put back; then it is left alone for [`FIGHT_REST`].
const FIGHT_AFTER: usize = 3;
pub(super) const FIGHT_WINDOW: SignedDuration = SignedDuration::from_mins(10);
pub(super) const FIGHT_REST: SignedDuration = SignedDuration::from_mins(30);

/// Tells what is fought over.
#[derive(Clone, Debug)]
pub(super) struct Fights {
    pub(super) store: Store,
    /// What is done about changes by hand.
    pub(super) on_drift: OnDrift,
}

impl Fights {
    /// Takes out of a plan what is left alone.
    pub(super) async fn leave_out(&self, plan: &mut Plan, now: Timestamp) -> Result<(), Fault> {
        let open = self.store.drift_open(None).await?;
        let mut left: BTreeSet<(RoomKey, Drift)> = BTreeSet::new();
        // Which bans are left alone was decided before the plan: without its end a ban cannot be followed by coming in.
        for drift in open.into_iter().filter(|drift| !matches!(drift.what, Drift::Ban(_))) {
            if self.is_left(&drift, now).await? {
                left.insert((drift.room, drift.what));
            }
        }
        if !left.is_empty() {
            plan.steps.retain(|step| {
                let what = step.action.room().zip(put_back_by(&step.action));
                what.is_none_or(|what| !left.contains(&what))
            });
        }
        Ok(())
    }

    /// Whether a change stays as it is: in mode report each does, otherwise what is fought over.
    pub(super) async fn is_left(&self, drift: &DriftRecord, now: Timestamp) -> Result<bool, Fault> {
        Ok(self.on_drift == OnDrift::Report || self.is_fight(drift, now).await?)
    }

    /// Whether the same thing was put back so often that somebody must be undoing it; over when it rested.
    pub(super) async fn is_fight(&self, drift: &DriftRecord, now: Timestamp) -> Result<bool, Fault> {
        if now.duration_since(drift.at) >= FIGHT_REST {
            return Ok(false);
        }
        let since = drift.at.checked_sub(FIGHT_WINDOW).unwrap_or(Timestamp::MIN);
        let all = self.store.drift_since(&drift.room, &drift.what, since).await?;
        let before = all.iter().filter(|other| other.state == DriftState::PutBack && other.id < drift.id);
        Ok(before.count() >= FIGHT_AFTER)
    }

    /// Everybody who lately changed the same.
    pub(super) async fn fighters(&self, drift: &DriftRecord, now: Timestamp) -> Result<Vec<OwnedUserId>, Fault> {
        let since = now.checked_sub(FIGHT_WINDOW).unwrap_or(Timestamp::MIN);
        let all = self.store.drift_since(&drift.room, &drift.what, since).await?;
        Ok(all.into_iter().map(|drift| drift.sender).collect::<BTreeSet<_>>().into_iter().collect())
    }
}
