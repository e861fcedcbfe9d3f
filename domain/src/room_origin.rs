//! A room's key, as far as the bot itself set it.
//!
//! Anybody can create a room with a key, copy the bot's mark into one and invite the bot. So a key counts only in
//! events that the bot sent: the room's create event or a later mark.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::{OwnedRoomId, OwnedUserId, UserId};

use crate::key::RoomKey;

/// Type of the state event used as mark. No person may send it, or somebody could overwrite the key.
pub const ROOM_MARK: &str = "br.equipemed.room";

/// The key in an event, with the event's sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTold {
    /// The sender, as verified by the homeserver.
    pub sender: OwnedUserId,
    /// The key, if any.
    pub key: Option<RoomKey>,
}

/// Events that show a room's origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomOrigin {
    /// The create event. After an upgrade by a person its sender is that person, whatever was copied.
    pub made: KeyTold,
    /// The mark.
    pub mark: Option<KeyTold>,
}

impl RoomOrigin {
    /// The room's key. The bot's mark takes precedence, even when it removes the key.
    #[must_use]
    pub fn key(&self, bot: &UserId) -> Option<&RoomKey> {
        self.told_by(bot)?.key.as_ref()
    }

    /// Whether the bot created or ever marked the room, so that nobody simply brought it there.
    #[must_use]
    pub fn is_of(&self, bot: &UserId) -> bool {
        self.told_by(bot).is_some()
    }

    fn told_by(&self, bot: &UserId) -> Option<&KeyTold> {
        self.mark.iter().chain([&self.made]).find(|told| told.sender == bot)
    }
}

/// Rooms by key. If several have the same key, people must decide; none of them counts.
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
