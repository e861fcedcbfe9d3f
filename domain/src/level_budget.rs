//! Space in a room's power levels event: changes that take power are always written, those that give power may wait.
//!
//! Synapse refuses an event that is too large, and then nobody in that room could lose a level any more. So changes
//! that give power stop early and leave a reserve.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ruma_common::OwnedUserId;
use serde_json::{Map, Value};

use crate::action::{Change, LevelChanges};
use crate::levels::{number, with_changes};

/// Synapse's limit for an event in bytes of canonical JSON (`MAX_PDU_SIZE` in `api/constants.py`), which is also the
/// specification's. It applies to the stored event with hashes and signatures.
pub const MOST_BYTES: usize = 65_536;
/// Maximum size of everything around the content: room and sender of 255 bytes each, the server's name in the
/// signature, ten previous and four authorising events with ids of 44 bytes, hash, signature, depth, times and the
/// field names add up to 1,930 bytes.
pub const ENVELOPE: usize = 2_048;
/// Space reserved for taking power: muting some eighty people.
pub const RESERVE: usize = 4_096;

/// The power levels event cannot hold everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// Number of people with an entry, once the fitting changes are written.
    pub entries: usize,
    /// Number of people waiting for an entry.
    pub waiting: usize,
    /// Size of the event with all of them.
    pub bytes: usize,
}

/// The part of some changes that can be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budgeted {
    /// The fitting changes.
    pub changes: LevelChanges,
    /// The rest, if any.
    pub overflow: Option<Overflow>,
    /// Whether even a change that takes power has to wait, because nothing can make space for it.
    pub takes_wait: bool,
}

/// A changed entry.
struct Entry {
    user: OwnedUserId,
    change: Change,
    /// The new level.
    after: i64,
    /// Growth of the event in bytes.
    cost: i64,
}

/// Removes changes that do not fit into a power levels event.
///
/// Changes that take power come first. Those that give power follow from the highest level down, up to the reserve, and
/// never displace an entry. Only if changes that take power would not fit either are the lowest `yielding` entries
/// removed; the policy can give those again.
#[must_use]
pub fn within_budget(
    now: Option<&Map<String, Value>>,
    changes: LevelChanges,
    yielding: &BTreeMap<OwnedUserId, i64>,
) -> Budgeted {
    // Nearly every event is far below the limit.
    if bytes(&with_changes(now, &changes)) + ENVELOPE + RESERVE <= MOST_BYTES {
        return Budgeted { changes, ..Budgeted::default() };
    }
    let default_before = default_of(now);
    let default_after = match changes.keys.get("users_default") {
        Some(change) => change.to.unwrap_or(0),
        None => default_before,
    };
    let has = |user: &OwnedUserId| number(now?.get("users")?.get(user.as_str())?);
    let (mut shrinking, mut taking, mut giving) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (user, change) in changes.users {
        let before = has(&user);
        let after = change.to.unwrap_or(default_after);
        let cost = cost(&user, change.to) - cost(&user, before);
        let gives = after > before.unwrap_or(default_before);
        match (gives, cost) {
            (true, _) => giving.push(Entry { user, change, after, cost }),
            (false, ..=0) => _ = shrinking.insert(user, change),
            (false, _) => taking.push(Entry { user, change, after, cost }),
        }
    }
    let mut kept = LevelChanges { users: shrinking, events: changes.events, keys: changes.keys };
    let mut size = signed(bytes(&with_changes(now, &kept)) + ENVELOPE);
    let mut waiting: Vec<i64> = Vec::new();
    let mut takes_wait = false;

    let needed = size + taking.iter().map(|entry| entry.cost).sum::<i64>();
    let mut lacking = needed - signed(MOST_BYTES);
    for (user, level) in lowest_first(yielding, has, default_after) {
        if lacking <= 0 {
            break;
        }
        if kept.users.contains_key(&user) || taking.iter().chain(&giving).any(|entry| entry.user == user) {
            continue;
        }
        let gained = cost(&user, Some(level));
        (lacking, size) = (lacking - gained, size - gained);
        waiting.push(gained);
        kept.users.insert(user, Change { from: Some(level), to: None });
    }
    for entry in taking {
        if size + entry.cost <= signed(MOST_BYTES) {
            size += entry.cost;
            kept.users.insert(entry.user, entry.change);
        } else {
            takes_wait = true;
            waiting.push(entry.cost);
        }
    }
    giving.sort_by_key(|entry| Reverse(entry.after));
    let mut is_full = false;
    for entry in giving {
        let fits = entry.cost <= 0 || size + entry.cost <= signed(MOST_BYTES - RESERVE);
        // A shorter entry of a lower level must not take the space that a higher one waits for.
        is_full |= !fits;
        if is_full && entry.cost > 0 {
            waiting.push(entry.cost);
        } else {
            size += entry.cost;
            kept.users.insert(entry.user, entry.change);
        }
    }
    let overflow = (!waiting.is_empty()).then(|| {
        let content = with_changes(now, &kept);
        Overflow {
            entries: content.get("users").and_then(Value::as_object).map_or(0, Map::len),
            waiting: waiting.len(),
            bytes: usize::try_from(signed(bytes(&content) + ENVELOPE) + waiting.iter().sum::<i64>()).unwrap_or(0),
        }
    });
    Budgeted { changes: kept, overflow, takes_wait }
}

/// Only the changes that take power, for an event that turned out larger than calculated.
#[must_use]
pub fn takes_alone(now: Option<&Map<String, Value>>, changes: &LevelChanges) -> LevelChanges {
    let default = default_of(now);
    // With another default, it is unknown what an entry gives or takes.
    if changes.keys.contains_key("users_default") {
        return LevelChanges::default();
    }
    let has = |user: &OwnedUserId| number(now?.get("users")?.get(user.as_str())?);
    let mut alone = changes.clone();
    alone.users.retain(|user, change| change.to.unwrap_or(default) <= has(user).unwrap_or(default));
    alone
}

/// Entries that may be removed, lowest first.
fn lowest_first(
    yielding: &BTreeMap<OwnedUserId, i64>,
    has: impl Fn(&OwnedUserId) -> Option<i64>,
    default: i64,
) -> Vec<(OwnedUserId, i64)> {
    let mut entries: Vec<_> = yielding.keys().filter_map(|user| Some((user.clone(), has(user)?))).collect();
    entries.retain(|(_, level)| *level > default);
    entries.sort_by_key(|(_, level)| *level);
    entries
}

fn default_of(content: Option<&Map<String, Value>>) -> i64 {
    content.and_then(|content| number(content.get("users_default")?)).unwrap_or(0)
}

/// Bytes of `"@user:server":level,`; 0 without an entry.
fn cost(user: &OwnedUserId, level: Option<i64>) -> i64 {
    let quoted = |user: &OwnedUserId| serde_json::to_string(user.as_str()).map_or(0, |text| text.len());
    level.map_or(0, |level| signed(quoted(user) + level.to_string().len() + 2))
}

/// Size of the content as canonical JSON, which `serde_json` writes: without spaces and with minimal escaping.
fn bytes(content: &Map<String, Value>) -> usize {
    serde_json::to_string(content).map_or(0, |text| text.len())
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
