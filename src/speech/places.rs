//! Where something holds, in the form that a sentence needs: in a room, out of a room, in no room at all.
//!
//! Each form is a text of its own, because a preposition, an article or a negation cannot be put before a finished phrase.

use equipemed_domain::grant::GrantKind;
use equipemed_domain::key::RoomKey;

use super::findings::code;
use super::{Arg, Texts};
use crate::homeserver::Said;

/// A room as it is shown.
#[derive(Clone, Debug)]
pub struct NamedRoom {
    /// Its name.
    pub shown: Arg,
    /// Whether it is a space: what holds there holds in the rooms below.
    pub is_space: bool,
}

impl Texts {
    /// A room by its name, or by its key if the name is not known.
    #[must_use]
    pub fn room(&self, key: &RoomKey) -> Arg {
        self.rooms.get(key).map_or_else(|| code(key), |room| room.shown.clone())
    }

    /// "in the room …".
    #[must_use]
    pub fn within(&self, scope: Option<&RoomKey>) -> Said {
        self.place_in(scope, ["in-all-rooms", "in-room", "in-space"])
    }

    /// "in any room", where nothing holds.
    #[must_use]
    pub fn anywhere(&self, scope: Option<&RoomKey>) -> Said {
        self.place_in(scope, ["in-any-room", "in-room", "in-any-space"])
    }

    /// "from the room …".
    #[must_use]
    pub fn out_of(&self, scope: Option<&RoomKey>) -> Said {
        self.place_in(scope, ["from-all-rooms", "from-room", "from-space"])
    }

    /// What a grant gives or takes, and where.
    #[must_use]
    pub fn granted(&self, kind: GrantKind, scope: Option<&RoomKey>) -> Said {
        let kind_alone = match kind {
            GrantKind::Level(level) => self.line("rank-level", &[("level", Arg::Number(level))]),
            kind => self.word("grant-kind", kind.as_str()),
        };
        let place = match kind {
            GrantKind::Lock | GrantKind::Deactivate => return kind_alone,
            GrantKind::Ban | GrantKind::Kick => self.out_of(scope),
            _ => self.within(scope),
        };
        self.line("granted", &[("kind", Arg::Said(kind_alone)), ("place", Arg::Said(place))])
    }

    fn place_in(&self, scope: Option<&RoomKey>, [all, room, space]: [&'static str; 3]) -> Said {
        let Some(key) = scope else { return self.line(all, &[]) };
        let is_space = self.rooms.get(key).is_some_and(|room| room.is_space);
        self.line(if is_space { space } else { room }, &[("room", self.room(key))])
    }
}
