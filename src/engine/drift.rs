//! Changes by hand in managed rooms: who made them, whether they count, and when to stop reverting them.
//!
//! The room's ordinary pass does the reverting: a change by hand is one more difference. This module only notes who
//! made it, to announce it once and to notice two sides that undo each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use equipemed_domain::announcement::Announcement;
use equipemed_domain::authority::{Act, Allowed, Asker, Refusal, Request, decide};
use equipemed_domain::command::Rank;
use equipemed_domain::directory::PersonId;
use equipemed_domain::drift::{Drift, changed_by, put_back_by};
use equipemed_domain::event::{Content, Event, MembershipState};
use equipemed_domain::fault::Fault;
use equipemed_domain::grant::{GrantId, GrantKind};
use equipemed_domain::key::RoomKey;
use equipemed_domain::mode::OnDrift;
use equipemed_domain::observed::{BanByHand, RoomSight};
use equipemed_domain::outcome::Outcome;
use equipemed_domain::rights::Right;
use equipemed_domain::wake::Wake;
use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedRoomId, UserId};
use serde_json::{Map, Value};

use super::Scene;
use super::handles::Handles;
use super::left::{FIGHT_REST, FIGHT_WINDOW, fighters, is_fight};
use super::people::People;
use super::wakes::Waited;
use crate::store::{AuditFilter, DriftRecord, DriftState, NewGrant, Store, StoreError};

/// How long a kick by hand keeps somebody out; the same as by command.
const KICK_LASTS: SignedDuration = SignedDuration::from_hours(24);
/// How much Synapse's clock may differ from this one.
const SLACK: SignedDuration = SignedDuration::from_secs(5);
/// How long to wait for the pass before announcing its result.
const PASS_WITHIN: Duration = Duration::from_secs(60);

/// How long ago EquipeMed's present rights are assumed to have been the same.
const RIGHTS_ARE_THE_SAME: SignedDuration = SignedDuration::from_mins(10);

/// What becomes of a change by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It counts, or needs no action.
    Over,
    /// It is unclear whether it counts. It stays, and the next pass over the room reports it.
    Unknown,
    /// It is reverted. Follow it to its end with [`ByHand::follow`].
    Drift(Drift),
}

/// How a kick or ban by hand, or the end of one, counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moderation {
    /// As a request.
    Counts,
    /// It is unknown whether its author had the right.
    Unknown,
    /// As a change like any other.
    WithoutRight,
}

/// Judges changes by hand, and follows them to their end.
#[derive(Clone, Debug)]
pub struct ByHand {
    pub(super) handles: Handles,
    pub(super) people: People,
}

impl ByHand {
    /// Judges a change by hand: a state event in a managed room, not sent by the bot. Wakes the pass that reverts it if
    /// necessary.
    pub async fn judge(&self, key: &RoomKey, change: &Event) -> Result<Judgement, Fault> {
        let policy = self.handles.policy().await?;
        let Some(room) = policy.rooms.get(key) else { return Ok(Judgement::Over) };
        let (membership, before) = match change.content {
            Content::Member { membership, before } => (membership, before),
            _ => (MembershipState::Unknown, None),
        };
        let state_key = change.state_key.as_deref().unwrap_or_default();
        let Some(what) = changed_by(&change.kind, state_key, membership) else { return Ok(Judgement::Over) };
        if change.kind == "m.room.member" {
            let own = state_key == change.sender;
            // The bot's own invitations and joins result in a join; leaving may be allowed.
            let may_leave = membership == MembershipState::Leave && room.leave_allowed;
            if own && (membership == MembershipState::Join || may_leave) {
                return Ok(Judgement::Over);
            }
            let moderation = match UserId::parse(state_key) {
                Ok(user) if !own => self.judge_moderation(key, change, &user, membership, before).await?,
                _ => Moderation::WithoutRight,
            };
            match moderation {
                Moderation::Counts => {
                    self.handles.wakes.wake(&Wake::Room(key.clone()), "by hand").await?;
                    return Ok(Judgement::Over);
                }
                Moderation::Unknown => return Ok(Judgement::Unknown),
                Moderation::WithoutRight => {}
            }
        }
        if let Content::PowerLevels { content, prev } = &change.content {
            self.accept_levels(key, change, content, prev.as_ref()).await?;
        }
        let store = &self.handles.store;
        store.note_drift(change.event_id.as_str(), key, &what, change.sender.as_str(), change.sent_at).await?;
        self.handles.wakes.wake(&Wake::Room(key.clone()), "by hand").await?;
        Ok(Judgement::Drift(what))
    }

    /// Waits for the pass woken by a change by hand, and stores what to announce about it.
    pub async fn follow(&self, key: &RoomKey, change: &Event, what: &Drift) -> Result<(), Fault> {
        let wake = [Wake::Room(key.clone())];
        if self.handles.wakes.wait_for(&wake, PASS_WITHIN).await? == Waited::NotYet {
            // The row stays open; the next pass that reverts the change closes it.
            return Ok(());
        }
        let store = &self.handles.store;
        let now = self.handles.clock.now();
        let open = store.drift_open(Some(key)).await?;
        let mine: Vec<&DriftRecord> = open.iter().filter(|drift| drift.what == *what).collect();
        let (Some(first), Some(last)) = (mine.first(), mine.last()) else { return Ok(()) };
        let since = self.put_back_since(key, change, what).await?;
        let filter = AuditFilter { room: Some(key.clone()), since: Some(since), ..AuditFilter::default() };
        let done = store.audit(&filter).await?.into_iter().any(|entry| {
            let put_back = serde_json::from_str(&entry.intent.action).ok().and_then(|action| put_back_by(&action));
            put_back.as_ref() == Some(what)
                && entry.settled.is_some_and(|settled| matches!(settled.outcome, Outcome::Done(_)))
        });
        let (room, by) = (key.clone(), change.sender.clone());
        if done {
            // Named after the last row, before the rows end: anybody else who follows one of them now, or again after a
            // crash, announces the same.
            let told = Announcement::PutBack { room, what: what.clone(), by: last.sender.clone() };
            store.announce(&format!("drift:{key}:{what}:{}", last.id), &told, now).await?;
            for drift in &mine {
                // Earlier changes that were overwritten were not reverted themselves, and count for no fight.
                let state = if drift.id == last.id { DriftState::PutBack } else { DriftState::Gone };
                store.end_drift(drift.id, state, now).await?;
            }
        } else if is_fight(&self.handles, last, now).await? {
            let told = Announcement::Fight {
                room,
                what: what.clone(),
                by: fighters(&self.handles, last, now).await?,
                minutes: u32::try_from(FIGHT_REST.as_mins()).unwrap_or_default(),
            };
            // Named after the change that began the fight: later ones are the same fight.
            store.announce(&format!("fight:{key}:{what}:{}", first.id), &told, now).await?;
            let due = now.checked_add(FIGHT_REST).unwrap_or(now);
            store.wake(&Wake::Room(key.clone()), "fight", due, now).await?;
        } else if self.handles.on_drift == OnDrift::Report || self.handles.pause().await?.is_some() {
            let told = Announcement::Seen { room, what: what.clone(), by };
            store.announce(&format!("drift:{}", change.event_id), &told, now).await?;
        } else {
            // Nothing had to be done: it was undone already, or the policy does not mention it.
            for drift in &mine {
                store.end_drift(drift.id, DriftState::Gone, now).await?;
            }
        }
        Ok(())
    }

    /// The rooms among these with a ban of the user by hand that never had a grant.
    pub async fn bans_of(
        &self,
        user: &UserId,
        rooms: impl IntoIterator<Item = (RoomKey, OwnedRoomId)>,
    ) -> Result<BTreeMap<RoomKey, BanByHand>, Fault> {
        let mut found = BTreeMap::new();
        for (key, sight) in self.handles.rooms(rooms).await? {
            if let RoomSight::Seen(room) = sight
                && let Some(ban) = room.bans_by_hand.get(user)
            {
                found.insert(key, ban.clone());
            }
        }
        if !found.is_empty() {
            let granted = self.handles.store.sources_of_bans().await?;
            found.retain(|_, ban| !granted.contains(ban.event.as_str()));
        }
        Ok(found)
    }

    /// Ends a ban by hand as if its author had requested it; the next pass lifts it.
    pub async fn end_ban(
        &self,
        person: PersonId,
        room: &RoomKey,
        ban: &BanByHand,
        by: &str,
    ) -> Result<GrantId, StoreError> {
        let now = self.handles.clock.now();
        let (kind, scope, asker) = (GrantKind::Ban, Some(room.clone()), ban.sender.to_string());
        let source = Some(ban.event.to_string());
        let new = NewGrant { person, kind, scope, asker, reason: None, expires_at: None, source };
        let grant = self.handles.store.add_grant(&new, now).await?;
        self.handles.store.end_grant(grant.id, by, now).await?;
        Ok(grant.id)
    }

    /// From when on a revert is of this change. The clocks may differ a little, but the revert of an earlier change
    /// does not count.
    async fn put_back_since(&self, key: &RoomKey, change: &Event, what: &Drift) -> Result<Timestamp, Fault> {
        let since = change.sent_at.checked_sub(SLACK).unwrap_or(change.sent_at);
        let window = change.sent_at.checked_sub(FIGHT_WINDOW).unwrap_or(Timestamp::MIN);
        let before = self.handles.store.drift_since(key, what, window).await?;
        let ended = before.iter().filter(|drift| drift.state == DriftState::PutBack).filter_map(|drift| drift.ended_at);
        Ok(ended.max().map_or(since, |ended| ended.max(since)))
    }

    /// A kick or ban in a client by somebody with the right counts as a request, like one by command. So does its end.
    async fn judge_moderation(
        &self,
        key: &RoomKey,
        change: &Event,
        user: &UserId,
        membership: MembershipState,
        before: Option<MembershipState>,
    ) -> Result<Moderation, Fault> {
        let was_banned = before == Some(MembershipState::Ban);
        let (kind, act, right, expires_at) = match membership {
            MembershipState::Leave if was_banned => (GrantKind::Ban, Act::UnbanByHand, Right::Ban, None),
            MembershipState::Leave => {
                (GrantKind::Kick, Act::Kick, Right::Kick, change.sent_at.checked_add(KICK_LASTS).ok())
            }
            MembershipState::Ban => (GrantKind::Ban, Act::Ban, Right::Ban, None),
            _ => return Ok(Moderation::WithoutRight),
        };
        let case = self.case(key, change).await?;
        let person = case.scene.bindings.owner(user);
        let has_right = match person {
            Some(person) => case.allowed(act, person).is_ok(),
            None => case.holds(right),
        };
        if membership == MembershipState::Ban && (!has_right || person.is_none()) {
            let is_sure = !has_right && case.is_surely_without_right(person, was_banned).await?;
            return Ok(if is_sure { Moderation::WithoutRight } else { Moderation::Unknown });
        }
        let Some(person) = person.filter(|_| has_right) else { return Ok(Moderation::WithoutRight) };
        if membership == MembershipState::Leave && (was_banned || before.is_none()) {
            let lifted = case.lift_ban(person).await?;
            // A ban from a space cannot be lifted in one of its rooms.
            if was_banned && !lifted && case.is_banned_by_grant(person) {
                return Ok(Moderation::WithoutRight);
            }
            if was_banned || lifted {
                return Ok(Moderation::Counts);
            }
        }
        case.grant(person, kind, expires_at, change.event_id.to_string()).await?;
        Ok(Moderation::Counts)
    }

    /// Reads EquipeMed only if the author's account belongs to a person.
    async fn case<'a>(&'a self, key: &'a RoomKey, change: &'a Event) -> Result<Case<'a>, Fault> {
        let Handles { store, clock, .. } = &self.handles;
        let is_known = store.bindings().await?.owner(&change.sender).is_some();
        let people = if is_known { self.people.read().await? } else { Arc::default() };
        let scene = Scene::of(self.handles.policy().await?, people, store, clock.now()).await?;
        Ok(Case { store, scene, key, change })
    }

    /// Accepts levels that somebody with the right gave in a client, up to their own: each is a request. Applies to
    /// adopted rooms, where people can do that.
    async fn accept_levels<'e>(
        &self,
        key: &RoomKey,
        change: &Event,
        levels: &'e Map<String, Value>,
        prev: Option<&'e Map<String, Value>>,
    ) -> Result<(), Fault> {
        let users = |levels: Option<&'e Map<String, Value>>| levels.and_then(|levels| levels.get("users")?.as_object());
        let (now_users, before) = (users(Some(levels)), users(prev));
        let case = self.case(key, change).await?;
        if !case.holds(Right::Promote) {
            return Ok(());
        }
        let level_in =
            |users: Option<&Map<String, Value>>, name: &str| users.and_then(|users| users.get(name)?.as_i64());
        let names: BTreeSet<&String> = now_users.into_iter().chain(before).flat_map(Map::keys).collect();
        for name in names {
            let (level, was) = (level_in(now_users, name).unwrap_or(0), level_in(before, name).unwrap_or(0));
            if was == level || level < 0 {
                continue;
            }
            let Ok(user) = UserId::parse(name) else { continue };
            let Some(person) = case.scene.bindings.owner(&user) else { continue };
            let act = Act::Promote(Rank::Level(level));
            let allowed = match case.allowed(act, person) {
                Ok(allowed) => allowed,
                // Anybody may step down.
                Err(Refusal::Own) if level < was => Allowed::default(),
                Err(_) => continue,
            };
            for replaced in allowed.effect.ends {
                case.end(replaced).await?;
            }
            case.grant(person, GrantKind::Level(level), None, format!("{} {name}", change.event_id)).await?;
        }
        Ok(())
    }
}

/// A change by hand, with what is needed to judge it.
struct Case<'a> {
    store: &'a Store,
    scene: Scene,
    key: &'a RoomKey,
    change: &'a Event,
}

impl Case<'_> {
    /// Whether the author could request the same by command; in a space that would reach everything below it.
    fn allowed(&self, act: Act, person: PersonId) -> Result<Allowed, Refusal> {
        let asker = self.scene.bindings.owner(&self.change.sender).ok_or(Refusal::Unknown)?;
        let request = Request { act, person: Some(person), place: Some(self.key.clone()), until: None };
        decide(Asker::Person(asker), &request, &self.scene.world())
    }

    /// Whether the author is active and has this right there. For changes of accounts that belong to nobody.
    fn holds(&self, right: Right) -> bool {
        let asker = self.scene.person_of(&self.change.sender).filter(|asker| self.scene.is_active(asker));
        asker.is_some_and(|asker| self.scene.world().powers(asker, Some(self.key)).rights.contains(&right))
    }

    /// Whether a grant bans somebody from the room, there or above it.
    fn is_banned_by_grant(&self, person: PersonId) -> bool {
        let covers = |scope: &RoomKey| self.scene.policy.distance(self.key, scope).is_some();
        let mut bans = self.scene.grants.iter().filter(|grant| grant.person == person && grant.kind == GrantKind::Ban);
        bans.any(|grant| grant.scope.as_ref().is_none_or(covers))
    }

    /// Whether a ban was certainly set without the right, if its author has none now. EquipeMed shows neither past
    /// rights nor those of protected accounts, and a ban over another one may only have changed its reason.
    async fn is_surely_without_right(&self, person: Option<PersonId>, was_banned: bool) -> Result<bool, Fault> {
        let Self { store, scene, key, change } = self;
        let is_protected = scene.policy.users.protected.contains(&change.sender);
        if is_protected || scene.now.duration_since(change.sent_at) > RIGHTS_ARE_THE_SAME {
            return Ok(false);
        }
        if !was_banned {
            return Ok(true);
        }
        if person.is_some_and(|person| self.is_banned_by_grant(person)) {
            return Ok(true);
        }
        let what = changed_by(&change.kind, change.state_key.as_deref().unwrap_or_default(), MembershipState::Ban);
        let open = store.drift_open(Some(key)).await?;
        Ok(open.into_iter().any(|drift| Some(drift.what) == what))
    }

    /// Lifts a ban: a leave sent by somebody else can mean that, too.
    async fn lift_ban(&self, person: PersonId) -> Result<bool, Fault> {
        let bans = self.scene.grants.iter().filter(|grant| {
            grant.person == person && grant.kind == GrantKind::Ban && grant.scope.as_ref() == Some(self.key)
        });
        let mut lifted = false;
        for ban in bans {
            lifted |= self.end(ban.id).await?;
        }
        Ok(lifted)
    }

    /// Stores a grant requested by the author.
    async fn grant(
        &self,
        person: PersonId,
        kind: GrantKind,
        expires_at: Option<Timestamp>,
        source: String,
    ) -> Result<(), StoreError> {
        let (scope, asker) = (Some(self.key.clone()), self.change.sender.to_string());
        let new = NewGrant { person, kind, scope, asker, reason: None, expires_at, source: Some(source) };
        self.store.add_grant(&new, self.scene.now).await?;
        Ok(())
    }

    /// Ends a grant; returns whether it was in force.
    async fn end(&self, grant: GrantId) -> Result<bool, StoreError> {
        self.store.end_grant(grant, self.change.sender.as_str(), self.scene.now).await
    }
}
