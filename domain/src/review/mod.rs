//! The brakes: hold the part of a plan that destroys, discloses or empowers too much at once.
//!
//! A held part is a set of effects, and consent is given to that set: a later plan may apply the part only if nothing
//! was added. A held part keeps its id as long as any of its effects is due, and ends with its cause.

mod due;
mod effect;
mod mass;
mod reason;
mod split;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::effect::{Effect, Effects};
use self::mass::Masses;
pub use self::reason::HeldReason;
use crate::desired::AccountState;
use crate::directory::PersonId;
use crate::memory::Memory;
use crate::plan::Plan;
use crate::policy::Limits;
use crate::privilege::{Might, Privilege};
use crate::rights::Right;
use crate::scope::Scope;
use crate::world::Pass;

/// A part of a plan that waits for consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Eight hexadecimal digits, kept while the part shrinks.
    pub id: String,
    /// Why it is held.
    pub reason: HeldReason,
    /// Its effects. Empty in reports of earlier versions.
    #[serde(default)]
    pub effects: BTreeSet<Effect>,
}

impl Held {
    /// Its effects as texts.
    #[must_use]
    pub fn atoms(&self) -> BTreeSet<String> {
        self.effects.iter().map(Effect::atom).collect()
    }
}

/// A part that an earlier pass held and that still waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenHold {
    /// Its id.
    pub id: String,
    /// Why it was held.
    pub reason: HeldReason,
    /// Its effects.
    pub effects: BTreeSet<Effect>,
}

/// Result of a review.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The steps that may be applied.
    pub go: Plan,
    /// The held parts, by reason.
    pub held: Vec<Held>,
}

/// A given or requested consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// [`HeldReason::kind`] of the part.
    pub kind: String,
    /// Its effects.
    pub effects: BTreeSet<Effect>,
}

impl Consent {
    /// The part of the present plan that this one has grown into: the same kind, with added effects.
    #[must_use]
    pub fn outgrown_by<'h>(&self, held: &'h [Held]) -> Option<&'h Held> {
        let own: Effects = self.effects.iter().collect();
        held.iter().find(|part| {
            part.reason.kind() == self.kind
                && part.effects.iter().any(|effect| own.part_of(effect).is_some())
                && !own.cover_all(&part.effects)
        })
    }
}

/// Splits a plan into what may be applied and what is held, considering given consents.
#[must_use]
pub fn review(plan: Plan, with: Pass<'_>, consented: &Effects) -> Verdict {
    let effects = due::effects(&plan.steps, with);
    let mut parts: BTreeMap<String, (HeldReason, BTreeSet<Effect>)> = BTreeMap::new();
    if !effects.is_empty() {
        let mut counted = effects.clone();
        if *with.scope != Scope::Everything {
            counted.extend(with.due());
        }
        let masses = Masses::of(&counted, with);
        let open: Waiting<'_> =
            with.memory.open.iter().map(|hold| (hold, hold.effects.iter().collect::<Effects>())).collect();
        for effect in effects {
            for reason in reasons(&effect, &masses, &open, with) {
                parts.entry(reason.kind()).or_insert_with(|| (reason, BTreeSet::new())).1.insert(effect.clone());
            }
        }
    }
    let mut stopped: BTreeMap<Effect, bool> = BTreeMap::new();
    let mut held = Vec::new();
    for (reason, effects) in parts.into_values() {
        if consented.cover_all(&effects) {
            continue;
        }
        let is_lock_free = matches!(reason, HeldReason::ManyDeactivated { .. });
        for effect in &effects {
            *stopped.entry(effect.clone()).or_insert(true) &= is_lock_free;
        }
        held.push(Held { id: id_of(&reason, &effects, &with.memory.open), reason, effects });
    }
    held.sort_by(|a, b| a.reason.cmp(&b.reason));
    Verdict { go: split::without(plan, &stopped, with), held }
}

/// The effects of a held part that are still due; none when their cause has ended.
///
/// `plan` is the present plan before the brakes. While the directory is shrunk, all effects remain due.
#[must_use]
pub fn still_due(effects: &BTreeSet<Effect>, plan: &Plan, with: Pass<'_>) -> BTreeSet<Effect> {
    if directory_shrank(&with.world.policy.limits, with.memory, with.world.directory.len()).is_some() {
        return effects.clone();
    }
    let now = due::effects(&plan.steps, with);
    let steps: Effects = now.iter().collect();
    effects.iter().filter_map(|effect| with.still_due(effect, &steps)).collect()
}

/// Whether an effect that is no longer due was carried out, by anybody.
#[must_use]
pub fn was_done(effect: &Effect, with: Pass<'_>) -> bool {
    with.was_done(effect)
}

/// The id of the waiting part that covers these effects, else a digest of them.
fn id_of(reason: &HeldReason, effects: &BTreeSet<Effect>, open: &[OpenHold]) -> String {
    let is_same = |hold: &&OpenHold| {
        hold.reason.kind() == reason.kind() && hold.effects.iter().collect::<Effects>().cover_all(effects)
    };
    if let Some(hold) = open.iter().find(is_same) {
        return hold.id.clone();
    }
    let mut hash = Sha256::new();
    for effect in effects {
        hash.update(effect.atom());
        hash.update([0]);
    }
    loop {
        let id: String = hash.clone().finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        // A part that shrank and grows again is a new part: somebody looked at less.
        if open.iter().all(|hold| hold.id != id) {
            return id;
        }
        hash.update([1]);
    }
}

/// Waiting parts with their effects.
type Waiting<'a> = Vec<(&'a OpenHold, Effects)>;

fn reasons(effect: &Effect, masses: &Masses, open: &Waiting<'_>, with: Pass<'_>) -> Vec<HeldReason> {
    let mut reasons = Vec::new();
    if !matches!(effect, Effect::Gain { .. } | Effect::Join { .. }) {
        reasons.extend(directory_shrank(&with.world.policy.limits, with.memory, with.world.directory.len()));
    }
    // Held as one part: who may approve is among those who would lose it.
    if let Some(reason) = masses.released.as_ref().filter(|_| with.is_release(effect)) {
        reasons.push(reason.clone());
        return reasons;
    }
    let is_free = with.is_taken_back(effect) || with.is_own_doing(effect);
    match effect {
        _ if is_free => {}
        Effect::Lock { .. } => reasons.extend(masses.locked.clone()),
        Effect::Deactivate { .. } => {
            reasons.extend(masses.locked.clone());
            reasons.extend(masses.deactivated.clone());
        }
        Effect::Remove { room, .. } => reasons.extend(masses.removed.get(room).cloned()),
        Effect::Join { room, user } if !with.was_there(room, user) => {
            reasons.extend(masses.joined.get(room).cloned());
        }
        Effect::Gain { powers, .. } if powers.iter().any(|power| power.might.is_high()) => {
            reasons.extend(masses.gained.clone());
        }
        Effect::Gain { .. } => reasons.extend(masses.gained_lesser.clone()),
        Effect::Lose { .. } => reasons.extend(masses.lost.clone()),
        Effect::Remake { .. } => reasons.extend(masses.remade.clone()),
        Effect::Shorten { room, .. } => reasons.push(HeldReason::ShorterRetention { room: room.clone() }),
        Effect::Join { .. } | Effect::Settle { .. } => {}
    }
    if last_administrator(effect, masses, with) {
        reasons.push(HeldReason::LastAdministrator);
    }
    // An effect of a waiting part stays held, even if the rest of the mass change was applied.
    if reasons.is_empty() && !is_free {
        let waits = open.iter().find(|(_, effects)| effects.part_of(effect).is_some());
        reasons.extend(waits.map(|(hold, _)| hold.reason.clone()));
    }
    reasons
}

/// Whether the directory is empty, or shrank so much that nothing may be destroyed because of it.
///
/// Call it after every complete read, even when nothing is held: a shrunken read must not become the reference for the
/// next.
#[must_use]
pub fn directory_shrank(limits: &Limits, memory: &Memory, people: usize) -> Option<HeldReason> {
    let before = memory.people_last_read.unwrap_or(0);
    memory.has_shrunk(limits, people).then_some(HeldReason::DirectoryShrank { before, now: people })
}

/// Whether the effect hits an administrator and would leave nobody who may approve everywhere and can sign in.
fn last_administrator(effect: &Effect, masses: &Masses, with: Pass<'_>) -> bool {
    let (Effect::Lock { user } | Effect::Deactivate { user } | Effect::Lose { user, .. }) = effect else {
        return false;
    };
    let before = |person: PersonId| {
        let is_noted = with.memory.privileged.get(&person).is_some_and(|powers| powers.contains(&Privilege::APPROVE));
        let unplaced = with.memory.unplaced.as_ref().and_then(|noted| noted.get(&person));
        is_noted || unplaced.is_some_and(|mights| mights.contains(&Might::Right(Right::Approve)))
    };
    let Some(account) = with.desired.accounts.get(user).filter(|account| before(account.person)) else { return false };
    let takes_it = match effect {
        // A locked person's loss is covered by the check of the lock.
        Effect::Lose { powers, .. } => account.state == AccountState::Active && powers.contains(&Privilege::APPROVE),
        // For a deactivation, the lock has usually taken the power before.
        _ => with.is_open(user, account),
    };
    if !takes_it {
        return false;
    }
    !with.desired.accounts.iter().any(|(other, account)| {
        let powers = with.desired.privileges.get(&account.person);
        // A successor whose own gain is held cannot take over yet.
        powers.is_some_and(|powers| powers.contains(&Privilege::APPROVE))
            && (before(account.person) || masses.gained.is_none())
            && account.state == AccountState::Active
            && with.can_sign_in(other, account)
    })
}
