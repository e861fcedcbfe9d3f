//! Measures against or for people: levels, kicks, bans, mutes, locks. Each becomes a grant that the engine applies.

use std::collections::BTreeMap;

use equipemed_domain::authority::{Act, Allowed, Asker, GrantEffect, Refusal, Request, decide};
use equipemed_domain::command::Measure;
use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::{Grant, GrantId, GrantKind};
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::observed::BanByHand;
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use jiff::{SignedDuration, Timestamp};

use super::{Asked, Came, Change, Scene, Stop, Unclear, change_grants};

/// How long a kick without a duration keeps somebody out.
const KICK_LASTS: SignedDuration = SignedDuration::from_hours(24);
/// From this many people on, giving something needs confirmation; taking something needs it from two people on.
const MANY: usize = 4;
/// For people without a decision.
static NO_EFFECT: GrantEffect = GrantEffect { ends: std::collections::BTreeSet::new(), adds: None };

/// The new grant of each person.
pub(crate) type Granted = BTreeMap<PersonId, GrantId>;

/// A ban that somebody set in a client, without a grant.
#[derive(Clone, Debug)]
pub(crate) struct FoundBan {
    pub(crate) person: PersonId,
    pub(crate) room: RoomKey,
    pub(crate) ban: BanByHand,
}

/// A measure with names resolved and the asker's right checked.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) act: Act,
    pub(crate) people: Vec<PersonId>,
    pub(crate) scope: Option<RoomKey>,
    pub(crate) until: Option<Timestamp>,
    pub(super) because: Option<String>,
    /// Bans that somebody set in a client, to lift like those by command.
    pub(crate) by_hand: Vec<FoundBan>,
    /// The effect on each person's grants.
    allowed: BTreeMap<PersonId, Allowed>,
}

impl Order {
    /// The rooms it covers.
    pub(crate) fn rooms(&self, scene: &Scene) -> Vec<RoomKey> {
        if self.act.is_of_account() { Vec::new() } else { scene.reach(self.scope.as_ref()) }
    }

    /// Whether it takes only what the asker gave and leaves the rest.
    pub(crate) fn is_taken_back(&self, person: PersonId) -> bool {
        self.allowed.get(&person).is_some_and(|allowed| allowed.is_taken_back)
    }

    /// The effect on one person's grants.
    pub(crate) fn effect(&self, person: PersonId) -> &GrantEffect {
        self.allowed.get(&person).map_or(&NO_EFFECT, |allowed| &allowed.effect)
    }

    /// The person's grants that it ends.
    pub(crate) fn lifted<'s>(&self, person: PersonId, scene: &'s Scene) -> Vec<&'s Grant> {
        let ended = &self.effect(person).ends;
        scene.grants.iter().filter(|grant| ended.contains(&grant.id)).collect()
    }

    /// The person's bans by hand that it lifts.
    pub(crate) fn lifted_by_hand(&self, person: PersonId) -> impl Iterator<Item = &FoundBan> {
        self.by_hand.iter().filter(move |found| found.person == person)
    }

    /// Whether it finds nothing to lift for a person.
    pub(crate) fn lifts_nothing(&self, person: PersonId, scene: &Scene) -> bool {
        self.lifted(person, scene).is_empty() && self.lifted_by_hand(person).next().is_none()
    }

    /// A grant that still keeps somebody out of the room because its scope is wider.
    pub(crate) fn still_out<'s>(&self, person: PersonId, scene: &'s Scene) -> Option<&'s Grant> {
        let room = self.scope.as_ref()?;
        scene.grants.iter().find(|grant| {
            grant.person == person
                && matches!(grant.kind, GrantKind::Ban | GrantKind::Kick)
                && grant.scope.as_ref() != Some(room)
                && grant.scope.as_ref().is_none_or(|scope| scene.policy.distance(room, scope).is_some())
        })
    }

    /// Whether it always needs confirmation, even within the asker's limits.
    pub(crate) fn is_asked_about(&self) -> bool {
        let Self { act, .. } = self;
        // Everywhere counts as many, however few the people. But what an unban lifts was set one by one.
        let everywhere = self.scope.is_none() && !act.is_of_account() && *act != Act::Unban;
        let many = if act.takes() { self.people.len() > 1 } else { self.people.len() >= MANY };
        // Even one deactivation loses something that nobody can restore.
        everywhere || many || *act == Act::Deactivate
    }

    /// Whether the new grant ends at another time than the present one.
    pub(super) fn is_news(&self, person: PersonId, scene: &Scene) -> bool {
        let Some(kind) = self.act.grant() else { return false };
        let same = |grant: &&Grant| grant.person == person && grant.kind == kind && grant.scope == self.scope;
        scene.grants.iter().find(same).is_some_and(|grant| grant.expires_at != self.until)
    }
}

/// How long a measure lasts if it was said to last so long, or nothing was said. None is without an end.
pub(crate) fn lasting(act: Act, said: Option<SignedDuration>) -> Option<SignedDuration> {
    said.or((act == Act::Kick).then_some(KICK_LASTS))
}

impl Asked {
    /// Resolves a measure and checks whether the asker may take it.
    pub(crate) async fn order(&self, act: Act, measure: &Measure) -> Result<Order, Stop> {
        let scene = &self.scene;
        let scope = match &measure.room {
            Some(room) if !act.is_of_account() => Some(scene.find_room(room)?),
            _ => None,
        };
        if act == Act::Kick && scope.is_none() {
            return Err(Unclear::NoRoomNamed.into());
        }
        if let Some(user) = measure.who.iter().find_map(|who| scene.protected(who)) {
            return Err(Refusal::Protected { user }.into());
        }
        let people = scene.find_people(&measure.who)?;
        let by_hand = match act {
            Act::Unban => self.bans_by_hand(scope.as_ref(), &people).await?,
            _ => Vec::new(),
        };
        let until = lasting(act, measure.lasts).and_then(|lasts| self.begins_at().checked_add(lasts).ok());
        let because = measure.because.clone();
        let mut order = Order { act, people, scope, until, because, by_hand, allowed: BTreeMap::new() };
        order.allowed = self.check(&order)?;
        // Nobody may agree to a measure about themselves.
        if order.people.iter().any(|person| self.agreed_by == Some(Asker::Person(*person))) {
            return Err(Refusal::Own.into());
        }
        // The grants of a command begun in time exist already and end by themselves.
        match order.until {
            Some(until) if until <= scene.now && !self.again => Err(Unclear::TimeIsOver { until }.into()),
            _ => Ok(order),
        }
    }

    /// Checks the asker's right for each person. Returns the effects, or the first refusal.
    fn check(&self, order: &Order) -> Result<BTreeMap<PersonId, Allowed>, Refusal> {
        let world = self.scene.world();
        let may = |act, person: PersonId, place, until| {
            decide(self.by.asker, &Request { act, person: Some(person), place, until }, &world)
        };
        for found in &order.by_hand {
            may(Act::UnbanByHand, found.person, Some(found.room.clone()), None)?;
        }
        let decided = |id: &PersonId| Ok((*id, may(order.act, *id, order.scope.clone(), order.until)?));
        order.people.iter().map(decided).collect()
    }

    /// Bans by hand of these people within the scope.
    async fn bans_by_hand(&self, scope: Option<&RoomKey>, people: &[PersonId]) -> Result<Vec<FoundBan>, Stop> {
        let mut found = Vec::new();
        let rooms = self.scene.reach(scope);
        for person in people {
            let Some(user) = self.scene.user_of(*person) else { continue };
            let rooms = rooms.iter().filter_map(|key| Some((key.clone(), self.scene.rooms.get(key)?.clone())));
            let bans = self.engine.by_hand().bans_of(user, rooms).await?;
            found.extend(bans.into_iter().map(|(room, ban)| FoundBan { person: *person, room, ban }));
        }
        Ok(found)
    }

    /// Stores the order's grants and ends those that they replace. The command is their source, so that handling it
    /// again after a crash stores nothing twice.
    pub(crate) async fn store_order(&self, order: &Order) -> Result<Granted, Stop> {
        let (now, asker) = (self.now(), self.by.name.as_str());
        let mut granted = Granted::new();
        for (number, person) in order.people.iter().enumerate() {
            let change = Change {
                person: *person,
                effect: order.effect(*person),
                place: order.scope.clone(),
                until: order.until,
                because: order.because.clone(),
                source: Some(self.wish_id(number)),
            };
            granted.extend(change_grants(self.store(), change, asker, now).await?.map(|id| (*person, id)));
        }
        for found in &order.by_hand {
            self.engine.by_hand().end_ban(found.person, &found.room, &found.ban, asker).await?;
        }
        Ok(granted)
    }

    /// Waits for the passes; returns the result for each person.
    pub(crate) async fn follow_order(&self, order: &Order) -> Result<Vec<Came>, Stop> {
        let rooms = order.rooms(&self.scene);
        let wakes: Vec<Wake> = match &order.scope {
            Some(_) => rooms.iter().cloned().map(Wake::Room).collect(),
            None => order.people.iter().copied().map(Wake::Person).collect(),
        };
        // Gaining or losing more than `redact` moves a person into or out of the control room; nobody waits for that.
        self.engine.wake(&Wake::Room(CONTROL_ROOM.into()), self.origin).await?;
        let people = || order.people.iter().enumerate();
        let wishes: Vec<Wish> = people().map(|(number, person)| Wish::about(self.wish_id(number), *person)).collect();
        let waited = self.look_and_wait(&wakes, &wishes).await?;
        let mut all = Vec::new();
        for (person, wish) in order.people.iter().zip(&wishes) {
            all.push(self.came_of(order, *person, wish, &rooms, &waited).await?);
        }
        Ok(all)
    }

    /// The act that undoes an order, and the people for whom it would be allowed.
    pub(crate) fn undo(&self, order: &Order, granted: &Granted) -> Option<(Act, Vec<PersonId>)> {
        let act = match order.act {
            Act::Promote(_) => Act::Demote,
            Act::Kick | Act::Ban => Act::Unban,
            Act::Mute => Act::Unmute,
            Act::Lock => Act::Unlock,
            Act::Deactivate => Act::Reactivate,
            _ => return None,
        };
        let grants = self.grants_after(order, granted);
        let world = self.scene.world_with(&grants);
        let may = |person: &&PersonId| {
            let request = Request { act, person: Some(**person), place: order.scope.clone(), until: None };
            decide(self.by.asker, &request, &world).is_ok()
        };
        Some((act, order.people.iter().filter(may).copied().collect()))
    }

    /// The grants after the order.
    fn grants_after(&self, order: &Order, granted: &Granted) -> Vec<Grant> {
        let ended = |grant: &&Grant| order.effect(grant.person).ends.contains(&grant.id);
        let mut grants: Vec<Grant> = self.scene.grants.iter().filter(|grant| !ended(grant)).cloned().collect();
        grants.extend(granted.iter().filter_map(|(person, id)| {
            Some(Grant {
                id: *id,
                person: *person,
                kind: order.effect(*person).adds?,
                scope: order.scope.clone(),
                asker: self.by.name.clone(),
                reason: None,
                created_at: self.scene.now,
                expires_at: order.until,
            })
        }));
        grants
    }
}
