//! The administrator that setup needs once to make the bot an administrator.
//!
//! Uses either an administrator's token from the environment or a temporary account, registered with Synapse's shared
//! secret and deactivated at the end, even after a failure. Neither is stored. Only the bot's admin flag is changed.

use std::fmt::Write as _;

use equipemed_domain::fault::HomeserverError;
use hmac::{Hmac, KeyInit as _, Mac as _};
use matrix_sdk::ruma::{OwnedUserId, UserId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha1::Sha1;

use super::endpoint::Endpoint;
use super::transport::{Connection, Sending, Transport};
use super::wire::{AccountChange, Anything, Deactivation};

/// Prefix of the localpart of a temporary administrator.
const TEMPORARY: &str = "equipemed_setup_";
const NOTHING: Option<&()> = None;

/// An administrator of the server who is not the bot.
pub struct Administrator {
    transport: Transport,
    /// The account to deactivate at the end.
    temporary: Option<OwnedUserId>,
}

impl std::fmt::Debug for Administrator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Administrator").field("temporary", &self.temporary).finish_non_exhaustive()
    }
}

impl Administrator {
    /// Uses the token of an existing administrator.
    pub fn from_token(connection: &Connection, token: SecretString) -> Result<Self, HomeserverError> {
        Ok(Self { transport: Transport::without_token(connection)?.with_token(token), temporary: None })
    }

    /// Registers a temporary administrator. [`Self::end`] must follow whatever happens in between.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` when the secret is wrong or Synapse has none.
    pub async fn temporary(connection: &Connection, shared_secret: &SecretString) -> Result<Self, HomeserverError> {
        let transport = Transport::without_token(connection)?;
        let nonce: Nonce = transport.json(Endpoint::Nonce, &[], &[], NOTHING, Sending::READ).await?;
        let username = format!("{TEMPORARY}{}", random_hex(6)?);
        let password = random_hex(32)?;
        let mac = signature(shared_secret, &[&nonce.nonce, &username, &password, "admin"])?;
        let registration =
            Registration { nonce: &nonce.nonce, username: &username, password: &password, admin: true, mac };
        // A nonce is valid for one attempt, so a repeated request would be refused.
        let sending = Sending { repeat: super::retry::Repeat::Once, ..Sending::WRITE };
        let made: Registered =
            transport.json(Endpoint::RegisterAdministrator, &[], &[], Some(&registration), sending).await?;
        Ok(Self { transport: transport.with_token(made.access_token), temporary: Some(made.user_id) })
    }

    /// Makes the bot a server administrator.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `NotAdmin` when this account is not an administrator itself.
    pub async fn make_admin(&self, bot: &UserId) -> Result<(), HomeserverError> {
        let change = AccountChange { admin: Some(true), ..AccountChange::default() };
        let _: Anything =
            self.transport.json(Endpoint::PutAccount, &[bot.as_str()], &[], Some(&change), Sending::WRITE).await?;
        Ok(())
    }

    /// Deactivates the temporary account; leaves an existing administrator's account alone.
    ///
    /// # Errors
    /// See [`HomeserverError`]; the account is returned too, because it must then be deactivated by hand.
    pub async fn end(self) -> Result<(), (OwnedUserId, HomeserverError)> {
        let Some(user) = self.temporary else { return Ok(()) };
        let body = Deactivation { erase: true };
        let answer: Result<Anything, _> =
            self.transport.json(Endpoint::Deactivate, &[user.as_str()], &[], Some(&body), Sending::WRITE).await;
        answer.map(drop).map_err(|error| (user, error))
    }
}

/// Whether Synapse registers an administrator for whoever knows its registration secret: by a registration without
/// anything in it, because Synapse gives out a nonce in any case.
///
/// # Errors
/// See [`HomeserverError`]; `Refused` when something before Synapse keeps the request back.
pub async fn takes_registration_secret(connection: &Connection) -> Result<bool, HomeserverError> {
    let transport = Transport::without_token(connection)?;
    let empty = Some(&serde_json::json!({}));
    let answer: Result<Anything, _> =
        transport.json(Endpoint::RegisterAdministrator, &[], &[], empty, Sending::READ).await;
    match answer {
        Ok(_) => Ok(true),
        Err(HomeserverError::Refused { status: 400, errcode, .. }) if errcode == "M_BAD_JSON" => Ok(true),
        // Without a secret Synapse does not look at the registration.
        Err(HomeserverError::Refused { status: 400, errcode, .. }) if errcode == "M_UNKNOWN" => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether setup made this account as a temporary administrator; one that is still active is a leftover.
#[must_use]
pub fn is_temporary_administrator(user: &UserId) -> bool {
    user.localpart().starts_with(TEMPORARY)
}

#[derive(Deserialize)]
struct Nonce {
    nonce: String,
}

#[derive(Serialize)]
struct Registration<'a> {
    nonce: &'a str,
    username: &'a str,
    password: &'a str,
    admin: bool,
    mac: String,
}

#[derive(Deserialize)]
struct Registered {
    user_id: OwnedUserId,
    access_token: SecretString,
}

/// HMAC-SHA1 over the fields, separated by zero bytes, as Synapse expects it.
fn signature(secret: &SecretString, fields: &[&str]) -> Result<String, HomeserverError> {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(secret.expose_secret().as_bytes()).map_err(HomeserverError::bad_request)?;
    mac.update(fields.join("\0").as_bytes());
    Ok(hex(&mac.finalize().into_bytes()))
}

fn random_hex(length: usize) -> Result<String, HomeserverError> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(HomeserverError::bad_request)?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
