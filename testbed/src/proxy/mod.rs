//! A fault proxy to put before Synapse: it records what was asked and makes happen what a real server cannot be made to do.
//!
//! HTTP/1.1 on loopback, on a thread of its own, so that it serves clients of any runtime. Bodies are passed on whole, which is
//! enough for Matrix and lets a fault decide after the answer. It keeps no tokens.

mod rules;
mod serve;

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tokio::sync::watch;

pub use rules::{Fault, Rule};

/// One request that went through.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Upper-case.
    pub method: String,
    /// As it was sent, percent-encoded, without the query.
    pub path: String,
    /// As it was sent, but an access token in it is replaced.
    pub query: Option<String>,
    /// Whether it carried an `Authorization` header.
    pub authorized: bool,
    /// What the client was answered; 0 when it was not.
    pub status: u16,
    /// When it came.
    pub started: Instant,
    /// Until the answer went out or the connection was cut.
    pub took: Duration,
    /// Length of the request's body.
    pub body_bytes: usize,
    /// The request's body when it was JSON.
    pub body: Option<Value>,
}

impl Recorded {
    /// The path with its percent-encoding undone.
    pub fn decoded_path(&self) -> String {
        percent_encoding::percent_decode_str(&self.path).decode_utf8_lossy().into_owned()
    }

    /// Whether it asked for something to be changed.
    pub fn writes(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

/// A running proxy; dropping it ends it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    paused: watch::Sender<bool>,
    /// Its end is noticed by the serving thread.
    _open: watch::Sender<()>,
}

/// What the serving thread and the tests look at.
#[derive(Debug)]
struct Shared {
    upstream: String,
    recorded: Mutex<VecDeque<Recorded>>,
    rules: Mutex<Vec<rules::Placed>>,
}

impl Proxy {
    /// Starts a proxy that passes everything on to `upstream_url`.
    pub async fn start(upstream_url: &str) -> anyhow::Result<Self> {
        let port = crate::free_port()?;
        let listener = TcpListener::bind((crate::LOOPBACK, port)).context("cannot listen for the proxy")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream: upstream_url.trim_end_matches('/').to_owned(),
            recorded: Mutex::default(),
            rules: Mutex::default(),
        });
        let (paused, pauses) = watch::channel(false);
        let (open, opened) = watch::channel(());
        let serving = Arc::clone(&shared);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new()
            .name("fault-proxy".to_owned())
            .spawn(move || runtime.block_on(serve::serve(listener, serving, pauses, opened)))
            .context("cannot start the proxy's thread")?;
        Ok(Self { address, shared, paused, _open: open })
    }

    /// Base address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that came so far, in the order of the answers.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.shared.recorded().iter().cloned().collect()
    }

    /// The same, and forgets it.
    pub fn take_recorded(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.shared.recorded()).into()
    }

    /// Adds a rule. Of several that match a request, the first added decides.
    pub fn add_rule(&self, rule: Rule) {
        self.shared.rules().push(rules::Placed::new(rule));
    }

    /// Forgets all rules.
    pub fn clear_rules(&self) {
        self.shared.rules().clear();
    }

    /// Refuses connections and cuts those that are open, until `resume`.
    pub fn pause(&self) {
        self.paused.send_replace(true);
    }

    /// Takes connections again.
    pub fn resume(&self) {
        self.paused.send_replace(false);
    }
}

impl Shared {
    fn recorded(&self) -> MutexGuard<'_, VecDeque<Recorded>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> MutexGuard<'_, Vec<rules::Placed>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
