//! Names changes by hand, both for the event that made one and the action that reverts it.

use std::fmt;

use ruma_common::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::event::MembershipState;
use crate::setting::RoomSetting;

/// Prefix of a ban's text; the user follows.
pub const BAN: &str = "ban ";
const MEMBER: &str = "member ";

/// A change by hand. Its text, such as `name` or `member @x:h`, is used in the store and in announcements and never
/// changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Drift {
    /// A setting.
    Setting(RoomSetting),
    /// Power levels.
    Levels,
    /// The room's parent space.
    Parent,
    /// The space's children.
    Children,
    /// Encryption.
    Encryption,
    /// The replacement by another room.
    Replacement,
    /// Somebody's membership.
    Member(OwnedUserId),
    /// Somebody's ban.
    Ban(OwnedUserId),
}

impl Drift {
    const OTHERS: [Self; 5] = [Self::Levels, Self::Parent, Self::Children, Self::Encryption, Self::Replacement];

    /// Its key in text lists.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Setting(setting) => setting.word(),
            Self::Levels => "levels",
            Self::Parent => "parent",
            Self::Children => "child",
            Self::Encryption => "encryption",
            Self::Replacement => "other",
            Self::Member(_) | Self::Ban(_) => "member",
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(setting) => f.write_str(&setting.word().replace('_', " ")),
            Self::Children => f.write_str("children"),
            Self::Replacement => f.write_str("replacement"),
            Self::Member(user) => write!(f, "{MEMBER}{user}"),
            Self::Ban(user) => write!(f, "{BAN}{user}"),
            other => f.write_str(other.word()),
        }
    }
}

impl From<Drift> for String {
    fn from(drift: Drift) -> Self {
        drift.to_string()
    }
}

impl TryFrom<String> for Drift {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let user = |start| UserId::parse(text.strip_prefix(start)?).ok();
        let mut all = RoomSetting::ALL.iter().copied().map(Self::Setting).chain(Self::OTHERS);
        let found = user(MEMBER).map(Self::Member).or_else(|| user(BAN).map(Self::Ban));
        found.or_else(|| all.find(|drift| drift.to_string() == text)).ok_or("not a change by hand")
    }
}

/// The change that a state event made; None if no plan reverts it. `membership` is that of an `m.room.member`.
#[must_use]
pub fn changed_by(kind: &str, state_key: &str, membership: MembershipState) -> Option<Drift> {
    Some(match kind {
        "m.room.power_levels" => Drift::Levels,
        "m.space.parent" => Drift::Parent,
        "m.space.child" => Drift::Children,
        "m.room.encryption" => Drift::Encryption,
        "m.room.tombstone" => Drift::Replacement,
        "m.room.member" if membership == MembershipState::Ban => Drift::Ban(UserId::parse(state_key).ok()?),
        "m.room.member" => Drift::Member(UserId::parse(state_key).ok()?),
        kind => Drift::Setting(RoomSetting::find(|row| row.event == kind)?),
    })
}

/// The change that an action reverts; None if nobody could have made it by hand.
#[must_use]
pub fn put_back_by(action: &Action) -> Option<Drift> {
    Some(match action {
        Action::Set { setting, .. } => Drift::Setting(*setting),
        Action::SetLevels { .. } => Drift::Levels,
        Action::SetParent { .. } => Drift::Parent,
        Action::AddChild { .. } | Action::DropChild { .. } => Drift::Children,
        Action::AddMember { user, .. } | Action::RemoveMember { user, .. } | Action::BanMember { user, .. } => {
            Drift::Member(user.clone())
        }
        Action::UnbanMember { user, .. } => Drift::Ban(user.clone()),
        _ => return None,
    })
}
