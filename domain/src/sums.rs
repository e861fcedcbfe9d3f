//! What one person has done by command within a day: beyond the limits of the brakes somebody else has to agree.
//!
//! Reckoned from grants, single ones included, so that fifty people locked one by one are what fifty locked by one command
//! are. What EquipeMed asks for is counted elsewhere and never held back for this.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::grant::{Grant, GrantKind};
use crate::key::RoomKey;
use crate::levels::PEOPLE_MAX;
use crate::policy::Limits;
use crate::rights::Right;

/// How far back is counted, as for the brakes.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// From which level on somebody can moderate.
const POWER: i64 = 50;

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "sum")]
pub enum Sum {
    /// People locked or deactivated.
    Locked,
    /// People deactivated.
    Deactivated,
    /// People removed or banned from one room.
    Removed { room: RoomKey },
    /// People given level 100, or the right to approve or to promote.
    Entrusted,
    /// People given level 50 or more, or any right.
    Empowered,
    /// People from whom a level was taken, a voice among them.
    Lowered,
}

/// A sum that one person's word is not enough for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beyond {
    /// Of what.
    #[serde(flatten)]
    pub sum: Sum,
    /// How many it would be within a day.
    pub people: usize,
    /// How many one person may.
    pub limit: usize,
}

/// A grant of somebody's, or one that they ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The grant.
    pub grant: Grant,
    /// When it was ended, and by whom.
    pub ended: Option<(Timestamp, String)>,
}

/// What is asked for now.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// By whom, as grants name them.
    pub asker: &'a str,
    /// What is granted; None when only something is lifted.
    pub kind: Option<GrantKind>,
    /// For whom.
    pub people: BTreeSet<PersonId>,
    /// Who of them would stand lower than now.
    pub lowered: BTreeSet<PersonId>,
    /// The rooms that it reaches, if it is about rooms.
    pub rooms: &'a [RoomKey],
}

/// What the sums are measured by.
#[derive(Clone, Copy, Debug)]
pub struct Measure<'a> {
    /// The hospital's limits.
    pub limits: &'a Limits,
    /// How many people are managed and active.
    pub active: usize,
    /// Now.
    pub now: Timestamp,
}

/// The first sum that an order would go beyond. `members` says who belongs in a room, `covers` whether a place (everywhere
/// when absent) reaches one.
#[must_use]
pub fn beyond(
    order: &Order<'_>,
    past: &[Past],
    with: Measure<'_>,
    members: impl Fn(&RoomKey) -> BTreeSet<PersonId>,
    covers: impl Fn(Option<&RoomKey>, &RoomKey) -> bool,
) -> Option<Beyond> {
    let since = with.now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
    let own: Vec<&Past> =
        past.iter().filter(|past| past.grant.asker == order.asker && past.grant.created_at >= since).collect();
    // Who was locked and unlocked again counts for nothing; who was given power may have used it.
    let holds = |past: &&&Past| past.ended.is_none() && past.grant.expires_at.is_none_or(|end| end > with.now);
    let kinds = |is: fn(GrantKind) -> bool, net: bool| -> BTreeSet<PersonId> {
        let mut people: BTreeSet<PersonId> = own
            .iter()
            .filter(|past| is(past.grant.kind) && (!net || holds(past)))
            .map(|past| past.grant.person)
            .collect();
        if order.kind.is_some_and(is) {
            people.extend(&order.people);
        }
        people
    };
    let over = |sum: Sum, people: usize, limit: usize| (people > limit).then_some(Beyond { sum, people, limit });
    let limits = with.limits;
    let counts = |is: fn(GrantKind) -> bool| order.kind.is_some_and(is);
    if counts(locks) {
        let (locked, ended) = (kinds(locks, true).len(), kinds(deactivates, true).len());
        let ended = over(Sum::Deactivated, ended, limits.deactivate).filter(|_| counts(deactivates));
        let most = (with.active as f64 * limits.lock_share).floor() as usize;
        return ended.or_else(|| over(Sum::Locked, locked, most.max(limits.lock_least.saturating_sub(1))));
    }
    if counts(removes) {
        return order.rooms.iter().find_map(|room| {
            let mut people: BTreeSet<PersonId> = own
                .iter()
                .filter(|past| removes(past.grant.kind) && holds(past) && covers(past.grant.scope.as_ref(), room))
                .map(|past| past.grant.person)
                .collect();
            people.extend(&order.people);
            if people.len() < limits.remove_least {
                return None;
            }
            let members = members(room);
            // The half itself is too much, as for the brakes.
            let most = ((members.len() as f64 * limits.remove_share).ceil() as usize).saturating_sub(1);
            let most = most.max(limits.remove_least.saturating_sub(1));
            over(Sum::Removed { room: room.clone() }, people.intersection(&members).count(), most)
        });
    }
    if counts(empowers) {
        let entrusted = over(Sum::Entrusted, kinds(entrusts, false).len(), limits.gain).filter(|_| counts(entrusts));
        let given = entrusted.or_else(|| over(Sum::Empowered, kinds(empowers, false).len(), limits.gain_lesser));
        if given.is_some() {
            return given;
        }
    }
    if order.lowered.is_empty() {
        return None;
    }
    let mut lowered: BTreeSet<PersonId> =
        own.iter().filter(|past| lowers(past.grant.kind) && holds(past)).map(|past| past.grant.person).collect();
    let took = |past: &&Past| {
        let ended = past.ended.as_ref().is_some_and(|(at, by)| *at >= since && by == order.asker);
        ended && empowers(past.grant.kind)
    };
    lowered.extend(past.iter().filter(took).map(|past| past.grant.person));
    lowered.extend(&order.lowered);
    over(Sum::Lowered, lowered.len(), limits.lose)
}

fn locks(kind: GrantKind) -> bool {
    matches!(kind, GrantKind::Lock | GrantKind::Deactivate)
}

fn deactivates(kind: GrantKind) -> bool {
    kind == GrantKind::Deactivate
}

fn removes(kind: GrantKind) -> bool {
    matches!(kind, GrantKind::Kick | GrantKind::Ban)
}

fn empowers(kind: GrantKind) -> bool {
    kind.level().is_some_and(|level| level >= POWER) || !kind.rights().is_empty()
}

fn entrusts(kind: GrantKind) -> bool {
    let rights = kind.rights();
    let trusted = [Right::Approve, Right::Promote].iter().any(|right| rights.contains(right));
    trusted || kind.level().is_some_and(|level| level >= PEOPLE_MAX)
}

fn lowers(kind: GrantKind) -> bool {
    kind.level().is_some_and(|level| level < POWER)
}
