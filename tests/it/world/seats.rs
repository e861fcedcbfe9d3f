//! Seats at a Synapse: small tests share one server, while a test that stops or floods it has its own.
//!
//! Synapse reads registrations only at startup, so all are created in advance.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use equipemed_testbed::registration::Wanted;
use equipemed_testbed::synapse::Options;
use equipemed_testbed::{Folder, Registration, Synapse, free_port};
use tokio::sync::OnceCell;

/// Number of hospitals that can share the server.
const SEATS: usize = 241;

/// A hospital's application service on a Synapse.
pub(super) struct Seat {
    pub(super) synapse: Arc<Synapse>,
    pub(super) registration: Registration,
    /// The port of the service.
    pub(super) port: u16,
    pub(super) alias_prefix: String,
    /// Distinguishes its people from those of other hospitals on the server.
    pub(super) suffix: String,
    /// Folder of the registration for a separate server.
    _folder: Option<Folder>,
}

struct Pool {
    synapse: Arc<Synapse>,
    registrations: Vec<(Registration, u16)>,
    _folder: Folder,
}

/// A seat at the shared server, which accepts invitations.
pub(super) async fn shared() -> anyhow::Result<Seat> {
    static POOL: OnceCell<Pool> = OnceCell::const_new();
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let pool = POOL.get_or_try_init(open).await?;
    let index = NEXT.fetch_add(1, Ordering::Relaxed);
    let (registration, port) = pool.registrations.get(index).context("all seats were given out")?;
    Ok(Seat {
        synapse: Arc::clone(&pool.synapse),
        registration: registration.clone(),
        port: *port,
        alias_prefix: alias_prefix(index),
        suffix: format!("-{index:02}"),
        _folder: None,
    })
}

/// A separate server.
pub(super) async fn own() -> anyhow::Result<Seat> {
    own_with(Options::default()).await
}

/// The same with these options.
pub(super) async fn own_with(options: Options) -> anyhow::Result<Seat> {
    let folder = Folder::new("world")?;
    let (registration, port) = register(&folder, 0)?;
    let options = Options { registrations: vec![registration.path.clone()], ..options };
    let synapse = Arc::new(Synapse::start(options).await?);
    Ok(Seat {
        synapse,
        registration,
        port,
        alias_prefix: alias_prefix(0),
        suffix: String::new(),
        _folder: Some(folder),
    })
}

async fn open() -> anyhow::Result<Pool> {
    let folder = Folder::new("world")?;
    let registrations = (0..SEATS).map(|index| register(&folder, index)).collect::<anyhow::Result<Vec<_>>>()?;
    let options = Options {
        registrations: registrations.iter().map(|(registration, _)| registration.path.clone()).collect(),
        auto_accept_invites: true,
        ..Options::default()
    };
    Ok(Pool { synapse: Arc::new(Synapse::start(options).await?), registrations, _folder: folder })
}

fn register(folder: &Folder, index: usize) -> anyhow::Result<(Registration, u16)> {
    let name = format!("equipemed_bot_{index:02}");
    let port = free_port()?;
    let wanted = Wanted {
        id: &name,
        bot: &name,
        alias_prefix: &alias_prefix(index),
        url: Some(format!("http://127.0.0.1:{port}")),
        server_name: "hospital.example",
    };
    Ok((Registration::write_wanted(folder.path(), wanted)?, port))
}

fn alias_prefix(index: usize) -> String {
    format!("equipemed_{index:02}_")
}
