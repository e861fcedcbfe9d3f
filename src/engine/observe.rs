//! Looking at Synapse for one pass: what is read for which scope, and nothing more. Of rooms that is what is known of them
//! from what is pushed, else one request a room, several at a time.

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

/// How many rooms are read at once. Each is a few hundred kilobytes for a moment, and Synapse reads one at a time.
const ROOMS_IN_FLIGHT: usize = 4;
/// How long Synapse may go on with a room whose asker went away, before the room can be seen.
pub(super) const STILL_AT_IT: Duration = Duration::from_secs(2);

/// All local accounts, and the holders of external ids as far as somebody without an account might have one already.
pub(super) async fn all_accounts(
    reader: &Reader,
    policy: &Policy,
    known: &Known,
) -> Result<ObservedAccounts, HomeserverError> {
    let mut list = reader.accounts().await?;
    // What is missing in a list may be missing in the list alone.
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
    // The user list does not show external ids. Ask from the shorter side: the accounts that belong to nobody yet, or
    // the people who have none yet. On a fresh server that is one request, not one for each person.
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

/// Who has the e-mail addresses that are to be sent. Asked for those alone: in a run without changes for none.
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
        // An account that is made again begins without, and a deactivation takes the address away.
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

/// External ids of people who should have an account and have none bound.
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

/// The rooms asked for: as they are known from what is pushed, else by reading them. Rooms that the bot made and the store
/// forgot are found again; a dry run does not note that.
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
        // Whose making broke off with the process may appear a moment later: to make it again would make it twice.
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
    // Of a room that is not bound nobody hears what happens there.
    unbound.iter().for_each(|room_id| handles.room_cache.doubt(room_id));
    seen.extend(in_doubt);
    name_deleted(reader, &mut seen).await?;
    for key in keys {
        seen.entry(key.clone()).or_insert(RoomSight::Absent);
    }
    Ok(seen)
}

/// The versions in which Synapse makes rooms, where one may have to be made.
pub(super) async fn room_versions(
    reader: &Reader,
    rooms: &BTreeMap<RoomKey, RoomSight>,
) -> Result<BTreeSet<String>, HomeserverError> {
    let is_missing = |(key, sight): (&RoomKey, &RoomSight)| *sight == RoomSight::Absent && key.as_str() != CONTROL_ROOM;
    if rooms.iter().any(is_missing) { reader.room_versions().await } else { Ok(BTreeSet::new()) }
}

/// Of a deleted room Synapse says what it says of one that the bot may not see; its list of rooms tells them apart.
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
    /// When Synapse does not answer at all; a refusal makes one room unreadable instead, so that one bad room does not
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
