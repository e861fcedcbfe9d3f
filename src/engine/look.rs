//! Looks at everything, one person or one room: read, compare, plan, review. Nothing in it can change Synapse. A
//! preview does not write to the store either.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use equipemed_domain::binding::{Binding, Bindings, Noted};
use equipemed_domain::desired::{Desired, READS_UNTIL_VANISHED, Wishes, desired, external_id};
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::{During, Fault, Stage};
use equipemed_domain::finding::Finding;
use equipemed_domain::key::RoomKey;
use equipemed_domain::mode::Mode;
use equipemed_domain::observed::{Membership, Observed, ObservedAccounts, RoomSight};
use equipemed_domain::plan::{Plan, plan};
use equipemed_domain::policy::Policy;
use equipemed_domain::review::{Effect, HeldReason, Verdict, directory_shrank, review, still_due, was_done};
use equipemed_domain::scope::Scope;
use equipemed_domain::selection::Selection;
use equipemed_domain::stands::Looked;
use equipemed_domain::summary::Summary;
use equipemed_domain::wake::Wake;
use equipemed_domain::world::{Pass, World};
use ruma_common::OwnedUserId;
use tokio::sync::watch;

use super::account_changes::Judged;
use super::agreement::AccountSteps;
use super::consents::{Consents, Remaining, Rest};
use super::gather::{Known, gather, note_read};
use super::handles::Handles;
use super::left::{KnownBans, know_bans, leave_out};
use super::newborn::own_newborn;
use super::options::Options;
use super::people::People;
use super::progress::{Phase, Progress};
use super::report::Report;
use super::subjects::{Moment, Subjects};
use super::{account_changes, observe, verify};
use crate::store::{HeldPlan, Store};

/// Looks on behalf of passes.
#[derive(Debug)]
pub(super) struct Looks {
    pub(super) handles: Handles,
    pub(super) people: People,
    pub(super) subjects: Arc<Subjects>,
    pub(super) progress: watch::Sender<Progress>,
}

/// Both sides, with the desired state.
#[derive(Debug)]
pub(super) struct Seen {
    /// The target.
    pub(super) target: Wake,
    pub(super) policy: Arc<Policy>,
    pub(super) known: Known,
    pub(super) observed: Observed,
    pub(super) desired: Desired,
    /// People whose account differs from the note, which must not be updated yet.
    unjudged: BTreeSet<PersonId>,
    /// Whether `desired` was determined for the target alone.
    is_near: bool,
    pub(super) scope: Scope,
    pub(super) moment: Moment,
    pub(super) known_bans: KnownBans,
}

/// What was seen, and how it compares with what was planned and held.
pub(super) struct View {
    pub(super) seen: Seen,
    pub(super) consents: Consents,
    /// What is still due of earlier held parts.
    pub(super) remaining: Remaining,
    /// Steps planned for each account, before brakes and flags.
    pub(super) due: AccountSteps,
}

impl Looks {
    /// Reads both sides, compares them, plans and reviews.
    pub(super) async fn look(&self, target: &Wake, options: &Options) -> Result<(View, Verdict), Fault> {
        let seen = self.read(target, options).await?;
        let (view, mut verdict) = reviewed(seen, options)?;
        tracing::debug!(steps = verdict.go.steps.len(), held = verdict.held.len(), "Planned and reviewed");
        leave_out(&self.handles, &mut verdict.go, view.seen.known.now).await?;
        Ok((view, verdict))
    }

    /// Determines what a pass would do. Changes nothing, not even in the store.
    pub(super) async fn preview(&self, target: &Wake, options: &Options) -> Result<Report, Fault> {
        let (view, verdict) = self.look(target, &Options { dry_run: true, ..options.clone() }).await?;
        if *target == Wake::Everything {
            self.progress.send_replace(Progress { phase: Phase::Done, done: 0, total: 0 });
        }
        Ok(view.report(verdict, &options.selection))
    }

    /// Looks at one person in all rooms, to see whether requests are fulfilled. Changes nothing.
    pub(super) async fn person(&self, person: PersonId) -> Result<Sight, Fault> {
        let options = Options { dry_run: true, ..Options::default() };
        let (View { seen, .. }, _) = self.look(&Wake::Person(person), &options).await?;
        // If the bot was removed and the room then deleted, its last state may still be readable.
        let lost = |sight: &RoomSight| match sight {
            RoomSight::Absent | RoomSight::Several { .. } | RoomSight::Unreadable { .. } => None,
            RoomSight::Seen(room) => {
                (room.members.get(&seen.policy.bot) != Some(&Membership::Join)).then(|| room.room_id.clone())
            }
        };
        let lost: Vec<_> =
            seen.observed.rooms.iter().filter_map(|(key, sight)| Some((key.clone(), lost(sight)?))).collect();
        let is_gone = |sight: &RoomSight| matches!(sight, RoomSight::Unreadable { .. }) && sight.is_dead();
        let gone = seen.observed.rooms.iter().filter(|(_, sight)| is_gone(sight));
        let mut deleted: BTreeSet<RoomKey> = gone.map(|(key, _)| key.clone()).collect();
        if !lost.is_empty() {
            let all = self.handles.reader.rooms_list().await?;
            let there: BTreeSet<_> = all.into_iter().map(|room| room.room_id).collect();
            deleted.extend(lost.into_iter().filter(|(_, room_id)| !there.contains(room_id)).map(|(key, _)| key));
        }
        Ok(Sight { seen, deleted })
    }

    /// Reads both sides, and determines the desired state as narrowly as suffices to see a difference.
    async fn read(&self, target: &Wake, options: &Options) -> Result<Seen, Fault> {
        let Handles { reader, store, clock, .. } = &self.handles;
        let now = clock.now();
        let moment = self.subjects.moment();
        let policy = self.handles.policy().await?;
        tracing::debug!("Reading people");
        let directory = self.people.for_pass(target, options.dry_run).await?;
        let is_full = *target == Wake::Everything;
        if is_full {
            self.progress.send_replace(Progress { phase: Phase::Reading, done: 0, total: 0 });
        }
        if is_full && !options.dry_run && !options.is_again {
            note_read(store, &policy, &directory, now).await?;
        }
        let mut known = gather(store, &policy, directory, now).await?;
        known.rooms.extend(options.pretend.iter().map(|(key, room)| (key.clone(), room.room_id.clone())));
        tracing::debug!(people = known.directory.len(), "Reading accounts");
        let mut accounts = self.accounts(target, &policy, &known).await?;
        if !options.dry_run
            && self.handles.mode == Mode::Enforce
            && own_newborn(&self.handles, &known, &policy, &accounts).await?
        {
            known.bindings = store.bindings().await?;
        }
        let mut told = Vec::new();
        if is_full && options.verify {
            (known.bindings, told) = verify::everybody(&self.handles, &known.bindings, options.dry_run).await?;
        }
        // Held parts are judged against everything.
        let near = if known.held.is_empty() { target } else { &Wake::Everything };
        account_changes::settle(&self.handles, &policy, &mut known, options.dry_run).await?;
        let wanted = |known: &Known| desired(&known.world(&policy), &wishes(known, options), &accounts, near);
        let mut desired = wanted(&known);
        let hands = account_changes::Hands { handles: &self.handles, policy: &policy, accounts: &accounts, begun: now };
        let Judged { changed, unjudged } = hands.note(&mut known, &desired, options.dry_run).await?;
        if !changed.is_empty() {
            desired = wanted(&known);
        }
        desired.findings.extend(told);
        let (scope, mut keys) = extent(target, &policy, &known.bindings, &desired);
        accounts.email_holders = observe::email_holders(reader, &known, &desired, &scope, &accounts).await?;
        tracing::debug!(rooms = keys.len(), "Reading rooms");
        keys.retain(|key| options.pretend.as_ref().is_none_or(|(pretended, _)| pretended != key));
        let mut rooms = observe::rooms(&self.handles, &mut known, &keys, options.dry_run).await?;
        rooms.extend(options.pretend.clone().map(|(key, room)| (key, RoomSight::Seen(Box::new(room)))));
        let known_bans = know_bans(&self.handles, &mut rooms, now).await?;
        let is_unmanaged = |(key, _): &(&RoomKey, _)| !policy.rooms.contains_key(*key);
        let no_longer_managed = known.rooms.iter().filter(is_unmanaged);
        let no_longer_managed = no_longer_managed.map(|(key, room_id)| (key.clone(), room_id.clone())).collect();
        let room_versions = observe::room_versions(reader, &rooms).await?;
        let observed = Observed { accounts, rooms, no_longer_managed, room_versions };
        let is_near = *near != Wake::Everything;
        let target = target.clone();
        Ok(Seen { target, policy, known, observed, desired, unjudged, is_near, scope, moment, known_bans })
    }

    async fn accounts(&self, target: &Wake, policy: &Policy, known: &Known) -> Result<ObservedAccounts, Fault> {
        let reader = &self.handles.reader;
        let accounts = match target {
            Wake::Everything => observe::all_accounts(reader, policy, known).await,
            Wake::Room(_) => return Ok(ObservedAccounts::default()),
            Wake::Person(id) => {
                let person = known.directory.get(*id);
                let bound = known.bindings.get(id).map(|binding| binding.user.clone());
                // Nothing is looked up until the account's name is known.
                let unbound = person.filter(|_| bound.is_none());
                let candidate = bound
                    .or_else(|| unbound.and_then(|person| equipemed_domain::binding::candidate(person, policy).ok()));
                let Some(user) = candidate else { return Ok(ObservedAccounts::default()) };
                let external_id = unbound.and_then(|person| external_id(policy, person));
                observe::one_account(reader, &user, external_id.as_ref()).await
            }
        };
        accounts.during(Stage::ReadAccounts)
    }
}

/// What was seen of one person.
#[derive(Debug)]
pub struct Sight {
    seen: Seen,
    deleted: BTreeSet<RoomKey>,
}

impl Sight {
    /// Input for checking requests.
    #[must_use]
    pub fn looked(&self) -> Looked<'_> {
        let Seen { policy, desired, observed, .. } = &self.seen;
        Looked { bot: &policy.bot, desired, observed, deleted: &self.deleted }
    }
}

impl Seen {
    fn pass<'a>(&'a self, world: &'a World<'a>) -> Pass<'a> {
        let Self { observed, desired, scope, known, .. } = self;
        Pass { world, desired, observed, memory: &known.memory, scope }
    }
}

/// Plans and reviews what was seen.
fn reviewed(mut seen: Seen, options: &Options) -> Result<(View, Verdict), Fault> {
    let world = seen.known.world(&seen.policy);
    let mut planned = plan(seen.pass(&world));
    // The narrow view suffices to see that there is nothing to do. Otherwise, plan and judge with everything.
    if seen.is_near && !planned.is_empty() {
        let wishes = wishes(&seen.known, options);
        seen.desired = desired(&world, &wishes, &seen.observed.accounts, &Wake::Everything);
        planned = plan(seen.pass(&world));
    }
    let due = AccountSteps::of(planned.actions());
    let mut verdict = review(planned.clone(), seen.pass(&world), &seen.known.consented_effects());
    let remaining = left_of(&seen.known.held, &planned, seen.pass(&world));
    let before: BTreeSet<String> = seen.known.consented.keys().cloned().collect();
    let two = seen.policy.limits.two_consents;
    let consents = Consents::sort(&mut seen.known, &options.approve, &verdict.held, &remaining, two)?;
    if seen.known.consented.keys().ne(&before) {
        let world = seen.known.world(&seen.policy);
        verdict = review(planned, seen.pass(&world), &seen.known.consented_effects());
    }
    let Seen { policy, known, .. } = &seen;
    let shrank = directory_shrank(&policy.limits, &known.memory, known.directory.len());
    if let Some(HeldReason::DirectoryShrank { before, now }) = shrank {
        verdict.go.findings.push(Finding::DirectoryShrank { before, now });
    }
    Ok((View { seen, consents, remaining, due }, verdict))
}

/// What else determines the desired state. Locks that the operator releases with this pass wait no longer.
fn wishes<'a>(known: &'a Known, options: &Options) -> Wishes<'a> {
    Wishes {
        deactivate_gone_now: options.selection.deactivate_disabled,
        ended: &known.ended,
        held: known.memory.held_locks(&options.approve),
    }
}

/// What is left of all held parts.
fn left_of(held: &[HeldPlan], planned: &Plan, pass: Pass<'_>) -> Remaining {
    let rest = |effects: &BTreeSet<Effect>| {
        let due = still_due(effects, planned, pass);
        let is_done = due.is_empty() && effects.iter().all(|effect| was_done(effect, pass));
        Rest { due, is_done }
    };
    held.iter().map(|plan| (plan.held.id.clone(), rest(&plan.held.effects))).collect()
}

impl View {
    /// Stores how accounts were seen, if that is new. Passes that do not look at them rely on it.
    pub(super) async fn note_seen(&self, store: &Store) -> Result<(), Fault> {
        let accounts = &self.seen.observed.accounts;
        let is_seen = |user| accounts.is_complete || accounts.list.contains_key(user);
        let is_judged = |binding: &&Binding| !self.seen.unjudged.contains(&binding.person);
        let seen = self.seen.known.bindings.values().filter(|binding| is_seen(&binding.user)).filter(is_judged);
        let now: BTreeMap<PersonId, (&Noted, Noted)> = seen
            .map(|binding| (binding, accounts.list.get(&binding.user).map(Noted::of).unwrap_or_default()))
            .filter(|(binding, now)| binding.noted != *now)
            .map(|(binding, now)| (binding.person, (&binding.noted, now)))
            .collect();
        if !now.is_empty() {
            let seen = now.iter().map(|(person, (before, now))| (*person, [*before, now])).collect();
            store.note_accounts(&seen).await.during(Stage::NoteStates)?;
        }
        Ok(())
    }

    /// Stores the number of people that a full pass read, for the next comparison.
    pub(super) async fn note_size(&self, store: &Store, verdict: &Verdict) -> Result<(), Fault> {
        let Seen { policy, known, .. } = &self.seen;
        let people = known.directory.len();
        let shrank = directory_shrank(&policy.limits, &known.memory, people);
        // A directory that shrank suspiciously must not become the next read's baseline while anything is held for it,
        // or will be at the second read.
        let mut missing = known.bindings.values().filter(|binding| {
            known.directory.get(binding.person).is_none() && !known.directory.is_unclear(binding.person)
        });
        let is_measure = shrank.is_none_or(|reason| {
            verdict.held.iter().all(|held| held.reason != reason)
                && missing.all(|binding| binding.missing_reads >= READS_UNTIL_VANISHED)
        });
        if is_measure {
            store.remember_directory_size(people).await?;
        }
        Ok(())
    }

    /// What the pass is to do, after selection by flags.
    pub(super) fn report(&self, verdict: Verdict, selection: &Selection) -> Report {
        let plan = selection.of(verdict.go);
        let mut summary = Summary::of(&plan, &verdict.held);
        summary.outgrown = self.consents.outgrown.clone();
        summary.one_more = self.consents.one_more.clone();
        let next_change = self.seen.desired.next_change;
        let is_unclear = match &self.seen.target {
            Wake::Person(person) => {
                let bound = self.seen.known.bindings.get(person);
                bound.is_some_and(|binding| self.seen.desired.frozen.contains(&binding.user))
            }
            Wake::Everything | Wake::Room(_) => false,
        };
        let people = self.seen.known.directory.clone();
        Report { plan, summary, newly_held: Vec::new(), people, next_change, interrupted: None, is_unclear, left: 0 }
    }
}

/// The plan's scope, and the rooms to read for it.
fn extent(target: &Wake, policy: &Policy, bindings: &Bindings, wanted: &Desired) -> (Scope, BTreeSet<RoomKey>) {
    let rooms = &policy.rooms;
    match target {
        Wake::Everything => (Scope::Everything, rooms.keys().cloned().collect()),
        Wake::Person(id) => {
            let bound = bindings.get(id).map(|binding| binding.user.clone());
            let named = wanted.accounts.iter().find(|(_, account)| account.person == *id);
            let accounts: BTreeSet<OwnedUserId> =
                bound.or_else(|| named.map(|(user, _)| user.clone())).into_iter().collect();
            let keys: BTreeSet<RoomKey> = rooms.keys().cloned().collect();
            (Scope::Only { accounts, rooms: keys.clone() }, keys)
        }
        Wake::Room(key) => {
            // A space shows its children, so the children and the parent space are read, too.
            let mut keys = BTreeSet::from([key.clone()]);
            if let Some(room) = rooms.get(key) {
                keys.extend(room.parent.clone());
                let children = rooms.iter().filter(|(_, child)| child.parent.as_ref() == Some(key));
                keys.extend(children.map(|(child, _)| child.clone()));
            }
            (Scope::room(key), keys)
        }
    }
}
