//! Takes connections in and answers what they ask, so that nobody outside can use up what this process needs.
//!
//! One request a connection. There are never more connections than [`MOST`]: whoever comes then takes the place of the one
//! that has kept it for longest without work being done for it.

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

/// Synapse sends a few transactions at once, monitoring asks now and then. Well below what a process may have open, and
/// systems allow 1,024 files where nobody has set anything.
const MOST: usize = 100;
/// How long the line and the headers of a request may take to arrive.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long all of it may take, the answer included: longer than Synapse waits for one.
const ALL_WITHIN: Duration = Duration::from_secs(120);
/// What is kept of a request that is not read: its line and headers at most.
const BUFFER: usize = 64 * 1024;
/// After an error that has to do with this machine, such as too many open files.
const AGAIN: Duration = Duration::from_millis(100);

/// Its request has not arrived as a whole, or is one that costs nothing to ask again.
const SILENT: u8 = 0;
/// Work is being done for it.
const AT_WORK: u8 = 1;
/// Its place was given to somebody else.
const SENT_AWAY: u8 = 2;

/// How far a connection's request is; with each request as an extension. Clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage(Arc<AtomicU8>);

impl Stage {
    /// All of the request is here and something is about to be done for it: from now on it keeps its place.
    pub(super) async fn arrived(&self) {
        if !self.becomes(AT_WORK) {
            // It is about to end: nothing of it may be begun.
            std::future::pending::<()>().await;
        }
    }

    fn becomes(&self, stage: u8) -> bool {
        self.0.compare_exchange(SILENT, stage, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

/// A connection.
struct Guest {
    stage: Stage,
    task: AbortHandle,
}

impl Guest {
    /// Takes its place away unless work is being done for it.
    fn send_away(&self) -> bool {
        let is_gone = self.stage.becomes(SENT_AWAY);
        if is_gone {
            self.task.abort();
        }
        is_gone
    }
}

/// Everybody who is connected, in the order they came.
#[derive(Default)]
struct Guests {
    next: u64,
    present: BTreeMap<u64, Guest>,
    numbers: BTreeMap<Id, u64>,
    tasks: JoinSet<()>,
}

impl Guests {
    fn welcome(&mut self, stream: TcpStream, routes: Router) {
        let stage = Stage::default();
        let task = self.tasks.spawn(answer(stream, routes, stage.clone()));
        self.numbers.insert(task.id(), self.next);
        self.present.insert(self.next, Guest { stage, task });
        self.next += 1;
    }

    /// Makes room for one more; false when work is being done for everybody.
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

/// Answers until the service stops; then to the end those for whom work is being done.
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
            // Closed at once, which is an answer as well.
            Ok(_) => tracing::warn!(connections = MOST, "A connection is refused: too many requests at once"),
            // Of somebody who was gone before being taken in.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "A connection could not be taken in");
                tokio::time::sleep(AGAIN).await;
            }
        }
        // Whoever was sent away is gone before the next one comes in.
        tokio::task::yield_now().await;
    }
    drop(listener);
    guests.present.retain(|_, guest| !guest.send_away());
    while guests.tasks.join_next().await.is_some() {}
}

async fn answer(stream: TcpStream, routes: Router, stage: Stage) {
    // An answer is one small packet: nothing to wait for.
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
    // How it ended is the other side's business: what was asked has been done or will be asked again.
    let _ = tokio::time::timeout(ALL_WITHIN, connection).await;
}
