//! EquipeMed's people for a pass, and the announcements if they cannot be read.

use std::sync::Arc;

use equipemed_domain::announcement::Announcement;
use equipemed_domain::directory::{Directory, PersonId};
use equipemed_domain::fault::{During, Fault, Stage};
use equipemed_domain::wake::Wake;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::handles::Handles;
use super::who::is_who;
use crate::directory::{DirectoryError, Source};
use crate::store::{Dialect, Store, StoreError};

/// Store key for EquipeMed being unreadable.
const AWAY: &str = "directory_away";
/// A file being written or a restarting database is back earlier; nobody needs to be told.
const TOLD_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// Since when EquipeMed cannot be read.
#[derive(Serialize, Deserialize)]
struct Away {
    since: Timestamp,
    is_told: bool,
}

/// Reads people. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct People {
    pub(super) handles: Handles,
    /// Its people have EquipeMed's numbers.
    pub(super) source: Source,
}

impl People {
    /// Everybody, read now, by handle.
    pub(super) async fn read(&self) -> Result<Arc<Directory>, Fault> {
        let read = self.source.read().await.during(Stage::ReadPeople)?;
        let Handles { configured, store, reader, clock, .. } = &self.handles;
        is_who(&read, configured, store, Some(reader), Some(clock.now())).await
    }

    /// People for a pass over the target.
    pub(super) async fn for_pass(&self, target: &Wake, dry_run: bool) -> Result<Arc<Directory>, Fault> {
        let Handles { configured, store, reader, clock, .. } = &self.handles;
        let known = store.people().await?;
        let number = |id: PersonId| PersonId(known.get(id).map_or(id.first_number(), |known| known.number));
        let read = match target {
            Wake::Person(id) => {
                // Changes made together are judged together, although each person has a pass of their own.
                let mut people = store.people_woken(clock.now()).await?;
                people.insert(*id);
                self.source.read_anew(&people.into_iter().map(number).collect()).await
            }
            // The person's pass, which woke the room, has read that person anew; another process has not.
            Wake::Room(_) if store.dialect() == Dialect::Sqlite => self.source.recent().await,
            Wake::Room(_) | Wake::Everything => self.source.read().await,
        };
        // Only one process runs the full passes, so several replicas announce it once.
        if *target == Wake::Everything && !dry_run {
            self.note_directory(read.as_ref().err()).await?;
        }
        let read = read.during(Stage::ReadPeople)?;
        let note = (!dry_run).then(|| clock.now());
        let people = is_who(&read, configured, store, Some(reader), note).await?;
        // Somebody else has the number that was looked at. Look at them, too.
        if let Wake::Person(id) = target
            && let Some(other) = people.numbered(number(*id).0).filter(|other| other != id && !dry_run)
        {
            self.handles.wakes.wake(&Wake::Person(other), "number").await?;
        }
        Ok(people)
    }

    /// Announces when EquipeMed cannot be read for a while, and when it can again.
    async fn note_directory(&self, error: Option<&DirectoryError>) -> Result<(), StoreError> {
        let (store, now) = (&self.handles.store, self.handles.clock.now());
        let text = store.remembered(AWAY).await?.filter(|text| !text.is_empty());
        let before: Option<Away> = text.and_then(|text| serde_json::from_str(&text).ok());
        let content = match (error, &before) {
            (None, None) => return Ok(()),
            (None, Some(away)) => {
                store.remember(AWAY, "").await?;
                away.is_told.then_some(Announcement::DirectoryBack { since: away.since })
            }
            (Some(error), away) => {
                let since = away.as_ref().map_or(now, |away| away.since);
                let was_told = away.as_ref().is_some_and(|away| away.is_told);
                let is_told = was_told || now.duration_since(since) >= TOLD_AFTER;
                let text = serde_json::to_string(&Away { since, is_told }).unwrap_or_default();
                store.remember(AWAY, &text).await?;
                (is_told && !was_told).then(|| Announcement::DirectoryAway { why: error.clone().into() })
            }
        };
        if let Some(content) = content {
            let back = matches!(content, Announcement::DirectoryBack { .. });
            let name = format!("directory:{}:{}", if back { "back" } else { "away" }, now.as_millisecond());
            store.announce(&name, &content, now).await?;
        }
        Ok(())
    }
}

/// Since when EquipeMed cannot be read, as the last full pass found.
pub async fn away_since(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    let text = store.remembered(AWAY).await?;
    Ok(text.and_then(|text| serde_json::from_str::<Away>(&text).ok()).map(|away| away.since))
}

/// Whom to look at after changes under these of EquipeMed's numbers: people known by them, and people who may be new.
pub async fn numbered(store: &Store, numbers: impl IntoIterator<Item = PersonId>) -> Result<Vec<Wake>, StoreError> {
    let known = store.people().await?;
    let mut wakes = Vec::new();
    for number in numbers {
        let before = wakes.len();
        wakes.extend(known.numbered(number.0).map(Wake::Person));
        if wakes.len() > before {
            continue;
        }
        // A new person; if somebody else has the handle, only a look at everybody shows who it is.
        wakes.push(if known.get(number).is_none() { Wake::Person(number) } else { Wake::Everything });
    }
    wakes.sort();
    wakes.dedup();
    Ok(wakes)
}
