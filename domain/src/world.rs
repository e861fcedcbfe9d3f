//! The world at one instant: people, policy, grants and bindings.
//!
//! Passes, decisions, explanations and name lookups use the same world, so that they cannot disagree.

use jiff::Timestamp;

use crate::access::{Access, PersonPowers};
use crate::authority::WaitingGains;
use crate::binding::Bindings;
use crate::desired::Desired;
use crate::directory::{Directory, Person};
use crate::find::Names;
use crate::grant::Grant;
use crate::key::RoomKey;
use crate::memory::Memory;
use crate::observed::Observed;
use crate::policy::Policy;
use crate::scope::Scope;

/// The world at one instant.
#[derive(Clone, Debug)]
pub struct World<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// EquipeMed's people.
    pub directory: &'a Directory,
    /// The bindings.
    pub bindings: &'a Bindings,
    /// All grants, including those not in force.
    pub grants: &'a [Grant],
    /// Levels, rights and the grants in force.
    pub access: Access<'a>,
    /// Power that the brakes hold.
    pub waiting: &'a WaitingGains,
    /// The instant.
    pub now: Timestamp,
}

static NOTHING_WAITS: WaitingGains = WaitingGains::none();

impl<'a> World<'a> {
    /// The world without held power.
    #[must_use]
    pub fn new(
        policy: &'a Policy,
        directory: &'a Directory,
        bindings: &'a Bindings,
        grants: &'a [Grant],
        now: Timestamp,
    ) -> Self {
        let access = Access::new(directory, policy, grants, now);
        Self { policy, directory, bindings, grants, access, waiting: &NOTHING_WAITS, now }
    }

    /// The same world with held power.
    #[must_use]
    pub fn without(self, waiting: &'a WaitingGains) -> Self {
        Self { waiting, ..self }
    }

    /// Looks up people and rooms by name.
    #[must_use]
    pub fn names(&self) -> Names<'a> {
        Names { directory: self.directory, bindings: self.bindings, policy: self.policy }
    }

    /// Rooms that a place reaches: a room with everything below it, or all.
    pub fn reach(&self, place: Option<&RoomKey>) -> impl Iterator<Item = &'a RoomKey> {
        self.policy.reach(place)
    }

    /// Powers that somebody may use in a room or everywhere, without held ones.
    #[must_use]
    pub fn powers(&self, person: &Person, room: Option<&RoomKey>) -> PersonPowers {
        self.waiting.without(self.access.powers(person, room), person.id, room, self.policy)
    }
}

/// Input of planning and review.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// The world.
    pub world: &'a World<'a>,
    /// The desired state.
    pub desired: &'a Desired,
    /// The observed state.
    pub observed: &'a Observed,
    /// Results of earlier passes.
    pub memory: &'a Memory,
    /// The scope of the pass.
    pub scope: &'a Scope,
}
