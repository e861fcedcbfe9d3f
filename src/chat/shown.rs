//! How messages show people, accounts and rooms.

use equipemed_domain::directory::{Person, PersonId};
use equipemed_domain::key::RoomKey;
use ruma_common::UserId;

use crate::operations::Scene;
use crate::speech::{Arg, Shown};

impl Shown for Scene {
    fn person(&self, id: PersonId) -> Arg {
        let name = self.directory.get(id).map(Person::full_name);
        match (self.user_of(id), name) {
            (Some(user), name) => Arg::User { user: user.clone(), name },
            (None, Some(name)) => Arg::Text(name),
            (None, None) => Arg::Text(id.to_string()),
        }
    }

    fn user(&self, user: &UserId) -> Arg {
        Arg::User { user: user.to_owned(), name: self.person_of(user).map(Person::full_name) }
    }

    fn room(&self, key: &RoomKey) -> Arg {
        let name = self.policy.rooms.get(key).map_or_else(|| key.to_string(), |room| room.name.clone());
        Arg::Room { room_id: self.rooms.get(key).cloned(), name }
    }
}
