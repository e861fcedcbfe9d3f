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

    /// The bell itself, for who waits for it.
    #[must_use]
    pub fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.0)
    }
}
