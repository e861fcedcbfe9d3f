//! Redacts messages and reactions as the bot. Each is a deed of its own that names the asker.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::authority::{Act, Whose};
use equipemed_domain::command::{CommandPlace, Extent, Redaction, Where, Who};
use equipemed_domain::deed::{Deed, Files};
use equipemed_domain::event::Event;
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::observed::Membership;
use jiff::Timestamp;
use ruma_common::{EventId, OwnedEventId, OwnedMxcUri, OwnedRoomId, OwnedUserId, RoomId};

use super::{Asked, NotFound, Stop, Unclear};
use crate::homeserver::{Outline, Reaction, Search};

/// Limit per command; nobody means more by one.
const AT_MOST: usize = 500;
/// Event types that count as messages.
const MESSAGES: &[&str] =
    &["m.room.message", "m.sticker", "m.poll.start", "org.matrix.msc3381.poll.start", "m.room.encrypted"];

/// An event to redact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) room_id: OwnedRoomId,
    pub(crate) room: RoomKey,
    pub(crate) event: OwnedEventId,
    pub(crate) sender: OwnedUserId,
    pub(crate) at: Timestamp,
    /// The message that it goes along with, if it is an edit or a poll's answer.
    pub(crate) of: Option<OwnedEventId>,
    /// The addresses of its files.
    pub(crate) files: BTreeSet<OwnedMxcUri>,
}

impl Target {
    /// The deed that redacts it.
    pub(crate) fn deed(self) -> Deed {
        let (sender, media) = (self.sender, self.files);
        let files = (!media.is_empty()).then_some(Files { sender, media, unwanted: None });
        Deed::Redact { room_id: self.room_id, event_id: self.event, of: self.of, files }
    }
}

/// A requested redaction, with the room of the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redacting<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) room: &'a RoomKey,
    pub(crate) room_id: &'a RoomId,
}

impl Redacting<'_> {
    /// The events meant, as far as the asker may redact them.
    pub(crate) async fn targets(&self, what: &Redaction) -> Result<Vec<Target>, Stop> {
        Ok(match what {
            Redaction::Replied(event) => self.removable(self.room, self.room_id, event).await?,
            Redaction::Events(links) => {
                let mut targets = Vec::new();
                for (place, event) in links {
                    let (room, room_id) = self.managed(place).await?;
                    targets.extend(self.removable(&room, &room_id, event).await?);
                }
                // A link to a message and one to its edit name the same.
                let mut seen = BTreeSet::new();
                targets.retain(|target: &Target| seen.insert((target.room_id.clone(), target.event.clone())));
                targets
            }
            Redaction::Of { who, room, extent } => {
                let (room, room_id) = self.place(room.as_ref()).await?;
                let mut targets = Vec::new();
                for who in who {
                    targets.extend(self.latest(who, &room, &room_id, *extent).await?);
                }
                if targets.is_empty() {
                    return Err(Unclear::NothingToRedact.into());
                }
                targets
            }
        })
    }

    /// Reactions to a message: those with a key, of one person, or all.
    pub(crate) async fn reactions(
        &self,
        event: &OwnedEventId,
        key: Option<&str>,
        of: Option<&Who>,
    ) -> Result<Vec<Target>, Stop> {
        let may_all = self.asked.may(Act::Redact(Whose::Others), Some(self.room));
        let of = of.map(|who| self.account(who)).transpose()?;
        let plain = |key: &str| key.trim_end_matches('\u{FE0F}').to_owned();
        let reactions = self.asked.engine.reader().reactions_to(self.room_id, event).await?;
        // Own reactions need no right, except where they may confirm a question of the bot.
        let is_own =
            |reaction: &Reaction| self.is_own(&reaction.sender) && CommandPlace::of(self.room) == CommandPlace::Managed;
        let targets: Vec<Target> = reactions
            .into_iter()
            .filter(|reaction| may_all.is_ok() || is_own(reaction))
            .filter(|reaction| key.is_none_or(|key| plain(&reaction.key) == plain(key)))
            .filter(|reaction| of.as_ref().is_none_or(|user| reaction.sender == *user))
            .map(|reaction| Target {
                room_id: self.room_id.to_owned(),
                room: self.room.clone(),
                event: reaction.event_id,
                sender: reaction.sender,
                at: self.asked.sent_at,
                of: None,
                files: BTreeSet::new(),
            })
            .collect();
        if targets.is_empty() {
            may_all?;
            return Err(Unclear::NothingToRedact.into());
        }
        Ok(targets)
    }

    /// Rooms of a redaction that the asker is not in. Nothing about them is disclosed before it is done: not the number
    /// of messages, their senders or times. Refuses what the asker may not do there.
    pub(crate) async fn unseen(&self, what: &Redaction) -> Result<BTreeSet<RoomKey>, Stop> {
        let asked = self.asked;
        let mut rooms = BTreeMap::new();
        match what {
            Redaction::Replied(_) => {}
            Redaction::Events(links) => {
                for (place, _) in links {
                    rooms.extend([self.managed(place).await?]);
                }
            }
            Redaction::Of { who, room, .. } => {
                let (room, room_id) = self.place(room.as_ref()).await?;
                let mut is_own = true;
                for person in asked.scene.find_people(who)? {
                    let own = asked.is_about_asker(person);
                    asked.may(Act::Redact(if own { Whose::Own } else { Whose::Others }), Some(&room))?;
                    is_own &= own;
                }
                if !is_own {
                    rooms.insert(room, room_id);
                }
            }
        }
        let mut unseen = BTreeSet::new();
        for (room, room_id) in rooms {
            // Where others' messages may not be redacted, they are not looked at either.
            let may = asked.may(Act::Redact(Whose::Others), Some(&room)).is_ok();
            if may && room_id != *self.room_id && !self.is_in(&room_id).await? {
                unseen.insert(room);
            }
        }
        Ok(unseen)
    }

    /// The room in which to redact somebody's messages.
    async fn place(&self, room: Option<&Where>) -> Result<(RoomKey, OwnedRoomId), Stop> {
        match room {
            Some(place) => self.managed(place).await,
            None if CommandPlace::of(self.room) == CommandPlace::Managed => {
                Ok((self.room.clone(), self.room_id.to_owned()))
            }
            None => Err(Unclear::NoRoomNamed.into()),
        }
    }

    fn is_own(&self, sender: &OwnedUserId) -> bool {
        sender.as_str() == self.asked.by.name
    }

    async fn is_in(&self, room_id: &RoomId) -> Result<bool, Stop> {
        let engine = &self.asked.engine;
        let seen = match engine.room_cache().seen(room_id, self.asked.scene.now) {
            Some(seen) => seen,
            None => engine.reader().room(room_id).await?,
        };
        let joined = |(user, is): (&OwnedUserId, &Membership)| self.is_own(user) && *is == Membership::Join;
        Ok(seen.members.iter().any(joined))
    }

    /// An event that the asker may redact, and what goes along with it. Without the right, a missing event and somebody
    /// else's event give the same refusal. An edit stands for its message; what only claims to be one, such as the "edit"
    /// of another person's message, stands for itself.
    async fn removable(&self, room: &RoomKey, room_id: &RoomId, event: &OwnedEventId) -> Result<Vec<Target>, Stop> {
        let seen = self.one_removable(room, room_id, event).await?;
        let seen = match self.asked.engine.reader().edited_message(&seen).await? {
            Some(message) if !message.content.redacted => message,
            _ => seen,
        };
        let along = self.asked.engine.reader().belonging_to(&seen).await?;
        let of = Some(seen.event_id.clone());
        let mut targets = vec![target(room, room_id, seen, None)];
        targets.extend(along.into_iter().map(|event| target(room, room_id, event, of.clone())));
        Ok(targets)
    }

    async fn one_removable(&self, room: &RoomKey, room_id: &RoomId, event: &EventId) -> Result<Event<Outline>, Stop> {
        let refusal = self.asked.may(Act::Redact(Whose::Others), Some(room)).err();
        let seen = self.asked.engine.reader().event(room_id, event).await?;
        if let Some(refusal) = refusal {
            let is_own = match &seen {
                Some(seen) => self.is_own(&seen.sender) && !self.is_record(room, event).await?,
                None => false,
            };
            if !is_own {
                return Err(refusal.into());
            }
            self.asked.may(Act::Redact(Whose::Own), Some(room))?;
        }
        let seen = seen.ok_or(Unclear::NoEvent)?;
        if seen.content.redacted {
            return Err(Unclear::RedactedAlready.into());
        }
        if seen.state_key.is_some() {
            return Err(Unclear::NotAMessage.into());
        }
        Ok(seen)
    }

    /// Whether it is a command in the control room, which is kept like its answer.
    async fn is_record(&self, room: &RoomKey, event: &EventId) -> Result<bool, Stop> {
        Ok(room.as_str() == CONTROL_ROOM && self.asked.store().is_command(event).await?)
    }

    /// The managed room that a place names.
    async fn managed(&self, place: &Where) -> Result<(RoomKey, OwnedRoomId), Stop> {
        let scene = &self.asked.scene;
        let room_id = scene.find_any_room(place, self.asked.engine.reader()).await??;
        let key = scene.key_of(&room_id).cloned();
        Ok((key.ok_or(NotFound::NotManaged { said: place.to_string() })?, room_id))
    }

    fn account(&self, who: &Who) -> Result<OwnedUserId, NotFound> {
        let scene = &self.asked.scene;
        let user = scene.user_of(scene.find_person(who)?).cloned();
        user.ok_or(NotFound::Nobody { said: who.to_string(), nearest: None })
    }

    /// Somebody's latest messages in a room.
    async fn latest(&self, who: &Who, room: &RoomKey, room_id: &RoomId, extent: Extent) -> Result<Vec<Target>, Stop> {
        let asked = self.asked;
        let user = self.account(who)?;
        let (at_most, since) = match extent {
            Extent::Last(count) => (usize::try_from(count).unwrap_or(AT_MOST).min(AT_MOST), None),
            Extent::Since(span) => (AT_MOST, asked.sent_at.checked_sub(span).ok()),
        };
        // The command did not mean messages sent after it.
        let search = Search { sender: Some(&user), types: MESSAGES, at_most, since, until: Some(asked.sent_at) };
        // Includes edits: otherwise the edited text would stay on the server.
        let latest = asked.engine.reader().latest_events(room_id, &search).await?;
        let may_all = asked.may(Act::Redact(Whose::Others), Some(room)).is_ok();
        let mut targets = Vec::new();
        for event in latest.events {
            if event.event_id.as_str() == asked.source || (!may_all && self.is_record(room, &event.event_id).await?) {
                continue;
            }
            // The edits are among the events; others send a poll's answers.
            if event.kind.ends_with("poll.start") {
                let along = asked.engine.reader().belonging_to(&event).await?;
                let answers = along.into_iter().filter(|event| event.content.replaces.is_none());
                targets.extend(answers.map(|answer| target(room, room_id, answer, Some(event.event_id.clone()))));
            }
            let of = event.content.replaces.clone();
            targets.push(target(room, room_id, event, of));
        }
        Ok(targets)
    }
}

fn target(room: &RoomKey, room_id: &RoomId, event: Event<Outline>, of: Option<OwnedEventId>) -> Target {
    let (room_id, room, files) = (room_id.to_owned(), room.clone(), event.content.files);
    Target { room_id, room, event: event.event_id, sender: event.sender, at: event.sent_at, of, files }
}
