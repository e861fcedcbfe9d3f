//! What becomes of an event in a managed room: whether it is kept, and which part of it.

use std::borrow::Cow;

use equipemed_domain::command::{Message, Place};
use equipemed_domain::event::{Content, MembershipState};
use ruma_common::{OwnedUserId, UserId};
use serde::Deserialize;

use super::command_filter::CommandFilter;
use crate::homeserver::{KNOWN_TYPES, RawEvent};

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
pub(super) fn treatment(event: &RawEvent<'_>, place: Place, filter: &CommandFilter) -> Treatment {
    let is_own = event.sender == filter.bot.as_str();
    let kept = match (&*event.kind, event.state_key()) {
        ("m.room.message", None) if !is_own => command(event, place, filter),
        ("m.reaction", None) if !is_own => reaction(event),
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
pub(super) fn own_seat(event: &RawEvent<'_>, bot: &UserId) -> Option<OwnSeat> {
    if event.kind != "m.room.member" || event.state_key() != Some(bot.as_str()) {
        return None;
    }
    match event.membership()? {
        MembershipState::Invite if event.sender != bot.as_str() => {
            Some(OwnSeat::In(UserId::parse(&*event.sender).ok()))
        }
        // Coming into a room that it makes is no answer to an invitation.
        MembershipState::Join if event.prev_membership() == Some(MembershipState::Invite) => Some(OwnSeat::In(None)),
        MembershipState::Leave | MembershipState::Ban => Some(OwnSeat::Out),
        _ => None,
    }
}

/// `None` also for a content of a wrong form, which is nobody's command.
fn command(event: &RawEvent<'_>, place: Place, filter: &CommandFilter) -> Option<Content> {
    #[derive(Deserialize)]
    struct RoomMessage<'a> {
        #[serde(borrow)]
        msgtype: Cow<'a, str>,
        #[serde(borrow)]
        body: Cow<'a, str>,
        format: Option<String>,
        formatted_body: Option<String>,
    }
    let RoomMessage { msgtype, body, format, formatted_body } = event.content()?;
    let formatted_body = formatted_body.filter(|_| format.as_deref() == Some("org.matrix.custom.html"));
    let message = Message { body, formatted_body: formatted_body.map(Cow::Owned), reply_to: None };
    if msgtype != "m.text" || !filter.lets_through(&message, place) {
        return None;
    }
    let relation = event.relation();
    // In a thread clients name the thread's last message for those who do not know threads: nobody answered that.
    let reply_to = relation.in_reply_to().filter(|_| !relation.is_falling_back());
    let is_edit = relation.rel_type() == Some("m.replace");
    (!is_edit).then(|| Content::Command(Message { reply_to, ..message.into_owned() }))
}

fn reaction(event: &RawEvent<'_>) -> Option<Content> {
    let relation = event.relation();
    let event_id = relation.to("m.annotation")?;
    // With and without the character that asks for colour.
    let is_yes = |key: &&str| matches!(key.trim_end_matches('\u{fe0f}'), "✅" | "👍");
    let key = relation.key().filter(is_yes)?.to_owned();
    Some(Content::Reaction { event_id, key })
}

/// What is kept of a state event's content: only what somebody will want to know of who did it.
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
