//! Removes held effects from a plan, together with everything that belongs to them.
//!
//! No half of an effect may remain: a person who is not removed keeps the level, and a person whose gain is held gets
//! neither level nor note. Consequences of a lock wait until it is done, even if the pass does not read the account.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::OwnedUserId;

use super::Effect;
use crate::action::{Action, Change};
use crate::cause::Cause;
use crate::desired::{AccountState, DesiredAccount};
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::plan::{Plan, Step};
use crate::privilege::{LEVEL_LEAST, Privilege, beyond};
use crate::setting::RoomSetting;
use crate::world::Pass;

/// Whether a change gives a level that counts as power.
pub(super) fn raises(change: &Change) -> bool {
    change.to.is_some_and(|to| to >= LEVEL_LEAST && to > change.from.unwrap_or(0))
}

/// The plan without stopped effects. If a deactivation is stopped only because it is irreversible, the account is
/// locked instead.
pub(super) fn without(plan: Plan, stopped: &BTreeMap<Effect, bool>, with: Pass<'_>) -> Plan {
    let mut marks = Marks::new(with);
    let waits = |user: &OwnedUserId| with.desired.accounts.get(user).is_some_and(|account| account.waits);
    for (effect, lock_instead) in stopped {
        match effect {
            // The lock was held before, so the plan contains no consequences of it.
            Effect::Lock { user } if waits(user) => _ = marks.not_ended.insert(user),
            Effect::Lock { user } => _ = marks.kept.insert(user),
            Effect::Deactivate { user } => {
                let is_open = with.desired.accounts.get(user).is_some_and(|account| with.is_open(user, account));
                match (lock_instead, is_open) {
                    (true, true) => _ = marks.only_locked.insert(user),
                    (true, false) => _ = marks.not_ended.insert(user),
                    (false, true) if !waits(user) => _ = marks.kept.insert(user),
                    (false, _) => _ = marks.not_ended.insert(user),
                }
            }
            Effect::Remove { room, user } => _ = marks.staying.insert((room, user)),
            Effect::Join { room, user } => _ = marks.outside.insert((room, user)),
            Effect::Gain { user, powers, .. } => _ = marks.not_raised.insert(user, powers),
            Effect::Lose { user, powers, .. } => _ = marks.not_lowered.insert(user, powers),
            Effect::Settle { user } | Effect::Remake { user } => _ = marks.unsettled.insert(user),
            Effect::Shorten { room, .. } => _ = marks.retained.insert(room),
        }
    }
    let closes = |step: &&Step| matches!(step.action, Action::LockAccount { .. } | Action::DeactivateAccount { .. });
    let closed: BTreeSet<OwnedUserId> =
        plan.steps.iter().filter(closes).filter_map(|step| step.action.user()).map(ToOwned::to_owned).collect();
    let is_closing = |(user, account): &(&OwnedUserId, &DesiredAccount)| {
        let is_wanted = account.state != AccountState::Active && !account.waits;
        is_wanted && !closed.contains(*user) && with.is_open(user, account)
    };
    marks.waiting = with.desired.accounts.iter().filter(is_closing).map(|(user, _)| user).collect();
    let steps = plan.steps.into_iter().flat_map(|step| marks.rests_of(step)).collect();
    Plan { steps, findings: plan.findings }
}

struct Marks<'a> {
    with: Pass<'a>,
    /// Accounts that stay open.
    kept: BTreeSet<&'a OwnedUserId>,
    /// Accounts that should be closed but not by this plan: consequences wait.
    waiting: BTreeSet<&'a OwnedUserId>,
    /// Accounts that are locked instead of deactivated.
    only_locked: BTreeSet<&'a OwnedUserId>,
    /// Closed accounts that stay as they are.
    not_ended: BTreeSet<&'a OwnedUserId>,
    staying: BTreeSet<(&'a RoomKey, &'a OwnedUserId)>,
    outside: BTreeSet<(&'a RoomKey, &'a OwnedUserId)>,
    not_raised: BTreeMap<&'a OwnedUserId, &'a BTreeSet<Privilege>>,
    not_lowered: BTreeMap<&'a OwnedUserId, &'a BTreeSet<Privilege>>,
    retained: BTreeSet<&'a RoomKey>,
    /// Accounts that are not created or adopted: all their steps are dropped.
    unsettled: BTreeSet<&'a OwnedUserId>,
}

impl<'a> Marks<'a> {
    fn new(with: Pass<'a>) -> Self {
        Self {
            with,
            kept: BTreeSet::new(),
            waiting: BTreeSet::new(),
            only_locked: BTreeSet::new(),
            not_ended: BTreeSet::new(),
            staying: BTreeSet::new(),
            outside: BTreeSet::new(),
            not_raised: BTreeMap::new(),
            not_lowered: BTreeMap::new(),
            retained: BTreeSet::new(),
            unsettled: BTreeSet::new(),
        }
    }
}

impl Marks<'_> {
    /// Whether the person keeps everything for now.
    fn keeps_all(&self, user: &OwnedUserId) -> bool {
        self.kept.contains(user) || self.waiting.contains(user)
    }

    /// Whether an account that is not closed yet stays so, because its lock was held before.
    fn stays_open(&self, user: &OwnedUserId) -> bool {
        let account = self.with.desired.accounts.get(user);
        self.not_ended.contains(user) && account.is_some_and(|account| self.with.is_open(user, account))
    }

    fn keeps_power(&self, user: &OwnedUserId) -> bool {
        self.keeps_all(user) || self.not_lowered.contains_key(user)
    }

    /// Reduces noted gains and losses to those that are not held.
    fn noted(&self, user: &OwnedUserId, gained: &mut BTreeSet<Privilege>, lost: &mut BTreeSet<Privilege>) {
        let policy = self.with.world.policy;
        if let Some(held) = self.not_raised.get(user) {
            gained.retain(|power| !held.contains(power));
            // While a gain in a larger place is held, the person keeps the smaller one that it would replace.
            *lost = beyond(held, lost, policy);
        }
        if let Some(held) = self.not_lowered.get(user) {
            lost.retain(|power| !held.contains(power));
        }
        if self.keeps_all(user) {
            lost.clear();
        }
    }

    /// What is left of a step; with a sign-out where an account is locked instead of deactivated.
    fn rests_of(&self, step: Step) -> impl Iterator<Item = Step> {
        let rest = self.rest_of(step.clone());
        let sign_out = match (step.action, &rest) {
            (Action::DeactivateAccount { user }, Some(Step { action: Action::LockAccount { .. }, cause })) => {
                let is_wanted = self.with.desired.accounts.get(&user).is_some_and(|account| account.sign_out);
                is_wanted.then_some(Step { action: Action::SignOut { user }, cause: *cause })
            }
            _ => None,
        };
        rest.into_iter().chain(sign_out)
    }

    fn rest_of(&self, step: Step) -> Option<Step> {
        let cause = step.cause;
        if step.action.user().is_some_and(|user| self.unsettled.iter().any(|unsettled| *unsettled == user)) {
            return None;
        }
        let action = match step.action {
            Action::LockAccount { ref user } | Action::DeactivateAccount { ref user }
                if self.kept.contains(user) || self.not_ended.contains(user) =>
            {
                return None;
            }
            // Sessions end with the lock, and with a lock that waits they stay.
            Action::SignOut { ref user } if self.keeps_all(user) || self.stays_open(user) => return None,
            Action::DeactivateAccount { user } if self.only_locked.contains(&user) => Action::LockAccount { user },
            Action::RemoveMember { ref room, ref user, .. } if self.staying.contains(&(room, user)) => return None,
            Action::AddMember { ref room, ref user, .. } if self.outside.contains(&(room, user)) => return None,
            // The control room is for people with power: those who keep it stay, those waiting for it stay out.
            Action::RemoveMember { ref room, ref user, .. }
                if room.as_str() == CONTROL_ROOM && cause == Cause::Policy && self.keeps_power(user) =>
            {
                return None;
            }
            Action::AddMember { ref room, ref user, .. }
                if room.as_str() == CONTROL_ROOM && self.not_raised.contains_key(user) =>
            {
                return None;
            }
            Action::Set { setting: RoomSetting::Retention, ref room, .. } if self.retained.contains(room) => {
                return None;
            }
            Action::SetServerAdmin { ref user, to: true } if self.not_raised.contains_key(user) => return None,
            Action::SetServerAdmin { ref user, to: false } if self.keeps_power(user) => return None,
            Action::NotePrivileges { person, user, mut gained, mut lost } => {
                self.noted(&user, &mut gained, &mut lost);
                if gained.is_empty() && lost.is_empty() {
                    return None;
                }
                Action::NotePrivileges { person, user, gained, lost }
            }
            Action::CreateRoom { room, mut new } => {
                new.invite.retain(|user| !self.unsettled.contains(user));
                new.levels.retain(|user, _| !self.unsettled.contains(user));
                new.levels.retain(|user, level| *level < LEVEL_LEAST || !self.not_raised.contains_key(user));
                Action::CreateRoom { room, new }
            }
            Action::SetLevels { room, mut changes } => {
                changes.users.retain(|user, _| !self.unsettled.contains(user));
                changes.users.retain(|user, change| {
                    // It is not known here whether a removed entry is above the room's default, so every change waits
                    // for people who stay as they are.
                    !(raises(change) && self.not_raised.contains_key(user)
                        || self.staying.contains(&(&room, user))
                        || self.outside.contains(&(&room, user))
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
