//! Whom and which room a name means. Nobody is guessed: what fits two is refused, what fits nobody gets the nearest name.

use equipemed_domain::command::{Where, Who};
use equipemed_domain::directory::{Person, PersonId};
use equipemed_domain::find::Names;
use equipemed_domain::key::RoomKey;
use ruma_common::OwnedRoomId;

use super::Scene;
use crate::homeserver::{HomeserverError, Reader};

/// From which likeness on a name is offered.
const LIKE: f64 = 0.82;

/// Why a name means nobody, or no room.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NotFound {
    /// Nobody; perhaps somebody else was meant.
    Nobody { said: String, nearest: Option<PersonId> },
    /// Several people.
    Several { said: String, people: Vec<PersonId> },
    /// No room; perhaps another was meant.
    NoRoom { said: String, nearest: Option<RoomKey> },
    /// A room that is not managed.
    NotManaged { said: String },
}

impl Scene {
    /// The person a name means.
    pub(crate) fn find_person(&self, who: &Who) -> Result<PersonId, NotFound> {
        let said = who.to_string();
        match who {
            Who::User(user) => self.names().of_account(user).ok_or(NotFound::Nobody { said, nearest: None }),
            Who::Name(name) => self.by_name(name),
        }
    }

    fn names(&self) -> Names<'_> {
        Names { directory: &self.directory, bindings: &self.bindings, policy: &self.policy }
    }

    fn by_name(&self, name: &str) -> Result<PersonId, NotFound> {
        let people = self.names().named(name);
        let mut each = people.iter();
        match (each.next(), each.next()) {
            (Some(one), None) => Ok(*one),
            (None, _) => self.by_full_name(name),
            _ => Err(NotFound::Several { said: name.to_owned(), people: people.into_iter().collect() }),
        }
    }

    fn by_full_name(&self, name: &str) -> Result<PersonId, NotFound> {
        let wanted = name.to_lowercase();
        let same: Vec<PersonId> = self
            .directory
            .people()
            .filter(|person| person.full_name().to_lowercase() == wanted)
            .map(|person| person.id)
            .collect();
        match same.as_slice() {
            [one] => Ok(*one),
            [] => Err(NotFound::Nobody { said: name.to_owned(), nearest: self.nearest_person(&wanted) }),
            _ => Err(NotFound::Several { said: name.to_owned(), people: same }),
        }
    }

    fn nearest_person(&self, name: &str) -> Option<PersonId> {
        let likeness = |person: &Person| {
            let names = [person.username.to_lowercase(), person.full_name().to_lowercase()];
            names.iter().map(|other| strsim::jaro_winkler(other, name)).fold(0.0, f64::max)
        };
        let likely = self.directory.people().map(|person| (likeness(person), person.id));
        likely.filter(|(like, _)| *like >= LIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, id)| id)
    }

    /// The managed room a name means; `Ok(None)` when it has to be asked of Synapse (an alias that is not ours).
    pub(crate) fn find_room(&self, room: &Where) -> Result<RoomKey, NotFound> {
        let said = room.to_string();
        match room {
            Where::Id(id) => self.key_of(id).cloned().ok_or(NotFound::NotManaged { said }),
            Where::Alias(alias) => {
                let own = alias.server_name() == self.policy.server_name;
                let named = |room: &equipemed_domain::policy::RoomPolicy| room.alias.as_deref() == Some(alias.alias());
                let found = self.policy.rooms.iter().find(|(_, room)| own && named(room));
                found.map(|(key, _)| key.clone()).ok_or(NotFound::NotManaged { said })
            }
            Where::Name(name) => self.room_by_name(name),
        }
    }

    fn room_by_name(&self, name: &str) -> Result<RoomKey, NotFound> {
        let key = RoomKey::from(name);
        if self.policy.rooms.contains_key(&key) {
            return Ok(key);
        }
        let wanted = name.to_lowercase();
        let matching = |(key, room): &(&RoomKey, &equipemed_domain::policy::RoomPolicy)| {
            key.as_str().to_lowercase() == wanted
                || room.name.to_lowercase() == wanted
                || room.alias.as_ref().is_some_and(|alias| *alias == wanted)
        };
        let mut found = self.policy.rooms.iter().filter(matching);
        if let (Some((key, _)), None) = (found.next(), found.next()) {
            return Ok(key.clone());
        }
        let likely = self.policy.rooms.iter().map(|(key, room)| {
            let names = [key.as_str().to_lowercase(), room.name.to_lowercase()];
            (names.iter().map(|other| strsim::jaro_winkler(other, &wanted)).fold(0.0, f64::max), key)
        });
        let nearest = likely.filter(|(like, _)| *like >= LIKE).max_by(|a, b| a.0.total_cmp(&b.0));
        Err(NotFound::NoRoom { said: name.to_owned(), nearest: nearest.map(|(_, key)| key.clone()) })
    }

    /// The room id of a name that may be of a room which is not managed.
    pub(crate) async fn find_any_room(
        &self,
        room: &Where,
        reader: &Reader,
    ) -> Result<Result<OwnedRoomId, NotFound>, HomeserverError> {
        let said = room.to_string();
        Ok(match room {
            Where::Id(id) => Ok(id.clone()),
            Where::Alias(alias) => reader.resolve_alias(alias).await?.ok_or(NotFound::NoRoom { said, nearest: None }),
            Where::Name(_) => {
                self.find_room(room).and_then(|key| self.rooms.get(&key).cloned().ok_or(NotFound::NotManaged { said }))
            }
        })
    }
}
