//! One picture of what should be: accounts, rooms, members and levels.
//!
//! Also of one person or one room alone, to see in a moment that nothing differs there, which is what a pass over them
//! mostly finds; by the same functions, so that the part cannot disagree with the whole (`laws`).

mod accounts;
mod rooms;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::accounts::manage;
use self::rooms::{desired_room, may_be_in, privileges, roster};
use crate::action::ExternalId;
use crate::asked::{Asked, asked};
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

/// In how many complete reads in a row a person must be missing to count as gone.
pub const READS_UNTIL_VANISHED: u32 = 2;

/// When the next of these reads is due.
const READ_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// What one complete read adds at most to how long somebody is gone.
pub const MOST_PER_READ: SignedDuration = SignedDuration::from_hours(24);

/// What else decides what should be, beside the world.
#[derive(Clone, Debug, Default)]
pub struct Wishes<'a> {
    /// Deactivate gone people without waiting for `deactivate_after`.
    pub deactivate_gone_now: bool,
    /// Grants that ended within the last 24 hours, for the brakes: what they gave is not lost by EquipeMed's doing.
    pub ended: &'a [Grant],
    /// Accounts whose lock or deactivation is held: as long as they are open, everything else goes on as before.
    pub held: BTreeSet<OwnedUserId>,
}

/// What an account should be.
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

/// One account that should be a certain way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredAccount {
    /// Whose.
    pub person: PersonId,
    /// How it is known.
    pub origin: Origin,
    /// Its display name; None when profiles are not kept in line.
    pub display_name: Option<String>,
    /// Digest of the e-mail address it should have; None leaves its addresses alone.
    pub email: Option<String>,
    /// The external id it should carry.
    pub external_id: Option<ExternalId>,
    /// Usable, locked or deactivated.
    pub state: AccountState,
    /// Why it is in that state.
    pub cause: Cause,
    /// Whether it should be a Synapse administrator; None leaves the flag alone.
    pub server_admin: Option<bool>,
    /// Whether it is still open, because its lock or deactivation is held: what follows from that waits, too.
    pub waits: bool,
}

/// Whether somebody should be in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Should be in.
    Join,
    /// May stay if there, is not brought in: temporarily off.
    Stay,
}

/// One room that should be a certain way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredRoom {
    /// Who should be in, or may stay.
    pub members: BTreeMap<OwnedUserId, Wish>,
    /// Whom a grant keeps out.
    pub kept_out: BTreeMap<OwnedUserId, Cause>,
    /// Whom a grant bans.
    pub banned: BTreeMap<OwnedUserId, Cause>,
    /// Levels of members who stand elsewhere than at the room's default.
    pub levels: BTreeMap<OwnedUserId, i64>,
    /// Whether the room's members rule matched anybody at all, whatever their standing; administrators do not count.
    pub matched: bool,
}

/// The whole picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// Accounts of people in EquipeMed that this service manages.
    pub accounts: BTreeMap<OwnedUserId, DesiredAccount>,
    /// Accounts for which nothing is changed, because it is not clear what should be.
    pub frozen: BTreeSet<OwnedUserId>,
    /// Managed rooms.
    pub rooms: BTreeMap<RoomKey, DesiredRoom>,
    /// Power that the brakes count, by person; nobody with none.
    pub privileges: Powers,
    /// What of it, or of its loss, was asked for by command: of people with such grants.
    pub asked: BTreeMap<PersonId, Asked>,
    /// What somebody should look at.
    pub findings: Vec<Finding>,
    /// When the picture changes by itself next: an access or a grant that ends, a waiting deactivation.
    pub next_change: Option<Timestamp>,
    /// Whose picture it is; None says something of everybody.
    pub only: Option<OwnedUserId>,
}

/// Computes the picture; of one person or room only as much as tells whether anything differs there. What is to be done
/// is planned, and judged, by the whole.
#[must_use]
pub fn desired(world: &World<'_>, wishes: &Wishes<'_>, accounts: &ObservedAccounts, target: &Wake) -> Desired {
    let World { policy, directory, bindings, access, now, .. } = world;
    let mut picture = Desired::default();
    // Which account somebody gets who has none is told by everybody's.
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

    // Whether somebody who is missing is gone is told by another read soon, not by the next one an hour later.
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
    picture.asked = asked(world, wishes.ended, |id| managed.contains_key(&id));
    picture.accounts = managed.into_values().map(|managed| (managed.user, managed.wanted)).collect();
    give_addresses(world, &mut picture.accounts, &mut picture.findings);
    picture
}

/// How an account is: as it was seen, else as it is remembered. None when neither says so, or it is not there.
#[must_use]
pub fn account_state(user: &UserId, binding: Option<&Binding>, accounts: &ObservedAccounts) -> Option<AccountState> {
    match accounts.list.get(user) {
        Some(account) => Some(account.state()),
        None if accounts.is_complete => None,
        None => binding.filter(|binding| binding.user == user).and_then(|binding| binding.state),
    }
}

/// The external id of a person, when the policy names an identity provider.
#[must_use]
pub fn external_id(policy: &Policy, person: &Person) -> Option<ExternalId> {
    let provider = policy.users.identity_provider.clone()?;
    // Without a profile there is none, and what was pushed once stays.
    if person.public_id.is_empty() {
        return None;
    }
    Some(ExternalId { provider, id: person.public_id.clone() })
}

/// What the store keeps of an external id that was pushed.
#[must_use]
pub fn digest_of(external_id: &ExternalId) -> String {
    digest(&[&external_id.provider, &external_id.id])
}

/// What the store keeps of a display name that was pushed.
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
