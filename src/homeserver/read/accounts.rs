//! Reads accounts through Synapse's admin API.
//!
//! The user list omits external ids, so they cost one request per account; a run without changes makes none.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::action::ExternalId;
use equipemed_domain::email::digest_of_address;
use equipemed_domain::fault::{HomeserverError, Nonsense};
use equipemed_domain::observed::ObservedAccount;
use jiff::Timestamp;
use matrix_sdk::ruma::{OwnedUserId, UserId};

use super::{PAGE, Reader};
use crate::homeserver::endpoint::Endpoint;
use crate::homeserver::wire;

/// An account with details that the user list omits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountDetail {
    /// The fields that the user list also has.
    pub observed: ObservedAccount,
    /// External ids of all providers.
    pub external_ids: Vec<ExternalId>,
    /// The application service that created the account, if any.
    pub appservice: Option<String>,
    /// When it was last seen, milliseconds since 1970.
    pub last_seen: Option<u64>,
    /// When it was created, by Synapse's clock, in whole seconds.
    pub created: Option<Timestamp>,
    /// Digests of its e-mail addresses.
    pub addresses: BTreeSet<String>,
    /// Whether it has an e-mail address or a telephone number.
    pub has_threepids: bool,
}

/// Where an account is signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devices {
    /// The ids of its devices; each is a session.
    pub ids: Vec<String>,
    /// When one of them was last seen.
    pub last_seen: Option<Timestamp>,
}

impl Reader {
    /// All local accounts including locked and deactivated ones, without guests.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `NotAdmin` before setup, `Nonsense` when the list cannot be this server's.
    pub async fn accounts(&self) -> Result<BTreeMap<OwnedUserId, ObservedAccount>, HomeserverError> {
        let mut accounts: BTreeMap<OwnedUserId, ObservedAccount> = BTreeMap::new();
        let mut from: Option<String> = None;
        loop {
            // Synapse sorts by name: an account created between two pages repeats another one but hides none.
            let mut query = vec![("limit", PAGE), ("locked", "true"), ("deactivated", "true"), ("guests", "false")];
            query.extend(from.as_deref().map(|from| ("from", from)));
            let page: wire::Accounts = self.get(Endpoint::Accounts, &[], &query).await?;
            accounts.extend(page.users.iter().map(|account| (account.name.clone(), account.observed())));
            match page.next_token {
                // A token that does not advance would loop for ever.
                Some(next) if !page.users.is_empty() && from.as_ref() != Some(&next) => from = Some(next),
                _ => break,
            }
        }
        // The list of another server, or an empty one, must not make anybody look missing.
        let bot = &self.bot;
        if let Some(foreign) = accounts.keys().find(|user| user.server_name() != bot.server_name()) {
            return Err(HomeserverError::nonsense(Nonsense::ForeignAccount { user: foreign.clone() }));
        }
        if !accounts.contains_key(bot) {
            return Err(HomeserverError::nonsense(Nonsense::ListWithoutBot));
        }
        Ok(accounts)
    }

    /// E-mail addresses and phone numbers of an account; None when there is no such account.
    pub(in crate::homeserver) async fn threepids(
        &self,
        user: &UserId,
    ) -> Result<Option<Vec<wire::Threepid>>, HomeserverError> {
        Ok(self.whole_account(user).await?.map(|account| account.threepids))
    }

    async fn whole_account(&self, user: &UserId) -> Result<Option<wire::Account>, HomeserverError> {
        match self.get(Endpoint::Account, &[user.as_str()], &[]).await {
            Err(HomeserverError::NotFound { .. }) => Ok(None),
            answer => answer,
        }
    }

    /// One account; None when it does not exist.
    pub async fn account(&self, user: &UserId) -> Result<Option<AccountDetail>, HomeserverError> {
        let Some(account) = self.whole_account(user).await? else { return Ok(None) };
        Ok(Some(AccountDetail {
            observed: account.observed(),
            external_ids: account.external_ids.into_iter().map(Into::into).collect(),
            appservice: account.appservice_id,
            last_seen: account.last_seen_ts,
            created: account.creation_ts.and_then(instant),
            has_threepids: !account.threepids.is_empty(),
            addresses: account
                .threepids
                .iter()
                .filter(|one| one.medium == "email")
                .map(|one| digest_of_address(&one.address))
                .collect(),
        }))
    }

    /// Where an account is signed in.
    pub async fn devices(&self, user: &UserId) -> Result<Devices, HomeserverError> {
        let found: wire::Devices = self.get(Endpoint::Devices, &[user.as_str()], &[]).await?;
        let last_seen = found.devices.iter().filter_map(|device| device.last_seen_ts).max();
        Ok(Devices {
            last_seen: last_seen.and_then(|at| Timestamp::from_millisecond(at).ok()),
            ids: found.devices.into_iter().map(|device| device.device_id).collect(),
        })
    }

    /// Whether an account has devices, that is, whether anybody has signed in.
    pub async fn has_devices(&self, user: &UserId) -> Result<bool, HomeserverError> {
        Ok(!self.devices(user).await?.ids.is_empty())
    }

    /// The account that has an e-mail address.
    pub async fn holder_of_address(&self, address: &str) -> Result<Option<OwnedUserId>, HomeserverError> {
        match self.get::<wire::HolderAnswer>(Endpoint::EmailHolder, &[address], &[]).await {
            Ok(holder) => Ok(Some(holder.user_id)),
            Err(HomeserverError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The account that holds an external id.
    ///
    /// The account is read again, because Synapse caches the answer even after the id was removed, and an account must
    /// not be matched by an id that it no longer has.
    pub async fn holder_of(&self, external_id: &ExternalId) -> Result<Option<OwnedUserId>, HomeserverError> {
        let identifiers = [external_id.provider.as_str(), external_id.id.as_str()];
        let holder = match self.get::<wire::HolderAnswer>(Endpoint::Holder, &identifiers, &[]).await {
            Ok(holder) => holder.user_id,
            Err(HomeserverError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let account = self.account(&holder).await?;
        Ok(account.is_some_and(|account| account.external_ids.contains(external_id)).then_some(holder))
    }
}

/// Synapse gives seconds for one account and milliseconds in the list; both mean dates of this century.
fn instant(creation: i64) -> Option<Timestamp> {
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    let seconds = if creation < MILLISECONDS_FROM { creation } else { creation / 1000 };
    Timestamp::from_second(seconds).ok()
}
