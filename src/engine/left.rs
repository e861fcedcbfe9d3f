//! Changes by hand that are left as they are: those that two sides keep undoing, and bans that nobody judged.
//!
//! A ban is identified by its event. Bans that were judged on arrival are on record: as a grant if the author had the
//! right, otherwise as a change by hand. The others, such as those from before the service, are only reported.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::drift::{Drift, put_back_by};
use equipemed_domain::fault::Fault;
use equipemed_domain::finding::Finding;
use equipemed_domain::key::RoomKey;
use equipemed_domain::mode::OnDrift;
use equipemed_domain::observed::{Membership, RoomSight};
use equipemed_domain::plan::Plan;
use jiff::{SignedDuration, Timestamp};
use ruma_common::OwnedUserId;

use super::handles::Handles;
use crate::store::{DriftRecord, DriftState};

/// After this many reverts within [`FIGHT_WINDOW`], a change is left alone for [`FIGHT_REST`].
const FIGHT_AFTER: usize = 3;
pub(super) const FIGHT_WINDOW: SignedDuration = SignedDuration::from_mins(10);
pub(super) const FIGHT_REST: SignedDuration = SignedDuration::from_mins(30);

/// Bans that are no news: about to be judged, or left alone after their announcement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KnownBans(BTreeSet<(RoomKey, OwnedUserId)>);

impl KnownBans {
    /// The findings to announce.
    pub(super) fn without(&self, findings: &[Finding]) -> Vec<Finding> {
        let is_news = |finding: &&Finding| match finding {
            Finding::BannedByHand { room, user } => !self.0.contains(&(room.clone(), user.clone())),
            _ => true,
        };
        findings.iter().filter(is_news).cloned().collect()
    }
}

/// Removes from a plan what is left alone.
pub(super) async fn leave_out(handles: &Handles, plan: &mut Plan, now: Timestamp) -> Result<(), Fault> {
    let open = handles.store.drift_open(None).await?;
    let mut left: BTreeSet<(RoomKey, Drift)> = BTreeSet::new();
    // Bans were decided before planning: nobody can be added while a ban is left alone.
    for drift in open.into_iter().filter(|drift| !matches!(drift.what, Drift::Ban(_))) {
        if is_left(handles, &drift, now).await? {
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

/// Whether a change stays as it is: each one in mode report, otherwise those fought over.
pub(super) async fn is_left(handles: &Handles, drift: &DriftRecord, now: Timestamp) -> Result<bool, Fault> {
    Ok(handles.on_drift == OnDrift::Report || is_fight(handles, drift, now).await?)
}

/// Whether the same thing was reverted so often that somebody must be undoing it. Over after a rest.
pub(super) async fn is_fight(handles: &Handles, drift: &DriftRecord, now: Timestamp) -> Result<bool, Fault> {
    if now.duration_since(drift.at) >= FIGHT_REST {
        return Ok(false);
    }
    let since = drift.at.checked_sub(FIGHT_WINDOW).unwrap_or(Timestamp::MIN);
    let all = handles.store.drift_since(&drift.room, &drift.what, since).await?;
    let before = all.iter().filter(|other| other.state == DriftState::PutBack && other.id < drift.id);
    Ok(before.count() >= FIGHT_AFTER)
}

/// Everybody who recently changed the same.
pub(super) async fn fighters(
    handles: &Handles,
    drift: &DriftRecord,
    now: Timestamp,
) -> Result<Vec<OwnedUserId>, Fault> {
    let since = now.checked_sub(FIGHT_WINDOW).unwrap_or(Timestamp::MIN);
    let all = handles.store.drift_since(&drift.room, &drift.what, since).await?;
    Ok(all.into_iter().map(|drift| drift.sender).collect::<BTreeSet<_>>().into_iter().collect())
}

/// Marks the bans by hand that the plan may lift, and returns those that are no news.
pub(super) async fn know_bans(
    handles: &Handles,
    rooms: &mut BTreeMap<RoomKey, RoomSight>,
    now: Timestamp,
) -> Result<KnownBans, Fault> {
    let mut known_bans = BTreeSet::new();
    let has_bans = |sight: &RoomSight| matches!(sight, RoomSight::Seen(room) if !room.bans_by_hand.is_empty());
    if !rooms.values().any(has_bans) {
        return Ok(KnownBans(known_bans));
    }
    let store = &handles.store;
    // Read waiting events first: a judgement is on record before its event stops waiting.
    let waiting = store.memberships_waiting().await?;
    let (granted, without_right) = (store.sources_of_bans().await?, store.drift_of_bans().await?);
    for (key, sight) in rooms {
        let RoomSight::Seen(room) = sight else { continue };
        for (user, ban) in &room.bans_by_hand {
            let event = ban.event.as_str();
            let known = if granted.contains(event) {
                Some(Membership::BannedForGrant)
            } else if let Some(known) = without_right.get(event) {
                (!is_left(handles, known, now).await?).then_some(Membership::BannedWithoutRight)
            } else if waiting.contains(event) {
                None
            } else {
                continue;
            };
            match known {
                Some(known) => _ = room.members.insert(user.clone(), known),
                None => _ = known_bans.insert((key.clone(), user.clone())),
            }
        }
    }
    Ok(KnownBans(known_bans))
}
