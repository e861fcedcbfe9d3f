//! The brakes: holds back the part of a plan that destroys or empowers too much at once.
//!
//! A held part is known by the digest of its atoms, short sentences that name
//! one effect each. A consent is given for a set of atoms: when the plan is
//! made again, the part goes through only if nothing was added to it.

mod split;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ruma_common::OwnedUserId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::action::Action;
use crate::binding::Origin;
use crate::cause::Cause;
use crate::desired::{AccountState, Desired};
use crate::directory::PersonId;
use crate::key::RoomKey;
use crate::observed::{Membership, Memory, Observed, Privilege, RoomSight};
use crate::plan::{Plan, Step, is_remade};
use crate::policy::Limits;

/// Why a part of a plan is held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum HeldReason {
    /// The directory shrank, or is empty: nothing at all is destroyed.
    DirectoryShrank { before: usize, now: usize },
    /// Too many people would be locked or deactivated within 24 hours.
    ManyLocked { people: usize, of: usize },
    /// Too many bound accounts are no longer on Synapse: a restored or another server.
    AccountsMissing { people: usize, of: usize },
    /// Too many people would be removed from a room within 24 hours.
    ManyRemoved { room: RoomKey, people: usize, of: usize },
    /// A room's rule suddenly matches nobody.
    RuleMatchesNobody { room: RoomKey },
    /// Too many people would gain administrator power within 24 hours.
    ManyGain { people: usize },
    /// Nobody would be left as administrator.
    LastAdministrator,
    /// Messages would be kept for a shorter time, which deletes the older ones.
    ShorterRetention { room: RoomKey },
    /// It was held before and nobody released it: that the rest of a mass change went through does not make it small.
    StillWaiting,
}

impl HeldReason {
    /// The reason without its numbers: parts of one kind are the same thing at different moments.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::DirectoryShrank { .. } => "directory_shrank".to_owned(),
            Self::ManyLocked { .. } => "many_locked".to_owned(),
            Self::AccountsMissing { .. } => "accounts_missing".to_owned(),
            Self::ManyRemoved { room, .. } => format!("many_removed {room}"),
            Self::RuleMatchesNobody { room } => format!("rule_matches_nobody {room}"),
            Self::ManyGain { .. } => "many_gain".to_owned(),
            Self::LastAdministrator => "last_administrator".to_owned(),
            Self::ShorterRetention { room } => format!("shorter_retention {room}"),
            Self::StillWaiting => "still_waiting".to_owned(),
        }
    }
}

impl fmt::Display for HeldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DirectoryShrank { before, now } => {
                write!(f, "EquipeMed had {before} people at the last read and has {now} now: nothing is destroyed")
            }
            Self::ManyLocked { people, of } => {
                write!(f, "{people} of {of} active people would be locked or deactivated within 24 hours")
            }
            Self::AccountsMissing { people, of } => {
                write!(f, "{people} of {of} accounts are no longer on Synapse and would be made again")
            }
            Self::ManyRemoved { room, people, of } => {
                write!(f, "{people} of {of} members would be removed from room {room} within 24 hours")
            }
            Self::RuleMatchesNobody { room } => write!(f, "the rule of room {room} suddenly matches nobody"),
            Self::ManyGain { people } => {
                write!(f, "{people} people would gain administrator power within 24 hours")
            }
            Self::LastAdministrator => write!(f, "no administrator would be left"),
            Self::ShorterRetention { room } => {
                write!(f, "messages in room {room} would be kept for a shorter time, older ones deleted")
            }
            Self::StillWaiting => write!(f, "held before, and nobody released it since"),
        }
    }
}

/// A part of a plan that waits for somebody's consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Digest of the atoms, eight hexadecimal digits.
    pub id: String,
    /// Why it is held.
    pub reason: HeldReason,
    /// What it would do, one effect each.
    pub atoms: BTreeSet<String>,
}

/// What review says of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What may be done.
    pub go: Plan,
    /// What is held, by reason.
    pub held: Vec<Held>,
}

/// What somebody consented to, or is asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// [`HeldReason::kind`] of the part.
    pub kind: String,
    /// Its effects.
    pub atoms: BTreeSet<String>,
}

impl Consent {
    /// The part of the present plan that this one has grown into: the same thing, and more than was looked at.
    #[must_use]
    pub fn outgrown_by<'h>(&self, held: &'h [Held]) -> Option<&'h Held> {
        held.iter().find(|part| {
            part.reason.kind() == self.kind
                && !part.atoms.is_disjoint(&self.atoms)
                && !part.atoms.is_subset(&self.atoms)
        })
    }
}

/// Everything review looks at beside the plan.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The hospital's limits.
    pub limits: &'a Limits,
    /// What should be.
    pub desired: &'a Desired,
    /// What is.
    pub observed: &'a Observed,
    /// What earlier passes did.
    pub memory: &'a Memory,
    /// How many people the directory has now.
    pub people: usize,
    /// Atoms that somebody consented to.
    pub consented: &'a BTreeSet<String>,
}

/// Splits a plan into what may be done and what is held.
#[must_use]
pub fn review(plan: Plan, with: Circumstances<'_>) -> Verdict {
    let effects = effects(&plan.steps, with);
    let masses = Masses::of(&effects, with);
    let mut parts: BTreeMap<HeldReason, BTreeSet<Effect>> = BTreeMap::new();
    for effect in effects {
        for reason in reasons(&effect, &masses, with) {
            parts.entry(reason).or_default().insert(effect.clone());
        }
    }
    let mut stopped: BTreeSet<Effect> = BTreeSet::new();
    let mut held = Vec::new();
    for (reason, effects) in parts {
        let atoms: BTreeSet<String> = effects.iter().map(Effect::atom).collect();
        if atoms.is_subset(with.consented) {
            continue;
        }
        held.push(Held { id: digest(&atoms), reason, atoms });
        stopped.extend(effects);
    }
    Verdict { go: split::without(plan, &stopped), held }
}

fn digest(atoms: &BTreeSet<String>) -> String {
    let mut hash = Sha256::new();
    for atom in atoms {
        hash.update(atom);
        hash.update([0]);
    }
    hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// One thing the brakes look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    /// An account is locked or deactivated.
    Lock { user: OwnedUserId, deactivate: bool },
    /// Somebody is removed from a room.
    Remove { room: RoomKey, user: OwnedUserId },
    /// Somebody gains power.
    Gain { person: PersonId, user: OwnedUserId, powers: BTreeSet<Privilege> },
    /// Somebody loses power.
    Lose { person: PersonId, user: OwnedUserId, powers: BTreeSet<Privilege> },
    /// An account is made or adopted on the word of a directory that shrank: a name may be free only because its owner
    /// is missing from the list.
    Settle { user: OwnedUserId },
    /// An account that was there is made again.
    Remake { user: OwnedUserId },
    /// Messages are kept for a shorter time.
    Shorten { room: RoomKey, seconds: u64 },
}

impl Effect {
    fn atom(&self) -> String {
        let words =
            |powers: &BTreeSet<Privilege>| powers.iter().map(|power| power.as_str()).collect::<Vec<_>>().join(", ");
        match self {
            Self::Lock { user, deactivate: false } => format!("lock {user}"),
            Self::Lock { user, deactivate: true } => format!("deactivate {user}"),
            Self::Remove { room, user } => format!("remove {user} from {room}"),
            Self::Gain { user, powers, .. } => format!("give {user}: {}", words(powers)),
            Self::Lose { user, powers, .. } => format!("take from {user}: {}", words(powers)),
            Self::Settle { user } => format!("make {user}"),
            Self::Remake { user } => format!("make {user} again"),
            Self::Shorten { room, seconds } => format!("keep messages of {room} for {seconds} s only"),
        }
    }
}

/// The effects of the steps that the policy, not a right holder, asks for. Gains count whoever asked.
fn effects(steps: &[Step], with: Circumstances<'_>) -> Vec<Effect> {
    let shrank = directory_shrank(with.limits, with.memory, with.people).is_some();
    let mut effects = Vec::new();
    for step in steps {
        let by_policy = step.cause == Cause::Policy;
        match &step.action {
            Action::LockAccount { user } if by_policy => {
                effects.push(Effect::Lock { user: user.clone(), deactivate: false });
            }
            Action::DeactivateAccount { user } if by_policy => {
                effects.push(Effect::Lock { user: user.clone(), deactivate: true });
            }
            Action::RemoveMember { room, user, .. } if by_policy => {
                effects.push(Effect::Remove { room: room.clone(), user: user.clone() });
            }
            Action::NotePrivileges { person, user, gained, lost } => {
                if !gained.is_empty() {
                    effects.push(Effect::Gain { person: *person, user: user.clone(), powers: gained.clone() });
                }
                if !lost.is_empty() {
                    effects.push(Effect::Lose { person: *person, user: user.clone(), powers: lost.clone() });
                }
            }
            Action::SetRetention { room, from, to } if from.is_none_or(|from| *to < from) => {
                // Without an event before, messages were kept for ever.
                effects.push(Effect::Shorten { room: room.clone(), seconds: to.as_secs() });
            }
            Action::CreateAccount { user, .. } | Action::AdoptAccount { user, .. } if shrank => {
                effects.push(Effect::Settle { user: user.clone() });
            }
            Action::CreateAccount { user, .. } if with.desired.accounts.get(user).is_some_and(is_remade) => {
                effects.push(Effect::Remake { user: user.clone() });
            }
            _ => {}
        }
    }
    effects.extend(room_gains(steps, with));
    effects
}

/// Level 100 given by a room's step to somebody whose gain was not noted yet: a pass over one room has no account
/// steps, and must not slip past the brake.
fn room_gains(steps: &[Step], with: Circumstances<'_>) -> Vec<Effect> {
    let noted: BTreeSet<&OwnedUserId> = steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::NotePrivileges { user, .. } => Some(user),
            _ => None,
        })
        .collect();
    let mut gains = BTreeMap::new();
    for user in steps.iter().flat_map(|step| split::raised_to_the_top(&step.action)) {
        let Some(account) = with.desired.accounts.get(user) else { continue };
        let known = with.memory.privileged.get(&account.person);
        if noted.contains(user) || known.is_some_and(|known| known.contains(&Privilege::Level100)) {
            continue;
        }
        let powers = BTreeSet::from([Privilege::Level100]);
        gains.insert(account.person, Effect::Gain { person: account.person, user: user.clone(), powers });
    }
    gains.into_values().collect()
}

/// What the effects come to together, with those of the last 24 hours.
struct Masses {
    locked: Option<HeldReason>,
    removed: BTreeMap<RoomKey, HeldReason>,
    gained: Option<HeldReason>,
    remade: Option<HeldReason>,
}

/// More accounts than that do not get lost by themselves: somebody has to look which server this is.
const REMAKE_MOST: usize = 5;

impl Masses {
    fn of(effects: &[Effect], with: Circumstances<'_>) -> Self {
        let mut locked = with.memory.locked_recently.clone();
        let mut gained = with.memory.gained_recently.clone();
        let mut removed: BTreeMap<&RoomKey, BTreeSet<&OwnedUserId>> = BTreeMap::new();
        let mut remade = 0;
        for effect in effects {
            match effect {
                Effect::Lock { user, .. } => _ = locked.insert(user.clone()),
                Effect::Gain { person, .. } => _ = gained.insert(*person),
                Effect::Remove { room, user } => _ = removed.entry(room).or_default().insert(user),
                Effect::Remake { .. } => remade += 1,
                Effect::Lose { .. } | Effect::Settle { .. } | Effect::Shorten { .. } => {}
            }
        }
        let removed = removed
            .into_iter()
            .filter_map(|(room, people)| Some((room.clone(), many_removed(room, people, with)?)))
            .collect();
        // The first pass makes the administrators that everything after it is measured by.
        let many_gain = with.memory.applied_before && gained.len() > with.limits.gain;
        let gained = many_gain.then_some(HeldReason::ManyGain { people: gained.len() });
        let of = with.desired.accounts.values().filter(|account| account.origin == Origin::Bound).count();
        let remade = (remade > REMAKE_MOST).then_some(HeldReason::AccountsMissing { people: remade, of });
        Self { locked: many_locked(&locked, with), removed, gained, remade }
    }
}

fn many_locked(people: &BTreeSet<OwnedUserId>, with: Circumstances<'_>) -> Option<HeldReason> {
    let active = with
        .desired
        .accounts
        .iter()
        .filter(|(user, account)| account.state == AccountState::Active && !people.contains(*user));
    let of = active.count() + people.len();
    let many = people.len() >= with.limits.lock_least && people.len() as f64 > of as f64 * with.limits.lock_share;
    many.then_some(HeldReason::ManyLocked { people: people.len(), of })
}

fn many_removed<'a>(
    room: &RoomKey,
    mut people: BTreeSet<&'a OwnedUserId>,
    with: Circumstances<'a>,
) -> Option<HeldReason> {
    if with.desired.rooms.get(room).is_some_and(|wanted| !wanted.matched) {
        return Some(HeldReason::RuleMatchesNobody { room: room.clone() });
    }
    let Some(RoomSight::Seen(seen)) = with.observed.rooms.get(room) else { return None };
    people.extend(with.memory.removed_recently.get(room).into_iter().flatten());
    // People who left or are banned are no members: counting them would make a removal look small.
    let present = |state: &Membership| matches!(state, Membership::Join | Membership::Invite);
    let mut members: BTreeSet<&OwnedUserId> = seen
        .members
        .iter()
        .filter(|(user, state)| present(state) && with.desired.accounts.contains_key(*user))
        .map(|(user, _)| user)
        .collect();
    members.extend(people.iter());
    let of = members.len();
    // Half is held, too: a rule that loses every second person is as suspicious as one that loses a few more.
    let many = people.len() >= with.limits.remove_least && people.len() as f64 >= of as f64 * with.limits.remove_share;
    many.then(|| HeldReason::ManyRemoved { room: room.clone(), people: people.len(), of })
}

fn reasons(effect: &Effect, masses: &Masses, with: Circumstances<'_>) -> Vec<HeldReason> {
    let mut reasons = Vec::new();
    if !matches!(effect, Effect::Gain { .. }) {
        reasons.extend(directory_shrank(with.limits, with.memory, with.people));
    }
    match effect {
        Effect::Lock { .. } => reasons.extend(masses.locked.clone()),
        Effect::Remove { room, .. } => reasons.extend(masses.removed.get(room).cloned()),
        Effect::Gain { .. } => reasons.extend(masses.gained.clone()),
        Effect::Remake { .. } => reasons.extend(masses.remade.clone()),
        Effect::Lose { .. } | Effect::Settle { .. } => {}
        Effect::Shorten { room, .. } => reasons.push(HeldReason::ShorterRetention { room: room.clone() }),
    }
    if matches!(effect, Effect::Lock { .. } | Effect::Lose { .. }) && last_administrator(effect, masses, with) {
        reasons.push(HeldReason::LastAdministrator);
    }
    if reasons.is_empty() && with.memory.waiting.contains(&effect.atom()) {
        reasons.push(HeldReason::StillWaiting);
    }
    reasons
}

/// Whether the directory is empty, or so much smaller than at the last read that nothing may be destroyed for it.
///
/// To be asked after every complete read, also when nothing is held: a read that shrank must not become the measure
/// of the next one.
#[must_use]
pub fn directory_shrank(limits: &Limits, memory: &Memory, people: usize) -> Option<HeldReason> {
    let before = memory.people_last_read.unwrap_or(0);
    let least = (before as f64) * (1.0 - limits.shrink_share);
    (people == 0 || (people as f64) < least).then_some(HeldReason::DirectoryShrank { before, now: people })
}

/// Whether the effect hits an administrator and, after the plan, nobody would be left who could release a held part.
fn last_administrator(effect: &Effect, masses: &Masses, with: Circumstances<'_>) -> bool {
    let is_administrator = |powers: &BTreeSet<Privilege>| powers.contains(&Privilege::Approve);
    let before = |person: PersonId| with.memory.privileged.get(&person).is_some_and(is_administrator);
    // A successor whose own gain is held cannot take over yet.
    let remains = |person: PersonId| before(person) || masses.gained.is_none();
    if with.desired.privileges.iter().any(|(person, powers)| is_administrator(powers) && remains(*person)) {
        return false;
    }
    match effect {
        Effect::Lock { user, .. } => with.desired.accounts.get(user).is_some_and(|account| before(account.person)),
        Effect::Lose { person, user, powers } => {
            // A lock that a right holder asked for is never held, so neither is what follows from it.
            let asked = with
                .desired
                .accounts
                .get(user)
                .is_some_and(|account| account.state != AccountState::Active && account.cause != Cause::Policy);
            is_administrator(powers) && before(*person) && !asked
        }
        _ => false,
    }
}
