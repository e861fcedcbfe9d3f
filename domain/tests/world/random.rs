//! Random hospitals: people, policies and rooms of every kind that the planner may meet, including odd ones.
//!
//! Generated from a seed by a generator of our own, so that a failing world can be recreated.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use equipemed_domain::binding::{Binding, Bindings, Pushed};
use equipemed_domain::desired::digest_of_name;
use equipemed_domain::directory::{Catalogue, PersonId, Profession};
use equipemed_domain::email::digest_of_address;
use equipemed_domain::grant::{Grant, GrantId, GrantKind};
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::memory::Memory;
use equipemed_domain::observed::{Membership, ObservedAccount, ObservedRoom, RoomSight};
use equipemed_domain::policy::{JoinMode, Limits, LocalpartSource, Policy, Role, RoomKind, RoomPolicy, UsersPolicy};
use equipemed_domain::rights::{Right, all_rights};
use equipemed_domain::room_version::RoomVersion;
use equipemed_domain::selector::Selector;
use equipemed_domain::setting::{RoomSetting, SettingValue, put, settings};
use equipemed_domain::standing::{SIGNED_OUT, StandingTable};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::reader::refused;
use super::{SERVER, World, agreeing, everywhere, person, policy_form, user_id};

const GROUPS: [&str; 3] = ["Plantão UTI", "Pronto Socorro", "Chefia"];
const ROOMS: [&str; 5] = ["icu", "todos", "er", "office", "annex"];

/// A world with about `people` people and at most five rooms besides the space and the control room.
pub(crate) fn world(seed: u64, people: usize, rooms: usize) -> World {
    let mut dice = Dice::new(seed);
    let dice = &mut dice;
    let now: Timestamp = "2026-03-02T12:00:00Z".parse().expect("an instant");
    let policy = policy(dice, rooms);
    let people: Vec<_> = (1..=people).map(|id| somebody(dice, id, now)).collect();
    let mut world = World {
        grants: Vec::new(),
        ended: Vec::new(),
        bindings: Bindings::default(),
        observed: agreeing::empty(),
        memory: Memory { applied_before: dice.chance(70), now, ..Memory::default() },
        deactivate_gone_now: dice.chance(10),
        consented: BTreeSet::new(),
        policy,
        people,
        catalogue: None,
        now,
    };
    accounts(dice, &mut world);
    grants(dice, &mut world);
    let keys: Vec<RoomKey> = world.policy.rooms.keys().cloned().collect();
    for key in keys {
        let sight = sight(dice, &world, &key);
        world.observed.rooms.insert(key, sight);
    }
    if dice.chance(20) {
        world.observed.no_longer_managed.insert("former".into(), agreeing::room_id("former"));
    }
    remember(dice, &mut world);
    world.catalogue = dice.chance(20).then(|| Catalogue {
        groups: GROUPS.into_iter().filter(|_| dice.chance(80)).map(ToOwned::to_owned).collect(),
        ..Catalogue::default()
    });
    world.memory.encrypts = dice.chance(5);
    world
}

fn group(dice: &mut Dice) -> Selector {
    Selector::Group(dice.pick(&GROUPS).to_owned())
}

fn selector(dice: &mut Dice) -> Selector {
    match dice.below(8) {
        0..=2 => Selector::Any(true),
        3 => group(dice),
        4 => Selector::Profession(dice.pick(&Profession::ALL)),
        5 => Selector::Any(dice.chance(50)),
        6 => Selector::AnyOf(vec![group(dice), Selector::Staff(true)]),
        _ => Selector::Not(Box::new(group(dice))),
    }
}

fn policy(dice: &mut Dice, rooms: usize) -> Policy {
    let bot = user_id("equipemed_bot");
    let join = if dice.chance(70) { JoinMode::Force } else { JoinMode::Invite };
    let users = UsersPolicy {
        who: if dice.chance(80) { Selector::Any(true) } else { selector(dice) },
        create: dice.chance(75),
        update_profiles: dice.chance(80),
        email: dice.chance(40),
        own_display_name: dice.chance(30),
        localpart: vec![LocalpartSource::MatrixLocalpart, LocalpartSource::Username],
        display_name: dice
            .pick(&["{full_name}", "{profession}", "{full_name} ({username})", "{display_name}"])
            .to_owned(),
        professions: super::professions(),
        identity_provider: dice.chance(80).then(|| "oidc-equipemed".to_owned()),
        join,
        standing: StandingTable::default(),
        sign_out: SIGNED_OUT.map(str::to_owned).into(),
        deactivate_after: Duration::from_secs(30 * 86_400),
        stale_after: Duration::from_secs(3600),
        protected: BTreeSet::from([bot.clone(), user_id("breakglass"), user_id("u2")]),
        break_glass: Some(user_id("breakglass")),
        reserved: BTreeSet::from(["root".to_owned()]),
    };
    let mut all = BTreeMap::from([(RoomKey::from("hospital"), room(dice, "hospital", None, join))]);
    for key in ROOMS.into_iter().take(rooms) {
        let parent = dice.chance(60).then_some("hospital");
        all.insert(key.into(), room(dice, key, parent, join));
    }
    if dice.chance(60) {
        all.insert(CONTROL_ROOM.into(), policy_form::control());
    }
    let mut limits = Limits {
        remove_least: 2,
        lock_least: 2,
        join_least: 2,
        gain: 1,
        gain_lesser: 1,
        lose: 1,
        deactivate: 1,
        ..Limits::default()
    };
    if dice.chance(30) {
        limits = Limits::default();
    }
    Policy { server_name: SERVER.try_into().expect("a name"), bot, users, roles: roles(dice), rooms: all, limits }
}

fn roles(dice: &mut Dice) -> BTreeMap<equipemed_domain::key::RoleKey, Role> {
    let role = |when, scope: Option<&str>, level, rights: &[Right]| Role {
        name: None,
        when,
        scope: scope.map(Into::into),
        level,
        rights: rights.iter().copied().collect(),
        server_admin: false,
    };
    let mut admin = role(Selector::Superuser(true), None, Some(100), &[]);
    admin.rights = all_rights();
    admin.server_admin = dice.chance(50);
    let lead = role(group(dice), Some("hospital"), Some(dice.pick(&[50, 60, 99])), &[Right::Redact, Right::Kick]);
    let doctor = role(Selector::Profession(Profession::MedicalDoctor), None, None, &[]);
    let auditor = role(Selector::Staff(true), None, Some(dice.pick(&[0, 10])), &[Right::Audit, Right::Promote]);
    [("admin", admin), ("lead", lead), ("doctor", doctor), ("auditor", auditor)]
        .into_iter()
        .map(|(key, role)| (key.into(), role))
        .collect()
}

fn room(dice: &mut Dice, key: &str, parent: Option<&str>, join: JoinMode) -> RoomPolicy {
    let mut room = RoomPolicy {
        kind: if key == "hospital" { RoomKind::Space } else { RoomKind::Room },
        version: RoomVersion::Exactly(dice.pick(&["12", "12", "11", "10"]).to_owned()),
        name: format!("Room {key}"),
        // Before the rest, to keep the order of random numbers per seed.
        settings: settings([
            (RoomSetting::Topic, dice.chance(30).then(|| "Only work".into())),
            (RoomSetting::Avatar, dice.chance(35).then(|| "mxc://h.example/picture".into())),
        ]),
        alias: dice.chance(50).then(|| format!("equipemed_{key}")),
        parent: parent.map(Into::into),
        members: selector(dice),
        administrators: dice.chance(30).then(|| group(dice)),
        levels: if dice.chance(40) { [("doctor".into(), 25)].into() } else { BTreeMap::new() },
        default_level: dice.pick(&[None, None, None, Some(0), Some(5), Some(25)]),
        join,
        leave_allowed: dice.chance(20),
    };
    let history = dice.pick(&["shared", "invited", "joined"]);
    put(&mut room.settings, RoomSetting::History, Some(history.into()));
    let retention = dice.chance(30).then(|| SettingValue::Time(Duration::from_secs(86_400 * 30)));
    put(&mut room.settings, RoomSetting::Retention, retention);
    room
}

fn somebody(dice: &mut Dice, id: usize, now: Timestamp) -> equipemed_domain::directory::Person {
    let username = match dice.below(20) {
        0 => format!("U{}", id.saturating_sub(1).max(1)),
        1 => "Nome Ruim!".to_owned(),
        2 => id.to_string(),
        3 => format!("u{id}@hospital.example"),
        _ => format!("u{id}"),
    };
    let mut somebody = person(i64::try_from(id).expect("small"), &username);
    if dice.chance(70) {
        somebody.first_name = format!("Nome{id}");
    }
    if dice.chance(10) {
        somebody.last_name = "Sobrenome ".repeat(40);
    }
    if dice.chance(15) {
        somebody.matrix_localpart = Some(dice.pick(&["Dr.Um", "bad name!", "_x", "root"]).to_owned());
    }
    if dice.chance(60) {
        let address =
            dice.pick(&["um@h.example", "Dois@h.example", "tres@h.example", "@h.example", "ninguém@h.example"]);
        somebody.email = address.to_owned();
    }
    somebody.profession = dice.chance(80).then(|| dice.pick(&Profession::ALL));
    somebody.groups = GROUPS.into_iter().filter(|_| dice.chance(35)).map(ToOwned::to_owned).collect();
    somebody.staff = dice.chance(20);
    somebody.superuser = dice.chance(25);
    somebody.is_active = dice.chance(93);
    let statuses =
        ["active", "active", "active", "active", "expiring_soon", "suspended", "inactive", "departed", "on_the_moon"];
    somebody.account_status = dice.pick(&statuses).to_owned();
    somebody.access_expires_at = match dice.below(6) {
        0 => now.checked_sub(SignedDuration::from_hours(1)).ok(),
        1 => now.checked_add(SignedDuration::from_hours(1)).ok(),
        _ => None,
    };
    somebody
}

fn accounts(dice: &mut Dice, world: &mut World) {
    for address in ["um@h.example", "tres@h.example"] {
        if dice.chance(40) {
            let holder = user_id(dice.pick(&["integration", "u1", "u3"]));
            world.observed.accounts.email_holders.insert(digest_of_address(address), holder);
        }
    }
    world.observed.accounts.is_complete = true;
    let list = &mut world.observed.accounts.list;
    for name in ["equipemed_bot", "breakglass", "integration", "u1_old"] {
        list.insert(user_id(name), ObservedAccount::default());
    }
    let some_account = |dice: &mut Dice, name: String| ObservedAccount {
        display_name: dice.chance(85).then_some(name),
        admin: dice.chance(15),
        locked: dice.chance(25),
        deactivated: dice.chance(15),
        ..ObservedAccount::default()
    };
    for person in &world.people {
        let user = user_id(&format!("u{}", person.id.0));
        let bound = Binding {
            user: user.clone(),
            server_admin_given: dice.chance(40),
            signed_out: person.id.0 % 2 == 0,
            gone_since: match dice.below(4) {
                0 => world.now.checked_sub(SignedDuration::from_hours(24 * 40)).ok(),
                1 => world.now.checked_sub(SignedDuration::from_hours(24)).ok(),
                _ => None,
            },
            gone_for: SignedDuration::from_hours(24 * i64::try_from(dice.below(60)).expect("small")),
            missing_reads: u32::try_from(dice.below(4)).expect("small"),
            pushed: Pushed {
                external_id: agreeing::binding(&world.policy, person).pushed.external_id.filter(|_| dice.chance(80)),
                email: dice.chance(30).then(|| digest_of_address(dice.pick(&["um@h.example", "dois@h.example"]))),
                display_name: dice.chance(50).then(|| digest_of_name(&person.full_name())),
            },
            ..agreeing::binding(&world.policy, &super::person(person.id.0, "anybody"))
        };
        match dice.below(10) {
            // Bound. Without `create` the account exists, because otherwise nobody could have bound it.
            0..=5 => {
                world.bindings.insert(bound);
                if dice.chance(92) || !world.policy.users.create {
                    list.insert(user, some_account(dice, person.full_name()));
                }
            }
            6 => _ = list.insert(user, some_account(dice, "Somebody else".to_owned())),
            7 => {
                list.insert(user.clone(), some_account(dice, person.full_name()));
                if world.policy.users.identity_provider.is_some() {
                    world.observed.accounts.holders.insert(person.public_id.clone(), user);
                }
            }
            // Somebody else's account has their external id.
            9 if world.bindings.contains_key(&PersonId(1)) && list.contains_key(&user_id("u1")) => {
                world.observed.accounts.holders.insert(person.public_id.clone(), user_id("u1"));
            }
            8 => _ = list.insert(user_id(&format!("U{}", person.id.0)), ObservedAccount::default()),
            _ => {}
        }
    }
    // Some bound people are missing in EquipeMed.
    let gone: Vec<PersonId> = world.bindings.keys().copied().filter(|_| dice.chance(8)).collect();
    world.people.retain(|person| !gone.contains(&person.id));
}

fn grants(dice: &mut Dice, world: &mut World) {
    let scopes = [None, Some("hospital"), Some("icu"), Some("todos")];
    let ids: Vec<PersonId> =
        world.people.iter().map(|person| person.id).chain(world.bindings.keys().copied()).collect();
    for id in 1..=dice.below(6) {
        let kind = match dice.below(9) {
            0 => GrantKind::Moderator,
            1 => GrantKind::Admin,
            2 => GrantKind::Level(dice.pick(&[0, 10, 77])),
            3 => GrantKind::Mute,
            4 | 5 => GrantKind::Kick,
            6 => GrantKind::Ban,
            7 => GrantKind::Lock,
            _ => GrantKind::Deactivate,
        };
        if ids.is_empty() {
            return;
        }
        let expiry = dice.pick(&[-2, 2, 0]);
        world.grants.push(Grant {
            id: GrantId(i64::try_from(id).expect("small")),
            person: dice.pick(&ids),
            kind,
            scope: dice.pick(&scopes).map(Into::into),
            asker: "operator".to_owned(),
            reason: None,
            created_at: world.now.checked_sub(SignedDuration::from_hours(3)).expect("an instant"),
            expires_at: (expiry != 0)
                .then(|| world.now.checked_add(SignedDuration::from_hours(expiry)).expect("an instant")),
        });
    }
}

fn sight(dice: &mut Dice, world: &World, key: &RoomKey) -> RoomSight {
    match dice.below(20) {
        0..=3 => return RoomSight::Absent,
        4 => return RoomSight::Unreadable { room_id: agreeing::room_id(key.as_str()), why: refused("M_FORBIDDEN") },
        _ => {}
    }
    let own = dice.chance(50);
    let version = if dice.chance(60) {
        world.policy.rooms[key].version.among(&world.observed.room_versions).expect("a version").to_owned()
    } else {
        dice.pick(&["1", "5", "9", "10", "11", "12"]).to_owned()
    };
    let mut room = agreeing::room(&world.policy, key, &version);
    if !own {
        adopted(dice, world, &mut room);
    }
    if dice.chance(40) {
        drift(dice, &mut room);
    }
    members(dice, world, &mut room);
    RoomSight::Seen(Box::new(room))
}

/// Users who may be anywhere: EquipeMed's, strangers, and one from another server.
fn anybody(dice: &mut Dice, world: &World) -> ruma_common::OwnedUserId {
    let bound: Vec<_> = world.bindings.values().map(|binding| binding.user.clone()).collect();
    match dice.below(10) {
        0 => user_id("integration"),
        1 => user_id("guest:elsewhere.example"),
        2 => user_id("breakglass"),
        3 => user_id(&format!("u{}", dice.below(12) + 1)),
        _ if bound.is_empty() => user_id("u1"),
        _ => dice.pick(&bound),
    }
}

/// A room that somebody else created.
fn adopted(dice: &mut Dice, world: &World, room: &mut ObservedRoom) {
    if dice.chance(80) {
        room.creator = anybody(dice, world);
    }
    if room.has_privileged_creators() && dice.chance(30) {
        room.additional_creators.insert(anybody(dice, world));
    }
    if dice.chance(5) {
        room.power_levels = None;
        return;
    }
    let strings = room.version.parse::<u32>().is_ok_and(|version| version < 10) && dice.chance(40);
    let level = |level: i64| if strings { json!(level.to_string()) } else { json!(level) };
    let mut users = Map::new();
    let bot = world.policy.bot.clone();
    if !room.privileged().any(|creator| creator == bot) {
        let own = dice.pick(&[100, 100, 100, 50, 9001, 0]);
        if own != 0 {
            users.insert(bot.to_string(), level(own));
        }
    }
    for _ in 0..dice.below(5) {
        let user = anybody(dice, world);
        if user != bot && !room.privileged().any(|creator| *creator == user) {
            users.insert(user.to_string(), level(dice.pick(&[-1, 0, 25, 50, 99, 100, 100, 101])));
        }
    }
    let mut content = Map::from_iter([
        ("users".to_owned(), Value::Object(users)),
        ("historical".to_owned(), json!(100)),
        ("notifications".to_owned(), json!({ "room": 50 })),
    ]);
    for key in ["users_default", "events_default", "state_default", "kick", "ban", "invite", "redact"] {
        if dice.chance(50) {
            let usual = if key.ends_with("users_default") || key == "invite" { [0, 0, 10] } else { [50, 100, 0] };
            content.insert(key.to_owned(), level(dice.pick(&usual)));
        }
    }
    let mut events = Map::new();
    for event in ["m.room.name", "m.room.power_levels", "m.room.tombstone", "m.room.encryption", "org.example.own"] {
        if dice.chance(50) {
            events.insert(event.to_owned(), level(dice.pick(&[0, 50, 100, 100, 150])));
        }
    }
    content.insert("events".to_owned(), Value::Object(events));
    room.power_levels = Some(content);
}

/// Changes properties as if by hand.
fn drift(dice: &mut Dice, room: &mut ObservedRoom) {
    if room.is_space && dice.chance(60) {
        room.children = ROOMS.into_iter().filter(|_| dice.chance(50)).map(agreeing::room_id).collect();
    }
    let maybe = |dice: &mut Dice, text: &str| dice.chance(70).then(|| text.into());
    let set = |room: &mut ObservedRoom, setting, value| _ = put(&mut room.settings, setting, value);
    if dice.chance(10) {
        set(room, RoomSetting::JoinRule, Some("public".into()));
    }
    match dice.below(9) {
        0 => set(room, RoomSetting::Name, maybe(dice, "Another name")),
        1 => set(room, RoomSetting::Topic, maybe(dice, "Another topic")),
        2 => set(room, RoomSetting::Alias, maybe(dice, "#another:h.example")),
        3 => set(room, RoomSetting::JoinRule, maybe(dice, "public")),
        4 => set(room, RoomSetting::History, maybe(dice, "world_readable")),
        5 => {
            let retention = dice.chance(50).then(|| SettingValue::Time(Duration::from_secs(86_400 * 365)));
            set(room, RoomSetting::Retention, retention);
        }
        6 => room.parents = BTreeSet::from([agreeing::room_id("elsewhere")]),
        7 => set(room, RoomSetting::Avatar, None),
        _ => match dice.below(3) {
            0 => room.encrypted = true,
            1 => room.replaced = Some(Default::default()),
            _ => room.is_space = !room.is_space,
        },
    }
}

fn members(dice: &mut Dice, world: &World, room: &mut ObservedRoom) {
    let states = [
        Membership::Join,
        Membership::Join,
        Membership::Join,
        Membership::Invite,
        Membership::Knock,
        Membership::Left,
        Membership::Ban,
        Membership::BannedForGrant,
        Membership::BannedWithoutRight,
    ];
    for _ in 0..dice.below(14) {
        let user = anybody(dice, world);
        let there = user.server_name() != SERVER || world.observed.accounts.list.contains_key(&user);
        if there && user != world.policy.bot {
            room.members.insert(user, dice.pick(&states));
        }
    }
    if dice.chance(5) {
        room.members.remove(&world.policy.bot);
    }
}

fn remember(dice: &mut Dice, world: &mut World) {
    let wanted = world.desired();
    let memory = &mut world.memory;
    memory.people_last_read = dice.chance(80).then(|| world.people.len() + dice.below(4));
    memory.privileged = match dice.below(3) {
        0 => BTreeMap::new(),
        1 => wanted.privileges,
        _ => {
            wanted.accounts.values().filter(|_| dice.chance(30)).map(|account| (account.person, everywhere())).collect()
        }
    };
    if dice.chance(20) {
        memory.locked_recently.insert(user_id("u1_old"));
        memory.gained_recently.insert(PersonId(1), everywhere());
    }
    memory.fulfilled = world.policy.rooms.keys().filter(|_| dice.chance(50)).cloned().collect();
}
