//! One picture of the world at an instant: whom EquipeMed has, what the hospital decided, what was asked beyond it, and
//! whose account is whose.
//!
//! Passes, decisions, explanations and the finding of names go by this one, so that they cannot disagree.

use jiff::Timestamp;

use crate::access::{Access, Powers};
use crate::authority::Waiting;
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

/// The picture.
#[derive(Clone, Debug)]
pub struct World<'a> {
    /// The hospital's decisions.
    pub policy: &'a Policy,
    /// EquipeMed's people.
    pub directory: &'a Directory,
    /// Whose account is whose.
    pub bindings: &'a Bindings,
    /// What was asked beyond the policy, also what does not hold now.
    pub grants: &'a [Grant],
    /// Levels, rights, and the grants that hold.
    pub access: Access<'a>,
    /// What the brakes hold back of that.
    pub waiting: &'a Waiting,
    /// The instant.
    pub now: Timestamp,
}

static NOTHING_WAITS: Waiting = Waiting::none();

impl<'a> World<'a> {
    /// The world, with nothing held back.
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

    /// The same where the brakes hold something back.
    #[must_use]
    pub fn without(self, waiting: &'a Waiting) -> Self {
        Self { waiting, ..self }
    }

    /// To find people and rooms by name.
    #[must_use]
    pub fn names(&self) -> Names<'a> {
        Names { directory: self.directory, bindings: self.bindings, policy: self.policy }
    }

    /// Rooms that a place reaches: the room with all below it, or all.
    pub fn reach(&self, place: Option<&RoomKey>) -> impl Iterator<Item = &'a RoomKey> {
        self.policy.reach(place)
    }

    /// What somebody may use in a room, or everywhere: without what the brakes hold back.
    #[must_use]
    pub fn powers(&self, person: &Person, room: Option<&RoomKey>) -> Powers {
        self.waiting.without(self.access.powers(person, room), person.id, room, self.policy)
    }
}

/// Everything a plan is made of, and judged by.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// The world.
    pub world: &'a World<'a>,
    /// What should be.
    pub desired: &'a Desired,
    /// What is.
    pub observed: &'a Observed,
    /// What earlier passes did.
    pub memory: &'a Memory,
    /// What is looked at.
    pub scope: &'a Scope,
}
