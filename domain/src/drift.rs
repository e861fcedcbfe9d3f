//! Changes by hand, by one name for both sides: the event that made one, and the action that puts it back.

use crate::action::Action;
use crate::event::MembershipState;

/// What the name of a ban begins with; whom it is about follows.
pub const BAN: &str = "ban ";

/// What a state event changed, such as `name`, `member @x:h` or `ban @x:h`; None for what no plan puts back. `membership`
/// is that of an `m.room.member`.
#[must_use]
pub fn changed_by(kind: &str, state_key: &str, membership: MembershipState) -> Option<String> {
    let what = match kind {
        "m.room.name" => "name",
        "m.room.topic" => "topic",
        "m.room.avatar" => "avatar",
        "m.room.canonical_alias" => "alias",
        "m.room.join_rules" => "join rule",
        "m.room.history_visibility" => "history",
        "m.room.retention" => "retention",
        "m.room.power_levels" => "levels",
        "m.space.parent" => "parent",
        "m.space.child" => "children",
        "m.room.encryption" => "encryption",
        "m.room.tombstone" => "replacement",
        "m.room.member" if membership == MembershipState::Ban => return Some(format!("{BAN}{state_key}")),
        "m.room.member" => return Some(format!("member {state_key}")),
        _ => return None,
    };
    Some(what.to_owned())
}

/// What an action puts back, by the same name; None for what nobody can have changed by hand.
#[must_use]
pub fn put_back_by(action: &Action) -> Option<String> {
    let what = match action {
        Action::SetName { .. } => "name",
        Action::SetTopic { .. } => "topic",
        Action::SetAvatar { .. } => "avatar",
        Action::SetAlias { .. } => "alias",
        Action::SetJoinRule { .. } => "join rule",
        Action::SetHistory { .. } => "history",
        Action::SetRetention { .. } => "retention",
        Action::SetLevels { .. } => "levels",
        Action::SetParent { .. } => "parent",
        Action::AddChild { .. } | Action::DropChild { .. } => "children",
        Action::AddMember { user, .. } | Action::RemoveMember { user, .. } | Action::BanMember { user, .. } => {
            return Some(format!("member {user}"));
        }
        Action::UnbanMember { user, .. } => return Some(format!("{BAN}{user}")),
        _ => return None,
    };
    Some(what.to_owned())
}

#[cfg(test)]
mod tests {
    use ruma_common::owned_user_id;

    use super::{changed_by, put_back_by};
    use crate::action::Action;
    use crate::event::MembershipState;
    use crate::key::RoomKey;

    #[test]
    fn an_event_and_the_action_that_puts_it_back_have_one_name() {
        let room = RoomKey::from("icu");
        let name = Action::SetName { room: room.clone(), from: None, to: "UTI".to_owned() };
        assert_eq!(put_back_by(&name), changed_by("m.room.name", "", MembershipState::Unknown));
        let user = owned_user_id!("@x:h.org");
        let member = Action::RemoveMember { room: room.clone(), user: user.clone(), reason: String::new() };
        assert_eq!(put_back_by(&member), changed_by("m.room.member", "@x:h.org", MembershipState::Join));
        let lifted = Action::UnbanMember { room, user };
        assert_eq!(put_back_by(&lifted), changed_by("m.room.member", "@x:h.org", MembershipState::Ban));
        assert_eq!(changed_by("m.room.message", "", MembershipState::Unknown), None);
    }
}
