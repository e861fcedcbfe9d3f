//! What is done to people by command: levels, kicks, mutes, locks. Each becomes a grant, which the engine carries out.

use equipemed_domain::command::{Measure, Rank};
use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::{GrantId, GrantKind};
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::rights::Right;
use equipemed_domain::standing::Standing;
use equipemed_domain::wake::Wake;
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::outcomes::{Became, a_moment_before};
use crate::chat::Chat;
use crate::chat::ask::{Ask, Refusal};
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::homeserver::Said;
use crate::speech::{Answer, Arg};
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
    Mute,
    Unmute,
    Lock,
    Unlock,
    Deactivate,
    Reactivate,
}

/// A measure with its names understood and its asker checked.
#[derive(Clone, Debug)]
struct Order {
    act: Act,
    people: Vec<PersonId>,
    scope: Option<RoomKey>,
    until: Option<Timestamp>,
    because: Option<String>,
}

impl Act {
    fn right(self) -> Right {
        match self {
            Self::Promote(_) | Self::Demote => Right::Promote,
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
        matches!(self, Self::Demote | Self::Kick | Self::Mute | Self::Lock | Self::Deactivate)
    }

    /// What it grants; None when it only ends grants.
    fn grant(self) -> Option<GrantKind> {
        match self {
            Self::Promote(Rank::Moderator) => Some(GrantKind::Moderator),
            Self::Promote(Rank::Admin) => Some(GrantKind::Admin),
            Self::Promote(Rank::Level(level)) => Some(GrantKind::Level(level)),
            Self::Demote => Some(GrantKind::Level(0)),
            Self::Kick => Some(GrantKind::Kick),
            Self::Mute => Some(GrantKind::Mute),
            Self::Lock => Some(GrantKind::Lock),
            Self::Deactivate => Some(GrantKind::Deactivate),
            Self::Unmute | Self::Unlock | Self::Reactivate => None,
        }
    }

    /// Whether it puts an end to a grant of this kind in the same place.
    fn ends(self, kind: GrantKind) -> bool {
        match self {
            Self::Promote(_) | Self::Demote => kind.level().is_some() && kind != GrantKind::Mute,
            Self::Mute | Self::Unmute => kind == GrantKind::Mute,
            Self::Kick => kind == GrantKind::Kick,
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
        self.check(ask, act, scope.as_ref(), &people)?;
        let lasts = measure.lasts.or((act == Act::Kick).then_some(KICK_LASTS));
        let until = lasts.and_then(|lasts| scene.now.checked_add(lasts).ok());
        let order = Order { act, people, scope, until, because: measure.because.clone() };
        if dry_run {
            let lines = order.people.iter().map(|person| self.result_line(ask, &order, *person));
            return Ok(Turn::Over(Reply::told(
                Answer::new().line(self.texts().say("would-do", &[])).items(lines.collect::<Vec<_>>()),
            )));
        }
        if !self.engine().may_write() {
            return Err(Refusal::Observe.into());
        }
        // Everywhere is many, too, however few the people.
        let everywhere = order.scope.is_none() && !act.is_of_account();
        let many = everywhere || if act.takes() { order.people.len() > 1 } else { order.people.len() >= MANY };
        // One is enough where something is lost that nobody can bring back.
        if many || act == Act::Deactivate {
            let lines: Vec<Said> = order.people.iter().map(|person| self.preview_line(ask, &order, *person)).collect();
            let people: Vec<String> = order.people.iter().map(ToString::to_string).collect();
            if let Some(preview) = self.agreed(ask, lines, people.len(), &people).await? {
                return Ok(preview);
            }
        }
        self.store_order(ask, &order).await?;
        let (chat, ask) = (self.clone(), ask.clone());
        Ok(Turn::Later(async move { chat.follow(&ask, &order).await }.boxed()))
    }

    fn check(&self, ask: &Ask, act: Act, scope: Option<&RoomKey>, people: &[PersonId]) -> Result<(), Refusal> {
        ask.must_hold(act.right(), scope)?;
        for person in people {
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
    /// nothing is stored twice.
    async fn store_order(&self, ask: &Ask, order: &Order) -> Result<(), Stop> {
        let store = self.engine().store();
        let now = self.engine().clock().now();
        let asker = ask.user.as_str();
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
        }
        Ok(())
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
    fn replaced(&self, ask: &Ask, order: &Order, person: PersonId) -> Vec<GrantId> {
        let reach = ask.scene.reach(order.scope.as_ref());
        let takes = !matches!(order.act, Act::Promote(_));
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
    async fn follow(&self, ask: &Ask, order: &Order) -> Result<Reply, Stop> {
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
            let line = match became {
                Became::Done => {
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

    /// Why an account that was to be usable again is not: something else keeps it so.
    fn still_off(&self, ask: &Ask, order: &Order, id: PersonId) -> Option<Said> {
        if !matches!(order.act, Act::Unlock | Act::Reactivate) {
            return None;
        }
        let (texts, scene) = (self.texts(), &ask.scene);
        let user = ("user", scene.person(id));
        let holds = |kind| scene.grants.iter().any(|grant| grant.person == id && grant.kind == kind);
        let (other, word, text) = match order.act {
            Act::Unlock => (GrantKind::Deactivate, "reactivate", "still-deactivated"),
            _ => (GrantKind::Lock, "unlock", "still-locked"),
        };
        if holds(other) {
            let command =
                format!("{}{word} {}", self.manners().prefix, scene.user_of(id).map_or("", |user| user.localpart()));
            return Some(texts.say(text, &[user, ("command", Arg::Code(command))]));
        }
        let standing = scene.directory.get(id).map(|person| scene.policy.users.standing.standing(person, scene.now));
        match standing {
            Some(Some(Standing::Active)) => None,
            Some(standing) => {
                let word = texts.word("standing", super::people::standing_word(standing));
                Some(texts.say("still-off", &[user, ("standing", Arg::Said(word))]))
            }
            None => Some(texts.say("still-unknown", &[user])),
        }
    }

    /// What would be so then, for one person.
    fn preview_line(&self, ask: &Ask, order: &Order, person: PersonId) -> Said {
        match order.act {
            Act::Deactivate => self.texts().say("deactivate-preview", &[("user", ask.scene.person(person))]),
            _ => self.result_line(ask, order, person),
        }
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
        let room = order.scope.as_ref().filter(|_| !matches!(order.act, Act::Kick | Act::Unmute))?;
        let (policy, person) = (ask.scene.policy.rooms.get(room)?, ask.scene.directory.get(id)?);
        let access = ask.scene.access();
        let belongs = access.selects(&policy.members, person)
            || policy.administrators.as_ref().is_some_and(|rule| access.selects(rule, person));
        (!belongs).then(|| room.clone())
    }

    /// What is so then, for one person.
    fn result_line(&self, ask: &Ask, order: &Order, person: PersonId) -> Said {
        let texts = self.texts();
        let place = ("place", Arg::Said(self.place(ask, order.scope.as_ref())));
        let user = ("user", ask.scene.person(person));
        let room = ("room", order.scope.as_ref().map_or(Arg::Text(String::new()), |room| ask.scene.room(room)));
        let until = order.until.map(|until| ("until", self.time(until)));
        let rank = |rank: Rank| {
            (
                "rank",
                Arg::Said(match rank {
                    Rank::Moderator => texts.line("rank-moderator", &[]),
                    Rank::Admin => texts.line("rank-admin", &[]),
                    Rank::Level(level) => texts.line("rank-level", &[("level", Arg::Number(level))]),
                }),
            )
        };
        match (order.act, until) {
            (Act::Promote(what), None) => texts.say("promoted", &[user, rank(what), place]),
            (Act::Promote(what), Some(until)) => texts.say("promoted-until", &[user, rank(what), place, until]),
            (Act::Demote, None) => texts.say("demoted", &[user, place]),
            (Act::Demote, Some(until)) => texts.say("demoted-until", &[user, place, until]),
            (Act::Kick, None) => texts.say("kicked", &[user, room]),
            (Act::Kick, Some(until)) => texts.say("kicked-until", &[user, room, until]),
            (Act::Mute, None) => texts.say("muted", &[user, place]),
            (Act::Mute, Some(until)) => texts.say("muted-until", &[user, place, until]),
            (Act::Unmute, _) => texts.say("unmuted", &[user, place]),
            (Act::Lock, None) => texts.say("locked", &[user]),
            (Act::Lock, Some(until)) => texts.say("locked-until", &[user, until]),
            (Act::Unlock, _) => texts.say("unlocked", &[user]),
            (Act::Deactivate, _) => texts.say("deactivated", &[user]),
            (Act::Reactivate, _) => texts.say("reactivated", &[user]),
        }
    }

    /// The command that takes it back.
    fn undo(&self, ask: &Ask, order: &Order) -> Option<String> {
        let word = match order.act {
            Act::Promote(_) => "demote",
            Act::Mute => "unmute",
            Act::Lock => "unlock",
            Act::Deactivate => "reactivate",
            _ => return None,
        };
        let names = order.people.iter().filter_map(|person| Some(ask.scene.user_of(*person)?.localpart()));
        let names = names.collect::<Vec<_>>().join(" ");
        let place = order.scope.as_ref().map_or_else(String::new, |room| format!(" in {room}"));
        (!names.is_empty()).then(|| format!("{}{word} {names}{place}", self.manners().prefix))
    }
}
