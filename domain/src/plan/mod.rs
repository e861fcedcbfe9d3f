//! The difference between desired and observed state, as an ordered list of actions.
//!
//! Anything that the policy does not name is never in a plan. A change that Synapse would refuse is a finding instead.

mod accounts;
mod levels;
mod members;
mod rooms;

use ruma_common::UserId;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::binding::{Origin, Pushed};
use crate::cause::Cause;
use crate::desired::DesiredAccount;
use crate::directory::PersonId;
use crate::finding::Finding;
use crate::key::RoomKey;
use crate::naming::unknown_names;
use crate::scope::Scope;
use crate::world::Pass;

pub(crate) use accounts::is_remade;

/// An action with its cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The action.
    #[serde(flatten)]
    pub action: Action,
    /// Its cause.
    pub cause: Cause,
}

/// Ordered steps, and findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Accounts first, then rooms, spaces before the rooms in them.
    pub steps: Vec<Step>,
    /// Sorted, without duplicates.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// What concerns one room: what is done in it, and where it is shown.
    #[must_use]
    pub fn of_room(mut self, key: &RoomKey) -> Self {
        self.steps.retain(|step| match &step.action {
            Action::AddChild { child, .. } | Action::DropChild { child, .. } if child == key => true,
            action => action.room().as_ref() == Some(key),
        });
        self.findings.retain(|finding| finding.room() == Some(key));
        self
    }

    /// Whether there are no steps.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The actions without causes.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.steps.iter().map(|step| &step.action)
    }
}

impl Pass<'_> {
    /// Whether this account must never be changed.
    pub(crate) fn is_untouchable(&self, user: &UserId) -> bool {
        let policy = self.world.policy;
        user == policy.bot || policy.users.protected.contains(user) || self.desired.frozen.contains(user)
    }

    /// What was pushed to a person's account, if this is that account.
    fn pushed(&self, person: PersonId, user: &UserId) -> Option<&Pushed> {
        let binding = self.world.bindings.get(&person).filter(|binding| binding.user == user);
        binding.map(|binding| &binding.pushed)
    }

    /// Whether all sessions of a locked account were ended.
    fn is_signed_out(&self, person: PersonId, user: &UserId) -> bool {
        self.world.bindings.get(&person).is_some_and(|binding| binding.user == user && binding.signed_out)
    }

    /// The account of a person whose memberships and levels are managed. An account yet to be created is in no room:
    /// anybody there under its name is somebody else.
    fn managed(&self, user: &UserId) -> Option<&DesiredAccount> {
        self.desired.accounts.get(user).filter(|account| account.origin != Origin::New && !self.is_untouchable(user))
    }

    /// Whether the desired state describes this account.
    fn is_pictured(&self, user: &UserId) -> bool {
        self.desired.only.as_ref().is_none_or(|only| only == user)
    }
}

/// Computes the plan.
#[must_use]
pub fn plan(pass: Pass<'_>) -> Plan {
    let mut steps = Vec::new();
    let mut findings = pass.desired.findings.clone();
    let usable = accounts::plan_accounts(pass, &mut steps, &mut findings);
    rooms::plan_rooms(pass, &usable, &mut steps, &mut findings);
    if *pass.scope == Scope::Everything {
        findings.extend(unknown_names(pass.world.policy, pass.world.directory));
    }
    findings.sort();
    findings.dedup();
    Plan { steps, findings }
}
