//! Waiting until a wish was looked at: for those who asked and want to tell how it went.
//!
//! The store is asked, not this process: with several replicas another one may be at it.

use std::time::Duration;

use equipemed_domain::wake::Wake;

use super::Engine;
use crate::store::StoreError;

/// How often the store is asked. Passes of this process are heard of at once.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How waiting ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Everything was looked at.
    Yes,
    /// A pass failed and is tried again.
    TriedAgain,
    /// It takes longer than the asker waits.
    NotYet,
}

impl Engine {
    /// Waits until nobody has to look at these subjects any more.
    pub async fn wait_for(&self, wakes: &[Wake], within: Duration) -> Result<Waited, StoreError> {
        let deadline = tokio::time::Instant::now() + within;
        for wake in wakes {
            loop {
                let ended = self.ended();
                tokio::pin!(ended);
                // From now on, so that what ends while the store is asked is heard of.
                ended.as_mut().enable();
                match self.parts().store.wakeup(wake).await? {
                    None => break,
                    Some(state) if state.attempts > 0 && !state.is_claimed => {
                        return Ok(Waited::TriedAgain);
                    }
                    // What was put off on purpose is not waited for.
                    Some(state) if !state.is_claimed && state.due_at > self.parts().clock.now() => break,
                    Some(_) => {}
                }
                tokio::select! {
                    () = ended => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = tokio::time::sleep_until(deadline) => return Ok(Waited::NotYet),
                    () = self.parts().stop.cancelled() => return Ok(Waited::NotYet),
                }
            }
        }
        Ok(Waited::Yes)
    }
}
