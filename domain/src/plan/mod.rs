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
use crate::binding::{Bindings, Origin, Pushed};
use crate::cause::Cause;
use crate::desired::{Desired, DesiredAccount};
use crate::directory::PersonId;
use crate::finding::Finding;
use crate::memory::Powers;
use crate::observed::Observed;
use crate::policy::Policy;
use crate::scope::Scope;

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

/// Everything a plan is made of.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The hospital's decisions.
    pub policy: &'a Policy,
    /// What should be.
    pub desired: &'a Desired,
    /// What is.
    pub observed: &'a Observed,
    /// What people held at the last applied pass, for `NotePrivileges`.
    pub privileged: &'a Powers,
    /// Whose account is whose, and what was pushed to it.
    pub bindings: &'a Bindings,
    /// What is looked at.
    pub scope: &'a Scope,
}

impl Inputs<'_> {
    /// Whether nothing may ever be changed for this account.
    fn is_untouchable(&self, user: &UserId) -> bool {
        user == self.policy.bot || self.policy.users.protected.contains(user) || self.desired.frozen.contains(user)
    }

    /// What was pushed to a person's account, if this is it.
    fn pushed(&self, person: PersonId, user: &UserId) -> Option<&Pushed> {
        let binding = self.bindings.get(&person).filter(|binding| binding.user == user);
        binding.map(|binding| &binding.pushed)
    }

    /// The account of somebody whose memberships and levels are managed. An account that is only about to be made
    /// is in no room yet: whoever is found there under that name is somebody else.
    fn managed(&self, user: &UserId) -> Option<&DesiredAccount> {
        self.desired.accounts.get(user).filter(|account| account.origin != Origin::New && !self.is_untouchable(user))
    }
}

/// Computes the plan.
#[must_use]
pub fn plan(inputs: Inputs<'_>) -> Plan {
    let mut steps = Vec::new();
    let mut findings = inputs.desired.findings.clone();
    let usable = accounts::plan_accounts(inputs, &mut steps, &mut findings);
    rooms::plan_rooms(inputs, &usable, &mut steps, &mut findings);
    findings.sort();
    findings.dedup();
    Plan { steps, findings }
}
