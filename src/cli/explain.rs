//! `explain`: the rules behind one person's account and rooms.

use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;

use super::connect::Local;
use super::given::Given;
use super::{Exit, connect, output};
use crate::config::settings::Language;
use crate::homeserver::{Patience, Reader};
use crate::operations::explain_person;
use crate::speech::Texts;

/// Prints the reasons, and what differs on Synapse. If Synapse is away, says so and still prints the reasons.
pub(super) async fn run(given: &Given, who: &str, room: Option<&str>) -> anyhow::Result<Exit> {
    let local = Local::open(given).await?;
    let scene = local.scene(false).await?;
    let person = local.person(who, &scene.directory).await?;
    let rooms: Vec<RoomKey> = match room {
        None => scene.policy.rooms.keys().cloned().collect(),
        Some(room) => vec![connect::room(room, &scene)?],
    };
    let connection = connect::connection(&local.settings, Patience::NONE, &local.stop, None);
    let engine = match Reader::new(connection).await {
        Ok(reader) => Ok(local.engine(reader)?),
        Err(why) => Err(why.into()),
    };
    let explained = explain_person(&scene, engine.as_ref().map_err(Fault::clone), person, &rooms).await;
    let texts = Texts::new(Language::En).with_people(&scene.directory);
    let mut lines: Vec<String> = explained.person.iter().map(|reason| texts.reason(reason).plain).collect();
    for (room, reasons) in &explained.rooms {
        lines.push(format!("\nroom {room}"));
        lines.extend(reasons.iter().map(|reason| format!("  {}", texts.reason(reason).plain)));
    }
    output::text(&lines.join("\n"));
    Ok(Exit::Done)
}
