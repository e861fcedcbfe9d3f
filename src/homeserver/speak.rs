//! The bot's own voice: its messages, reactions, files and read marks, and nothing else.
//!
//! It needs no leave to write, because in mode observe the bot has to report as well; so it can say things, and take
//! back what the bot itself said, and cannot touch what others wrote. Texts come ready from `speech`.
//!
//! Every transaction id is given by the caller: the same one sent again, even after a crash, says nothing twice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use equipemed_domain::fault::{HomeserverError, Missing};
use matrix_sdk::ruma::api::client::media::create_content;
use matrix_sdk::ruma::api::client::message::send_message_event;
use matrix_sdk::ruma::api::client::redact::redact_event;
use matrix_sdk::ruma::events::reaction::ReactionEventContent;
use matrix_sdk::ruma::events::relation::{Annotation, InReplyTo, Reply};
use matrix_sdk::ruma::events::room::message::{
    FileInfo, FileMessageEventContent, MessageType, Relation, ReplacementMetadata, RoomMessageEventContent,
};
use matrix_sdk::ruma::events::{Mentions, MessageLikeEventContent};
use matrix_sdk::ruma::{EventId, OwnedEventId, RoomId, UInt};
use serde_json::json;

use super::endpoint::Endpoint;
use super::error::from_json;
use super::read::Reader;
use super::transport::Sending;
use super::wire::Anything;

/// Requests at once: a person waits for each, and the bulk work has a bound of its own.
const IN_FLIGHT: usize = 4;
/// How many of the latest own events are known without asking Synapse.
const REMEMBERED: usize = 1_000;
/// What the bot says; its state events are not taken back.
const SAYINGS: [&str; 2] = ["m.room.message", "m.reaction"];

/// Something to say, in both forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// For notifications and clients without formatting.
    pub plain: String,
    /// HTML of our own making, in which what others wrote is escaped.
    pub html: String,
}

/// Says things as the bot. Clones share the lane and what they remember.
#[derive(Clone, Debug)]
pub struct Speaker {
    reader: Reader,
    own: Arc<Mutex<VecDeque<OwnedEventId>>>,
}

impl Speaker {
    /// A voice over the same connection, with a lane of its own.
    #[must_use]
    pub fn new(reader: &Reader) -> Self {
        Self { reader: reader.lane(IN_FLIGHT), own: Arc::default() }
    }

    /// Says something, as `m.notice`, which bots do not answer; mentions nobody. Synapse refuses more than 64 KB.
    pub async fn notice(
        &self,
        room: &RoomId,
        said: &Said,
        reply_to: Option<&EventId>,
        transaction: &str,
    ) -> Result<OwnedEventId, HomeserverError> {
        self.send(room, &in_reply(content(said), reply_to), transaction).await
    }

    /// Puts something else in the place of a message of the bot. Takes twice the room: see [`Self::notice`].
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

    /// Reacts to an event; None when the bot has reacted so already.
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

    /// Redacts a message or reaction that the bot itself sent. What is redacted already is fine.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `NotOurs`, before anything is changed, when the bot did not write it; `NotFound` when
    /// it is not in that room.
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

    /// Shows everybody that the bot has read up to there.
    pub async fn mark_read(&self, room: &RoomId, event: &EventId) -> Result<(), HomeserverError> {
        let identifiers = [room.as_str(), event.as_str()];
        let transport = &self.reader.transport;
        let _: Anything =
            transport.json(Endpoint::Receipt, &identifiers, &[], Some(&json!({})), Sending::WRITE).await?;
        Ok(())
    }

    /// Sends a file. When it is repeated after a crash, the file is uploaded again and the message is not sent twice.
    ///
    /// # Errors
    /// See [`HomeserverError`]; `Refused` with `M_TOO_LARGE` when Synapse takes no such large file.
    pub async fn attach(
        &self,
        room: &RoomId,
        name: &str,
        content: Vec<u8>,
        media_type: &str,
        reply_to: Option<&EventId>,
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

/// Said explicitly: where nothing is said, clients and servers look for names in the body.
fn mentioning_nobody(mut content: RoomMessageEventContent) -> RoomMessageEventContent {
    content.mentions = Some(Mentions::new());
    content
}

fn in_reply(mut content: RoomMessageEventContent, to: Option<&EventId>) -> RoomMessageEventContent {
    content.relates_to = to.map(|event| Relation::Reply(Reply::new(InReplyTo::new(event.to_owned()))));
    content
}
