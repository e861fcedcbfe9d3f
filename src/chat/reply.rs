//! How a command is answered: one notice in reply, with a mark on the command when it is done; never a mark alone.

use std::time::Duration;

use equipemed_domain::authority::Refusal;
use equipemed_domain::fault::Fault;
use equipemed_domain::outcome::Outcome;
use futures_util::future::BoxFuture;
use ruma_common::{EventId, OwnedEventId, RoomId};

use super::Chat;
use crate::homeserver::{HomeserverError, Said};
use crate::operations::NotFound;
use crate::speech::{Answer, Arg};
use crate::store::{AuditId, InboxEvent, StoreError};

/// From so many messages on, a long answer becomes a file.
const MESSAGES: usize = 3;

/// What takes longer than this gets a sign that it goes on.
const LONG: Duration = Duration::from_millis(700);

/// How it went, as one sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// All of it.
    Done,
    /// Some of it, or not yet.
    Partly,
    /// Nothing of it.
    Failed,
    /// Nothing was to be done: a question answered.
    None,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) mark: Mark,
    pub(super) answer: Answer,
    /// What became of the command, for the audit.
    pub(super) outcome: Outcome,
    /// A message of ours that becomes the answer.
    pub(super) edits: Option<OwnedEventId>,
    /// Whether success needs no words: in managed rooms, where a removed message speaks for itself.
    pub(super) quiet: bool,
    /// The code of the preview that this shows.
    pub(super) prompt: Option<String>,
}

/// How carrying out a command begins.
pub(super) enum Turn {
    /// It is over.
    Over(Reply),
    /// It goes on, beside other commands.
    Later(BoxFuture<'static, Result<Reply, Stop>>),
}

/// Why it goes no further.
#[derive(Debug)]
pub(super) enum Stop {
    /// The asker may not.
    Refused(Refusal),
    /// A name means nobody.
    NotFound(NotFound),
    /// It has to be said differently; what to tell.
    Unclear(Said),
    /// Something broke.
    Failed(Fault),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<NotFound> for Stop {
    fn from(not_found: NotFound) -> Self {
        Self::NotFound(not_found)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<HomeserverError> for Stop {
    fn from(error: HomeserverError) -> Self {
        Self::Failed(error.into())
    }
}

impl Mark {
    fn key(self) -> Option<&'static str> {
        match self {
            Self::Done => Some("✅"),
            Self::Partly => Some("⚠️"),
            Self::Failed => Some("❌"),
            Self::None => None,
        }
    }
}

impl Reply {
    pub(super) fn new(mark: Mark, answer: Answer) -> Self {
        let outcome = match mark {
            Mark::Failed => Outcome::Failed(Fault::NotDone),
            Mark::Partly => Outcome::Failed(Fault::Partly),
            Mark::Done | Mark::None => Outcome::Done(None),
        };
        Self { mark, answer, outcome, edits: None, quiet: false, prompt: None }
    }

    /// A question answered.
    pub(super) fn told(answer: Answer) -> Self {
        Self::new(Mark::None, answer)
    }

    /// Done.
    pub(super) fn done(answer: Answer) -> Self {
        Self::new(Mark::Done, answer)
    }

    /// Failed, for a reason that the audit keeps.
    pub(super) fn failed(answer: Answer, why: Fault) -> Self {
        Self { outcome: Outcome::Failed(why), ..Self::new(Mark::Failed, answer) }
    }
}

impl Chat {
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
        let speaker = &self.inner.speaker;
        let mut answer = reply.answer.clone();
        if let Some(AuditId(id)) = audit.filter(|_| reply.mark != Mark::None) {
            answer = answer.line(self.texts().line("footer-audit", &[("id", Arg::Number(id))]));
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
                    self.engine().store().note_prompt(code, event.as_str()).await?;
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
        let speaker = &self.inner.speaker;
        // Only for the eye: whether it can be shown or not, the work goes on.
        let shown = speaker.react(room, command, "⏳", &format!("{command}-wait")).await;
        let reply = going_on.await;
        if let Ok(Some(shown)) = shown
            && let Err(error) = speaker.take_back(room, &shown, &format!("{command}-waited")).await
        {
            tracing::warn!(%error, "A reaction could not be taken back");
        }
        reply
    }

    /// Takes back the ⏳ that a killed process left on a command. Only for the eye, too.
    pub(super) async fn take_hourglass_back(&self, event: &InboxEvent) {
        let (room, command) = (&event.event.room_id, &event.event.event_id);
        let left = match self.engine().reader().reactions_to(room, command).await {
            Ok(reactions) => reactions.into_iter().find(|left| left.sender == self.settings().bot && left.key == "⏳"),
            Err(error) => return tracing::warn!(%error, "Reactions could not be looked for"),
        };
        if let Some(left) = left
            && let Err(error) = self.inner.speaker.take_back(room, &left.event_id, &format!("{command}-left")).await
        {
            tracing::warn!(%error, "A reaction could not be taken back");
        }
    }
}
