//! Plans levels in an existing room: each person's, and the room's default.
//!
//! `default_level` also affects strangers in the room, so they get entries with their own level.

use std::collections::BTreeMap;

use ruma_common::OwnedUserId;

use super::rooms::RoomPlan;
use crate::action::Action;
use crate::desired::{AccountState, Presence};
use crate::finding::Finding;
use crate::levels::least_power;
use crate::observed::{Membership, ObservedRoom};

/// The desired `users_default`; None leaves it unchanged.
pub(super) fn shared_default(room: &mut RoomPlan<'_, '_>, seen: &ObservedRoom, bot_level: i64) -> Option<i64> {
    let bot = &room.pass.world.policy.bot;
    // Without its own entry the bot would change its own level.
    if seen.user_entry(bot).is_none() && seen.privileged().all(|creator| creator != *bot) {
        return None;
    }
    let Some(level) = room.policy.default_level else {
        // The bot set it from an earlier configuration.
        return (seen.creator == *bot).then_some(0);
    };
    let needs = least_power(seen).min(bot_level);
    if level == 0 || level < needs {
        return Some(level);
    }
    room.findings.push(Finding::DefaultLevelTooHigh { room: room.key.clone(), level, needs });
    None
}

/// The desired levels of all people whom this service manages.
pub(super) fn standings(
    room: &RoomPlan<'_, '_>,
    seen: &ObservedRoom,
    default: Option<i64>,
) -> BTreeMap<OwnedUserId, i64> {
    let (pass, wanted) = (room.pass, room.wanted);
    let usual = room.policy.default_level.filter(|_| default.is_some()).unwrap_or(0);
    // A desired level does not depend on whether the person can join now. Members who only stay, such as suspended
    // ones, do not get the default level.
    let level_of = |user: &OwnedUserId| match wanted.levels.get(user) {
        Some(level) => *level,
        None if usual == 0 || wanted.members.get(user) == Some(&Presence::Join) || !stays(room, seen, user) => usual,
        None => 0,
    };
    let mut people: BTreeMap<OwnedUserId, i64> = wanted
        .levels
        .iter()
        .filter(|(user, _)| room.usable.contains(*user))
        .map(|(user, level)| (user.clone(), *level))
        .collect();
    // Includes people with an entry and creators, so that levels out of reach are reported.
    let entries = seen.user_entries().map(|(user, _)| user).chain(seen.privileged().map(ToOwned::to_owned));
    let present = room.members(seen).map(|(user, _)| user.clone()).filter(|_| usual != 0);
    // If the room cannot have that default, its beneficiaries keep what they have of it and get no more.
    let refused = room.policy.default_level.filter(|_| default.is_none());
    for user in entries.filter(|user| pass.is_pictured(user)).chain(present) {
        let is_ours = pass.managed(&user).is_some() || room.usable.contains(&user);
        if is_ours {
            let is_meant = !wanted.levels.contains_key(&user) && wanted.members.get(&user) == Some(&Presence::Join);
            let kept = refused.filter(|_| is_meant).and_then(|most| Some(seen.user_entry(&user)?.clamp(0, most)));
            let level = kept.unwrap_or_else(|| level_of(&user));
            people.insert(user, level);
        }
    }
    people.retain(|user, _| !pass.is_untouchable(user));
    let Some(default) = default else { return people };
    // Others keep their level: strangers do not get the new default, and untouchable accounts are only protected from
    // its change.
    let before = seen.users_default();
    for (user, membership) in room.members(seen) {
        let is_there = matches!(membership, Membership::Join | Membership::Invite);
        let is_named = seen.user_entry(user).is_some() || seen.privileged().any(|creator| creator == user);
        if !is_there || is_named || people.contains_key(user) || *user == pass.world.policy.bot {
            continue;
        }
        // Whose account it is may be unclear: where nobody's, it is a stranger's, as for a pass that reads no accounts.
        let is_nobodys = pass.desired.frozen.contains(user) && pass.world.bindings.owner(user).is_none();
        if pass.is_untouchable(user) && !is_nobodys {
            if default != before {
                people.insert(user.clone(), before);
            }
        } else if pass.managed(user).is_none() && default != 0 {
            people.insert(user.clone(), 0);
        }
    }
    people
}

/// Whether somebody is a member or invited and remains so under this plan.
fn stays(room: &RoomPlan<'_, '_>, seen: &ObservedRoom, user: &OwnedUserId) -> bool {
    let is_there = matches!(seen.members.get(user), Some(Membership::Join | Membership::Invite));
    let goes = room.steps.iter().any(|step| match &step.action {
        Action::RemoveMember { user: who, .. } | Action::BanMember { user: who, .. } => who == user,
        _ => false,
    });
    // Deactivation removes people from every room.
    let ends = room.pass.managed(user).is_some_and(|account| account.state == AccountState::Deactivated);
    is_there && !goes && !ends
}
