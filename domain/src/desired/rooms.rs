//! Desired state of rooms and powers over them, examining only people whom a rule may match.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::OwnedUserId;

use super::accounts::Managed;
use super::{AccountState, DesiredRoom, Presence};
use crate::access::Holder;
use crate::cause::Cause;
use crate::crowd::{Crowd, CrowdPlace};
use crate::directory::{Directory, Person, PersonId};
use crate::grant::GrantKind;
use crate::key::RoomKey;
use crate::memory::Powers;
use crate::policy::RoomPolicy;
use crate::privilege::{Might, Privilege};
use crate::world::World;

/// People to examine, with accounts looked up once for all rooms.
pub(super) struct RoomRoster<'h, 'a> {
    crowd: Crowd<'h, 'a>,
    /// Their managed accounts, if any.
    accounts: Vec<Option<&'h Managed>>,
    /// People with grants, who need not match a rule.
    granted: Vec<CrowdPlace>,
    /// Managed accounts whose person vanished from EquipeMed.
    vanished: Vec<&'h Managed>,
}

pub(super) fn roster<'h, 'a>(
    crowd: Crowd<'h, 'a>,
    directory: &Directory,
    managed: &'h BTreeMap<PersonId, Managed>,
) -> RoomRoster<'h, 'a> {
    let vanished = managed.iter().filter(|(id, _)| directory.get(**id).is_none()).map(|(_, managed)| managed).collect();
    let accounts = crowd.people().iter().map(|one| managed.get(&one.person.id)).collect();
    let is_granted = |(_, one): &(CrowdPlace, &Holder<'_, '_>)| !one.grants().is_empty();
    let granted = crowd.people().iter().enumerate().filter(is_granted).map(|(place, _)| place).collect();
    RoomRoster { crowd, accounts, granted, vanished }
}

/// People who may match a room's rules or have a grant.
pub(super) fn may_be_in<'a>(world: &World<'a>, key: &RoomKey) -> Vec<&'a Person> {
    let access = &world.access;
    let Some(room) = world.policy.rooms.get(key) else { return Vec::new() };
    let rules = || [Some(&room.members), room.administrators.as_ref()].into_iter().flatten();
    let granted: BTreeSet<PersonId> = access.granted().collect();
    let is_likely = |person: &&Person| granted.contains(&person.id) || rules().any(|rule| access.selects(rule, person));
    world.directory.people().filter(is_likely).collect()
}

pub(super) fn desired_room(
    world: &World<'_>,
    key: &RoomKey,
    room: &RoomPolicy,
    roster: &RoomRoster<'_, '_>,
    powers: &mut Powers,
) -> DesiredRoom {
    let (policy, access) = (world.policy, &world.access);
    let out =
        |person: PersonId, kind: GrantKind| access.room_grant(person, key, kind).map(|grant| Cause::Grant(grant.id));
    let (mut kept_out, mut banned) = (BTreeMap::new(), BTreeMap::new());
    let mut belonging = roster.crowd.select(&room.members);
    let matched = !belonging.is_empty();
    belonging.extend(room.administrators.iter().flat_map(|rule| roster.crowd.select(rule)));
    belonging.sort_unstable();
    belonging.dedup();
    let mut stays_out = |person: PersonId, user: &OwnedUserId| {
        let (place, cause) = match (out(person, GrantKind::Ban), out(person, GrantKind::Kick)) {
            (Some(cause), _) => (&mut banned, cause),
            (None, Some(cause)) => (&mut kept_out, cause),
            (None, None) => return false,
        };
        place.insert(user.clone(), cause);
        true
    };
    for place in &roster.granted {
        if let Some(Managed { user, wanted, .. }) = roster.account(*place) {
            stays_out(wanted.person, user);
        }
    }
    let (mut members, mut levels) = (Vec::with_capacity(belonging.len()), Vec::new());
    for place in belonging {
        let (Some(holder), Some(account)) = (roster.crowd.get(place), roster.account(place)) else { continue };
        let (Managed { user, may_come, .. }, person) = (account, holder.person.id);
        if account.wanted.released || !holder.grants().is_empty() && stays_out(person, user) {
            continue;
        }
        members.push((user.clone(), if *may_come { Presence::Join } else { Presence::Stay }));
        if *may_come {
            let (level, why) = holder.level(key);
            if level != room.default_level.unwrap_or(0) {
                levels.push((user.clone(), level));
            }
            if let (Some(might), Some(place)) = (Might::of_level(level), why.place(policy, key)) {
                powers.entry(person).or_default().insert(Privilege::new(might, place));
            }
        }
    }
    // It is unknown where people who vanished from EquipeMed belong, so they keep their memberships until deactivation
    // ends them.
    for Managed { user, wanted, .. } in &roster.vanished {
        if !stays_out(wanted.person, user) {
            members.push((user.clone(), Presence::Stay));
        }
    }
    let (members, levels) = (members.into_iter().collect(), levels.into_iter().collect());
    DesiredRoom { members, kept_out, banned, levels, matched }
}

impl<'h> RoomRoster<'h, '_> {
    fn account(&self, place: CrowdPlace) -> Option<&'h Managed> {
        self.accounts.get(place).copied().flatten()
    }
}

/// Adds powers that do not come from levels in rooms.
pub(super) fn privileges(roster: &RoomRoster<'_, '_>, mut powers: Powers) -> Powers {
    let is_open = |managed: &&Managed| managed.wanted.state == AccountState::Active || managed.wanted.waits;
    for managed in roster.accounts.iter().copied().flatten().filter(is_open) {
        if managed.wanted.server_admin == Some(true) {
            powers.entry(managed.wanted.person).or_default().insert(Privilege::SERVER_ADMIN);
        }
    }
    for (place, rights) in roster.crowd.rights() {
        let Some(managed) = roster.account(*place).filter(is_open) else { continue };
        let rights = rights.iter().map(|(right, place)| Privilege::new(Might::Right(*right), place.clone()));
        powers.entry(managed.wanted.person).or_default().extend(rights);
    }
    powers
}
