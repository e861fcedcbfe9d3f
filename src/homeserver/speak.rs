//! Sends as the bot: messages, reactions, files and read markers, and nothing else.
//!
//! It needs no write permit, because the bot also reports in mode observe; so it can only send, and redact what the bot
//! itself sent. `speech` provides the texts.
//!
//! The caller provides every transaction id: repeating a call, even after a crash, sends nothing twice.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use equipemed_domain::fault::{HomeserverError, Missing};
use matrix_sdk::ruma::api::client::media::create_content;
use matrix_sdk::ruma::api::client::message::send_message_event;
use matrix_sdk::ruma::api::client::redact::redact_event;
use matrix_sdk::ruma::events::reaction::ReactionEventContent;
use matrix_sdk::ruma::events::relation::{Annotation, InReplyTo, Reply, Thread};
use matrix_sdk::ruma::events::room::message::{
    FileInfo, FileMessageEventContent, MessageType, Relation, ReplacementMetadata, RoomMessageEventContent,
};
use matrix_sdk::ruma::events::{Mentions, MessageLikeEventContent, MessageLikeEventType};
use matrix_sdk::ruma::{EventId, OwnedEventId, RoomId, UInt};
use serde::Serialize;
use serde_json::json;

use super::endpoint::Endpoint;
use super::error::from_json;
use super::read::Reader;
use super::transport::Sending;
use super::wire::Anything;

/// Concurrent requests. People wait for these, so bulk work has a separate limit.
const IN_FLIGHT: usize = 4;
/// How many of the bot's latest events are remembered to save requests.
const REMEMBERED: usize = 1_000;
/// What the bot may redact; its state events stay.
const SAYINGS: [&str; 2] = ["m.room.message", "m.reaction"];

/// The bot's own key in the content of a message that shows a command's progress and is not yet its answer.
pub(super) const PROGRESS_FIELD: &str = "br.equipemed.progress";

/// What a message replies to.
#[derive(Clone, Copy, Debug)]
pub struct ReplyTo<'a> {
    /// The event.
    pub event: &'a EventId,
    /// The first event of its thread; the reply goes into it.
    pub thread: Option<&'a EventId>,
}

impl<'a> From<&'a EventId> for ReplyTo<'a> {
    fn from(event: &'a EventId) -> Self {
        Self { event, thread: None }
    }
}

/// A message in both formats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// For notifications and clients without formatting.
    pub plain: String,
    /// HTML generated here, with users' text escaped.
    pub html: String,
}

/// A message that shows a command's progress.
#[derive(Debug, Serialize)]
struct Progress {
    #[serde(flatten)]
    message: RoomMessageEventContent,
    #[serde(flatten)]
    own: BTreeMap<&'static str, bool>,
}

impl MessageLikeEventContent for Progress {
    fn event_type(&self) -> MessageLikeEventType {
        self.message.event_type()
    }
}

/// Sends as the bot. Clones share the concurrency limit and the remembered events.
#[derive(Clone, Debug)]
pub struct Speaker {
    reader: Reader,
    own: Arc<Mutex<VecDeque<OwnedEventId>>>,
}

impl Speaker {
    /// A speaker over the same connection with its own concurrency limit.
    #[must_use]
    pub fn new(reader: &Reader) -> Self {
        Self { reader: reader.lane(IN_FLIGHT), own: Arc::default() }
    }

    /// Sends an `m.notice`, which bots do not answer; mentions nobody. Synapse refuses more than 64 KB.
    pub async fn notice(
        &self,
        room: &RoomId,
        said: &Said,
        reply_to: Option<ReplyTo<'_>>,
        transaction: &str,
    ) -> Result<OwnedEventId, HomeserverError> {
        self.send(room, &in_reply(content(said), reply_to), transaction).await
    }

    /// Edits a message of the bot. The event holds the text twice: mind the limit of [`Self::notice`].
    pub async fn edit(
        &self,
        room: &RoomId,
        original: &EventId,
        said: &Said,
        transaction: &str,
    ) -> Result<OwnedEventId, HomeserverError> {
        let content = content(said).make_replacement(ReplacementMetadata::new(original.to_owned(), None));
        self.send(room, &content, transaction).await
    }

    /// Shows a command's progress in reply to it, or in place of what was `shown` before. The content says that it is no
    /// answer: whoever reads the history back after a crash must not take it for one.
    pub async fn progress(
        &self,
        room: &RoomId,
        said: &Said,
        reply_to: ReplyTo<'_>,
        shown: Option<&EventId>,
        transaction: &str,
    ) -> Result<OwnedEventId, HomeserverError> {
        let message = match shown {
            None => in_reply(content(said), Some(reply_to)),
            Some(own) => content(said).make_replacement(ReplacementMetadata::new(own.to_owned(), None)),
        };
        self.send(room, &Progress { message, own: [(PROGRESS_FIELD, true)].into() }, transaction).await
    }

    /// Reacts to an event; None when the bot has already reacted this way.
    pub async fn react(
        &self,
        room: &RoomId,
        event: &EventId,
        key: &str,
        transaction: &str,
    ) -> Result<Option<OwnedEventId>, HomeserverError> {
        let content = ReactionEventContent::new(Annotation::new(event.to_owned(), key.to_owned()));
        match self.send(room, &content, transaction).await {
            Ok(reaction) => Ok(Some(reaction)),
            Err(error) if error.errcode() == Some("M_DUPLICATE_ANNOTATION") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Redacts a message or reaction of the bot. Succeeds if it is already redacted.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `NotOurs`, before any change, when the bot did not send it; `NotFound` when it is not
    /// in that room.
    pub async fn take_back(&self, room: &RoomId, own: &EventId, transaction: &str) -> Result<(), HomeserverError> {
        if !self.remembers(own) {
            let Some(event) = self.reader.event(room, own).await? else {
                return Err(HomeserverError::NotFound { what: Missing::Event });
            };
            if event.sender != self.reader.bot() || event.state_key.is_some() || !SAYINGS.contains(&event.kind.as_str())
            {
                return Err(HomeserverError::NotOurs);
            }
            if event.content.redacted {
                return Ok(());
            }
        }
        let request = redact_event::v3::Request::new(room.to_owned(), own.to_owned(), transaction.into());
        self.reader.transport.client(request, Sending::WRITE).await?;
        Ok(())
    }

    /// Moves the bot's read receipt to an event.
    pub async fn mark_read(&self, room: &RoomId, event: &EventId) -> Result<(), HomeserverError> {
        let identifiers = [room.as_str(), event.as_str()];
        let transport = &self.reader.transport;
        let _: Anything =
            transport.json(Endpoint::Receipt, &identifiers, &[], Some(&json!({})), Sending::WRITE).await?;
        Ok(())
    }

    /// Offers a program as a file, which Synapse's policy module refuses from everybody: whether it is really called.
    /// Without it a few bytes stay behind, in no room.
    ///
    /// # Errors
    /// See [`HomeserverError`].
    pub async fn is_program_refused(&self) -> Result<bool, HomeserverError> {
        let mut upload = create_content::v3::Request::new(b"MZ\x90\x00 equipemed-bot doctor".to_vec());
        upload.content_type = Some("application/x-msdownload".to_owned());
        match self.reader.transport.client(upload, Sending::WRITE).await {
            Ok(_) => Ok(false),
            Err(HomeserverError::Refused { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Sends a file. A repeat after a crash uploads the file again but does not send the message twice.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with `M_TOO_LARGE` when the file is too large for Synapse.
    pub async fn attach(
        &self,
        room: &RoomId,
        name: &str,
        content: Vec<u8>,
        media_type: &str,
        reply_to: Option<ReplyTo<'_>>,
        transaction: &str,
    ) -> Result<OwnedEventId, HomeserverError> {
        let mut info = FileInfo::new();
        info.mimetype = Some(media_type.to_owned());
        info.size = UInt::try_from(content.len()).ok();
        let mut upload = create_content::v3::Request::new(content);
        upload.filename = Some(name.to_owned());
        upload.content_type = Some(media_type.to_owned());
        let address = self.reader.transport.client(upload, Sending::WRITE).await?.content_uri;
        let mut file = FileMessageEventContent::plain(name.to_owned(), address);
        file.filename = Some(name.to_owned());
        file.info = Some(Box::new(info));
        let content = mentioning_nobody(RoomMessageEventContent::new(MessageType::File(file)));
        self.send(room, &in_reply(content, reply_to), transaction).await
    }

    async fn send(
        &self,
        room: &RoomId,
        content: &impl MessageLikeEventContent,
        transaction: &str,
    ) -> Result<OwnedEventId, HomeserverError> {
        let request = send_message_event::v3::Request::new(room.to_owned(), transaction.into(), content)
            .map_err(|error| from_json(&error))?;
        let event = self.reader.transport.client(request, Sending::WRITE).await?.event_id;
        self.remember(event.clone());
        Ok(event)
    }

    fn remember(&self, event: OwnedEventId) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.push_back(event);
        if own.len() > REMEMBERED {
            own.pop_front();
        }
    }

    fn remembers(&self, event: &EventId) -> bool {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|own| own == event)
    }
}

fn content(said: &Said) -> RoomMessageEventContent {
    mentioning_nobody(RoomMessageEventContent::notice_html(&said.plain, &said.html))
}

/// Without an explicit statement, clients and servers look for names in the body.
fn mentioning_nobody(mut content: RoomMessageEventContent) -> RoomMessageEventContent {
    content.mentions = Some(Mentions::new());
    content
}

fn in_reply(mut content: RoomMessageEventContent, to: Option<ReplyTo<'_>>) -> RoomMessageEventContent {
    content.relates_to = to.map(|ReplyTo { event, thread }| match thread {
        Some(thread) => Relation::Thread(Thread::reply(thread.to_owned(), event.to_owned())),
        None => Relation::Reply(Reply::new(InReplyTo::new(event.to_owned()))),
    });
    content
}
