//! What becomes of an event in a managed room: whether it is kept, and which part of it.

use std::borrow::Cow;

use equipemed_domain::command::Message;
use equipemed_domain::event::{Content, MembershipState};
use ruma_common::{EventId, OwnedUserId, UserId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::ear::Ear;
use super::event::Event;
use crate::homeserver::KNOWN_TYPES;

/// What becomes of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Kept with this content; a reaction only if its target is a question of the bot's that is still open.
    Kept(Content),
    /// Not kept, but what it took back may have been a part of the room's state.
    Redaction,
    /// Not kept.
    Dropped,
}

/// Looks at an event of a managed room.
pub(super) fn treatment(event: &Event<'_>, in_control: bool, ear: &Ear) -> Treatment {
    let is_own = event.sender == ear.bot.as_str();
    let kept = match (&*event.kind, event.state_key()) {
        ("m.room.message", None) if !is_own => command(event.content, in_control, ear),
        ("m.reaction", None) if !is_own => reaction(event.content),
        // What the bot redacts are messages and reactions.
        ("m.room.redaction", None) if !is_own => return Treatment::Redaction,
        (kind, Some(_)) if KNOWN_TYPES.contains(&kind) => Some(state(event).unwrap_or_default()),
        _ => None,
    };
    kept.map_or(Treatment::Dropped, Treatment::Kept)
}

/// What an event in a room that is not managed says of the bot's own being there: nothing else of such a room is heeded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OwnSeat {
    /// It was brought there, by this account where the event tells.
    In(Option<OwnedUserId>),
    /// It is not there any more.
    Out,
}

/// Looks at an event of a room that is not managed.
pub(super) fn own_seat(event: &Event<'_>, bot: &UserId) -> Option<OwnSeat> {
    if event.kind != "m.room.member" || event.state_key() != Some(bot.as_str()) {
        return None;
    }
    let before = || event.previous().and_then(membership);
    match membership(event.content)? {
        MembershipState::Invite if event.sender != bot.as_str() => {
            Some(OwnSeat::In(UserId::parse(&*event.sender).ok()))
        }
        // Coming into a room that it makes is no answer to an invitation.
        MembershipState::Join if before() == Some(MembershipState::Invite) => Some(OwnSeat::In(None)),
        MembershipState::Leave | MembershipState::Ban => Some(OwnSeat::Out),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Relation<'a> {
    #[serde(borrow)]
    rel_type: Option<Text<'a>>,
    #[serde(borrow)]
    event_id: Option<Text<'a>>,
    #[serde(borrow)]
    key: Option<Text<'a>>,
    #[serde(rename = "m.in_reply_to", borrow)]
    in_reply_to: Option<Reply<'a>>,
    #[serde(default)]
    is_falling_back: bool,
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    event_id: Cow<'a, str>,
}

/// A text inside of an `Option`, where serde would copy a bare `Cow`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// `None` also for a content of a wrong form, which is nobody's command.
fn command(content: &RawValue, in_control: bool, ear: &Ear) -> Option<Content> {
    #[derive(Deserialize)]
    struct RoomMessage<'a> {
        #[serde(borrow)]
        msgtype: Cow<'a, str>,
        #[serde(borrow)]
        body: Cow<'a, str>,
        #[serde(borrow)]
        format: Option<Text<'a>>,
        #[serde(borrow)]
        formatted_body: Option<Text<'a>>,
        #[serde(rename = "m.relates_to", borrow)]
        relation: Option<Relation<'a>>,
    }
    let message: RoomMessage<'_> = serde_json::from_str(content.get()).ok()?;
    let is_edit = message.relation.as_ref().and_then(|relation| relation.rel_type.as_ref());
    if message.msgtype != "m.text" || is_edit.is_some_and(|kind| kind.0 == "m.replace") {
        return None;
    }
    let is_html = message.format.is_some_and(|format| format.0 == "org.matrix.custom.html");
    let formatted_body = message.formatted_body.filter(|_| is_html).map(|text| text.0);
    // In a thread clients name the thread's last message for those who do not know threads: nobody answered that.
    let answered =
        message.relation.filter(|relation| !relation.is_falling_back).and_then(|relation| relation.in_reply_to);
    let reply_to = answered.and_then(|reply| EventId::parse(&*reply.event_id).ok());
    let kept = Message { body: message.body, formatted_body, reply_to };
    ear.hears(&kept, in_control).then(|| Content::Command(kept.into_owned()))
}

fn reaction(content: &RawValue) -> Option<Content> {
    #[derive(Deserialize)]
    struct Reaction<'a> {
        #[serde(rename = "m.relates_to", borrow)]
        relation: Relation<'a>,
    }
    let Reaction { relation } = serde_json::from_str(content.get()).ok()?;
    let key = relation.key?.0;
    // With and without the character that asks for colour.
    if !matches!(key.trim_end_matches('\u{fe0f}'), "✅" | "👍") || relation.rel_type?.0 != "m.annotation" {
        return None;
    }
    let event_id = EventId::parse(&*relation.event_id?.0).ok()?;
    Some(Content::Reaction { event_id, key: key.into_owned() })
}

/// What is kept of a state event's content: only what somebody will want to know of who did it.
fn state(event: &Event<'_>) -> Option<Content> {
    match &*event.kind {
        "m.room.member" => {
            let is_own = event.state_key() == Some(&*event.sender);
            let before = event.previous().filter(|_| !is_own).and_then(membership);
            Some(Content::Member { before, membership: membership(event.content)? })
        }
        "m.room.power_levels" => Some(Content::PowerLevels {
            content: serde_json::from_str(event.content.get()).ok()?,
            prev: event.previous().and_then(|prev| serde_json::from_str(prev.get()).ok()),
        }),
        _ => None,
    }
}

fn membership(content: &RawValue) -> Option<MembershipState> {
    #[derive(Deserialize)]
    struct Member {
        membership: MembershipState,
    }
    serde_json::from_str::<Member>(content.get()).ok().map(|member| member.membership)
}
