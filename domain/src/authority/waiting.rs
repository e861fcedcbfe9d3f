//! Power that the brakes hold: its owner cannot use it yet in any way.

use crate::access::PersonPowers;
use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::levels::PEOPLE_MAX;
use crate::memory;
use crate::policy::Policy;
use crate::privilege::{LEVEL_LEAST, Might, Place, Privilege};
use crate::review::Effect;

/// Held gains of power, and people's power at the last applied pass.
#[derive(Clone, Debug, Default)]
pub struct WaitingGains {
    /// Held gains by person.
    pub gains: memory::Powers,
    /// Power noted before, by person.
    pub noted: memory::Powers,
}

impl WaitingGains {
    /// Without held gains.
    #[must_use]
    pub const fn none() -> Self {
        Self { gains: memory::Powers::new(), noted: memory::Powers::new() }
    }

    /// Collects the gains from held effects.
    #[must_use]
    pub fn new<'a>(held: impl IntoIterator<Item = &'a Effect>, noted: memory::Powers) -> Self {
        let mut gains = memory::Powers::new();
        for effect in held {
            if let Effect::Gain { person, powers, .. } = effect {
                gains.entry(*person).or_default().extend(powers.iter().cloned());
            }
        }
        Self { gains, noted }
    }

    /// Reduces somebody's powers in a place by the held gains. A held level counts as the rank below it, and only ranks
    /// are noted, so it becomes the lowest level of that rank.
    pub(crate) fn without(
        &self,
        mut powers: PersonPowers,
        person: PersonId,
        room: Option<&RoomKey>,
        policy: &Policy,
    ) -> PersonPowers {
        let Some(gains) = self.gains.get(&person) else { return powers };
        let noted = self.noted.get(&person);
        let place = Place::of_scope(room);
        let is_held = |might: Might| {
            let asked = Privilege::new(might, place.clone());
            let had = noted.is_some_and(|noted| noted.iter().any(|power| power.covers(&asked, policy)));
            !had && gains.iter().any(|gain| gain.covers(&asked, policy))
        };
        powers.rights.retain(|right| !is_held(Might::Right(*right)));
        if powers.level >= LEVEL_LEAST && is_held(Might::Level50) {
            powers.level = LEVEL_LEAST - 1;
        } else if powers.level >= PEOPLE_MAX && is_held(Might::Level100) {
            powers.level = LEVEL_LEAST;
        }
        powers
    }
}
