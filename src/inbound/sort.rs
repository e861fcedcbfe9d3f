//! Decides whether an event in a managed room is stored, and what of it.

use std::borrow::Cow;

use equipemed_domain::command::{CommandPlace, Message, is_yes};
use equipemed_domain::event::{Content, MembershipState};
use equipemed_domain::media::files_in;
use ruma_common::{OwnedUserId, UserId};
use serde::Deserialize;
use serde_json::Value;

use super::command_filter::CommandFilter;
use crate::homeserver::{KNOWN_TYPES, RawEvent};

/// What to do with an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Store this content; a reaction only if it belongs to an open question of the bot.
    Kept(Content),
    /// Do not store it.
    Dropped,
}

/// Classifies an event in a managed room.
pub(super) fn treatment(event: &RawEvent<'_>, place: CommandPlace, filter: &CommandFilter) -> Treatment {
    let is_own = event.sender == filter.bot.as_str();
    if let Some(file) = file(event, filter).filter(|_| !is_own) {
        return Treatment::Kept(file);
    }
    let kept = match (&*event.kind, event.state_key()) {
        ("m.room.message", None) if !is_own => command(event, place, filter),
        ("m.reaction", None) if !is_own => reaction(event),
        // The bot redacts only messages and reactions.
        ("m.room.redaction", None) if !is_own => event.redacts().map(|redacts| Content::Redaction { redacts }),
        (kind, Some(_)) if KNOWN_TYPES.contains(&kind) => Some(state(event).unwrap_or_default()),
        _ => None,
    };
    kept.map_or(Treatment::Dropped, Treatment::Kept)
}

/// A change of the bot's own membership in an unmanaged room; other events there are ignored.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OwnSeat {
    /// The bot was brought in, by this account if known.
    In(Option<OwnedUserId>),
    /// The bot left or was removed.
    Out,
}

/// Looks for such a change in an event of an unmanaged room.
pub(super) fn own_seat(event: &RawEvent<'_>, bot: &UserId) -> Option<OwnSeat> {
    if event.kind != "m.room.member" || event.state_key() != Some(bot.as_str()) {
        return None;
    }
    match event.membership()? {
        MembershipState::Invite if event.sender != bot.as_str() => {
            Some(OwnSeat::In(UserId::parse(&*event.sender).ok()))
        }
        // A join without an invitation is to a room that the bot creates.
        MembershipState::Join if event.prev_membership() == Some(MembershipState::Invite) => Some(OwnSeat::In(None)),
        MembershipState::Leave | MembershipState::Ban => Some(OwnSeat::Out),
        _ => None,
    }
}

/// The text of a message, or what an edit makes of one.
#[derive(Deserialize)]
struct RoomMessage<'a> {
    #[serde(borrow)]
    msgtype: Cow<'a, str>,
    #[serde(borrow)]
    body: Cow<'a, str>,
    format: Option<String>,
    formatted_body: Option<String>,
}

impl<'a> RoomMessage<'a> {
    /// A plain message, without its relations; None for every other kind.
    fn message(self) -> Option<Message<'a>> {
        let formatted_body = self.formatted_body.filter(|_| self.format.as_deref() == Some("org.matrix.custom.html"));
        let formatted_body = formatted_body.map(Cow::Owned);
        (self.msgtype == "m.text").then_some(Message { body: self.body, formatted_body, reply_to: None, thread: None })
    }
}

/// None also for content of the wrong shape.
fn command(event: &RawEvent<'_>, place: CommandPlace, filter: &CommandFilter) -> Option<Content> {
    #[derive(Deserialize)]
    struct Edit<'a> {
        #[serde(rename = "m.new_content", borrow)]
        new_content: RoomMessage<'a>,
    }
    let relation = event.relation();
    if relation.rel_type() == Some("m.replace") {
        let edits = relation.to("m.replace")?;
        let message = event.content::<Edit<'_>>()?.new_content.message()?;
        return filter.lets_through(&message, place).then_some(Content::Edit { edits });
    }
    // In threads, clients without thread support see a fallback reply, which is not a real one.
    let reply_to = relation.in_reply_to().filter(|_| !relation.is_falling_back());
    let message =
        Message { reply_to, thread: relation.to("m.thread"), ..event.content::<RoomMessage<'_>>()?.message()? };
    filter.lets_through(&message, place).then(|| Content::Command(message.into_owned()))
}

/// A file that is not accepted, wherever an event may hold one. What is encrypted is not seen.
fn file(event: &RawEvent<'_>, filter: &CommandFilter) -> Option<Content> {
    let is_picture = event.kind == "m.room.avatar";
    if event.state_key().is_some() != is_picture || !event.may_hold_files() {
        return None;
    }
    let content: Value = event.content()?;
    let file = filter.accepted.refuses(&event.kind, &content)?;
    Some(Content::File { file, thread: event.relation().to("m.thread"), media: files_in(&content) })
}

fn reaction(event: &RawEvent<'_>) -> Option<Content> {
    let relation = event.relation();
    let event_id = relation.to("m.annotation")?;
    let key = relation.key().filter(|key| is_yes(key))?.to_owned();
    Some(Content::Reaction { event_id, key })
}

/// The content of a state event to store: only what is needed later to tell who did it.
fn state(event: &RawEvent<'_>) -> Option<Content> {
    match &*event.kind {
        "m.room.member" => {
            let is_own = event.state_key() == Some(&*event.sender);
            let before = if is_own { None } else { event.prev_membership() };
            Some(Content::Member { before, membership: event.membership()? })
        }
        "m.room.power_levels" => Some(Content::PowerLevels { content: event.content()?, prev: event.prev_content() }),
        _ => None,
    }
}
