//! What the bot needs a level for in a room.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that the bot may lack the level for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// Say what a space holds.
    ListRooms,
    /// Say in which space a room hangs.
    NameSpace,
    /// Change the name.
    ChangeName,
    /// Change the topic.
    ChangeTopic,
    /// Change the picture.
    ChangePicture,
    /// Change the alias.
    ChangeAlias,
    /// Let nobody in who is not invited.
    Close,
    /// Change who sees what was said before.
    ChangeHistory,
    /// Change for how long messages are kept.
    ChangeRetention,
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
    pub const ALL: [Self; 14] = [
        Self::ListRooms,
        Self::NameSpace,
        Self::ChangeName,
        Self::ChangeTopic,
        Self::ChangePicture,
        Self::ChangeAlias,
        Self::Close,
        Self::ChangeHistory,
        Self::ChangeRetention,
        Self::ChangeLevels,
        Self::Invite,
        Self::Remove,
        Self::Ban,
        Self::Unban,
    ];

    /// The word for it in lists of texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ListRooms => "list_rooms",
            Self::NameSpace => "name_space",
            Self::ChangeName => "change_name",
            Self::ChangeTopic => "change_topic",
            Self::ChangePicture => "change_picture",
            Self::ChangeAlias => "change_alias",
            Self::Close => "close",
            Self::ChangeHistory => "change_history",
            Self::ChangeRetention => "change_retention",
            Self::ChangeLevels => "change_levels",
            Self::Invite => "invite",
            Self::Remove => "remove",
            Self::Ban => "ban",
            Self::Unban => "unban",
        }
    }
}

/// What follows "the bot may not".
impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ListRooms => "list rooms in the space",
            Self::NameSpace => "name the space",
            Self::ChangeName => "change the name",
            Self::ChangeTopic => "change the topic",
            Self::ChangePicture => "change the picture",
            Self::ChangeAlias => "change the alias",
            Self::Close => "close the room",
            Self::ChangeHistory => "change who sees the history",
            Self::ChangeRetention => "change the retention",
            Self::ChangeLevels => "change levels",
            Self::Invite => "invite people",
            Self::Remove => "remove people",
            Self::Ban => "ban people",
            Self::Unban => "lift bans",
        })
    }
}
