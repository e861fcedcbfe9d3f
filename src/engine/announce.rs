//! What a pass announces in the control room: newly held parts, and findings that need attention, once each time they
//! appear.

use std::collections::BTreeSet;

use equipemed_domain::announcement::Announcement;
use equipemed_domain::fault::{During, Fault, Stage};
use equipemed_domain::finding::Finding;
use equipemed_domain::review::Held;
use jiff::Timestamp;

use crate::store::{Store, StoreError, to_json};

/// Store key for the announced findings that still apply.
const TOLD: &str = "findings_told";

/// Notes that powers have places from now on, and announces it, once after an update.
pub(super) async fn places_noted(store: &Store, people: usize, now: Timestamp) -> Result<(), Fault> {
    store.announce("powers placed", &Announcement::PowersPlaced { people }, now).await?;
    store.powers_are_placed().await.during(Stage::NotePowers)
}

/// Stores a pass's announcements: held parts with their start, needing two consents if `two`, and findings. `complete`
/// says that the pass looked at everything, so absent findings are over.
pub(super) async fn announce(
    store: &Store,
    held: &[(Held, Timestamp)],
    two: bool,
    findings: &[Finding],
    complete: bool,
    now: Timestamp,
) -> Result<(), Fault> {
    for (held, since) in held {
        let (id, reason, count) = (held.id.clone(), held.reason.clone(), held.effects.len());
        let content = Announcement::Held { id, reason, count, two };
        // The name prevents repetitions, also after a crash. A part held again after its end is announced again.
        store.announce(&format!("held:{}:{}", held.id, since.as_millisecond()), &content, now).await?;
    }
    let before = store.remembered(TOLD).await?;
    let before: BTreeSet<String> = before.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let mut told = if complete { BTreeSet::new() } else { before.clone() };
    if findings.iter().any(Finding::is_control_room_encrypted) {
        tracing::error!(
            "The control room is encrypted: no command can be read there; run `equipemed-bot rooms replace control`"
        );
    }
    for finding in findings.iter().filter(|finding| is_alarm(finding)) {
        let topic = topic(finding)?;
        // Synapse updates rooms one by one after somebody is renamed. Only what a second pass still sees is announced.
        let once = format!("once {topic}");
        let is_new = !before.contains(&topic) && !before.contains(&once);
        if is_new && matches!(finding, Finding::OtherFaces { .. }) {
            told.insert(once);
            continue;
        }
        if !before.contains(&topic) && !told.contains(&topic) {
            let content = Announcement::Found { finding: finding.clone() };
            store.announce(&format!("finding:{topic}:{}", now.as_millisecond()), &content, now).await?;
        }
        told.insert(topic);
    }
    if told != before {
        store.remember(TOLD, &to_json(&told)?).await?;
    }
    Ok(())
}

/// Identity of a finding: a few more waiting people are no news.
fn topic(finding: &Finding) -> Result<String, StoreError> {
    match finding {
        Finding::LevelsFull { room, .. } => Ok(format!("{} {room}", finding.kind())),
        finding => to_json(finding),
    }
}

/// Whether somebody must act on it. The pass's report lists the others.
fn is_alarm(finding: &Finding) -> bool {
    // A room that merely fails to respond may do so at the next look.
    let is_gone = |why: &Fault| matches!(why, Fault::Homeserver(error) if error.is_absence());
    if matches!(finding, Finding::RoomUnreadable { why, .. } if is_gone(why)) {
        return true;
    }
    matches!(
        finding,
        Finding::ControlRoomOpen { .. }
            | Finding::RoomEncrypted { .. }
            | Finding::NewRoomsEncrypted
            | Finding::OtherFaces { .. }
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
            | Finding::NameUnknown { .. }
            | Finding::AccountUnclear { .. }
            | Finding::AccountGone { .. }
            | Finding::AccountNotTheirs { .. }
            | Finding::NameOfMissing { .. }
            | Finding::AdministratorFound { .. }
            | Finding::ExternalIdDiffers { .. }
    )
}
