//! Effects that are due anywhere, regardless of a pass's scope: simultaneous changes are judged together.
//!
//! A narrow pass sees the whole desired state; the store remembers the state of accounts that it does not read.

use std::collections::BTreeSet;

use ruma_common::{OwnedUserId, UserId};

use super::{Effect, Effects};
use crate::action::Action;
use crate::cause::Cause;
use crate::desired::{AccountState, DesiredAccount, account_state};
use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::observed::{Membership, RoomSight};
use crate::plan::{Step, is_remade};
use crate::privilege::{Might, Privilege, beyond};
use crate::rights::Right;
use crate::scope::Scope;
use crate::setting::{RoomSetting, SettingValue};
use crate::world::Pass;

impl Pass<'_> {
    /// The state of an account, if known.
    pub(super) fn state(&self, user: &UserId, account: &DesiredAccount) -> Option<AccountState> {
        account_state(user, self.world.bindings.get(&account.person), &self.observed.accounts)
    }

    /// Whether an account is not locked or deactivated yet. If unknown, it counts as open, so that consequences wait
    /// for a known lock.
    pub(super) fn is_open(&self, user: &UserId, account: &DesiredAccount) -> bool {
        match self.state(user, account) {
            Some(state) => state == AccountState::Active,
            None => !self.observed.accounts.is_complete,
        }
    }

    /// Whether the account's owner can sign in: after a full plan is applied, or for a narrower one, now.
    pub(super) fn can_sign_in(&self, user: &UserId, account: &DesiredAccount) -> bool {
        match self.state(user, account) {
            Some(AccountState::Active) => true,
            Some(AccountState::Locked | AccountState::Deactivated) => *self.scope == Scope::Everything,
            // Does not exist yet, or was not seen since the update.
            None => true,
        }
    }

    /// The lock or deactivation of an account, if the policy wants it and it is not done.
    fn due_lock(&self, user: &OwnedUserId, account: &DesiredAccount) -> Option<Effect> {
        if account.state == AccountState::Active || account.cause != Cause::Policy {
            return None;
        }
        let state = self.state(user, account).filter(|_| !self.is_untouchable(user))?;
        match (account.state, state) {
            (AccountState::Locked, AccountState::Active) => Some(Effect::Lock { user: user.clone() }),
            (AccountState::Deactivated, AccountState::Active | AccountState::Locked) => {
                Some(Effect::Deactivate { user: user.clone() })
            }
            _ => None,
        }
    }

    /// What the account's person gains and loses compared with the note.
    fn due_powers(&self, user: &OwnedUserId, account: &DesiredAccount) -> [Option<Effect>; 2] {
        let (person, empty) = (account.person, BTreeSet::new());
        let before = self.memory.privileged.get(&person).unwrap_or(&empty);
        let after = self.desired.privileges.get(&person).unwrap_or(&empty);
        if before == after || self.is_untouchable(user) {
            return [None, None];
        }
        let mut gained = beyond(before, after, self.world.policy);
        gained.retain(|power| !self.was_held_before_places(person, user, power));
        let mut lost = beyond(after, before, self.world.policy);
        if let Some(asked) = self.desired.asked.get(&person) {
            gained.retain(|power| !asked.gave(power, self.world.policy));
            lost.retain(|power| !asked.took(power, self.world.policy));
        }
        let user = user.to_owned();
        let gain = (!gained.is_empty()).then(|| Effect::Gain { person, user: user.clone(), powers: gained });
        [gain, (!lost.is_empty()).then_some(Effect::Lose { person, user, powers: lost })]
    }

    fn due_powers_of(&self, user: &OwnedUserId) -> [Option<Effect>; 2] {
        self.desired.accounts.get(user).map_or([None, None], |account| self.due_powers(user, account))
    }

    /// All due effects on accounts and powers of everybody.
    pub(super) fn due(&self) -> impl Iterator<Item = Effect> {
        self.desired.accounts.iter().flat_map(|(user, account)| {
            let [gain, lose] = self.due_powers(user, account);
            [self.due_lock(user, account), gain, lose].into_iter().flatten()
        })
    }

    /// In the first full pass after powers were first stored with places: whether this one was held before, because
    /// Synapse agrees with the policy. It then gets its place and is no gain.
    fn was_held_before_places(&self, person: PersonId, user: &UserId, power: &Privilege) -> bool {
        let Some(unplaced) = &self.memory.unplaced else { return false };
        let was_noted = unplaced.get(&person).is_some_and(|mights| mights.contains(&power.might));
        let must_be_noted = matches!(power.might, Might::Right(Right::Approve | Right::Promote) | Might::ServerAdmin);
        (was_noted || !must_be_noted) && *self.scope == Scope::Everything && self.stands_as_wanted(user)
    }

    pub(super) fn was_done(&self, effect: &Effect) -> bool {
        let state = |user: &UserId| {
            let account = self.desired.accounts.get(user);
            account.and_then(|account| self.state(user, account))
        };
        let is_in = |room: &RoomKey, user: &UserId| match self.observed.rooms.get(room) {
            Some(RoomSight::Seen(seen)) => {
                Some(matches!(seen.members.get(user), Some(Membership::Join | Membership::Invite)))
            }
            _ => None,
        };
        let held = |person: &PersonId| self.memory.privileged.get(person).cloned().unwrap_or_default();
        match effect {
            Effect::Lock { user } => state(user).is_some_and(|state| state != AccountState::Active),
            Effect::Deactivate { user } => state(user) == Some(AccountState::Deactivated),
            Effect::Remove { room, user } => is_in(room, user) == Some(false),
            Effect::Join { room, user } => is_in(room, user) == Some(true),
            Effect::Gain { person, powers, .. } => beyond(&held(person), powers, self.world.policy).is_empty(),
            Effect::Lose { person, powers, .. } => powers.is_disjoint(&held(person)),
            Effect::Remake { user } => self.observed.accounts.list.contains_key(user),
            Effect::Shorten { .. } | Effect::Settle { .. } => true,
        }
    }

    fn stands_as_wanted(&self, user: &UserId) -> bool {
        self.desired.rooms.iter().all(|(key, wanted)| {
            let Some(level) = wanted.levels.get(user).filter(|level| Might::of_level(**level).is_some()) else {
                return true;
            };
            match self.observed.rooms.get(key) {
                Some(RoomSight::Seen(seen)) => seen.level_of(user) >= *level,
                _ => false,
            }
        })
    }

    /// What is still due of a held effect. A room outside the scope gives no new information, so its effects remain.
    pub(super) fn still_due(&self, effect: &Effect, steps: &Effects) -> Option<Effect> {
        let unseen = match effect {
            Effect::Remove { room, .. } | Effect::Join { room, .. } | Effect::Shorten { room, .. } => {
                let is_seen = matches!(self.observed.rooms.get(room), Some(RoomSight::Seen(_)));
                !self.scope.has_room(room) || !is_seen && self.world.policy.rooms.contains_key(room)
            }
            Effect::Settle { .. } => *self.scope != Scope::Everything,
            Effect::Remake { user } => !self.scope.has_account(user),
            Effect::Lock { user } | Effect::Deactivate { user } => {
                let account = self.desired.accounts.get(user)?;
                return self.due_lock(user, account).filter(|due| due == effect);
            }
            Effect::Gain { user, .. } | Effect::Lose { user, .. } => {
                let due: Effects = self.due_powers_of(user).iter().flatten().collect();
                return due.part_of(effect);
            }
        };
        if unseen { Some(effect.clone()) } else { steps.part_of(effect) }
    }
}

/// People whose levels an action raises to power.
fn raised(action: &Action) -> Vec<&OwnedUserId> {
    match action {
        Action::SetLevels { changes, .. } => {
            changes.users.iter().filter(|(_, change)| super::split::raises(change)).map(|(user, _)| user).collect()
        }
        Action::CreateRoom { new, .. } => {
            let counts = |level: &i64| Might::of_level(*level).is_some();
            new.levels.iter().filter(|(_, level)| counts(level)).map(|(user, _)| user).collect()
        }
        _ => Vec::new(),
    }
}

/// People whose levels an action lowers from power.
fn lowered(action: &Action) -> Vec<&OwnedUserId> {
    let Action::SetLevels { changes, .. } = action else { return Vec::new() };
    let is_lower = |change: &crate::action::Change| {
        let before = change.from.unwrap_or(0);
        Might::of_level(before).is_some() && change.to.unwrap_or(0) < before
    };
    changes.users.iter().filter(|(_, change)| is_lower(change)).map(|(user, _)| user).collect()
}

/// The effects of steps that the policy rather than a grant causes.
pub(super) fn effects(steps: &[Step], with: Pass<'_>) -> BTreeSet<Effect> {
    let shrank = super::directory_shrank(&with.world.policy.limits, with.memory, with.world.directory.len()).is_some();
    let mut effects = BTreeSet::new();
    for step in steps {
        let by_policy = step.cause == Cause::Policy;
        match &step.action {
            Action::LockAccount { user } if by_policy => _ = effects.insert(Effect::Lock { user: user.clone() }),
            Action::DeactivateAccount { user } if by_policy => {
                effects.insert(Effect::Deactivate { user: user.clone() });
            }
            Action::RemoveMember { room, user, .. } if by_policy => {
                effects.insert(Effect::Remove { room: room.clone(), user: user.clone() });
            }
            Action::AddMember { room, user, .. } if with.counts_joins(room) => {
                effects.insert(Effect::Join { room: room.clone(), user: user.clone() });
            }
            Action::NotePrivileges { user, .. } => effects.extend(with.due_powers_of(user).into_iter().flatten()),
            // Without an event, messages were kept for ever.
            Action::Set { setting: RoomSetting::Retention, room, from, to: to @ SettingValue::Time(time), .. }
                if from.as_ref().is_none_or(|from| to < from) =>
            {
                effects.insert(Effect::Shorten { room: room.clone(), seconds: time.as_secs() });
            }
            Action::CreateAccount { user, .. } | Action::AdoptAccount { user, .. } if shrank => {
                effects.insert(Effect::Settle { user: user.clone() });
            }
            Action::CreateAccount { user, .. } if with.desired.accounts.get(user).is_some_and(is_remade) => {
                effects.insert(Effect::Remake { user: user.clone() });
            }
            _ => {}
        }
        // A pass over one room has no account steps but must not bypass the brakes.
        effects.extend(raised(&step.action).into_iter().filter_map(|user| {
            let [gain, _] = with.due_powers_of(user);
            gain
        }));
        effects.extend(lowered(&step.action).into_iter().filter_map(|user| {
            let [_, lose] = with.due_powers_of(user);
            lose
        }));
    }
    effects
}
