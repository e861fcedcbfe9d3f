//! How much of a room's level event is free: what takes power away is always written, what gives it waits its turn.
//!
//! Synapse refuses an event that is too large as a whole. Then nobody in that
//! room could lose a level any more, so that what gives stops early and leaves
//! the rest of the event to what takes.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ruma_common::OwnedUserId;
use serde_json::{Map, Value};

use crate::action::{Change, LevelChanges};
use crate::levels::{number, with_changes};

/// The most that Synapse takes of one event, in bytes of its canonical JSON (`MAX_PDU_SIZE` in `api/constants.py`; the
/// specification's limit as well). It counts the event as it is stored, with hashes and signatures.
pub const MOST_BYTES: usize = 65_536;
/// What stands around the content at most: room and sender of 255 bytes each, the server's name in the signature, ten
/// earlier events and four that authorise it with ids of 44 bytes, hash, signature, depth, times and the names of all of
/// these come to 1,930 bytes.
pub const ENVELOPE: usize = 2_048;
/// What gives power leaves free for what takes it: some eighty people who are muted.
pub const RESERVE: usize = 4_096;

/// A level event that cannot hold everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// How many people have an entry, after what fits was written.
    pub entries: usize,
    /// How many people wait for theirs.
    pub waiting: usize,
    /// How large the event would be with all of them.
    pub bytes: usize,
}

/// What can be written of some changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budgeted {
    /// What fits.
    pub changes: LevelChanges,
    /// What does not.
    pub overflow: Option<Overflow>,
    /// Whether even something that takes power away has to wait, because nothing else can make room for it.
    pub takes_wait: bool,
}

/// One entry that changes.
struct Entry {
    user: OwnedUserId,
    change: Change,
    /// Where the person stands then.
    after: i64,
    /// By how much the event grows.
    cost: i64,
}

/// Takes out of the changes to a level event what it has no room for.
///
/// What takes power away comes first. What gives it follows from the highest level down, as far as the reserve, and never
/// in the place of somebody who has an entry. Only where what takes would not fit either do the lowest of the `yielding`
/// entries go, which the policy can give again.
#[must_use]
pub fn within_budget(
    now: Option<&Map<String, Value>>,
    changes: LevelChanges,
    yielding: &BTreeMap<OwnedUserId, i64>,
) -> Budgeted {
    // Nearly every event is far from full.
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
        // A lower one that is shorter would keep the place that a higher one waits for.
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

/// Only what takes power away, for an event that turned out to be larger than was reckoned.
#[must_use]
pub fn takes_alone(now: Option<&Map<String, Value>>, changes: &LevelChanges) -> LevelChanges {
    let default = default_of(now);
    // With another default for everybody, what an entry gives or takes is not what it was.
    if changes.keys.contains_key("users_default") {
        return LevelChanges::default();
    }
    let has = |user: &OwnedUserId| number(now?.get("users")?.get(user.as_str())?);
    let mut alone = changes.clone();
    alone.users.retain(|user, change| change.to.unwrap_or(default) <= has(user).unwrap_or(default));
    alone
}

/// Entries that may go, the lowest first.
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

/// Bytes of `"@user:server":level,`; none for no entry.
fn cost(user: &OwnedUserId, level: Option<i64>) -> i64 {
    let quoted = |user: &OwnedUserId| serde_json::to_string(user.as_str()).map_or(0, |text| text.len());
    level.map_or(0, |level| signed(quoted(user) + level.to_string().len() + 2))
}

/// What the content takes as canonical JSON, which is what `serde_json` writes: no spaces, and only those characters
/// escaped that must be.
fn bytes(content: &Map<String, Value>) -> usize {
    serde_json::to_string(content).map_or(0, |text| text.len())
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
