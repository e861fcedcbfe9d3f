//! Whom and which room a name means. Nobody is guessed: what fits two is refused, what fits nobody gets the nearest name.

use equipemed_domain::command::{Where, Who};
use equipemed_domain::directory::PersonId;
use equipemed_domain::find::{Names, NoPerson};
use equipemed_domain::key::RoomKey;
use ruma_common::OwnedRoomId;

use super::scene::Scene;
use crate::homeserver::{HomeserverError, Reader, Said};
use crate::speech::{Arg, Texts};

/// Why a name means nobody, or no room.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NotFound {
    /// Nobody; perhaps somebody else was meant.
    Nobody { said: String, nearest: Option<PersonId> },
    /// Several people.
    Several { said: String, people: Vec<PersonId> },
    /// No room; perhaps another was meant.
    NoRoom { said: String, nearest: Option<RoomKey> },
    /// A room that is not managed.
    NotManaged { said: String },
}

impl NotFound {
    pub(super) fn said(&self, texts: &Texts, scene: &Scene) -> Said {
        let text = |said: &String| ("said", Arg::Text(said.clone()));
        match self {
            Self::Nobody { said, nearest: None } => texts.say("nobody", &[text(said)]),
            Self::Nobody { said, nearest: Some(person) } => {
                texts.say("nobody-near", &[text(said), ("nearest", scene.person(*person))])
            }
            Self::Several { said, people } => {
                // By what may be typed: names that differ in nothing but capitals, or in nothing at all, are no answer.
                let typed = |id: &PersonId| match (scene.user_of(*id), scene.directory.get(*id)) {
                    (None, Some(person)) => Arg::Text(person.username.clone()),
                    _ => scene.person(*id),
                };
                let list = people.iter().map(|id| texts.shown(&typed(id))).collect();
                texts.say("several-people", &[text(said), ("list", Arg::Said(texts.choice(list)))])
            }
            Self::NoRoom { said, nearest: None } => texts.say("no-room", &[text(said)]),
            Self::NoRoom { said, nearest: Some(room) } => {
                texts.say("no-room-near", &[text(said), ("nearest", scene.room(room))])
            }
            Self::NotManaged { said } => texts.say("not-managed", &[("room", Arg::Text(said.clone()))]),
        }
    }
}

impl Scene {
    /// The person a name means.
    pub(super) fn find_person(&self, who: &Who) -> Result<PersonId, NotFound> {
        let said = who.to_string();
        match who {
            Who::User(user) => self.names().of_account(user).ok_or(NotFound::Nobody { said, nearest: None }),
            Who::Name(name) => self.by_name(name),
        }
    }

    fn names(&self) -> Names<'_> {
        self.world().names()
    }

    fn by_name(&self, name: &str) -> Result<PersonId, NotFound> {
        let said = name.to_owned();
        self.names().person(name).map_err(|why| match why {
            NoPerson::Nobody { nearest } => NotFound::Nobody { said, nearest },
            NoPerson::Several(people) => NotFound::Several { said, people: people.into_iter().collect() },
        })
    }

    /// The managed room a name means; `Ok(None)` when it has to be asked of Synapse (an alias that is not ours).
    pub(super) fn find_room(&self, room: &Where) -> Result<RoomKey, NotFound> {
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

    /// The room id of a name that may be of a room which is not managed.
    pub(super) async fn find_any_room(
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
