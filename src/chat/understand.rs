//! From an event in the inbox to a command: parses it, identifies the sender, and checks that the sender may give
//! commands and that it is not too old.

use std::sync::Arc;

use equipemed_domain::authority::{Asker, Refusal};
use equipemed_domain::command::word::Needs;
use equipemed_domain::command::{Command, CommandPlace, Preview, parse};
use equipemed_domain::directory::PersonId;
use equipemed_domain::event::Content;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::rights::Right;
use jiff::{SignedDuration, Timestamp};
use ruma_common::UserId;
use tracing::Instrument;

use super::ask::Ask;
use super::commands::carry_out;
use super::reply::{Reply, Turn};
use super::words::Wording;
use super::{Chat, Inner};
use crate::engine::Engine;
use crate::operations::{self, Asked, Caller, Scene};
use crate::speech::{Answer, Arg};
use crate::store::{AuditCause, AuditId, InboxEvent, Intent};

/// From this age on, a command that changes something is refused and must be repeated.
const LATE: SignedDuration = SignedDuration::from_mins(10);

impl Chat {
    /// Handles a message.
    pub(super) async fn command(&self, event: InboxEvent) -> anyhow::Result<()> {
        let Inner { engine, settings, .. } = &*self.inner;
        if matches!(event.event.content, Content::Edit { .. }) {
            return self.edited(event).await;
        }
        let room = engine.store().key_of_room(&event.event.room_id).await?;
        let (Content::Command(message), Some(room)) = (&event.event.content, room) else {
            return self.done(event.seq).await;
        };
        let sent_at = event.event.sent_at.to_zoned(settings.timezone.clone());
        match parse(message, &self.setting(CommandPlace::of(&room)), &sent_at) {
            None => self.done(event.seq).await,
            Some(Err(why)) => self.misunderstood(event, &room, &why).await,
            Some(Ok(command)) => {
                self.restraint().understood(&event.event.sender);
                self.understood(event, room, command).await
            }
        }
    }

    /// A reaction to a preview confirms it, if the sender may.
    pub(super) async fn reaction(&self, event: InboxEvent) -> anyhow::Result<()> {
        let Content::Reaction { event_id: prompt, .. } = event.event.content.clone() else {
            return self.done(event.seq).await;
        };
        let store = self.inner.engine.store();
        let code = store.code_of_prompt(prompt.as_str()).await?;
        let found = match &code {
            Some(code) => store.confirmation(code).await?,
            None => None,
        };
        if code.is_none()
            && let Some(case) = store.report_case_shown_by(&prompt).await?
        {
            return self.report_settled(event, &case).await;
        }
        // Anybody else's reaction is an opinion, not a confirmation.
        let (Some(code), Some((confirmation, used_at))) = (code, found) else { return self.done(event.seq).await };
        if confirmation.asker != event.event.sender && confirmation.beyond.is_none() {
            return self.done(event.seq).await;
        }
        let Some(room) = store.key_of_room(&event.event.room_id).await? else { return self.done(event.seq).await };
        // It may have been taken back while nobody looked. What it began before is reported all the same.
        if used_at.is_none() {
            let reader = self.inner.engine.reader();
            let reaction = reader.event(&event.event.room_id, &event.event.event_id).await?;
            if reaction.is_none_or(|reaction| reaction.content.redacted) {
                return self.done(event.seq).await;
            }
        }
        // Answer the preview: clients show no replies to reactions.
        let mut event = event;
        event.event.event_id = prompt;
        self.understood(event, room, Command::Confirm(Preview::Code(code))).await
    }

    /// Whether the asker took back the reaction that confirmed a command. What is left of the command is then stopped;
    /// its own answer tells.
    pub(super) async fn taken_back(&self, event: &InboxEvent) -> anyhow::Result<bool> {
        let engine = &self.inner.engine;
        let Content::Redaction { redacts } = &event.event.content else { return Ok(false) };
        let sender = &event.event.sender;
        let Some(prompt) = engine.store().reacted_to(redacts, sender).await? else { return Ok(false) };
        let Some(room) = engine.store().key_of_room(&event.event.room_id).await? else { return Ok(true) };
        let scene = scene_for(sender, engine).await?.ok_or(Fault::DirectoryAway)?;
        if let Ok(asker) = identify(&scene, sender) {
            let stop = Command::Stop { replied: Some(prompt.clone()) };
            let (audit, noted_at) = self.note(event, &room, &stop, Some(&asker)).await?;
            let asked = self.asked(Arc::new(scene), asker, event, noted_at.is_some());
            let outcome = match asked.halt(Some((&event.event.room_id, &prompt))).await {
                Ok(0) => Outcome::AlreadySo,
                Ok(_) => Outcome::Done(None),
                Err(operations::Stop::Failed(fault)) => return Err(fault.into()),
                Err(operations::Stop::Refused(refusal)) => Outcome::Failed(Fault::Refused(refusal)),
                Err(_) => Outcome::Failed(Fault::Unclear),
            };
            let outcomes: Vec<_> = audit.map(|audit| (audit, outcome)).into_iter().collect();
            engine.store().conclude(&outcomes, engine.clock().now()).await?;
        }
        Ok(true)
    }

    pub(super) fn asked(&self, scene: Arc<Scene>, asker: Asker, event: &InboxEvent, again: bool) -> Asked {
        Asked {
            engine: self.inner.engine.clone(),
            scene,
            by: Caller { asker, name: event.event.sender.to_string() },
            origin: "chat",
            source: event.event.event_id.to_string(),
            sent_at: event.event.sent_at,
            confirmed: None,
            agreed_by: None,
            again,
        }
    }

    /// Carries out a command, or refuses it.
    async fn understood(&self, event: InboxEvent, room: RoomKey, command: Command) -> anyhow::Result<()> {
        let Inner { engine, texts, settings, voice, inbox, .. } = &*self.inner;
        let user = event.event.sender.clone();
        let Some(scene) = scene_for(&user, engine).await? else {
            let reply = Reply::failed(Answer::new().line(texts.say("directory-away", &[])), Fault::DirectoryAway);
            voice.answer(&event.event.room_id, &event.event.event_id, &reply, None).await?;
            return self.done(event.seq).await;
        };
        let scene = Arc::new(scene);
        let words = Wording::new(texts, &settings.timezone, &scene);
        let asker = identify(&scene, &user);
        // Questions would flood the audit, so only forbidden ones are recorded.
        let may = asker.as_ref().is_ok_and(|asker| may_at_all(&scene, asker, &command).is_ok());
        let (audit, noted_at) = if !command.changes_something() && may {
            (None, None)
        } else {
            self.note(&event, &room, &command, asker.as_ref().ok()).await?
        };
        let again = noted_at.is_some();
        tracing::info!(word = command.word().entry().name, audit.id = audit.map(|id| id.0), "A command came");
        let asker = match asker {
            Ok(asker) => asker,
            Err(refusal) => {
                let reply = words.stopped(refusal.into());
                return match self.answers_stranger(&event) {
                    true => self.end(&event, &room, audit, again, reply).await,
                    false => self.conclude(&event, audit, &reply).await,
                };
            }
        };
        let age = scene.now.duration_since(event.event.sent_at);
        // What was begun in time is finished, however long this process was away.
        if !command.may_be_late() && age > LATE && !self.was_begun(&event, &command, noted_at).await? {
            let text = texts.say("late", &[("minutes", Arg::Number(age.as_mins()))]);
            return self.end(&event, &room, audit, again, Reply::failed(Answer::new().line(text), Fault::Late)).await;
        }
        let asked = self.asked(scene, asker, &event, again);
        let ask = Ask {
            asked,
            event: event.event.event_id.clone(),
            room_id: event.event.room_id.clone(),
            place: CommandPlace::of(&room),
            room: room.clone(),
            user,
            command,
            words: words.clone(),
            voice: voice.clone(),
            tidy: settings.tidy,
            serves_since: self.inner.started,
        };
        match carry_out(&ask).await {
            Ok(Turn::Over(reply)) => self.end(&event, &room, audit, again, reply).await,
            Ok(Turn::Later(going_on)) => {
                inbox.begin(event.seq);
                let chat = self.clone();
                let following = async move {
                    let voice = &chat.inner.voice;
                    let reply = voice.with_hourglass(&event, going_on).await;
                    let reply = reply.unwrap_or_else(|stop| words.stopped(stop));
                    if let Err(error) = chat.end(&event, &room, audit, again, reply).await {
                        chat.inner.inbox.try_later(event.seq, &error).await;
                    }
                };
                self.inner.tasks.spawn(following.in_current_span());
                Ok(())
            }
            Err(stop) => self.end(&event, &room, audit, again, words.stopped(stop)).await,
        }
    }

    /// Records who said what, before anything is done. A command handled again after a crash keeps its number; the
    /// second value is then the time of the first record.
    async fn note(
        &self,
        event: &InboxEvent,
        room: &RoomKey,
        command: &Command,
        asker: Option<&Asker>,
    ) -> anyhow::Result<(Option<AuditId>, Option<Timestamp>)> {
        let store = self.inner.engine.store();
        let before = store.caused(AuditCause::Command(event.seq)).await?;
        if let Some(entry) = before.first() {
            return Ok((Some(entry.id), Some(entry.at)));
        }
        let person: Option<PersonId> = match asker {
            Some(Asker::Person(person)) => Some(*person),
            _ => None,
        };
        let word = command.word().entry().name;
        let action = serde_json::to_string(command)?;
        let intent =
            Intent::of_command(event.event.sender.as_str(), event.seq, word, Some(room.clone()), person, action);
        let ids = store.intend(&[intent], self.inner.engine.clock().now()).await?;
        Ok((ids.first().copied(), None))
    }

    /// Whether a command that was recorded at `noted_at` had an effect already.
    async fn was_begun(
        &self,
        event: &InboxEvent,
        command: &Command,
        noted_at: Option<Timestamp>,
    ) -> anyhow::Result<bool> {
        let (store, sender) = (self.inner.engine.store(), event.event.sender.as_str());
        if let (Command::Approve { id }, Some(_)) = (command, noted_at)
            && let Some(plan) = store.held_plan(id).await?
            && plan.approved.is_some_and(|(by, _)| by == sender)
        {
            return Ok(true);
        }
        Ok(store.came_of(event.event.event_id.as_str(), sender, noted_at).await?)
    }

    /// Reports the result in the audit and in the room; `again` if it was begun before, perhaps by another process.
    async fn end(
        &self,
        event: &InboxEvent,
        place: &RoomKey,
        audit: Option<AuditId>,
        again: bool,
        reply: Reply,
    ) -> anyhow::Result<()> {
        // First, as the answer may wait for Synapse, and a stop ends that.
        self.note_outcome(audit, &reply).await?;
        if again || event.received_at < self.inner.started {
            self.inner.voice.tidy_up(event, again).await;
        }
        let (room, command) = (&event.event.room_id, &event.event.event_id);
        if Self::is_hint(place, &reply) {
            self.hint(event, command, reply.answer.clone()).await?;
        } else {
            self.inner.voice.answer(room, command, &reply, audit).await?;
        }
        self.done(event.seq).await?;
        self.inner.voice.mark_read(room, command).await;
        Ok(())
    }

    /// Reports the result in the audit alone.
    async fn conclude(&self, event: &InboxEvent, audit: Option<AuditId>, reply: &Reply) -> anyhow::Result<()> {
        self.note_outcome(audit, reply).await?;
        self.done(event.seq).await
    }

    async fn note_outcome(&self, audit: Option<AuditId>, reply: &Reply) -> anyhow::Result<()> {
        if let Some(audit) = audit {
            let outcome = [(audit, reply.outcome.clone())];
            self.inner.engine.store().conclude(&outcome, self.now()).await?;
        }
        Ok(())
    }
}

/// The data to judge a command by. None without EquipeMed, because no right can be checked then; only the break-glass
/// account needs none.
pub(super) async fn scene_for(user: &UserId, engine: &Engine) -> anyhow::Result<Option<Scene>> {
    match Scene::read(engine).await {
        Ok(scene) => Ok(Some(scene)),
        Err(error) if engine.people().await.is_err() => {
            if engine.policy().await?.users.break_glass.as_deref() == Some(user) {
                return Ok(Some(Scene::without_people(engine).await?));
            }
            tracing::warn!(%error, "A command came and EquipeMed cannot be read");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The sender's identity in EquipeMed. Display names do not count.
pub(super) fn identify(scene: &Scene, user: &UserId) -> Result<Asker, Refusal> {
    if scene.policy.users.break_glass.as_deref() == Some(user) {
        return Ok(Asker::BreakGlass);
    }
    let person = scene.person_of(user).ok_or(Refusal::Unknown)?;
    if scene.is_active(person) { Ok(Asker::Person(person.id)) } else { Err(Refusal::NotActive) }
}

/// Whether the asker has the command's right anywhere. Whether it covers the place is checked once that is known.
pub(super) fn may_at_all(scene: &Scene, asker: &Asker, command: &Command) -> Result<(), Refusal> {
    let needs = command.needs();
    let right = match needs {
        Needs::Nothing => return Ok(()),
        Needs::Right(right) | Needs::Either(right, _) => right,
    };
    let rights = match asker {
        Asker::BreakGlass | Asker::Operator => [Right::Approve].into(),
        Asker::Person(person) => {
            let person = scene.directory.get(*person);
            person.map(|person| scene.world().access.rights_anywhere(person)).unwrap_or_default()
        }
    };
    if needs.are_met_by(&rights) { Ok(()) } else { Err(Refusal::Right { right, room: None }) }
}
