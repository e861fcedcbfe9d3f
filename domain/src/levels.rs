//! Arithmetic on `m.room.power_levels`, by the rules of the room's version.
//!
//! The content stays raw JSON, so that changes keep additional keys of Synapse and clients. The rules are the
//! specification's authorisation rules: nobody may set a value above their own level or change an entry of another
//! person at or above it; from room version 12 on, creators rank above every level and must not be listed.

use std::collections::BTreeMap;

use ruma_common::{OwnedUserId, UserId};
use serde_json::{Map, Value, json};

use crate::action::{Change, LevelChanges};
use crate::level_budget::{Overflow, within_budget};
use crate::observed::{ObservedRoom, has_privileged_creators};
use crate::policy::RoomKind;
use crate::room_origin::ROOM_MARK;

/// The highest level that policy or grants give to people.
pub const PEOPLE_MAX: i64 = 100;
/// A level that no person reaches, for what only the bot may do.
pub const ABOVE_PEOPLE: i64 = 150;
/// The bot's own level in rooms up to version 11. It can only be set at creation, and lets the bot demote people at
/// 100.
pub const BOT_HEADROOM: i64 = 9001;
/// The level of creators in room version 12 and later.
pub const CREATOR: i64 = i64::MAX;
/// The lowest level at which people may invite.
pub const INVITE_LEAST: i64 = 50;

const REDACTION: &str = "m.room.redaction";

/// State that no person may change: it could end moderation, privacy or the room itself, or change the room's key.
pub const ABOVE_EVERYONE: [&str; 9] = [
    ROOM_MARK,
    "m.room.encryption",
    "m.room.history_visibility",
    "m.room.join_rules",
    "m.room.power_levels",
    "m.room.retention",
    "m.room.server_acl",
    "m.room.tombstone",
    "m.space.child",
];

/// The content for a new room, in which everybody not in `people` has the level `default`.
#[must_use]
pub fn initial_content(
    version: &str,
    kind: RoomKind,
    bot: &UserId,
    people: &BTreeMap<OwnedUserId, i64>,
    default: i64,
) -> Map<String, Value> {
    let named = people.iter().filter(|(_, level)| **level != default);
    let mut users: Map<String, Value> = named.map(|(user, level)| (user.to_string(), json!(level))).collect();
    if !has_privileged_creators(version) {
        users.insert(bot.to_string(), json!(BOT_HEADROOM));
    }
    let mut events: Map<String, Value> =
        ABOVE_EVERYONE.into_iter().map(|event| (event.to_owned(), json!(ABOVE_PEOPLE))).collect();
    events.insert("m.room.canonical_alias".to_owned(), json!(ABOVE_PEOPLE));
    for event in ["m.room.name", "m.room.topic", "m.room.avatar", "m.room.pinned_events"] {
        events.insert(event.to_owned(), json!(50));
    }
    // Messages in a space are never shown.
    let talking = if kind == RoomKind::Space { PEOPLE_MAX } else { 0 };
    let content = json!({
        "users": users,
        "users_default": default,
        "events": events,
        "events_default": talking,
        "state_default": 50,
        "ban": 50,
        "kick": 50,
        "redact": 50,
        "invite": INVITE_LEAST,
        "notifications": { "room": 50 },
    });
    match content {
        Value::Object(content) => content,
        _ => Map::new(),
    }
}

/// As [`initial_content`] for the control room: only people at the top level may redact commands and answers, or the
/// bot, which checks the right.
#[must_use]
pub fn initial_control_content(version: &str, bot: &UserId) -> Map<String, Value> {
    let mut content = initial_content(version, RoomKind::Room, bot, &BTreeMap::new(), 0);
    set(&mut content, "redact", Change { from: None, to: Some(PEOPLE_MAX) });
    set_all(&mut content, "events", [(REDACTION, Change { from: None, to: Some(PEOPLE_MAX) })].into_iter());
    content
}

/// Adds changes that protect the control room's record, as far as `bot_level` permits.
pub(crate) fn guard_record(room: &ObservedRoom, bot_level: i64, changes: &mut LevelChanges) {
    let least = PEOPLE_MAX.min(bot_level);
    let redact = room.level_entry("redact");
    if redact.unwrap_or(50) < least {
        changes.keys.insert("redact".to_owned(), Change { from: redact, to: Some(least) });
    }
    // Otherwise everybody could redact their own events, including commands.
    let own = room.event_entry(REDACTION);
    if own.or_else(|| room.level_entry("events_default")).unwrap_or(0) < least {
        changes.events.insert(REDACTION.to_owned(), Change { from: own, to: Some(least) });
    }
}

/// A level in an event; rooms before version 10 may contain numbers as text.
pub(crate) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

impl ObservedRoom {
    fn level_entry(&self, key: &str) -> Option<i64> {
        number(self.power_levels.as_ref()?.get(key)?)
    }

    /// Level of users without an entry.
    #[must_use]
    pub fn users_default(&self) -> i64 {
        self.level_entry("users_default").unwrap_or(0)
    }

    /// A user's own entry.
    #[must_use]
    pub fn user_entry(&self, user: &UserId) -> Option<i64> {
        number(self.power_levels.as_ref()?.get("users")?.get(user.as_str())?)
    }

    /// Everybody with an entry.
    pub fn user_entries(&self) -> impl Iterator<Item = (OwnedUserId, i64)> + '_ {
        self.power_levels
            .as_ref()
            .and_then(|content| content.get("users"))
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(user, level)| Some((UserId::parse(user.as_str()).ok()?, number(level)?)))
    }

    /// A user's level; [`CREATOR`] for creators from room version 12 on.
    #[must_use]
    pub fn level_of(&self, user: &UserId) -> i64 {
        if self.privileged().any(|creator| creator == user) {
            return CREATOR;
        }
        if self.power_levels.is_none() {
            return if self.creator == user { 100 } else { 0 };
        }
        self.user_entry(user).unwrap_or_else(|| self.users_default())
    }

    /// The level needed to send this state event.
    #[must_use]
    pub fn needs_for_state(&self, event: &str) -> i64 {
        self.event_entry(event).unwrap_or_else(|| self.level_entry("state_default").unwrap_or(50))
    }

    /// The entry of an event type.
    #[must_use]
    pub fn event_entry(&self, event: &str) -> Option<i64> {
        number(self.power_levels.as_ref()?.get("events")?.get(event)?)
    }

    /// The level needed to invite; 0 if the event has none.
    #[must_use]
    pub fn needs_for_invite(&self) -> i64 {
        self.level_entry("invite").unwrap_or(0)
    }

    /// The level needed to kick.
    #[must_use]
    pub fn needs_for_kick(&self) -> i64 {
        self.level_entry("kick").unwrap_or(50)
    }

    /// The level needed to ban.
    #[must_use]
    pub fn needs_for_ban(&self) -> i64 {
        self.level_entry("ban").unwrap_or(50)
    }
}

/// The level that the bot needs to manage a room: to set levels, and to invite and remove people.
#[must_use]
pub fn needed_to_manage(room: &ObservedRoom) -> i64 {
    let state = room.needs_for_state("m.room.power_levels").max(room.needs_for_state("m.room.name"));
    state.max(room.needs_for_invite()).max(room.needs_for_kick()).max(room.needs_for_ban())
}

/// People whom the bot could neither lower nor remove, with their level: at or above the bot's own. Includes people who
/// left, since they would have that level again on return.
#[must_use]
pub fn beyond_reach(room: &ObservedRoom, bot: &UserId) -> BTreeMap<OwnedUserId, i64> {
    let own = room.level_of(bot);
    let named = room.user_entries().map(|(user, _)| user).chain([room.creator.clone()]);
    let named = named.chain(room.additional_creators.iter().cloned());
    let levels = named.filter(|user| user != bot).map(|user| (room.level_of(&user), user));
    levels.filter(|(level, _)| *level >= own).map(|(level, user)| (user, level)).collect()
}

/// The lowest level that can moderate a room or change its state.
#[must_use]
pub fn least_power(room: &ObservedRoom) -> i64 {
    let redact = room.level_entry("redact").unwrap_or(50);
    let state = room.level_entry("state_default").unwrap_or(50);
    room.needs_for_kick().min(room.needs_for_ban()).min(redact).min(state)
}

/// A level that the bot may not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfReach {
    /// The person.
    pub user: OwnedUserId,
    /// Their present level.
    pub has: i64,
    /// Their desired level.
    pub wanted: i64,
}

/// Changes needed to give `people` their levels, as far as `bot_level` permits.
///
/// `people` contains everybody the policy manages in this room; others keep their entries. `default` is everybody
/// else's level; without one the room's own stays, and a level of 0 means that.
#[must_use]
pub fn level_changes(
    room: &ObservedRoom,
    bot_level: i64,
    people: &BTreeMap<OwnedUserId, i64>,
    default: Option<i64>,
) -> (LevelChanges, Vec<OutOfReach>) {
    let mut changes = LevelChanges::default();
    let mut out_of_reach = Vec::new();
    let usual = default.unwrap_or_else(|| room.users_default());
    if usual != room.users_default() {
        let from = room.level_entry("users_default");
        changes.keys.insert("users_default".to_owned(), Change { from, to: Some(usual) });
    }
    for (user, &level) in people {
        let has = room.level_of(user);
        let wanted = if level == 0 && default.is_none() { usual } else { level };
        let entry = room.user_entry(user);
        let needs_none = default.is_some() && entry == Some(usual);
        if has != CREATOR && entry.unwrap_or(usual) == wanted && !needs_none {
            continue;
        }
        let old_is_safe = has != CREATOR && (entry.is_none() || has < bot_level);
        if !old_is_safe || wanted >= bot_level {
            out_of_reach.push(OutOfReach { user: user.clone(), has, wanted });
            continue;
        }
        let to = (wanted != usual).then_some(wanted);
        changes.users.insert(user.clone(), Change { from: entry, to });
    }
    let ceiling = ABOVE_PEOPLE.min(bot_level);
    for event in ABOVE_EVERYONE {
        if room.needs_for_state(event) < ceiling {
            changes.events.insert(event.to_owned(), Change { from: room.event_entry(event), to: Some(ceiling) });
        }
    }
    if room.needs_for_invite() < INVITE_LEAST.min(bot_level) {
        let from = room.level_entry("invite");
        changes.keys.insert("invite".to_owned(), Change { from, to: Some(INVITE_LEAST.min(bot_level)) });
    }
    (changes, out_of_reach)
}

/// Level changes that can be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levelling {
    /// The changes.
    pub changes: LevelChanges,
    /// People whom the bot cannot change.
    pub out_of_reach: Vec<OutOfReach>,
    /// Changes that do not fit into the event.
    pub overflow: Option<Overflow>,
}

/// As [`level_changes`], limited to the space in the event.
#[must_use]
pub fn levelling(
    room: &ObservedRoom,
    bot_level: i64,
    people: &BTreeMap<OwnedUserId, i64>,
    default: Option<i64>,
) -> Levelling {
    let within = |default| {
        let (changes, out_of_reach) = level_changes(room, bot_level, people, default);
        (within_budget(room.power_levels.as_ref(), changes, people), out_of_reach)
    };
    let (mut fits, mut out_of_reach) = within(default);
    // A higher default is set only if everybody who must not have it gets an entry.
    if fits.takes_wait && default.is_some_and(|default| default > room.users_default()) {
        (fits, out_of_reach) = within(None);
    }
    Levelling { changes: fits.changes, out_of_reach, overflow: fits.overflow }
}

/// The levels for a new room that fit into its power levels event; otherwise Synapse might create a room without one.
#[must_use]
pub fn first_levels(
    version: &str,
    kind: RoomKind,
    bot: &UserId,
    people: BTreeMap<OwnedUserId, i64>,
    default: i64,
) -> (BTreeMap<OwnedUserId, i64>, Option<Overflow>) {
    let nobody = BTreeMap::new();
    let empty = initial_content(version, kind, bot, &nobody, default);
    let named = people.iter().filter(|(_, level)| **level != default);
    let users = named.map(|(user, level)| (user.clone(), Change { from: None, to: Some(*level) })).collect();
    let fits = within_budget(Some(&empty), LevelChanges { users, ..LevelChanges::default() }, &nobody);
    let mut people = people;
    people.retain(|user, _| fits.changes.users.contains_key(user));
    (people, fits.overflow)
}

/// The content with the changes applied and everything else kept.
#[must_use]
pub fn with_changes(content: Option<&Map<String, Value>>, changes: &LevelChanges) -> Map<String, Value> {
    let mut content = content.cloned().unwrap_or_default();
    for (key, change) in &changes.keys {
        set(&mut content, key, *change);
    }
    let users = changes.users.iter().map(|(user, change)| (user.as_str(), *change));
    set_all(&mut content, "users", users);
    let events = changes.events.iter().map(|(event, change)| (event.as_str(), *change));
    set_all(&mut content, "events", events);
    content
}

fn set_all<'a>(content: &mut Map<String, Value>, section: &str, changes: impl Iterator<Item = (&'a str, Change)>) {
    let mut entries = match content.get(section) {
        Some(Value::Object(entries)) => entries.clone(),
        _ => Map::new(),
    };
    let mut any = false;
    for (name, change) in changes {
        set(&mut entries, name, change);
        any = true;
    }
    if any {
        content.insert(section.to_owned(), Value::Object(entries));
    }
}

fn set(entries: &mut Map<String, Value>, name: &str, change: Change) {
    match change.to {
        Some(level) => entries.insert(name.to_owned(), json!(level)),
        None => entries.remove(name),
    };
}
