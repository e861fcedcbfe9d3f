//! Compares what was pushed to accounts with what is there. Synapse's list omits it, so each account must be read.
//!
//! The service reads a few accounts at a time beside other work, each once a day; `sync --verify` reads all at once.
//! What is missing is forgotten here, and the next pass over the person pushes it again.

use std::sync::Arc;
use std::time::Duration;

use equipemed_domain::announcement::Announcement;
use equipemed_domain::binding::{Binding, Bindings, Lost};
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::{During, Fault, Stage};
use equipemed_domain::finding::Finding;
use equipemed_domain::mode::Mode;
use equipemed_domain::wake::Wake;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::handles::Handles;
use super::tenure::Tenure;
use crate::store::to_json;

/// Time for one round over all accounts.
const ROUND: SignedDuration = SignedDuration::from_hours(24);
/// How many accounts are read in a row.
const FEW: usize = 5;
/// The longest pause; with few accounts it makes the round shorter.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// How often to check whether the next accounts are due.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Store key for the position.
const POSITION: &str = "verified";

/// Position in the present round.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Position {
    /// The last person checked.
    after: Option<PersonId>,
    /// When it continues.
    next: Timestamp,
}

/// What an account lost.
struct Found {
    person: PersonId,
    lost: Lost,
    /// The finding to report, if any.
    finding: Option<Finding>,
}

/// Checks a few accounts at a time while this process has the lease.
pub(super) async fn lane(handles: &Handles, tenure: &Tenure) {
    while !handles.stop.is_cancelled() && tenure.is_held() {
        if let Err(error) = when_due(handles).await {
            tracing::warn!(%error, "Accounts could not be looked at one by one; it is tried again");
        }
        tokio::select! {
            () = handles.stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn when_due(handles: &Handles) -> Result<(), Fault> {
    let (store, now) = (&handles.store, handles.clock.now());
    // What is missing could not be pushed again.
    if handles.mode == Mode::Observe {
        return Ok(());
    }
    let bindings = store.bindings().await?;
    let kept = store.remembered(POSITION).await?.and_then(|text| serde_json::from_str::<Position>(&text).ok());
    let next = now.checked_add(pause(bindings.len())).map_err(|_| Fault::Clock)?;
    let Some(position) = kept else {
        return Ok(store.remember(POSITION, &to_json(&Position { after: None, next })?).await?);
    };
    // A clock that was set back must not delay it for long.
    if now < position.next && position.next <= next {
        return Ok(());
    }
    let is_later = |binding: &&Binding| position.after.is_none_or(|after| binding.person > after);
    let few: Vec<&Binding> = bindings.values().filter(is_later).take(FEW).collect();
    for found in one_by_one(handles, &few).await? {
        store.forget_pushed(found.person, found.lost.external_id, found.lost.email).await?;
        if let Some(finding) = found.finding {
            let name = format!("verified:{}:{}", found.person.0, now.as_millisecond());
            store.announce(&name, &Announcement::Found { finding }, now).await?;
        }
        handles.wakes.wake(&Wake::Person(found.person), "verified").await?;
    }
    // The first of the next round follow the last of this one.
    let after = few.last().map(|binding| binding.person);
    Ok(store.remember(POSITION, &to_json(&Position { after, next })?).await?)
}

/// Checks everybody's account. Returns the updated bindings and findings; stores what was lost unless it is a dry run.
pub(super) async fn everybody(
    handles: &Handles,
    bindings: &Arc<Bindings>,
    dry_run: bool,
) -> Result<(Arc<Bindings>, Vec<Finding>), Fault> {
    let all: Vec<&Binding> = bindings.values().collect();
    let found = one_by_one(handles, &all).await?;
    let mut known = Bindings::clone(bindings);
    let mut findings = Vec::new();
    for Found { person, lost, finding } in found {
        if !dry_run {
            handles.store.forget_pushed(person, lost.external_id, lost.email).await?;
        }
        if let Some(binding) = known.get_mut(person) {
            binding.pushed.external_id.take_if(|_| lost.external_id);
            binding.pushed.email.take_if(|_| lost.email);
        }
        findings.extend(finding);
    }
    Ok((Arc::new(known), findings))
}

async fn one_by_one(handles: &Handles, bindings: &[&Binding]) -> Result<Vec<Found>, Fault> {
    let Handles { store, reader, configured, .. } = &handles;
    let known = store.people().await?;
    let users = &configured.users;
    let mut all = Vec::new();
    for binding in bindings {
        // What was pushed may still be needed to identify the account's owner.
        if known.get(binding.person).is_none_or(|identity| identity.public_id.is_none()) {
            continue;
        }
        // The next full pass reports missing accounts.
        let account = reader.account(&binding.user).await.during(Stage::ReadAccount)?;
        let Some(account) = account else { continue };
        let is_own = |id: &&equipemed_domain::action::ExternalId| {
            users.identity_provider.as_ref().is_some_and(|provider| id.provider == *provider)
        };
        let ids: Vec<_> = account.external_ids.iter().filter(is_own).cloned().collect();
        let mut lost = binding.pushed.lost(&ids, &account.addresses);
        lost.external_id &= users.identity_provider.is_some();
        // Deactivation removes the address.
        lost.email &= users.email && !account.observed.deactivated;
        if !lost.external_id && !lost.email {
            continue;
        }
        let (person, user) = (binding.person, binding.user.clone());
        let finding = lost.external_id.then(|| {
            let of_others = |id: &&equipemed_domain::action::ExternalId| {
                binding.pushed.external_id.as_ref() != Some(&equipemed_domain::desired::digest_of(id))
            };
            let found = ids.iter().filter(of_others).map(|id| id.id.clone()).collect();
            Finding::ExternalIdDiffers { person, user, found }
        });
        all.push(Found { person, lost, finding });
    }
    Ok(all)
}

/// Pause between a few accounts, so that all of them take one round.
fn pause(accounts: usize) -> SignedDuration {
    let times = i32::try_from(accounts.div_ceil(FEW).max(1)).unwrap_or(i32::MAX);
    (ROUND / times).min(LONGEST_PAUSE)
}
