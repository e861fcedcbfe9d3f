//! Rooms: made in one call, or brought back in line property by property.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::{OwnedRoomId, OwnedUserId};

use super::levels::{shared_default, standings};
use super::members::plan_members;
use super::{Inputs, Step};
use crate::action::{Action, NewRoom};
use crate::cause::Cause;
use crate::desired::{DesiredRoom, Wish};
use crate::finding::{Difference, Finding};
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::level_budget::Overflow;
use crate::levels::{first_levels, guard_record, levelling};
use crate::observed::{Membership, ObservedRoom, RoomSight};
use crate::policy::{JoinMode, RoomKind, RoomPolicy};
use crate::power::Power;

/// Adds the steps of every room in scope, spaces before what hangs in them.
pub(super) fn plan_rooms(
    inputs: Inputs<'_>,
    usable: &BTreeSet<OwnedUserId>,
    steps: &mut Vec<Step>,
    findings: &mut Vec<Finding>,
) {
    for key in inputs.policy.rooms_parents_first() {
        let (Some(policy), Some(wanted)) = (inputs.policy.rooms.get(key), inputs.desired.rooms.get(key)) else {
            continue;
        };
        if !inputs.scope.has_room(key) {
            continue;
        }
        let mut room = RoomPlan::new(inputs, key, policy, wanted, usable, findings);
        match inputs.observed.rooms.get(key) {
            None => {}
            Some(RoomSight::Unreadable { room_id, why }) => room.findings.push(Finding::RoomUnreadable {
                room: key.clone(),
                room_id: room_id.clone(),
                why: Box::new(why.clone().into()),
            }),
            Some(RoomSight::Several { room_ids }) => room
                .findings
                .push(Finding::RoomKeyTwice { room: key.clone(), room_ids: room_ids.iter().cloned().collect() }),
            // Only `setup` makes the control room: it is where a held plan would have to be announced.
            Some(RoomSight::Absent) if key.as_str() == CONTROL_ROOM => room.findings.push(Finding::ControlRoomMissing),
            Some(RoomSight::Absent) => room.plan_new(),
            Some(RoomSight::Seen(seen)) => room.plan_seen(seen),
        }
        let mut own = room.steps;
        own.sort_by_key(|step| step.action.rank());
        steps.extend(own);
    }
    if *inputs.scope == crate::scope::Scope::Everything {
        findings.extend(
            inputs
                .observed
                .no_longer_managed
                .iter()
                .map(|(room, room_id)| Finding::RoomNoLongerManaged { room: room.clone(), room_id: room_id.clone() }),
        );
    }
}

/// The work on one room.
pub(super) struct RoomPlan<'a, 'f> {
    pub(super) inputs: Inputs<'a>,
    pub(super) key: &'a RoomKey,
    pub(super) policy: &'a RoomPolicy,
    pub(super) wanted: &'a DesiredRoom,
    pub(super) usable: &'a BTreeSet<OwnedUserId>,
    pub(super) steps: Vec<Step>,
    pub(super) findings: &'f mut Vec<Finding>,
    /// Whose ban the plan lifts.
    pardoned: BTreeSet<OwnedUserId>,
}

impl<'a, 'f> RoomPlan<'a, 'f> {
    fn new(
        inputs: Inputs<'a>,
        key: &'a RoomKey,
        policy: &'a RoomPolicy,
        wanted: &'a DesiredRoom,
        usable: &'a BTreeSet<OwnedUserId>,
        findings: &'f mut Vec<Finding>,
    ) -> Self {
        Self { inputs, key, policy, wanted, usable, steps: Vec::new(), findings, pardoned: BTreeSet::new() }
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

    /// People who should be in and whose account is or will be there.
    pub(super) fn joiners(&self) -> impl Iterator<Item = &OwnedUserId> {
        self.wanted
            .members
            .iter()
            .filter(|(user, wish)| **wish == Wish::Join && self.usable.contains(*user))
            .map(|(user, _)| user)
    }

    /// Whether it is for people to decide which room a key has.
    fn is_in_doubt(&self, key: &RoomKey) -> bool {
        matches!(self.inputs.observed.rooms.get(key), Some(RoomSight::Several { .. }))
    }

    fn plan_new(&mut self) {
        let joiners: BTreeSet<OwnedUserId> = self.joiners().cloned().collect();
        let levels: BTreeMap<OwnedUserId, i64> = self
            .wanted
            .levels
            .iter()
            .filter(|(user, _)| joiners.contains(*user))
            .map(|(user, level)| (user.clone(), *level))
            .collect();
        let (bot, usual) = (&self.inputs.policy.bot, self.policy.default_level.unwrap_or(0));
        let (levels, overflow) = first_levels(&self.policy.version, self.policy.kind, bot, levels, usual);
        self.note_overflow(overflow);
        let invited = self.policy.join == JoinMode::Invite;
        let new = NewRoom {
            kind: self.policy.kind,
            version: self.policy.version.clone(),
            name: self.policy.name.clone(),
            topic: self.policy.topic.clone(),
            avatar: self.policy.avatar.clone(),
            alias: self.policy.alias.clone(),
            parent: self.policy.parent.clone().filter(|parent| !self.is_in_doubt(parent)),
            history: self.policy.history,
            retention: self.policy.retention,
            levels,
            default_level: usual,
            invite: if invited { joiners.clone() } else { BTreeSet::new() },
        };
        let room = self.key.clone();
        self.step(Action::CreateRoom { room: room.clone(), new: Box::new(new) }, Cause::Policy);
        if !invited {
            for user in joiners {
                self.step(Action::AddMember { room: room.clone(), user, how: JoinMode::Force }, Cause::Policy);
            }
        }
        for (user, cause) in &self.wanted.banned {
            if self.inputs.managed(user).is_none() && !self.inputs.scope.has_account(user) {
                continue;
            }
            let reason = self.reason(*cause);
            self.step(Action::BanMember { room: room.clone(), user: user.clone(), reason }, *cause);
        }
        self.plan_children(&BTreeSet::new(), true);
    }

    fn plan_seen(&mut self, seen: &ObservedRoom) {
        let bot = &self.inputs.policy.bot;
        if seen.members.get(bot) != Some(&Membership::Join) {
            self.findings.push(Finding::BotNotInRoom { room: self.key.clone(), room_id: seen.room_id.clone() });
            return;
        }
        if seen.replaced {
            self.findings.push(Finding::RoomReplaced { room: self.key.clone() });
            return;
        }
        if seen.encrypted {
            self.findings.push(Finding::RoomEncrypted { room: self.key.clone() });
        }
        self.note_differences(seen);
        self.plan_properties(seen);
        self.plan_parent(seen);
        if self.policy.kind == RoomKind::Space {
            let may = self.may_send(seen, "m.space.child", Power::ListRooms);
            self.plan_children(&seen.children, may);
        }
        plan_members(self, seen);
        self.plan_levels(seen);
    }

    /// What cannot be changed in an existing room.
    fn note_differences(&mut self, seen: &ObservedRoom) {
        let room = self.key.clone();
        if seen.version != self.policy.version {
            let (has, wanted) = (seen.version.clone(), self.policy.version.clone());
            let how = Difference::Version { has, wanted };
            self.findings.push(Finding::RoomDiffers { room: room.clone(), how });
        }
        if seen.is_space != (self.policy.kind == RoomKind::Space) {
            let how = if seen.is_space { Difference::IsSpace } else { Difference::IsNoSpace };
            self.findings.push(Finding::RoomDiffers { room, how });
        }
    }

    /// Whether the bot may send this state; a finding when not.
    fn may_send(&mut self, seen: &ObservedRoom, event: &str, what: Power) -> bool {
        let (needs, bot) = (seen.needs_for_state(event), seen.level_of(&self.inputs.policy.bot));
        self.has_power(needs, bot, what)
    }

    pub(super) fn has_power(&mut self, needs: i64, bot: i64, what: Power) -> bool {
        if bot >= needs {
            return true;
        }
        self.findings.push(Finding::PowerMissing { room: self.key.clone(), what, needs, bot });
        false
    }

    fn plan_properties(&mut self, seen: &ObservedRoom) {
        let (room, policy) = (self.key.clone(), self.policy);
        if seen.name.as_ref() != Some(&policy.name) && self.may_send(seen, "m.room.name", Power::ChangeName) {
            let (from, to) = (seen.name.clone(), policy.name.clone());
            self.step(Action::SetName { room: room.clone(), from, to }, Cause::Policy);
        }
        if let Some(topic) = &policy.topic
            && seen.topic.as_deref().unwrap_or("") != topic
            && self.may_send(seen, "m.room.topic", Power::ChangeTopic)
        {
            let (from, to) = (seen.topic.clone(), topic.clone());
            self.step(Action::SetTopic { room: room.clone(), from, to }, Cause::Policy);
        }
        if let Some(avatar) = &policy.avatar
            && seen.avatar.as_ref() != Some(avatar)
            && self.may_send(seen, "m.room.avatar", Power::ChangePicture)
        {
            let (from, to) = (seen.avatar.clone(), avatar.clone());
            self.step(Action::SetAvatar { room: room.clone(), from, to }, Cause::Policy);
        }
        if let Some(local) = &policy.alias {
            let alias = format!("#{local}:{}", self.inputs.policy.server_name);
            if seen.alias.as_ref() != Some(&alias) && self.may_send(seen, "m.room.canonical_alias", Power::ChangeAlias)
            {
                let from = seen.alias.clone();
                self.step(Action::SetAlias { room: room.clone(), from, to: alias }, Cause::Policy);
            }
        }
        if seen.join_rule.as_deref() != Some("invite") {
            if self.key.as_str() == CONTROL_ROOM {
                let join_rule = seen.join_rule.clone().unwrap_or_default();
                self.findings.push(Finding::ControlRoomOpen { join_rule });
            }
            if self.may_send(seen, "m.room.join_rules", Power::Close) {
                let (from, to) = (seen.join_rule.clone(), "invite".to_owned());
                self.step(Action::SetJoinRule { room: room.clone(), from, to }, Cause::Policy);
            }
        }
        if seen.history.as_deref() != Some(policy.history.as_str())
            && self.may_send(seen, "m.room.history_visibility", Power::ChangeHistory)
        {
            let (from, to) = (seen.history.clone(), policy.history);
            self.step(Action::SetHistory { room: room.clone(), from, to }, Cause::Policy);
        }
        if let Some(retention) = policy.retention
            && seen.retention != Some(retention)
            && self.may_send(seen, "m.room.retention", Power::ChangeRetention)
        {
            let from = seen.retention;
            self.step(Action::SetRetention { room, from, to: retention }, Cause::Policy);
        }
    }

    fn plan_parent(&mut self, seen: &ObservedRoom) {
        let Some(parent) = &self.policy.parent else { return };
        let there = room_id(self.inputs, parent).is_some_and(|id| seen.parents.contains(id));
        let known = self.inputs.observed.rooms.contains_key(parent) && !self.is_in_doubt(parent);
        if !there && known && self.may_send(seen, "m.space.parent", Power::NameSpace) {
            let (room, parent) = (self.key.clone(), parent.clone());
            self.step(Action::SetParent { room, parent }, Cause::Policy);
        }
    }

    /// Shows in a space what hangs in it, and no longer what hangs elsewhere now.
    fn plan_children(&mut self, present: &BTreeSet<OwnedRoomId>, may: bool) {
        if !may {
            return;
        }
        for (child, policy) in &self.inputs.policy.rooms {
            let Some(sight) = self.inputs.observed.rooms.get(child) else { continue };
            if self.is_in_doubt(child) {
                continue;
            }
            let belongs = policy.parent.as_ref() == Some(self.key);
            let (room, child) = (self.key.clone(), child.clone());
            let id = match sight {
                RoomSight::Absent | RoomSight::Several { .. } => None,
                RoomSight::Seen(seen) => Some(&seen.room_id),
                RoomSight::Unreadable { room_id, .. } => Some(room_id),
            };
            let is_there = id.is_some_and(|id| present.contains(id));
            // The control room is not made by a plan, so there may be nothing to show yet.
            let will_be = id.is_some() || child.as_str() != CONTROL_ROOM;
            if belongs && !is_there && will_be {
                self.step(Action::AddChild { room, child }, Cause::Policy);
            } else if !belongs && is_there {
                self.step(Action::DropChild { room, child }, Cause::Policy);
            }
        }
    }

    fn plan_levels(&mut self, seen: &ObservedRoom) {
        let bot = &self.inputs.policy.bot;
        let bot_level = seen.level_of(bot);
        if seen.power_levels.is_none() && !seen.has_privileged_creators() {
            // Writing the first level event would take the creator's level, which only its absence gives.
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
        self.findings.extend(levels.out_of_reach.into_iter().map(|entry| Finding::LevelOutOfReach {
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

    /// The sentence that goes with a removal.
    pub(super) fn reason(&self, cause: Cause) -> String {
        match cause {
            Cause::Policy => "EquipeMed".to_owned(),
            Cause::Grant(id) => format!("EquipeMed, request {}", id.0),
        }
    }
}

fn room_id<'a>(inputs: Inputs<'a>, key: &RoomKey) -> Option<&'a OwnedRoomId> {
    match inputs.observed.rooms.get(key)? {
        RoomSight::Seen(seen) => Some(&seen.room_id),
        RoomSight::Unreadable { room_id, .. } => Some(room_id),
        RoomSight::Absent | RoomSight::Several { .. } => None,
    }
}
