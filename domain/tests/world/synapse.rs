//! A small model of Synapse: applies actions to a world and refuses what the real server refuses.
//!
//! Follows the Matrix authorisation rules of the room's version and Synapse's admin API. A refusal is a panic that
//! names the rule, because no plan may contain one. The order is the engine's: accounts, new rooms, the rest.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::action::{Action, NewRoom};
use equipemed_domain::binding::{Binding, Pushed};
use equipemed_domain::cause::Cause;
use equipemed_domain::desired::{digest_of, digest_of_name, external_id};
use equipemed_domain::email::{address_of, digest_of_address};
use equipemed_domain::key::RoomKey;
use equipemed_domain::level_budget::{ENVELOPE, MOST_BYTES};
use equipemed_domain::levels::{initial_content, with_changes};
use equipemed_domain::observed::{Membership, ObservedAccount, ObservedRoom, RoomSight, has_privileged_creators};
use equipemed_domain::plan::{Plan, Step};
use equipemed_domain::policy::{JoinMode, RoomKind};
use equipemed_domain::privilege::beyond;
use equipemed_domain::setting::{RoomSetting, SettingValue, put};
use ruma_common::{OwnedUserId, UserId};
use serde_json::{Map, Value};

use super::{SERVER, World, agreeing};

/// Applies a plan.
pub(crate) fn apply(world: &mut World, plan: &Plan) {
    let is_room = |step: &&Step| step.action.room().is_some();
    let is_new = |step: &&Step| matches!(step.action, Action::CreateRoom { .. });
    let accounts = plan.steps.iter().filter(|step| !is_room(step));
    let new = plan.steps.iter().filter(is_new);
    let rest = plan.steps.iter().filter(is_room).filter(|step| !is_new(step));
    for step in accounts.chain(new).chain(rest) {
        one(world, step);
    }
    world.memory.applied_before = true;
}

fn one(world: &mut World, step: &Step) {
    if let Some(user) = step.action.user() {
        assert!(!world.is_untouchable(user), "protected: {step:?}");
        assert!(user.server_name() == SERVER, "not a local account: {step:?}");
    }
    match step.action.room() {
        None => account(world, step),
        Some(key) => match &step.action {
            Action::CreateRoom { new, .. } => create_room(world, &key, new),
            action => change_room(world, &key, action, step.cause),
        },
    }
}

fn existing<'w>(world: &'w mut World, user: &UserId) -> &'w mut ObservedAccount {
    world.observed.accounts.list.get_mut(user).unwrap_or_else(|| panic!("404: there is no account {user}"))
}

fn bound<'w>(world: &'w mut World, user: &UserId) -> &'w mut Binding {
    world.bindings.owner(user).and_then(|owner| world.bindings.get_mut(owner)).expect("a binding")
}

fn binding(world: &World, person: equipemed_domain::directory::PersonId, user: &UserId) -> Binding {
    let known = world.people.iter().find(|known| known.id == person).expect("a person in EquipeMed");
    let pushed =
        Pushed { external_id: external_id(&world.policy, known).map(|id| digest_of(&id)), ..Pushed::default() };
    Binding { pushed, ..Binding::new(person, user.to_owned()) }
}

fn account(world: &mut World, step: &Step) {
    let by_policy = step.cause == Cause::Policy;
    match &step.action {
        Action::CreateAccount { person, user, display_name, external_id } => {
            let lower = user.as_str().to_lowercase();
            let twin = world.observed.accounts.list.keys().find(|other| other.as_str().to_lowercase() == lower);
            assert!(twin.is_none(), "M_USER_IN_USE: {user}");
            check_name(display_name);
            if let Some(id) = external_id {
                let holder = world.observed.accounts.holders.get(&id.id);
                assert!(holder.is_none_or(|holder| holder == user), "409: the external id is taken: {step:?}");
                world.observed.accounts.holders.insert(id.id.clone(), user.clone());
            }
            let made = ObservedAccount { display_name: Some(display_name.clone()), ..ObservedAccount::default() };
            world.observed.accounts.list.insert(user.clone(), made);
            let mut new = binding(world, *person, user);
            new.pushed.display_name = Some(digest_of_name(display_name));
            world.bindings.insert(new);
        }
        Action::AdoptAccount { person, user, administrator } => {
            assert_eq!(existing(world, user).admin, *administrator, "unmarked: {step:?}");
            let known = world.people.iter().find(|known| known.id == *person).expect("a person in EquipeMed");
            assert_eq!(world.observed.accounts.holders.get(&known.public_id), Some(user), "adopted a stranger");
            let new = binding(world, *person, user);
            assert!(world.bindings.insert(new).is_none(), "bound twice: {step:?}");
        }
        Action::SetDisplayName { user, to, .. } => {
            check_name(to);
            existing(world, user).display_name = Some(to.clone());
            if world.bindings.owner(user).is_some() {
                bound(world, user).pushed.display_name = Some(digest_of_name(to));
            }
        }
        Action::SetEmail { user } => {
            existing(world, user);
            let person = bound(world, user).person;
            let known = world.people.iter().find(|known| known.id == person).expect("a person in EquipeMed");
            let digest = digest_of_address(&address_of(known).expect("an address"));
            let before = bound(world, user).pushed.email.clone();
            let holders = &mut world.observed.accounts.email_holders;
            holders.retain(|had, holder| holder != user || Some(had) != before.as_ref());
            let holder = world.observed.accounts.email_holders.insert(digest.clone(), user.clone());
            let given_from_here = |holder: &OwnedUserId| {
                world
                    .bindings
                    .values()
                    .any(|other| other.user == *holder && other.pushed.email.as_ref() == Some(&digest))
            };
            assert!(
                holder.is_none_or(|holder| holder == *user || given_from_here(&holder)),
                "took somebody's address: {step:?}"
            );
            for person in world.bindings.keys().copied().collect::<Vec<_>>() {
                let other = world.bindings.get_mut(person).expect("a binding");
                other.pushed.email.take_if(|email| *email == digest);
            }
            bound(world, user).pushed.email = Some(digest);
        }
        Action::LinkExternalId { user, external_id } => {
            existing(world, user);
            let digest = digest_of(external_id);
            bound(world, user).pushed.external_id = Some(digest);
        }
        Action::LockAccount { user } => {
            let account = existing(world, user);
            assert!(!account.locked, "locked already: {user}");
            account.locked = true;
            if world.bindings.owner(user).is_some() {
                bound(world, user).signed_out = false;
            }
            if by_policy {
                world.memory.locked_recently.insert(user.clone());
            }
        }
        Action::SignOut { user } => {
            assert!(existing(world, user).locked, "they could sign in again: {user}");
            let bound = bound(world, user);
            assert!(!bound.signed_out, "signed out already: {user}");
            bound.signed_out = true;
        }
        Action::UnlockAccount { user } => {
            let account = existing(world, user);
            assert!(account.locked, "not locked: {user}");
            account.locked = false;
            if world.bindings.owner(user).is_some() {
                bound(world, user).signed_out = false;
            }
        }
        Action::DeactivateAccount { user } => {
            let account = existing(world, user);
            assert!(!account.deactivated, "deactivated already: {user}");
            account.deactivated = true;
            for sight in world.observed.rooms.values_mut() {
                if let RoomSight::Seen(room) = sight
                    && let Some(state) = room.members.get_mut(user)
                    && matches!(state, Membership::Join | Membership::Invite | Membership::Knock)
                {
                    *state = Membership::Left;
                }
            }
            if by_policy {
                world.memory.locked_recently.insert(user.clone());
            }
        }
        Action::ReactivateAccount { user } => {
            let account = existing(world, user);
            assert!(account.deactivated, "not deactivated: {user}");
            account.deactivated = false;
        }
        Action::SetServerAdmin { user, to } => {
            // The PUT would create a missing account.
            let account = existing(world, user);
            assert_ne!(account.admin, *to, "is so already: {step:?}");
            account.admin = *to;
            let bound = bound(world, user);
            assert!(*to || bound.server_admin_given, "took away what it did not give: {step:?}");
            bound.server_admin_given = *to;
        }
        Action::NotePrivileges { person, gained, lost, .. } => {
            let held = world.memory.privileged.entry(*person).or_default();
            held.extend(gained.iter().cloned());
            held.retain(|power| !lost.contains(power));
            if held.is_empty() {
                world.memory.privileged.remove(person);
            }
            // What the first pass ever gives is not a gain.
            let gained = beyond(lost, gained, &world.policy);
            if !gained.is_empty() && world.memory.applied_before {
                world.memory.gained_recently.entry(*person).or_default().extend(gained);
            }
        }
        other => panic!("not about an account: {other:?}"),
    }
}

fn check_name(name: &str) {
    assert!(!name.trim().is_empty(), "Synapse shows an empty name as none");
    assert!(name.chars().count() <= 256, "400: display name too long");
    assert!(!name.contains('@'), "an e-mail address in a display name");
}

fn create_room(world: &mut World, key: &RoomKey, new: &NewRoom) {
    assert_eq!(world.observed.rooms.get(key), Some(&RoomSight::Absent), "room {key} is there already");
    let parent = new.parent.as_ref().map(|parent| match world.observed.rooms.get(parent) {
        Some(RoomSight::Absent | RoomSight::Several { .. }) | None => {
            panic!("room {key} is made before its space {parent}")
        }
        Some(RoomSight::Seen(room)) => room.room_id.clone(),
        Some(RoomSight::Unreadable { room_id, .. }) => room_id.clone(),
    });
    let content = initial_content(&new.version, new.kind, &world.policy.bot, &new.levels, new.default_level);
    let mut room = agreeing::room(&world.policy, key, &new.version);
    // Not the id of an earlier room with this key.
    room.room_id = agreeing::room_id(&format!("made-{key}"));
    room.is_space = new.kind == RoomKind::Space;
    room.settings = new.settings.clone();
    room.settings.extend([(RoomSetting::Name, new.name.as_str().into()), (RoomSetting::JoinRule, "invite".into())]);
    let alias = new.alias.as_ref().map(|alias| SettingValue::Text(format!("#{alias}:{SERVER}")));
    put(&mut room.settings, RoomSetting::Alias, alias);
    room.parents = parent.into_iter().collect();
    room.children = BTreeSet::new();
    room.power_levels = None;
    check_levels(&room, &world.policy.bot, &content);
    for user in new.levels.keys().chain(&new.invite) {
        assert!(!world.is_untouchable(user), "protected: {user} in the new room {key}");
    }
    for user in &new.invite {
        assert!(!existing(world, user).deactivated, "403: {user} is deactivated");
    }
    room.power_levels = Some(content);
    room.members.extend(new.invite.iter().map(|user| (user.clone(), Membership::Invite)));
    world.observed.rooms.insert(key.clone(), RoomSight::Seen(Box::new(room)));
}

fn change_room(world: &mut World, key: &RoomKey, action: &Action, cause: Cause) {
    let id_of = |key: &RoomKey| match world.observed.rooms.get(key) {
        Some(RoomSight::Seen(room)) => room.room_id.clone(),
        Some(RoomSight::Unreadable { room_id, .. }) => room_id.clone(),
        Some(RoomSight::Absent | RoomSight::Several { .. }) | None => panic!("room {key} has no id yet: {action:?}"),
    };
    let other = match action {
        Action::SetParent { parent: other, .. }
        | Action::AddChild { child: other, .. }
        | Action::DropChild { child: other, .. } => Some(id_of(other)),
        _ => None,
    };
    let bot = world.policy.bot.clone();
    if let Action::AddMember { user, .. } = action {
        assert!(!existing(world, user).deactivated, "403: {user} is deactivated");
    }
    let Some(RoomSight::Seen(room)) = world.observed.rooms.get_mut(key) else {
        panic!("room {key} is not there or was not read: {action:?}")
    };
    assert_eq!(room.members.get(&bot), Some(&Membership::Join), "403: the bot is not in room {key}");
    let level = room.level_of(&bot);
    let may_send = |event: &str| {
        let needs = room.needs_for_state(event);
        assert!(level >= needs, "403: {event} needs {needs}, the bot stands at {level} in {key}");
    };
    match action {
        Action::Set { setting, to, .. } => {
            may_send(setting.row().event);
            room.settings.insert(*setting, to.clone());
        }
        Action::SetParent { .. } => {
            may_send("m.space.parent");
            room.parents.extend(other);
        }
        Action::AddChild { .. } => {
            may_send("m.space.child");
            assert!(room.children.insert(other.expect("a child")), "listed already: {action:?}");
        }
        Action::DropChild { .. } => {
            may_send("m.space.child");
            assert!(room.children.remove(&other.expect("a child")), "not listed: {action:?}");
        }
        Action::SetLevels { changes, .. } => {
            may_send("m.room.power_levels");
            let content = with_changes(room.power_levels.as_ref(), changes);
            assert_ne!(Some(&content), room.power_levels.as_ref(), "a level event that changes nothing");
            check_levels(room, &bot, &content);
            room.power_levels = Some(content);
            assert_eq!(room.level_of(&bot), level, "the bot lost its own level in {key}");
        }
        action => membership(room, action, &bot, level),
    }
    if let Action::RemoveMember { user, .. } = action
        && cause == Cause::Policy
    {
        world.memory.removed_recently.entry(key.clone()).or_default().insert(user.clone());
    }
}

fn membership(room: &mut ObservedRoom, action: &Action, bot: &UserId, level: i64) {
    let may_act_on = |user: &OwnedUserId, needs: i64| {
        assert!(level >= needs, "403: {action:?} needs {needs}, the bot stands at {level}");
        let theirs = room.level_of(user);
        assert!(*user != *bot && theirs < level, "403: {user} stands at {theirs}, the bot at {level}: {action:?}");
    };
    match action {
        Action::AddMember { user, how, .. } => {
            let needs = room.needs_for_invite();
            assert!(level >= needs, "403: inviting needs {needs}, the bot stands at {level}");
            let before = room.members.get(user);
            assert!(before != Some(&Membership::Join), "joined already: {action:?}");
            assert!(!before.is_some_and(|before| before.is_ban()), "403: banned: {action:?}");
            let after = if *how == JoinMode::Force { Membership::Join } else { Membership::Invite };
            assert!(before != Some(&after), "invited already: {action:?}");
            room.members.insert(user.clone(), after);
        }
        Action::RemoveMember { user, .. } => {
            may_act_on(user, room.needs_for_kick());
            let before = room.members.remove(user);
            let present = matches!(before, Some(Membership::Join | Membership::Invite | Membership::Knock));
            assert!(present, "403: not there: {action:?}");
        }
        Action::BanMember { user, .. } => {
            may_act_on(user, room.needs_for_ban());
            room.members.insert(user.clone(), Membership::BannedForGrant);
        }
        Action::UnbanMember { user, .. } => {
            may_act_on(user, room.needs_for_kick().max(room.needs_for_ban()));
            let before = room.members.remove(user);
            let may = matches!(before, Some(Membership::BannedForGrant | Membership::BannedWithoutRight));
            assert!(may, "not a ban to be lifted: {action:?}");
        }
        other => panic!("not about a membership: {other:?}"),
    }
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn section(content: Option<&Map<String, Value>>, key: &str) -> BTreeMap<String, i64> {
    let entries = content.and_then(|content| content.get(key)).and_then(Value::as_object);
    entries.into_iter().flatten().filter_map(|(name, level)| Some((name.clone(), number(level)?))).collect()
}

/// The authorisation rules for a new `m.room.power_levels` by `sender`.
pub(crate) fn check_levels(room: &ObservedRoom, sender: &OwnedUserId, content: &Map<String, Value>) {
    let version: u32 = room.version.parse().expect("a version");
    let users = section(Some(content), "users");
    if has_privileged_creators(&room.version) {
        for creator in room.privileged() {
            assert!(!users.contains_key(creator.as_str()), "v12: the creator {creator} is listed");
        }
    }
    let size = serde_json::to_string(content).expect("JSON").len() + ENVELOPE;
    assert!(size <= MOST_BYTES, "413: an event of {size} bytes");
    let before = room.power_levels.as_ref();
    // Rule "if there is no previous event, allow".
    if before.is_none() {
        return;
    }
    let level = room.level_of(sender);
    let old_users = section(before, "users");
    for user in users.keys().chain(old_users.keys()) {
        let (old, new) = (old_users.get(user), users.get(user));
        if old == new {
            continue;
        }
        assert!(new.is_none_or(|new| *new <= level), "403: {user} would stand above the sender's {level}");
        let own = *user == sender.as_str();
        assert!(own || old.is_none_or(|old| *old < level), "403: {user} stands at the sender's {level} or above");
    }
    let mut keys: Vec<(String, Option<i64>, Option<i64>)> = Vec::new();
    for key in ["users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"] {
        let of = |content: Option<&Map<String, Value>>| content.and_then(|content| number(content.get(key)?));
        keys.push((key.to_owned(), of(before), of(Some(content))));
    }
    let mut sections = vec!["events"];
    if version >= 6 {
        sections.push("notifications");
    }
    for name in sections {
        let (old, new) = (section(before, name), section(Some(content), name));
        for key in old.keys().chain(new.keys()) {
            keys.push((key.clone(), old.get(key).copied(), new.get(key).copied()));
        }
    }
    for (key, old, new) in keys.into_iter().filter(|(_, old, new)| old != new) {
        let fits = |value: Option<i64>| value.is_none_or(|value| value <= level);
        assert!(fits(old) && fits(new), "403: {key} {old:?} -> {new:?} is above the sender's {level}");
    }
    if version >= 10 {
        let kept = |key: &String| before.and_then(|before| before.get("users")?.get(key)) == content["users"].get(key);
        for (user, value) in content.get("users").and_then(Value::as_object).into_iter().flatten() {
            assert!(value.is_i64() || kept(user), "v10: {user} has no whole number");
        }
    }
}
