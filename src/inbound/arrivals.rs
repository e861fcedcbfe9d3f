//! Signals that the inbox has new events.

use std::sync::Arc;

use tokio::sync::Notify;

/// Notified by the intake, awaited by the handler. Clones share one signal, for one waiter.
#[derive(Clone, Debug, Default)]
pub struct Arrivals(Arc<Notify>);

impl Arrivals {
    /// Signals new events, even to a handler that starts waiting later.
    pub(super) fn announce(&self) {
        self.0.notify_one();
    }

    /// The signal to wait for.
    #[must_use]
    pub fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.0)
    }
}
