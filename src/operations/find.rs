//! Resolves names of people and rooms. Never guesses: an ambiguous name is refused, an unknown one gets the nearest.

use equipemed_domain::command::{Where, Who};
use equipemed_domain::directory::PersonId;
use equipemed_domain::find::{Names, NoPerson};
use equipemed_domain::key::RoomKey;
use ruma_common::OwnedRoomId;

use super::Scene;
use crate::homeserver::{HomeserverError, Reader};

/// The most words that are taken together for a name that was not quoted.
const NAME_WORDS: usize = 5;

/// Why a name does not resolve.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NotFound {
    /// Nobody; the nearest name may be meant.
    Nobody { said: String, nearest: Option<PersonId> },
    /// Several people.
    Several { said: String, people: Vec<PersonId> },
    /// No room; the nearest name may be meant.
    NoRoom { said: String, nearest: Option<RoomKey> },
    /// Several words that are one name, of a person or a room.
    Unquoted { said: String },
    /// A room that is not managed.
    NotManaged { said: String },
}

impl Scene {
    /// The person that a name means.
    pub(crate) fn find_person(&self, who: &Who) -> Result<PersonId, NotFound> {
        let said = who.to_string();
        match who {
            Who::User(user) => self.names().of_account(user).ok_or(NotFound::Nobody { said, nearest: None }),
            Who::Name(name) => self.by_name(name),
        }
    }

    /// The people whom names mean. If one of them fits nobody, words that fit somebody together were not quoted.
    pub(crate) fn find_people(&self, who: &[Who]) -> Result<Vec<PersonId>, NotFound> {
        let found: Result<_, _> = who.iter().map(|who| self.find_person(who)).collect();
        found.map_err(|why| self.unquoted(who).unwrap_or(why))
    }

    /// Neighbouring words that are one name.
    pub(crate) fn unquoted(&self, who: &[Who]) -> Option<NotFound> {
        let name = |who: &Who| match who {
            Who::Name(name) => Some(name.clone()),
            Who::User(_) => None,
        };
        let joined = (2..=NAME_WORDS).flat_map(|count| who.windows(count));
        let names = joined.filter_map(|row| Some(row.iter().map(name).collect::<Option<Vec<_>>>()?.join(" ")));
        let is_one = |said: &String| !self.names().people(said).is_empty() || self.names().room(said).is_ok();
        { names }.find(is_one).map(|said| NotFound::Unquoted { said })
    }

    fn names(&self) -> Names<'_> {
        self.world().names()
    }

    pub(super) fn by_name(&self, name: &str) -> Result<PersonId, NotFound> {
        let said = name.to_owned();
        self.names().person(name).map_err(|why| match why {
            NoPerson::Nobody { nearest } => NotFound::Nobody { said, nearest },
            NoPerson::Several(people) => NotFound::Several { said, people: people.into_iter().collect() },
        })
    }

    /// The managed room that a name means. An alias that the policy lacks is [`NotFound::NotManaged`].
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
            Where::Name(name) => self.names().room(name).map_err(|nearest| NotFound::NoRoom { said, nearest }),
        }
    }

    /// The id of the room that a name means; by id or alias it need not be managed.
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
