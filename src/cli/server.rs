//! Requirements for a Synapse server, checked by `doctor`, and by `setup` before it makes anything.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::key::RoomKey;
use equipemed_domain::policy::{Policy, RoomPolicy};
use equipemed_domain::room_version::{BEST, RoomVersion, needs_headroom};
use ruma_common::OwnedRoomId;

/// The oldest supported Synapse, which is also tested: it introduced the effect of a lock and the account lists used
/// here.
const OLDEST: [u32; 2] = [1, 99];

/// A problem, and its fix.
pub(super) struct Obstacle {
    pub(super) what: String,
    pub(super) fix: String,
}

/// Whether a Synapse is too old. An unreadable version is accepted.
pub(super) fn too_old(version: &str) -> Option<Obstacle> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let has = [parts.next()??, parts.next()??];
    let [major, minor] = OLDEST;
    (has < OLDEST).then(|| Obstacle {
        what: format!("Synapse {version} is too old for this service, which needs {major}.{minor} or newer"),
        fix: "update Synapse".to_owned(),
    })
}

/// The rooms to be made whose version the server does not support.
pub(super) fn unmade(
    policy: &Policy,
    made: &BTreeMap<RoomKey, OwnedRoomId>,
    versions: &BTreeSet<String>,
) -> Option<Obstacle> {
    let is_missing =
        |(key, room): &(&RoomKey, &RoomPolicy)| !made.contains_key(*key) && room.version.among(versions).is_none();
    let missing: Vec<(&RoomKey, &RoomPolicy)> = policy.rooms.iter().filter(is_missing).collect();
    let fix = match missing.first()?.1.version {
        RoomVersion::Exactly(_) => format!("say `version: {BEST}`, or update Synapse"),
        RoomVersion::Best => "update Synapse".to_owned(),
    };
    let rooms = missing.iter().map(|(key, room)| format!("{key} (version: {})", room.version));
    let rooms = rooms.collect::<Vec<_>>().join(", ");
    Some(Obstacle {
        what: format!("this Synapse has rooms of version {}, not those for {rooms}", shown(versions)),
        fix,
    })
}

/// The version of new rooms, and how the bot outranks people in them.
pub(super) fn best(versions: &BTreeSet<String>) -> String {
    let best = RoomVersion::Best.among(versions).unwrap_or("none that this service knows");
    match needs_headroom(versions) {
        true => format!(
            "rooms are made in version {best}, in which the bot takes a level above everybody: Synapse lacks 12"
        ),
        false => format!("rooms are made in version {best}"),
    }
}

fn shown(versions: &BTreeSet<String>) -> String {
    match versions.is_empty() {
        true => "none that this service knows".to_owned(),
        false => versions.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
    }
}
