//! Accounts whose creation was not confirmed: whether they are ours.
//!
//! Only an account that this service created is ours. One that existed before the intent, was used, or has any
//! attributes belongs to somebody, and is only reported.

use equipemed_domain::binding::{Binding, Newborn, Pushed};
use equipemed_domain::desired::digest_of_name;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::observed::ObservedAccounts;
use equipemed_domain::policy::Policy;
use jiff::Timestamp;
use ruma_common::{OwnedUserId, UserId};

use super::gather::Known;
use super::handles::Handles;
use crate::homeserver::{HomeserverError, Reader};

/// The binding of an account that was just created: Synapse gave it a default name, which EquipeMed's replaces.
pub(super) fn bare_binding(person: PersonId, user: &UserId) -> Binding {
    let pushed = Pushed { display_name: Some(digest_of_name(user.localpart())), ..Pushed::default() };
    Binding { pushed, ..Binding::new(person, user.to_owned()) }
}

/// Whether an account is the one requested at this instant of Synapse's clock; None if there is none.
pub(super) async fn is_ours(reader: &Reader, user: &UserId, asked: Timestamp) -> Result<Option<bool>, HomeserverError> {
    let Some(account) = reader.account(user).await? else { return Ok(None) };
    let newborn = Newborn {
        created: account.created,
        is_used: account.last_seen.is_some(),
        is_somebodys: !account.external_ids.is_empty()
            || account.has_threepids
            || account.observed.admin
            || account.appservice.is_some(),
    };
    // Ask for devices only if everything else fits.
    if !newborn.is_made_after(asked) {
        return Ok(Some(false));
    }
    let newborn = Newborn { is_used: reader.has_devices(user).await?, ..newborn };
    Ok(Some(newborn.is_made_after(asked)))
}

/// Converts an instant of this service's clock to Synapse's.
pub(super) fn by_synapse(reader: &Reader, now: Timestamp, at: Timestamp) -> Timestamp {
    let ahead = reader.traffic().server_time().map(|server| server.duration_since(now));
    ahead.and_then(|ahead| at.checked_add(ahead).ok()).unwrap_or(at)
}

/// Binds accounts that a killed or interrupted process created and could not note. Returns whether there were any.
pub(super) async fn own_newborn(
    handles: &Handles,
    known: &Known,
    policy: &Policy,
    accounts: &ObservedAccounts,
) -> Result<bool, Fault> {
    let Handles { store, reader, clock, .. } = handles;
    let mut waiting: Vec<(PersonId, OwnedUserId)> = Vec::new();
    for person in known.directory.people() {
        if known.bindings.contains_key(&person.id) || person.public_id.is_empty() {
            continue;
        }
        let Ok(user) = equipemed_domain::binding::candidate(person, policy) else { continue };
        let is_unknown = accounts.list.contains_key(&user) && accounts.holder(&person.public_id).is_none();
        if is_unknown && policy.selects(person) {
            waiting.push((person.id, user));
        }
    }
    let mut any = false;
    for (person, user) in waiting {
        let Some(asked) = store.making_begun(person, &user).await? else { continue };
        let is_taken = known.bindings.owner(&user).is_some();
        if is_taken || policy.users.protected.contains(&user) {
            continue;
        }
        if is_ours(reader, &user, by_synapse(reader, clock.now(), asked)).await? == Some(true) {
            store.bind(&bare_binding(person, &user)).await?;
            any = true;
        }
    }
    Ok(any)
}
