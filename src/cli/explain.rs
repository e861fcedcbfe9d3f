//! `explain`: the rules behind one person's account and rooms.

use std::path::Path;

use equipemed_domain::key::RoomKey;

use super::connect::Local;
use super::{Exit, connect, output};
use crate::config::settings::Language;
use crate::operations::explain_person;
use crate::speech::Texts;

/// Prints the reasons. Asks EquipeMed and the store only, so it works while Synapse is away.
pub(super) async fn run(config: &Path, who: &str, room: Option<&str>) -> anyhow::Result<Exit> {
    let local = Local::open(config).await?;
    let scene = local.scene(false).await?;
    let person = local.person(who, &scene.directory).await?;
    let rooms: Vec<RoomKey> = match room {
        None => scene.policy.rooms.keys().cloned().collect(),
        Some(room) => vec![connect::room(room, &scene)?],
    };
    let (texts, explained) =
        (Texts::new(Language::En).with_people(&scene.directory), explain_person(&scene, person, &rooms));
    let mut lines: Vec<String> = explained.person.iter().map(|reason| texts.reason(reason).plain).collect();
    for (room, reasons) in &explained.rooms {
        lines.push(format!("\nroom {room}"));
        lines.extend(reasons.iter().map(|reason| format!("  {}", texts.reason(reason).plain)));
    }
    output::text(&lines.join("\n"));
    Ok(Exit::Done)
}
