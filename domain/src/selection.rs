//! The flags of `sync`: which part of a plan is carried out.
//!
//! Applied after the brakes, so that a flag cannot make a mass change look small.

use ruma_common::OwnedUserId;

use crate::action::Action;
use crate::plan::{Plan, Step};

/// What was selected. No flag and no user means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Selection {
    /// `--create-missing`
    pub create_missing: bool,
    /// `--update-profiles`
    pub update_profiles: bool,
    /// `--sync-admins`
    pub sync_admins: bool,
    /// `--deactivate-disabled`: locks and deactivations, the latter without waiting.
    pub deactivate_disabled: bool,
    /// `--rooms`
    pub rooms: bool,
    /// `--user`: these accounts alone.
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
            Action::CreateAccount { .. } | Action::AdoptAccount { .. } | Action::LinkExternalId { .. } => {
                self.create_missing
            }
            Action::SetDisplayName { .. } => self.update_profiles,
            Action::SetServerAdmin { .. } => self.sync_admins,
            Action::LockAccount { .. }
            | Action::UnlockAccount { .. }
            | Action::DeactivateAccount { .. }
            | Action::ReactivateAccount { .. } => self.deactivate_disabled,
            // Who held power is part of the brakes' memory, to be written with what gives the power.
            Action::NotePrivileges { .. } => self.sync_admins || self.rooms,
            _ => self.rooms,
        }
    }

    /// The selected part of the plan.
    #[must_use]
    pub fn of(&self, plan: Plan) -> Plan {
        let steps = plan
            .steps
            .into_iter()
            .filter(|step| self.has_kind(&step.action))
            .filter_map(|step| self.for_users(step))
            .collect();
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
        changes.users.retain(|user, _| self.users.contains(user));
        changes.events.clear();
        changes.keys.clear();
        let action = Action::SetLevels { room, changes };
        let Action::SetLevels { changes, .. } = &action else { return None };
        (!changes.is_empty()).then_some(Step { action, cause: step.cause })
    }
}
