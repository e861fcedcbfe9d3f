//! Accounts and rooms that agree with the policy, of which a case changes one thing.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::binding::{Binding, Pushed};
use equipemed_domain::desired::{digest_of, external_id};
use equipemed_domain::directory::Person;
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::levels::{initial_content, initial_control_content};
use equipemed_domain::observed::{Membership, Observed, ObservedAccount, ObservedRoom};
use equipemed_domain::policy::{Policy, RoomKind};
use equipemed_domain::room_version::KNOWN;
use equipemed_domain::setting::{RoomSetting, settings};
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId};

use super::{SERVER, user_id};

/// The room id of a key in these tests.
pub(crate) fn room_id(key: &str) -> OwnedRoomId {
    RoomId::parse(format!("!{key}:{SERVER}")).expect("a room id")
}

/// A binding to `@username`, as some time after the account was created.
pub(crate) fn binding(policy: &Policy, person: &Person) -> Binding {
    let pushed = Pushed { external_id: external_id(policy, person).map(|id| digest_of(&id)), ..Pushed::default() };
    Binding { pushed, ..Binding::new(person.id, user_id(&person.username.to_lowercase())) }
}

/// A server with nothing on it, which has every room version.
pub(crate) fn empty() -> Observed {
    Observed { room_versions: KNOWN.map(str::to_owned).into(), ..Observed::default() }
}

/// The account of an active person.
pub(crate) fn account(person: &Person) -> ObservedAccount {
    ObservedAccount { display_name: Some(person.full_name()), ..ObservedAccount::default() }
}

/// A room created by the bot, with nobody else in it.
pub(crate) fn room(policy: &Policy, key: &RoomKey, version: &str) -> ObservedRoom {
    let wanted = policy.rooms.get(key).unwrap_or_else(|| panic!("room {key} is in no policy"));
    let children = policy.rooms.iter().filter(|(_, child)| child.parent.as_ref() == Some(key));
    let levels = match key.as_str() {
        CONTROL_ROOM => initial_control_content(version, &policy.bot),
        _ => {
            let (nobody, default) = (BTreeMap::<OwnedUserId, i64>::new(), wanted.default_level.unwrap_or(0));
            initial_content(version, wanted.kind, &policy.bot, &nobody, default)
        }
    };
    ObservedRoom {
        room_id: room_id(key.as_str()),
        version: version.to_owned(),
        creator: policy.bot.clone(),
        additional_creators: BTreeSet::new(),
        is_space: wanted.kind == RoomKind::Space,
        settings: settings(
            RoomSetting::ALL.iter().map(|setting| (*setting, setting.wanted(wanted, &policy.server_name))),
        ),
        encrypted: false,
        replaced: None,
        parents: wanted.parent.iter().map(|parent| room_id(parent.as_str())).collect(),
        children: children.map(|(child, _)| room_id(child.as_str())).collect(),
        members: BTreeMap::from([(policy.bot.clone(), Membership::Join)]),
        faces: BTreeMap::new(),
        bans_by_hand: Default::default(),
        power_levels: Some(levels),
    }
}
