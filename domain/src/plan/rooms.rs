//! Plans rooms: creates one completely, or changes single properties of an existing one.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::{OwnedRoomId, OwnedUserId};

use super::Step;
use super::levels::{shared_default, standings};
use super::members::plan_members;
use crate::action::{Action, NewRoom};
use crate::cause::Cause;
use crate::desired::{DesiredRoom, Presence};
use crate::finding::{Difference, Finding};
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::level_budget::Overflow;
use crate::levels::{CREATOR, OutOfReach, first_levels, guard_record, levelling};
use crate::observed::{Membership, ObservedRoom, Replacement, RoomSight};
use crate::policy::{JoinMode, RoomKind, RoomPolicy};
use crate::power::Power;
use crate::setting::RoomSetting;
use crate::world::Pass;

/// Adds the steps of every room in scope, spaces before the rooms in them.
pub(super) fn plan_rooms(
    pass: Pass<'_>,
    usable: &BTreeSet<OwnedUserId>,
    steps: &mut Vec<Step>,
    findings: &mut Vec<Finding>,
) {
    for key in pass.world.policy.rooms_parents_first() {
        let (Some(policy), Some(wanted)) = (pass.world.policy.rooms.get(key), pass.desired.rooms.get(key)) else {
            continue;
        };
        if !pass.scope.has_room(key) {
            continue;
        }
        let sight = pass.observed.rooms.get(key);
        // For one person, plans only rooms where they should be or are.
        if pass.desired.only.as_ref().is_some_and(|only| !concerns(only, wanted, sight)) {
            continue;
        }
        let mut room = RoomPlan::new(pass, key, policy, wanted, usable, findings);
        match sight {
            None => {}
            Some(RoomSight::Unreadable { room_id, why }) => room.findings.push(Finding::RoomUnreadable {
                room: key.clone(),
                room_id: room_id.clone(),
                why: Box::new(why.clone().into()),
            }),
            Some(RoomSight::Several { room_ids }) => room
                .findings
                .push(Finding::RoomKeyTwice { room: key.clone(), room_ids: room_ids.iter().cloned().collect() }),
            // Only `setup` makes the control room, because held parts are announced there.
            Some(RoomSight::Absent) if key.as_str() == CONTROL_ROOM => room.findings.push(Finding::ControlRoomMissing),
            Some(RoomSight::Absent) if pass.memory.encrypts => room.findings.push(Finding::NewRoomsEncrypted),
            Some(RoomSight::Absent) => room.plan_new(),
            Some(RoomSight::Seen(seen)) => room.plan_seen(seen),
        }
        let mut own = room.steps;
        own.sort_by_key(|step| step.action.rank());
        steps.extend(own);
    }
    if *pass.scope == crate::scope::Scope::Everything {
        findings.extend(
            pass.observed
                .no_longer_managed
                .iter()
                .map(|(room, room_id)| Finding::RoomNoLongerManaged { room: room.clone(), room_id: room_id.clone() }),
        );
    }
}

/// Whether somebody is or should be something in a room.
fn concerns(user: &OwnedUserId, wanted: &DesiredRoom, sight: Option<&RoomSight>) -> bool {
    let is_wanted = wanted.members.contains_key(user) || wanted.banned.contains_key(user);
    let is_seen = |seen: &ObservedRoom| {
        seen.members.contains_key(user)
            || seen.user_entry(user).is_some()
            || seen.privileged().any(|creator| creator == user)
    };
    is_wanted || matches!(sight, Some(RoomSight::Seen(seen)) if is_seen(seen))
}

/// Planning state of one room.
pub(super) struct RoomPlan<'a, 'f> {
    pub(super) pass: Pass<'a>,
    pub(super) key: &'a RoomKey,
    pub(super) policy: &'a RoomPolicy,
    pub(super) wanted: &'a DesiredRoom,
    pub(super) usable: &'a BTreeSet<OwnedUserId>,
    pub(super) steps: Vec<Step>,
    pub(super) findings: &'f mut Vec<Finding>,
    /// People whose ban the plan lifts.
    pardoned: BTreeSet<OwnedUserId>,
}

impl<'a, 'f> RoomPlan<'a, 'f> {
    fn new(
        pass: Pass<'a>,
        key: &'a RoomKey,
        policy: &'a RoomPolicy,
        wanted: &'a DesiredRoom,
        usable: &'a BTreeSet<OwnedUserId>,
        findings: &'f mut Vec<Finding>,
    ) -> Self {
        Self { pass, key, policy, wanted, usable, steps: Vec::new(), findings, pardoned: BTreeSet::new() }
    }
}

impl RoomPlan<'_, '_> {
    pub(super) fn is_pardoned(&self, user: &OwnedUserId) -> bool {
        self.pardoned.contains(user)
    }

    pub(super) fn step(&mut self, action: Action, cause: Cause) {
        if let Action::UnbanMember { user, .. } = &action {
            self.pardoned.insert(user.clone());
        }
        self.steps.push(Step { action, cause });
    }

    /// People who should be in, with accounts that can join.
    pub(super) fn joiners(&self) -> impl Iterator<Item = &OwnedUserId> {
        self.wanted
            .members
            .iter()
            .filter(|(user, wish)| **wish == Presence::Join && self.usable.contains(*user))
            .map(|(user, _)| user)
    }

    /// Memberships of everybody whom the desired state describes.
    pub(super) fn members<'s>(
        &self,
        seen: &'s ObservedRoom,
    ) -> impl Iterator<Item = (&'s OwnedUserId, &'s Membership)> + use<'s> {
        let only = self.pass.desired.only.as_ref();
        let one = only.and_then(|user| seen.members.get_key_value(user));
        let all = only.is_none().then(|| seen.members.iter());
        one.into_iter().chain(all.into_iter().flatten())
    }

    /// Whether there is no room yet to hang into another: several rooms have the key, so that people must decide, or
    /// none is made.
    fn is_in_doubt(&self, key: &RoomKey) -> bool {
        let policy = &self.pass.world.policy.rooms;
        match self.pass.observed.rooms.get(key) {
            Some(RoomSight::Several { .. }) => true,
            Some(RoomSight::Absent) => {
                self.pass.memory.encrypts || policy.get(key).is_some_and(|room| self.version_of(room).is_none())
            }
            _ => false,
        }
    }

    fn version_of<'r>(&self, room: &'r RoomPolicy) -> Option<&'r str> {
        room.version.among(&self.pass.observed.room_versions)
    }

    fn plan_new(&mut self) {
        let Some(version) = self.version_of(self.policy) else {
            let wanted = self.policy.version.to_string();
            let has = self.pass.observed.room_versions.iter().cloned().collect();
            return self.findings.push(Finding::VersionMissing { room: self.key.clone(), wanted, has });
        };
        let joiners: BTreeSet<OwnedUserId> = self.joiners().cloned().collect();
        let levels: BTreeMap<OwnedUserId, i64> = self
            .wanted
            .levels
            .iter()
            .filter(|(user, _)| joiners.contains(*user))
            .map(|(user, level)| (user.clone(), *level))
            .collect();
        let (bot, usual) = (&self.pass.world.policy.bot, self.policy.default_level.unwrap_or(0));
        let (levels, overflow) = first_levels(version, self.policy.kind, bot, levels, usual);
        self.note_overflow(overflow);
        let invited = self.policy.join == JoinMode::Invite;
        let new = NewRoom {
            parent: self.policy.parent.clone().filter(|parent| !self.is_in_doubt(parent)),
            levels,
            invite: if invited { joiners.clone() } else { BTreeSet::new() },
            ..NewRoom::of(self.policy, version)
        };
        let room = self.key.clone();
        self.step(Action::CreateRoom { room: room.clone(), new: Box::new(new) }, Cause::Policy);
        if !invited {
            for user in joiners {
                self.step(Action::AddMember { room: room.clone(), user, how: JoinMode::Force }, Cause::Policy);
            }
        }
        for (user, cause) in &self.wanted.banned {
            if self.pass.managed(user).is_none() && !self.pass.scope.has_account(user) {
                continue;
            }
            let reason = self.reason(*cause);
            self.step(Action::BanMember { room: room.clone(), user: user.clone(), reason }, *cause);
        }
        self.plan_children(&BTreeSet::new(), true);
    }

    fn plan_seen(&mut self, seen: &ObservedRoom) {
        let bot = &self.pass.world.policy.bot;
        if seen.members.get(bot) != Some(&Membership::Join) {
            self.findings.push(Finding::BotNotInRoom { room: self.key.clone(), room_id: seen.room_id.clone() });
            return;
        }
        if let Some(Replacement { by, successor }) = seen.replaced.clone() {
            self.findings.push(Finding::RoomReplaced { room: self.key.clone(), by, successor });
            return;
        }
        if seen.encrypted {
            self.findings.push(Finding::RoomEncrypted { room: self.key.clone() });
        }
        self.note_differences(seen);
        self.plan_settings(seen);
        self.plan_parent(seen);
        if self.policy.kind == RoomKind::Space {
            let may = self.may_send(seen, "m.space.child", Power::ListRooms);
            self.plan_children(&seen.children, may);
        }
        plan_members(self, seen);
        self.plan_levels(seen);
    }

    /// Reports differences that cannot be changed in an existing room.
    fn note_differences(&mut self, seen: &ObservedRoom) {
        let room = self.key.clone();
        if !self.policy.version.permits(&seen.version) {
            let (has, wanted) = (seen.version.clone(), self.policy.version.to_string());
            let how = Difference::Version { has, wanted };
            self.findings.push(Finding::RoomDiffers { room: room.clone(), how });
        }
        if seen.is_space != (self.policy.kind == RoomKind::Space) {
            let how = if seen.is_space { Difference::IsSpace } else { Difference::IsNoSpace };
            self.findings.push(Finding::RoomDiffers { room, how });
        }
    }

    /// Whether the bot may send this state; adds a finding if not.
    fn may_send(&mut self, seen: &ObservedRoom, event: &str, what: Power) -> bool {
        let (needs, bot) = (seen.needs_for_state(event), seen.level_of(&self.pass.world.policy.bot));
        self.has_power(needs, bot, what)
    }

    pub(super) fn has_power(&mut self, needs: i64, bot: i64, what: Power) -> bool {
        if bot >= needs {
            return true;
        }
        self.findings.push(Finding::PowerMissing { room: self.key.clone(), what, needs, bot });
        false
    }

    fn plan_settings(&mut self, seen: &ObservedRoom) {
        for setting in RoomSetting::ALL.iter().copied() {
            let from = seen.settings.get(&setting);
            let wanted = setting.wanted(self.policy, &self.pass.world.policy.server_name);
            // A missing text equals an empty one.
            let Some(to) = wanted.filter(|to| from.map_or(*to != "".into(), |from| from != to)) else { continue };
            if setting == RoomSetting::JoinRule && self.key.as_str() == CONTROL_ROOM {
                let join_rule = from.map(|rule| setting.shown(Some(rule))).unwrap_or_default();
                self.findings.push(Finding::ControlRoomOpen { join_rule });
            }
            if self.may_send(seen, setting.row().event, Power::Set(setting)) {
                let (room, from) = (self.key.clone(), from.cloned());
                self.step(Action::Set { setting, room, from, to }, Cause::Policy);
            }
        }
    }

    fn plan_parent(&mut self, seen: &ObservedRoom) {
        let Some(parent) = &self.policy.parent else { return };
        let there = room_id(self.pass, parent).is_some_and(|id| seen.parents.contains(id));
        let known = self.pass.observed.rooms.contains_key(parent) && !self.is_in_doubt(parent);
        if !there && known && self.may_send(seen, "m.space.parent", Power::NameSpace) {
            let (room, parent) = (self.key.clone(), parent.clone());
            self.step(Action::SetParent { room, parent }, Cause::Policy);
        }
    }

    /// Adds missing children to a space and removes those that moved elsewhere, or that nobody can use any more.
    fn plan_children(&mut self, present: &BTreeSet<OwnedRoomId>, may: bool) {
        if !may {
            return;
        }
        for (child, policy) in &self.pass.world.policy.rooms {
            let Some(sight) = self.pass.observed.rooms.get(child) else { continue };
            if self.is_in_doubt(child) {
                continue;
            }
            let belongs = policy.parent.as_ref() == Some(self.key) && !sight.is_dead();
            let (room, child) = (self.key.clone(), child.clone());
            let id = match sight {
                RoomSight::Absent | RoomSight::Several { .. } => None,
                RoomSight::Seen(seen) => Some(&seen.room_id),
                RoomSight::Unreadable { room_id, .. } => Some(room_id),
            };
            let is_there = id.is_some_and(|id| present.contains(id));
            // A plan cannot create the control room, so there may be nothing to add yet.
            let will_be = id.is_some() || child.as_str() != CONTROL_ROOM;
            if belongs && !is_there && will_be {
                self.step(Action::AddChild { room, child }, Cause::Policy);
            } else if !belongs && is_there {
                self.step(Action::DropChild { room, child }, Cause::Policy);
            }
        }
    }

    fn plan_levels(&mut self, seen: &ObservedRoom) {
        let bot = &self.pass.world.policy.bot;
        let bot_level = seen.level_of(bot);
        if seen.power_levels.is_none() && !seen.has_privileged_creators() {
            // Only the absence of a power levels event gives the creator a level; writing one would end it.
            self.findings.push(Finding::RoomDiffers { room: self.key.clone(), how: Difference::NoLevelEvent });
            return;
        }
        let default = shared_default(self, seen, bot_level);
        let people = standings(self, seen, default);
        let levels = levelling(seen, bot_level, &people, default);
        self.note_overflow(levels.overflow);
        let (room, mut changes) = (self.key.clone(), levels.changes);
        if room.as_str() == CONTROL_ROOM {
            guard_record(seen, bot_level, &mut changes);
        }
        // Who made the room and should go is told for that.
        let goes = |entry: &OutOfReach| entry.has == CREATOR && !self.wanted.members.contains_key(&entry.user);
        let out_of_reach: Vec<_> = levels.out_of_reach.into_iter().filter(|entry| !goes(entry)).collect();
        self.findings.extend(out_of_reach.into_iter().map(|entry| Finding::LevelOutOfReach {
            room: room.clone(),
            user: entry.user,
            has: entry.has,
            wanted: entry.wanted,
            bot: bot_level,
        }));
        if !changes.is_empty() && self.may_send(seen, "m.room.power_levels", Power::ChangeLevels) {
            self.step(Action::SetLevels { room, changes }, Cause::Policy);
        }
    }

    fn note_overflow(&mut self, overflow: Option<Overflow>) {
        let room = self.key.clone();
        self.findings.extend(overflow.map(|Overflow { entries, waiting, bytes }| Finding::LevelsFull {
            room,
            entries,
            waiting,
            bytes,
        }));
    }

    /// The reason shown for a removal.
    pub(super) fn reason(&self, cause: Cause) -> String {
        match cause {
            Cause::Policy => "EquipeMed".to_owned(),
            Cause::Grant(id) => format!("EquipeMed, request {}", id.0),
        }
    }
}

fn room_id<'a>(pass: Pass<'a>, key: &RoomKey) -> Option<&'a OwnedRoomId> {
    match pass.observed.rooms.get(key)? {
        RoomSight::Seen(seen) => Some(&seen.room_id),
        RoomSight::Unreadable { room_id, .. } => Some(room_id),
        RoomSight::Absent | RoomSight::Several { .. } => None,
    }
}
