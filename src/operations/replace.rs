//! Replaces a room with a new one, after a look at what is wrong with the present one.

use equipemed_domain::authority::Act;
use equipemed_domain::command::Where;
use equipemed_domain::deed::Deed;
use equipemed_domain::directory::Person;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;

use super::{Asked, Scene, Stop, Unclear};
use crate::engine::replace::Replaceable;

/// A room to replace.
#[derive(Clone, Debug)]
pub(crate) struct Replacing {
    pub(crate) key: RoomKey,
    pub(crate) found: Replaceable,
    /// Number of people who would join the new room.
    pub(crate) people: usize,
}

impl Replacing {
    /// The deed that replaces it.
    pub(crate) fn deed(&self) -> Deed {
        Deed::ReplaceRoom { room_id: self.found.room_id.clone(), room: self.key.clone() }
    }
}

impl Asked {
    /// The room meant, if the asker may replace it.
    pub(crate) async fn replacing(&self, room: &Where) -> Result<Replacing, Stop> {
        self.may(Act::Rooms, None)?;
        let key = self.scene.find_room(room)?;
        let found = self.engine.replaceable(&key).await.map_err(|why| match why {
            Fault::Replacement(_) => Stop::Unclear(Unclear::NotThatRoom(why)),
            why => why.into(),
        })?;
        Ok(Replacing { people: people_of(&self.scene, &key), key, found })
    }
}

/// Number of people who would join the room now.
fn people_of(scene: &Scene, key: &RoomKey) -> usize {
    let Some(room) = scene.policy.rooms.get(key) else { return 0 };
    let access = scene.world().access;
    let is_meant = |person: &&Person| {
        access.belongs(room, person) && scene.is_active(person) && scene.user_of(person.id).is_some()
    };
    scene.directory.people().filter(is_meant).count()
}
