//! `explain`: the rules behind one person's account and rooms.

use std::path::Path;

use equipemed_domain::desired::{Wishes, desired};
use equipemed_domain::explain::explain;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::ObservedAccounts;
use equipemed_domain::scope::Target;
use equipemed_domain::world::World;

use super::output::UsageError;
use super::{Exit, connect, output};
use crate::clock::Clock;
use crate::config::settings::Language;
use crate::speech::Texts;

/// Prints the reasons. Asks EquipeMed and the store only, so it works while Synapse is away.
pub(super) async fn run(config: &Path, who: &str, room: Option<&str>) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    let store = connect::store(&settings).await?;
    let now = Clock::system().now();
    let directory = connect::people(&settings, &store, None).await?;
    let person = connect::person(who, &directory, &store, &settings).await?;
    let rooms: Vec<RoomKey> = match room {
        None => settings.policy.rooms.keys().cloned().collect(),
        Some(room) if settings.policy.rooms.contains_key(&RoomKey::from(room)) => vec![RoomKey::from(room)],
        Some(room) => {
            let keys: Vec<&str> = settings.policy.rooms.keys().map(RoomKey::as_str).collect();
            return Err(
                UsageError(format!("the configuration has no room {room:?}; there are {}", keys.join(", "))).into()
            );
        }
    };
    let (grants, bindings) = (store.grants_holding(now).await?, store.bindings().await?);
    let world = World::new(&settings.policy, &directory, &bindings, &grants, now);
    let picture = desired(&world, &Wishes::default(), &ObservedAccounts::default(), &Target::Person(person.id));
    let (texts, explained) = (Texts::new(Language::En), explain(&world, &picture, person, &rooms));
    let mut lines: Vec<String> = explained.person.iter().map(|reason| texts.reason(reason).plain).collect();
    for (room, reasons) in &explained.rooms {
        lines.push(format!("\nroom {room}"));
        lines.extend(reasons.iter().map(|reason| format!("  {}", texts.reason(reason).plain)));
    }
    output::text(&lines.join("\n"));
    Ok(Exit::Done)
}
