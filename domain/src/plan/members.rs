//! Plans memberships of an existing room.

use std::collections::BTreeSet;

use ruma_common::{OwnedUserId, UserId};

use super::rooms::RoomPlan;
use crate::action::Action;
use crate::cause::Cause;
use crate::desired::{AccountState, Presence};
use crate::finding::Finding;
use crate::levels::CREATOR;
use crate::observed::{Membership, ObservedRoom, face};
use crate::policy::JoinMode;
use crate::power::Power;

/// Adds joins, bans, unbans and removals.
pub(super) fn plan_members(room: &mut RoomPlan<'_, '_>, seen: &ObservedRoom) {
    plan_pardons(room, seen);
    plan_arrivals(room, seen);
    plan_bans(room, seen);
    plan_departures(room, seen);
    note_faces(room, seen);
}

/// Tells who goes by another name or picture here than everywhere else. Nothing is put back: that would write the
/// member events of all the person's rooms anew, and they could do it again.
fn note_faces(room: &mut RoomPlan<'_, '_>, seen: &ObservedRoom) {
    let accounts = &room.pass.observed.accounts;
    if room.pass.world.policy.users.own_display_name || !accounts.is_complete {
        return;
    }
    let is_other = |user: &&OwnedUserId| {
        let Some((account, wanted)) = accounts.list.get(*user).zip(room.pass.managed(user)) else { return false };
        // While somebody is renamed, Synapse takes its time to tell the rooms.
        let is_settled = wanted.display_name.is_none() || wanted.display_name == account.display_name;
        let everywhere = face(account.display_name.as_deref(), account.picture.as_deref());
        is_settled && seen.face_of(user).is_some_and(|here| here != everywhere)
    };
    let joined = seen.members.iter().filter(|(_, membership)| **membership == Membership::Join);
    let users: BTreeSet<OwnedUserId> = joined.map(|(user, _)| user).filter(is_other).cloned().collect();
    if !users.is_empty() {
        room.findings.push(Finding::OtherFaces { room: room.key.clone(), users });
    }
}

fn plan_arrivals(room: &mut RoomPlan<'_, '_>, seen: &ObservedRoom) {
    let bot_level = seen.level_of(&room.pass.world.policy.bot);
    let mut declined = BTreeSet::new();
    let arrivals: Vec<(OwnedUserId, bool)> = room
        .joiners()
        .filter_map(|user| match seen.members.get(user) {
            Some(Membership::Join) => None,
            Some(Membership::Invite) if room.policy.join == JoinMode::Invite => None,
            Some(Membership::Left) if room.policy.leave_allowed => None,
            // Nobody is asked again at every pass.
            Some(Membership::Left) if room.policy.join == JoinMode::Invite => {
                declined.insert(user.clone());
                None
            }
            Some(Membership::Ban) => Some((user.clone(), true)),
            _ => Some((user.clone(), false)),
        })
        .collect();
    if !declined.is_empty() {
        room.findings.push(Finding::InvitationsDeclined { room: room.key.clone(), users: declined });
    }
    let mut may_invite = None;
    for (user, banned) in arrivals {
        let key = room.key.clone();
        if banned {
            room.findings.push(Finding::BannedByHand { room: key, user });
            continue;
        }
        if !*may_invite.get_or_insert_with(|| room.has_power(seen.needs_for_invite(), bot_level, Power::Invite)) {
            continue;
        }
        // Whether the ban can be lifted was decided and reported above.
        let banned = seen.members.get(&user).is_some_and(|membership| membership.is_ban());
        if banned && !room.is_pardoned(&user) {
            continue;
        }
        room.step(Action::AddMember { room: key, user, how: room.policy.join }, Cause::Policy);
    }
}

fn plan_bans(room: &mut RoomPlan<'_, '_>, seen: &ObservedRoom) {
    let bot_level = seen.level_of(&room.pass.world.policy.bot);
    for (user, cause) in &room.wanted.banned {
        let banned = seen.members.get(user).is_some_and(|membership| membership.is_ban());
        let known = room.pass.managed(user).is_some() || room.pass.scope.has_account(user);
        if !banned && known && may_act_on(room, seen, user, seen.needs_for_ban(), bot_level, Power::Ban) {
            let reason = room.reason(*cause);
            room.step(Action::BanMember { room: room.key.clone(), user: user.clone(), reason }, *cause);
        }
    }
}

/// Lifts bans that no grant requests any more, even of people who do not belong in the room: otherwise `unban` would do
/// nothing for them. Also lifts bans set without the right on people who do belong.
fn plan_pardons(room: &mut RoomPlan<'_, '_>, seen: &ObservedRoom) {
    let bot_level = seen.level_of(&room.pass.world.policy.bot);
    let needs = seen.needs_for_ban().max(seen.needs_for_kick());
    for (user, membership) in room.members(seen) {
        let stands = match membership {
            Membership::BannedForGrant => room.wanted.banned.contains_key(user),
            Membership::BannedWithoutRight => !room.wanted.members.contains_key(user),
            _ => true,
        };
        let known = room.pass.managed(user).is_some();
        if !stands && known && may_act_on(room, seen, user, needs, bot_level, Power::Unban) {
            room.step(Action::UnbanMember { room: room.key.clone(), user: user.clone() }, Cause::Policy);
        }
    }
}

fn plan_departures(room: &mut RoomPlan<'_, '_>, seen: &ObservedRoom) {
    let bot_level = seen.level_of(&room.pass.world.policy.bot);
    for (user, membership) in room.members(seen) {
        let present = matches!(membership, Membership::Join | Membership::Invite);
        if !present || room.pass.is_untouchable(user) || room.wanted.banned.contains_key(user) {
            continue;
        }
        if matches!(room.wanted.members.get(user), Some(Presence::Join | Presence::Stay)) {
            continue;
        }
        let Some(account) = room.pass.managed(user) else {
            room.findings.push(Finding::MemberUnbound { room: room.key.clone(), user: user.clone() });
            continue;
        };
        // Deactivation makes the account leave every room by itself.
        if account.state == AccountState::Deactivated {
            continue;
        }
        if !may_act_on(room, seen, user, seen.needs_for_kick(), bot_level, Power::Remove) {
            continue;
        }
        let cause = room.wanted.kept_out.get(user).copied().unwrap_or(Cause::Policy);
        let reason = room.reason(cause);
        room.step(Action::RemoveMember { room: room.key.clone(), user: user.clone(), reason }, cause);
    }
}

/// Whether the bot may kick or ban this person: it needs the level, and to rank above the person. The plan's own level
/// change does not help, because it cannot lower somebody at the bot's level.
fn may_act_on(
    room: &mut RoomPlan<'_, '_>,
    seen: &ObservedRoom,
    user: &UserId,
    needs: i64,
    bot_level: i64,
    what: Power,
) -> bool {
    if !room.has_power(needs, bot_level, what) {
        return false;
    }
    let has = seen.level_of(user);
    if has < bot_level {
        return true;
    }
    if has == CREATOR {
        room.findings.push(Finding::CreatorStays { room: room.key.clone(), user: user.to_owned() });
        return false;
    }
    room.findings.push(Finding::LevelOutOfReach {
        room: room.key.clone(),
        user: user.to_owned(),
        has,
        wanted: 0,
        bot: bot_level,
    });
    false
}
