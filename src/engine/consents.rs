//! Held parts and consents to them: what a pass takes from the store, and what it leaves there.
//!
//! A consent is for what somebody looked at. The plan is made anew at every pass; a part that grew since is another
//! part, and the consent to the old one is taken back.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use equipemed_domain::review::{Consent, Held};
use jiff::{SignedDuration, Timestamp};

use super::Engine;
use super::gather::Known;
use crate::store::{HeldPlan, HeldState, NewHeld, OPERATOR};

/// How long a held part waits for a consent.
const HELD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Consents as they stand in one pass.
#[derive(Debug, Default)]
pub(super) struct Consents {
    /// What the operator consents to with this pass, by id.
    asked: BTreeMap<String, Consent>,
    /// What does not count any more, and the id of what it has grown into.
    pub(super) outgrown: BTreeMap<String, String>,
    /// What has one of two consents.
    pub(super) one_more: BTreeSet<String>,
}

impl Consents {
    /// Sorts out which consents count, leaving those in `known`. `approve` are the ids that the operator releases;
    /// `held` is what is held without them.
    ///
    /// # Errors
    /// When one of the ids is no part that is or was just held.
    pub(super) fn sort(known: &mut Known, approve: &[String], held: &[Held], two: bool) -> anyhow::Result<Self> {
        let mut sorted = Self::default();
        known.consented.retain(|id, consent| match consent.outgrown_by(held) {
            Some(part) => {
                sorted.outgrown.insert(id.clone(), part.id.clone());
                false
            }
            None => true,
        });
        for id in approve {
            let stored = known.held_open.iter().find(|plan| plan.held.id == *id);
            let consent = stored.map(consent_to).or_else(|| known.consented.get(id).cloned());
            // An id is the digest of its atoms, so a part that this very plan holds is known by its id even if nobody
            // stored it: a dry run may have shown it.
            let consent = consent.or_else(|| {
                let part = held.iter().find(|part| part.id == *id)?;
                Some(Consent { kind: part.reason.kind(), atoms: part.atoms.clone() })
            });
            let Some(consent) = consent else {
                if sorted.outgrown.contains_key(id) {
                    continue;
                }
                anyhow::bail!(
                    "nothing is held as {id}: it was done, has expired, changed, or never was; `sync --dry-run` shows what is held now"
                )
            };
            if let Some(part) = consent.outgrown_by(held) {
                sorted.outgrown.insert(id.clone(), part.id.clone());
                continue;
            }
            let other = stored.and_then(|plan| plan.first.as_ref()).is_some_and(|(by, _)| by != OPERATOR);
            if !two || other || known.consented.contains_key(id) {
                known.consented.insert(id.clone(), consent.clone());
            } else {
                sorted.one_more.insert(id.clone());
            }
            sorted.asked.insert(id.clone(), consent);
        }
        if two {
            let begun = known.held_open.iter().filter(|plan| plan.first.is_some()).map(|plan| plan.held.id.clone());
            let is_held = |id: &String| held.iter().any(|part| part.id == *id);
            sorted.one_more.extend(begun.filter(|id| is_held(id) && !known.consented.contains_key(id)));
        }
        Ok(sorted)
    }
}

impl Engine {
    /// Stores what a full pass holds, so that somebody can release it, and what became of consents. Gives the parts that
    /// wait with the instant since when, and those of them that are new.
    pub(super) async fn record_holds(
        &self,
        consents: &Consents,
        known: &Known,
        held: &[Held],
        two: bool,
    ) -> anyhow::Result<(Vec<(Held, Timestamp)>, Vec<Held>)> {
        let (store, now) = (&self.parts().store, known.now);
        store.expire_held(now).await?;
        let expires_at = now.checked_add(HELD_FOR).context("the clock stands at the end of time")?;
        for id in consents.outgrown.keys() {
            store.mark_outgrown(id).await?;
        }
        for (id, consent) in &consents.asked {
            let Consent { kind, atoms } = consent.clone();
            let reason = "released by the operator".to_owned();
            store.hold(&NewHeld { id: id.clone(), kind, reason, atoms, expires_at }, now).await?;
            store.approve(id, OPERATOR, two, now).await?;
        }
        let (mut waiting, mut new) = (Vec::new(), Vec::new());
        for part in held {
            let row = NewHeld {
                id: part.id.clone(),
                kind: part.reason.kind(),
                reason: part.reason.to_string(),
                atoms: part.atoms.clone(),
                expires_at,
            };
            if store.hold(&row, now).await? {
                new.push(part.clone());
            }
            if let Some(stored) = store.held_plan(&part.id).await?.filter(|plan| plan.state == HeldState::Held) {
                waiting.push((part.clone(), stored.created_at));
            }
        }
        for plan in &known.held_open {
            if consent_to(plan).outgrown_by(held).is_some() {
                store.mark_outgrown(&plan.held.id).await?;
            }
        }
        Ok((waiting, new))
    }
}

fn consent_to(plan: &HeldPlan) -> Consent {
    Consent { kind: plan.held.kind.clone(), atoms: plan.held.atoms.clone() }
}
