//! One Synapse for all tests of a process, and a seat at it for each of them.
//!
//! A Synapse takes seconds to start and 125 MB, so tests share one. What keeps them apart is an application service of their
//! own: registrations are read at start only, so that a number of them is made in advance. A seat is never given out twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use serde_json::json;
use tokio::sync::OnceCell;

use crate::registration::Wanted;
use crate::synapse::Options;
use crate::{Client, Folder, Registration, Synapse, free_port};

/// How many tests of a process can have a seat. Each makes every request a little dearer: Synapse
/// looks through all registrations for a token.
pub const SEATS: usize = 48;

/// A test's own application service at the shared Synapse.
#[derive(Clone)]
pub struct Seat {
    /// Shared with the other tests: name accounts and rooms with [`Seat::name`].
    pub synapse: &'static Synapse,
    /// Its `url` is a loopback port that only this seat was given; listen there to receive transactions.
    pub registration: Registration,
    /// The port in the registration's `url`.
    pub port: u16,
    /// Localpart of the bot.
    pub bot: String,
    /// What the seat's aliases begin with.
    pub alias_prefix: String,
    /// From 0.
    pub index: usize,
}

impl Seat {
    /// The full id of the bot.
    pub fn bot_id(&self) -> String {
        self.synapse.user_id(&self.bot)
    }

    /// A name for an account or a room that no other seat has.
    pub fn name(&self, name: &str) -> String {
        format!("{name}_{:02}", self.index)
    }

    /// Makes the bot's account and a server administrator of it, as the service's own set-up would; returns its client.
    pub async fn set_up_bot(&self) -> anyhow::Result<Client> {
        let service = self.service()?;
        let account = json!({"type": "m.login.application_service", "username": self.bot, "inhibit_login": true});
        service.post_ok("/_matrix/client/v3/register", account).await?;
        let administrator = Client::administrator(self.synapse).await?;
        administrator.make_administrator(&self.bot_id()).await?;
        Ok(service)
    }

    /// A client that uses the service's token.
    pub fn service(&self) -> anyhow::Result<Client> {
        Client::new(&self.synapse.url(), &self.bot_id(), &self.registration.as_token)
    }
}

struct Pool {
    synapse: Synapse,
    registrations: Vec<(Registration, u16)>,
}

/// A seat that nobody had before; the first one starts the Synapse.
///
/// Invites of local people are accepted by the server there.
pub async fn seat() -> anyhow::Result<Seat> {
    static POOL: OnceCell<Pool> = OnceCell::const_new();
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let pool = POOL.get_or_try_init(open).await?;
    let index = NEXT.fetch_add(1, Ordering::Relaxed);
    let (registration, port) =
        pool.registrations.get(index).with_context(|| format!("all {SEATS} seats were given out"))?;
    Ok(Seat {
        synapse: &pool.synapse,
        bot: registration.bot.clone(),
        alias_prefix: alias_prefix(index),
        port: *port,
        registration: registration.clone(),
        index,
    })
}

async fn open() -> anyhow::Result<Pool> {
    let folder = Folder::new("synapse")?;
    let mut options = Options { auto_accept_invites: true, ..Options::default() };
    let mut registrations = Vec::new();
    for index in 0..SEATS {
        let name = format!("equipemed_bot_{index:02}");
        let port = free_port()?;
        let wanted = Wanted {
            id: &name,
            bot: &name,
            alias_prefix: &alias_prefix(index),
            url: Some(format!("http://{}:{port}", crate::LOOPBACK)),
            server_name: &options.server_name,
        };
        let registration = Registration::write_wanted(folder.path(), wanted)?;
        options.registrations.push(registration.path.clone());
        registrations.push((registration, port));
    }
    let synapse = Synapse::start_at(folder, options).await?;
    Ok(Pool { synapse, registrations })
}

fn alias_prefix(index: usize) -> String {
    format!("equipemed_{index:02}_")
}
