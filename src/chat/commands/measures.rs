//! What is done to people by command: levels, kicks, bans, mutes, locks. Each becomes a grant, which the engine carries out.

use std::collections::BTreeMap;

use equipemed_domain::authority::{Act, Allowed, Asker, Effect, Refusal, Request, decide};
use equipemed_domain::command::Measure;
use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::GrantId;
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::outcomes::Became;
use super::unban::Found;
use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::homeserver::Said;
use crate::operations::{Change, change_grants};
use crate::speech::{Answer, Arg, number};

/// A kick without a time keeps somebody out for so long.
const KICK_LASTS: SignedDuration = SignedDuration::from_hours(24);
/// Of somebody who was not decided about.
static NO_EFFECT: Effect = Effect { ends: std::collections::BTreeSet::new(), adds: None };
/// From so many people on, giving something is asked about first; taking something away from the second one on.
const MANY: usize = 4;

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
    /// What it does to each person's grants.
    pub(super) allowed: BTreeMap<PersonId, Allowed>,
}

impl Order {
    /// Whether it is about accounts and not about rooms.
    pub(super) fn is_of_account(&self) -> bool {
        self.act.is_of_account()
    }

    /// It, as it is asked about one person.
    fn request(&self, person: PersonId) -> Request {
        Request { act: self.act, person: Some(person), place: self.scope.clone(), until: self.until }
    }

    /// Whether only what the asker gave is taken, and the rest stays.
    pub(super) fn is_taken_back(&self, person: PersonId) -> bool {
        self.allowed.get(&person).is_some_and(|allowed| allowed.is_taken_back)
    }

    /// What it does to one person's grants.
    pub(super) fn effect(&self, person: PersonId) -> &Effect {
        self.allowed.get(&person).map_or(&NO_EFFECT, |allowed| &allowed.effect)
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
            return Err(Refusal::Protected { user }.into());
        }
        let people = measure.who.iter().map(|who| scene.find_person(who)).collect::<Result<Vec<_>, _>>()?;
        let by_hand = match act {
            Act::Unban => self.found_by_hand(ask, scope.as_ref(), &people).await?,
            _ => Vec::new(),
        };
        let lasts = measure.lasts.or((act == Act::Kick).then_some(KICK_LASTS));
        let until = lasts.and_then(|lasts| ask.begins_at().checked_add(lasts).ok());
        let because = measure.because.clone();
        let mut order = Order { act, people, scope, until, because, by_hand, allowed: BTreeMap::new() };
        order.allowed = check(ask, &order)?;
        // Nobody agrees to what is done to themselves.
        if order.people.iter().any(|person| ask.agreed_by == Some(Asker::Person(*person))) {
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

    /// Ends what it replaces and stores what is wished. Each has the command as its source: handled again after a crash,
    /// nothing is stored twice. Gives what each person was granted.
    async fn store_order(&self, ask: &Ask, order: &Order) -> Result<BTreeMap<PersonId, GrantId>, Stop> {
        let store = self.engine().store();
        let now = self.engine().clock().now();
        let asker = ask.user.as_str();
        let mut granted = BTreeMap::new();
        for (number, person) in order.people.iter().enumerate() {
            let change = Change {
                person: *person,
                effect: order.effect(*person),
                place: order.scope.clone(),
                until: order.until,
                because: order.because.clone(),
                source: Some(source(ask, number)),
            };
            granted.extend(change_grants(store, change, asker, now).await?.map(|id| (*person, id)));
        }
        for found in &order.by_hand {
            self.engine().by_hand().end_ban(found.person, &found.room, &found.ban, asker).await?;
        }
        Ok(granted)
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
        self.engine().wake(&Wake::Room(RoomKey::from(CONTROL_ROOM)), "chat").await?;
        let wishes: Vec<Wish> =
            order.people.iter().enumerate().map(|(number, person)| Wish::about(source(ask, number), *person)).collect();
        let settled = self.look_and_wait(&wakes, &wishes).await?;
        let (mut good, mut bad, mut failed) = (0, 0, false);
        let mut answer = Answer::new();
        for (person, wish) in order.people.iter().zip(&wishes) {
            let became = match ask.scene.user_of(*person) {
                Some(user) => self.became(wish, user, ask.scene.now, &settled).await?,
                None => Became::Already,
            };
            let user = ("user", ask.scene.person(*person));
            if let Some(line) = self.still_off(ask, order, *person) {
                bad += 1;
                answer = answer.line(line);
                continue;
            }
            let is_lifted = order.act == Act::Unban;
            let (unmet, is_so) = match became {
                Became::Done | Became::Already => self.unmet(ask, order, *person, &rooms).await?,
                _ => Default::default(),
            };
            bad += unmet.len();
            let unmet = unmet.iter().map(|(why, rooms)| self.unmet_line(ask, *person, why, rooms));
            let unmet: Vec<Said> = unmet.collect();
            let line = match became {
                Became::Already if ask.scene.user_of(*person).is_none() && order.act.grant().is_some() => {
                    good += 1;
                    texts.say("no-account-yet", &[user])
                }
                Became::Already if ask.scene.user_of(*person).is_none() => {
                    bad += 1;
                    texts.say("no-account", &[user])
                }
                // Nowhere so: what stands against it is all there is to tell.
                Became::Done | Became::Already if !unmet.is_empty() && !is_so => {
                    for line in unmet {
                        answer = answer.line(line);
                    }
                    continue;
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
                // The room shows no difference, but until when it is so may be one.
                Became::Already if self.is_news(ask, order, *person) => {
                    good += 1;
                    self.result_line(ask, order, *person)
                }
                Became::Already => {
                    good += 1;
                    texts.say("already-so", &[user])
                }
                Became::Failed(why) => {
                    bad += 1;
                    failed = true;
                    let text = texts.say("grant-failed", &[("detail", texts.why(&why))]);
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
            for line in unmet {
                answer = answer.line(line);
            }
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
        if let Some(undo) = self.undo(ask, order, granted) {
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
}

/// Whether the asker may, for each person: what it does then, or the first reason why not.
fn check(ask: &Ask, order: &Order) -> Result<BTreeMap<PersonId, Allowed>, Refusal> {
    let world = ask.scene.world();
    for found in &order.by_hand {
        let place = Some(found.room.clone());
        let request = Request { act: Act::UnbanByHand, person: Some(found.person), place, until: None };
        decide(ask.asker, &request, &world)?;
    }
    let decided = order.people.iter().map(|person| Ok((*person, decide(ask.asker, &order.request(*person), &world)?)));
    decided.collect()
}

/// What makes a grant of a command one, and is the id of its wish.
fn source(ask: &Ask, number: usize) -> String {
    format!("{} {number}", ask.event)
}
