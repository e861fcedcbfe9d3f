//! Whose account agrees with EquipeMed after a pass, noted so that lists can tell what nobody looked at for a while.
//!
//! An account agrees when a pass in mode enforce found nothing to do about it, or did all of it: what is held, left out
//! by a flag or failed does not count.

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

/// How many steps there are for each account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountSteps(BTreeMap<OwnedUserId, usize>);

impl AccountSteps {
    /// Counts these actions.
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

/// What a pass saw of accounts, kept until it is known what it did.
#[derive(Debug)]
pub struct Agreement {
    now: Timestamp,
    /// Accounts that are there.
    seen: BTreeSet<OwnedUserId>,
    bindings: Arc<Bindings>,
    /// What was noted since then is not noted anew.
    recent: Timestamp,
    /// Whether people may have a display name of their own.
    own_names: bool,
    due: AccountSteps,
}

impl Agreement {
    /// Keeps what is needed of what was seen and planned.
    #[must_use]
    pub fn new(policy: &Policy, known: &Known, accounts: &ObservedAccounts, due: AccountSteps) -> Self {
        // Half the time: then a pass that comes on time never finds an account stale, and most passes write nothing.
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

    /// Notes who agrees, in one statement, and nothing when nobody's note is old; and names for `users.own_display_name`.
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
        // A display name that was never noted as pushed: from here on EquipeMed's next change of it is noticed.
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
