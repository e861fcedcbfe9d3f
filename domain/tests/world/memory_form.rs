//! The memory of earlier passes, as a case file writes it.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::directory::PersonId;
use equipemed_domain::key::RoomKey;
use equipemed_domain::memory::{Memory, Powers};
use equipemed_domain::privilege::Privilege;
use equipemed_domain::review::{Effect, HeldReason, OpenHold};
use equipemed_domain::rights::Right;
use serde::Deserialize;

use super::{World, user_id};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MemoryForm {
    applied_before: bool,
    people_last_read: Option<usize>,
    privileged: Option<BTreeMap<i64, Vec<String>>>,
    locked_recently: Vec<String>,
    removed_recently: BTreeMap<String, Vec<String>>,
    gained_recently: Vec<i64>,
    gained: BTreeMap<i64, Vec<String>>,
    lost: BTreeMap<i64, Vec<String>>,
    unplaced: Option<BTreeMap<i64, Vec<String>>>,
    deactivated_recently: Vec<String>,
    joined_recently: BTreeMap<String, Vec<String>>,
    fulfilled: Vec<String>,
    encrypts: bool,
    waiting: Vec<String>,
}

impl Default for MemoryForm {
    fn default() -> Self {
        Self {
            applied_before: true,
            people_last_read: None,
            privileged: None,
            locked_recently: Vec::new(),
            removed_recently: BTreeMap::new(),
            gained_recently: Vec::new(),
            gained: BTreeMap::new(),
            lost: BTreeMap::new(),
            unplaced: None,
            deactivated_recently: Vec::new(),
            joined_recently: BTreeMap::new(),
            fulfilled: Vec::new(),
            encrypts: false,
            waiting: Vec::new(),
        }
    }
}

impl MemoryForm {
    /// Unless the case says otherwise, people hold the powers that they should, and the directory has its previous
    /// size.
    pub(super) fn remember(&self, world: &mut World) {
        let form = self;
        let powers = |map: &BTreeMap<i64, Vec<String>>| -> Powers {
            map.iter().map(|(person, words)| (PersonId(*person), words.iter().flat_map(privileges).collect())).collect()
        };
        let users = |names: &[String]| names.iter().map(|user| user_id(user)).collect();
        let by_room = |map: &BTreeMap<String, Vec<String>>| {
            map.iter().map(|(room, names)| (RoomKey::new(room.as_str()), users(names))).collect()
        };
        // `gained_recently` lists people who gained the right `approve`.
        let mut gained = powers(&form.gained);
        gained.extend(form.gained_recently.iter().map(|id| (PersonId(*id), BTreeSet::from([Privilege::APPROVE]))));
        let unplaced = form.unplaced.as_ref().map(|map| {
            map.iter().map(|(person, words)| (PersonId(*person), words.iter().map(parsed).collect())).collect()
        });
        let effects: BTreeSet<Effect> = form.waiting.iter().map(|atom| waiting(atom)).collect();
        let open = OpenHold { id: "0a1b2c3d".to_owned(), reason: HeldReason::StillWaiting, effects };
        world.memory = Memory {
            applied_before: form.applied_before,
            people_last_read: Some(form.people_last_read.unwrap_or(world.people.len())),
            privileged: form.privileged.as_ref().map_or_else(|| world.desired().privileges, powers),
            unplaced,
            locked_recently: users(&form.locked_recently),
            deactivated_recently: users(&form.deactivated_recently),
            removed_recently: by_room(&form.removed_recently),
            joined_recently: by_room(&form.joined_recently),
            gained_recently: gained,
            lost_recently: powers(&form.lost),
            encrypts: form.encrypts,
            fulfilled: form.fulfilled.iter().map(|room| RoomKey::new(room.as_str())).collect(),
            open: if form.waiting.is_empty() { Vec::new() } else { vec![open] },
            now: world.now,
        };
    }
}

/// A power, or all rights of a place.
fn privileges(word: &String) -> Vec<Privilege> {
    match word.strip_prefix("all rights") {
        Some(place) => Right::ALL.iter().map(|right| parsed(&format!("right {right}{place}"))).collect(),
        None => vec![parsed(word)],
    }
}

fn parsed<T: std::str::FromStr>(word: &String) -> T {
    word.parse().unwrap_or_else(|_| panic!("no power {word}"))
}

/// An effect that is already held, of the kinds that cases need.
fn waiting(atom: &str) -> Effect {
    let room = |room: &str| RoomKey::new(room);
    match atom.split(' ').collect::<Vec<_>>().as_slice() {
        ["lock", user] => Effect::Lock { user: user_id(user) },
        ["deactivate", user] => Effect::Deactivate { user: user_id(user) },
        ["remove", user, "from", key] => Effect::Remove { room: room(key), user: user_id(user) },
        ["put", user, "into", key] => Effect::Join { room: room(key), user: user_id(user) },
        _ => panic!("no effect {atom}"),
    }
}
