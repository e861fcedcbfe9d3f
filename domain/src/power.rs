//! What the bot needs a power level for.

use serde::{Deserialize, Serialize};

use crate::setting::RoomSetting;

/// Something for which the bot's level may be too low. Its name is stored and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Power {
    /// List a space's children.
    ListRooms,
    /// Name a room's parent space.
    NameSpace,
    /// Change a setting.
    Set(RoomSetting),
    /// Change power levels.
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
    /// All powers.
    pub fn all() -> impl Iterator<Item = Self> {
        let settings = RoomSetting::ALL.iter().copied().map(Self::Set);
        let others = [Self::ChangeLevels, Self::Invite, Self::Remove, Self::Ban, Self::Unban];
        [Self::ListRooms, Self::NameSpace].into_iter().chain(settings).chain(others)
    }

    /// Its key in text lists.
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
