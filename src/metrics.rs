//! Metrics for Prometheus.
//!
//! Each part keeps its counters, whether or not anybody reads them, and `serve` registers them here. No label holds a
//! person's or room's name or id: kinds and results come from closed lists.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Prefix of all metric names.
const PREFIX: &str = "equipemed_bot";
/// In seconds: a request takes milliseconds, creating a large room minutes.
const REQUEST_BUCKETS: [f64; 9] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0];
/// In seconds: an event arrives within milliseconds, or hours after an outage.
const DELAY_BUCKETS: [f64; 8] = [0.05, 0.2, 1.0, 5.0, 30.0, 300.0, 3_600.0, 86_400.0];

type Seconds = Gauge<f64, std::sync::atomic::AtomicU64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByEndpoint {
    endpoint: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByEndpointAndResult {
    endpoint: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByKindAndOutcome {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByResult {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByKind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByTreatment {
    treatment: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByQueue {
    queue: &'static str,
}

/// Requests to Synapse.
#[derive(Clone, Debug)]
pub struct Requests {
    sent: Family<ByEndpointAndResult, Counter>,
    took: Family<ByEndpoint, Histogram, fn() -> Histogram>,
}

impl Default for Requests {
    fn default() -> Self {
        Self { sent: Family::default(), took: Family::new_with_constructor(|| Histogram::new(REQUEST_BUCKETS)) }
    }
}

impl Requests {
    /// Counts one request; repetitions count separately.
    pub fn count(&self, endpoint: &'static str, result: &'static str, took: Duration) {
        self.sent.get_or_create(&ByEndpointAndResult { endpoint, result }).inc();
        self.took.get_or_create(&ByEndpoint { endpoint }).observe(took.as_secs_f64());
    }
}

/// Actions and passes of the engine.
#[derive(Clone, Debug, Default)]
pub struct WorkMetrics {
    actions: Family<ByKindAndOutcome, Counter>,
    runs: Family<ByResult, Counter>,
    run_ended: Family<ByResult, Seconds>,
    run_took: Family<ByResult, Seconds>,
    findings: Family<ByKind, Gauge>,
}

impl WorkMetrics {
    /// Counts a finished action.
    pub fn action(&self, kind: &'static str, outcome: &'static str) {
        self.actions.get_or_create(&ByKindAndOutcome { kind, outcome }).inc();
    }

    /// Counts a finished full pass; `at` in seconds since 1970.
    pub fn run(&self, result: &'static str, at: f64, took: Duration) {
        let by = ByResult { result };
        self.runs.get_or_create(&by).inc();
        self.run_ended.get_or_create(&by).set(at);
        self.run_took.get_or_create(&by).set(took.as_secs_f64());
    }

    /// Replaces the findings of the last complete full pass, by kind.
    pub fn findings(&self, kinds: impl IntoIterator<Item = &'static str>) {
        self.findings.clear();
        for kind in kinds {
            self.findings.get_or_create(&ByKind { kind }).inc();
        }
    }
}

/// Events and transactions from Synapse.
#[derive(Clone, Debug)]
pub struct Arrived {
    events: Family<ByTreatment, Counter>,
    transactions: Family<ByKind, Counter>,
    files: Family<ByKind, Counter>,
    delay: Histogram,
}

impl Default for Arrived {
    fn default() -> Self {
        Self {
            events: Family::default(),
            transactions: Family::default(),
            files: Family::default(),
            delay: Histogram::new(DELAY_BUCKETS),
        }
    }
}

impl Arrived {
    /// Counts events with the same treatment.
    pub fn events(&self, treatment: &'static str, count: u64) {
        self.events.get_or_create(&ByTreatment { treatment }).inc_by(count);
    }

    /// Counts an accepted transaction.
    pub fn transaction(&self, kind: &'static str) {
        self.transactions.get_or_create(&ByKind { kind }).inc();
    }

    /// Counts an event with a file that is not accepted.
    pub fn file(&self, kind: &'static str) {
        self.files.get_or_create(&ByKind { kind }).inc();
    }

    /// Records an event's delay.
    pub fn delay(&self, delay: Duration) {
        self.delay.observe(delay.as_secs_f64());
    }
}

/// Queue lengths from the store, read on request.
#[derive(Clone, Copy, Debug, Default)]
pub struct WaitingGauge {
    /// Subjects waiting for a pass.
    pub wakeups: u64,
    /// Deeds that have not ended.
    pub deeds: u64,
    /// Unhandled events.
    pub inbox: u64,
    /// Parts of a plan waiting for consent.
    pub held: u64,
    /// Whether the service is paused.
    pub paused: bool,
}

/// All metrics. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    queues: Family<ByQueue, Gauge>,
    held: Gauge,
    paused: Gauge,
}

impl Metrics {
    /// Contains only the start time, in seconds since 1970.
    #[must_use]
    pub fn new(started: f64) -> Self {
        let mut registry = Registry::default();
        let start: Seconds = Gauge::default();
        start.set(started);
        // The standard name in all programs. A changed configuration resets it, as all counters.
        registry.register("process_start_time_seconds", "When the service began, in seconds since 1970", start);
        let (queues, held, paused) = (Family::default(), Gauge::default(), Gauge::default());
        let own = registry.sub_registry_with_prefix(PREFIX);
        own.register("queue", "What waits in the store", queues.clone());
        own.register("held", "Parts of a plan that wait for a consent", held.clone());
        own.register("paused", "Whether the service is paused", paused.clone());
        Self { registry: Arc::new(Mutex::new(registry)), queues, held, paused }
    }

    /// Registers requests to Synapse.
    pub fn show_requests(&self, requests: &Requests) {
        self.register(|own| {
            own.register("requests", "Requests to Synapse, repetitions included", requests.sent.clone());
            let help = "How long Synapse took to answer";
            own.register_with_unit("request_duration", help, Unit::Seconds, requests.took.clone());
        });
    }

    /// Registers the engine's work.
    pub fn show_work(&self, work: &WorkMetrics) {
        self.register(|own| {
            own.register("actions", "Changes that were tried", work.actions.clone());
            own.register("runs", "Full passes that ended", work.runs.clone());
            let help = "When the last full pass with this result ended, in seconds since 1970";
            own.register("last_run_timestamp_seconds", help, work.run_ended.clone());
            let help = "How long the last full pass with this result took";
            own.register("last_run_duration_seconds", help, work.run_took.clone());
            own.register("findings", "What the last complete full pass noticed", work.findings.clone());
        });
    }

    /// Registers events from Synapse.
    pub fn show_arrived(&self, arrived: &Arrived) {
        self.register(|own| {
            own.register("events", "Events from Synapse by what became of them", arrived.events.clone());
            own.register(
                "transactions",
                "Transactions that Synapse sent and that were taken",
                arrived.transactions.clone(),
            );
            own.register("files", "Files that are not accepted, by what they are", arrived.files.clone());
            let help = "From an event's own time until it was stored";
            own.register_with_unit("event_delay", help, Unit::Seconds, arrived.delay.clone());
        });
    }

    /// All metrics as text.
    pub fn text(&self, waiting: WaitingGauge) -> Result<String, fmt::Error> {
        let queues = [("wakeups", waiting.wakeups), ("deeds", waiting.deeds), ("inbox", waiting.inbox)];
        for (queue, length) in queues {
            self.queues.get_or_create(&ByQueue { queue }).set(whole(length));
        }
        self.held.set(whole(waiting.held));
        self.paused.set(i64::from(waiting.paused));
        let mut answer = String::new();
        text::encode(&mut answer, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(answer)
    }

    fn register(&self, what: impl FnOnce(&mut Registry)) {
        what(self.registry.lock().unwrap_or_else(PoisonError::into_inner).sub_registry_with_prefix(PREFIX));
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
