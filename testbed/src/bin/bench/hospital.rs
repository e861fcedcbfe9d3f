//! An invented hospital for the pure part of the service, without a Synapse, and the same every time.
//!
//! Everything agrees, so a pass finds nothing to do, as nearly every real pass does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context as _;
use equipemed_domain::binding::{Binding, Bindings, Noted, Pushed};
use equipemed_domain::desired::{AccountState, Desired, digest_of, external_id};
use equipemed_domain::directory::{Directory, Extra, Person, PersonId, Profession};
use equipemed_domain::grant::{Grant, GrantId, GrantKind};
use equipemed_domain::key::{CONTROL_ROOM, RoleKey, RoomKey};
use equipemed_domain::levels::{initial_content, initial_control_content};
use equipemed_domain::observed::{Membership, ObservedAccount, ObservedRoom};
use equipemed_domain::policy::{
    JoinMode, Limits, LocalpartSource, MadeRoom, Policy, Role, RoomKind, RoomPolicy, UsersPolicy,
};
use equipemed_domain::rights::{Right, all_rights, moderator_rights};
use equipemed_domain::room_version::KNOWN;
use equipemed_domain::selector::Selector;
use equipemed_domain::setting::{RoomSetting, settings};
use equipemed_domain::standing::{SIGNED_OUT, StandingTable};
use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde_json::json;

use crate::world::{PROVIDER, SERVER, full_name, localpart, public_id};

const SEED: u64 = 0x0e9_01be;
/// One department per this many rooms.
const ROOMS_OF_DEPARTMENT: usize = 25;
/// Number of wards per person, besides the spaces of hospital and department.
const WARDS_OF_EACH: usize = 8;
/// One in this many people leads a department; one has a grant.
const LEADERS: usize = 200;
const GRANTED: usize = 150;

/// The hospital. Synapse's state is derived from the desired state.
pub(crate) struct Hospital {
    pub(crate) policy: Policy,
    pub(crate) directory: Directory,
    pub(crate) grants: Vec<Grant>,
    pub(crate) bindings: Bindings,
    pub(crate) now: Timestamp,
}

/// Reproducible pseudo-random numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit.max(1) as u64) as usize
    }
}

impl Hospital {
    /// A hospital with this many people and rooms, which include the spaces of hospital and departments.
    pub(crate) fn new(people: usize, rooms: usize) -> anyhow::Result<Self> {
        let mut dice = Dice(SEED);
        let departments = (rooms / ROOMS_OF_DEPARTMENT).max(1);
        let wards = rooms.saturating_sub(departments + 2).max(1);
        let directory = Directory::new((0..people).map(|number| person(&mut dice, number, departments, wards)));
        let policy = policy(departments, wards)?;
        let now = Timestamp::from_second(1_800_000_000)?;
        let grants = (0..people / GRANTED).map(|number| grant(&mut dice, number, people, wards, now)).collect();
        let bound = directory.people().map(|person| binding(&policy, person, now));
        let bindings = bound.collect::<anyhow::Result<_>>()?;
        Ok(Self { policy, directory, grants, bindings, now })
    }

    /// Accounts in the desired state.
    pub(crate) fn accounts(&self) -> BTreeMap<OwnedUserId, ObservedAccount> {
        let account = |person: &Person| {
            let account = ObservedAccount { display_name: Some(person.full_name()), ..ObservedAccount::default() };
            Some((self.bindings.get(&person.id)?.user.clone(), account))
        };
        self.directory.people().filter_map(account).collect()
    }

    /// A room in the desired state.
    pub(crate) fn room(&self, key: &RoomKey, desired: &Desired) -> anyhow::Result<ObservedRoom> {
        let wanted = self.policy.rooms.get(key).context("no such room")?;
        let people = desired.rooms.get(key).context("nothing is said of the room")?;
        let (bot, version) = (&self.policy.bot, KNOWN[0]);
        let mut content = match key.as_str() {
            CONTROL_ROOM => initial_control_content(version, bot),
            _ => initial_content(version, wanted.kind, bot, &people.levels, 0),
        };
        let levels = people.levels.iter().map(|(user, level)| (user.to_string(), json!(level))).collect();
        content.insert("users".to_owned(), serde_json::Value::Object(levels));
        let children = self.policy.rooms.iter().filter(|(_, child)| child.parent.as_ref() == Some(key));
        let banned = people.banned.keys().map(|user| (user.clone(), Membership::BannedForGrant));
        let joined = people.members.keys().chain([bot]).map(|user| (user.clone(), Membership::Join));
        Ok(ObservedRoom {
            room_id: room_id(key)?,
            version: version.to_owned(),
            creator: bot.clone(),
            additional_creators: BTreeSet::new(),
            is_space: wanted.kind == RoomKind::Space,
            settings: settings(
                RoomSetting::ALL.iter().map(|setting| (*setting, setting.wanted(wanted, &self.policy.server_name))),
            ),
            encrypted: false,
            replaced: None,
            parents: wanted.parent.iter().map(room_id).collect::<anyhow::Result<_>>()?,
            children: children.map(|(child, _)| room_id(child)).collect::<anyhow::Result<_>>()?,
            members: joined.chain(banned).collect(),
            faces: BTreeMap::new(),
            bans_by_hand: BTreeMap::new(),
            power_levels: Some(content),
        })
    }
}

fn room_id(key: &RoomKey) -> anyhow::Result<OwnedRoomId> {
    Ok(RoomId::parse(format!("!{key}:{SERVER}"))?)
}

fn user(localpart: &str) -> anyhow::Result<OwnedUserId> {
    Ok(UserId::parse(format!("@{localpart}:{SERVER}"))?)
}

fn ward(number: usize) -> String {
    format!("Enfermaria {number:03}")
}

fn department(number: usize) -> String {
    format!("Departamento {number:02}")
}

fn person(dice: &mut Dice, number: usize, departments: usize, wards: usize) -> Person {
    let profession = Profession::ALL.get(number % Profession::ALL.len()).copied();
    let mut groups: BTreeSet<String> = (0..WARDS_OF_EACH).map(|_| ward(dice.below(wards))).collect();
    groups.insert(department(dice.below(departments)));
    groups.extend(profession.map(|profession| profession.flickering_group().to_owned()));
    if number.is_multiple_of(LEADERS) {
        groups.insert("Chefia".to_owned());
    }
    let name = full_name(number);
    let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
    Person {
        id: PersonId(number as i64 + 1),
        public_id: public_id(number),
        username: localpart(number),
        matrix_localpart: None,
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        email: format!("{}@{SERVER}", localpart(number)),
        profession,
        groups,
        specialties: vec![format!("Especialidade {}", dice.below(30))],
        staff: false,
        superuser: number == 0,
        is_active: true,
        account_status: "active".to_owned(),
        access_expires_at: None,
        last_login: None,
        extra: Extra::default(),
    }
}

fn binding(policy: &Policy, person: &Person, now: Timestamp) -> anyhow::Result<Binding> {
    let external_id = external_id(policy, person).map(|id| digest_of(&id));
    Ok(Binding {
        pushed: Pushed { external_id, ..Pushed::default() },
        noted: Noted { state: Some(AccountState::Active), ..Noted::default() },
        synced_at: Some(now),
        ..Binding::new(person.id, user(&person.username)?)
    })
}

fn grant(dice: &mut Dice, number: usize, people: usize, wards: usize, now: Timestamp) -> Grant {
    let kinds = [GrantKind::Moderator, GrantKind::Mute, GrantKind::Ban, GrantKind::Level(30)];
    Grant {
        id: GrantId(number as i64 + 1),
        person: PersonId(dice.below(people) as i64 + 1),
        kind: kinds.get(number % kinds.len()).copied().unwrap_or(GrantKind::Mute),
        scope: Some(ward_key(dice.below(wards))),
        asker: "operator".to_owned(),
        reason: None,
        created_at: now - SignedDuration::from_hours(24 * 7),
        expires_at: None,
    }
}

fn ward_key(number: usize) -> RoomKey {
    RoomKey::new(format!("ward_{number:03}"))
}

fn department_key(number: usize) -> RoomKey {
    RoomKey::new(format!("department_{number:02}"))
}

fn policy(departments: usize, wards: usize) -> anyhow::Result<Policy> {
    let bot = user("equipemed_bot")?;
    Ok(Policy {
        server_name: SERVER.try_into()?,
        users: UsersPolicy {
            who: Selector::Not(Box::new(Selector::Group("Externos".to_owned()))),
            create: true,
            update_profiles: true,
            email: false,
            own_display_name: false,
            localpart: vec![LocalpartSource::MatrixLocalpart, LocalpartSource::Username],
            display_name: "{full_name}".to_owned(),
            professions: BTreeMap::new(),
            identity_provider: Some(PROVIDER.to_owned()),
            join: JoinMode::Force,
            standing: StandingTable::default(),
            sign_out: SIGNED_OUT.map(str::to_owned).into(),
            deactivate_after: Duration::from_secs(30 * 24 * 3600),
            stale_after: Duration::from_secs(24 * 3600),
            protected: BTreeSet::from([bot.clone()]),
            break_glass: None,
            reserved: BTreeSet::from(["admin".to_owned()]),
        },
        bot,
        roles: roles(departments),
        rooms: rooms(departments, wards),
        limits: Limits::default(),
    })
}

fn roles(departments: usize) -> BTreeMap<RoleKey, Role> {
    let role =
        |when, level| Role { name: None, when, scope: None, level, rights: BTreeSet::new(), server_admin: false };
    let professions = Profession::ALL
        .into_iter()
        .map(|profession| (RoleKey::new(profession.as_str()), role(Selector::Profession(profession), None)));
    let leaders = (0..departments).map(|number| {
        let leads = [Selector::Group("Chefia".to_owned()), Selector::Group(department(number))];
        let leader = Role {
            scope: Some(department_key(number)),
            rights: moderator_rights(),
            ..role(Selector::All(leads.to_vec()), Some(50))
        };
        (RoleKey::new(format!("leader_{number:02}")), leader)
    });
    let chief = Role { rights: all_rights(), server_admin: true, ..role(Selector::Superuser(true), Some(100)) };
    let auditor = Selector::User(localpart(1));
    let auditor = Role { rights: BTreeSet::from([Right::Audit]), ..role(auditor, None) };
    let few = [(RoleKey::new("chief"), chief), (RoleKey::new("auditor"), auditor)];
    professions.chain(leaders).chain(few).collect()
}

fn rooms(departments: usize, wards: usize) -> BTreeMap<RoomKey, RoomPolicy> {
    let room = |name: &str, members, parent| {
        let made = MadeRoom { name: name.to_owned(), members, parent };
        made.policy(JoinMode::Force)
    };
    let hospital = RoomKey::new("hospital");
    let whole = RoomPolicy { kind: RoomKind::Space, ..room("Hospital", Selector::Any(true), None) };
    let control = room("Controle", Selector::Trusted, Some(hospital.clone()));
    let of_departments = (0..departments).map(|number| {
        let name = department(number);
        let space = room(&name, Selector::Group(name.clone()), Some(hospital.clone()));
        let administrators = (number % 5 == 0).then(|| Selector::User(localpart(number * 7 + 3)));
        (department_key(number), RoomPolicy { kind: RoomKind::Space, administrators, ..space })
    });
    let of_wards = (0..wards).map(|number| {
        let name = ward(number);
        let here = Selector::Group(name.clone());
        let members = match number % 8 {
            0 => Selector::All(vec![here, Selector::Not(Box::new(Selector::Role(RoleKey::new("student"))))]),
            1 => Selector::AnyOf(vec![here, Selector::Role(RoleKey::new("chief"))]),
            _ => here,
        };
        // Only in the wards: the hospital's own power levels event would exceed Matrix's limit.
        let levels = BTreeMap::from([(RoleKey::new("medical_doctor"), 25)]);
        let here = room(&name, members, Some(department_key(number % departments)));
        (ward_key(number), RoomPolicy { levels, ..here })
    });
    let few = [(hospital.clone(), whole), (RoomKey::new(CONTROL_ROOM), control)];
    of_departments.chain(of_wards).chain(few).collect()
}
