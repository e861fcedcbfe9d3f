//! `redact`: messages and reactions, by the bot itself, each a deed of its own with who asked.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::authority::{Act, Whose};
use equipemed_domain::command::{Extent, Place, Redaction, Where, Who};
use equipemed_domain::deed::Deed;
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::observed::Membership;
use futures_util::FutureExt;
use jiff::Timestamp;
use ruma_common::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId};

use crate::chat::Chat;
use crate::chat::ask::Ask;
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::homeserver::{Reaction, Said, Search};
use crate::operations::NotFound;
use crate::speech::{Answer, Arg, number};
use crate::store::DeedId;

/// More at once than anybody means by one command.
const AT_MOST: usize = 500;
/// What counts as a message.
const MESSAGES: &[&str] = &["m.room.message", "m.sticker", "m.room.encrypted"];

/// One event that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    room_id: OwnedRoomId,
    room: RoomKey,
    event: OwnedEventId,
    sender: OwnedUserId,
    at: Timestamp,
}

impl Chat {
    /// Redacts messages, or shows which.
    pub(super) async fn redact(
        &self,
        ask: &Ask,
        what: &Redaction,
        because: Option<&str>,
        dry_run: bool,
    ) -> Result<Turn, Stop> {
        if let Some(turn) = self.going_on(ask).await? {
            return Ok(turn);
        }
        let unseen = self.unseen(ask, what).await?;
        if dry_run && !unseen.is_empty() {
            return Ok(Turn::Over(self.would_do(self.unseen_lines(ask, &unseen))));
        }
        // One that was linked goes at once. Otherwise the same question whatever there is, asked before anything is
        // looked at: how many there are would tell, too.
        let is_one = matches!(what, Redaction::Events(links) if links.len() == 1);
        if !unseen.is_empty() && !is_one {
            self.must_write()?;
            let lines = self.unseen_lines(ask, &unseen);
            if let Some(preview) = self.agreed(ask, lines, unseen.len(), &[format!("{what:?}")]).await? {
                return Ok(preview);
            }
        }
        let targets = match what {
            Redaction::Replied(event) => vec![self.removable(ask, &ask.room, &ask.room_id, event).await?],
            Redaction::Events(links) => {
                let mut targets = Vec::new();
                for (place, event) in links {
                    let (room, room_id) = self.managed(ask, place).await?;
                    targets.push(self.removable(ask, &room, &room_id, event).await?);
                }
                targets
            }
            Redaction::Of { who, room, extent } => {
                let (room, room_id) = self.redaction_room(ask, room.as_ref()).await?;
                let mut targets = Vec::new();
                for who in who {
                    targets.extend(self.latest(ask, who, &room, &room_id, *extent).await?);
                }
                if targets.is_empty() {
                    return Err(Stop::Unclear(self.texts().say("redact-none", &[])));
                }
                targets
            }
        };
        if dry_run {
            return Ok(Turn::Over(self.would_do(self.preview_lines(ask, &targets))));
        }
        self.must_write()?;
        if unseen.is_empty() && targets.len() > 1 {
            let events: Vec<String> = targets.iter().map(|target| target.event.to_string()).collect();
            let lines = self.preview_lines(ask, &targets);
            if let Some(preview) = self.agreed(ask, lines, targets.len(), &events).await? {
                return Ok(preview);
            }
        }
        self.remove(ask, targets, because).await
    }

    /// Redacts reactions to a message.
    pub(super) async fn redact_reactions(
        &self,
        ask: &Ask,
        event: &OwnedEventId,
        key: Option<&str>,
        of: Option<&Who>,
    ) -> Result<Turn, Stop> {
        let may_all = ask.may(Act::Redact(Whose::Others), Some(&ask.room));
        self.must_write()?;
        if let Some(turn) = self.going_on(ask).await? {
            return Ok(turn);
        }
        let of = match of {
            Some(who) => {
                let person = ask.scene.find_person(who)?;
                let user = ask.scene.user_of(person).cloned();
                Some(user.ok_or(NotFound::Nobody { said: who.to_string(), nearest: None })?)
            }
            None => None,
        };
        let plain = |key: &str| key.trim_end_matches('\u{FE0F}').to_owned();
        let reactions = self.engine().reader().reactions_to(&ask.room_id, event).await?;
        // One's own go without a right, save those that are a yes to what the bot asked.
        let is_own = |reaction: &Reaction| reaction.sender == ask.user && ask.place == Place::Managed;
        let targets: Vec<Target> = reactions
            .into_iter()
            .filter(|reaction| may_all.is_ok() || is_own(reaction))
            .filter(|reaction| key.is_none_or(|key| plain(&reaction.key) == plain(key)))
            .filter(|reaction| of.as_ref().is_none_or(|user| reaction.sender == *user))
            .map(|reaction| Target {
                room_id: ask.room_id.clone(),
                room: ask.room.clone(),
                event: reaction.event_id,
                sender: reaction.sender,
                at: ask.sent_at,
            })
            .collect();
        if targets.is_empty() {
            may_all?;
            return Err(Stop::Unclear(self.texts().say("redact-none", &[])));
        }
        self.remove(ask, targets, None).await
    }

    /// The room of a redaction of somebody's messages.
    async fn redaction_room(&self, ask: &Ask, room: Option<&Where>) -> Result<(RoomKey, OwnedRoomId), Stop> {
        match room {
            Some(place) => self.managed(ask, place).await,
            None if ask.place == Place::Managed => Ok((ask.room.clone(), ask.room_id.clone())),
            None => Err(Stop::Unclear(self.texts().say("need-room", &[]))),
        }
    }

    /// Rooms of a redaction in which the asker is not, and of which nothing is told before it is done: not how many
    /// messages there are, not by whom, not of when. Refuses what the asker may not do there.
    async fn unseen(&self, ask: &Ask, what: &Redaction) -> Result<BTreeSet<RoomKey>, Stop> {
        let mut rooms = BTreeMap::new();
        match what {
            Redaction::Replied(_) => {}
            Redaction::Events(links) => {
                for (place, _) in links {
                    rooms.extend([self.managed(ask, place).await?]);
                }
            }
            Redaction::Of { who, room, .. } => {
                let (room, room_id) = self.redaction_room(ask, room.as_ref()).await?;
                let mut is_own = true;
                for who in who {
                    let own = ask.is_about_asker(ask.scene.find_person(who)?);
                    ask.may(Act::Redact(if own { Whose::Own } else { Whose::Others }), Some(&room))?;
                    is_own &= own;
                }
                if !is_own {
                    rooms.insert(room, room_id);
                }
            }
        }
        let mut unseen = BTreeSet::new();
        for (room, room_id) in rooms {
            // Where nothing of others may be removed, nothing of others is looked at either.
            let may = ask.may(Act::Redact(Whose::Others), Some(&room)).is_ok();
            if may && room_id != ask.room_id && !self.is_in(ask, &room_id).await? {
                unseen.insert(room);
            }
        }
        Ok(unseen)
    }

    async fn is_in(&self, ask: &Ask, room_id: &RoomId) -> Result<bool, Stop> {
        let seen = match self.engine().room_cache().seen(room_id, ask.scene.now) {
            Some(seen) => seen,
            None => self.engine().reader().room(room_id).await?,
        };
        Ok(seen.members.get(&ask.user) == Some(&Membership::Join))
    }

    fn unseen_lines(&self, ask: &Ask, rooms: &BTreeSet<RoomKey>) -> Vec<Said> {
        rooms.iter().map(|room| self.texts().line("redact-preview-unseen", &[("room", ask.scene.room(room))])).collect()
    }

    fn would_do(&self, lines: Vec<Said>) -> Reply {
        Reply::told(Answer::new().line(self.texts().say("would-do", &[])).items(lines))
    }

    /// One event that the asker may remove. To who may not, one that is not there and one that is somebody else's are
    /// the same.
    async fn removable(
        &self,
        ask: &Ask,
        room: &RoomKey,
        room_id: &OwnedRoomId,
        event: &OwnedEventId,
    ) -> Result<Target, Stop> {
        let Err(refusal) = ask.may(Act::Redact(Whose::Others), Some(room)) else {
            return self.target(room, room_id, event).await;
        };
        let is_own = match self.engine().reader().event(room_id, event).await? {
            Some(seen) => seen.sender == ask.user && !self.is_record(room, event).await?,
            None => false,
        };
        if !is_own {
            return Err(refusal.into());
        }
        ask.may(Act::Redact(Whose::Own), Some(room))?;
        self.target(room, room_id, event).await
    }

    /// Whether it is what somebody commanded in the control room, which is kept like the answer to it.
    async fn is_record(&self, room: &RoomKey, event: &EventId) -> Result<bool, Stop> {
        Ok(room.as_str() == CONTROL_ROOM && self.engine().store().is_command(event).await?)
    }

    /// The managed room a place means.
    async fn managed(&self, ask: &Ask, place: &Where) -> Result<(RoomKey, OwnedRoomId), Stop> {
        let scene = &ask.scene;
        let room_id = scene.find_any_room(place, self.engine().reader()).await??;
        let key = scene.key_of(&room_id).cloned();
        Ok((key.ok_or(NotFound::NotManaged { said: place.to_string() })?, room_id))
    }

    /// One event, after a look whether it can be redacted.
    async fn target(&self, room: &RoomKey, room_id: &OwnedRoomId, event: &OwnedEventId) -> Result<Target, Stop> {
        let texts = self.texts();
        let Some(seen) = self.engine().reader().event(room_id, event).await? else {
            return Err(Stop::Unclear(texts.say("no-event", &[])));
        };
        if seen.content.redacted {
            return Err(Stop::Unclear(texts.say("redact-already", &[])));
        }
        if seen.state_key.is_some() {
            return Err(Stop::Unclear(texts.say("redact-not-a-message", &[])));
        }
        Ok(Target {
            room_id: room_id.clone(),
            room: room.clone(),
            event: event.clone(),
            sender: seen.sender,
            at: seen.sent_at,
        })
    }

    /// Somebody's latest messages in a room.
    async fn latest(
        &self,
        ask: &Ask,
        who: &Who,
        room: &RoomKey,
        room_id: &OwnedRoomId,
        extent: Extent,
    ) -> Result<Vec<Target>, Stop> {
        let person = ask.scene.find_person(who)?;
        let user = ask.scene.user_of(person).cloned();
        let user = user.ok_or(NotFound::Nobody { said: who.to_string(), nearest: None })?;
        let (at_most, since) = match extent {
            Extent::Last(count) => (usize::try_from(count).unwrap_or(AT_MOST).min(AT_MOST), None),
            Extent::Since(span) => (AT_MOST, ask.sent_at.checked_sub(span).ok()),
        };
        // What was said after the command was not meant by it.
        let search = Search { sender: Some(&user), types: MESSAGES, at_most, since, until: Some(ask.sent_at) };
        // New versions of a message are among them: left there, the edited text would stay on the server.
        let latest = self.engine().reader().latest_events(room_id, &search).await?;
        let may_all = ask.may(Act::Redact(Whose::Others), Some(room)).is_ok();
        let mut targets = Vec::new();
        for event in latest.events {
            if event.event_id == ask.event || (!may_all && self.is_record(room, &event.event_id).await?) {
                continue;
            }
            targets.push(Target {
                room_id: room_id.clone(),
                room: room.clone(),
                event: event.event_id,
                sender: event.sender,
                at: event.sent_at,
            });
        }
        Ok(targets)
    }

    fn preview_lines(&self, ask: &Ask, targets: &[Target]) -> Vec<Said> {
        let texts = self.texts();
        let mut groups: BTreeMap<(&OwnedUserId, &RoomKey), Vec<Timestamp>> = Default::default();
        for target in targets {
            groups.entry((&target.sender, &target.room)).or_default().push(target.at);
        }
        let lines = groups.into_iter().map(|((user, room), times)| {
            let (user, room) = (("user", ask.scene.user(user)), ("room", ask.scene.room(room)));
            match (times.as_slice(), times.iter().min(), times.iter().max()) {
                ([_, _, ..], Some(oldest), Some(newest)) => texts.line(
                    "redact-preview",
                    &[
                        ("count", number(times.len())),
                        user,
                        room,
                        ("oldest", self.time(*oldest)),
                        ("newest", self.time(*newest)),
                    ],
                ),
                _ => texts.line("redact-preview-event", &[user, room]),
            }
        });
        lines.collect()
    }

    /// Stores the deeds and follows them.
    async fn remove(&self, ask: &Ask, targets: Vec<Target>, because: Option<&str>) -> Result<Turn, Stop> {
        let room = targets.first().map(|target| target.room.clone());
        let redact = |target: Target| Deed::Redact { room_id: target.room_id, event_id: target.event };
        let deeds = self.wish(ask, targets.into_iter().map(redact).collect(), because).await?;
        Ok(self.following(ask, room, deeds))
    }

    /// Goes on with what this very command began before this process was there: what it is about cannot be found again,
    /// because a part of it is gone.
    async fn going_on(&self, ask: &Ask) -> Result<Option<Turn>, Stop> {
        let begun = self.begun(ask).await?;
        let Some(first) = begun.first() else { return Ok(None) };
        let room = ask.scene.key_of(first.wish.deed.room_id()).cloned();
        Ok(Some(self.following(ask, room, begun.iter().map(|deed| deed.id).collect())))
    }

    fn following(&self, ask: &Ask, room: Option<RoomKey>, deeds: Vec<DeedId>) -> Turn {
        let (chat, ask) = (self.clone(), ask.clone());
        Turn::Later(async move { chat.follow_deeds(&ask, room.as_ref(), &deeds).await }.boxed())
    }

    async fn follow_deeds(&self, ask: &Ask, room: Option<&RoomKey>, deeds: &[DeedId]) -> Result<Reply, Stop> {
        let texts = self.texts();
        let (done, why) = self.wait_for_deeds(deeds).await?;
        let mut reply = match (done, why.first()) {
            (_, None) => {
                let room = room.map_or(Arg::Text(String::new()), |room| ask.scene.room(room));
                Reply::done(Answer::new().line(texts.say("redacted", &[("count", number(done)), ("room", room)])))
            }
            (0, Some(detail)) => Reply::failed(
                Answer::new().line(texts.say("redact-failed", &[("detail", texts.why(detail))])),
                detail.clone(),
            ),
            (_, Some(detail)) => {
                let counts = [("done", number(done)), ("failed", number(why.len()))];
                let answer = Answer::new()
                    .line(texts.say("redact-partly", &counts))
                    .line(texts.say("grant-failed", &[("detail", texts.why(detail))]));
                Reply::new(Mark::Partly, answer)
            }
        };
        // In a ward's room the gap where a message was says enough.
        reply.quiet = ask.place == Place::Managed && why.is_empty();
        Ok(reply)
    }
}
