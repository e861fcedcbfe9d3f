//! `rooms`: the managed rooms and spaces, their members and levels.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::key::{CONTROL_ROOM, RoleKey, RoomKey};
use equipemed_domain::policy::{JoinMode, RoomKind, RoomPolicy};
use equipemed_domain::room_version::{BEST, KNOWN, RoomVersion};
use equipemed_domain::selector::Selector;
use equipemed_domain::setting::{RoomSetting, RoomSettings, SettingValue, settings};

use super::Context;
use super::cycles::{RoleNeeds, circles, shown};
use super::roles::{LEVELS, room};
use super::selectors::{EXAMPLES, selector};
use super::service::{or, picture};
use super::users::JOIN_MODES;
use crate::config::reader::Node;
use crate::config::settings::ControlRoom;
use crate::config::values::{DAY, check_key, unknown_key};

/// Levels that everybody may have: 50 is enough to moderate.
const DEFAULT_LEVELS: std::ops::RangeInclusive<i64> = 0..=49;

const KINDS: [(&str, RoomKind); 2] = [("room", RoomKind::Room), ("space", RoomKind::Space)];

/// Keys, with true for spaces, before anything is checked.
pub(in crate::config) fn kinds<'r>(node: &Node<'r>) -> BTreeMap<&'r str, bool> {
    let is_space = |node: &Node<'r>| node.is_map() && node.map().get("kind").is_text("space");
    node.map().entries().into_iter().map(|(key, node)| (key, is_space(&node))).collect()
}

pub(in crate::config) fn rooms(
    node: &Node<'_>,
    context: &Context<'_>,
    join: Option<JoinMode>,
    control: Option<&ControlRoom>,
) -> Option<BTreeMap<RoomKey, RoomPolicy>> {
    let mut complete = true;
    let mut rooms = BTreeMap::new();
    let mut parents: RoleNeeds<'_> = BTreeMap::new();
    let mut nodes = BTreeMap::new();
    let mut aliases: BTreeMap<String, &str> = BTreeMap::new();
    if let Some(control) = control {
        aliases.insert(control.alias.clone(), "bot.control_room");
    }
    let entries = node.map().entries();
    for (key, value) in &entries {
        if *key == CONTROL_ROOM {
            value.key_problem(
                "is the name of the control room, which is set under bot.control_room; choose another key",
            );
        } else if let Err(why) = check_key(key) {
            value.key_problem(why);
        }
        value.missing("its settings, at least name: and members:");
        let (draft, parent, alias) = one(value, context, join);
        if let Some((node, alias)) = alias {
            if let Some(other) = aliases.get(&alias) {
                node.problem(format!("is the alias of {other} already; each room needs its own"));
            } else {
                aliases.insert(alias, key);
            }
        }
        if let Some(parent) = parent
            && let Some((parent, _)) = context.rooms.get_key_value(parent.as_str())
        {
            parents.insert(key, BTreeSet::from([*parent]));
            nodes.insert(*key, value.clone());
        }
        match draft {
            Some(room) => drop(rooms.insert(RoomKey::new(*key), room)),
            None => complete = false,
        }
    }
    for circle in circles(&parents) {
        if let Some(node) = circle.first().and_then(|key| nodes.get(key)) {
            node.key_problem(format!("hangs in itself ({}); take one `parent:` out of this circle", shown(&circle)));
        }
    }
    rooms.insert(RoomKey::new(CONTROL_ROOM), control_room(control?, join?));
    complete.then_some(rooms)
}

fn control_room(names: &ControlRoom, join: JoinMode) -> RoomPolicy {
    RoomPolicy {
        kind: RoomKind::Room,
        version: RoomVersion::Best,
        name: names.name.clone(),
        alias: Some(names.alias.clone()),
        parent: None,
        members: Selector::Trusted,
        administrators: None,
        levels: BTreeMap::new(),
        default_level: None,
        join,
        leave_allowed: false,
        // New members must not read what was said about people before.
        settings: RoomSettings::from([(RoomSetting::History, "joined".into())]),
    }
}

type Alias<'r> = Option<(Node<'r>, String)>;

/// A room, its parent and its alias; the last two even if another setting of the room is wrong.
fn one<'r>(
    node: &Node<'r>,
    context: &Context<'_>,
    join: Option<JoinMode>,
) -> (Option<RoomPolicy>, Option<RoomKey>, Alias<'r>) {
    let mut map = node.map();
    let kind = or(&map.get("kind"), RoomKind::Room, |node| node.word(&KINDS));
    let version = or(&map.get("version"), RoomVersion::Best, version);
    let (name_node, members_node) = (map.get("name"), map.get("members"));
    if node.is_given() {
        name_node.missing("the name that people see");
        members_node.missing(EXAMPLES);
    }
    let name = name_node.parsed(|text| {
        if text.len() > 255 {
            Err("is too long; give a name of at most 255 bytes".to_owned())
        } else {
            Ok(text.to_owned())
        }
    });
    let topic = or(&map.get("topic"), None, |node| node.any_text().map(Some));
    let avatar = or(&map.get("avatar"), None, |node| picture(node, context.folder).map(Some));
    let alias_node = map.get("alias");
    let alias = or(&alias_node, None, |node| context.alias(node).map(Some));
    let parent = or(&map.get("parent"), None, |node| parent(node, context).map(Some));
    let members = selector(&members_node, &context.roles);
    let administrators = or(&map.get("administrators"), None, |node| selector(node, &context.roles).map(Some));
    let levels = levels(&map.get("levels"), context);
    let default_level = or(&map.get("default_level"), None, |node| default_level(node).map(Some));
    let join = match map.get("join") {
        node if node.is_given() => node.word(&JOIN_MODES),
        _ => join,
    };
    let leave_allowed = or(&map.get("leave"), false, |node| node.word(&[("allowed", true), ("put_back", false)]));
    let history = or(&map.get("history"), "shared", history);
    let retention = or(&map.get("retention"), None, |node| node.duration_or_off(DAY, true));
    map.close();
    let (found_parent, found_alias) =
        (parent.clone().flatten(), alias.clone().flatten().map(|alias| (alias_node, alias)));
    let room = (|| {
        Some(RoomPolicy {
            kind: kind?,
            version: version?,
            name: name?,
            alias: alias?,
            parent: parent?,
            members: members?,
            administrators: administrators?,
            levels: levels?,
            default_level: default_level?,
            join: join?,
            leave_allowed: leave_allowed?,
            settings: settings([
                (RoomSetting::Topic, topic?.map(SettingValue::Text)),
                (RoomSetting::Avatar, avatar?.map(SettingValue::Text)),
                (RoomSetting::History, Some(history?.into())),
                (RoomSetting::Retention, retention?.map(SettingValue::Time)),
            ]),
        })
    })();
    (room, found_parent, found_alias)
}

fn version(node: &Node<'_>) -> Option<RoomVersion> {
    let version = node.text_or_number()?;
    if version == BEST {
        return Some(RoomVersion::Best);
    }
    if KNOWN.contains(&version.as_str()) {
        return Some(RoomVersion::Exactly(version));
    }
    node.problem(format!("is not a room version that this service knows; use {BEST}, or one of {}", KNOWN.join(", ")));
    None
}

fn history(node: &Node<'_>) -> Option<&'static str> {
    if node.is_text("world_readable") {
        node.problem("would show the room to people without an account; use shared, invited or joined");
        return None;
    }
    node.word(&["shared", "invited", "joined"].map(|word| (word, word)))
}

fn parent(node: &Node<'_>, context: &Context<'_>) -> Option<RoomKey> {
    let parent = room(node, context)?;
    if context.rooms.get(parent.as_str()) == Some(&true) {
        return Some(parent);
    }
    node.problem(format!(
        "{parent} is a room, and only a space can hold others; give it kind: space or choose a space"
    ));
    None
}

fn default_level(node: &Node<'_>) -> Option<i64> {
    let level = node.integer(&LEVELS)?;
    if DEFAULT_LEVELS.contains(&level) {
        return Some(level);
    }
    let (least, most) = DEFAULT_LEVELS.into_inner();
    node.problem(format!(
        "{level} is no level for everybody, strangers included: 50 is enough to moderate. Choose one from {least} to {most}, and give the others by `levels:`"
    ));
    None
}

fn levels(node: &Node<'_>, context: &Context<'_>) -> Option<BTreeMap<RoleKey, i64>> {
    let mut levels = BTreeMap::new();
    let mut complete = true;
    for (role, value) in node.map().entries() {
        if !context.roles.contains(role) {
            value.key_problem(unknown_key("role", role, context.roles.iter().copied()));
            complete = false;
        }
        value.missing("a level from -1 to 100");
        match value.integer(&LEVELS) {
            Some(level) => drop(levels.insert(RoleKey::new(role), level)),
            None => complete = false,
        }
    }
    complete.then_some(levels)
}
