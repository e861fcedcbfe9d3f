//! Decides who may do what, for every surface.
//!
//! [`decide`] checks every place that an act reaches (a room; below a space every room; without a place every room and
//! outside rooms): the right, the asker's own level, and the rank of the person concerned. The act's [`GrantEffect`] on that
//! person's grants is computed here too, and its outcome is checked now and at each later expiry of a grant. So no
//! sequence of acts gives more than the asker held there or the policy gives, and nobody of the same rank loses more
//! than the asker gave.

mod act;
mod effect;
mod outcome;
mod refusal;
mod waiting;

use jiff::Timestamp;
use ruma_common::OwnedUserId;

pub use act::{Act, Whose};
pub use effect::GrantEffect;
pub use refusal::Refusal;
pub use waiting::WaitingGains;

use crate::directory::{Person, PersonId};
use crate::grant::Grant;
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::rights::Right;
use crate::standing::Standing;
use crate::world::World;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// An operator at the machine.
    Operator,
    /// The break-glass account, which may approve even when EquipeMed is away.
    BreakGlass,
    /// A person known to EquipeMed.
    Person(PersonId),
}

/// A request to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The act.
    pub act: Act,
    /// The person concerned, if any.
    pub person: Option<PersonId>,
    /// A room, or a space with everything below; None means everywhere and outside rooms.
    pub place: Option<RoomKey>,
    /// When it expires; None means never.
    pub until: Option<Timestamp>,
}

/// A permitted request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Effect on the grants of the person concerned.
    pub effect: GrantEffect,
    /// Whether only the asker's own grants are taken back: the person's rank has other sources, which stay.
    pub is_taken_back: bool,
}

impl Request {
    /// A request that concerns no person.
    #[must_use]
    pub fn at(act: Act, place: Option<&RoomKey>) -> Self {
        Self { act, person: None, place: place.cloned(), until: None }
    }
}

impl World<'_> {
    /// Requires a right in a place; the refusal says whether it is missing or held.
    fn must_hold(&self, by: &Person, right: Right, room: Option<&RoomKey>) -> Result<(), Refusal> {
        if self.powers(by, room).rights.contains(&right) {
            return Ok(());
        }
        let is_held = self.access.powers(by, room).rights.contains(&right);
        Err(if is_held { Refusal::GainHeld { right } } else { Refusal::Right { right, room: room.cloned() } })
    }

    fn is_protected(&self, person: PersonId) -> Option<&OwnedUserId> {
        let user = &self.bindings.get(&person)?.user;
        self.policy.users.protected.contains(user).then_some(user)
    }
}

/// Decides a request; returns its effect if permitted.
pub fn decide(asker: Asker, request: &Request, world: &World<'_>) -> Result<Allowed, Refusal> {
    let by = match asker {
        Asker::Operator => {
            if let Some(user) = request.person.and_then(|person| world.is_protected(person)) {
                return Err(Refusal::Protected { user: user.clone() });
            }
            let effect = request.person.map(|person| GrantEffect::of(request, person, world)).unwrap_or_default();
            return Ok(Allowed { effect, ..Allowed::default() });
        }
        Asker::BreakGlass if request.act == Act::Approve => return Ok(Allowed::default()),
        Asker::BreakGlass => {
            return Err(Refusal::Right { right: request.act.right(), room: request.place.clone() });
        }
        Asker::Person(id) => active(id, world)?,
    };
    if !request.act.is_about_people() {
        may_there(by, request, world)?;
        return Ok(Allowed::default());
    }
    let Some(id) = request.person else { return Err(Refusal::Unknown) };
    must_hold_rights(by, request, id, world)?;
    if by.id == id {
        return Err(Refusal::Own);
    }
    if let Some(user) = world.is_protected(id) {
        return Err(Refusal::Protected { user: user.clone() });
    }
    if request.act.is_of_account() || ends_lock(request, id, world) {
        return of_account(request, id, world);
    }
    outcome::of_rooms(by, request, id, world)
}

/// The asker, if active in EquipeMed.
fn active<'a>(id: PersonId, world: &World<'a>) -> Result<&'a Person, Refusal> {
    let person = world.directory.get(id).ok_or(Refusal::Unknown)?;
    match world.policy.users.standing.standing(person, world.now) {
        Some(Standing::Active) => Ok(person),
        _ => Err(Refusal::NotActive),
    }
}

/// A request without a person needs its right in exactly that place.
fn may_there(by: &Person, request: &Request, world: &World<'_>) -> Result<(), Refusal> {
    let room = request.place.as_ref();
    let right = match request.act {
        Act::Redact(Whose::Own) => return Ok(()),
        // The control room records what people with power did, so the right to redact messages does not suffice.
        Act::Redact(Whose::Others) if room.is_some_and(|room| room.as_str() == CONTROL_ROOM) => Right::Approve,
        act => act.right(),
    };
    world.must_hold(by, right, room)
}

/// Requires the rights for the act and for the grants it ends, in every place reached.
fn must_hold_rights(by: &Person, request: &Request, person: PersonId, world: &World<'_>) -> Result<(), Refusal> {
    let grants: Vec<&Grant> = world.access.grants(person).collect();
    let ended = GrantEffect::of(request, person, world).ends;
    let ended = grants.iter().filter(|grant| ended.contains(&grant.id));
    let rights: Vec<Right> = match request.act {
        // Letting somebody in needs the right to keep them out: `ban` for a ban, `kick` for a removal.
        Act::Unban | Act::End(_) => ended.map(|grant| act::right_for(grant.kind)).collect(),
        act => vec![act.right()],
    };
    let mut places: Vec<Option<&RoomKey>> = Vec::new();
    match &request.place {
        _ if request.act.is_of_account() || ends_lock(request, person, world) => places.push(None),
        // Checks the requested place first, because a refusal should name it.
        Some(place) => places
            .extend([Some(place)].into_iter().chain(world.reach(Some(place)).filter(|room| *room != place).map(Some))),
        None => places.extend([None].into_iter().chain(world.reach(None).map(Some))),
    }
    for room in places {
        if rights.is_empty() && world.must_hold(by, Right::Kick, room).is_err() {
            // There is nothing to lift, which only people with the right may learn.
            world.must_hold(by, Right::Ban, room)?;
        }
        for right in &rights {
            world.must_hold(by, *right, room)?;
        }
    }
    Ok(())
}

fn ends_lock(request: &Request, person: PersonId, world: &World<'_>) -> bool {
    let Act::End(id) = request.act else { return false };
    let mut grants = world.access.grants(person);
    grants.any(|grant| grant.id == id && Act::of_grant(grant.kind).is_of_account())
}

/// Protects people who may lock accounts or approve held parts themselves.
fn of_account(request: &Request, person: PersonId, world: &World<'_>) -> Result<Allowed, Refusal> {
    if let Some(touched) = world.directory.get(person) {
        let theirs = world.access.once_selected(touched).rights(None);
        if theirs.contains(&Right::Lock) || theirs.contains(&Right::Approve) {
            return Err(Refusal::Higher { person, room: None });
        }
    }
    Ok(Allowed { effect: GrantEffect::of(request, person, world), ..Allowed::default() })
}
