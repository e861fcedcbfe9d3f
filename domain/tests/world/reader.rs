//! Reads case files. `tests/cases/README.md` describes their content; unknown words are errors.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::binding::{Binding, Bindings, Pushed};
use equipemed_domain::desired::digest_of_name;
use equipemed_domain::directory::PersonId;
use equipemed_domain::email::digest_of_address;
use equipemed_domain::fault::HomeserverError;
use equipemed_domain::grant::{Grant, GrantId, GrantKind};
use equipemed_domain::key::{CONTROL_ROOM, RoomKey};
use equipemed_domain::memory::Memory;
use equipemed_domain::observed::{Membership, ObservedAccount, RoomSight};
use equipemed_domain::policy::Policy;
use equipemed_domain::room_version::{KNOWN, RoomVersion};
use equipemed_domain::scope::Scope;
use equipemed_domain::selection::Selection;
use equipemed_domain::setting::{RoomSetting, SettingValue, put};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_yaml::Value;

use super::{
    World, agreeing, memory_form::MemoryForm, person, person_form::PersonForm, policy_form::PolicyForm, user_id,
};

/// One case file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// A sentence on what the case shows.
    pub(crate) about: String,
    now: Option<Timestamp>,
    #[serde(default)]
    policy: PolicyForm,
    #[serde(default)]
    people: Vec<PersonForm>,
    #[serde(default)]
    grants: Vec<GrantForm>,
    /// Grants that ended within the last 24 hours.
    #[serde(default)]
    ended: Vec<GrantForm>,
    #[serde(default)]
    bindings: BTreeMap<String, Option<BindingForm>>,
    #[serde(default)]
    accounts: BTreeMap<String, Option<AccountForm>>,
    #[serde(default)]
    external_ids: BTreeMap<String, String>,
    #[serde(default)]
    email_holders: BTreeMap<String, String>,
    #[serde(default)]
    rooms: BTreeMap<String, RoomForm>,
    #[serde(default)]
    no_longer_managed: Vec<String>,
    /// All that the service knows, if not given.
    room_versions: Option<BTreeSet<String>>,
    #[serde(default)]
    memory: MemoryForm,
    scope: Option<ScopeForm>,
    #[serde(default)]
    deactivate_gone_now: bool,
    #[serde(default)]
    select: Option<SelectForm>,
    #[serde(default)]
    consented: BTreeSet<String>,
    #[serde(default)]
    pub(crate) expect: Expected,
}

/// The expected results; whatever is not named has to be empty.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Expected {
    pub(crate) plan: Vec<String>,
    pub(crate) findings: Vec<String>,
    pub(crate) held: BTreeMap<String, Vec<String>>,
    pub(crate) next_change: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantForm {
    id: i64,
    who: i64,
    kind: Value,
    #[serde(rename = "in")]
    scope: Option<String>,
    asked: Option<Timestamp>,
    until: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BindingForm {
    person: Option<i64>,
    user: Option<String>,
    server_admin_given: bool,
    signed_out: bool,
    gone_since: Option<Timestamp>,
    gone_for: Option<String>,
    missing_reads: u32,
    external_id_pushed: Option<bool>,
    email_pushed: Option<String>,
    name_pushed: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountForm {
    name: Option<String>,
    #[serde(default)]
    admin: bool,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    deactivated: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomForm {
    unreadable: Option<String>,
    /// Several rooms with the key.
    #[serde(default)]
    several: Vec<String>,
    version: Option<String>,
    creator: Option<String>,
    #[serde(default)]
    additional_creators: Vec<String>,
    name: Option<String>,
    topic: Option<String>,
    alias: Option<Option<String>>,
    kind: Option<String>,
    join_rule: Option<String>,
    history: Option<String>,
    retention: Option<String>,
    #[serde(default)]
    encrypted: bool,
    #[serde(default)]
    replaced: bool,
    parents: Option<Vec<String>>,
    children: Option<Vec<String>>,
    #[serde(default)]
    members: Members,
    #[serde(default)]
    levels: BTreeMap<String, i64>,
    power_levels: Option<Value>,
    bot: Option<String>,
}

/// A list of joined people, or a map of memberships.
#[derive(Deserialize)]
#[serde(untagged)]
enum Members {
    Joined(Vec<String>),
    By(BTreeMap<String, String>),
}

impl Default for Members {
    fn default() -> Self {
        Self::Joined(Vec::new())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct ScopeForm {
    accounts: Vec<String>,
    rooms: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct SelectForm {
    create_missing: bool,
    update_profiles: bool,
    sync_admins: bool,
    deactivate_disabled: bool,
    rooms: bool,
    users: Vec<String>,
}

/// The default time of a case.
fn noon() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().expect("an instant")
}

impl Case {
    /// The world of the case, its scope, and its selection.
    pub(crate) fn read(&self) -> (World, Scope, Selection) {
        let policy = self.policy.policy();
        let people: Vec<_> = self.people.iter().map(PersonForm::person).collect();
        let now = self.now.unwrap_or_else(noon);
        let grants = self.grants.iter().map(|grant| grant.grant(now)).collect();
        let ended = self.ended.iter().map(|grant| grant.grant(now)).collect();
        let mut world = World {
            bindings: Bindings::default(),
            observed: agreeing::empty(),
            memory: Memory::default(),
            deactivate_gone_now: self.deactivate_gone_now,
            consented: self.consented.iter().map(|atom| lengthen(atom)).collect(),
            policy,
            people,
            catalogue: None,
            grants,
            ended,
            now,
        };
        self.bind(&mut world);
        self.make_accounts(&mut world);
        for (key, form) in &self.rooms {
            let key = RoomKey::new(key.as_str());
            world.observed.rooms.insert(key.clone(), form.sight(&world.policy, &key));
        }
        for key in world.policy.rooms.keys() {
            world.observed.rooms.entry(key.clone()).or_insert(RoomSight::Absent);
        }
        if let Some(versions) = &self.room_versions {
            world.observed.room_versions.clone_from(versions);
        }
        for key in &self.no_longer_managed {
            world.observed.no_longer_managed.insert(RoomKey::new(key.as_str()), agreeing::room_id(key));
        }
        self.memory.remember(&mut world);
        let scope = self.scope.as_ref().map_or(Scope::Everything, |scope| Scope::Only {
            accounts: scope.accounts.iter().map(|user| user_id(user)).collect(),
            rooms: scope.rooms.iter().map(|room| RoomKey::new(room.as_str())).collect(),
        });
        let selection = self.select.as_ref().map_or_else(Selection::default, |select| Selection {
            create_missing: select.create_missing,
            update_profiles: select.update_profiles,
            sync_admins: select.sync_admins,
            deactivate_disabled: select.deactivate_disabled,
            rooms: select.rooms,
            users: select.users.iter().map(|user| user_id(user)).collect(),
        });
        (world, scope, selection)
    }

    /// Binds everybody to `@username`, unless the case says otherwise.
    fn bind(&self, world: &mut World) {
        for person in &world.people {
            world.bindings.insert(agreeing::binding(&world.policy, person));
        }
        for (name, form) in &self.bindings {
            let known = world.people.iter().find(|person| person.username == *name);
            let id = known.map(|person| person.id);
            let Some(form) = form else {
                world.bindings.remove(id.unwrap_or_else(|| panic!("{name} is nobody")));
                continue;
            };
            let id = form.person.map(PersonId).or(id).unwrap_or_else(|| panic!("binding {name} needs `person:`"));
            let base = known.map(|person| agreeing::binding(&world.policy, person));
            let base = base.unwrap_or_else(|| agreeing::binding(&world.policy, &person(id.0, name)));
            let pushed = base.pushed.external_id.filter(|_| form.external_id_pushed.unwrap_or(true));
            world.bindings.insert(Binding {
                pushed: Pushed {
                    external_id: pushed,
                    email: form.email_pushed.as_deref().map(digest_of_address),
                    display_name: form.name_pushed.as_deref().map(digest_of_name),
                },
                server_admin_given: form.server_admin_given,
                signed_out: form.signed_out,
                gone_since: form.gone_since,
                gone_for: match &form.gone_for {
                    Some(text) => SignedDuration::try_from(super::selectors::duration(text)).expect("a duration"),
                    None => form.gone_since.map_or(SignedDuration::ZERO, |since| world.now.duration_since(since)),
                },
                missing_reads: form.missing_reads,
                ..Binding::new(id, form.user.as_ref().map_or(base.user, |user| user_id(user)))
            });
        }
    }

    /// Gives every bound person the account that the policy wants, unless the case says otherwise.
    fn make_accounts(&self, world: &mut World) {
        for binding in world.bindings.values() {
            let known = world.people.iter().find(|person| person.id == binding.person);
            let account = known.map_or_else(ObservedAccount::default, agreeing::account);
            world.observed.accounts.list.insert(binding.user.clone(), account);
        }
        world.observed.accounts.list.insert(world.policy.bot.clone(), ObservedAccount::default());
        world.observed.accounts.is_complete = true;
        for (name, form) in &self.accounts {
            let user = user_id(name);
            let Some(form) = form else {
                world.observed.accounts.list.remove(&user);
                continue;
            };
            let base = world.observed.accounts.list.remove(&user).unwrap_or_default();
            let account = ObservedAccount {
                display_name: form.name.clone().or_else(|| base.display_name.clone()),
                admin: form.admin,
                locked: form.locked,
                deactivated: form.deactivated,
                ..base
            };
            world.observed.accounts.list.insert(user, account);
        }
        for (address, user) in &self.email_holders {
            world.observed.accounts.email_holders.insert(digest_of_address(address), user_id(user));
        }
        for (public_id, user) in &self.external_ids {
            world.observed.accounts.holders.insert(public_id.clone(), user_id(user));
        }
    }
}

/// Adds the server's name to the ids in an atom, as the review writes it.
fn lengthen(atom: &str) -> String {
    let words = atom.split(' ').map(|word| match word.strip_prefix('@') {
        Some(name) => match name.strip_suffix(':') {
            Some(name) => format!("{}:", user_id(name)),
            None => user_id(name).to_string(),
        },
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

impl GrantForm {
    fn grant(&self, now: Timestamp) -> Grant {
        let kind = match &self.kind {
            Value::Number(level) => GrantKind::Level(level.as_i64().expect("a level")),
            kind => match kind.as_str().expect("a kind of grant") {
                "moderator" => GrantKind::Moderator,
                "admin" => GrantKind::Admin,
                "mute" => GrantKind::Mute,
                "kick" => GrantKind::Kick,
                "ban" => GrantKind::Ban,
                "lock" => GrantKind::Lock,
                "deactivate" => GrantKind::Deactivate,
                other => panic!("no grant {other}"),
            },
        };
        Grant {
            id: GrantId(self.id),
            person: PersonId(self.who),
            kind,
            scope: self.scope.as_deref().map(RoomKey::from),
            asker: user_id("chief").to_string(),
            reason: None,
            created_at: self.asked.unwrap_or(now),
            expires_at: self.until,
        }
    }
}

/// The error of a room that Synapse does not show.
pub(crate) fn refused(errcode: &str) -> HomeserverError {
    HomeserverError::Refused { status: 403, errcode: errcode.to_owned(), error: String::new() }
}

impl RoomForm {
    fn sight(&self, policy: &Policy, key: &RoomKey) -> RoomSight {
        if let Some(why) = &self.unreadable {
            return RoomSight::Unreadable { room_id: agreeing::room_id(key.as_str()), why: refused(why) };
        }
        if !self.several.is_empty() {
            return RoomSight::Several { room_ids: self.several.iter().map(|id| agreeing::room_id(id)).collect() };
        }
        let wanted = policy.rooms.get(key).unwrap_or_else(|| panic!("room {key} is in no policy"));
        let usual = match &wanted.version {
            RoomVersion::Best => KNOWN[0],
            RoomVersion::Exactly(version) => version,
        };
        let version = self.version.as_deref().unwrap_or(usual);
        let mut room = agreeing::room(policy, key, version);
        for (setting, text) in [
            (RoomSetting::Name, &self.name),
            (RoomSetting::Topic, &self.topic),
            (RoomSetting::JoinRule, &self.join_rule),
            (RoomSetting::History, &self.history),
        ] {
            room.settings.extend(text.clone().map(|text| (setting, SettingValue::Text(text))));
        }
        if let Some(alias) = &self.alias {
            let alias = alias.as_ref().map(|alias| SettingValue::Text(format!("#{alias}:{}", super::SERVER)));
            put(&mut room.settings, RoomSetting::Alias, alias);
        }
        if let Some(creator) = &self.creator {
            room.creator = user_id(creator);
        }
        room.additional_creators = self.additional_creators.iter().map(|user| user_id(user)).collect();
        if let Some(kind) = &self.kind {
            room.is_space = kind == "space";
        }
        if let Some(retention) = &self.retention {
            let retention =
                (retention != "for ever").then(|| SettingValue::Time(super::selectors::duration(retention)));
            put(&mut room.settings, RoomSetting::Retention, retention);
        }
        room.encrypted = self.encrypted;
        room.replaced = self.replaced.then(Default::default);
        if let Some(parents) = &self.parents {
            room.parents = parents.iter().map(|key| agreeing::room_id(key)).collect();
        }
        if let Some(children) = &self.children {
            room.children = children.iter().map(|key| agreeing::room_id(key)).collect();
        }
        let members: BTreeMap<String, String> = match &self.members {
            Members::Joined(users) => users.iter().map(|user| (user.clone(), "join".to_owned())).collect(),
            Members::By(members) => members.clone(),
        };
        room.members.extend(members.iter().map(|(user, word)| (user_id(user), membership(word))));
        if self.bot.as_deref() == Some("absent") {
            room.members.remove(&policy.bot);
        }
        if let Some(content) = &self.power_levels {
            let content = serde_json::to_value(content).expect("power levels");
            let mut content = content.as_object().cloned();
            // Users may be abbreviated, as everywhere in a case.
            if let Some(users) = content.as_mut().and_then(|content| content.get_mut("users")) {
                let short = users.as_object().cloned().unwrap_or_default();
                *users = short.into_iter().map(|(user, level)| (user_id(&user).to_string(), level)).collect();
            }
            // `none` means a room without the event.
            room.power_levels = content;
        }
        if let Some(content) = &mut room.power_levels
            && let Some(users) = content.get_mut("users").and_then(serde_json::Value::as_object_mut)
        {
            users.extend(self.levels.iter().map(|(user, level)| (user_id(user).to_string(), (*level).into())));
        }
        RoomSight::Seen(Box::new(room))
    }
}

fn membership(word: &str) -> Membership {
    match word {
        "join" => Membership::Join,
        "invite" => Membership::Invite,
        "knock" => Membership::Knock,
        "left" => Membership::Left,
        "ban" => Membership::Ban,
        "banned_for_grant" => Membership::BannedForGrant,
        "banned_without_right" => Membership::BannedWithoutRight,
        other => panic!("no membership {other}"),
    }
}

/// The key of the control room, for policies that have one.
pub(crate) fn control_room() -> RoomKey {
    RoomKey::new(CONTROL_ROOM)
}
