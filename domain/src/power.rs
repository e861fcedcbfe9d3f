//! What the bot needs a level for in a room.

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

    /// The word for it in lists of texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ListRooms => "list_rooms",
            Self::NameSpace => "name_space",
            Self::Set(setting) => setting.row().power,
            Self::ChangeLevels => "change_levels",
            Self::Invite => "invite",
            Self::Remove => "remove",
            Self::Ban => "ban",
            Self::Unban => "unban",
        }
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
