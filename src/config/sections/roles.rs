//! `roles`: names for groups of people, with levels and rights.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::key::{RoleKey, RoomKey};
use equipemed_domain::policy::Role;
use equipemed_domain::rights::{Right, Rights, all_rights};

use super::Context;
use super::cycles::{RoleNeeds, circles, shown};
use super::selectors::{EXAMPLES, roles_of, selector};
use super::service::or;
use crate::config::reader::Node;
use crate::config::values::{check_key, unknown_key};

/// Always below the bot, whose own level is above 100.
pub(super) const LEVELS: std::ops::RangeInclusive<i64> = -1..=100;

pub(in crate::config) fn roles(node: &Node<'_>, context: &Context<'_>) -> Option<BTreeMap<RoleKey, Role>> {
    let mut complete = true;
    let mut roles = BTreeMap::new();
    let mut rules = BTreeMap::new();
    for (key, value) in node.map().entries() {
        if let Err(why) = check_key(key) {
            value.key_problem(why);
        }
        let (rule, role) = role(&value, context);
        if let Some(rule) = rule {
            rules.insert(key, (rule, value.clone()));
        }
        match role {
            Some(role) => drop(roles.insert(RoleKey::new(key), role)),
            None => complete = false,
        }
    }
    let needs: RoleNeeds<'_> = rules
        .iter()
        .map(|(key, (rule, _))| {
            let mut found = BTreeSet::new();
            roles_of(rule, &mut found);
            (*key, found)
        })
        .collect();
    for circle in circles(&needs) {
        if let Some((_, node)) = circle.first().and_then(|key| rules.get(key)) {
            node.key_problem(format!("needs itself ({}); take one `role:` out of this circle", shown(&circle)));
        }
    }
    complete.then_some(roles)
}

/// Returns the rule separately too, so that cycles are found even if another setting of the role is wrong.
fn role(node: &Node<'_>, context: &Context<'_>) -> (Option<equipemed_domain::selector::Selector>, Option<Role>) {
    node.missing("its settings, at least when:");
    let mut map = node.map();
    let when = map.get("when");
    if node.is_given() {
        when.missing(EXAMPLES);
    }
    let rule = selector(&when, &context.roles);
    let name = or(&map.get("name"), None, |node| node.text().map(Some));
    let scope = or(&map.get("in"), None, |node| room(node, context).map(Some));
    let level = or(&map.get("level"), None, |node| node.integer(&LEVELS).map(Some));
    let rights = or(&map.get("rights"), Rights::new(), rights);
    let server_admin = or(&map.get("server_admin"), false, Node::boolean);
    map.close();
    let role = (|| {
        Some(Role {
            name: name?,
            when: rule.clone()?,
            scope: scope?,
            level: level?,
            rights: rights?,
            server_admin: server_admin?,
        })
    })();
    (rule, role)
}

/// A configured room or space, by key.
pub(super) fn room(node: &Node<'_>, context: &Context<'_>) -> Option<RoomKey> {
    let key = node.text()?;
    if context.rooms.contains_key(key.as_str()) {
        return Some(RoomKey::new(key));
    }
    node.problem(unknown_key("room", &key, context.rooms.keys().copied()));
    None
}

fn rights(node: &Node<'_>) -> Option<Rights> {
    let mut rights = Rights::new();
    let mut complete = true;
    for entry in node.list_or_one()? {
        let Some(word) = entry.text() else {
            complete = false;
            continue;
        };
        match Right::from_word(&word) {
            Some(right) => drop(rights.insert(right)),
            None if word == "all" => rights.extend(all_rights()),
            None => {
                entry.unknown_word(&word, Right::ALL.map(Right::as_str).into_iter().chain(["all"]));
                complete = false;
            }
        }
    }
    complete.then_some(rights)
}
