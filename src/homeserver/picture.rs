//! Builds an [`ObservedRoom`] from state events: from the whole state, or one event at a time.
//!
//! Both ways go through [`apply`], so that a room kept current from single events equals one just read. Only the types
//! in [`KNOWN_TYPES`] matter; content of the wrong shape counts as absent, as it does for clients.

use std::borrow::Cow;
use std::sync::LazyLock;

use equipemed_domain::event::MembershipState;
use equipemed_domain::fault::{HomeserverError, Nonsense};
use equipemed_domain::observed::{BanByHand, Membership, ObservedRoom, Replacement, face};
use equipemed_domain::setting::{RoomSetting, RoomSettings, put};
use matrix_sdk::ruma::{EventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::from_json;
use super::event::RawEvent;

/// The field of `m.room.create` that holds the room's key in the policy.
pub const ROOM_KEY_FIELD: &str = "br.equipemed.room";
/// State event types that an [`ObservedRoom`] is made of.
pub static KNOWN_TYPES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let basics = ["m.room.create", "m.room.member", "m.room.power_levels", "m.room.encryption", "m.room.tombstone"];
    let settings = RoomSetting::ALL.iter().map(|setting| setting.row().event);
    basics.into_iter().chain(["m.space.parent", "m.space.child"]).chain(settings).collect()
});

/// What an event did to an observed room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The room changed.
    Changed,
    /// The event repeated what was known, or does not matter here.
    Same,
    /// The room cannot be kept current from events any more and must be read again.
    Doubtful,
}

/// Reads the whole state: the body of `GET /rooms/{id}/state`.
pub(super) fn observe(room_id: &RoomId, bot: &UserId, body: &[u8]) -> Result<ObservedRoom, HomeserverError> {
    // Borrows from the body, so that only kept events are copied.
    let events: Vec<RawEvent<'_>> = serde_json::from_slice(body).map_err(|error| from_json(&error))?;
    let create = events.iter().find(|event| event.kind == "m.room.create");
    let create = create.ok_or_else(|| HomeserverError::nonsense(Nonsense::NoCreate))?;
    let mut room = begin(room_id.to_owned(), create)?;
    for event in &events {
        if event.kind != "m.room.create" {
            apply(&mut room, event, bot);
        }
    }
    Ok(room)
}

fn begin(room_id: OwnedRoomId, create: &RawEvent<'_>) -> Result<ObservedRoom, HomeserverError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Create {
        room_version: Option<String>,
        #[serde(rename = "type")]
        kind: Option<String>,
        additional_creators: Vec<OwnedUserId>,
    }
    let content: Create = create.content().unwrap_or_default();
    let creator = UserId::parse(&*create.sender).map_err(|_| HomeserverError::nonsense(Nonsense::Creator))?;
    Ok(ObservedRoom {
        room_id,
        version: content.room_version.unwrap_or_else(|| "1".to_owned()),
        creator,
        additional_creators: content.additional_creators.into_iter().collect(),
        is_space: content.kind.as_deref() == Some("m.space"),
        settings: RoomSettings::new(),
        encrypted: false,
        replaced: None,
        parents: Default::default(),
        children: Default::default(),
        members: Default::default(),
        faces: Default::default(),
        bans_by_hand: Default::default(),
        power_levels: None,
    })
}

/// Applies one event to a room. `bot` tells the bot's own bans from those of others.
pub fn apply(room: &mut ObservedRoom, event: &RawEvent<'_>, bot: &UserId) -> Applied {
    let Some(state_key) = event.state_key() else { return Applied::Same };
    match &*event.kind {
        "m.room.member" => member(room, event, state_key, bot),
        "m.space.parent" => link(&mut room.parents, event, state_key),
        "m.space.child" => link(&mut room.children, event, state_key),
        _ if !state_key.is_empty() => Applied::Same,
        "m.room.power_levels" => set(&mut room.power_levels, map(event)),
        // Also when redacted: encryption cannot be switched off.
        "m.room.encryption" => set(&mut room.encrypted, true),
        "m.room.tombstone" => set(&mut room.replaced, replacement(event)),
        // A room has one create event; a second one belongs elsewhere or is forged.
        "m.room.create" => Applied::Doubtful,
        kind => {
            let Some(setting) = RoomSetting::find(|row| row.event == kind) else { return Applied::Same };
            let value = map(event).and_then(|content| setting.read(&content));
            effect(put(&mut room.settings, setting, value))
        }
    }
}

/// How a member is shown in a room.
#[derive(Deserialize)]
struct Shown<'e> {
    #[serde(borrow, default)]
    displayname: Option<Cow<'e, str>>,
    #[serde(borrow, default)]
    avatar_url: Option<Cow<'e, str>>,
}

fn member(room: &mut ObservedRoom, event: &RawEvent<'_>, state_key: &str, bot: &UserId) -> Applied {
    let Ok(user) = UserId::parse(state_key) else { return Applied::Same };
    let state = match event.membership() {
        Some(MembershipState::Join) => Some(Membership::Join),
        Some(MembershipState::Invite) => Some(Membership::Invite),
        Some(MembershipState::Knock) => Some(Membership::Knock),
        Some(MembershipState::Ban) if event.sender == bot.as_str() => Some(Membership::BannedForGrant),
        Some(MembershipState::Ban) => Some(Membership::Ban),
        // A kick says nothing about what the person wants.
        Some(MembershipState::Leave) if event.sender == state_key => Some(Membership::Left),
        Some(MembershipState::Leave) => None,
        Some(MembershipState::Unknown) | None => return Applied::Doubtful,
    };
    let by_hand = (state == Some(Membership::Ban)).then(|| ban_by_hand(event)).flatten();
    let ban_before = match by_hand.clone() {
        Some(ban) => room.bans_by_hand.insert(user.clone(), ban),
        None => room.bans_by_hand.remove(&user),
    };
    let shown = (state == Some(Membership::Join)).then(|| {
        event.content().map(|Shown { displayname, avatar_url }| face(displayname.as_deref(), avatar_url.as_deref()))
    });
    room.set_face(&user, shown.flatten());
    // Outside the room, the bot no longer gets its events.
    let lost = user == bot && state != Some(Membership::Join);
    let before = match state {
        Some(state) => room.members.insert(user, state),
        None => room.members.remove(&user),
    };
    match (lost, before == state && ban_before == by_hand) {
        (true, _) => Applied::Doubtful,
        (false, true) => Applied::Same,
        (false, false) => Applied::Changed,
    }
}

fn replacement(event: &RawEvent<'_>) -> Option<Replacement> {
    let successor = text(event, "replacement_room")?;
    Some(Replacement { by: UserId::parse(&*event.sender).ok(), successor: RoomId::parse(successor).ok() })
}

/// Event and sender of a ban.
fn ban_by_hand(event: &RawEvent<'_>) -> Option<BanByHand> {
    let (id, sender) = (EventId::parse(&*event.event_id).ok()?, UserId::parse(&*event.sender).ok()?);
    Some(BanByHand { event: id, sender })
}

/// Adds a parent or child, or removes it when `via` is missing.
fn link(links: &mut std::collections::BTreeSet<OwnedRoomId>, event: &RawEvent<'_>, state_key: &str) -> Applied {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Link {
        via: Vec<String>,
    }
    let Ok(other) = RoomId::parse(state_key) else { return Applied::Same };
    let there = !event.content::<Link>().unwrap_or_default().via.is_empty();
    effect(if there { links.insert(other) } else { links.remove(&other) })
}

fn set<T: PartialEq>(field: &mut T, value: T) -> Applied {
    let changed = *field != value;
    *field = value;
    effect(changed)
}

fn effect(changed: bool) -> Applied {
    if changed { Applied::Changed } else { Applied::Same }
}

fn map(event: &RawEvent<'_>) -> Option<Map<String, Value>> {
    event.content()
}

fn text(event: &RawEvent<'_>, field: &str) -> Option<String> {
    match map(event)?.remove(field)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}
