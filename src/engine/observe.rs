//! Reads Synapse for one pass: what its scope needs, and nothing more. Rooms come from what pushed events keep current,
//! else from one request per room, several at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use equipemed_domain::action::ExternalId;
use equipemed_domain::binding::Bindings;
use equipemed_domain::desired::{Desired, external_id};
use equipemed_domain::email::address_of;
use equipemed_domain::fault::{Fault, Missing};
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::observed::{ObservedAccounts, RoomSight};
use equipemed_domain::policy::Policy;
use equipemed_domain::scope::Scope;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use ruma_common::{OwnedRoomId, OwnedUserId};

use super::gather::Known;
use super::handles::Handles;
use crate::homeserver::{HomeserverError, Reader};

/// Rooms read concurrently. Each takes a few hundred kilobytes for a moment, and Synapse reads one at a time.
const ROOMS_IN_FLIGHT: usize = 4;
/// How long Synapse may continue to create a room after its client went away, before the room is visible.
pub(super) const STILL_AT_IT: Duration = Duration::from_secs(2);

/// All local accounts, and the holders of external ids as far as people without an account might have one already.
pub(super) async fn all_accounts(
    reader: &Reader,
    policy: &Policy,
    known: &Known,
) -> Result<ObservedAccounts, HomeserverError> {
    let mut list = reader.accounts().await?;
    // An account missing from the list may exist nevertheless.
    for binding in known.bindings.values() {
        if !list.contains_key(&binding.user)
            && let Some(account) = reader.account(&binding.user).await?
        {
            list.insert(binding.user.clone(), account.observed);
        }
    }
    let mut accounts = ObservedAccounts { list, is_complete: true, ..ObservedAccounts::default() };
    let unbound = selected_without_account(policy, known);
    let strangers = strangers(&accounts, policy, &known.bindings);
    let Some(provider) = &policy.users.identity_provider else { return Ok(accounts) };
    // The user list omits external ids. Ask for the smaller group: accounts that belong to nobody yet, or people
    // without one. On a fresh server that is one request instead of one for each person.
    if strangers.len() <= unbound.len() {
        for user in strangers {
            let Some(account) = reader.account(&user).await? else { continue };
            let ids = account.external_ids.into_iter().filter(|id| id.provider == *provider);
            accounts.holders.extend(ids.map(|id| (id.id, user.clone())));
        }
    } else {
        for external_id in unbound {
            if let Some(holder) = reader.holder_of(&external_id).await? {
                accounts.holders.insert(external_id.id, holder);
            }
        }
    }
    Ok(accounts)
}

/// One person's account, for a pass over that person.
pub(super) async fn one_account(
    reader: &Reader,
    user: &OwnedUserId,
    external_id: Option<&ExternalId>,
) -> Result<ObservedAccounts, HomeserverError> {
    let mut accounts = ObservedAccounts::default();
    if let Some(external_id) = external_id
        && let Some(holder) = reader.holder_of(external_id).await?
    {
        accounts.holders.insert(external_id.id.clone(), holder);
    }
    let mut wanted: BTreeSet<OwnedUserId> = accounts.holders.values().cloned().collect();
    wanted.insert(user.clone());
    for user in wanted {
        if let Some(account) = reader.account(&user).await? {
            accounts.list.insert(user, account.observed);
        }
    }
    Ok(accounts)
}

/// Holders of the e-mail addresses to be sent. Asks for those alone, so for none in a run without changes.
pub(super) async fn email_holders(
    reader: &Reader,
    known: &Known,
    wanted: &Desired,
    scope: &Scope,
    accounts: &ObservedAccounts,
) -> Result<BTreeMap<String, OwnedUserId>, HomeserverError> {
    let mut holders = BTreeMap::new();
    for (user, account) in wanted.accounts.iter().filter(|(user, _)| scope.has_account(user)) {
        let Some(email) = &account.email else { continue };
        // A recreated account has no address, and deactivation removes it.
        let lost = accounts.list.get(user).is_none_or(|account| account.deactivated);
        let pushed = known.bindings.get(&account.person).filter(|binding| binding.user == *user && !lost);
        if pushed.and_then(|binding| binding.pushed.email.as_ref()) == Some(email) {
            continue;
        }
        let Some(address) = known.directory.get(account.person).and_then(address_of) else { continue };
        if let Some(holder) = reader.holder_of_address(&address).await? {
            holders.insert(email.clone(), holder);
        }
    }
    Ok(holders)
}

/// External ids of people who should have an account but have none bound.
fn selected_without_account(policy: &Policy, known: &Known) -> Vec<ExternalId> {
    known
        .directory
        .people()
        .filter(|person| !known.bindings.contains_key(&person.id))
        .filter(|person| policy.selects(person))
        .filter_map(|person| external_id(policy, person))
        .collect()
}

/// Accounts that belong to nobody yet.
fn strangers(accounts: &ObservedAccounts, policy: &Policy, bindings: &Bindings) -> Vec<OwnedUserId> {
    accounts
        .list
        .keys()
        .filter(|user| {
            **user != policy.bot && !policy.users.protected.contains(*user) && bindings.owner(user).is_none()
        })
        .cloned()
        .collect()
}

/// The requested rooms: as kept current by pushed events, else by reading them. Finds rooms that the bot created and
/// the store forgot; a dry run does not bind them.
pub(super) async fn rooms(
    handles: &Handles,
    known: &mut Known,
    keys: &BTreeSet<RoomKey>,
    dry_run: bool,
) -> Result<BTreeMap<RoomKey, RoomSight>, Fault> {
    let (reader, store) = (&handles.reader, &handles.store);
    let (mut unbound, mut in_doubt) = (Vec::new(), BTreeMap::new());
    let missing: BTreeSet<RoomKey> = keys.iter().filter(|key| !known.rooms.contains_key(*key)).cloned().collect();
    if !missing.is_empty() {
        let bound: BTreeSet<OwnedRoomId> = known.rooms.values().cloned().collect();
        let mut lost = reader.rooms_by_key(&bound).await?;
        // A room whose creation was interrupted may appear a moment later. Creating it again would duplicate it.
        if store.rooms_half_made().await?.iter().any(|key| missing.contains(key) && !lost.contains_key(key)) {
            tokio::time::sleep(STILL_AT_IT).await;
            lost = reader.rooms_by_key(&bound).await?;
        }
        for (key, room_ids) in lost.into_iter().filter(|(key, _)| missing.contains(key)) {
            let Some(found) = room_ids.first().filter(|_| room_ids.len() == 1).cloned() else {
                in_doubt.insert(key, RoomSight::Several { room_ids });
                continue;
            };
            let room_id = if dry_run {
                unbound.push(found.clone());
                found
            } else {
                store.bind_room(&key, &found, known.now).await?
            };
            known.rooms.insert(key, room_id);
        }
    }
    let present = keys.iter().filter_map(|key| Some((key.clone(), known.rooms.get(key)?.clone())));
    let mut seen = handles.rooms(present).await?;
    // Events of an unbound room are ignored, so it must not be kept.
    unbound.iter().for_each(|room_id| handles.room_cache.doubt(room_id));
    seen.extend(in_doubt);
    name_deleted(reader, &mut seen).await?;
    for key in keys {
        seen.entry(key.clone()).or_insert(RoomSight::Absent);
    }
    Ok(seen)
}

/// The versions in which Synapse creates rooms, if one may have to be created.
pub(super) async fn room_versions(
    reader: &Reader,
    rooms: &BTreeMap<RoomKey, RoomSight>,
) -> Result<BTreeSet<String>, HomeserverError> {
    let is_missing = |(key, sight): (&RoomKey, &RoomSight)| *sight == RoomSight::Absent && key.as_str() != CONTROL_ROOM;
    if rooms.iter().any(is_missing) { reader.room_versions().await } else { Ok(BTreeSet::new()) }
}

/// Synapse answers alike for a deleted room and one that the bot may not see. Its list of rooms tells them apart.
async fn name_deleted(reader: &Reader, seen: &mut BTreeMap<RoomKey, RoomSight>) -> Result<(), HomeserverError> {
    let mut refused: Vec<(&OwnedRoomId, &mut HomeserverError)> = seen
        .values_mut()
        .filter_map(|sight| match sight {
            RoomSight::Unreadable { room_id, why } if why.is_absence() => Some((&*room_id, why)),
            _ => None,
        })
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    let there: BTreeSet<OwnedRoomId> = reader.rooms_list().await?.into_iter().map(|room| room.room_id).collect();
    for (_, why) in refused.iter_mut().filter(|(room_id, _)| !there.contains(*room_id)) {
        **why = HomeserverError::NotFound { what: Missing::Room };
    }
    Ok(())
}

impl Handles {
    /// Looks at rooms by id.
    ///
    /// # Errors
    /// When Synapse does not respond at all. A refusal only makes that room unreadable, so that one bad room does not
    /// stop the others.
    pub(super) async fn rooms(
        &self,
        rooms: impl IntoIterator<Item = (RoomKey, OwnedRoomId)>,
    ) -> Result<BTreeMap<RoomKey, RoomSight>, HomeserverError> {
        self.room_cache.note_breaks(self.reader.traffic().breaks());
        let mut looks: Vec<BoxFuture<'_, _>> = Vec::new();
        for (key, room_id) in rooms {
            looks.push(self.room(key, room_id).boxed());
        }
        stream::iter(looks).buffer_unordered(ROOMS_IN_FLIGHT).try_collect().await
    }

    async fn room(&self, key: RoomKey, room_id: OwnedRoomId) -> Result<(RoomKey, RoomSight), HomeserverError> {
        if let Some(room) = self.room_cache.seen(&room_id, self.clock.now()) {
            return Ok((key, RoomSight::Seen(Box::new(room))));
        }
        let ticket = self.room_cache.begin_read(&room_id, self.clock.now());
        match self.reader.room(&room_id).await {
            Ok(room) => {
                self.room_cache.put(&ticket, &room);
                Ok((key, RoomSight::Seen(Box::new(room))))
            }
            Err(error) if error.concerns_all() => Err(error),
            Err(error) => Ok((key, RoomSight::Unreadable { room_id, why: error })),
        }
    }
}
