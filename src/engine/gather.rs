//! Everything a pass knows before it looks at Synapse: people, accounts bound, grants, and what earlier passes did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context;
use equipemed_domain::binding::Bindings;
use equipemed_domain::desired::READS_UNTIL_VANISHED;
use equipemed_domain::directory::{Directory, PersonId};
use equipemed_domain::grant::Grant;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::Memory;
use equipemed_domain::policy::Policy;
use equipemed_domain::review::Consent;
use equipemed_domain::standing::Standing;
use jiff::{SignedDuration, Timestamp};
use ruma_common::OwnedRoomId;

use crate::store::{AuditId, Counted, HeldPlan, Store};

/// The window in which the brakes count: many small passes are one mass change.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// What is known beside Synapse.
#[derive(Debug)]
pub struct Known {
    /// EquipeMed's people.
    pub directory: Arc<Directory>,
    /// Whose account is whose.
    pub bindings: Arc<Bindings>,
    /// Wishes beyond the policy that hold now.
    pub grants: Vec<Grant>,
    /// Rooms by key.
    pub rooms: BTreeMap<RoomKey, OwnedRoomId>,
    /// What earlier passes did.
    pub memory: Memory,
    /// What somebody consented to, by the id of the held part.
    pub consented: BTreeMap<String, Consent>,
    /// What waits for a consent.
    pub held_open: Vec<HeldPlan>,
    /// Up to where the brakes' windows were counted.
    pub counted: Counted,
    /// The newest entry of the audit when this was read.
    pub newest_audit: AuditId,
    /// The instant of the pass.
    pub now: Timestamp,
}

impl Known {
    /// Whether somebody with an account is no longer in EquipeMed, and no complete read has noticed yet.
    #[must_use]
    pub fn is_missing(&self, person: PersonId) -> bool {
        let waits = self.bindings.get(&person).is_some_and(|binding| binding.missing_reads == 0);
        waits && self.directory.get(person).is_none() && !self.directory.is_unclear(person)
    }

    /// All atoms somebody consented to.
    #[must_use]
    pub fn consented_atoms(&self) -> BTreeSet<String> {
        self.consented.values().flat_map(|consent| &consent.atoms).cloned().collect()
    }
}

/// Reads the store's part.
///
/// # Errors
/// When the store cannot be read.
pub async fn gather(store: &Store, directory: Arc<Directory>, now: Timestamp) -> anyhow::Result<Known> {
    let since = now.checked_sub(WINDOW).context("the clock stands before 1970")?;
    // Before anything is read that they are about: what is done from now on is told from what was counted.
    let (newest_audit, counted) = (store.newest_audit().await?, store.counted_up_to(since).await?);
    let first_applied = store.first_applied_at().await?;
    let memory = Memory {
        applied_before: first_applied.is_some(),
        people_last_read: store.directory_size().await?,
        privileged: store.privileged().await?,
        locked_recently: store.locked_since(since).await?,
        removed_recently: store.removed_since(since).await?,
        // Whoever the very first pass made powerful is what later gains are measured by.
        gained_recently: store.gained_since(first_applied.map_or(since, |first| since.max(first))).await?,
        // A part that is still planned is held anew when it expires, so the window reaches it at every pass.
        waiting: store.held_waiting(since).await?,
        now,
    };
    let approved = store.held_approved(now).await?.into_iter().map(|plan| plan.held);
    let consented = approved.map(|held| (held.id, Consent { kind: held.kind, atoms: held.atoms })).collect();
    Ok(Known {
        directory,
        bindings: store.bindings().await?,
        grants: store.grants_holding(now).await?,
        rooms: store.rooms().await?,
        memory,
        consented,
        held_open: store.held_open(now).await?,
        counted,
        newest_audit,
        now,
    })
}

/// Notes who was in a complete read and who is gone, so that waiting times can begin.
///
/// # Errors
/// When the store cannot be written.
pub async fn note_read(store: &Store, policy: &Policy, directory: &Directory, now: Timestamp) -> anyhow::Result<()> {
    let bindings = store.bindings().await?;
    // Of whom it cannot be told whether they are there, nobody says that they are missing.
    let unclear = bindings.keys().copied().filter(|person| directory.is_unclear(*person));
    let present: BTreeSet<PersonId> = directory.people().map(|person| person.id).chain(unclear).collect();
    let mut gone: Vec<(PersonId, Timestamp)> = directory
        .people()
        .filter(|person| policy.users.standing.standing(person, now) == Some(Standing::Gone))
        .map(|person| (person.id, now))
        .collect();
    // Who has vanished is gone as well; whoever was gone already does not begin anew by being taken off the list.
    let missing = bindings.values().filter(|binding| !present.contains(&binding.person));
    let vanished = missing.filter(|binding| {
        binding.gone_since.is_some() || binding.missing_reads.saturating_add(1) >= READS_UNTIL_VANISHED
    });
    gone.extend(vanished.map(|binding| (binding.person, now)));
    store.note_presence(&present, &gone).await.context("who was read could not be noted")
}
