//! Whose room a room is: the key that it has, by the bot's own hand and by nothing else.
//!
//! Anybody can make a room with a key in it, write into one what the bot writes, and bring the bot there. So a key
//! counts only in what the bot itself sent: the event that made the room, or the mark that it wrote later.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::{OwnedRoomId, OwnedUserId, UserId};

use crate::key::RoomKey;

/// The type of the state event that is the mark. It stands above every person, or somebody could make the bot forget a room
/// by writing over it.
pub const ROOM_MARK: &str = "br.equipemed.room";

/// Which key an event names, if any, and who sent the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTold {
    /// Who sent it, as the homeserver checked it.
    pub sender: OwnedUserId,
    /// The key in it.
    pub key: Option<RoomKey>,
}

/// What a room tells of its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomOrigin {
    /// By the event that made it. When a person upgrades a room, that is the person's, whatever was copied into it.
    pub made: KeyTold,
    /// By the mark in it.
    pub mark: Option<KeyTold>,
}

impl RoomOrigin {
    /// The room's key. The bot's mark is its newer word, also when it says that the room has no key any more.
    #[must_use]
    pub fn key(&self, bot: &UserId) -> Option<&RoomKey> {
        self.told_by(bot)?.key.as_ref()
    }

    /// Whether the bot made the room, or marked it at some time: then nobody brought it there against its will.
    #[must_use]
    pub fn is_of(&self, bot: &UserId) -> bool {
        self.told_by(bot).is_some()
    }

    fn told_by(&self, bot: &UserId) -> Option<&KeyTold> {
        self.mark.iter().chain([&self.made]).find(|told| told.sender == bot)
    }
}

/// Rooms by the keys they have. A key that several of them have is for people to decide about: none of them is it.
#[must_use]
pub fn rooms_by_key(
    bot: &UserId,
    rooms: impl IntoIterator<Item = (OwnedRoomId, RoomOrigin)>,
) -> BTreeMap<RoomKey, BTreeSet<OwnedRoomId>> {
    let mut found: BTreeMap<RoomKey, BTreeSet<OwnedRoomId>> = BTreeMap::new();
    for (room_id, origin) in rooms {
        if let Some(key) = origin.key(bot) {
            found.entry(key.clone()).or_default().insert(room_id);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use ruma_common::{OwnedUserId, user_id};

    use super::{KeyTold, RoomOrigin};
    use crate::key::RoomKey;

    fn told(sender: &OwnedUserId, key: &str) -> KeyTold {
        KeyTold { sender: sender.clone(), key: (!key.is_empty()).then(|| RoomKey::from(key)) }
    }

    #[test]
    fn only_the_bots_own_word_counts_and_the_newer_one_wins() {
        let (bot, eva) = (user_id!("@bot:h.org").to_owned(), user_id!("@eva:h.org").to_owned());
        for (maker, made_with, mark, key, is_ours) in [
            (&bot, "icu", None, Some("icu"), true),
            (&bot, "icu", Some((&bot, "ward")), Some("ward"), true),
            (&bot, "icu", Some((&bot, "")), None, true),
            (&bot, "icu", Some((&eva, "ward")), Some("icu"), true),
            (&bot, "", Some((&eva, "ward")), None, true),
            (&eva, "icu", None, None, false),
            (&eva, "icu", Some((&eva, "icu")), None, false),
            (&eva, "icu", Some((&bot, "ward")), Some("ward"), true),
            (&eva, "icu", Some((&bot, "")), None, true),
        ] {
            let origin = RoomOrigin { made: told(maker, made_with), mark: mark.map(|(by, key)| told(by, key)) };
            assert_eq!(origin.key(&bot).map(RoomKey::as_str), key, "{origin:?}");
            assert_eq!(origin.is_of(&bot), is_ours, "{origin:?}");
        }
    }
}
