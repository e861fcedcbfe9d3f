//! Counts effects, together with those of the last 24 hours.
//!
//! Locks, removals and losses count net: people who are back do not count. Gains and joins count gross.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::OwnedUserId;

use super::{Effect, HeldReason};
use crate::binding::Origin;
use crate::desired::AccountState;
use crate::directory::PersonId;
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::observed::{Membership, ObservedRoom, RoomSight};
use crate::privilege::{Privilege, beyond};
use crate::world::Pass;

/// Masses that exceed a limit, with the reason to hold them.
pub(super) struct Masses {
    pub(super) locked: Option<HeldReason>,
    pub(super) deactivated: Option<HeldReason>,
    pub(super) removed: BTreeMap<RoomKey, HeldReason>,
    pub(super) joined: BTreeMap<RoomKey, HeldReason>,
    pub(super) gained: Option<HeldReason>,
    pub(super) gained_lesser: Option<HeldReason>,
    pub(super) lost: Option<HeldReason>,
    pub(super) remade: Option<HeldReason>,
    /// Releases, where nobody with an open account is selected any more.
    pub(super) released: Option<HeldReason>,
}

/// More accounts than this do not vanish by accident: somebody has to check which server this is.
const REMAKE_MOST: usize = 5;

/// People of one room, now and within the last 24 hours.
struct RoomMass<'a> {
    out: BTreeSet<&'a OwnedUserId>,
    into: BTreeSet<&'a OwnedUserId>,
}

impl Masses {
    /// `counted` is this pass's own effects and others that are due.
    pub(super) fn of(counted: &BTreeSet<Effect>, with: Pass<'_>) -> Self {
        let limits = &with.world.policy.limits;
        let closing = with.closed_recently();
        let mut locked = closing.clone();
        let mut deactivated = with.memory.deactivated_recently.clone();
        deactivated.retain(|user| closing.contains(user));
        let (mut gained, mut gained_lesser) = with.gained_recently();
        let mut lost = with.lost_recently();
        let went = [locked.len(), deactivated.len(), gained.len(), gained_lesser.len(), lost.len()];
        let mut rooms: BTreeMap<&RoomKey, RoomMass<'_>> = BTreeMap::new();
        let mut remade = 0;
        let empty = || RoomMass { out: BTreeSet::new(), into: BTreeSet::new() };
        for effect in counted {
            match effect {
                Effect::Lock { user } => _ = locked.insert(user.clone()),
                Effect::Deactivate { user } => {
                    locked.insert(user.clone());
                    deactivated.insert(user.clone());
                }
                Effect::Gain { person, powers, .. } => {
                    let high = powers.iter().any(|power| power.might.is_high());
                    if high {
                        gained.insert(*person)
                    } else {
                        gained_lesser.insert(*person)
                    };
                }
                Effect::Remake { .. } => remade += 1,
                Effect::Lose { person, .. } if !with.is_own_doing(effect) => _ = lost.insert(*person),
                Effect::Remove { room, user } if !with.is_taken_back(effect) => {
                    rooms.entry(room).or_insert_with(empty).out.insert(user);
                }
                Effect::Join { room, user } if !with.was_there(room, user) => {
                    rooms.entry(room).or_insert_with(empty).into.insert(user);
                }
                _ => {}
            }
        }
        let [went_locked, went_deactivated, went_gained, went_lesser, went_lost] = went;
        let many = |people: usize, limit: usize, reason: HeldReason| (people > limit).then_some(reason);
        // The first pass creates the administrators that later passes are compared with.
        let later = with.memory.applied_before;
        let (removed, joined) = of_rooms(rooms, with);
        let of = with.desired.accounts.values().filter(|account| account.origin == Origin::Bound).count();
        let mut accounts = with.desired.accounts.values();
        let is_anybody_left = accounts.any(|account| !account.released && account.state == AccountState::Active);
        Self {
            released: (!is_anybody_left).then(|| HeldReason::NobodySelected { people: with.world.bindings.len() }),
            locked: many_locked(&locked, went_locked, with),
            deactivated: many(
                deactivated.len(),
                limits.deactivate,
                HeldReason::ManyDeactivated { people: deactivated.len(), went: went_deactivated },
            ),
            removed,
            joined,
            gained: many(gained.len(), limits.gain, HeldReason::ManyGain { people: gained.len(), went: went_gained })
                .filter(|_| later),
            gained_lesser: many(
                gained_lesser.len(),
                limits.gain_lesser,
                HeldReason::ManyGainLesser { people: gained_lesser.len(), went: went_lesser },
            )
            .filter(|_| later),
            lost: many(lost.len(), limits.lose, HeldReason::ManyLose { people: lost.len(), went: went_lost }),
            remade: many(remade, REMAKE_MOST, HeldReason::AccountsMissing { people: remade, of }),
        }
    }
}

impl Pass<'_> {
    /// People who were locked within the last 24 hours and should not be open again.
    fn closed_recently(&self) -> BTreeSet<OwnedUserId> {
        let mut closed = self.memory.locked_recently.clone();
        closed.retain(|user| {
            let account = self.desired.accounts.get(user);
            account.is_none_or(|account| account.state != AccountState::Active)
        });
        closed
    }

    fn gained_recently(&self) -> (BTreeSet<PersonId>, BTreeSet<PersonId>) {
        let (high, lesser): (Vec<_>, Vec<_>) = self
            .memory
            .gained_recently
            .iter()
            .partition(|(_, powers)| powers.iter().any(|power| power.might.is_high()));
        let people = |found: Vec<(&PersonId, _)>| found.into_iter().map(|(person, _)| *person).collect();
        (people(high), people(lesser))
    }

    /// People who lost power within the last 24 hours, have not regained it and are active.
    fn lost_recently(&self) -> BTreeSet<PersonId> {
        let lost = &self.memory.lost_recently;
        if lost.is_empty() {
            return BTreeSet::new();
        }
        let active: BTreeSet<PersonId> = self
            .desired
            .accounts
            .values()
            .filter(|account| account.state == AccountState::Active)
            .map(|account| account.person)
            .collect();
        let empty = BTreeSet::new();
        let is_lost = |person: &PersonId, powers: &BTreeSet<Privilege>| {
            let now = self.desired.privileges.get(person).unwrap_or(&empty);
            active.contains(person) && !beyond(now, powers, self.world.policy).is_empty()
        };
        lost.iter().filter(|(person, powers)| is_lost(person, powers)).map(|(person, _)| *person).collect()
    }

    /// Whether a loss follows from the person's own lock or departure, or takes back a recent gain.
    pub(super) fn is_own_doing(&self, effect: &Effect) -> bool {
        let Effect::Lose { user, .. } = effect else { return false };
        let is_active = |state| state == AccountState::Active;
        self.desired.accounts.get(user).is_none_or(|account| !is_active(account.state)) || self.is_taken_back(effect)
    }

    /// Whether an effect only reverts a gain of the last 24 hours, which is never held.
    pub(super) fn is_taken_back(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Remove { room, user } => {
                self.memory.joined_recently.get(room).is_some_and(|joined| joined.contains(user))
            }
            Effect::Lose { person, powers, .. } => {
                let gained = self.memory.gained_recently.get(person);
                gained.is_some_and(|gained| powers.is_subset(gained))
            }
            _ => false,
        }
    }

    /// Whether joins to this room count: its rule was fulfilled once, and this is not the first pass. In the control
    /// room, the gain of power counts instead.
    pub(super) fn counts_joins(&self, room: &RoomKey) -> bool {
        let memory = self.memory;
        memory.applied_before && memory.fulfilled.contains(room) && room.as_str() != CONTROL_ROOM
    }

    /// Whether a removal or loss comes of a release alone, and not of a closed account.
    pub(super) fn is_release(&self, effect: &Effect) -> bool {
        let (Effect::Remove { user, .. } | Effect::Lose { user, .. }) = effect else { return false };
        let Some(account) = self.desired.accounts.get(user) else { return false };
        let is_closed = matches!(effect, Effect::Lose { .. }) && account.state != AccountState::Active;
        account.released && !is_closed
    }

    /// Whether somebody joining a room was a member until a removal within the last 24 hours.
    pub(super) fn was_there(&self, room: &RoomKey, user: &OwnedUserId) -> bool {
        let among = |people: Option<&BTreeSet<OwnedUserId>>| people.is_some_and(|people| people.contains(user));
        among(self.memory.removed_recently.get(room)) && !among(self.memory.joined_recently.get(room))
    }
}

fn many_locked(people: &BTreeSet<OwnedUserId>, went: usize, with: Pass<'_>) -> Option<HeldReason> {
    let limits = &with.world.policy.limits;
    if people.len() < limits.lock_least {
        return None;
    }
    let active = with
        .desired
        .accounts
        .iter()
        .filter(|(_, account)| account.state == AccountState::Active && !account.released)
        .filter(|(user, _)| !people.contains(*user));
    let of = active.count() + people.len();
    let many = people.len() as f64 > of as f64 * limits.lock_share;
    many.then_some(HeldReason::ManyLocked { people: people.len(), of, went })
}

type ByRoom = BTreeMap<RoomKey, HeldReason>;

fn of_rooms(rooms: BTreeMap<&RoomKey, RoomMass<'_>>, with: Pass<'_>) -> (ByRoom, ByRoom) {
    let (mut removed, mut joined) = (ByRoom::new(), ByRoom::new());
    for (room, mass) in rooms {
        let out = many_removed(room, &mass, with);
        let into = many_joined(room, &mass, with);
        match (out, into) {
            (
                Some(HeldReason::ManyRemoved { people: out, of, .. }),
                Some(HeldReason::ManyJoined { people: into, .. }),
            ) => {
                let both = HeldReason::Rotation { room: room.clone(), out, into, of };
                removed.insert(room.clone(), both.clone());
                joined.insert(room.clone(), both);
            }
            (out, into) => {
                removed.extend(out.map(|reason| (room.clone(), reason)));
                joined.extend(into.map(|reason| (room.clone(), reason)));
            }
        }
    }
    (removed, joined)
}

fn is_present(seen: &ObservedRoom, user: &OwnedUserId) -> bool {
    matches!(seen.members.get(user), Some(Membership::Join | Membership::Invite))
}

/// The members that shares refer to: including people who left or are banned would make a removal look small.
fn members<'a>(seen: &'a ObservedRoom, with: Pass<'a>) -> BTreeSet<&'a OwnedUserId> {
    seen.members.keys().filter(|user| is_present(seen, user) && with.desired.accounts.contains_key(*user)).collect()
}

fn recently(people: Option<&BTreeSet<OwnedUserId>>) -> impl Iterator<Item = &OwnedUserId> {
    people.into_iter().flatten()
}

fn many_removed(room: &RoomKey, mass: &RoomMass<'_>, with: Pass<'_>) -> Option<HeldReason> {
    if mass.out.is_empty() {
        return None;
    }
    if with.desired.rooms.get(room).is_some_and(|wanted| !wanted.matched) {
        return Some(HeldReason::RuleMatchesNobody { room: room.clone() });
    }
    let Some(RoomSight::Seen(seen)) = with.observed.rooms.get(room) else { return None };
    let before = recently(with.memory.removed_recently.get(room)).filter(|user| !is_present(seen, user));
    let before: BTreeSet<&OwnedUserId> = before.collect();
    let went = before.len();
    let people: BTreeSet<&OwnedUserId> = mass.out.iter().copied().chain(before).collect();
    let mut all = members(seen, with);
    all.extend(people.iter());
    let (people, of) = (people.len(), all.len());
    let limits = &with.world.policy.limits;
    // Exactly half is held too: a rule that loses every second person is suspicious.
    let many = people >= limits.remove_least && people as f64 >= of as f64 * limits.remove_share;
    many.then(|| HeldReason::ManyRemoved { room: room.clone(), people, of, went })
}

fn many_joined(room: &RoomKey, mass: &RoomMass<'_>, with: Pass<'_>) -> Option<HeldReason> {
    if mass.into.is_empty() {
        return None;
    }
    let Some(RoomSight::Seen(seen)) = with.observed.rooms.get(room) else { return None };
    let before: BTreeSet<&OwnedUserId> = recently(with.memory.joined_recently.get(room)).collect();
    let went = before.len();
    // The room before the window, so that recent joins do not make the share look small.
    let mut all = members(seen, with);
    all.extend(recently(with.memory.removed_recently.get(room)));
    all.retain(|user| !before.contains(user));
    let people: BTreeSet<&OwnedUserId> = mass.into.iter().copied().chain(before).collect();
    let (people, of) = (people.len(), all.len());
    let limits = &with.world.policy.limits;
    let many = people >= limits.join_least && people as f64 > of as f64 * limits.join_share;
    many.then(|| HeldReason::ManyJoined { room: room.clone(), people, of, went })
}
