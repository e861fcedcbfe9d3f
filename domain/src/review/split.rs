//! Takes the held effects out of a plan, with everything that belongs to them.
//!
//! Half of an effect must not stay behind: whoever is not removed keeps the
//! level, whoever is not to gain power gets neither level nor note.

use std::collections::BTreeSet;

use ruma_common::OwnedUserId;

use super::Effect;
use crate::action::Action;
use crate::cause::Cause;
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::levels::PEOPLE_MAX;
use crate::plan::{Plan, Step};

/// People whom this action raises to level 100.
pub(super) fn raised_to_the_top(action: &Action) -> Vec<&OwnedUserId> {
    match action {
        Action::SetLevels { changes, .. } => changes
            .users
            .iter()
            .filter(|(_, change)| change.to.is_some_and(|to| to >= PEOPLE_MAX))
            .map(|(user, _)| user)
            .collect(),
        Action::CreateRoom { new, .. } => {
            new.levels.iter().filter(|(_, level)| **level >= PEOPLE_MAX).map(|(user, _)| user).collect()
        }
        _ => Vec::new(),
    }
}

/// The plan without the stopped effects.
pub(super) fn without(plan: Plan, stopped: &BTreeSet<Effect>) -> Plan {
    if stopped.is_empty() {
        return plan;
    }
    let mut marks = Marks::default();
    for effect in stopped {
        match effect {
            Effect::Lock { user, .. } => _ = marks.kept.insert(user),
            Effect::Remove { room, user } => _ = marks.staying.insert((room, user)),
            Effect::Gain { user, .. } => _ = marks.not_raised.insert(user),
            Effect::Lose { user, .. } => _ = marks.not_lowered.insert(user),
            Effect::Settle { user } | Effect::Remake { user } => _ = marks.unsettled.insert(user),
            Effect::Shorten { room, .. } => _ = marks.retained.insert(room),
        }
    }
    let steps = plan.steps.into_iter().filter_map(|step| marks.rest_of(step)).collect();
    Plan { steps, findings: plan.findings }
}

#[derive(Default)]
struct Marks<'a> {
    kept: BTreeSet<&'a OwnedUserId>,
    staying: BTreeSet<(&'a RoomKey, &'a OwnedUserId)>,
    not_raised: BTreeSet<&'a OwnedUserId>,
    not_lowered: BTreeSet<&'a OwnedUserId>,
    retained: BTreeSet<&'a RoomKey>,
    /// Whose account is not made: nothing at all happens for them.
    unsettled: BTreeSet<&'a OwnedUserId>,
}

impl Marks<'_> {
    /// Whether what the person holds must not be taken for now.
    fn keeps_power(&self, user: &OwnedUserId) -> bool {
        self.kept.contains(user) || self.not_lowered.contains(user)
    }

    fn rest_of(&self, step: Step) -> Option<Step> {
        let cause = step.cause;
        if step.action.user().is_some_and(|user| self.unsettled.iter().any(|unsettled| *unsettled == user)) {
            return None;
        }
        let action = match step.action {
            Action::LockAccount { ref user } | Action::DeactivateAccount { ref user } if self.kept.contains(user) => {
                return None;
            }
            Action::RemoveMember { ref room, ref user, .. } if self.staying.contains(&(room, user)) => return None,
            // The control room is for people with power: who keeps it for now stays, who waits for it stays out.
            Action::RemoveMember { ref room, ref user, .. }
                if room.as_str() == CONTROL_ROOM && cause == Cause::Policy && self.keeps_power(user) =>
            {
                return None;
            }
            Action::AddMember { ref room, ref user, .. }
                if room.as_str() == CONTROL_ROOM && self.not_raised.contains(user) =>
            {
                return None;
            }
            Action::SetRetention { ref room, .. } if self.retained.contains(room) => return None,
            Action::SetServerAdmin { ref user, to: true } if self.not_raised.contains(user) => return None,
            Action::SetServerAdmin { ref user, to: false } if self.keeps_power(user) => return None,
            Action::NotePrivileges { person, user, mut gained, mut lost } => {
                if self.not_raised.contains(&user) {
                    gained.clear();
                }
                if self.keeps_power(&user) {
                    lost.clear();
                }
                if gained.is_empty() && lost.is_empty() {
                    return None;
                }
                Action::NotePrivileges { person, user, gained, lost }
            }
            Action::CreateRoom { room, mut new } => {
                new.invite.retain(|user| !self.unsettled.contains(user));
                new.levels.retain(|user, _| !self.unsettled.contains(user));
                new.levels.retain(|user, level| *level < PEOPLE_MAX || !self.not_raised.contains(user));
                Action::CreateRoom { room, new }
            }
            Action::SetLevels { room, mut changes } => {
                changes.users.retain(|user, _| !self.unsettled.contains(user));
                changes.users.retain(|user, change| {
                    let raises = change.to.is_some_and(|to| to >= PEOPLE_MAX);
                    // Whether an entry that goes is above the room's default cannot be told from here, so for people
                    // who stay as they are every change waits.
                    !(raises && self.not_raised.contains(user)
                        || self.staying.contains(&(&room, user))
                        || self.keeps_power(user))
                });
                if changes.is_empty() {
                    return None;
                }
                Action::SetLevels { room, changes }
            }
            action => action,
        };
        Some(Step { action, cause })
    }
}
