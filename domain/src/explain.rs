//! Why somebody is in a room, or not, and stands at that level: the rules by name.
//!
//! Asks `access` and `standing`, never decides anew.

use jiff::Timestamp;
use ruma_common::OwnedUserId;

use crate::access::{Holder, LevelReason};
use crate::cause::Cause;
use crate::desired::{AccountState, Desired, Presence};
use crate::directory::{Person, PersonId};
use crate::fault::Fault;
use crate::finding::Finding;
use crate::grant::{Grant, GrantId, GrantKind};
use crate::key::{RoleKey, RoomKey};
use crate::levels::CREATOR;
use crate::observed::{Membership, ObservedAccount};
use crate::policy::{JoinMode, RoomPolicy};
use crate::rights::Rights;
use crate::standing::Standing;
use crate::stands::{Looked, Unmet, usable};
use crate::world::World;

/// The reasons behind one person's account, and behind their place in some rooms, in the order they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The account, standing, roles, grants.
    pub person: Vec<Reason>,
    /// The rooms with what holds in each.
    pub rooms: Vec<(RoomKey, Vec<Reason>)>,
}

/// One thing that is so, with what makes it so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Which account the person has, how it should be, and by what.
    Account { user: OwnedUserId, state: AccountState, cause: Cause },
    /// No account is managed for the person.
    NoAccount { person: PersonId },
    /// What EquipeMed says; no standing when its status is not in the table.
    Standing { standing: Option<Standing>, status: String, access_ends: Option<Timestamp>, is_enabled: bool },
    /// `users.who` does not select the person, who has no account.
    NotSelected,
    /// `users.who` no longer selects the person, who has an account.
    Released,
    /// The person's roles.
    Roles(Vec<RoleKey>),
    /// Something was granted or forbidden.
    Grant(Grant),
    /// Somebody should look at this.
    Note(Finding),
    /// Whether the person is to be in the room.
    Member(MemberReason),
    /// The person's level in the room.
    Level { level: i64, reason: LevelReason },
    /// The person's rights in the room.
    Rights(Rights),
    /// A grant about levels takes rights that the policy gives: in the room, or outside rooms.
    RightsTaken { rights: Rights, grant: Grant, outside: bool },
    /// The account as it is on Synapse, where that is not as it should be. No state when there is no account.
    AccountIs { state: Option<AccountState>, suspended: bool, shadow_banned: bool },
    /// The person's place in the room as it is on Synapse, where that is not as it should be.
    PlaceIs(PlaceIs),
    /// Synapse could not be asked how it is.
    NotSeen { why: Box<Fault> },
}

/// How somebody's place in a room is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceIs {
    /// Nothing can be said of the room.
    Unusable(Unmet),
    /// Not in the room.
    Outside,
    /// Invited, and not there yet.
    Invited,
    /// Left or declined the invitation, which is not repeated.
    Declined,
    /// Left by their own choice; `may` when the room lets people go, so that they are not put back.
    Left { may: bool },
    /// Banned.
    Banned,
    /// In the room.
    Inside,
    /// At another level.
    Level(i64),
}

/// Why somebody is to be in a room, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberReason {
    /// A grant bans them.
    Banned(GrantId),
    /// A grant keeps them out for a while.
    KeptOut(GrantId),
    /// The members rule holds.
    ByRule,
    /// They administer it.
    AsAdministrator,
    /// `users.who` does not select them.
    NotSelected,
    /// Nothing holds.
    No,
}

/// The reasons behind one person's account, and behind their place in the given rooms.
#[must_use]
pub fn explain(world: &World<'_>, desired: &Desired, person: &Person, rooms: &[RoomKey]) -> Explanation {
    let World { policy, access, now, .. } = world;
    let holder = access.of(person);
    let account = desired.accounts.iter().find(|(_, account)| account.person == person.id);
    let mut about = vec![
        account.map_or(Reason::NoAccount { person: person.id }, |(user, wanted)| Reason::Account {
            user: user.clone(),
            state: wanted.state,
            cause: wanted.cause,
        }),
        Reason::Standing {
            standing: policy.users.standing.standing(person, *now),
            status: person.account_status.clone(),
            access_ends: person.access_expires_at,
            is_enabled: person.is_active,
        },
    ];
    about.push(match (access.is_selected(person), world.bindings.contains_key(&person.id)) {
        (true, _) => Reason::Roles(holder.roles.iter().map(|(key, _)| (*key).clone()).collect()),
        (false, true) => Reason::Released,
        (false, false) => Reason::NotSelected,
    });
    about.extend(access.grants(person.id).map(|grant| Reason::Grant(grant.clone())));
    about.extend(taken(&holder, None));
    let account = world.bindings.get(&person.id).map(|binding| &*binding.user);
    let notes = desired.findings.iter().filter(|finding| finding.concerns(person.id, account));
    about.extend(notes.cloned().map(Reason::Note));
    let room = |key: &RoomKey| Some((key.clone(), room_reasons(world, &holder, key)?));
    Explanation { person: about, rooms: rooms.iter().filter_map(room).collect() }
}

/// Adds what was seen on Synapse where it is not as it should be.
pub fn add_seen(explanation: &mut Explanation, world: &World<'_>, looked: Looked<'_>, user: &OwnedUserId) {
    let seen = looked.observed.accounts.list.get(user);
    if let Some(wanted) = looked.desired.accounts.get(user) {
        let state = seen.map(ObservedAccount::state);
        let (suspended, shadow_banned) = seen.map_or((false, false), |seen| (seen.suspended, seen.shadow_banned));
        if state != Some(wanted.state) || suspended || shadow_banned {
            explanation.person.push(Reason::AccountIs { state, suspended, shadow_banned });
        }
    }
    for (key, reasons) in &mut explanation.rooms {
        let Some(policy) = world.policy.rooms.get(key) else { continue };
        reasons.extend(place(policy, key, looked, user).map(Reason::PlaceIs));
    }
}

fn place(policy: &RoomPolicy, key: &RoomKey, looked: Looked<'_>, user: &OwnedUserId) -> Option<PlaceIs> {
    let seen = match usable(key, looked) {
        Ok(seen) => seen,
        Err(unmet) => return Some(PlaceIs::Unusable(unmet)),
    };
    let wanted = looked.desired.rooms.get(key)?;
    let membership = seen.members.get(user);
    if wanted.members.get(user) != Some(&Presence::Join) {
        let stays = wanted.members.contains_key(user);
        return match membership {
            Some(Membership::Join) if !stays => Some(PlaceIs::Inside),
            Some(Membership::Invite) if !stays => Some(PlaceIs::Invited),
            _ => None,
        };
    }
    match membership {
        Some(Membership::Join) => {
            let level = wanted.levels.get(user).copied().unwrap_or_else(|| seen.users_default());
            let has = seen.level_of(user);
            (has != level && has != CREATOR).then_some(PlaceIs::Level(has))
        }
        Some(Membership::Invite) => Some(PlaceIs::Invited),
        Some(Membership::Left) if policy.join == JoinMode::Invite && !policy.leave_allowed => Some(PlaceIs::Declined),
        Some(Membership::Left) => Some(PlaceIs::Left { may: policy.leave_allowed }),
        Some(membership) if membership.is_ban() => Some(PlaceIs::Banned),
        _ => Some(PlaceIs::Outside),
    }
}

fn room_reasons(world: &World<'_>, holder: &Holder<'_, '_>, key: &RoomKey) -> Option<Vec<Reason>> {
    let (World { policy, access, .. }, person) = (world, holder.person);
    let room = policy.rooms.get(key)?;
    let administers = room.administrators.as_ref().is_some_and(|rule| access.selects(rule, person));
    let member = if let Some(grant) = access.room_grant(person.id, key, GrantKind::Ban) {
        MemberReason::Banned(grant.id)
    } else if let Some(grant) = access.room_grant(person.id, key, GrantKind::Kick) {
        MemberReason::KeptOut(grant.id)
    } else if !access.is_selected(person) {
        MemberReason::NotSelected
    } else if access.selects(&room.members, person) {
        MemberReason::ByRule
    } else if administers {
        MemberReason::AsAdministrator
    } else {
        MemberReason::No
    };
    let (level, reason) = holder.level(key);
    let rights = holder.rights(Some(key));
    let mut reasons = vec![Reason::Member(member), Reason::Level { level, reason }, Reason::Rights(rights)];
    reasons.extend(taken(holder, Some(key)));
    Some(reasons)
}

fn taken(holder: &Holder<'_, '_>, room: Option<&RoomKey>) -> Option<Reason> {
    let (rights, grant) = holder.taken(room)?;
    Some(Reason::RightsTaken { rights, grant: grant.clone(), outside: room.is_none() })
}
