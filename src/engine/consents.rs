//! Held parts and consents: what a pass reads from the store, and what it stores there.
//!
//! Consent covers what somebody looked at. Each pass plans anew; a part that has grown is another part, and consent to
//! the old one becomes void.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::announcement::Announcement;
use equipemed_domain::authority::WaitingGains;
use equipemed_domain::fault::Fault;
use equipemed_domain::review::{Consent, Effect, Held, HeldReason};
use jiff::{SignedDuration, Timestamp};

use super::gather::{Known, consent_to};
use crate::store::{HeldPlan, HeldState, NewHeld, OPERATOR, Store};

/// How long a held part waits for consent.
const HELD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Power that was given to people and waits for consent, so that no command may rely on it.
pub async fn waiting_gains(store: &Store) -> Result<WaitingGains, Fault> {
    let held = store.held_live().await?;
    let waits = held.iter().filter(|plan| plan.state != HeldState::Approved);
    Ok(WaitingGains::new(waits.flat_map(|plan| &plan.held.effects), store.privileged().await?))
}

/// What is still due of earlier held parts, by id.
pub(super) type Remaining = BTreeMap<String, Rest>;

/// What is left of a part.
#[derive(Debug)]
pub(super) struct Rest {
    /// Effects still due.
    pub(super) due: BTreeSet<Effect>,
    /// Whether nothing is due because everything was done.
    pub(super) is_done: bool,
}

/// The consents in one pass.
#[derive(Debug, Default)]
pub(super) struct Consents {
    /// Parts that the operator consents to with this pass, by id.
    asked: BTreeMap<String, (HeldReason, BTreeSet<Effect>)>,
    /// Void consents, with the id of the part that each has grown into.
    pub(super) outgrown: BTreeMap<String, String>,
    /// Parts with one of two consents.
    pub(super) one_more: BTreeSet<String>,
}

impl Consents {
    /// Determines which consents count, and keeps those in `known`. `approve` are the ids that the operator releases,
    /// `held` is what is held without them, `remaining` what is still due of earlier held parts.
    ///
    /// # Errors
    /// When one of the ids is of no part that is or was just held.
    pub(super) fn sort(
        known: &mut Known,
        approve: &[String],
        held: &[Held],
        remaining: &Remaining,
        two: bool,
    ) -> Result<Self, Fault> {
        let mut sorted = Self::default();
        let is_due = |plan: &&HeldPlan| remaining.get(&plan.held.id).is_none_or(|rest| !rest.due.is_empty());
        known.consented.retain(|id, consent| match consent.outgrown_by(held) {
            Some(part) => {
                sorted.outgrown.insert(id.clone(), part.id.clone());
                false
            }
            None => true,
        });
        for id in approve {
            let stored = known.waiting().filter(is_due).find(|plan| plan.held.id == *id);
            let consent = stored.map(consent_to).or_else(|| known.consented.get(id).cloned());
            // An id is the digest of the part's atoms. So it identifies a part of this plan even if nobody stored the
            // part: a dry run may have shown it.
            let consent = consent.or_else(|| {
                let part = held.iter().find(|part| part.id == *id)?;
                Some(Consent { kind: part.reason.kind(), effects: part.effects.clone() })
            });
            let Some(consent) = consent else {
                if sorted.outgrown.contains_key(id) {
                    continue;
                }
                return Err(Fault::NotHeld { id: id.clone() });
            };
            if let Some(part) = consent.outgrown_by(held) {
                sorted.outgrown.insert(id.clone(), part.id.clone());
                continue;
            }
            let other = stored.and_then(|plan| plan.first.as_ref()).is_some_and(|(by, _)| by != OPERATOR);
            let part = held.iter().find(|part| part.id == *id);
            let reason = part.map(|part| &part.reason).or(stored.map(|plan| &plan.held.reason)).cloned();
            if !two || other || known.consented.contains_key(id) {
                known.consented.insert(id.clone(), consent.clone());
            } else {
                sorted.one_more.insert(id.clone());
            }
            sorted.asked.insert(id.clone(), (reason.unwrap_or(HeldReason::StillWaiting), consent.effects));
        }
        if two {
            let begun = known.waiting().filter(|plan| plan.first.is_some()).map(|plan| plan.held.id.clone());
            let is_held = |id: &String| held.iter().any(|part| part.id == *id);
            let one_more: Vec<String> = begun.filter(|id| is_held(id) && !known.consented.contains_key(id)).collect();
            sorted.one_more.extend(one_more);
        }
        Ok(sorted)
    }
}

/// Stores the parts that a full pass holds, so that somebody can release them, and the results of consents. Returns the
/// waiting parts with their start, and the new ones among them.
pub(super) async fn record_holds(
    store: &Store,
    consents: &Consents,
    known: &Known,
    held: &[Held],
    two: bool,
) -> Result<(Vec<(Held, Timestamp)>, Vec<Held>), Fault> {
    let now = known.now;
    store.expire_held(now).await?;
    let expires_at = now.checked_add(HELD_FOR).map_err(|_| Fault::Clock)?;
    for id in consents.outgrown.keys() {
        store.mark_outgrown(id).await?;
    }
    for (id, (reason, effects)) in &consents.asked {
        let (id, reason, effects) = (id.clone(), reason.clone(), effects.clone());
        store.hold(&NewHeld { id: id.clone(), reason, effects, expires_at }, now).await?;
        store.approve(&id, OPERATOR, two, now).await?;
    }
    let (mut waiting, mut new) = (Vec::new(), Vec::new());
    for part in held {
        let (id, reason, effects) = (part.id.clone(), part.reason.clone(), part.effects.clone());
        let row = NewHeld { id, reason, effects, expires_at };
        if store.hold(&row, now).await? {
            new.push(part.clone());
        }
        if let Some(stored) = store.held_plan(&part.id).await?.filter(|plan| plan.state == HeldState::Held) {
            waiting.push((part.clone(), stored.created_at));
        }
    }
    for plan in known.held.iter().filter(|plan| plan.state != HeldState::Approved) {
        let has_grown = consent_to(plan).outgrown_by(held).is_some_and(|part| part.id != plan.held.id);
        if has_grown {
            store.mark_outgrown(&plan.held.id).await?;
        }
    }
    Ok((waiting, new))
}

/// Ends held parts that are no longer due, announcing it, and reduces the others to what is. Returns whether anything
/// changed.
pub(super) async fn settle_holds(store: &Store, known: &Known, remaining: &Remaining) -> Result<bool, Fault> {
    let mut any = false;
    for plan in &known.held {
        let Some(rest) = remaining.get(&plan.held.id).filter(|rest| rest.due != plan.held.effects) else {
            continue;
        };
        any = true;
        if !rest.due.is_empty() {
            store.shrink_held(&plan.held.id, &rest.due).await?;
        } else if rest.is_done && store.mark_released(&plan.held.id).await? {
            // Narrower passes carried it out.
        } else if store.close_held(&plan.held.id).await? {
            let name = format!("closed:{}:{}", plan.held.id, plan.created_at.as_millisecond());
            store.announce(&name, &Announcement::HeldClosed { id: plan.held.id.clone() }, known.now).await?;
        }
    }
    Ok(any)
}
