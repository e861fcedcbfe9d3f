//! What is said of a name that means nobody, or no room.

use equipemed_domain::directory::PersonId;

use crate::homeserver::Said;
use crate::operations::{NotFound, Scene};
use crate::speech::{Arg, Texts};

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
