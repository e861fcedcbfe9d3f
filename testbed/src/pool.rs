//! One Synapse for all tests of a process, with a seat for each of them.
//!
//! A Synapse takes seconds to start and 125 MB, so tests share one. Each has its own application service; registrations
//! are only read at startup, so a number of them is created in advance. A seat is never reused.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use serde_json::json;
use tokio::sync::OnceCell;

use crate::registration::Wanted;
use crate::synapse::Options;
use crate::{Client, Folder, Registration, Synapse, free_port};

/// Number of seats per process. Each makes every request slightly slower, because Synapse searches all registrations
/// for a token.
pub const SEATS: usize = 48;

/// A test's own application service on the shared Synapse.
#[derive(Clone)]
pub struct Seat {
    /// Shared with other tests: name accounts and rooms with [`Seat::name`].
    pub synapse: &'static Synapse,
    /// Its `url` has a loopback port that only this seat uses; listen there to receive transactions.
    pub registration: Registration,
    /// The port in the registration's `url`.
    pub port: u16,
    /// Localpart of the bot.
    pub bot: String,
    /// Prefix of the seat's aliases.
    pub alias_prefix: String,
    /// Index from 0.
    pub index: usize,
}

impl Seat {
    /// The full id of the bot.
    pub fn bot_id(&self) -> String {
        self.synapse.user_id(&self.bot)
    }

    /// A name for an account or room that is unique to this seat.
    pub fn name(&self, name: &str) -> String {
        format!("{name}_{:02}", self.index)
    }

    /// Creates the bot's account as a server administrator, as setup would; returns its client.
    pub async fn set_up_bot(&self) -> anyhow::Result<Client> {
        let service = self.service()?;
        let account = json!({"type": "m.login.application_service", "username": self.bot, "inhibit_login": true});
        service.post_ok("/_matrix/client/v3/register", account).await?;
        let administrator = Client::administrator(self.synapse).await?;
        administrator.make_administrator(&self.bot_id()).await?;
        Ok(service)
    }

    /// A client with the service's token.
    pub fn service(&self) -> anyhow::Result<Client> {
        Client::new(&self.synapse.url(), &self.bot_id(), &self.registration.as_token)
    }
}

struct Pool {
    synapse: Synapse,
    registrations: Vec<(Registration, u16)>,
}

/// A new seat; the first call starts Synapse.
///
/// That server accepts invitations for local people.
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
