//! Watches where people come from: a changed person is looked at, not everything.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use equipemed_domain::directory::{Directory, PersonId};
use equipemed_domain::fault::NotThere;
use equipemed_domain::wake::Wake;
use tokio_util::sync::CancellationToken;

use crate::directory::equipemed::{Heard, Installed, Listener};
use crate::directory::{DirectoryError, Equipemed, Roster, Source};
use crate::engine::Engine;
use crate::engine::people::numbered;

/// How often the roster file is looked at. Reading its few kilobytes again works on every file system and with every way of
/// replacing a file, which notifications do not.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// From that many changed people on, one look at everything is cheaper.
const MANY: usize = 50;
/// How long to wait before the next try to listen, or to ask whether the triggers are there.
const AGAIN: Duration = Duration::from_secs(2);
/// How often it is asked whether triggers are there that make comparing needless.
const TRIGGERS_EVERY: Duration = Duration::from_secs(10);

/// How changes in EquipeMed's database are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// By listening for what the triggers tell.
    pub notify: bool,
    /// Where nothing is told, by comparing everybody so often; None is never.
    pub poll: Option<Duration>,
}

/// Wakes whoever changed, until the service stops.
pub async fn watch(engine: Engine, notice: Notice, stop: CancellationToken) {
    let watching = async {
        match engine.source() {
            Source::Roster(roster) => watch_roster(roster, &engine).await,
            Source::Equipemed(equipemed) => {
                let listening = async {
                    match notice.notify {
                        true => listen(equipemed, &engine).await,
                        false => std::future::pending().await,
                    }
                };
                let comparing = async {
                    match notice.poll {
                        Some(every) => compare(equipemed, &engine, notice.notify, every).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::join!(listening, comparing);
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = watching => {}
    }
}

async fn watch_roster(roster: &Roster, engine: &Engine) {
    let mut digest = roster.digest().ok();
    let mut known = roster.read().ok();
    let mut said = None;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = roster.digest().ok();
        if now == digest {
            continue;
        }
        // A file that cannot be read stays "changed", so that it is tried again until it can.
        match roster.read() {
            Ok(directory) => {
                if wake_changed(engine, known.as_ref(), &directory, "roster").await {
                    digest = now;
                    known = Some(directory);
                }
                said = None;
            }
            Err(error) => {
                warn_once(&mut said, &error, "The changed roster cannot be read; the last one stays in force")
            }
        }
    }
}

/// Listens for what the triggers tell. Whatever happened while nobody listened is found by a look at everything.
async fn listen(equipemed: &Equipemed, engine: &Engine) {
    let mut said = None;
    loop {
        match equipemed.listen().await {
            Ok(mut ear) => {
                said = None;
                tracing::info!("Listening for changes in EquipeMed's database");
                if store_wake(engine, &Wake::Everything, "gap").await {
                    let error = hear(&mut ear, engine).await;
                    tracing::warn!(%error, "Changes in EquipeMed are no longer heard; connecting again");
                    // Whatever is wrong with the database is found out, and told, by the next look at everything.
                    store_wake(engine, &Wake::Everything, "gap").await;
                }
            }
            Err(error) => warn_once(&mut said, &error, "Changes in EquipeMed cannot be listened for; trying again"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Wakes whom it hears of until the connection is over, or the store does not take the wake-ups: then nothing may be
/// believed to be heard.
async fn hear(ear: &mut Listener, engine: &Engine) -> DirectoryError {
    loop {
        let heard = match ear.next().await {
            Ok(heard) => heard,
            Err(error) => return error,
        };
        let people = match heard {
            Heard::People(people) if people.len() < MANY => Some(people.into_iter().collect()),
            Heard::People(_) | Heard::Everybody => None,
        };
        if !wake_people(engine, people, "EquipeMed changed", "equipemed").await {
            return DirectoryError::Away { why: NotThere::NotStored };
        }
    }
}

/// Compares everybody as long as changes are not told by triggers.
async fn compare(equipemed: &Equipemed, engine: &Engine, notify: bool, every: Duration) {
    let mut known: Option<Arc<Directory>> = None;
    let mut said = None;
    let (mut warned, mut was_told) = (false, false);
    loop {
        if notify && matches!(equipemed.triggers().await, Ok(Installed::Yes)) {
            if warned {
                tracing::info!("EquipeMed's triggers are there: changes are told from now on");
            }
            (known, warned, was_told) = (None, false, true);
            tokio::time::sleep(TRIGGERS_EVERY).await;
            continue;
        }
        match equipemed.read().await {
            Ok(directory) => {
                if notify && !warned {
                    tracing::warn!(
                        seconds = every.as_secs(),
                        "EquipeMed's triggers are missing or of another version: people are compared instead. Run `equipemed-bot directory install-triggers`, or set directory.notify: false"
                    );
                    warned = true;
                }
                let is_noted = match &known {
                    Some(before) => wake_changed(engine, Some(before), &directory, "comparison").await,
                    // Since when the triggers tell nothing is not known.
                    None if was_told => store_wake(engine, &Wake::Everything, "gap").await,
                    // What was before the first read was looked at by the first pass.
                    None => true,
                };
                if is_noted {
                    (known, was_told) = (Some(directory), false);
                }
                said = None;
            }
            Err(error) => {
                if said.is_none() {
                    // Found out, and told, by a look at everything.
                    store_wake(engine, &Wake::Everything, "comparison").await;
                }
                warn_once(&mut said, &error, "EquipeMed cannot be compared; trying again");
            }
        }
        tokio::time::sleep(every).await;
    }
}

/// Says the same trouble once, not at every look.
fn warn_once(said: &mut Option<String>, error: &DirectoryError, what: &str) {
    let text = error.to_string();
    if said.as_ref() != Some(&text) {
        tracing::warn!(error = text, "{what}");
        *said = Some(text);
    }
}

/// Stores the wake-ups; false when the store did not take them.
async fn wake_changed(engine: &Engine, before: Option<&Directory>, after: &Directory, origin: &str) -> bool {
    match changed(before, after) {
        Some(people) if people.is_empty() => true,
        people => wake_people(engine, people.filter(|people| people.len() < MANY), "People changed", origin).await,
    }
}

/// Wakes whom these of EquipeMed's numbers mean, without them everybody; false when the store did not take it.
async fn wake_people(engine: &Engine, people: Option<BTreeSet<PersonId>>, what: &str, origin: &str) -> bool {
    let wakes = match people {
        Some(people) => match numbered(engine.store(), people).await {
            Ok(wakes) => wakes,
            Err(error) => {
                tracing::warn!(%error, "Who changed could not be told; it is tried again");
                return false;
            }
        },
        None => vec![Wake::Everything],
    };
    tracing::info!(wakes = wakes.len(), origin, "{what}");
    store_wakes(engine, &wakes, origin).await
}

async fn store_wake(engine: &Engine, wake: &Wake, origin: &str) -> bool {
    store_wakes(engine, std::slice::from_ref(wake), origin).await
}

/// All or none: what arrives together is judged together.
async fn store_wakes(engine: &Engine, wakes: &[Wake], origin: &str) -> bool {
    let stored = engine.wakes().wake_for(wakes, &[], origin).await;
    if let Err(error) = &stored {
        tracing::warn!(%error, "A wake-up could not be stored; it is tried again");
    }
    stored.is_ok()
}

/// Who differs; None when that cannot be told or somebody disappeared, which only a complete pass may judge.
fn changed(before: Option<&Directory>, after: &Directory) -> Option<BTreeSet<PersonId>> {
    let before = before?;
    if before.people().any(|person| after.get(person.id).is_none()) {
        return None;
    }
    let differs = |id| match (before.get(id), after.get(id)) {
        (Some(before), Some(after)) => before.differs_from(after),
        (before, after) => before.is_some() != after.is_some(),
    };
    Some(after.people().map(|person| person.id).filter(|id| differs(*id)).collect())
}
