//! Watches the roster file: a changed person is looked at, not everything.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_domain::directory::{Directory, PersonId};
use equipemed_domain::wake::Wake;
use tokio_util::sync::CancellationToken;

use crate::directory::Source;
use crate::engine::Engine;

/// How often the file is looked at. Reading its few kilobytes again works on every file system and with every way of
/// replacing a file, which notifications do not.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// From that many changed people on, one look at everything is cheaper.
const MANY: usize = 50;

/// Wakes whoever changed, until the service stops.
pub async fn watch(source: Source, engine: Engine, stop: CancellationToken) {
    let mut digest = source.digest().ok();
    let mut known = source.read().ok();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let now = source.digest().ok();
        if now == digest {
            continue;
        }
        // A file that cannot be read stays "changed", so that it is tried again until it can.
        match source.read() {
            Ok(directory) => {
                if wake(&engine, known.as_ref(), &directory).await {
                    digest = now;
                    known = Some(directory);
                }
            }
            Err(error) => tracing::warn!(%error, "The changed roster cannot be read; the last one stays in force"),
        }
    }
}

/// Stores the wake-ups; false when the store did not take them.
async fn wake(engine: &Engine, before: Option<&Directory>, after: &Directory) -> bool {
    let changed = changed(before, after);
    let wakes: Vec<Wake> = match changed {
        Some(people) if people.len() < MANY => people.into_iter().map(Wake::Person).collect(),
        _ => vec![Wake::Everything],
    };
    tracing::info!(wakes = wakes.len(), "The roster changed");
    for wake in &wakes {
        if let Err(error) = engine.wake(wake, "roster").await {
            tracing::warn!(%error, "A wake-up could not be stored; the roster is looked at again");
            return false;
        }
    }
    true
}

/// Who differs; None when that cannot be told or somebody disappeared, which only a complete pass may judge.
fn changed(before: Option<&Directory>, after: &Directory) -> Option<BTreeSet<PersonId>> {
    let before = before?;
    if before.people().any(|person| after.get(person.id).is_none()) {
        return None;
    }
    Some(after.people().filter(|person| before.get(person.id) != Some(person)).map(|person| person.id).collect())
}
