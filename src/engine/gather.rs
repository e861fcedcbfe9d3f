//! Everything a pass knows before it looks at Synapse: people, bindings, grants, and what earlier passes did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use equipemed_domain::binding::Bindings;
use equipemed_domain::desired::{MOST_PER_READ, READS_UNTIL_VANISHED};
use equipemed_domain::directory::{Directory, PersonId};
use equipemed_domain::fault::{During, Fault, Stage};
use equipemed_domain::grant::Grant;
use equipemed_domain::key::RoomKey;
use equipemed_domain::memory::{Memory, Powers};
use equipemed_domain::policy::Policy;
use equipemed_domain::privilege::beyond;
use equipemed_domain::review::{Consent, Effects, OpenHold};
use equipemed_domain::standing::Standing;
use equipemed_domain::world::World;
use jiff::{SignedDuration, Timestamp};
use ruma_common::OwnedRoomId;

use super::encrypts;
use crate::store::{AuditId, Counted, HeldPlan, HeldState, NewHeld, PowersChanged, Store, StoreError};

/// The window of the brakes: many small passes add up to one mass change.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// Store key for when absences were last counted.
const COUNTED_AT: &str = "absences_counted_at";
/// How often absences are counted.
const COUNTED_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// More often if people are deactivated soon: at least this many times before.
const COUNTS_AT_LEAST: u32 = 30;

/// What is known apart from Synapse.
#[derive(Debug)]
pub struct Known {
    /// EquipeMed's people.
    pub directory: Arc<Directory>,
    /// Which account belongs to whom.
    pub bindings: Arc<Bindings>,
    /// Grants in force.
    pub grants: Vec<Grant>,
    /// Grants that ended within the brakes' window.
    pub ended: Vec<Grant>,
    /// Rooms by key.
    pub rooms: BTreeMap<RoomKey, OwnedRoomId>,
    /// What earlier passes did.
    pub memory: Memory,
    /// Given consents, by id of the held part.
    pub consented: BTreeMap<String, Consent>,
    /// Held parts: waiting, approved but not carried out yet, and expired.
    pub held: Vec<HeldPlan>,
    /// Up to where the brakes' windows were counted.
    pub counted: Counted,
    /// The newest audit entry when this was read.
    pub newest_audit: AuditId,
    /// The time of the pass.
    pub now: Timestamp,
}

impl Known {
    /// As the planner sees it.
    #[must_use]
    pub fn world<'a>(&'a self, policy: &'a Policy) -> World<'a> {
        World::new(policy, &self.directory, &self.bindings, &self.grants, self.now)
    }

    /// Whether somebody with an account is missing in EquipeMed, and no complete read has noticed yet.
    #[must_use]
    pub fn is_missing(&self, person: PersonId) -> bool {
        let waits = self.bindings.get(&person).is_some_and(|binding| binding.missing_reads == 0);
        waits && self.directory.get(person).is_none() && !self.directory.is_unclear(person)
    }

    /// All effects with consent.
    #[must_use]
    pub fn consented_effects(&self) -> Effects {
        self.consented.values().flat_map(|consent| &consent.effects).collect()
    }

    /// Parts that wait for consent and can still get it.
    pub fn waiting(&self) -> impl Iterator<Item = &HeldPlan> {
        self.held.iter().filter(|plan| plan.state == HeldState::Held && plan.held.expires_at > self.now)
    }
}

/// Reads what the store knows.
pub async fn gather(store: &Store, policy: &Policy, directory: Arc<Directory>, now: Timestamp) -> Result<Known, Fault> {
    let since = now.checked_sub(WINDOW).map_err(|_| Fault::Clock)?;
    // Read before the data they describe, so that later entries are not mistaken for counted ones.
    let (newest_audit, counted) = (store.newest_audit().await?, store.counted_up_to(since).await?);
    let first_applied = store.first_applied_at().await?;
    // Power given by the very first pass is the baseline for later gains.
    let since_first = first_applied.map_or(since, |first| since.max(first));
    let (gained, lost) = powers_changed(&store.powers_changed_since(since_first).await?, policy);
    let locked = store.locked_since(since).await?;
    let held = store.held_live().await?;
    let open = held.iter().filter(|plan| plan.state != HeldState::Approved).map(|plan| {
        let NewHeld { id, reason, effects, .. } = plan.held.clone();
        OpenHold { id, reason, effects }
    });
    let memory = Memory {
        applied_before: first_applied.is_some(),
        people_last_read: store.directory_size().await?,
        privileged: store.privileged().await?,
        unplaced: store.unplaced_powers().await?,
        deactivated_recently: locked.iter().filter(|(_, ended)| *ended).map(|(user, _)| user.clone()).collect(),
        locked_recently: locked.into_iter().map(|(user, _)| user).collect(),
        removed_recently: store.removed_since(since).await?,
        joined_recently: store.joined_since(since).await?,
        gained_recently: gained,
        lost_recently: lost,
        fulfilled: store.fulfilled_rooms().await?,
        encrypts: encrypts::is_seen(store).await?,
        open: open.collect(),
        now,
    };
    let is_given = |plan: &&HeldPlan| plan.state == HeldState::Approved && plan.held.expires_at > now;
    let approved = held.iter().filter(is_given).map(|plan| (plan.held.id.clone(), consent_to(plan)));
    let consented = approved.collect();
    Ok(Known {
        directory,
        bindings: store.bindings().await?,
        grants: store.grants_holding(now).await?,
        ended: store.grants_ended(since, now).await?,
        rooms: store.rooms().await?,
        memory,
        consented,
        held,
        counted,
        newest_audit,
        now,
    })
}

/// Gained and lost power. A smaller place within a larger one is no gain.
fn powers_changed(changes: &[PowersChanged], policy: &Policy) -> (Powers, Powers) {
    let (mut gained, mut lost) = (Powers::new(), Powers::new());
    for change in changes {
        for (into, more) in [
            (&mut gained, beyond(&change.lost, &change.gained, policy)),
            (&mut lost, beyond(&change.gained, &change.lost, policy)),
        ] {
            if !more.is_empty() {
                into.entry(change.person).or_default().extend(more);
            }
        }
    }
    (gained, lost)
}

/// The consent given by releasing a part.
pub(super) fn consent_to(plan: &HeldPlan) -> Consent {
    Consent { kind: plan.held.kind(), effects: plan.held.effects.clone() }
}

/// Notes who was in a complete read and who is gone, so that waiting periods can begin.
pub async fn note_read(store: &Store, policy: &Policy, directory: &Directory, now: Timestamp) -> Result<(), Fault> {
    let bindings = store.bindings().await?;
    // People whose presence is unclear do not count as missing.
    let unclear = bindings.keys().copied().filter(|person| directory.is_unclear(*person));
    let present: BTreeSet<PersonId> = directory.people().map(|person| person.id).chain(unclear).collect();
    let mut gone: Vec<(PersonId, Timestamp)> = directory
        .people()
        .filter(|person| policy.users.standing.standing(person, now) == Some(Standing::Gone))
        .map(|person| (person.id, now))
        .collect();
    // Vanished people are gone, too. For people gone already, removal from the list does not restart the period.
    let missing = bindings.values().filter(|binding| !present.contains(&binding.person));
    let vanished = missing.filter(|binding| {
        binding.gone_since.is_some() || binding.missing_reads.saturating_add(1) >= READS_UNTIL_VANISHED
    });
    gone.extend(vanished.map(|binding| (binding.person, now)));
    store.note_presence(&present, &gone).await.during(Stage::NotePresence)?;
    count_absences(store, policy, now).await.during(Stage::NoteAbsences)
}

/// Adds the time since the last count to absences, at most a day, so that a clock jump ends nobody's account. Not at
/// every read, because each would write.
async fn count_absences(store: &Store, policy: &Policy, now: Timestamp) -> Result<(), StoreError> {
    let last = store.remembered(COUNTED_AT).await?.and_then(|text| text.parse::<Timestamp>().ok());
    let passed = last.map_or(SignedDuration::ZERO, |last| now.duration_since(last));
    let step = SignedDuration::try_from(policy.users.deactivate_after / COUNTS_AT_LEAST).unwrap_or(MOST_PER_READ);
    if passed >= step.min(COUNTED_EVERY) {
        store.add_to_absences(passed.min(MOST_PER_READ), now).await?;
    }
    // Also if the clock was set back.
    if last.is_none() || passed >= step.min(COUNTED_EVERY) || passed < SignedDuration::ZERO {
        store.remember(COUNTED_AT, &now.to_string()).await?;
    }
    Ok(())
}
