//! Everything that reads from Synapse and changes nothing.
//!
//! Uses as few requests as possible: accounts in pages of thousands, a room in one request. Nothing is cached between
//! calls.

mod accounts;
mod events;
mod media;
mod reports;
mod rooms;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use equipemed_domain::fault::{HomeserverError, NotMatrix};
use equipemed_domain::room_version::KNOWN;
use matrix_sdk::ruma::api::client::account::whoami;
use matrix_sdk::ruma::api::client::appservice::request_ping;
use matrix_sdk::ruma::api::client::discovery::get_capabilities::v3::{Request as Capabilities, RoomVersionStability};
use matrix_sdk::ruma::api::client::discovery::get_supported_versions;
use matrix_sdk::ruma::{OwnedUserId, UserId};

pub use accounts::{AccountDetail, Devices};
pub use events::{Latest, Outline, Reaction, Search};
pub use media::FileDetail;
pub use rooms::{LeftInRoom, RoomListing, RoomPast};

use super::endpoint::Endpoint;
use super::retry::Patience;
use super::traffic::Traffic;
use super::transport::{Connection, Sending, Transport};
use super::wire;
use crate::clock::Term;

/// Accounts or rooms per request. Synapse accepts this and answers in tens of milliseconds.
const PAGE: &str = "5000";
const NOTHING: Option<&()> = None;

/// Reads from Synapse and cannot change anything there. Clones share connections, concurrency limit and counters.
#[derive(Clone)]
pub struct Reader {
    pub(in crate::homeserver) transport: Transport,
    bot: OwnedUserId,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("bot", &self.bot).finish_non_exhaustive()
    }
}

impl Reader {
    /// Prepares the connection; sends nothing yet.
    pub async fn new(connection: Connection) -> Result<Self, HomeserverError> {
        let bot = connection.bot.clone();
        Ok(Self { transport: Transport::new(connection).await?, bot })
    }

    /// The bot's account.
    #[must_use]
    pub fn bot(&self) -> &UserId {
        &self.bot
    }

    /// Counters of all requests over this connection.
    #[must_use]
    pub fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(self.transport.traffic())
    }

    /// A reader with its own concurrency limit, for work that must not queue behind bulk work.
    #[must_use]
    pub fn lane(&self, in_flight: usize) -> Self {
        Self { transport: self.transport.lane(in_flight), bot: self.bot.clone() }
    }

    pub(in crate::homeserver) fn during(&self, term: Term) -> Self {
        Self { transport: self.transport.during(term), bot: self.bot.clone() }
    }

    /// A reader with a different retry limit.
    #[must_use]
    pub fn patient(&self, patience: Patience) -> Self {
        Self { transport: self.transport.patient(patience), bot: self.bot.clone() }
    }

    /// Supported versions of the client API; needs no account.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `NotMatrix` when something else answers there.
    pub async fn versions(&self) -> Result<Vec<String>, HomeserverError> {
        type Request = get_supported_versions::Request;
        let answer = self.transport.client_by::<Request, _, _>(Sending::READ, |matrix, config| {
            matrix.send(Request::new()).with_request_config(config.skip_auth()).into_future()
        });
        match answer.await {
            Ok(answer) => Ok(answer.versions),
            Err(HomeserverError::Nonsense { .. }) => Err(HomeserverError::NotMatrix { why: NotMatrix::NoVersions }),
            Err(error) => Err(error),
        }
    }

    /// The account of the token; succeeds once Synapse has read the registration.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `UnknownToken` when Synapse has not read it.
    pub async fn whoami(&self) -> Result<OwnedUserId, HomeserverError> {
        Ok(self.transport.client(whoami::v3::Request::new(), Sending::READ).await?.user_id)
    }

    /// The versions in which Synapse makes rooms, of those that this service knows.
    pub async fn room_versions(&self) -> Result<BTreeSet<String>, HomeserverError> {
        let answer = self.transport.client(Capabilities::new(), Sending::READ).await?;
        let available = answer.capabilities.room_versions.available;
        let usable = available.into_iter().filter(|(_, stability)| *stability == RoomVersionStability::Stable);
        Ok(usable.map(|(version, _)| version.to_string()).filter(|version| KNOWN.contains(&&**version)).collect())
    }

    /// Asks Synapse to call this service back, which also makes it send waiting transactions at once. Returns the
    /// duration.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with `M_URL_NOT_SET`, `M_CONNECTION_FAILED`, `M_CONNECTION_TIMEOUT` or
    /// `M_BAD_STATUS` when Synapse cannot.
    pub async fn ping(&self, appservice: &str) -> Result<Duration, HomeserverError> {
        type Request = request_ping::v1::Request;
        let answer = self.transport.client_by::<Request, _, _>(Sending::READ, |matrix, config| {
            matrix.send(Request::new(appservice.to_owned())).with_request_config(config).into_future()
        });
        Ok(answer.await?.duration)
    }

    /// Synapse's version.
    pub async fn synapse_version(&self) -> Result<String, HomeserverError> {
        let answer: wire::Version = self.get(Endpoint::ServerVersion, &[], &[]).await?;
        Ok(answer.server_version)
    }

    async fn get<T: serde::de::DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        identifiers: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, HomeserverError> {
        self.transport.json(endpoint, identifiers, query, NOTHING, Sending::READ).await
    }
}
