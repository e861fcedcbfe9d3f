//! Held parts over time: random histories of suspensions, reversals, consents, waiting and restarts, with a store and
//! passes like the engine's, all in memory.
//!
//! In each history: everything due is done or reported, held parts are held for every pass, and the first pass that
//! looks at a single suspended person locks them.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::action::Action;
use equipemed_domain::desired::AccountState;
use equipemed_domain::key::RoomKey;
use equipemed_domain::observed::RoomSight;
use equipemed_domain::review::{Effect, Effects, HeldReason, OpenHold, Verdict, still_due};
use equipemed_domain::scope::Scope;
use jiff::{SignedDuration, Timestamp};
use ruma_common::OwnedUserId;

use crate::world::dice::Dice;
use crate::world::reader::Case;
use crate::world::{World, synapse, user_id};

const PEOPLE: usize = 25;
const DAY: SignedDuration = SignedDuration::from_hours(24);

#[derive(Clone, Debug)]
struct Hold {
    reason: HeldReason,
    effects: BTreeSet<Effect>,
    approved: bool,
    until: Timestamp,
}

/// What a pass looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wake {
    Everything,
    Person(usize),
    Room,
}

/// The service: a world, and the content of its store.
struct Service {
    world: World,
    holds: BTreeMap<String, Hold>,
    told: BTreeSet<String>,
    locks: Vec<(OwnedUserId, Timestamp)>,
    wakes: BTreeSet<Wake>,
}

fn account(index: usize) -> OwnedUserId {
    user_id(&format!("u{index:02}"))
}

impl Service {
    fn new() -> Self {
        let people: Vec<String> =
            (0..PEOPLE).map(|index| format!("{{id: {}, username: u{index:02}}}", index + 1)).collect();
        let names: Vec<String> = (0..PEOPLE).map(|index| format!("u{index:02}")).collect();
        let levels: Vec<String> = names.iter().map(|name| format!("{name}: 50")).collect();
        let text = format!(
            "{{about: A ward, policy: {{roles: {{lead: {{when: {{any: true}}, level: 50, rights: [kick]}}}}, \
             rooms: {{icu: {{members: {{any: true}}}}}}}}, people: [{}], \
             rooms: {{icu: {{members: [{}], levels: {{{}}}}}}}}}",
            people.join(", "),
            names.join(", "),
            levels.join(", ")
        );
        let case: Case = serde_yaml::from_str(&text).expect("a case");
        let (holds, told, wakes) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { world: case.read().0, holds, told, locks: Vec::new(), wakes }
    }

    /// What a pass of this scope sees, including the content of the store.
    fn seen(&self, scope: &Scope) -> World {
        let mut world = match scope {
            Scope::Everything => self.world.clone(),
            Scope::Only { .. } => self.world.narrowed(scope),
        };
        let since = world.now.checked_sub(DAY).expect("a day before");
        let recent = self.locks.iter().filter(|(_, at)| *at >= since);
        world.memory.locked_recently = recent.map(|(user, _)| user.clone()).collect();
        world.memory.open = self
            .holds
            .iter()
            .filter(|(_, hold)| !hold.approved)
            .map(|(id, hold)| OpenHold { id: id.clone(), reason: hold.reason.clone(), effects: hold.effects.clone() })
            .collect();
        let given = self.holds.values().filter(|hold| hold.approved && hold.until > world.now);
        world.consented = given.flat_map(|hold| &hold.effects).map(Effect::atom).collect();
        world
    }

    fn settle(&mut self, world: &World, scope: &Scope) {
        let plan = world.plan(scope);
        let ids: Vec<String> = self.holds.keys().cloned().collect();
        for id in ids {
            let Some(hold) = self.holds.get_mut(&id) else { continue };
            let rest = world.in_pass(scope, |with| still_due(&hold.effects, &plan, with));
            if rest.is_empty() {
                self.holds.remove(&id);
                self.told.remove(&id);
            } else {
                hold.effects = rest;
            }
        }
    }

    /// Applies what may be done, or only the first steps if the process is killed in between.
    fn carry_out(&mut self, mut verdict: Verdict, killed: Option<usize>) {
        verdict.go.steps.truncate(killed.unwrap_or(usize::MAX));
        for step in &verdict.go.steps {
            match &step.action {
                Action::LockAccount { user } => self.locks.push((user.clone(), self.world.now)),
                Action::UnlockAccount { user } => self.locks.retain(|(locked, _)| locked != user),
                _ => {}
            }
        }
        synapse::apply(&mut self.world, &verdict.go);
    }

    fn full(&mut self, killed: Option<usize>) {
        let world = self.seen(&Scope::Everything);
        let verdict = world.judged(&Scope::Everything);
        self.settle(&world, &Scope::Everything);
        for part in &verdict.held {
            let known: Option<Effects> = self.holds.get(&part.id).map(|hold| hold.effects.iter().collect());
            let lapsed = self.holds.get(&part.id).is_some_and(|hold| hold.until <= world.now);
            if known.is_none_or(|known| !known.cover_all(&part.effects)) || lapsed {
                let until = world.now.checked_add(DAY).expect("a day later");
                let hold = Hold { reason: part.reason.clone(), effects: part.effects.clone(), approved: false, until };
                self.holds.insert(part.id.clone(), hold);
            }
            self.told.insert(part.id.clone());
        }
        // A part that has grown is a different part now.
        let ids: BTreeSet<&String> = verdict.held.iter().map(|part| &part.id).collect();
        let grown = |id: &String, hold: &Hold| {
            let own: Effects = hold.effects.iter().collect();
            verdict.held.iter().any(|part| {
                part.id != *id
                    && part.reason.kind() == hold.reason.kind()
                    && part.effects.iter().any(|effect| own.part_of(effect).is_some())
            })
        };
        self.holds.retain(|id, hold| ids.contains(id) || !grown(id, hold));
        if killed.is_none() {
            let held: BTreeSet<String> = verdict.held.iter().map(|part| part.id.clone()).collect();
            self.holds.retain(|id, hold| !hold.approved || held.contains(id));
        }
        self.carry_out(verdict, killed);
    }

    fn narrow(&mut self, scope: &Scope, killed: Option<usize>) {
        let world = self.seen(scope);
        let verdict = world.judged(scope);
        self.settle(&world, scope);
        let told: Effects = world.memory.open.iter().flat_map(|hold| &hold.effects).collect();
        if !told.cover_all(verdict.held.iter().flat_map(|part| &part.effects)) {
            self.wakes.insert(Wake::Everything);
        }
        self.carry_out(verdict, killed);
    }

    fn look(&mut self, wake: &Wake, killed: Option<usize>) {
        match wake {
            Wake::Everything => self.full(killed),
            Wake::Person(index) => {
                self.narrow(&Scope::account(&account(*index)), killed);
                self.wakes.insert(Wake::Room);
            }
            Wake::Room => self.narrow(&Scope::room(&RoomKey::new("icu")), killed),
        }
    }

    /// Runs passes until no wake-ups are left, in any order; some passes are killed and begun again.
    fn drain(&mut self, dice: &mut Dice) {
        while !self.wakes.is_empty() {
            let at = dice.below(self.wakes.len());
            let wake = self.wakes.iter().nth(at).expect("one of them").clone();
            if dice.chance(10) {
                self.look(&wake, Some(dice.below(3)));
                self.wakes.insert(wake);
                continue;
            }
            self.wakes.remove(&wake);
            self.look(&wake, None);
        }
    }

    fn set_status(&mut self, index: usize, status: &str) {
        self.world.people[index].account_status = status.to_owned();
        self.wakes.insert(Wake::Person(index));
    }

    fn is_suspended(&self, index: usize) -> bool {
        self.world.people[index].account_status == "suspended"
    }

    fn is_locked(&self, user: &OwnedUserId) -> bool {
        self.world.observed.accounts.list.get(user).is_some_and(|account| account.state() != AccountState::Active)
    }

    fn is_held(&self, user: &OwnedUserId) -> bool {
        let lock = Effect::Lock { user: user.clone() };
        self.holds.iter().any(|(id, hold)| hold.effects.contains(&lock) && self.told.contains(id))
    }

    /// Everything due is done or reported, nothing held is half done, and nothing obsolete is held.
    fn check(&self, when: &str) {
        let Some(RoomSight::Seen(icu)) = self.world.observed.rooms.get(&RoomKey::new("icu")) else { panic!("no room") };
        for index in 0..PEOPLE {
            let user = account(index);
            let (suspended, locked, held) = (self.is_suspended(index), self.is_locked(&user), self.is_held(&user));
            assert!(!suspended || locked || held, "{when}: {user} is neither locked nor held and told");
            assert!(suspended || !held, "{when}: {user} is active and a dead hold carries the name");
            assert!(suspended || !locked, "{when}: {user} is active and locked");
            let keeps = !locked;
            assert_eq!(icu.user_entry(&user), keeps.then_some(50), "{when}: the level of {user} goes with the lock");
        }
    }
}

#[test]
fn a_single_lock_is_done_at_once_after_any_history() {
    for seed in 0..200 {
        let mut dice = Dice::new(seed);
        let mut service = Service::new();
        let mut history = Vec::new();
        for _ in 0..3 + dice.below(8) {
            match dice.below(7) {
                0 | 1 => {
                    let count = 1 + dice.below(7);
                    let first = dice.below(PEOPLE);
                    history.push(format!("{count} suspended"));
                    (0..count).for_each(|more| service.set_status((first + more) % PEOPLE, "suspended"));
                }
                2 => {
                    history.push("some put back".to_owned());
                    for index in 0..PEOPLE {
                        if service.is_suspended(index) && dice.chance(60) {
                            service.set_status(index, "active");
                        }
                    }
                }
                3 => {
                    let hours = 1 + dice.below(30);
                    history.push(format!("{hours} h"));
                    let span = SignedDuration::from_hours(i64::try_from(hours).expect("hours"));
                    service.world.now = service.world.now.checked_add(span).expect("later");
                    service.world.memory.now = service.world.now;
                    service.wakes.insert(Wake::Everything);
                }
                4 => {
                    let open: Vec<String> = service.holds.keys().cloned().collect();
                    if !open.is_empty() {
                        let id = dice.pick(&open);
                        history.push("released".to_owned());
                        let now = service.world.now;
                        let hold = service.holds.get_mut(&id).expect("a hold");
                        hold.approved = hold.until > now;
                        service.wakes.insert(Wake::Everything);
                    }
                }
                5 => {
                    history.push("restarted".to_owned());
                    service.wakes.insert(Wake::Everything);
                }
                _ => service.wakes.extend([Wake::Room, Wake::Everything]),
            }
            // Some changes come before the previous one was handled.
            if dice.chance(80) {
                service.drain(&mut dice);
                service.check(&format!("seed {seed} after {history:?}"));
            }
        }
        service.drain(&mut dice);
        service.check(&format!("seed {seed} at the end of {history:?}"));
        // If nothing is held and the sum is below the limit, the first pass that looks at the person locks.
        let since = service.world.now.checked_sub(DAY).expect("a day before");
        let sum = service.locks.iter().filter(|(_, at)| *at >= since).count();
        let whom = (0..PEOPLE).find(|index| !service.is_suspended(*index));
        if let Some(index) = whom.filter(|_| service.holds.is_empty() && sum < 4) {
            service.set_status(index, "suspended");
            service.look(&Wake::Person(index), None);
            assert!(service.is_locked(&account(index)), "seed {seed}: not at once after {history:?}");
        }
    }
}

#[test]
fn what_is_held_is_told_and_ends_with_its_cause() {
    let mut dice = Dice::new(1);
    let mut service = Service::new();
    (0..6).for_each(|index| service.set_status(index, "suspended"));
    service.drain(&mut dice);
    assert_eq!(service.locks.len(), 0, "what arrives together is judged together");
    let id = service.holds.keys().next().expect("a hold").clone();

    // A part that shrinks keeps its id, and stays held although it is small by now.
    (0..4).for_each(|index| service.set_status(index, "active"));
    service.drain(&mut dice);
    assert_eq!(service.holds.keys().collect::<Vec<_>>(), [&id]);
    assert_eq!((service.holds[&id].effects.len(), service.locks.len()), (2, 0));

    // When the cause is gone, so is the held part; the same person later is another cause.
    (4..6).for_each(|index| service.set_status(index, "active"));
    service.drain(&mut dice);
    assert!(service.holds.is_empty());
    service.set_status(5, "suspended");
    service.look(&Wake::Person(5), None);
    assert!(service.is_locked(&account(5)));
}

#[test]
fn what_went_before_a_hold_is_told_with_it() {
    let mut dice = Dice::new(2);
    let mut service = Service::new();
    (0..4).for_each(|index| service.set_status(index, "suspended"));
    service.drain(&mut dice);
    assert_eq!((service.locks.len(), service.holds.len()), (4, 0));
    (4..6).for_each(|index| service.set_status(index, "suspended"));
    service.drain(&mut dice);
    let hold = service.holds.values().next().expect("a hold");
    assert_eq!((hold.effects.len(), hold.reason.went()), (2, 4));
}
