//! Messages that are no command that can be carried out: whom the bot answers, and how. Separate from understanding,
//! because here nothing is decided about a command.
//!
//! In a managed room an answer is a hint for one person beside everybody's conversation, and is deleted after a minute.

use equipemed_domain::authority::{Act, Request, Whose};
use equipemed_domain::command::{CommandPlace, Misunderstood, Setting, has_known_word, parse};
use equipemed_domain::event::Content;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::restraint::Answering;
use ruma_common::{EventId, UserId};

use super::reply::{Mark, Reply};
use super::understand::{identify, scene_for};
use super::{Chat, Inner};
use crate::operations::redact_hint;
use crate::speech::Answer;
use crate::store::InboxEvent;

/// What matters about a sender who was not understood.
struct Sender {
    /// Whether EquipeMed knows the sender as active; also if it cannot be asked.
    is_known: bool,
    may_redact: bool,
}

/// The transaction of the hint about an event.
fn hint_of(event: &EventId) -> String {
    format!("{event}-hint")
}

impl Chat {
    /// How messages in a room are read.
    pub(super) fn setting(&self, place: CommandPlace) -> Setting<'_> {
        let settings = &self.inner.settings;
        Setting { prefix: &settings.prefix, bot: &settings.bot, bot_name: &settings.bot_name, place }
    }

    /// Says why a message was not understood, unless nobody wants to know.
    pub(super) async fn misunderstood(
        &self,
        event: InboxEvent,
        room: &RoomKey,
        why: &Misunderstood,
    ) -> anyhow::Result<()> {
        let Content::Command(message) = &event.event.content else { return self.done(event.seq).await };
        let place = CommandPlace::of(room);
        let sender = self.sender(&event.event.sender, room).await?;
        // What only resembles a command may be said to colleagues.
        if place == CommandPlace::Managed && !sender.may_redact && !has_known_word(message, &self.setting(place)) {
            return self.done(event.seq).await;
        }
        self.say_what_is_wrong(&event, room, &sender, &event.event.event_id, self.inner.texts.misunderstood(why)).await
    }

    /// An edit changes nothing. Who corrects a command in that way is told so; edits of other messages are nobody's
    /// business.
    pub(super) async fn edited(&self, event: InboxEvent) -> anyhow::Result<()> {
        let Inner { engine, texts, settings, .. } = &*self.inner;
        let Content::Edit { edits } = &event.event.content else { return self.done(event.seq).await };
        let original = engine.store().inbox_event(edits).await?.map(|original| original.event);
        let room = engine.store().key_of_room(&event.event.room_id).await?;
        let (Some(original), Some(room)) = (original, room) else { return self.done(event.seq).await };
        let Content::Command(message) = &original.content else { return self.done(event.seq).await };
        let is_same = original.sender == event.event.sender && original.room_id == event.event.room_id;
        let sent_at = original.sent_at.to_zoned(settings.timezone.clone());
        let was_misread = matches!(parse(message, &self.setting(CommandPlace::of(&room)), &sent_at), Some(Err(_)));
        if !is_same || !was_misread {
            return self.done(event.seq).await;
        }
        let sender = self.sender(&event.event.sender, &room).await?;
        let answer = Answer::new().line(texts.say("edited", &[]));
        self.say_what_is_wrong(&event, &room, &sender, &original.event_id, answer).await
    }

    /// Answers a message that was not understood, unless the sender has had enough answers.
    async fn say_what_is_wrong(
        &self,
        event: &InboxEvent,
        room: &RoomKey,
        sender: &Sender,
        about: &EventId,
        answer: Answer,
    ) -> anyhow::Result<()> {
        if !sender.is_known && !self.answers_stranger(event) {
            return self.done(event.seq).await;
        }
        let (who, what) = (&event.event.sender, &event.event.event_id);
        let answering = self.restraint().misunderstood(who, what, self.now());
        let answer = match answering {
            Answering::No => return self.done(event.seq).await,
            Answering::LastTime => answer.paragraph(self.inner.texts.say("too-often", &[])),
            Answering::Yes => answer,
        };
        let (voice, room_id) = (&self.inner.voice, &event.event.room_id);
        match CommandPlace::of(room) {
            CommandPlace::Managed => self.hint(event, about, answer).await?,
            CommandPlace::Control if about == what => {
                voice.answer(room_id, about, &Reply::new(Mark::Failed, answer), None).await?;
            }
            // The command has its mark already.
            CommandPlace::Control => drop(voice.hint(room_id, about, &answer, &hint_of(what)).await?),
        }
        self.done(event.seq).await
    }

    /// Says something in a managed room for a minute. In mode observe it would stay, so nothing is said.
    pub(super) async fn hint(&self, event: &InboxEvent, about: &EventId, answer: Answer) -> anyhow::Result<()> {
        let Inner { engine, texts, voice, .. } = &*self.inner;
        if !engine.may_write() {
            return Ok(());
        }
        let answer = answer.paragraph(texts.say("hint-goes", &[]));
        let (room_id, command) = (&event.event.room_id, &event.event.event_id);
        let hint = voice.hint(room_id, about, &answer, &hint_of(command)).await?;
        Ok(redact_hint(engine, room_id, &hint, command).await?)
    }

    /// Whether a reply is only a hint how to say it, which nobody else in the room needs.
    pub(super) fn is_hint(room: &RoomKey, reply: &Reply) -> bool {
        let is_unclear = matches!(reply.outcome, Outcome::Failed(Fault::Unclear | Fault::NotIdentified));
        is_unclear && CommandPlace::of(room) == CommandPlace::Managed
    }

    /// Whether somebody who is not known is answered this time.
    pub(super) fn answers_stranger(&self, event: &InboxEvent) -> bool {
        self.restraint().answers_stranger(&event.event.sender, &event.event.event_id, self.now())
    }

    async fn sender(&self, user: &UserId, room: &RoomKey) -> anyhow::Result<Sender> {
        let Some(scene) = scene_for(user, &self.inner.engine).await? else {
            return Ok(Sender { is_known: true, may_redact: false });
        };
        let asker = identify(&scene, user);
        let may = |asker| scene.decide(asker, &Request::at(Act::Redact(Whose::Others), Some(room))).is_ok();
        Ok(Sender { is_known: asker.is_ok(), may_redact: asker.is_ok_and(may) })
    }
}
