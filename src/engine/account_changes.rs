//! Changes by hand to people's accounts. Every look notices them, as does a comparison with Synapse's list every few
//! minutes, which is one request per thousand accounts.
//!
//! Changes are noted before planning, so that no pass reverts one that is kept. Ordinary passes do the reverting; this
//! module only informs and wakes them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use equipemed_domain::account_change::{
    BY_HAND, ChangedAccount, Response, changed_accounts, changes, settled_by_equipemed,
};
use equipemed_domain::announcement::accounts_changed;
use equipemed_domain::binding::{Bindings, Noted};
use equipemed_domain::desired::{Desired, Wishes, desired};
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::{During, Fault, Stage};
use equipemed_domain::grant::{Grant, GrantId};
use equipemed_domain::mode::{Mode, OnDrift};
use equipemed_domain::observed::ObservedAccounts;
use equipemed_domain::policy::Policy;
use equipemed_domain::wake::Wake;
use jiff::{SignedDuration, Timestamp};

use super::gather::{Known, gather};
use super::handles::Handles;
use super::look::Looks;
use super::tenure::Tenure;
use crate::store::{Dialect, SERVICE};

/// How often to check whether a comparison is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A write by another replica this long before a look may show in only half of it, because clocks differ a little.
const SLACK: SignedDuration = SignedDuration::from_secs(5);

/// Compares accounts at this interval while this process has the lease.
pub(super) async fn lane(looks: &Looks, tenure: &Tenure, every: Option<Duration>) {
    let Some(every) = every else { return };
    let handles = &looks.handles;
    let mut compared = tokio::time::Instant::now();
    while !handles.stop.is_cancelled() && tenure.is_held() {
        if compared.elapsed() >= every {
            compared = tokio::time::Instant::now();
            if let Err(error) = compare(looks).await {
                tracing::warn!(%error, "Accounts could not be compared; it is tried again");
            }
        }
        tokio::select! {
            () = handles.stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY.min(every)) => {}
        }
    }
}

async fn compare(looks: &Looks) -> Result<(), Fault> {
    let Handles { store, reader, clock, .. } = &looks.handles;
    let begun = clock.now();
    let bindings = store.bindings().await?;
    let list = reader.accounts().await.during(Stage::ReadAccounts)?;
    let is_changed =
        |user, noted: &Noted| list.get(user).is_some_and(|account| !changes(noted, &Noted::of(account)).is_empty());
    if !bindings.values().any(|binding| is_changed(&binding.user, &binding.noted)) {
        return Ok(());
    }
    let accounts = ObservedAccounts { list, is_complete: true, ..ObservedAccounts::default() };
    let policy = looks.handles.policy().await?;
    let directory = looks.people.for_pass(&Wake::Everything, true).await?;
    let mut known = gather(store, &policy, directory, clock.now()).await?;
    let wanted = desired(&known.world(&policy), &Wishes::default(), &accounts, &Wake::Everything);
    let hands = Hands { handles: &looks.handles, policy: &policy, accounts: &accounts, begun };
    let Judged { changed, .. } = hands.note(&mut known, &wanted, false).await?;
    let acted_on = changed.iter().filter(|account| account.is_acted_on());
    let wakes: Vec<Wake> = acted_on.map(|account| Wake::Person(account.person)).collect();
    Ok(looks.handles.wakes.wake_for(&wakes, &[], "accounts").await?)
}

/// Result of a look for changes by hand.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Accounts changed by hand, as noted.
    pub(super) changed: Vec<ChangedAccount>,
    /// People whose account differs from the note and cannot be judged yet. Their note stays as it is; updating it
    /// would hide the change.
    pub(super) unjudged: BTreeSet<PersonId>,
}

/// A look at accounts for changes by hand.
pub(super) struct Hands<'a> {
    pub(super) handles: &'a Handles,
    pub(super) policy: &'a Policy,
    pub(super) accounts: &'a ObservedAccounts,
    /// When the look began.
    pub(super) begun: Timestamp,
}

impl Hands<'_> {
    /// Notes and announces accounts changed by hand, and stores grants for kept changes. `known` then includes them,
    /// and the desired state must be determined again.
    pub(super) async fn note(&self, known: &mut Known, wanted: &Desired, dry_run: bool) -> Result<Judged, Fault> {
        let Handles { store, mode, on_drift, .. } = self.handles;
        let puts_back = *on_drift == OnDrift::Enforce && self.handles.pause().await?.is_none();
        let response = Response { may_write: *mode == Mode::Enforce, puts_back };
        // This process notes its writes before it ends the action, so a look that began later sees both.
        let slack = if store.dialect() == Dialect::Sqlite { SignedDuration::ZERO } else { SLACK };
        let since = self.begun.checked_sub(slack).unwrap_or(self.begun);
        // While a person's standing is unclear, changes to the account cannot be judged.
        let frozen = known.bindings.values().filter(|binding| wanted.frozen.contains(&binding.user));
        let mut unjudged: BTreeSet<PersonId> = frozen.map(|binding| binding.person).collect();
        let mut changed = Vec::new();
        for mut account in changed_accounts(&known.world(self.policy), wanted, self.accounts, response) {
            let mut by_hand = Vec::new();
            for (change, then) in std::mem::take(&mut account.changes) {
                match store.busy_with(&account.user, change.action(), since).await? {
                    None => by_hand.push((change, then)),
                    // The process doing it notes its result, or a later pass settles it.
                    Some(true) => {}
                    Some(false) => _ = unjudged.insert(account.person),
                }
            }
            if !by_hand.is_empty() {
                unjudged.remove(&account.person);
                changed.push(ChangedAccount { changes: by_hand, ..account });
            }
        }
        if changed.is_empty() {
            return Ok(Judged { changed, unjudged });
        }
        if dry_run {
            pretend(known, &changed);
        } else {
            tracing::warn!(accounts = changed.len(), "Accounts were changed by hand");
            store.note_changed_accounts(&changed, accounts_changed, known.now).await?;
            known.bindings = store.bindings().await?;
            known.grants = store.grants_holding(known.now).await?;
        }
        Ok(Judged { changed, unjudged })
    }
}

/// Changes `known` as noting would.
fn pretend(known: &mut Known, changed: &[ChangedAccount]) {
    let mut bindings = Bindings::clone(&known.bindings);
    for account in changed {
        if let Some(binding) = bindings.get_mut(account.person) {
            binding.server_admin_given |= account.loses_admin();
        }
        known.grants.extend(account.kept().map(|kind| Grant {
            id: GrantId(i64::MAX),
            person: account.person,
            kind,
            scope: None,
            asker: BY_HAND.to_owned(),
            reason: None,
            created_at: known.now,
            expires_at: None,
        }));
    }
    known.bindings = Arc::new(bindings);
}

/// Ends what was kept of locks and deactivations by hand if EquipeMed has removed the access itself.
pub(super) async fn settle(handles: &Handles, policy: &Policy, known: &mut Known, dry_run: bool) -> Result<(), Fault> {
    let over = settled_by_equipemed(&known.world(policy));
    if !dry_run {
        for grant in &over {
            handles.store.end_grant(*grant, SERVICE, known.now).await?;
        }
    }
    known.grants.retain(|grant| !over.contains(&grant.id));
    Ok(())
}
