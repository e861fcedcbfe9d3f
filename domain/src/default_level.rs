//! Proposes a `default_level` for rooms whose rules give all members a level.
//!
//! Looks at rules, not at people, so that a proposal stays right when people change.

use crate::key::{RoleKey, RoomKey};
use crate::policy::{Policy, Role};
use crate::selector::Selector;

/// A level that could be a room's `default_level`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The room.
    pub room: RoomKey,
    /// The level.
    pub level: i64,
}

/// Proposals stay below this level, because it is enough to moderate.
const TOO_MUCH: i64 = 50;

/// Rooms without `default_level` whose rules give all members a level.
#[must_use]
pub fn proposals(policy: &Policy) -> Vec<Proposal> {
    let rooms = policy.rooms.iter().filter(|(_, room)| room.default_level.is_none());
    rooms
        .filter_map(|(key, room)| {
            let level = certain(policy, key, &room.members)?;
            (1..TOO_MUCH).contains(&level).then(|| Proposal { room: key.clone(), level })
        })
        .collect()
}

/// The level that everybody who matches the rule has at least, from the roles that they all have.
fn certain(policy: &Policy, room: &RoomKey, rule: &Selector) -> Option<i64> {
    let roles = policy.roles.iter().filter(|(key, role)| implies(rule, key, role));
    let of_all = roles.filter_map(|(key, role)| level_of(policy, room, key, role)).max();
    let of_each = match rule {
        Selector::AnyOf(rules) => rules.iter().map(|rule| certain(policy, room, rule)).min().flatten(),
        Selector::All(rules) => rules.iter().filter_map(|rule| certain(policy, room, rule)).max(),
        _ => None,
    };
    of_all.max(of_each)
}

/// Whether everybody who matches the rule has the role.
fn implies(rule: &Selector, key: &RoleKey, role: &Role) -> bool {
    if role.when == Selector::Any(true) || role.when == *rule {
        return true;
    }
    match rule {
        Selector::Role(named) => named == key,
        Selector::All(rules) => rules.iter().any(|rule| implies(rule, key, role)),
        Selector::AnyOf(rules) => !rules.is_empty() && rules.iter().all(|rule| implies(rule, key, role)),
        _ => false,
    }
}

/// The level that a role gives in a room, as `access` computes it.
fn level_of(policy: &Policy, room: &RoomKey, key: &RoleKey, role: &Role) -> Option<i64> {
    if let Some(level) = policy.rooms.get(room)?.levels.get(key) {
        return Some(*level);
    }
    let reaches = role.scope.as_ref().is_none_or(|scope| policy.distance(room, scope).is_some());
    role.level.filter(|_| reaches)
}
