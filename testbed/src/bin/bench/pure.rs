//! Measures the pure part of a pass without a Synapse: desired state, plan and brakes of a large hospital that agrees.
//!
//! Runs in this process. A service that plans for seconds cannot answer meanwhile, and its largest pass determines its
//! memory.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use equipemed_domain::desired::{Desired, Wishes, desired};
use equipemed_domain::directory::PersonId;
use equipemed_domain::key::RoomKey;
use equipemed_domain::memory::Memory;
use equipemed_domain::observed::{Observed, ObservedAccounts, RoomSight};
use equipemed_domain::plan::plan;
use equipemed_domain::review::{Effects, review};
use equipemed_domain::scope::Scope;
use equipemed_domain::wake::Wake;
use equipemed_domain::world::{Pass, World};

use crate::arguments::Arguments;
use crate::bot;
use crate::hospital::Hospital;
use crate::report::{Report, Row, Table, median};

const FULL_SECONDS: f64 = 0.5;
const FULL_MB: f64 = 150.0;
const PERSON_MS: f64 = 5.0;

/// Measures a full pass and passes over one person and one room.
pub(crate) fn pure(arguments: &Arguments, report: &mut Report) -> anyhow::Result<Vec<Table>> {
    let (people, rooms) = (arguments.people(10_000, 300), arguments.size(500, 30));
    let rounds = arguments.rounds.unwrap_or(20);
    let hospital = Hospital::new(people, rooms)?;
    let mut seen = Seen { observed: Observed::default(), memory: Memory::default() };
    let wanted = hospital.desired(&seen, &Wake::Everything);
    seen.look(&hospital, &wanted)?;
    drop(wanted);
    let memberships: usize = seen.observed.rooms.values().map(members).sum();
    // Excludes the memory used to create the hospital.
    std::fs::write("/proc/self/clear_refs", "5").context("cannot forget the highest memory so far")?;
    let full = hospital.times(&seen, &Wake::Everything, &Scope::Everything, rounds)?;
    let memory = bot::Memory::of(std::process::id())?;
    let megabytes = |bytes: u64| Some(bytes as f64 / 1_000_000.0);
    let full =
        Row { rss_mb: megabytes(memory.resident), peak_mb: megabytes(memory.peak), ..Row::times("everything", &full) };
    let [person, room] = hospital.narrow(&mut seen, rounds)?;
    let seconds = full.median_ms.unwrap_or(f64::NAN) / 1000.0;
    report.target("a full plan of a hospital that agrees, seconds", seconds, FULL_SECONDS);
    report.target("its memory with all that is planned by, MB", full.peak_mb.unwrap_or(f64::NAN), FULL_MB);
    report.target("a plan for one person, ms", median(person.iter().copied()), PERSON_MS);
    let rows = vec![full, Row::times("one person", &person), Row::times("one room", &room)];
    let title = format!("The pure part of a pass, {people} people, {rooms} rooms, {memberships} memberships");
    Ok(vec![Table { title, rows, notes: vec!["nothing to do in any of them".to_owned()] }])
}

fn members(sight: &RoomSight) -> usize {
    match sight {
        RoomSight::Seen(room) => room.members.len(),
        _ => 0,
    }
}

/// Synapse's state, and what the store remembers.
struct Seen {
    observed: Observed,
    memory: Memory,
}

impl Seen {
    /// Sets everything to the desired state.
    fn look(&mut self, hospital: &Hospital, wanted: &Desired) -> anyhow::Result<()> {
        self.observed.accounts.list = hospital.accounts();
        self.observed.accounts.is_complete = true;
        for key in hospital.policy.rooms.keys() {
            let room = hospital.room(key, wanted)?;
            self.observed.rooms.insert(key.clone(), RoomSight::Seen(Box::new(room)));
        }
        self.memory = Memory {
            applied_before: true,
            people_last_read: Some(hospital.directory.len()),
            privileged: wanted.privileges.clone(),
            fulfilled: hospital.policy.rooms.keys().cloned().collect(),
            now: hospital.now,
            ..Memory::default()
        };
        for (user, account) in &wanted.accounts {
            let is_admin = account.server_admin == Some(true);
            if let Some(seen) = self.observed.accounts.list.get_mut(user) {
                seen.admin = is_admin;
            }
        }
        Ok(())
    }
}

impl Hospital {
    fn world(&self) -> World<'_> {
        World::new(&self.policy, &self.directory, &self.bindings, &self.grants, self.now)
    }

    fn desired(&self, seen: &Seen, target: &Wake) -> Desired {
        desired(&self.world(), &Wishes::default(), &seen.observed.accounts, target)
    }

    /// Milliseconds of the pure part of this many passes.
    fn times(&self, seen: &Seen, target: &Wake, scope: &Scope, rounds: usize) -> anyhow::Result<Vec<f64>> {
        let mut times = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            let start = Instant::now();
            let wanted = self.desired(seen, target);
            let (world, observed, memory) = (self.world(), &seen.observed, &seen.memory);
            let pass = Pass { world: &world, desired: &wanted, observed, memory, scope };
            let verdict = review(plan(pass), pass, &Effects::default());
            drop(wanted);
            times.push(start.elapsed().as_secs_f64() * 1000.0);
            let is_agreed = verdict.go.is_empty() && verdict.held.is_empty();
            ensure!(is_agreed, "it does not agree: {:?}", verdict.go.actions().next().map(|action| action.kind()));
            ensure!(verdict.go.findings.is_empty(), "something is to be told: {:?}", verdict.go.findings.first());
        }
        Ok(times)
    }

    /// The same for one person, with all rooms, and for one room.
    fn narrow(&self, seen: &mut Seen, rounds: usize) -> anyhow::Result<[Vec<f64>; 2]> {
        let somebody = PersonId(self.directory.len() as i64 / 2);
        let user = self.bindings.get(&somebody).context("nobody is in the middle")?.user.clone();
        seen.observed.accounts.is_complete = false;
        seen.observed.accounts.list.retain(|other, _| *other == user);
        let rooms: BTreeSet<RoomKey> = self.policy.rooms.keys().cloned().collect();
        let of_person = Scope::Only { accounts: BTreeSet::from([user]), rooms };
        let person = self.times(seen, &Wake::Person(somebody), &of_person, rounds)?;
        seen.observed.accounts = ObservedAccounts::default();
        let ward = self.policy.rooms.keys().nth(self.policy.rooms.len() / 2).context("there is no room")?;
        let room = self.times(seen, &Wake::Room(ward.clone()), &Scope::room(ward), rounds)?;
        Ok([person, room])
    }
}
