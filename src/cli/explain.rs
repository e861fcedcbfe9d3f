//! `explain`: the rules behind one person's account and rooms.

use std::path::Path;

use equipemed_domain::key::RoomKey;

use super::output::UsageError;
use super::{Exit, connect, output};
use crate::config::settings::Language;
use crate::operations::explain_person;
use crate::speech::Texts;

/// Prints the reasons. Asks EquipeMed and the store only, so it works while Synapse is away.
pub(super) async fn run(config: &Path, who: &str, room: Option<&str>) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let store = connect::store(&settings).await?;
    let scene = connect::scene(&settings, &store, false).await?;
    let person = connect::person(who, &scene.directory, &store, &settings).await?;
    let keys = || scene.policy.rooms.keys().cloned();
    let rooms: Vec<RoomKey> = match room {
        None => keys().collect(),
        Some(room) if keys().any(|key| key.as_str() == room) => vec![RoomKey::from(room)],
        Some(room) => {
            let keys = keys().map(|key| key.to_string()).collect::<Vec<_>>().join(", ");
            return Err(UsageError(format!("the configuration has no room {room:?}; there are {keys}")).into());
        }
    };
    let (texts, explained) = (Texts::new(Language::En), explain_person(&scene, person, &rooms));
    let mut lines: Vec<String> = explained.person.iter().map(|reason| texts.reason(reason).plain).collect();
    for (room, reasons) in &explained.rooms {
        lines.push(format!("\nroom {room}"));
        lines.extend(reasons.iter().map(|reason| format!("  {}", texts.reason(reason).plain)));
    }
    output::text(&lines.join("\n"));
    Ok(Exit::Done)
}
