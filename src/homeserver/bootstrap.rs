//! The administrator whom setup needs once, to make the bot one.
//!
//! Either somebody's token from the environment, or a temporary account made with Synapse's shared registration secret
//! and deactivated at the end, also when something failed. Neither is stored, and nothing but the bot's flag is changed.

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

/// How the localpart of a temporary administrator begins.
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
    /// Somebody who is one already.
    pub fn from_token(connection: &Connection, token: SecretString) -> Result<Self, HomeserverError> {
        Ok(Self { transport: Transport::without_token(connection)?.with_token(token), temporary: None })
    }

    /// Registers a temporary one. [`Self::end`] must follow, whatever happens between.
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
        // A nonce is good for one attempt: what is sent again is refused, so it is not.
        let sending = Sending { repeat: super::retry::Repeat::Once, ..Sending::WRITE };
        let made: Registered =
            transport.json(Endpoint::RegisterAdministrator, &[], &[], Some(&registration), sending).await?;
        Ok(Self { transport: transport.with_token(made.access_token), temporary: Some(made.user_id) })
    }

    /// Makes the bot a server administrator.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `NotAdmin` when this is not an administrator itself.
    pub async fn make_admin(&self, bot: &UserId) -> Result<(), HomeserverError> {
        let change = AccountChange { admin: Some(true), ..AccountChange::default() };
        let _: Anything =
            self.transport.json(Endpoint::PutAccount, &[bot.as_str()], &[], Some(&change), Sending::WRITE).await?;
        Ok(())
    }

    /// Deactivates the temporary account; does nothing to an account that was there before.
    ///
    /// # Errors
    /// See [`HomeserverError`], with the account's name: it has to be deactivated by hand then.
    pub async fn end(self) -> Result<(), (OwnedUserId, HomeserverError)> {
        let Some(user) = self.temporary else { return Ok(()) };
        let body = Deactivation { erase: true };
        let answer: Result<Anything, _> =
            self.transport.json(Endpoint::Deactivate, &[user.as_str()], &[], Some(&body), Sending::WRITE).await;
        answer.map(drop).map_err(|error| (user, error))
    }
}

/// Whether an account is a temporary administrator of some setup: one that is not deactivated is a leftover.
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

/// What Synapse asks for: HMAC-SHA1 over the fields, with a zero byte between them.
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
