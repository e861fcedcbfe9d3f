//! Limits on commands of one person per day; beyond them somebody else has to agree.
//!
//! Grants are counted, including single ones, so that fifty single locks count like one command that locks fifty.
//! EquipeMed's own changes are counted elsewhere and never held because of this.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::directory::PersonId;
use crate::grant::{Grant, GrantKind};
use crate::key::RoomKey;
use crate::levels::PEOPLE_MAX;
use crate::policy::Limits;
use crate::rights::Right;

/// The period counted, as for the brakes.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// The lowest level that can moderate.
const POWER: i64 = 50;

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "sum")]
pub enum Sum {
    /// People locked or deactivated.
    Locked,
    /// People deactivated.
    Deactivated,
    /// People signed out.
    SignedOut,
    /// People removed or banned from one room.
    Removed { room: RoomKey },
    /// People given level 100 or the right to approve or promote.
    Entrusted,
    /// People given level 50 or more, or any right.
    Empowered,
    /// People whose level was lowered, including muted ones.
    Lowered,
}

/// A sum that needs somebody else's agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beyond {
    /// What is counted.
    #[serde(flatten)]
    pub sum: Sum,
    /// Number of people within a day, including this request.
    pub people: usize,
    /// Limit for one person.
    pub limit: usize,
}

/// A grant that somebody gave or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The grant.
    pub grant: Grant,
    /// When it was ended, and by whom.
    pub ended: Option<(Timestamp, String)>,
}

/// The present request.
#[derive(Clone, Debug)]
pub struct SumOrder<'a> {
    /// The asker, as named in grants.
    pub asker: &'a str,
    /// What is granted; None when something is only lifted.
    pub kind: Option<GrantKind>,
    /// The people concerned.
    pub people: BTreeSet<PersonId>,
    /// Those whose level would be lowered.
    pub lowered: BTreeSet<PersonId>,
    /// Those whom the asker signed out within the period, with those of this order; empty for other orders.
    pub signed_out: BTreeSet<PersonId>,
    /// The rooms reached, if it is about rooms.
    pub rooms: &'a [RoomKey],
}

/// What the limits depend on.
#[derive(Clone, Copy, Debug)]
pub struct SumContext<'a> {
    /// The hospital's limits.
    pub limits: &'a Limits,
    /// Number of managed active people.
    pub active: usize,
    /// The current time.
    pub now: Timestamp,
}

/// The first sum that an order exceeds. `members` returns the people who belong in a room, `covers` whether a place
/// (None is everywhere) includes it.
/// when absent) reaches one.
#[must_use]
pub fn beyond(
    order: &SumOrder<'_>,
    past: &[Past],
    with: SumContext<'_>,
    members: impl Fn(&RoomKey) -> BTreeSet<PersonId>,
    covers: impl Fn(Option<&RoomKey>, &RoomKey) -> bool,
) -> Option<Beyond> {
    let since = with.now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
    let own: Vec<&Past> =
        past.iter().filter(|past| past.grant.asker == order.asker && past.grant.created_at >= since).collect();
    // A lifted lock no longer counts, but given power may have been used.
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
    let most = (with.active as f64 * limits.lock_share).floor() as usize;
    let most = most.max(limits.lock_least.saturating_sub(1));
    if !order.signed_out.is_empty() {
        return over(Sum::SignedOut, order.signed_out.len(), most);
    }
    if counts(locks) {
        let (locked, ended) = (kinds(locks, true).len(), kinds(deactivates, true).len());
        let ended = over(Sum::Deactivated, ended, limits.deactivate).filter(|_| counts(deactivates));
        return ended.or_else(|| over(Sum::Locked, locked, most));
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
            // Exactly half is too many, as for the brakes.
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
