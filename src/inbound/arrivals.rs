//! The bell that rings when the inbox has something new.

use std::sync::Arc;

use tokio::sync::Notify;

/// Rung by who takes events in, waited for by who handles them. Clones are one bell, for one waiter.
#[derive(Clone, Debug, Default)]
pub struct Arrivals(Arc<Notify>);

impl Arrivals {
    /// There is something new. Heard also by who begins to wait later.
    pub(super) fn announce(&self) {
        self.0.notify_one();
    }

    /// Waits for something new. It may have been handled already, and what another process took in is not announced: look
    /// at the store now and then anyway.
    pub async fn wait(&self) {
        self.0.notified().await;
    }
}
