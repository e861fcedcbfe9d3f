//! What became of a wish: looked up by its id, after the passes it woke.

use std::collections::BTreeMap;
use std::time::Duration;

use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::outcome::{Ended, Outcome};
use equipemed_domain::review::Effect;
use equipemed_domain::stands::{self, Unmet};
use equipemed_domain::summary::{Topic, Trouble};
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use jiff::Timestamp;
use ruma_common::OwnedUserId;

use super::measures::Order;
use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::Stop;
use crate::engine::wakes::Waited;
use crate::homeserver::Said;
use crate::speech::Arg;
use crate::store::{HeldPlan, Intent};

/// For how long an answer waits for the passes.
const WITHIN: Duration = Duration::from_secs(90);

/// What became of a wish about one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// Something was changed for it.
    Done,
    /// Nothing was done; whether it is so is looked at apart.
    Already,
    /// Synapse refused.
    Failed(Fault),
    /// It is held; by which id.
    Held(String),
    /// Not yet: it is tried again.
    Waits,
}

/// Counts over several outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) done: usize,
    pub(super) already: usize,
    pub(super) skipped: usize,
    pub(super) failed: usize,
    /// What went wrong.
    pub(super) troubles: Vec<Trouble>,
}

impl Chat {
    /// Wakes these subjects for wishes and waits until they were looked at; persons first, then the rooms that their
    /// passes woke.
    pub(super) async fn look_and_wait(&self, wakes: &[Wake], wishes: &[Wish]) -> Result<Waited, Stop> {
        let engine = self.engine();
        engine.wakes().wake_for(wakes, wishes, "chat").await?;
        let settled = engine.wakes().wait_for(wakes, WITHIN).await?;
        if settled != Waited::Yes || !wakes.iter().any(|wake| matches!(wake, Wake::Person(_))) {
            return Ok(settled);
        }
        let rooms: Vec<Wake> = engine.policy().await?.rooms.keys().cloned().map(Wake::Room).collect();
        Ok(engine.wakes().wait_for(&rooms, WITHIN).await?)
    }

    /// What became of a wish about one account; `since` is when it was asked for, before which nothing was held for it.
    pub(super) async fn became(
        &self,
        wish: &Wish,
        user: &OwnedUserId,
        since: Timestamp,
        settled: &Waited,
    ) -> Result<Became, Stop> {
        let store = self.engine().store();
        let now = self.engine().clock().now();
        let held = store.held_open(now).await?;
        let is_about = |effect: &Effect| effect.user() == Some(user);
        let is_new = |plan: &&HeldPlan| plan.created_at >= since && plan.held.effects.iter().any(is_about);
        if let Some(plan) = held.iter().find(is_new) {
            return Ok(Became::Held(plan.held.id.clone()));
        }
        let mut became = Became::Already;
        for entry in store.served(&wish.id).await? {
            match entry.settled.map(|settled| settled.outcome) {
                Some(Outcome::Done(_)) if became == Became::Already => became = Became::Done,
                Some(Outcome::Failed(why) | Outcome::Skipped(why)) => became = Became::Failed(why),
                _ => {}
            }
        }
        match (&became, settled) {
            (Became::Already, Waited::TriedAgain | Waited::NotYet) => Ok(Became::Waits),
            _ => Ok(became),
        }
    }

    /// Where what an order asked for is not so after all, by a look of its own; and whether it is so anywhere.
    pub(super) async fn unmet(
        &self,
        ask: &Ask,
        order: &Order,
        id: PersonId,
        rooms: &[RoomKey],
    ) -> Result<(BTreeMap<Unmet, Vec<RoomKey>>, bool), Stop> {
        let (mut unmet, mut is_so) = (BTreeMap::<Unmet, Vec<RoomKey>>::new(), false);
        let Some(user) = ask.scene.user_of(id) else { return Ok((unmet, false)) };
        let sight = self.engine().look_at_person(id).await?;
        let access = ask.scene.world().access;
        let person = ask.scene.directory.get(id);
        let is_selected = person.is_none_or(|person| access.selects(&ask.scene.policy.users.who, person));
        if order.act.is_of_account() {
            let found = stands::of_account(order.act, user, is_selected, sight.looked());
            is_so = found.is_none();
            unmet.extend(found.map(|found| (found, Vec::new())));
        }
        for key in rooms {
            match stands::in_room(order.act, user, is_selected, key, sight.looked()) {
                None => is_so = true,
                Some(found) => unmet.entry(found).or_default().push(key.clone()),
            }
        }
        // Of many rooms people belong in some; that is no news.
        if is_so || unmet.len() > 1 {
            unmet.remove(&Unmet::NotMember);
        }
        Ok((unmet, is_so))
    }

    /// What stands against it, for people.
    pub(super) fn unmet_line(&self, ask: &Ask, id: PersonId, unmet: &Unmet, rooms: &[RoomKey]) -> Said {
        let (texts, user) = (self.texts(), ("user", ask.scene.person(id)));
        let list = texts.list(rooms.iter().map(|room| texts.shown(&ask.scene.room(room))).collect());
        let rooms = ("rooms", Arg::Said(list));
        match unmet {
            Unmet::NotSelected => texts.say("unmet-not-selected", &[user]),
            Unmet::Unclear => texts.say("unmet-unclear", &[user]),
            Unmet::Off => texts.say("unmet-off", &[user]),
            Unmet::NoAccount => texts.say("no-account", &[user]),
            Unmet::NoRoom => texts.say("unmet-no-room", &[rooms]),
            Unmet::Several => texts.say("unmet-several", &[rooms]),
            Unmet::Deleted => texts.say("unmet-deleted", &[rooms]),
            Unmet::Unreadable { why } => {
                texts.say("unmet-unreadable", &[rooms, ("detail", texts.why(&why.clone().into()))])
            }
            Unmet::Replaced => texts.say("unmet-replaced", &[rooms]),
            Unmet::BotOut => texts.say("unmet-bot-out", &[rooms]),
            Unmet::NotMember => texts.say("not-a-member", &[user, ("room", rooms.1)]),
            Unmet::OutOfReach { level, bot } => {
                let levels = [("level", Arg::Number(*level)), ("bot", Arg::Number(*bot))];
                texts.say("unmet-out-of-reach", &[levels.as_slice(), &[user, rooms]].concat())
            }
            Unmet::NotYet => texts.say("unmet-not-yet", &[user, rooms]),
        }
    }

    /// Counts what was done for a wish.
    pub(super) async fn tally(&self, wish: &Wish) -> Result<Tally, Stop> {
        let mut tally = Tally::default();
        for entry in self.engine().store().served(&wish.id).await? {
            // What is unknown or open is seen by the next look, which is not over.
            let Some(outcome) = entry.settled.map(|settled| settled.outcome) else { continue };
            match outcome.ended() {
                Ended::Done => tally.done += 1,
                Ended::AlreadySo => tally.already += 1,
                Ended::Skipped => tally.skipped += 1,
                Ended::Failed => tally.failed += 1,
                Ended::Unknown => {}
            }
            if let Some(why) = outcome.fault() {
                let subject = topic_of(&entry.intent);
                let (kind, outcome, detail) = (entry.intent.kind.clone(), outcome.ended(), why.clone());
                tally.troubles.push(Trouble { kind, subject, outcome, detail });
            }
        }
        Ok(tally)
    }
}

/// What an entry of the record is about.
pub(super) fn topic_of(intent: &Intent) -> Topic {
    match (&intent.room, &intent.user) {
        (Some(room), Some(user)) => Topic::Member { user: user.clone(), room: room.clone() },
        (Some(room), None) => Topic::Room(room.clone()),
        (None, Some(user)) => Topic::Account(user.clone()),
        (None, None) => Topic::Worded(intent.subject.clone()),
    }
}
