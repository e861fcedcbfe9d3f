//! Notes whose account agrees with EquipeMed after a pass, so that lists can show accounts not checked for a while.
//!
//! An account agrees if a pass in mode enforce planned nothing for it, or did everything. Held, deselected and failed
//! steps do not count as done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use equipemed_domain::action::Action;
use equipemed_domain::binding::Bindings;
use equipemed_domain::desired::{Desired, DesiredAccount, digest_of_name};
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::{During, Fault, Stage};
use equipemed_domain::observed::ObservedAccounts;
use equipemed_domain::policy::Policy;
use equipemed_domain::scope::Scope;
use jiff::Timestamp;
use ruma_common::OwnedUserId;

use super::gather::Known;
use crate::store::Store;

/// Number of steps per account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountSteps(BTreeMap<OwnedUserId, usize>);

impl AccountSteps {
    /// Counts actions.
    #[must_use]
    pub fn of<'a>(actions: impl Iterator<Item = &'a Action>) -> Self {
        let mut steps = Self::default();
        actions.for_each(|action| steps.count(action));
        steps
    }

    /// Counts one action if it is about an account.
    pub fn count(&mut self, action: &Action) {
        if let (None, Some(user)) = (action.room(), action.user()) {
            *self.0.entry(user.to_owned()).or_default() += 1;
        }
    }
}

/// What a pass saw of accounts, kept until its results are known.
#[derive(Debug)]
pub struct Agreement {
    now: Timestamp,
    /// Accounts that exist.
    seen: BTreeSet<OwnedUserId>,
    bindings: Arc<Bindings>,
    /// Newer notes are not renewed.
    recent: Timestamp,
    /// Whether people may have a display name of their own.
    own_names: bool,
    due: AccountSteps,
}

impl Agreement {
    /// Keeps what is needed of what was seen and planned.
    #[must_use]
    pub fn new(policy: &Policy, known: &Known, accounts: &ObservedAccounts, due: AccountSteps) -> Self {
        // Half the time: then no account becomes stale if passes are on time, and most passes write nothing.
        let recent = known.now.checked_sub(policy.users.stale_after / 2).unwrap_or(Timestamp::MIN);
        Self {
            now: known.now,
            seen: accounts.list.keys().cloned().collect(),
            bindings: known.bindings.clone(),
            recent,
            own_names: policy.users.own_display_name,
            due,
        }
    }

    /// Notes who agrees, in one statement and only if a note is old; also names for `users.own_display_name`.
    pub async fn note(
        self,
        store: &Store,
        desired: &Desired,
        scope: &Scope,
        went_well: &AccountSteps,
    ) -> Result<(), Fault> {
        let agrees = |user: &OwnedUserId| {
            let due = self.due.0.get(user);
            due == went_well.0.get(user) && (due.is_some() || self.seen.contains(user))
        };
        let in_line: Vec<&DesiredAccount> = desired
            .accounts
            .iter()
            .filter(|(user, _)| scope.has_account(user) && agrees(user))
            .map(|(_, account)| account)
            .collect();
        let is_fresh = |person| {
            let synced = self.bindings.get(&person).and_then(|binding| binding.synced_at);
            synced.is_some_and(|at| at > self.recent)
        };
        let people: Vec<PersonId> =
            in_line.iter().map(|account| account.person).filter(|person| !is_fresh(*person)).collect();
        if !people.is_empty() {
            store.note_synced(&people, self.now).await.during(Stage::NoteAgreement)?;
        }
        // A display name never noted as pushed. From now on, EquipeMed's next change of it is noticed.
        let is_unnamed =
            |person| self.bindings.get(&person).is_some_and(|binding| binding.pushed.display_name.is_none());
        let names: BTreeMap<PersonId, String> = in_line
            .iter()
            .filter(|account| self.own_names && is_unnamed(account.person))
            .filter_map(|account| Some((account.person, digest_of_name(account.display_name.as_ref()?))))
            .collect();
        if !names.is_empty() {
            store.set_pushed_names(&names).await.during(Stage::NoteNames)?;
        }
        Ok(())
    }
}
