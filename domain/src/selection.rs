//! The flags of `sync`, which select part of a plan.
//!
//! Applied after the brakes, so that a flag cannot make a mass change look small.

use std::collections::BTreeSet;

use ruma_common::OwnedUserId;

use crate::action::Action;
use crate::key::RoomKey;
use crate::plan::{Plan, Step};

/// The selected kinds of steps and users; no flag and no user means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Selection {
    /// `--create-missing`
    pub create_missing: bool,
    /// `--update-profiles`
    pub update_profiles: bool,
    /// `--sync-admins`
    pub sync_admins: bool,
    /// `--deactivate-disabled`: locks, sign-outs and deactivations, the last without waiting.
    pub deactivate_disabled: bool,
    /// `--rooms`
    pub rooms: bool,
    /// `--user`: only these accounts.
    pub users: Vec<OwnedUserId>,
}

impl Selection {
    /// Whether everything is selected.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    fn has_kind(&self, action: &Action) -> bool {
        let any =
            self.create_missing || self.update_profiles || self.sync_admins || self.deactivate_disabled || self.rooms;
        match action {
            _ if !any => true,
            Action::CreateAccount { .. }
            | Action::AdoptAccount { .. }
            | Action::ReleaseAccount { .. }
            | Action::LinkExternalId { .. } => self.create_missing,
            Action::SetDisplayName { .. } | Action::SetEmail { .. } => self.update_profiles,
            Action::SetServerAdmin { .. } => self.sync_admins,
            Action::LockAccount { .. }
            | Action::SignOut { .. }
            | Action::UnlockAccount { .. }
            | Action::DeactivateAccount { .. }
            | Action::ReactivateAccount { .. } => self.deactivate_disabled,
            // Noted powers are the brakes' memory, so they are written with the steps that give the power.
            Action::NotePrivileges { .. } => self.sync_admins || self.rooms,
            _ => self.rooms,
        }
    }

    /// The selected part of the plan.
    #[must_use]
    pub fn of(&self, plan: Plan) -> Plan {
        let mut without = Without::default();
        let mut steps = Vec::new();
        for step in plan.steps {
            let action = step.action.clone();
            match Some(step).filter(|step| self.has_kind(&step.action)).and_then(|step| self.for_users(step)) {
                Some(step) => steps.push(step),
                None => without.note(&action),
            }
        }
        let steps = steps.into_iter().filter_map(|step| without.rest_of(step)).collect();
        Plan { steps, findings: plan.findings }
    }

    fn for_users(&self, step: Step) -> Option<Step> {
        if self.users.is_empty() {
            return Some(step);
        }
        if let Some(user) = step.action.user() {
            return self.users.iter().any(|selected| selected == user).then_some(step);
        }
        let Action::SetLevels { room, mut changes } = step.action else { return None };
        // The entries were planned together with the new `users_default` and are wrong without it.
        if changes.keys.contains_key("users_default") {
            return None;
        }
        changes.users.retain(|user, _| self.users.contains(user));
        changes.events.clear();
        changes.keys.clear();
        let action = Action::SetLevels { room, changes };
        let Action::SetLevels { changes, .. } = &action else { return None };
        (!changes.is_empty()).then_some(Step { action, cause: step.cause })
    }
}

/// What is not created because it was not selected; steps that depend on it are dropped. Otherwise setting an
/// administrator flag, for example, would create the missing account on Synapse.
#[derive(Default)]
struct Without {
    accounts: BTreeSet<OwnedUserId>,
    bindings: BTreeSet<OwnedUserId>,
    rooms: BTreeSet<RoomKey>,
}

impl Without {
    fn note(&mut self, action: &Action) {
        match action {
            Action::CreateAccount { user, .. } | Action::ReactivateAccount { user } => {
                self.accounts.insert(user.clone());
            }
            Action::AdoptAccount { user, .. } => _ = self.bindings.insert(user.clone()),
            Action::CreateRoom { room, .. } => _ = self.rooms.insert(room.clone()),
            _ => {}
        }
    }

    fn rest_of(&self, step: Step) -> Option<Step> {
        let cause = step.cause;
        let lacks_account = step.action.user().is_some_and(|user| self.accounts.contains(user));
        let lacks_room = step.action.room().is_some_and(|room| self.rooms.contains(&room));
        if lacks_account || lacks_room {
            return None;
        }
        let action = match step.action {
            // The binding stores what was given or done; without one it could not be taken back, or would be done again.
            Action::SetServerAdmin { ref user, .. } | Action::SetEmail { ref user } | Action::SignOut { ref user }
                if self.bindings.contains(user) =>
            {
                return None;
            }
            Action::SetParent { ref parent, .. } if self.rooms.contains(parent) => return None,
            Action::AddChild { ref child, .. } if self.rooms.contains(child) => return None,
            Action::SetLevels { room, mut changes } => {
                changes.users.retain(|user, _| !self.accounts.contains(user));
                if changes.is_empty() {
                    return None;
                }
                Action::SetLevels { room, changes }
            }
            Action::CreateRoom { room, mut new } => {
                new.levels.retain(|user, _| !self.accounts.contains(user));
                new.invite.retain(|user| !self.accounts.contains(user));
                Action::CreateRoom { room, new }
            }
            action => action,
        };
        Some(Step { action, cause })
    }
}
