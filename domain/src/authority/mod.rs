//! Who may: one answer for the control room, the command line and whatever asks later.
//!
//! [`decide`] asks in every place that an act reaches (a room, below a space every room, without a place every room and
//! outside them): the right, the asker's own level, and the rank of who is touched. What an act does to somebody's
//! grants ([`Effect`]) is worked out here, too, and held against what it leads to: now, and whenever one of the
//! person's grants ends by itself. So nobody ends with more than the asker held there or the policy gives, by whatever
//! sequence; and nobody who stands as high loses anything but what the asker gave.

mod act;
mod effect;
mod outcome;
mod refusal;
mod waiting;

use jiff::Timestamp;
use ruma_common::OwnedUserId;

pub use act::{Act, Whose};
pub use effect::Effect;
pub use refusal::Refusal;
pub use waiting::Waiting;

use crate::directory::{Person, PersonId};
use crate::grant::Grant;
use crate::key::{CONTROL_ROOM, RoomKey};
use crate::rights::Right;
use crate::standing::Standing;
use crate::world::World;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Whoever sits at the machine.
    Operator,
    /// The break-glass account: it may approve, also when EquipeMed is away.
    BreakGlass,
    /// Somebody EquipeMed knows.
    Person(PersonId),
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is to be done.
    pub act: Act,
    /// To whom, if it is done to somebody.
    pub person: Option<PersonId>,
    /// Where: a room, or a space with all below; everywhere and outside rooms when absent.
    pub place: Option<RoomKey>,
    /// Until when it is to hold; until it is ended when absent.
    pub until: Option<Timestamp>,
}

/// What may be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// What it does to the grants of who is touched.
    pub effect: Effect,
    /// Whether only what the asker gave is taken: the person stands as high by other things, which stay.
    pub is_taken_back: bool,
}

impl Request {
    /// Something that is done to nobody.
    #[must_use]
    pub fn at(act: Act, place: Option<&RoomKey>) -> Self {
        Self { act, person: None, place: place.cloned(), until: None }
    }
}

impl World<'_> {
    /// Whether somebody may use a right there; the refusal says whether it is missing or held back.
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

/// Whether somebody may, and what it does then.
pub fn decide(asker: Asker, request: &Request, world: &World<'_>) -> Result<Allowed, Refusal> {
    let by = match asker {
        Asker::Operator => {
            if let Some(user) = request.person.and_then(|person| world.is_protected(person)) {
                return Err(Refusal::Protected { user: user.clone() });
            }
            let effect = request.person.map(|person| Effect::of(request, person, world)).unwrap_or_default();
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

/// The asker, if EquipeMed knows them as active.
fn active<'a>(id: PersonId, world: &World<'a>) -> Result<&'a Person, Refusal> {
    let person = world.directory.get(id).ok_or(Refusal::Unknown)?;
    match world.policy.users.standing.standing(person, world.now) {
        Some(Standing::Active) => Ok(person),
        _ => Err(Refusal::NotActive),
    }
}

/// What is done to nobody needs its right in that very place.
fn may_there(by: &Person, request: &Request, world: &World<'_>) -> Result<(), Refusal> {
    let room = request.place.as_ref();
    let right = match request.act {
        Act::Redact(Whose::Own) => return Ok(()),
        // What was commanded and answered there is the record of what people with power did: a right to remove
        // messages is none to it.
        Act::Redact(Whose::Others) if room.is_some_and(|room| room.as_str() == CONTROL_ROOM) => Right::Approve,
        act => act.right(),
    };
    world.must_hold(by, right, room)
}

/// Whether the asker holds, in every place that is reached, the right to do this and to end what it ends.
fn must_hold_rights(by: &Person, request: &Request, person: PersonId, world: &World<'_>) -> Result<(), Refusal> {
    let grants: Vec<&Grant> = world.access.grants(person).collect();
    let ended = Effect::of(request, person, world).ends;
    let ended = grants.iter().filter(|grant| ended.contains(&grant.id));
    let rights: Vec<Right> = match request.act {
        // To let somebody in takes the right to keep them out: `ban` for a ban, `kick` for a removal.
        Act::Unban | Act::End(_) => ended.map(|grant| act::right_for(grant.kind)).collect(),
        act => vec![act.right()],
    };
    let mut places: Vec<Option<&RoomKey>> = Vec::new();
    match &request.place {
        _ if request.act.is_of_account() || ends_lock(request, person, world) => places.push(None),
        // The one that was named first: it is what the refusal is best about.
        Some(place) => places
            .extend([Some(place)].into_iter().chain(world.reach(Some(place)).filter(|room| *room != place).map(Some))),
        None => places.extend([None].into_iter().chain(world.reach(None).map(Some))),
    }
    for room in places {
        if rights.is_empty() && world.must_hold(by, Right::Kick, room).is_err() {
            // There is nothing to lift, which is not for everybody to know.
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

/// An account as a whole: nobody who may do the same, or release what is held.
fn of_account(request: &Request, person: PersonId, world: &World<'_>) -> Result<Allowed, Refusal> {
    if let Some(touched) = world.directory.get(person) {
        let theirs = world.access.rights(touched, None);
        if theirs.contains(&Right::Lock) || theirs.contains(&Right::Approve) {
            return Err(Refusal::Higher { person, room: None });
        }
    }
    Ok(Allowed { effect: Effect::of(request, person, world), ..Allowed::default() })
}
