//! Compares the outcome of an act in rooms with what the asker holds there, now and at each expiry of a grant.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::act::Act;
use super::effect::{GrantEffect, taken_back};
use super::{Allowed, Refusal, Request};
use crate::access::{Holder, PersonPowers};
use crate::directory::{Person, PersonId};
use crate::grant::{Grant, GrantId};
use crate::key::RoomKey;
use crate::world::World;

/// An act on one person.
struct Case<'a> {
    by: &'a Person,
    /// The asker's account as named in grants; empty without an account.
    giver: &'a str,
    touched: &'a Person,
    /// Roles and grants of the person concerned.
    holder: Holder<'a, 'a>,
    request: &'a Request,
    world: &'a World<'a>,
    grants: Vec<&'a Grant>,
}

/// Decides a request about rooms.
pub(super) fn of_rooms(by: &Person, request: &Request, id: PersonId, world: &World<'_>) -> Result<Allowed, Refusal> {
    let usual = GrantEffect::of(request, id, world);
    // There is nothing to compare with for a person unknown to EquipeMed.
    let Some(touched) = world.directory.get(id) else {
        within_own_level(by, request, world)?;
        return Ok(Allowed { effect: usual, ..Allowed::default() });
    };
    let giver = world.bindings.get(&by.id).map_or("", |binding| binding.user.as_str());
    let (holder, grants) = (world.access.once_selected(touched), world.access.grants(id).collect());
    let case = Case { by, giver, touched, holder, request, world, grants };
    within_own_level(by, request, world)?;
    let refusal = match case.check_rank().and_then(|()| case.check(&usual)) {
        Ok(()) => return Ok(Allowed { effect: usual, ..Allowed::default() }),
        Err(refusal) => refusal,
    };
    // The giver may take back, even if the person keeps the rank from other sources.
    if matches!(request.act, Act::Demote | Act::End(_)) && !giver.is_empty() {
        let back = taken_back(request, touched, giver, world);
        if !back.is_empty() && case.check(&back).is_ok() {
            return Ok(Allowed { effect: back, is_taken_back: true });
        }
    }
    Err(refusal)
}

/// Nobody may give a level above their own in any room reached, whoever receives it.
fn within_own_level(by: &Person, request: &Request, world: &World<'_>) -> Result<(), Refusal> {
    let (Act::Promote(_), Some(grant)) = (request.act, request.act.grant()) else { return Ok(()) };
    let level = grant.level().unwrap_or(0);
    let place = request.place.as_ref();
    for room in place.into_iter().chain(world.reach(place)).map(Some).chain(place.is_none().then_some(None)) {
        let own = world.powers(by, room);
        if room.is_some() && level > own.level {
            return Err(Refusal::Above { level, own: own.level, room: room.cloned() });
        }
        for right in grant.rights() {
            world.must_hold(by, right, room)?;
        }
    }
    Ok(())
}

impl<'a> Case<'a> {
    /// The person's powers at an instant with these grants.
    fn powers(&self, grants: &[&Grant], room: Option<&RoomKey>, at: Timestamp) -> PersonPowers {
        let holding: Vec<&Grant> = grants.iter().filter(|grant| grant.holds_at(at)).copied().collect();
        self.holder.powers_with(&holding, room)
    }

    /// Now and every later expiry of one of the person's grants.
    fn instants(&self) -> BTreeSet<Timestamp> {
        let ends = self.grants.iter().filter_map(|grant| grant.expires_at).chain(self.request.until);
        ends.filter(|end| *end > self.world.now).chain([self.world.now]).collect()
    }

    /// The person's grants without the levels that the asker gave.
    fn not_given(&self) -> Vec<&'a Grant> {
        let given = |grant: &&&Grant| grant.kind.level().is_some() && grant.asker == self.giver;
        self.grants.iter().filter(|grant| !given(grant)).copied().collect()
    }

    /// Whether these powers rank below the asker's. Outside rooms there are only rights: a person with any right there
    /// ranks below only if the asker has all of these and more.
    fn is_below(&self, theirs: &PersonPowers, room: Option<&RoomKey>) -> bool {
        let own = self.world.powers(self.by, room);
        match room {
            Some(_) => theirs.level < own.level,
            None => theirs.rights.is_empty() || (theirs.rights.is_subset(&own.rights) && theirs.rights != own.rights),
        }
    }

    /// Requires that the person ranks below the asker in every place reached. For acts about levels, what the asker
    /// gave does not count towards the person's rank.
    fn check_rank(&self) -> Result<(), Refusal> {
        let place = self.request.place.as_ref();
        let about_levels = matches!(self.request.act, Act::Promote(_) | Act::Demote | Act::Mute | Act::Unmute);
        let counted = if about_levels { self.not_given() } else { self.grants.clone() };
        let rooms = self.world.reach(place).map(Some).chain(place.is_none().then_some(None));
        for room in place.map(Some).into_iter().chain(rooms) {
            let now = self.powers(&self.grants, room, self.world.now);
            let otherwise = self.powers(&counted, room, self.world.now);
            let is_reached = self.is_below(&now, room) || (about_levels && self.is_below(&otherwise, room));
            if !is_reached {
                return Err(Refusal::Higher { person: self.touched.id, room: room.cloned() });
            }
        }
        Ok(())
    }

    /// Requires that the effect nowhere gives more than the asker holds or the policy gives, and takes from nobody of
    /// equal rank more than the asker gave.
    fn check(&self, effect: &GrantEffect) -> Result<(), Refusal> {
        let new = self.new_grant(effect);
        let mut after = effect.remaining(&self.grants);
        after.extend(&new);
        let not_given = self.not_given();
        for at in self.instants() {
            let rooms = self.world.policy.rooms.keys().map(Some).chain([None]);
            for room in rooms {
                let (before, then) = (self.powers(&self.grants, room, at), self.powers(&after, room, at));
                if before == then {
                    continue;
                }
                self.check_gain(&before, &then, room)?;
                let loses = then.level < before.level || !before.rights.is_subset(&then.rights);
                let left = self.powers(&not_given, room, at);
                let only_given = then.level >= left.level && left.rights.is_subset(&then.rights);
                if loses && !only_given && !self.is_below(&left, room) {
                    return Err(Refusal::Higher { person: self.touched.id, room: room.cloned() });
                }
            }
        }
        Ok(())
    }

    fn check_gain(&self, before: &PersonPowers, then: &PersonPowers, room: Option<&RoomKey>) -> Result<(), Refusal> {
        let own = self.world.powers(self.by, room);
        let policy = self.holder.powers_by_policy(room);
        if room.is_some() && then.level > before.level && then.level > own.level && then.level > policy.level {
            return Err(Refusal::Above { level: then.level, own: own.level, room: room.cloned() });
        }
        let mut gained = then.rights.difference(&before.rights);
        match gained.find(|right| !own.rights.contains(right) && !policy.rights.contains(right)) {
            Some(right) => Err(Refusal::Right { right: *right, room: room.cloned() }),
            None => Ok(()),
        }
    }

    /// The added grant, as the newest.
    fn new_grant(&self, effect: &GrantEffect) -> Option<Grant> {
        Some(Grant {
            id: GrantId(i64::MAX),
            person: self.touched.id,
            kind: effect.adds?,
            scope: self.request.place.clone(),
            asker: self.giver.to_owned(),
            reason: None,
            created_at: self.world.now,
            expires_at: self.request.until,
        })
    }
}
