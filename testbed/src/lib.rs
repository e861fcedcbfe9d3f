//! Real servers for tests, demo and bench: Synapse, PostgreSQL, nginx, EquipeMed's sign-in, a fault proxy for Synapse,
//! people's plain Matrix clients, and application service registrations.
//!
//! For development only: the service never depends on it, and it shares no code with the service on purpose, so that
//! each reveals the other's misunderstanding of a protocol. Everything listens on loopback and ends with the process
//! that started it.

mod child;
pub mod client;
pub mod disk;
pub mod equipemed;
mod folder;
pub mod nginx;
pub mod oidc;
pub mod pool;
pub mod postgres;
mod program;
pub mod proxy;
pub mod registration;
pub mod rooms;
mod stream;
pub mod synapse;
pub mod tools;

pub use client::Client;
pub use disk::Disk;
pub use equipemed::Equipemed;
pub use folder::Folder;
pub use nginx::Nginx;
pub use postgres::Postgres;
pub use program::Program;
pub use proxy::Proxy;
pub use registration::Registration;
pub use stream::{Seen, Stream};
pub use synapse::Synapse;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::future::Future;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// The address on which everything here listens.
pub const LOOPBACK: &str = "127.0.0.1";

/// Calls `ready` repeatedly until it returns a value; after `within` it fails with `what` in the error.
///
/// For conditions of a real server that cannot be subscribed to.
pub async fn eventually<T, F>(what: &str, within: Duration, mut ready: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let start = Instant::now();
    loop {
        if let Some(value) = ready().await.with_context(|| format!("while waiting for {what}"))? {
            return Ok(value);
        }
        if start.elapsed() > within {
            bail!("{what} did not come about within {within:?}");
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// `length` random bytes in lower-case hexadecimal, for tokens and unique names.
pub fn random_hex(length: usize) -> anyhow::Result<String> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(hex(&bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A loopback port that is free and was not returned before by this process.
///
/// It is below the kernel's range for outgoing connections: one of those could otherwise take the port seconds later,
/// before the server binds it.
pub fn free_port() -> anyhow::Result<u16> {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..1000 {
        let mut bytes = [0; 2];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
        let port = 12_000 + u16::from_le_bytes(bytes) % 18_000;
        if TcpListener::bind((LOOPBACK, port)).is_ok() && given.insert(port) {
            return Ok(port);
        }
    }
    bail!("no free loopback port between 12000 and 30000");
}
