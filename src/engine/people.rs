//! EquipeMed's people for a pass, and what is told when they cannot be read.

use std::sync::Arc;

use anyhow::Context as _;
use equipemed_domain::announcement::Announcement;
use equipemed_domain::directory::Directory;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::pass::Target;
use crate::directory::{DirectoryError, Source};
use crate::store::{Dialect, StoreError};

/// Under which name the store remembers that EquipeMed cannot be read.
const AWAY: &str = "directory_away";
/// A file that is being written and a database that restarts are back before that; nobody needs to be told.
const TOLD_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// Since when EquipeMed cannot be read.
#[derive(Serialize, Deserialize)]
struct Away {
    since: Timestamp,
    is_told: bool,
}

impl Engine {
    /// EquipeMed's people, read now.
    ///
    /// # Errors
    /// When EquipeMed cannot be read.
    pub async fn people(&self) -> anyhow::Result<Arc<Directory>> {
        self.source().read().await.context("EquipeMed's people could not be read")
    }

    /// Where people come from, for who watches it.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.parts().source
    }

    /// People for a pass over the target.
    pub(super) async fn people_for(&self, target: &Target, dry_run: bool) -> anyhow::Result<Arc<Directory>> {
        let read = match target {
            Target::Person(id) => {
                // What changed together is judged together, though each of them has a pass of its own.
                let mut people = self.store().people_woken(self.parts().clock.now()).await?;
                people.insert(*id);
                self.source().read_anew(&people).await
            }
            // The pass over the person, which woke the room, has read that person anew; another process has not.
            Target::Room(_) if self.store().dialect() == Dialect::Sqlite => self.source().recent().await,
            Target::Room(_) | Target::Everything => self.source().read().await,
        };
        // One process runs the full passes: with several replicas it is told once.
        if *target == Target::Everything && !dry_run {
            self.note_directory(read.as_ref().err()).await?;
        }
        read.context("EquipeMed's people could not be read")
    }

    /// Tells the control room when EquipeMed cannot be read for a while, and when it can again.
    async fn note_directory(&self, error: Option<&DirectoryError>) -> Result<(), StoreError> {
        let (store, now) = (&self.parts().store, self.parts().clock.now());
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
                (is_told && !was_told).then(|| Announcement::DirectoryAway { why: error.to_string() })
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
