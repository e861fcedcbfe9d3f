//! The parts of the running service, none of which may end alone.
//!
//! Without one of its parts, the service would look alive but do only half of its work. So when any part ends, the
//! process ends with one line that says why, and its supervisor restarts it; a start examines everything.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::PanicHookInfo;

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::output;

/// Parts that run until all are stopped together.
#[derive(Debug)]
pub struct Tasks {
    stop: CancellationToken,
    set: JoinSet<anyhow::Result<()>>,
    names: BTreeMap<Id, &'static str>,
}

impl Tasks {
    /// No parts yet. None may end before `stop` is cancelled.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        Self { stop, set: JoinSet::new(), names: BTreeMap::new() }
    }

    /// Starts a part; its name is shown to people.
    pub fn begin(&mut self, name: &'static str, part: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        let id = self.set.spawn(part).id();
        self.names.insert(id, name);
    }

    /// Waits until all have ended after the stop.
    ///
    /// # Errors
    /// When a part fails or ends before the stop; dropping this ends the others.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.set.join_next_with_id().await {
            let id = ended.as_ref().map_or_else(tokio::task::JoinError::id, |(id, _)| *id);
            let name = self.names.remove(&id).unwrap_or("a part of the service");
            match ended {
                Ok((_, Ok(()))) if self.stop.is_cancelled() => {}
                Ok((_, Ok(()))) => anyhow::bail!("{name} ended without being asked to"),
                Ok((_, Err(error))) => return Err(error.context(format!("{name} broke"))),
                Err(error) => {
                    let why = error.try_into_panic().map_or_else(|_| "it was cancelled".to_owned(), |why| said(&*why));
                    anyhow::bail!("{name} broke: {why}");
                }
            }
        }
        Ok(())
    }
}

/// Makes every later panic end the process, even in a task or thread that nobody awaits: within a pass, in the answer
/// to a command, in a library.
pub fn end_with_the_first_panic() {
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        let why = said(panic.payload());
        output::failure(&anyhow::anyhow!("the service broke{place} ({why}) and ends, to be started again"));
        // No clean-up, which might need what broke. The next start examines everything.
        std::process::exit(1);
    }));
}

/// The panic message, if it is a literal. A formatted one might name people.
fn said(payload: &(dyn Any + Send)) -> String {
    payload.downcast_ref::<&'static str>().map_or("a panic", |text| text).to_owned()
}
