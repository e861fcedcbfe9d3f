//! From an event in the inbox to a command that may be carried out: what was said, who said it, whether that person may
//! say it at all, whether it still counts.

use std::sync::Arc;

use equipemed_domain::authority::{Asker, Refusal};
use equipemed_domain::command::word::Needs;
use equipemed_domain::command::{Command, Misunderstood, Place, Setting, Word, parse};
use equipemed_domain::directory::PersonId;
use equipemed_domain::event::Content;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use equipemed_domain::rights::Right;
use jiff::{SignedDuration, Timestamp};
use tracing::Instrument;

use super::Chat;
use super::ask::Ask;
use super::reply::{Mark, Reply, Stop, Turn};
use crate::homeserver::Said;
use crate::operations::Scene;
use crate::speech::{Answer, Arg};
use crate::store::{AuditCause, AuditId, InboxEvent, Intent};

/// A command that changes something and was sent so long ago is asked about again.
const LATE: SignedDuration = SignedDuration::from_mins(10);

impl Chat {
    /// Handles a message.
    pub(super) async fn command(&self, event: InboxEvent) -> anyhow::Result<()> {
        let room = self.engine().store().key_of_room(&event.event.room_id).await?;
        let (Content::Command(message), Some(room)) = (&event.event.content, room) else {
            return self.done(event.seq).await;
        };
        let place = Place::of(&room);
        let settings = self.settings();
        let setting = Setting { prefix: &settings.prefix, bot: &settings.bot, bot_name: &settings.bot_name, place };
        match parse(message, &setting) {
            None => self.done(event.seq).await,
            Some(Err(misunderstood)) => {
                let reply = self.not_understood(&misunderstood);
                self.answer(&event.event.room_id, &event.event.event_id, &reply, None).await?;
                self.done(event.seq).await
            }
            Some(Ok(command)) => self.understood(event, room, place, command).await,
        }
    }

    /// Carries a command out, or refuses it.
    pub(super) async fn understood(
        &self,
        event: InboxEvent,
        room: RoomKey,
        place: Place,
        command: Command,
    ) -> anyhow::Result<()> {
        let user = event.event.sender.clone();
        let scene = match Scene::read(self.engine()).await {
            Ok(scene) => scene,
            // Without EquipeMed nobody's right can be checked; the break-glass account needs none.
            Err(error) if self.engine().people().await.is_err() => {
                let is_break_glass = self.engine().policy().await?.users.break_glass.as_ref() == Some(&user);
                if !is_break_glass {
                    tracing::warn!(%error, "A command came and EquipeMed cannot be read");
                    let text = self.texts().say("directory-away", &[]);
                    let reply = Reply::failed(Answer::new().line(text), Fault::DirectoryAway);
                    self.answer(&event.event.room_id, &event.event.event_id, &reply, None).await?;
                    return self.done(event.seq).await;
                }
                Scene::without_people(self.engine()).await?
            }
            Err(error) => return Err(error.into()),
        };
        let scene = Arc::new(scene);
        let asker = identify(&scene, &event);
        // Questions would drown the rest; one that somebody may not ask is on record all the same.
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
            Err(refusal) => return self.end(&event, audit, self.stopped(Stop::Refused(refusal), &scene)).await,
        };
        let age = scene.now.duration_since(event.event.sent_at);
        // What was begun in time is brought to its end, however long this process was away.
        if command.changes_something() && age > LATE && !self.was_begun(&event, &command, noted_at).await? {
            let text = self.texts().say("late", &[("minutes", Arg::Number(age.as_mins()))]);
            return self.end(&event, audit, Reply::failed(Answer::new().line(text), Fault::Late)).await;
        }
        let ask = Ask {
            event: event.event.event_id.clone(),
            room_id: event.event.room_id.clone(),
            room,
            place,
            user,
            asker,
            command,
            sent_at: event.event.sent_at,
            scene: scene.clone(),
            confirmed: None,
            agreed_by: None,
            again,
        };
        match self.carry_out(&ask).await {
            Ok(Turn::Over(reply)) => self.end(&event, audit, reply).await,
            Ok(Turn::Later(going_on)) => {
                self.begin(event.seq);
                let chat = self.clone();
                let following = async move {
                    let reply = chat.with_hourglass(&event, going_on).await;
                    let reply = reply.unwrap_or_else(|stop| chat.stopped(stop, &scene));
                    if again || event.received_at < chat.inner.started {
                        chat.take_hourglass_back(&event).await;
                    }
                    if let Err(error) = chat.end(&event, audit, reply).await {
                        chat.try_later(event.seq, &error).await;
                    }
                };
                self.inner.tasks.spawn(following.in_current_span());
                Ok(())
            }
            Err(stop) => self.end(&event, audit, self.stopped(stop, &scene)).await,
        }
    }

    /// Notes who said what, before anything is done. A command handled again after a crash keeps its number; when it was
    /// noted then.
    async fn note(
        &self,
        event: &InboxEvent,
        room: &RoomKey,
        command: &Command,
        asker: Option<&Asker>,
    ) -> anyhow::Result<(Option<AuditId>, Option<Timestamp>)> {
        let store = self.engine().store();
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
        let ids = store.intend(&[intent], self.engine().clock().now()).await?;
        Ok((ids.first().copied(), None))
    }

    /// Whether something was wished for already because of a command that was noted then.
    async fn was_begun(
        &self,
        event: &InboxEvent,
        command: &Command,
        noted_at: Option<Timestamp>,
    ) -> anyhow::Result<bool> {
        let (store, sender) = (self.engine().store(), event.event.sender.as_str());
        if let (Command::Approve { id }, Some(_)) = (command, noted_at)
            && let Some(plan) = store.held_plan(id).await?
            && plan.approved.is_some_and(|(by, _)| by == sender)
        {
            return Ok(true);
        }
        Ok(store.came_of(event.event.event_id.as_str(), sender, noted_at).await?)
    }

    /// Tells how it went, in the audit and in the room.
    async fn end(&self, event: &InboxEvent, audit: Option<AuditId>, reply: Reply) -> anyhow::Result<()> {
        if let Some(audit) = audit {
            let outcome = [(audit, reply.outcome.clone())];
            self.engine().store().conclude(&outcome, self.engine().clock().now()).await?;
        }
        let (room, command) = (&event.event.room_id, &event.event.event_id);
        self.answer(room, command, &reply, audit).await?;
        self.done(event.seq).await?;
        // A sign of life for the eye; the answer does not wait for it.
        if let Err(error) = self.inner.speaker.mark_read(room, command).await {
            tracing::warn!(%error, "A command could not be marked as read");
        }
        Ok(())
    }

    /// An answer to what went no further.
    pub(super) fn stopped(&self, stop: Stop, scene: &Scene) -> Reply {
        let texts = self.texts();
        match stop {
            Stop::Refused(refusal) => {
                Reply::failed(Answer::new().line(texts.refusal(&refusal, scene)), Fault::Refused(refusal))
            }
            Stop::NotFound(not_found) => {
                Reply::failed(Answer::new().line(not_found.said(texts, scene)), Fault::NotIdentified)
            }
            Stop::Unclear(said) => Reply::failed(Answer::new().line(said), Fault::Unclear),
            Stop::Failed(fault) => {
                tracing::warn!(error = %fault, "A command failed");
                Reply::failed(Answer::new().line(texts.say("grant-failed", &[("detail", texts.why(&fault))])), fault)
            }
        }
    }

    fn not_understood(&self, misunderstood: &Misunderstood) -> Reply {
        let texts = self.texts();
        let said = |said: &String| ("said", Arg::Text(said.clone()));
        let command = |word: Word| ("word", Arg::Code(self.spelled(word)));
        let mut answer = Answer::new();
        let text: Said = match misunderstood {
            Misunderstood::NoSuchWord { said: what, nearest } if nearest.is_empty() => {
                texts.say("no-such-word", &[said(what)])
            }
            Misunderstood::NoSuchWord { said: what, nearest } => {
                let nearest = nearest.iter().map(|word| texts.shown(&Arg::Code(self.spelled(*word)))).collect();
                texts.say("no-such-word-near", &[said(what), ("nearest", Arg::Said(texts.choice(nearest)))])
            }
            Misunderstood::Missing { word, what } => texts.say(
                "missing",
                &[
                    ("what", Arg::Said(texts.word("placeholder", placeholder(what)))),
                    ("usage", Arg::Code(self.usage(*word))),
                    ("example", Arg::Code(self.example(*word))),
                ],
            ),
            Misunderstood::Unexpected { word, said: what, nearest } => {
                let text = match nearest {
                    None => texts.say("unexpected", &[said(what)]),
                    Some(nearest) => {
                        texts.say("unexpected-near", &[said(what), ("nearest", Arg::Code(nearest.clone()))])
                    }
                };
                answer = answer.line(text);
                texts.say("usage", &[("usage", Arg::Code(self.usage(*word)))])
            }
            Misunderstood::Wrong { word, what, said: text } => {
                let what = ("what", Arg::Said(texts.word("placeholder", placeholder(what))));
                answer = answer.line(texts.say("wrong", &[said(text), what]));
                texts.say("usage", &[("usage", Arg::Code(self.usage(*word)))])
            }
            Misunderstood::Ambiguous { said: what } => texts.say("ambiguous", &[said(what)]),
            Misunderstood::Unclosed => texts.say("unclosed", &[]),
            Misunderstood::TooMany { word, most } => {
                texts.say("too-many", &[command(*word), ("most", crate::speech::number(*most))])
            }
        };
        Reply::new(Mark::Failed, answer.line(text))
    }

    /// A command's word as it is typed.
    pub(super) fn spelled(&self, word: Word) -> String {
        format!("{}{}", self.settings().prefix, word.entry().name)
    }

    /// How a command is said.
    pub(super) fn usage(&self, word: Word) -> String {
        let entry = word.entry();
        let mut usage = self.spelled(word);
        for part in entry.usage {
            usage.push(' ');
            usage.push_str(&self.texts().typed(part));
        }
        usage
    }

    pub(super) fn example(&self, word: Word) -> String {
        let entry = word.entry();
        let behind = entry.example.strip_prefix(entry.name).unwrap_or_default();
        format!("{}{}", self.spelled(word), self.texts().typed(behind))
    }
}

/// The name under which the texts explain what is missing or wrong.
fn placeholder(what: &str) -> &str {
    match what {
        "last N|since 1h" => "EXTENT",
        "for" | "since" => "DURATION",
        "because" => "REASON",
        what => what,
    }
}

/// Who a sender is, by EquipeMed. A display name means nothing here.
pub(super) fn identify(scene: &Scene, event: &InboxEvent) -> Result<Asker, Refusal> {
    let user = &event.event.sender;
    if scene.policy.users.break_glass.as_ref() == Some(user) {
        return Ok(Asker::BreakGlass);
    }
    let person = scene.person_of(user).ok_or(Refusal::Unknown)?;
    if scene.is_active(person) { Ok(Asker::Person(person.id)) } else { Err(Refusal::NotActive) }
}

/// Whether the asker holds what a command needs, somewhere: whether there, is asked when it is known where.
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
