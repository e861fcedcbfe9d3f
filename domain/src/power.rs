//! What the bot needs a level for in a room.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::setting::RoomSetting;

/// One thing that the bot may lack the level for. Its word is its form in the store and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Power {
    /// Say what a space holds.
    ListRooms,
    /// Say in which space a room hangs.
    NameSpace,
    /// Change a setting.
    Set(RoomSetting),
    /// Change levels.
    ChangeLevels,
    /// Invite people.
    Invite,
    /// Remove people.
    Remove,
    /// Ban people.
    Ban,
    /// Lift bans.
    Unban,
}

impl Power {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let settings = RoomSetting::ALL.iter().copied().map(Self::Set);
        let others = [Self::ChangeLevels, Self::Invite, Self::Remove, Self::Ban, Self::Unban];
        [Self::ListRooms, Self::NameSpace].into_iter().chain(settings).chain(others)
    }

    /// The word for it in lists of texts, and what follows "the bot may not".
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ListRooms => ("list_rooms", "list rooms in the space"),
            Self::NameSpace => ("name_space", "name the space"),
            Self::Set(setting) => (setting.row().power, setting.row().may),
            Self::ChangeLevels => ("change_levels", "change levels"),
            Self::Invite => ("invite", "invite people"),
            Self::Remove => ("remove", "remove people"),
            Self::Ban => ("ban", "ban people"),
            Self::Unban => ("unban", "lift bans"),
        }
    }

    /// The word for it in lists of texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.words().0
    }
}

/// What follows "the bot may not".
impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().1)
    }
}

impl From<Power> for &'static str {
    fn from(power: Power) -> Self {
        power.as_str()
    }
}

impl TryFrom<String> for Power {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        Self::all().find(|power| power.as_str() == word).ok_or("not a power of the bot")
    }
}
