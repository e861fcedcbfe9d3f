//! Rooms whose rule is fulfilled for the first time. From then on the brakes count the people added to them.

use std::collections::BTreeMap;

use equipemed_domain::action::Action;
use equipemed_domain::fault::{During, Fault, Stage};
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::{Observed, RoomSight};
use jiff::Timestamp;

use super::gather::Known;
use crate::store::Store;

/// How many people a pass is to add to each room whose rule was never fulfilled.
#[derive(Debug)]
pub(super) struct Filling(BTreeMap<RoomKey, usize>);

impl Filling {
    /// Counts them in a plan before flags select from it. Omits rooms that cannot be worked on.
    pub(super) fn of<'a>(known: &Known, observed: &Observed, actions: impl Iterator<Item = &'a Action>) -> Self {
        let mut rooms = BTreeMap::new();
        for (key, sight) in observed.rooms.iter().filter(|(key, _)| !known.memory.fulfilled.contains(*key)) {
            let is_ours = known.rooms.contains_key(key);
            if matches!(sight, RoomSight::Seen(seen) if is_ours && seen.replaced.is_none()) {
                rooms.insert(key.clone(), 0);
            }
        }
        for action in actions {
            match action {
                Action::CreateRoom { room, .. } => _ = rooms.insert(room.clone(), 0),
                Action::AddMember { room, .. } => _ = rooms.get_mut(room).map(|people| *people += 1),
                _ => {}
            }
        }
        Self(rooms)
    }

    /// Notes the rooms that all but a few have joined: so few that they are no mass when added later. A process killed
    /// in the middle has noted nothing.
    pub(super) async fn note(
        self,
        store: &Store,
        joined: &BTreeMap<RoomKey, usize>,
        few: usize,
        now: Timestamp,
    ) -> Result<(), Fault> {
        for (room, people) in self.0 {
            let missing = people.saturating_sub(joined.get(&room).copied().unwrap_or(0));
            if missing < few.max(1) {
                store.note_fulfilled(&room, now).await.during(Stage::NoteFulfilled)?;
            }
        }
        Ok(())
    }
}
