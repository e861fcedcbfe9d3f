//! One picture of what should be: accounts, rooms, members and levels.
//!
//! Computed from the whole directory at every pass, also when only one person
//! or room is looked at: it is cheap, and a part computed apart could disagree
//! with the whole.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::access::Access;
use crate::action::ExternalId;
use crate::asked::{Asked, asked};
use crate::binding::{Bindings, Bound, Origin, bind};
use crate::cause::Cause;
use crate::directory::{Directory, Person, PersonId};
use crate::display_name::display_name;
use crate::email::give_addresses;
use crate::finding::Finding;
use crate::grant::{Grant, GrantKind};
use crate::identity::tell_doubts;
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::memory::Powers;
use crate::observed::ObservedAccounts;
use crate::policy::{Policy, RoomPolicy};
use crate::privilege::{Might, Privilege};
use crate::standing::Standing;

/// In how many complete reads in a row a person must be missing to count as gone.
pub const READS_UNTIL_VANISHED: u32 = 2;

/// When the next of these reads is due.
const READ_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// What one complete read adds at most to how long somebody is gone.
pub const MOST_PER_READ: SignedDuration = SignedDuration::from_hours(24);

/// Everything that decides what should be.
#[derive(Clone, Copy, Debug)]
pub struct Wishes<'a> {
    /// EquipeMed's people.
    pub directory: &'a Directory,
    /// The hospital's decisions.
    pub policy: &'a Policy,
    /// What was asked beyond it.
    pub grants: &'a [Grant],
    /// Whose account is whose.
    pub bindings: &'a Bindings,
    /// The instant of the pass.
    pub now: Timestamp,
    /// Deactivate gone people without waiting for `deactivate_after`.
    pub deactivate_gone_now: bool,
    /// Grants that ended within the last 24 hours, for the brakes: what they gave is not lost by EquipeMed's doing.
    pub ended: &'a [Grant],
    /// Accounts whose lock or deactivation is held: as long as they are open, everything else goes on as before.
    pub held: &'a BTreeSet<OwnedUserId>,
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
}

/// Computes the picture.
#[must_use]
pub fn desired(wishes: Wishes<'_>, accounts: &ObservedAccounts) -> Desired {
    let Wishes { directory, policy, grants, bindings, now, .. } = wishes;
    let access = Access::new(directory, policy, grants, now);
    let mut picture = Desired::default();
    let bound = bind(directory, policy, bindings, accounts, &mut picture.findings);
    tell_doubts(directory, bindings, accounts, &mut picture.findings);
    picture.next_change = grants.iter().filter(|grant| grant.holds_at(now)).filter_map(|grant| grant.expires_at).min();

    // Whether somebody who is missing is gone is told by another read soon, not by the next one an hour later.
    if bindings.values().any(|binding| (1..READS_UNTIL_VANISHED).contains(&binding.missing_reads))
        && let Ok(soon) = now.checked_add(READ_AGAIN_AFTER)
    {
        earliest(&mut picture.next_change, soon);
    }

    let mut managed: BTreeMap<PersonId, Managed> = BTreeMap::new();
    let is_held = |user: &OwnedUserId| wishes.held.contains(user);
    for (id, account) in bound {
        if policy.users.protected.contains(&account.user) {
            continue;
        }
        // That EquipeMed is unclear about somebody does not stop a right holder who asks for a lock.
        let asked = [GrantKind::Lock, GrantKind::Deactivate];
        let locks = asked.into_iter().any(|kind| access.account_grant(id, kind).is_some());
        let standing = match standing(wishes, &access, id) {
            Err(finding) if locks => {
                picture.findings.extend(finding);
                Ok(Standing::Off)
            }
            standing => standing,
        };
        match standing {
            Ok(standing) => {
                let is_open = account_state(&account.user, bindings.get(&id), accounts) == Some(AccountState::Active);
                let is_held = is_open && is_held(&account.user);
                let wanted = desired_account(wishes, &access, id, &account, standing, is_held, &mut picture);
                if let Some(wanted) = wanted {
                    let may_come = standing == Standing::Active && wanted.state == AccountState::Active || wanted.waits;
                    managed.insert(id, Managed { user: account.user, wanted, may_come });
                }
            }
            Err(finding) => {
                picture.findings.extend(finding);
                // An account that would only be made is nobody's: whoever has that name now is somebody else.
                if account.origin != Origin::New {
                    picture.frozen.insert(account.user);
                }
            }
        }
    }

    let roster = roster(directory, &managed);
    let mut powers = Powers::new();
    for (key, room) in &policy.rooms {
        let wanted = desired_room(policy, &access, key, room, &roster, &mut powers);
        if !wanted.matched && key.as_str() != CONTROL_ROOM {
            picture.findings.push(Finding::RoomMatchesNobody { room: key.clone() });
        }
        picture.rooms.insert(key.clone(), wanted);
    }
    picture.privileges = privileges(&access, &roster, powers);
    picture.asked = asked(&access, directory, policy, wishes.ended, managed.keys().copied());
    picture.accounts = managed.into_values().map(|managed| (managed.user, managed.wanted)).collect();
    give_addresses(policy, directory, &mut picture.accounts, &mut picture.findings);
    picture
}

/// A bound person's standing. An error means: change nothing, and tell.
fn standing(wishes: Wishes<'_>, access: &Access<'_>, id: PersonId) -> Result<Standing, Option<Finding>> {
    if wishes.directory.is_unclear(id) {
        return Err(None);
    }
    let Some(person) = wishes.directory.get(id) else {
        let missing = wishes.bindings.get(&id).map_or(0, |binding| binding.missing_reads);
        return if missing >= READS_UNTIL_VANISHED { Ok(Standing::Gone) } else { Err(None) };
    };
    let standing = wishes.policy.users.standing.standing(person, wishes.now);
    if !access.selects(&wishes.policy.users.who, person) {
        // Somebody who got an account and is no longer selected is left alone, but must not keep it open after
        // leaving: the group that selected them is often taken away on the same day.
        return standing.filter(|standing| *standing != Standing::Active).ok_or(None);
    }
    standing.ok_or_else(|| Some(Finding::UnknownStatus { person: id, status: person.account_status.clone() }))
}

fn earliest(known: &mut Option<Timestamp>, instant: Timestamp) {
    *known = Some(known.map_or(instant, |known| known.min(instant)));
}

fn desired_account(
    wishes: Wishes<'_>,
    access: &Access<'_>,
    id: PersonId,
    account: &Bound,
    standing: Standing,
    is_held: bool,
    picture: &mut Desired,
) -> Option<DesiredAccount> {
    let Wishes { directory, policy, bindings, now, .. } = wishes;
    let person = directory.get(id);
    if let Some(change) = person.and_then(|person| policy.users.standing.next_change(person, now)) {
        earliest(&mut picture.next_change, change);
    }
    let binding = bindings.get(&id);
    // What a right holder asked for comes before the policy's own reason for the same: it is never held.
    let (state, cause) = if let Some(grant) = access.account_grant(id, GrantKind::Deactivate) {
        (AccountState::Deactivated, Cause::Grant(grant.id))
    } else if standing == Standing::Gone && is_deactivation_due(wishes, binding, &mut picture.next_change) {
        (AccountState::Deactivated, Cause::Policy)
    } else if let Some(grant) = access.account_grant(id, GrantKind::Lock) {
        (AccountState::Locked, Cause::Grant(grant.id))
    } else if standing != Standing::Active {
        (AccountState::Locked, Cause::Policy)
    } else {
        (AccountState::Active, Cause::Policy)
    };
    if account.origin == Origin::New {
        // Nobody gets an account to have it locked at once.
        if state != AccountState::Active {
            return None;
        }
        if !policy.users.create {
            picture.findings.push(Finding::AccountMissing { person: id, user: account.user.clone() });
            return None;
        }
    }
    let named_admin = access.roles(id).any(|role| policy.roles.get(role).is_some_and(|role| role.server_admin));
    let waits = is_held && state != AccountState::Active && cause == Cause::Policy;
    let server_admin = match (named_admin && (state == AccountState::Active || waits), binding) {
        (true, _) => Some(true),
        (false, Some(binding)) if binding.server_admin_given => Some(false),
        (false, _) => None,
    };
    Some(DesiredAccount {
        person: id,
        origin: account.origin,
        display_name: person
            .filter(|_| policy.users.update_profiles || account.origin == Origin::New)
            .map(|person| display_name(&policy.users.display_name, person)),
        email: None,
        external_id: person.and_then(|person| external_id(policy, person)),
        state,
        cause,
        server_admin,
        waits,
    })
}

/// How an account is: as it was seen, else as it is remembered. None when neither says so, or it is not there.
#[must_use]
pub fn account_state(
    user: &UserId,
    binding: Option<&crate::binding::Binding>,
    accounts: &ObservedAccounts,
) -> Option<AccountState> {
    match accounts.list.get(user) {
        Some(account) => Some(account.state()),
        None if accounts.is_complete => None,
        None => binding.filter(|binding| binding.user == user).and_then(|binding| binding.state),
    }
}

fn is_deactivation_due(
    wishes: Wishes<'_>,
    binding: Option<&crate::binding::Binding>,
    next_change: &mut Option<Timestamp>,
) -> bool {
    if wishes.deactivate_gone_now {
        return true;
    }
    let Some(binding) = binding.filter(|binding| binding.gone_since.is_some()) else { return false };
    // Counted by reads, not by the clock alone: what cannot be undone needs more than a clock that jumped.
    let wait = SignedDuration::try_from(wishes.policy.users.deactivate_after).unwrap_or(SignedDuration::MAX);
    let rest = wait.saturating_sub(binding.gone_for);
    if rest <= SignedDuration::ZERO {
        return true;
    }
    if let Ok(next_read) = wishes.now.checked_add(rest.min(MOST_PER_READ)) {
        earliest(next_change, next_read);
    }
    false
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

/// A person's account that is managed.
struct Managed {
    user: OwnedUserId,
    wanted: DesiredAccount,
    /// Whether the account may be brought into rooms.
    may_come: bool,
}

/// Everybody, with their account looked up once for all rooms.
struct Roster<'a> {
    /// People in EquipeMed and their account, if it is managed.
    people: Vec<(&'a Person, Option<&'a Managed>)>,
    /// Managed accounts whose person vanished from EquipeMed.
    vanished: Vec<&'a Managed>,
}

fn roster<'a>(directory: &'a Directory, managed: &'a BTreeMap<PersonId, Managed>) -> Roster<'a> {
    let vanished = managed.iter().filter(|(id, _)| directory.get(**id).is_none());
    Roster {
        people: directory.people().map(|person| (person, managed.get(&person.id))).collect(),
        vanished: vanished.map(|(_, managed)| managed).collect(),
    }
}

fn desired_room(
    policy: &Policy,
    access: &Access<'_>,
    key: &RoomKey,
    room: &RoomPolicy,
    roster: &Roster<'_>,
    powers: &mut Powers,
) -> DesiredRoom {
    let mut wanted = DesiredRoom {
        members: BTreeMap::new(),
        kept_out: BTreeMap::new(),
        banned: BTreeMap::new(),
        levels: BTreeMap::new(),
        matched: false,
    };
    for &(person, account) in &roster.people {
        let matches = access.selects(&room.members, person);
        let belongs = matches || room.administrators.as_ref().is_some_and(|rule| access.selects(rule, person));
        wanted.matched |= matches;
        let Some(Managed { user, may_come, .. }) = account else { continue };
        if let Some(grant) = access.room_grant(person.id, key, GrantKind::Ban) {
            wanted.banned.insert(user.clone(), Cause::Grant(grant.id));
            continue;
        }
        if let Some(grant) = access.room_grant(person.id, key, GrantKind::Kick) {
            wanted.kept_out.insert(user.clone(), Cause::Grant(grant.id));
            continue;
        }
        if !belongs {
            continue;
        }
        if *may_come {
            wanted.members.insert(user.clone(), Wish::Join);
            let (level, why) = access.level(person, key);
            if level != room.default_level.unwrap_or(0) {
                wanted.levels.insert(user.clone(), level);
            }
            if let (Some(might), Some(place)) = (Might::of_level(level), why.place(policy, key)) {
                powers.entry(person.id).or_default().insert(Privilege::new(might, place));
            }
        } else {
            wanted.members.insert(user.clone(), Wish::Stay);
        }
    }
    // Somebody who vanished from EquipeMed keeps the memberships until deactivation ends them; who is in which
    // room cannot be told any more.
    for Managed { user, wanted: account, .. } in &roster.vanished {
        let person = account.person;
        if let Some(grant) = access.room_grant(person, key, GrantKind::Ban) {
            wanted.banned.insert(user.clone(), Cause::Grant(grant.id));
        } else if let Some(grant) = access.room_grant(person, key, GrantKind::Kick) {
            wanted.kept_out.insert(user.clone(), Cause::Grant(grant.id));
        } else {
            wanted.members.insert(user.clone(), Wish::Stay);
        }
    }
    wanted
}

/// Adds to the powers over rooms what does not come from their levels.
fn privileges(access: &Access<'_>, roster: &Roster<'_>, mut powers: Powers) -> Powers {
    for &(person, account) in &roster.people {
        let Some(Managed { wanted, .. }) = account else { continue };
        if wanted.state != AccountState::Active && !wanted.waits {
            continue;
        }
        if wanted.server_admin == Some(true) {
            powers.entry(person.id).or_default().insert(Privilege::SERVER_ADMIN);
        }
        if access.has_rights(person.id) {
            let rights = access.rights_by_place(person).into_iter();
            let rights = rights.map(|(right, place)| Privilege::new(Might::Right(right), place));
            powers.entry(person.id).or_default().extend(rights);
        }
    }
    powers
}
