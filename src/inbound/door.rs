//! Accepts connections and limits them, so that outsiders cannot exhaust this process.
//!
//! A connection carries one request. At [`MOST`] connections, a new one replaces the oldest on which no work is being
//! done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// Synapse sends a few transactions at once, monitoring asks now and then. Well below the limit of open files, 1,024 by
/// default.
const MOST: usize = 100;
/// Time limit for receiving a request's line and headers.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Time limit for a whole request and its response, longer than Synapse waits for one.
const ALL_WITHIN: Duration = Duration::from_secs(120);
/// Limit for a request's line and headers.
const BUFFER: usize = 64 * 1024;
/// Pause after a local error, such as too many open files.
const AGAIN: Duration = Duration::from_millis(100);

/// The request is incomplete, or cheap to repeat.
const SILENT: u8 = 0;
/// Work is being done for the request.
const AT_WORK: u8 = 1;
/// The connection was replaced by another one.
const SENT_AWAY: u8 = 2;

/// Stage of a connection's request, passed to handlers as an extension. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionStage(Arc<AtomicU8>);

impl ConnectionStage {
    /// The request is complete and work begins: from now on the connection keeps its place.
    pub(super) async fn arrived(&self) {
        if !self.becomes(AT_WORK) {
            // The connection is about to end, so no work may begin.
            std::future::pending::<()>().await;
        }
    }

    fn becomes(&self, stage: u8) -> bool {
        self.0.compare_exchange(SILENT, stage, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

struct Guest {
    stage: ConnectionStage,
    task: AbortHandle,
}

impl Guest {
    /// Gives the place away unless work is being done; false if it is.
    fn send_away(&self) -> bool {
        let is_gone = self.stage.becomes(SENT_AWAY);
        if is_gone {
            self.task.abort();
        }
        is_gone
    }
}

/// All connections in order of arrival.
#[derive(Default)]
struct Guests {
    next: u64,
    present: BTreeMap<u64, Guest>,
    numbers: BTreeMap<Id, u64>,
    tasks: JoinSet<()>,
}

impl Guests {
    fn welcome(&mut self, stream: TcpStream, routes: Router) {
        let stage = ConnectionStage::default();
        let task = self.tasks.spawn(answer(stream, routes, stage.clone()));
        self.numbers.insert(task.id(), self.next);
        self.present.insert(self.next, Guest { stage, task });
        self.next += 1;
    }

    /// Makes room for one connection; false when work is being done on all of them.
    fn make_room(&mut self) -> bool {
        if self.present.len() < MOST {
            return true;
        }
        let oldest = self.present.iter().find(|(_, guest)| guest.send_away()).map(|(number, _)| *number);
        oldest.is_some_and(|number| self.present.remove(&number).is_some())
    }

    fn note_end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        if let Some(number) = self.numbers.remove(&id) {
            self.present.remove(&number);
        }
    }
}

/// Serves until the service stops; then finishes requests on which work is being done.
pub(super) async fn keep(listener: TcpListener, routes: Router, stop: CancellationToken) {
    let mut guests = Guests::default();
    loop {
        let came = tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = guests.tasks.join_next_with_id() => {
                guests.note_end(ended);
                continue;
            }
            came = listener.accept() => came,
        };
        match came {
            Ok((stream, _)) if guests.make_room() => guests.welcome(stream, routes.clone()),
            // Closing at once is an answer as well.
            Ok(_) => tracing::warn!(connections = MOST, "A connection is refused: too many requests at once"),
            // The peer has already gone.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "A connection could not be taken in");
                tokio::time::sleep(AGAIN).await;
            }
        }
        // Lets the replaced connection end before the next one is accepted.
        tokio::task::yield_now().await;
    }
    drop(listener);
    guests.present.retain(|_, guest| !guest.send_away());
    while guests.tasks.join_next().await.is_some() {}
}

async fn answer(stream: TcpStream, routes: Router, stage: ConnectionStage) {
    // A response is one small packet, so it is not delayed.
    let _ = stream.set_nodelay(true);
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(stage.clone());
        routes.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .keep_alive(false)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    // The result only matters to the peer: the work is done or will be requested again.
    let _ = tokio::time::timeout(ALL_WITHIN, connection).await;
}
