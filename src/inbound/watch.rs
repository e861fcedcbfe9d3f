//! Watches the source of people, so that a changed person causes a narrow pass.

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

/// Interval of reading the roster file. Rereading a few kilobytes works on every file system and with every way of
/// replacing a file, unlike notifications.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// From this many changed people on, a full pass is cheaper.
const MANY: usize = 50;
/// Delay before listening again, or before checking for triggers again.
const AGAIN: Duration = Duration::from_secs(2);
/// How often to check for triggers, which make comparing unnecessary.
const TRIGGERS_EVERY: Duration = Duration::from_secs(10);

/// How to notice changes in EquipeMed's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Listen for notifications from the triggers.
    pub notify: bool,
    /// Otherwise compare everybody at this interval; None never compares.
    pub poll: Option<Duration>,
}

/// Wakes people who changed, until the service stops.
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
        // An unreadable file still counts as changed, so that it is retried.
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

/// Listens for trigger notifications. A full pass covers what happened while nobody listened.
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
                    // The next full pass finds and reports any problem of the database.
                    store_wake(engine, &Wake::Everything, "gap").await;
                }
            }
            Err(error) => warn_once(&mut said, &error, "Changes in EquipeMed cannot be listened for; trying again"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Wakes changed people until the connection ends or the store refuses a wake-up; after that, changes may have been
/// missed.
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

/// Compares everybody while the triggers send no notifications.
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
                    // It is unknown since when the triggers have been silent.
                    None if was_told => store_wake(engine, &Wake::Everything, "gap").await,
                    // The first pass has covered what happened before the first read.
                    None => true,
                };
                if is_noted {
                    (known, was_told) = (Some(directory), false);
                }
                said = None;
            }
            Err(error) => {
                if said.is_none() {
                    // A full pass finds and reports the problem.
                    store_wake(engine, &Wake::Everything, "comparison").await;
                }
                warn_once(&mut said, &error, "EquipeMed cannot be compared; trying again");
            }
        }
        tokio::time::sleep(every).await;
    }
}

/// Logs a repeated error only once.
fn warn_once(said: &mut Option<String>, error: &DirectoryError, what: &str) {
    let text = error.to_string();
    if said.as_ref() != Some(&text) {
        tracing::warn!(error = text, "{what}");
        *said = Some(text);
    }
}

/// Stores the wake-ups; false when the store refused them.
async fn wake_changed(engine: &Engine, before: Option<&Directory>, after: &Directory, origin: &str) -> bool {
    match changed(before, after) {
        Some(people) if people.is_empty() => true,
        people => wake_people(engine, people.filter(|people| people.len() < MANY), "People changed", origin).await,
    }
}

/// Wakes the people with these EquipeMed numbers, or everybody if None; false when the store refused.
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

/// Stores all or none, because simultaneous changes are judged together.
async fn store_wakes(engine: &Engine, wakes: &[Wake], origin: &str) -> bool {
    let stored = engine.wakes().wake_for(wakes, &[], origin).await;
    if let Err(error) = &stored {
        tracing::warn!(%error, "A wake-up could not be stored; it is tried again");
    }
    stored.is_ok()
}

/// People who differ; None when that is unknown or somebody is missing, which only a full pass may judge.
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
