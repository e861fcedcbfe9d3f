//! Where everybody in a room that exists should stand, and what everybody shares there.
//!
//! A level for everybody (`default_level`) also reaches whoever happens to be
//! in the room: those who were not given it are named with their own.

use std::collections::BTreeMap;

use ruma_common::OwnedUserId;

use super::rooms::RoomPlan;
use crate::action::Action;
use crate::desired::{AccountState, Wish};
use crate::finding::Finding;
use crate::levels::least_power;
use crate::observed::{Membership, ObservedRoom};

/// What `users_default` should be; None leaves it as it is.
pub(super) fn shared_default(room: &mut RoomPlan<'_, '_>, seen: &ObservedRoom, bot_level: i64) -> Option<i64> {
    let bot = &room.pass.world.policy.bot;
    // Whoever stands at what everybody has must not change it.
    if seen.user_entry(bot).is_none() && seen.privileged().all(|creator| creator != *bot) {
        return None;
    }
    let Some(level) = room.policy.default_level else {
        // In a room of the bot's own it is what an earlier configuration said.
        return (seen.creator == *bot).then_some(0);
    };
    let needs = least_power(seen).min(bot_level);
    if level == 0 || level < needs {
        return Some(level);
    }
    room.findings.push(Finding::DefaultLevelTooHigh { room: room.key.clone(), level, needs });
    None
}

/// Everybody whose level this service decides, with it.
pub(super) fn standings(
    room: &RoomPlan<'_, '_>,
    seen: &ObservedRoom,
    default: Option<i64>,
) -> BTreeMap<OwnedUserId, i64> {
    let (pass, wanted) = (room.pass, room.wanted);
    let usual = room.policy.default_level.filter(|_| default.is_some()).unwrap_or(0);
    // Where somebody should stand does not depend on whether they can be brought into the room now. Who stays without
    // belonging there now, as somebody who is suspended, has no part in what everybody has.
    let level_of = |user: &OwnedUserId| match wanted.levels.get(user) {
        Some(level) => *level,
        None if usual == 0 || wanted.members.get(user) == Some(&Wish::Join) || !stays(room, seen, user) => usual,
        None => 0,
    };
    let mut people: BTreeMap<OwnedUserId, i64> = wanted
        .levels
        .iter()
        .filter(|(user, _)| room.usable.contains(*user))
        .map(|(user, level)| (user.clone(), *level))
        .collect();
    // Whoever has an entry, or stands above every level as a creator, is told about, too.
    let entries = seen.user_entries().map(|(user, _)| user).chain(seen.privileged().map(ToOwned::to_owned));
    let present = room.members(seen).map(|(user, _)| user.clone()).filter(|_| usual != 0);
    // Where the room cannot have that level for everybody, who would have it is given nothing, and keeps what they have of it.
    let refused = room.policy.default_level.filter(|_| default.is_none());
    for user in entries.filter(|user| pass.is_pictured(user)).chain(present) {
        let is_ours = pass.managed(&user).is_some() || room.usable.contains(&user);
        if is_ours {
            let is_meant = !wanted.levels.contains_key(&user) && wanted.members.get(&user) == Some(&Wish::Join);
            let kept = refused.filter(|_| is_meant).and_then(|most| Some(seen.user_entry(&user)?.clamp(0, most)));
            let level = kept.unwrap_or_else(|| level_of(&user));
            people.insert(user, level);
        }
    }
    people.retain(|user, _| !pass.is_untouchable(user));
    let Some(default) = default else { return people };
    // Others keep what they have. Strangers get no part in what everybody has; who must not be changed at all is only
    // spared the change of it.
    let before = seen.users_default();
    for (user, membership) in room.members(seen) {
        let is_there = matches!(membership, Membership::Join | Membership::Invite);
        let is_named = seen.user_entry(user).is_some() || seen.privileged().any(|creator| creator == user);
        if !is_there || is_named || people.contains_key(user) || *user == pass.world.policy.bot {
            continue;
        }
        if pass.is_untouchable(user) {
            if default != before {
                people.insert(user.clone(), before);
            }
        } else if pass.managed(user).is_none() && default != 0 {
            people.insert(user.clone(), 0);
        }
    }
    people
}

/// Whether somebody is in the room, or invited, and this plan leaves them there.
fn stays(room: &RoomPlan<'_, '_>, seen: &ObservedRoom, user: &OwnedUserId) -> bool {
    let is_there = matches!(seen.members.get(user), Some(Membership::Join | Membership::Invite));
    let goes = room.steps.iter().any(|step| match &step.action {
        Action::RemoveMember { user: who, .. } | Action::BanMember { user: who, .. } => who == user,
        _ => false,
    });
    // Deactivation takes people out of every room.
    let ends = room.pass.managed(user).is_some_and(|account| account.state == AccountState::Deactivated);
    is_there && !goes && !ends
}
