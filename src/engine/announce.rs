//! What a pass has to tell the control room: parts newly held, and findings that somebody should look at, once each time
//! they appear.

use std::collections::BTreeSet;

use anyhow::Context;
use equipemed_domain::announcement::Announcement;
use equipemed_domain::finding::Finding;
use equipemed_domain::review::Held;
use jiff::Timestamp;

use super::Engine;

/// Under which name the store remembers what was told and still is so.
const TOLD: &str = "findings_told";

impl Engine {
    /// Notes that powers have their places from now on, and has it told: after an update, once.
    pub(super) async fn places_noted(&self, people: usize) -> anyhow::Result<()> {
        let (store, now) = (&self.parts().store, self.parts().clock.now());
        store.announce("powers placed", &Announcement::PowersPlaced { people }, now).await?;
        store.powers_are_placed().await.context("that powers have their places could not be noted")
    }

    /// Stores what is to be told of a pass: parts held with the instant since when, which need `two` consents or one, and
    /// findings; `complete` when it looked at everything, so that what it did not find is over.
    pub(super) async fn announce(
        &self,
        held: &[(Held, Timestamp)],
        two: bool,
        findings: &[Finding],
        complete: bool,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let store = &self.parts().store;
        for (held, since) in held {
            let (id, reason, count) = (held.id.clone(), held.reason.clone(), held.effects.len());
            let content = Announcement::Held { id, reason, count, two };
            // Whoever sees it first, and again after a crash; held again after it ended is told again.
            store.announce(&format!("held:{}:{}", held.id, since.as_millisecond()), &content, now).await?;
        }
        let before: BTreeSet<String> = match store.remembered(TOLD).await? {
            Some(text) => serde_json::from_str(&text).unwrap_or_default(),
            None => BTreeSet::new(),
        };
        let mut told = if complete { BTreeSet::new() } else { before.clone() };
        for finding in findings.iter().filter(|finding| is_alarm(finding)) {
            let text = topic(finding);
            if !before.contains(&text) && !told.contains(&text) {
                let content = Announcement::Found { finding: finding.clone() };
                store.announce(&format!("finding:{text}:{}", now.as_millisecond()), &content, now).await?;
            }
            told.insert(text);
        }
        if told != before {
            store.remember(TOLD, &serde_json::to_string(&told).context("findings as JSON")?).await?;
        }
        Ok(())
    }
}

/// What makes it the same one: that a few more people wait is no news.
fn topic(finding: &Finding) -> String {
    match finding {
        Finding::LevelsFull { room, .. } => format!("{} {room}", finding.kind()),
        finding => finding.to_string(),
    }
}

/// Whether somebody has to act on it; the rest stands in the report of the pass.
fn is_alarm(finding: &Finding) -> bool {
    matches!(
        finding,
        Finding::ControlRoomOpen { .. }
            | Finding::RoomEncrypted { .. }
            | Finding::RoomReplaced { .. }
            | Finding::RoomKeyTwice { .. }
            | Finding::BotNotInRoom { .. }
            | Finding::LevelsFull { .. }
            | Finding::DefaultLevelTooHigh { .. }
            | Finding::PowerMissing { .. }
            | Finding::LevelOutOfReach { .. }
            | Finding::BannedByHand { .. }
            | Finding::DirectoryShrank { .. }
            | Finding::PersonReplaced { .. }
            | Finding::AccountUnclear { .. }
            | Finding::AccountGone { .. }
            | Finding::AccountNotTheirs { .. }
            | Finding::ExternalIdDiffers { .. }
    )
}
