//! How the bot answers: one notice in reply, with a mark on the command when it is done; never a mark alone.

use std::time::Duration;

use futures_util::future::BoxFuture;
use ruma_common::{EventId, OwnedEventId, OwnedUserId, RoomId, UserId};

use super::reply::{Mark, Reply, Stop};
use crate::engine::Engine;
use crate::homeserver::{HomeserverError, Reader, Said, Speaker};
use crate::speech::{Answer, Arg, Texts};
use crate::store::{AuditId, InboxEvent, Store};

/// From so many messages on, a long answer becomes a file.
const MESSAGES: usize = 3;

/// What takes longer than this gets a sign that it goes on.
const LONG: Duration = Duration::from_millis(700);

/// That sign.
const HOURGLASS: &str = "⏳";

/// Who answers. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    speaker: Speaker,
    store: Store,
    reader: Reader,
    texts: Texts,
    bot: OwnedUserId,
}

impl Voice {
    pub(super) fn new(engine: &Engine, speaker: &Speaker, texts: &Texts, bot: &UserId) -> Self {
        let (store, reader) = (engine.store().clone(), engine.reader().clone());
        Self { speaker: speaker.clone(), store, reader, texts: texts.clone(), bot: bot.to_owned() }
    }

    /// Sends an answer and marks the command.
    ///
    /// # Errors
    /// When Synapse does not take it; the same answer may be sent again, and says nothing twice.
    pub(super) async fn answer(
        &self,
        room: &RoomId,
        command: &EventId,
        reply: &Reply,
        audit: Option<AuditId>,
    ) -> anyhow::Result<()> {
        let speaker = &self.speaker;
        let mut answer = reply.answer.clone();
        if let Some(AuditId(id)) = audit.filter(|_| reply.mark != Mark::None) {
            answer = answer.line(self.texts.line("footer-audit", &[("id", Arg::Number(id))]));
        }
        if !(reply.quiet && reply.mark == Mark::Done) {
            let pieces = answer.pieces(Answer::PIECE);
            for (number, piece) in pieces.iter().take(MESSAGES).enumerate() {
                let transaction = format!("{command}-{number}");
                let event = match reply.edits.as_ref().filter(|_| number == 0) {
                    Some(own) => speaker.edit(room, own, piece, &transaction).await?,
                    None => speaker.notice(room, piece, Some(command), &transaction).await?,
                };
                if let Some(code) = reply.prompt.as_ref().filter(|_| number == 0) {
                    self.store.note_prompt(code, event.as_str()).await?;
                    // To be tapped, where a code would have to be typed.
                    speaker.react(room, &event, "✅", &format!("{command}-yes")).await?;
                }
            }
            if pieces.len() > MESSAGES {
                let text = answer.said().plain.into_bytes();
                let transaction = format!("{command}-file");
                speaker.attach(room, "equipemed-bot.txt", text, "text/plain", Some(command), &transaction).await?;
            }
        }
        if let Some(key) = reply.mark.key().filter(|_| !reply.quiet) {
            speaker.react(room, command, key, &format!("{command}-mark")).await?;
        }
        Ok(())
    }

    /// Waits for what goes on; shows ⏳ on the command when it takes long.
    pub(super) async fn with_hourglass(
        &self,
        event: &InboxEvent,
        going_on: BoxFuture<'static, Result<Reply, Stop>>,
    ) -> Result<Reply, Stop> {
        let mut going_on = going_on;
        tokio::select! {
            reply = &mut going_on => return reply,
            () = tokio::time::sleep(LONG) => {}
        }
        let (room, command) = (&event.event.room_id, &event.event.event_id);
        let speaker = &self.speaker;
        // Only for the eye: whether it can be shown or not, the work goes on.
        let shown = speaker.react(room, command, HOURGLASS, &format!("{command}-wait")).await;
        let reply = going_on.await;
        if let Ok(Some(shown)) = shown
            && let Err(error) = speaker.take_back(room, &shown, &format!("{command}-waited")).await
        {
            tracing::warn!(%error, "A reaction could not be taken back");
        }
        reply
    }

    /// Takes back the ⏳ that a killed process left on a command. Only for the eye, too.
    async fn take_hourglass_back(
        &self,
        room: &RoomId,
        command: &EventId,
        was_begun: bool,
    ) -> Result<(), HomeserverError> {
        // Synapse may not have stored it yet when it is looked for. Sent again as the same transaction, it is the same
        // event, and only an old one has to be looked for.
        let sent = match was_begun {
            true => self.speaker.react(room, command, HOURGLASS, &format!("{command}-wait")).await?,
            false => None,
        };
        let left = match sent {
            Some(sent) => Some(sent),
            None => {
                let reactions = self.reader.reactions_to(room, command).await?;
                let left = reactions.into_iter().find(|left| left.sender == self.bot && left.key == HOURGLASS);
                left.map(|left| left.event_id)
            }
        };
        match left {
            Some(left) => self.speaker.take_back(room, &left, &format!("{command}-left")).await,
            None => Ok(()),
        }
    }

    /// The same, of a command that a killed process may have had, or had begun.
    pub(super) async fn tidy_up(&self, event: &InboxEvent, was_begun: bool) {
        let event = &event.event;
        if let Err(error) = self.take_hourglass_back(&event.room_id, &event.event_id, was_begun).await {
            tracing::warn!(%error, "A reaction could not be taken back");
        }
    }

    /// Marks a command as read: a sign of life for the eye, which no answer waits for.
    pub(super) async fn mark_read(&self, room: &RoomId, command: &EventId) {
        if let Err(error) = self.speaker.mark_read(room, command).await {
            tracing::warn!(%error, "A command could not be marked as read");
        }
    }

    /// Shows how far a command is, in one message that is edited.
    pub(super) async fn show_progress(
        &self,
        room: &RoomId,
        command: &EventId,
        said: &Said,
        shown: Option<OwnedEventId>,
        number: u32,
    ) -> Result<OwnedEventId, HomeserverError> {
        let transaction = format!("{command}-progress-{number}");
        match shown {
            None => self.speaker.notice(room, said, Some(command), &transaction).await,
            Some(own) => {
                self.speaker.edit(room, &own, said, &transaction).await?;
                Ok(own)
            }
        }
    }
}
