//! A fault proxy for Synapse: records requests and causes faults that a real server cannot be made to produce.
//!
//! Uses HTTP/1.1 on loopback in its own thread, so it serves clients of any runtime. Passes bodies on whole, which is
//! enough for Matrix and allows faults after the response. It keeps no tokens.

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

/// A recorded request.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Upper-case.
    pub method: String,
    /// As sent, percent-encoded and without the query.
    pub path: String,
    /// As sent, but with access tokens replaced.
    pub query: Option<String>,
    /// Whether it had an `Authorization` header.
    pub authorized: bool,
    /// Status returned to the client; 0 if none was.
    pub status: u16,
    /// When it arrived.
    pub started: Instant,
    /// Time until the response was sent or the connection cut.
    pub took: Duration,
    /// Size of the request body.
    pub body_bytes: usize,
    /// The request body, if it was JSON.
    pub body: Option<Value>,
}

impl Recorded {
    /// The path, percent-decoded.
    pub fn decoded_path(&self) -> String {
        percent_encoding::percent_decode_str(&self.path).decode_utf8_lossy().into_owned()
    }

    /// Whether it is a change.
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
    /// The serving thread notices when this is dropped.
    _open: watch::Sender<()>,
}

/// State shared with the serving thread.
#[derive(Debug)]
struct Shared {
    upstream: String,
    recorded: Mutex<VecDeque<Recorded>>,
    rules: Mutex<Vec<rules::Placed>>,
}

impl Proxy {
    /// Starts a proxy that forwards everything to `upstream_url`.
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

    /// Base URL without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far, in the order of responses.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.shared.recorded().iter().cloned().collect()
    }

    /// Returns and clears the recorded requests.
    pub fn take_recorded(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.shared.recorded()).into()
    }

    /// Adds a rule. The first matching rule applies.
    pub fn add_rule(&self, rule: Rule) {
        self.shared.rules().push(rules::Placed::new(rule));
    }

    /// Removes all rules.
    pub fn clear_rules(&self) {
        self.shared.rules().clear();
    }

    /// Refuses connections and cuts open ones until `resume`.
    pub fn pause(&self) {
        self.paused.send_replace(true);
    }

    /// Accepts connections again.
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
