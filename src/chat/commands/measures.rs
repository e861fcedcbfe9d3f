//! What is done to people by command: levels, kicks, bans, mutes, locks. Each becomes a grant, which the engine carries out.

use std::collections::BTreeMap;

use equipemed_domain::command::{Measure, Rank};
use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::{GrantId, GrantKind};
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::rights::Right;
use equipemed_domain::wake::Wake;
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::outcomes::{Became, a_moment_before};
use super::unban::Found;
use crate::chat::Chat;
use crate::chat::ask::{Ask, Asker, Refusal};
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::homeserver::Said;
use crate::speech::{Answer, Arg, number};
use crate::store::NewGrant;

/// A kick without a time keeps somebody out for so long.
const KICK_LASTS: SignedDuration = SignedDuration::from_hours(24);
/// From so many people on, giving something is asked about first; taking something away from the second one on.
const MANY: usize = 4;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Promote(Rank),
    Demote,
    Kick,
    Ban,
    Unban,
    Mute,
    Unmute,
    Lock,
    Unlock,
    Deactivate,
    Reactivate,
}

/// A measure with its names understood and its asker checked.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) act: Act,
    pub(super) people: Vec<PersonId>,
    pub(super) scope: Option<RoomKey>,
    pub(super) until: Option<Timestamp>,
    because: Option<String>,
    /// Bans that somebody set in a client, to be lifted like those by command.
    pub(super) by_hand: Vec<Found>,
}

impl Order {
    /// Whether it is about accounts and not about rooms.
    pub(super) fn is_of_account(&self) -> bool {
        self.act.is_of_account()
    }
}

impl Act {
    fn right(self) -> Right {
        match self {
            Self::Promote(_) | Self::Demote => Right::Promote,
            Self::Ban | Self::Unban => Right::Ban,
            Self::Kick | Self::Mute | Self::Unmute => Right::Kick,
            Self::Lock | Self::Unlock | Self::Deactivate | Self::Reactivate => Right::Lock,
        }
    }

    /// Whether it is about the account and not about rooms.
    fn is_of_account(self) -> bool {
        matches!(self, Self::Lock | Self::Unlock | Self::Deactivate | Self::Reactivate)
    }

    /// Whether it takes something away.
    fn takes(self) -> bool {
        matches!(self, Self::Demote | Self::Kick | Self::Ban | Self::Mute | Self::Lock | Self::Deactivate)
    }

    /// What it grants; None when it only ends grants.
    pub(super) fn grant(self) -> Option<GrantKind> {
        match self {
            Self::Promote(Rank::Moderator) => Some(GrantKind::Moderator),
            Self::Promote(Rank::Admin) => Some(GrantKind::Admin),
            Self::Promote(Rank::Level(level)) => Some(GrantKind::Level(level)),
            Self::Demote => Some(GrantKind::Level(0)),
            Self::Kick => Some(GrantKind::Kick),
            Self::Ban => Some(GrantKind::Ban),
            Self::Mute => Some(GrantKind::Mute),
            Self::Lock => Some(GrantKind::Lock),
            Self::Deactivate => Some(GrantKind::Deactivate),
            Self::Unban | Self::Unmute | Self::Unlock | Self::Reactivate => None,
        }
    }

    /// Whether it puts an end to a grant of this kind in the same place.
    fn ends(self, kind: GrantKind) -> bool {
        match self {
            Self::Promote(_) | Self::Demote => kind.level().is_some() && kind != GrantKind::Mute,
            Self::Mute | Self::Unmute => kind == GrantKind::Mute,
            Self::Kick => kind == GrantKind::Kick,
            Self::Ban => kind == GrantKind::Ban,
            Self::Unban => matches!(kind, GrantKind::Ban | GrantKind::Kick),
            Self::Lock | Self::Unlock => kind == GrantKind::Lock,
            Self::Deactivate | Self::Reactivate => kind == GrantKind::Deactivate,
        }
    }
}

impl Chat {
    /// Checks a measure and begins it, or shows a preview.
    pub(super) async fn measure(&self, ask: &Ask, act: Act, measure: &Measure, dry_run: bool) -> Result<Turn, Stop> {
        let scene = &ask.scene;
        let scope = match &measure.room {
            Some(room) if !act.is_of_account() => Some(scene.find_room(room)?),
            _ => None,
        };
        if act == Act::Kick && scope.is_none() {
            return Err(Stop::Unclear(self.texts().say("need-room", &[])));
        }
        if let Some(user) = measure.who.iter().find_map(|who| scene.protected(who)) {
            return Err(Refusal::Protected(user).into());
        }
        let people = measure.who.iter().map(|who| scene.find_person(who)).collect::<Result<Vec<_>, _>>()?;
        let by_hand = match act {
            Act::Unban => self.found_by_hand(ask, scope.as_ref(), &people).await?,
            _ => Vec::new(),
        };
        let lasts = measure.lasts.or((act == Act::Kick).then_some(KICK_LASTS));
        let until = lasts.and_then(|lasts| ask.begins_at().checked_add(lasts).ok());
        let order = Order { act, people, scope, until, because: measure.because.clone(), by_hand };
        self.check(ask, &order)?;
        // Nobody agrees to what is done to themselves.
        if let Some(Asker::Person(_)) =
            ask.agreed_by.as_ref().filter(|by| order.people.iter().any(|id| **by == Asker::Person(*id)))
        {
            return Err(Refusal::Own.into());
        }
        // Of a command that was begun in time the grants are there, and end by themselves.
        if let Some(until) = order.until.filter(|until| *until <= scene.now && !ask.again) {
            return Err(Stop::Unclear(self.texts().say("time-is-over", &[("until", self.time(until))])));
        }
        if dry_run {
            let lines = order.people.iter().map(|person| self.result_line(ask, &order, *person));
            return Ok(Turn::Over(Reply::told(
                Answer::new().line(self.texts().say("would-do", &[])).items(lines.collect::<Vec<_>>()),
            )));
        }
        if !self.engine().may_write() {
            return Err(Refusal::Observe.into());
        }
        if act == Act::Unban && order.people.iter().all(|person| self.lifts(ask, &order, *person).is_empty()) {
            return Ok(Turn::Over(self.nothing_to_lift(ask, &order)));
        }
        // Everywhere is many, too, however few the people; but what is lifted was set one by one.
        let everywhere = order.scope.is_none() && !act.is_of_account() && act != Act::Unban;
        let many = everywhere || if act.takes() { order.people.len() > 1 } else { order.people.len() >= MANY };
        // One is enough where something is lost that nobody can bring back.
        let beyond = self.beyond(ask, &order).await?;
        if many || act == Act::Deactivate || beyond.is_some() {
            let lines: Vec<Said> = order.people.iter().map(|person| self.preview_line(ask, &order, *person)).collect();
            let people: Vec<String> = order.people.iter().map(ToString::to_string).collect();
            if let Some(preview) = self.agreed_by(ask, lines, people.len(), &people, beyond).await? {
                return Ok(preview);
            }
        }
        let granted = self.store_order(ask, &order).await?;
        let (chat, ask) = (self.clone(), ask.clone());
        Ok(Turn::Later(async move { chat.follow(&ask, &order, &granted).await }.boxed()))
    }

    fn check(&self, ask: &Ask, order: &Order) -> Result<(), Refusal> {
        let (act, scope) = (order.act, order.scope.as_ref());
        match act {
            Act::Unban => self.may_lift(ask, order)?,
            _ => ask.must_hold(act.right(), scope)?,
        }
        for person in &order.people {
            match (act, scope) {
                _ if act.is_of_account() => ask.may_touch(*person, None)?,
                (_, Some(room)) => ask.may_touch(*person, Some(room))?,
                (_, None) => {
                    for room in ask.scene.policy.rooms.keys() {
                        ask.may_touch(*person, Some(room))?;
                    }
                }
            }
        }
        // Nobody gives more than they hold there: of level, and of the rights that come with a name.
        if let (Act::Promote(_), Some(grant)) = (act, act.grant()) {
            let level = grant.level().unwrap_or(0);
            let own = match scope {
                Some(room) => ask.own_level(room),
                None => ask.scene.policy.rooms.keys().map(|room| ask.own_level(room)).min().unwrap_or(0),
            };
            if level > own {
                return Err(Refusal::Above { level, own });
            }
            for right in grant.rights() {
                ask.must_hold(right, scope)?;
            }
        }
        Ok(())
    }

    /// Ends what it replaces and stores what is wished. Each has the command as its source: handled again after a crash,
    /// nothing is stored twice. Gives what each person was granted.
    async fn store_order(&self, ask: &Ask, order: &Order) -> Result<BTreeMap<PersonId, GrantId>, Stop> {
        let store = self.engine().store();
        let now = self.engine().clock().now();
        let asker = ask.user.as_str();
        let mut granted = BTreeMap::new();
        for (number, person) in order.people.iter().enumerate() {
            let new = match order.act.grant() {
                Some(kind) if self.is_needed(ask, order, *person) => {
                    let new = NewGrant {
                        person: *person,
                        kind,
                        scope: order.scope.clone(),
                        asker: asker.to_owned(),
                        reason: order.because.clone(),
                        expires_at: order.until,
                        source: Some(format!("{} {number}", ask.event)),
                    };
                    Some(store.add_grant(&new, now).await?.id)
                }
                _ => None,
            };
            for id in self.replaced(ask, order, *person) {
                if Some(id) != new {
                    store.end_grant(id, asker, now).await?;
                }
            }
            granted.extend(new.map(|id| (*person, id)));
        }
        for found in &order.by_hand {
            self.engine().end_ban_by_hand(found.person, &found.room, &found.ban, asker).await?;
        }
        Ok(granted)
    }

    /// Whether a grant is needed: to demote somebody who has a level by a grant only, ending that one is enough.
    fn is_needed(&self, ask: &Ask, order: &Order, id: PersonId) -> bool {
        if order.act != Act::Demote {
            return true;
        }
        let ended = self.replaced(ask, order, id);
        let grants: Vec<_> = ask.scene.grants.iter().filter(|grant| !ended.contains(&grant.id)).cloned().collect();
        let scene = &ask.scene;
        let access = equipemed_domain::access::Access::new(&scene.directory, &scene.policy, &grants, scene.now);
        let Some(person) = scene.directory.get(id) else { return false };
        order.until.is_some() || scene.reach(order.scope.as_ref()).iter().any(|room| access.level(person, room).0 > 0)
    }

    /// Grants that the order puts an end to: of the same place, and when something is taken away also below it.
    pub(super) fn replaced(&self, ask: &Ask, order: &Order, person: PersonId) -> Vec<GrantId> {
        let reach = ask.scene.reach(order.scope.as_ref());
        // A ban for an hour in a space does not end one for good in a room of it.
        let takes = !matches!(order.act, Act::Promote(_) | Act::Ban);
        let grants = ask.scene.grants.iter().filter(|grant| grant.person == person && order.act.ends(grant.kind));
        grants
            .filter(|grant| match &grant.scope {
                scope if *scope == order.scope => true,
                Some(scope) => takes && reach.contains(scope),
                None => false,
            })
            .map(|grant| grant.id)
            .collect()
    }

    /// Waits for the passes and tells what became of it.
    async fn follow(&self, ask: &Ask, order: &Order, granted: &BTreeMap<PersonId, GrantId>) -> Result<Reply, Stop> {
        let texts = self.texts();
        let rooms = if order.act.is_of_account() { Vec::new() } else { ask.scene.reach(order.scope.as_ref()) };
        let wakes: Vec<Wake> = match &order.scope {
            Some(_) => rooms.iter().cloned().map(Wake::Room).collect(),
            None => order.people.iter().copied().map(Wake::Person).collect(),
        };
        // Who gets or loses more than `redact` comes into the control room or leaves it; nobody waits for that.
        self.engine().wake_room(&RoomKey::from(CONTROL_ROOM), "chat").await?;
        let settled = self.look_and_wait(&wakes).await?;
        let since = a_moment_before(ask.scene.now);
        let (mut good, mut bad, mut failed) = (0, 0, false);
        let mut answer = Answer::new();
        for person in &order.people {
            let became = match ask.scene.user_of(*person) {
                Some(user) => self.became(user, &rooms, since, &settled).await?,
                None => Became::Already,
            };
            let user = ("user", ask.scene.person(*person));
            if let Some(line) = self.still_off(ask, order, *person) {
                bad += 1;
                answer = answer.line(line);
                continue;
            }
            let is_lifted = order.act == Act::Unban;
            let line = match became {
                Became::Already
                    if ask.scene.user_of(*person).is_none() && matches!(order.act, Act::Kick | Act::Ban) =>
                {
                    good += 1;
                    texts.say("no-account-yet", &[user])
                }
                Became::Done => {
                    good += 1;
                    self.result_line(ask, order, *person)
                }
                // What was lifted is told also where nobody has to be brought back.
                Became::Already if is_lifted => {
                    good += 1;
                    self.result_line(ask, order, *person)
                }
                Became::Already => match self.stranger_to(ask, order, *person) {
                    Some(room) => {
                        bad += 1;
                        texts.say("not-a-member", &[user, ("room", ask.scene.room(&room))])
                    }
                    // The room shows no difference, but until when it is so may be one.
                    None if self.is_news(ask, order, *person) => {
                        good += 1;
                        self.result_line(ask, order, *person)
                    }
                    None => {
                        good += 1;
                        texts.say("already-so", &[user])
                    }
                },
                Became::Failed(why) => {
                    bad += 1;
                    failed = true;
                    let text = texts.say("grant-failed", &[("detail", texts.told(&why))]);
                    answer = answer.line(texts.shown(&ask.scene.person(*person)));
                    text
                }
                Became::Held(id) => {
                    bad += 1;
                    texts.say("grant-held", &[user, ("id", Arg::Code(id))])
                }
                Became::Waits => {
                    bad += 1;
                    texts.say("grant-waits", &[])
                }
            };
            answer = answer.line(line);
            if is_lifted {
                answer = answer.items(self.lifts(ask, order, *person));
                if let Some(line) = self.still_out(ask, order, *person) {
                    bad += 1;
                    answer = answer.line(line);
                }
            } else if let (Act::Ban, Some(id)) = (order.act, granted.get(person)) {
                let args = [("count", number(rooms.len())), ("id", Arg::Number(id.0))];
                answer = answer.line(texts.say("ban-record", &args));
            }
        }
        let mark = match (good, bad) {
            (_, 0) => Mark::Done,
            (0, _) if failed => Mark::Failed,
            _ => Mark::Partly,
        };
        if let Some(undo) = self.undo(ask, order) {
            answer = answer.line(texts.say("undo-with", &[("command", Arg::Code(undo))]));
        }
        Ok(Reply::new(mark, answer))
    }

    /// Whether what was granted differs from what held before, in how long it holds.
    fn is_news(&self, ask: &Ask, order: &Order, person: PersonId) -> bool {
        let Some(kind) = order.act.grant() else { return false };
        let same = ask
            .scene
            .grants
            .iter()
            .find(|grant| grant.person == person && grant.kind == kind && grant.scope == order.scope);
        same.is_some_and(|grant| grant.expires_at != order.until)
    }

    /// The one room an order is about, if the person does not belong there: then a level does nothing yet.
    fn stranger_to(&self, ask: &Ask, order: &Order, id: PersonId) -> Option<RoomKey> {
        let room = order.scope.as_ref().filter(|_| !matches!(order.act, Act::Kick | Act::Ban | Act::Unmute))?;
        let (policy, person) = (ask.scene.policy.rooms.get(room)?, ask.scene.directory.get(id)?);
        let access = ask.scene.access();
        let belongs = access.selects(&policy.members, person)
            || policy.administrators.as_ref().is_some_and(|rule| access.selects(rule, person));
        (!belongs).then(|| room.clone())
    }
}
