//! How the bot answers: a notice in reply and a mark on the finished command, never only a mark.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_domain::fault::Fault;
use futures_util::future::BoxFuture;
use ruma_common::{EventId, OwnedEventId, OwnedUserId, RoomId, UserId};

use super::reply::{Mark, Reply, Stop};
use crate::engine::Engine;
use crate::homeserver::{HomeserverError, Reader, ReplyTo, Said, Speaker};
use crate::speech::{Answer, Arg, Texts};
use crate::store::{AuditId, InboxEvent, Store};

/// Maximum number of messages for an answer; a longer one is also sent as a file.
const MESSAGES: usize = 3;

/// From this duration on, a command shows that it is in progress.
const LONG: Duration = Duration::from_millis(700);

/// The sign for that.
const HOURGLASS: &str = "⏳";

/// Sends answers. Cheap to clone.
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
    /// When Synapse does not accept it. Sending the same answer again posts nothing twice.
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
            let thread = self.store.thread_of(command).await?;
            let reply_to = Some(ReplyTo { event: command, thread: thread.as_deref() });
            let pieces = answer.pieces(Answer::PIECE);
            let shown = shown(pieces.len(), reply.prompt.is_some());
            for (number, piece) in pieces.iter().enumerate().filter(|(number, _)| shown.contains(number)) {
                let transaction = format!("{command}-{number}");
                let event = match reply.edits.as_ref().filter(|_| number == 0) {
                    Some(own) => speaker.edit(room, own, piece, &transaction).await?,
                    None => speaker.notice(room, piece, reply_to, &transaction).await?,
                };
                if let Some(code) = reply.prompt.as_ref().filter(|_| number + 1 == pieces.len()) {
                    self.store.note_prompt(code, event.as_str()).await?;
                    // People can tap it instead of typing the code.
                    speaker.react(room, &event, "✅", &format!("{command}-yes")).await?;
                }
            }
            if pieces.len() > MESSAGES {
                let text = answer.said().plain.into_bytes();
                let transaction = format!("{command}-file");
                speaker.attach(room, "equipemed-bot.txt", text, "text/plain", reply_to, &transaction).await?;
            }
        }
        if let Some(key) = reply.mark.key().filter(|_| !reply.quiet) {
            speaker.react(room, command, key, &format!("{command}-mark")).await?;
        }
        Ok(())
    }

    /// Sends what is to be taken back again, without a mark on the command.
    ///
    /// # Errors
    /// See [`Self::answer`].
    pub(super) async fn hint(
        &self,
        room: &RoomId,
        about: &EventId,
        answer: &Answer,
        transaction: &str,
    ) -> anyhow::Result<OwnedEventId> {
        let thread = self.store.thread_of(about).await?;
        let reply_to = ReplyTo { event: about, thread: thread.as_deref() };
        Ok(self.speaker.notice(room, &answer.said(), Some(reply_to), transaction).await?)
    }

    /// Waits for a command's result; shows ⏳ on the command if it takes long.
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
        // Cosmetic: the work continues whether or not it can be shown.
        let shown = speaker.react(room, command, HOURGLASS, &format!("{command}-wait")).await;
        let reply = going_on.await;
        if let Ok(Some(shown)) = shown
            && let Err(error) = speaker.take_back(room, &shown, &format!("{command}-waited")).await
        {
            tracing::warn!(%error, "A reaction could not be taken back");
        }
        reply
    }

    /// Removes the ⏳ that a killed process left on a command. Cosmetic as well.
    async fn take_hourglass_back(
        &self,
        room: &RoomId,
        command: &EventId,
        was_begun: bool,
    ) -> Result<(), HomeserverError> {
        // Synapse may not list a fresh reaction yet. Repeating its transaction returns the same event, so only an old
        // one must be searched for.
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

    /// The same, for a command that a killed process may have received or begun.
    pub(super) async fn tidy_up(&self, event: &InboxEvent, was_begun: bool) {
        let event = &event.event;
        if let Err(error) = self.take_hourglass_back(&event.room_id, &event.event_id, was_begun).await {
            tracing::warn!(%error, "A reaction could not be taken back");
        }
    }

    /// Marks a command as read. This only shows that the bot is alive, so no answer waits for it.
    pub(super) async fn mark_read(&self, room: &RoomId, command: &EventId) {
        if let Err(error) = self.speaker.mark_read(room, command).await {
            tracing::warn!(%error, "A command could not be marked as read");
        }
    }

    /// Shows a command's progress in one message that is edited.
    pub(super) async fn show_progress(
        &self,
        room: &RoomId,
        command: &EventId,
        said: &Said,
        shown: Option<OwnedEventId>,
        number: u32,
    ) -> Result<OwnedEventId, Fault> {
        let thread = self.store.thread_of(command).await?;
        let reply_to = ReplyTo { event: command, thread: thread.as_deref() };
        let transaction = format!("{command}-progress-{number}");
        let sent = self.speaker.progress(room, said, reply_to, shown.as_deref(), &transaction).await?;
        Ok(shown.unwrap_or(sent))
    }
}

/// The numbers of the pieces of an answer that are sent as messages. The last piece of a preview says how to confirm it.
fn shown(pieces: usize, is_preview: bool) -> BTreeSet<usize> {
    let mut shown: BTreeSet<usize> = (0..pieces.min(MESSAGES)).collect();
    if is_preview && pieces > MESSAGES {
        shown.remove(&(MESSAGES - 1));
        shown.insert(pieces - 1);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn of_a_long_preview_the_piece_that_says_how_to_confirm_is_sent() {
        assert_eq!(shown(1, true), [0].into());
        assert_eq!(shown(3, true), [0, 1, 2].into());
        assert_eq!(shown(9, true), [0, 1, 8].into());
        assert_eq!(shown(9, false), [0, 1, 2].into());
    }
}
