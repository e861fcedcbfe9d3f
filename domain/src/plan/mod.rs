//! The difference between what should be and what is, as an ordered list of actions.
//!
//! What the policy does not name appears in no plan, and neither does a change
//! that Synapse must refuse: that is a finding instead.

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
use crate::naming::unknown_names;
use crate::scope::Scope;
use crate::world::Pass;

pub(crate) use accounts::is_remade;

/// An action and why it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What to do.
    #[serde(flatten)]
    pub action: Action,
    /// Why.
    pub cause: Cause,
}

/// What to do, in order, and what somebody should look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Steps: accounts first, then rooms with spaces before what hangs in them.
    pub steps: Vec<Step>,
    /// Findings, sorted, each once.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The actions alone.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.steps.iter().map(|step| &step.action)
    }
}

impl Pass<'_> {
    /// Whether nothing may ever be changed for this account.
    pub(crate) fn is_untouchable(&self, user: &UserId) -> bool {
        let policy = self.world.policy;
        user == policy.bot || policy.users.protected.contains(user) || self.desired.frozen.contains(user)
    }

    /// What was pushed to a person's account, if this is it.
    fn pushed(&self, person: PersonId, user: &UserId) -> Option<&Pushed> {
        let binding = self.world.bindings.get(&person).filter(|binding| binding.user == user);
        binding.map(|binding| &binding.pushed)
    }

    /// The account of somebody whose memberships and levels are managed. An account that is only about to be made
    /// is in no room yet: whoever is found there under that name is somebody else.
    fn managed(&self, user: &UserId) -> Option<&DesiredAccount> {
        self.desired.accounts.get(user).filter(|account| account.origin != Origin::New && !self.is_untouchable(user))
    }

    /// Whether something is known of what should be of this account.
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
