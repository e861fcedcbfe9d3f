//! Access to Synapse, tested on a real one: every test has its own application service and a proxy in front of Synapse.

mod accounts;
mod faults;
mod logs;
mod media;
mod members;
pub(crate) mod picture;
mod pure;
mod rooms;
mod speak;

use std::collections::BTreeSet;

use equipemed_bot::homeserver::{
    Connection, Endpoint, HomeserverError, Patience, Reader, RoomToCreate, WritePermit, Writer,
};
use equipemed_domain::action::NewRoom;
use equipemed_domain::key::RoomKey;
use equipemed_domain::policy::RoomKind;
use equipemed_domain::setting::{RoomSetting, RoomSettings};
use equipemed_testbed::pool::{Seat, seat};
use equipemed_testbed::{Client, Proxy};
use ruma_common::{OwnedRoomId, OwnedUserId, UserId};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

/// An application service on Synapse, with the clients that use it.
struct Place {
    seat: Seat,
    proxy: Proxy,
    /// Connected through the proxy.
    reader: Reader,
    writer: Writer,
    cancel: CancellationToken,
    /// A plain client of the bot that bypasses the proxy.
    bot: Client,
}

impl Place {
    /// A place whose bot is already an administrator.
    async fn new() -> anyhow::Result<Self> {
        Self::patient(Patience::COMMAND).await
    }

    async fn patient(patience: Patience) -> anyhow::Result<Self> {
        let seat = seat().await?;
        let bot = seat.set_up_bot().await?;
        let proxy = Proxy::start(&seat.synapse.url()).await?;
        let cancel = CancellationToken::new();
        let reader = Reader::new(connection(&seat, &proxy, patience, &cancel)?).await?;
        let writer = Writer::new(reader.clone(), WritePermit::for_mode_enforce());
        Ok(Self { seat, proxy, reader, writer, cancel, bot })
    }

    fn user(&self, name: &str) -> anyhow::Result<OwnedUserId> {
        Ok(UserId::parse(self.seat.synapse.user_id(&self.seat.name(name)))?)
    }

    /// Creates an account.
    async fn account(&self, name: &str) -> anyhow::Result<OwnedUserId> {
        let user = self.user(name)?;
        self.writer.make_account(&user).await?;
        self.writer.introduce_account(&user, name, None).await?;
        Ok(user)
    }

    fn room(&self, version: &str) -> NewRoom {
        NewRoom {
            kind: RoomKind::Room,
            version: version.to_owned(),
            name: "UTI".to_owned(),
            alias: None,
            parent: None,
            settings: RoomSettings::from([(RoomSetting::History, "shared".into())]),
            levels: Default::default(),
            default_level: 0,
            invite: BTreeSet::new(),
        }
    }

    fn levels(&self, version: &str) -> Map<String, Value> {
        let mut levels = json!({"users_default": 0, "events_default": 0, "state_default": 50, "invite": 50, "ban": 50, "kick": 50, "redact": 50});
        if version != "12" {
            levels["users"] = json!({(self.reader.bot().as_str()): 9001});
        }
        levels.as_object().cloned().unwrap_or_default()
    }

    /// Creates a plain room with a key.
    async fn found(&self, key: &str, new: &NewRoom) -> Result<OwnedRoomId, HomeserverError> {
        let levels = self.levels(&new.version);
        self.writer
            .create_room(&RoomToCreate { key: &RoomKey::new(key), new, parent: None, predecessor: None, levels })
            .await
    }

    /// Counts requests to an endpoint on the wire, and forgets all recorded ones.
    fn take(&self, endpoint: Endpoint) -> usize {
        let recorded = self.proxy.take_recorded();
        recorded.iter().filter(|request| Endpoint::of(&request.method, &request.path) == Some(endpoint)).count()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for request in self.proxy.recorded() {
            let known = Endpoint::of(&request.method, &request.path);
            assert!(known.is_some(), "{} {} is not in the list of endpoints", request.method, request.path);
            crate::deploy::nginx::check_address(&request.path, request.query.as_deref());
        }
    }
}

fn connection(
    seat: &Seat,
    proxy: &Proxy,
    patience: Patience,
    cancel: &CancellationToken,
) -> anyhow::Result<Connection> {
    Ok(Connection {
        url: proxy.url().parse()?,
        bot: UserId::parse(seat.bot_id())?,
        token: seat.registration.as_token.clone().into(),
        in_flight: 4,
        patience,
        cancel: cancel.clone(),
        on_wait: None,
    })
}
