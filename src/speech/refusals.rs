//! Words refusals in the reader's language, once for all surfaces.

use equipemed_domain::authority::Refusal;
use equipemed_domain::directory::PersonId;
use equipemed_domain::key::RoomKey;
use equipemed_domain::rights::Right;
use ruma_common::UserId;

use super::{Arg, Texts};
use crate::homeserver::Said;

/// Formats people, accounts and rooms.
pub trait Shown {
    /// A person.
    fn person(&self, id: PersonId) -> Arg;
    /// An account.
    fn user(&self, user: &UserId) -> Arg;
    /// A room.
    fn room(&self, key: &RoomKey) -> Arg;
}

impl Texts {
    /// Why somebody may not do something.
    #[must_use]
    pub fn refusal(&self, refusal: &Refusal, shown: &impl Shown) -> Said {
        let right = |right: &Right| ("right", Arg::Said(self.word("right", right.as_str())));
        let room = |key: &RoomKey| ("room", shown.room(key));
        match refusal {
            Refusal::Unknown => self.say("refused-unknown", &[]),
            Refusal::NotActive => self.say("refused-standing", &[]),
            Refusal::Right { right: what, room: None } => self.say("refused-right", &[right(what)]),
            Refusal::Right { right: what, room: Some(key) } => {
                self.say("refused-right-room", &[right(what), room(key)])
            }
            Refusal::GainHeld { right: what } => self.say("refused-gain-held", &[right(what)]),
            Refusal::Own => self.say("refused-self", &[]),
            Refusal::Protected { user } => self.say("refused-protected", &[("user", shown.user(user))]),
            Refusal::Higher { person, room: None } => self.say("refused-higher", &[("user", shown.person(*person))]),
            Refusal::Higher { person, room: Some(key) } => {
                self.say("refused-higher-room", &[("user", shown.person(*person)), room(key)])
            }
            Refusal::Above { level, own, room: None } => {
                self.say("refused-above", &[("level", Arg::Number(*level)), ("own", Arg::Number(*own))])
            }
            Refusal::Above { level, own, room: Some(key) } => {
                let levels = [("level", Arg::Number(*level)), ("own", Arg::Number(*own))];
                self.say("refused-above-room", &[levels.as_slice(), &[room(key)]].concat())
            }
            Refusal::Observe => self.say("observe", &[]),
        }
    }
}
