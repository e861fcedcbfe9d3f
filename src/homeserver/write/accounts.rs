//! Changes accounts through Synapse's admin API.
//!
//! Sends only what is meant to change, and never a password: that costs Synapse a third of a second and signs people
//! out. A PUT creates a missing account, which is detected here and reported as an error.

use equipemed_domain::action::ExternalId;
use equipemed_domain::email::digest_of_address;
use equipemed_domain::fault::{HomeserverError, Missing, Nonsense};
use matrix_sdk::ruma::api::client::account::register::{self, LoginType};
use matrix_sdk::ruma::api::client::media::create_content;
use matrix_sdk::ruma::{OwnedMxcUri, UserId};

use super::{Done, Writer};
use crate::homeserver::endpoint::Endpoint;
use crate::homeserver::error::from_json;
use crate::homeserver::transport::Sending;
use crate::homeserver::wire::{AccountChange, Anything, Deactivation, DeviceIds, Threepid, WireExternalId};

/// Status of a PUT that created the account.
const CREATED: u16 = 201;
/// Synapse's name for the e-mail medium.
const EMAIL: &str = "email";

impl Writer {
    /// Creates the bot's own account.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `UnknownToken` when Synapse has not read the registration.
    pub async fn register_bot(&self) -> Result<Done, HomeserverError> {
        let mut request = register::v3::Request::new();
        request.username = Some(self.reader.bot().localpart().to_owned());
        request.login_type = Some(LoginType::ApplicationService);
        request.inhibit_login = true;
        let answer =
            self.reader.transport.client_by::<register::v3::Request, _, _>(Sending::WRITE, |matrix, config| {
                matrix.send(request.clone()).with_request_config(config).into_future()
            });
        match answer.await {
            Ok(_) => Ok(Done::Changed),
            Err(error) if error.errcode() == Some("M_USER_IN_USE") => Ok(Done::Already),
            Err(error) => Err(error),
        }
    }

    /// Creates an empty account. [`Done::Already`] means that it existed; nothing in it was changed: Synapse has no
    /// request that only creates, so an empty one is sent.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `MaybeDone` when the answer was lost.
    pub async fn make_account(&self, user: &UserId) -> Result<Done, HomeserverError> {
        match self.put(user, &AccountChange::default(), Sending::ONCE).await? {
            CREATED => Ok(Done::Changed),
            _ => Ok(Done::Already),
        }
    }

    /// As [`Self::make_account`], but resolves a lost response: `is_ours` tells whether this call created the existing
    /// account; None means that there is none, and creation is tried again.
    pub async fn make_account_surely<F>(&self, user: &UserId, is_ours: impl Fn() -> F) -> Result<Done, HomeserverError>
    where
        F: Future<Output = Result<Option<bool>, HomeserverError>>,
    {
        let attempt = || async {
            match self.make_account(user).await {
                Err(HomeserverError::MaybeDone { why }) => match is_ours().await? {
                    Some(true) => Ok(Done::Changed),
                    Some(false) => Ok(Done::Already),
                    None => Err(HomeserverError::Unreachable { why, sent: true }),
                },
                made => made,
            }
        };
        self.reader.transport.until_clear(Endpoint::PutAccount, attempt).await
    }

    /// Gives a new account its name and its only external id.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Taken` when another account holds the external id (the name is still set).
    pub async fn introduce_account(
        &self,
        user: &UserId,
        display_name: &str,
        external_id: Option<&ExternalId>,
    ) -> Result<Done, HomeserverError> {
        let change = AccountChange {
            displayname: Some(display_name),
            external_ids: external_id.map(|id| vec![id.into()]),
            ..AccountChange::default()
        };
        match self.change(user, &change).await {
            Err(error) => Err(self.with_holder(error, external_id).await),
            done => done,
        }
    }

    /// Changes an account's display name.
    pub async fn set_display_name(&self, user: &UserId, name: &str) -> Result<Done, HomeserverError> {
        self.change(user, &AccountChange { displayname: Some(name), ..AccountChange::default() }).await
    }

    /// Uploads an image; returns its `mxc://` address.
    pub async fn upload_picture(&self, content: Vec<u8>, media_type: &str) -> Result<OwnedMxcUri, HomeserverError> {
        let mut request = create_content::v3::Request::new(content);
        request.content_type = Some(media_type.to_owned());
        Ok(self.reader.transport.client(request, Sending::WRITE).await?.content_uri)
    }

    /// Changes the bot's display name and, if given, its avatar (`mxc://`).
    pub async fn set_bot_profile(&self, name: &str, avatar: Option<&str>) -> Result<Done, HomeserverError> {
        let change = AccountChange { displayname: Some(name), avatar_url: avatar, ..AccountChange::default() };
        self.change(self.reader.bot(), &change).await
    }

    /// Adds an external id to an account. It replaces others of the same provider.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Taken` when another account holds it.
    pub async fn link_external_id(&self, user: &UserId, external_id: &ExternalId) -> Result<Done, HomeserverError> {
        let Some(account) = self.reader.account(user).await? else {
            return Err(HomeserverError::NotFound { what: Missing::Account { user: user.to_owned() } });
        };
        let same_provider = |id: &&ExternalId| id.provider == external_id.provider;
        if account.external_ids.iter().filter(same_provider).eq([external_id]) {
            return Ok(Done::Already);
        }
        // The list sent replaces the ids of all providers.
        let others = account.external_ids.iter().filter(|id| !same_provider(id));
        let ids: Vec<WireExternalId> = others.chain([external_id]).map(Into::into).collect();
        match self.change(user, &AccountChange { external_ids: Some(ids), ..AccountChange::default() }).await {
            Err(error) => Err(self.with_holder(error, Some(external_id)).await),
            done => done,
        }
    }

    /// Gives an account an e-mail address. Replaces the one given before, found by its digest; others stay. Synapse
    /// silently takes the address from any other account: check first.
    pub async fn set_email(&self, user: &UserId, address: &str, before: Option<&str>) -> Result<Done, HomeserverError> {
        let Some(mut threepids) = self.reader.threepids(user).await? else {
            return Err(HomeserverError::NotFound { what: Missing::Account { user: user.to_owned() } });
        };
        let has = threepids.clone();
        let is_old = |one: &Threepid| before.is_some_and(|digest| digest_of_address(&one.address) == digest);
        threepids.retain(|one| one.medium != EMAIL || one.address == address || !is_old(one));
        if !threepids.iter().any(|one| one.medium == EMAIL && one.address == address) {
            threepids.push(Threepid { medium: EMAIL.to_owned(), address: address.to_owned() });
        }
        if threepids == has {
            return Ok(Done::Already);
        }
        // The list sent replaces all of them.
        self.change(user, &AccountChange { threepids: Some(threepids), ..AccountChange::default() }).await
    }

    /// Locks an account: nobody can use it until it is unlocked; sessions and memberships stay.
    pub async fn lock(&self, user: &UserId) -> Result<Done, HomeserverError> {
        self.change(user, &AccountChange { locked: Some(true), ..AccountChange::default() }).await
    }

    /// Unlocks an account; its sessions work again.
    pub async fn unlock(&self, user: &UserId) -> Result<Done, HomeserverError> {
        self.change(user, &AccountChange { locked: Some(false), ..AccountChange::default() }).await
    }

    /// Ends all sessions of an account by deleting its devices and their pushers.
    pub async fn sign_out(&self, user: &UserId) -> Result<Done, HomeserverError> {
        let devices = self.reader.devices(user).await?.ids;
        if devices.is_empty() {
            return Ok(Done::Already);
        }
        let (transport, body) = (&self.reader.transport, DeviceIds { devices: &devices });
        let _: Anything =
            transport.json(Endpoint::DeleteDevices, &[user.as_str()], &[], Some(&body), Sending::WRITE).await?;
        Ok(Done::Changed)
    }

    /// Deactivates an account: it leaves all rooms and loses its sessions. Its messages stay.
    pub async fn deactivate(&self, user: &UserId) -> Result<Done, HomeserverError> {
        let transport = &self.reader.transport;
        let body = Deactivation { erase: false };
        let _: Anything =
            transport.json(Endpoint::Deactivate, &[user.as_str()], &[], Some(&body), Sending::WRITE).await?;
        Ok(Done::Changed)
    }

    /// Reactivates an account without a password: people sign in through the identity provider. It is in no room.
    pub async fn reactivate(&self, user: &UserId) -> Result<Done, HomeserverError> {
        self.change(user, &AccountChange { deactivated: Some(false), ..AccountChange::default() }).await
    }

    /// Grants or removes Synapse administration.
    pub async fn set_admin(&self, user: &UserId, admin: bool) -> Result<Done, HomeserverError> {
        self.change(user, &AccountChange { admin: Some(admin), ..AccountChange::default() }).await
    }

    async fn put(&self, user: &UserId, change: &AccountChange<'_>, sending: Sending) -> Result<u16, HomeserverError> {
        let transport = &self.reader.transport;
        let answer = transport.answer(Endpoint::PutAccount, &[user.as_str()], &[], Some(change), sending).await?;
        serde_json::from_slice::<Anything>(&answer.body).map_err(|error| from_json(&error))?;
        Ok(answer.status)
    }

    async fn change(&self, user: &UserId, change: &AccountChange<'_>) -> Result<Done, HomeserverError> {
        match self.put(user, change, Sending::WRITE).await? {
            CREATED => Err(HomeserverError::nonsense(Nonsense::AccountAppeared { user: user.to_owned() })),
            _ => Ok(Done::Changed),
        }
    }

    /// Adds the holder of the external id to a conflict.
    async fn with_holder(&self, error: HomeserverError, external_id: Option<&ExternalId>) -> HomeserverError {
        match (&error, external_id) {
            (HomeserverError::Refused { status: 409, .. }, Some(id)) => {
                HomeserverError::Taken { holder: self.reader.holder_of(id).await.ok().flatten() }
            }
            _ => error,
        }
    }
}
