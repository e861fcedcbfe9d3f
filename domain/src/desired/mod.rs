//! The desired state: accounts, rooms, members and levels.
//!
//! It can be computed for one person or room, to find quickly that nothing differs there, which is the usual result of
//! a narrow pass. The same functions are used, so the part cannot contradict the whole (`laws`).

mod accounts;
mod rooms;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use self::accounts::is_off;
use self::accounts::manage;
use self::rooms::{desired_room, may_be_in, privileges, roster};
use crate::action::ExternalId;
use crate::asked::{ByGrants, asked};
use crate::binding::{Binding, Bound, Origin, bind};
use crate::cause::Cause;
use crate::crowd::Crowd;
use crate::directory::{Person, PersonId};
use crate::email::give_addresses;
use crate::finding::Finding;
use crate::grant::Grant;
use crate::identity::tell_doubts;
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::memory::Powers;
use crate::observed::ObservedAccounts;
use crate::policy::Policy;
use crate::wake::Wake;
use crate::world::World;

/// After this many complete reads in a row without them, people count as gone.
pub const READS_UNTIL_VANISHED: u32 = 2;

/// Delay until the next of these reads.
const READ_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// Maximum time that one complete read adds to somebody's absence.
pub const MOST_PER_READ: SignedDuration = SignedDuration::from_hours(24);

/// Inputs besides the world.
#[derive(Clone, Debug, Default)]
pub struct Wishes<'a> {
    /// Deactivate people who are gone without waiting for `deactivate_after`.
    pub deactivate_gone_now: bool,
    /// Grants that ended within the last 24 hours: the brakes must not count their end as EquipeMed's doing.
    pub ended: &'a [Grant],
    /// Accounts whose lock or deactivation is held: while open, they are treated as before.
    pub held: BTreeSet<OwnedUserId>,
}

/// Desired state of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Usable.
    Active,
    /// Locked.
    Locked,
    /// Deactivated.
    Deactivated,
}

/// The desired account of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredAccount {
    /// Its person.
    pub person: PersonId,
    /// How it was found.
    pub origin: Origin,
    /// Its display name; None does not manage profiles.
    pub display_name: Option<String>,
    /// Digest of its e-mail address; None does not manage addresses.
    pub email: Option<String>,
    /// Its external id.
    pub external_id: Option<ExternalId>,
    /// Its state.
    pub state: AccountState,
    /// Why it is in that state.
    pub cause: Cause,
    /// Whether its sessions end with a lock.
    pub sign_out: bool,
    /// Whether it is a Synapse administrator; None does not manage the flag.
    pub server_admin: Option<bool>,
    /// Whether `users.who` no longer selects the person: what the policy gave goes, and the account stays as it is.
    pub released: bool,
    /// Whether it is still open because its lock or deactivation is held: consequences then wait, too.
    pub waits: bool,
}

/// Whether somebody should be in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Should be a member.
    Join,
    /// May stay but is not brought in, because they are temporarily off.
    Stay,
}

/// The desired state of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredRoom {
    /// People who should be in, or may stay.
    pub members: BTreeMap<OwnedUserId, Presence>,
    /// People whom a grant keeps out.
    pub kept_out: BTreeMap<OwnedUserId, Cause>,
    /// People whom a grant bans.
    pub banned: BTreeMap<OwnedUserId, Cause>,
    /// Members' levels that differ from the room's default.
    pub levels: BTreeMap<OwnedUserId, i64>,
    /// Whether the members rule matched anybody of any standing; administrators do not count.
    pub matched: bool,
}

/// The desired state of everything, or of one person or room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// Managed accounts of people in EquipeMed.
    pub accounts: BTreeMap<OwnedUserId, DesiredAccount>,
    /// Accounts that are left unchanged because the desired state is unclear.
    pub frozen: BTreeSet<OwnedUserId>,
    /// Managed rooms.
    pub rooms: BTreeMap<RoomKey, DesiredRoom>,
    /// Power that the brakes count, by person; without empty entries.
    pub privileges: Powers,
    /// Gains and losses of power requested by grants, of people with such grants.
    pub asked: BTreeMap<PersonId, ByGrants>,
    /// Findings.
    pub findings: Vec<Finding>,
    /// When the desired state next changes by itself: an access or grant expires, or a deactivation is due.
    pub next_change: Option<Timestamp>,
    /// The only account described; None describes all.
    pub only: Option<OwnedUserId>,
}

/// Computes the desired state; for one person or room only enough to tell whether anything differs there. Plans and
/// reviews use the whole.
#[must_use]
pub fn desired(world: &World<'_>, wishes: &Wishes<'_>, accounts: &ObservedAccounts, target: &Wake) -> Desired {
    let World { policy, directory, bindings, access, now, .. } = world;
    let mut picture = Desired::default();
    // Choosing a name for a new account needs everybody's accounts.
    let one = match target {
        Wake::Person(id) => bindings.get(id),
        _ => None,
    };
    let bound = match one {
        Some(binding) => {
            picture.only = Some(binding.user.clone());
            BTreeMap::from([(binding.person, Bound { user: binding.user.clone(), origin: Origin::Bound })])
        }
        None => bind(world, accounts, &mut picture.findings),
    };
    tell_doubts(directory, bindings, accounts, &mut picture.findings);
    let holding = world.grants.iter().filter(|grant| grant.holds_at(*now));
    picture.next_change = holding.filter_map(|grant| grant.expires_at).min();

    // Another read soon tells whether a missing person is gone, rather than the next regular one.
    if bindings.values().any(|binding| (1..READS_UNTIL_VANISHED).contains(&binding.missing_reads))
        && let Ok(soon) = now.checked_add(READ_AGAIN_AFTER)
    {
        earliest(&mut picture.next_change, soon);
    }
    let managed = manage(world, wishes, accounts, bound, &mut picture);

    let people: Vec<&Person> = match (target, one) {
        (_, Some(binding)) => directory.get(binding.person).into_iter().collect(),
        (Wake::Room(key), None) => may_be_in(world, key),
        _ => directory.people().collect(),
    };
    let roster = roster(Crowd::new(access, policy, people), directory, &managed);
    let mut powers = Powers::new();
    for (key, room) in &policy.rooms {
        if matches!(target, Wake::Room(only) if only != key) {
            continue;
        }
        let wanted = desired_room(world, key, room, &roster, &mut powers);
        if !wanted.matched && key.as_str() != CONTROL_ROOM && one.is_none() {
            picture.findings.push(Finding::RoomMatchesNobody { room: key.clone() });
        }
        picture.rooms.insert(key.clone(), wanted);
    }
    picture.privileges = privileges(&roster, powers);
    let is_managed = |id| managed.get(&id).is_some_and(|managed| !managed.wanted.released);
    picture.asked = asked(world, wishes.ended, is_managed);
    picture.accounts = managed.into_values().map(|managed| (managed.user, managed.wanted)).collect();
    give_addresses(world, &mut picture.accounts, &mut picture.findings);
    picture
}

/// The state of an account as observed or, failing that, as remembered. None when unknown or missing.
#[must_use]
pub fn account_state(user: &UserId, binding: Option<&Binding>, accounts: &ObservedAccounts) -> Option<AccountState> {
    match accounts.list.get(user) {
        Some(account) => Some(account.state()),
        None if accounts.is_complete => None,
        None => binding.filter(|binding| binding.user == user).and_then(|binding| binding.noted.state),
    }
}

/// A person's external id, if the policy names an identity provider.
#[must_use]
pub fn external_id(policy: &Policy, person: &Person) -> Option<ExternalId> {
    let provider = policy.users.identity_provider.clone()?;
    // A person without a profile has none; one pushed before stays.
    if person.public_id.is_empty() {
        return None;
    }
    Some(ExternalId { provider, id: person.public_id.clone() })
}

/// Digest of a pushed external id, for the store.
#[must_use]
pub fn digest_of(external_id: &ExternalId) -> String {
    digest(&[&external_id.provider, &external_id.id])
}

/// Digest of a pushed display name, for the store.
#[must_use]
pub fn digest_of_name(name: &str) -> String {
    digest(&["display name", name])
}

pub(crate) fn digest(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\0"));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn earliest(known: &mut Option<Timestamp>, instant: Timestamp) {
    *known = Some(known.map_or(instant, |known| known.min(instant)));
}
