//! The policy of a case, in a short form of `config.yaml` with everything optional.

use std::collections::{BTreeMap, BTreeSet};

use equipemed_domain::policy::{JoinMode, Limits, LocalpartSource, Policy, Role, RoomKind, RoomPolicy, UsersPolicy};
use equipemed_domain::rights::{Right, Rights, all_rights};
use equipemed_domain::room_version::RoomVersion;
use equipemed_domain::selector::Selector;
use equipemed_domain::setting::{RoomSetting, RoomSettings, SettingValue, settings};
use equipemed_domain::standing::{Standing, StandingTable};
use serde::Deserialize;
use serde_yaml::Value;

use super::selectors::{duration, selector};
use super::{SERVER, reader, user_id};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PolicyForm {
    users: UsersForm,
    roles: BTreeMap<String, RoleForm>,
    rooms: BTreeMap<String, RoomForm>,
    limits: LimitsForm,
    control_room: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct UsersForm {
    who: Option<Value>,
    create: bool,
    update_profiles: bool,
    email: bool,
    own_display_name: bool,
    localpart: Vec<String>,
    display_name: String,
    identity_provider: Option<String>,
    join: String,
    standing: BTreeMap<String, String>,
    sign_out: BTreeSet<String>,
    deactivate_after: String,
    protected: Vec<String>,
    break_glass: Option<String>,
    reserved: BTreeSet<String>,
}

impl Default for UsersForm {
    fn default() -> Self {
        Self {
            who: None,
            create: true,
            update_profiles: true,
            email: false,
            own_display_name: false,
            localpart: vec!["matrix_localpart".to_owned(), "username".to_owned()],
            display_name: "{full_name}".to_owned(),
            identity_provider: Some("oidc-equipemed".to_owned()),
            join: "force".to_owned(),
            standing: BTreeMap::new(),
            sign_out: BTreeSet::new(),
            deactivate_after: "30d".to_owned(),
            protected: Vec::new(),
            break_glass: None,
            reserved: BTreeSet::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleForm {
    when: Value,
    #[serde(rename = "in")]
    scope: Option<String>,
    level: Option<i64>,
    #[serde(default)]
    rights: Vec<String>,
    #[serde(default)]
    server_admin: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomForm {
    kind: Option<String>,
    version: Option<Value>,
    name: Option<String>,
    topic: Option<String>,
    avatar: Option<String>,
    alias: Option<String>,
    parent: Option<String>,
    members: Option<Value>,
    administrators: Option<Value>,
    #[serde(default)]
    levels: BTreeMap<String, i64>,
    default_level: Option<i64>,
    join: Option<String>,
    leave: Option<String>,
    history: Option<String>,
    retention: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsForm {
    lock_share: Option<f64>,
    lock_least: Option<usize>,
    remove_share: Option<f64>,
    remove_least: Option<usize>,
    join_share: Option<f64>,
    join_least: Option<usize>,
    gain: Option<usize>,
    gain_lesser: Option<usize>,
    lose: Option<usize>,
    deactivate: Option<usize>,
    shrink_share: Option<f64>,
}

impl PolicyForm {
    /// The policy described by the form.
    pub(crate) fn policy(&self) -> Policy {
        let bot = user_id("equipemed_bot");
        let users = self.users.users(&bot);
        let mut rooms: BTreeMap<_, _> =
            self.rooms.iter().map(|(key, room)| (key.as_str().into(), room.room(key, users.join))).collect();
        if self.control_room {
            rooms.insert(reader::control_room(), control());
        }
        Policy {
            server_name: SERVER.try_into().expect("a server name"),
            roles: self.roles.iter().map(|(key, role)| (key.as_str().into(), role.role())).collect(),
            limits: self.limits.limits(),
            bot,
            users,
            rooms,
        }
    }
}

/// The control room as the configuration makes it.
pub(crate) fn control() -> RoomPolicy {
    RoomPolicy {
        kind: RoomKind::Room,
        version: RoomVersion::Best,
        name: "Controle".to_owned(),
        alias: None,
        parent: None,
        members: Selector::Trusted,
        administrators: None,
        levels: BTreeMap::new(),
        default_level: None,
        join: JoinMode::Invite,
        leave_allowed: false,
        settings: RoomSettings::from([(RoomSetting::History, "joined".into())]),
    }
}

fn join(word: &str) -> JoinMode {
    match word {
        "force" => JoinMode::Force,
        "invite" => JoinMode::Invite,
        other => panic!("no join mode {other}"),
    }
}

impl UsersForm {
    fn users(&self, bot: &ruma_common::OwnedUserId) -> UsersPolicy {
        let localpart = self.localpart.iter().map(|word| match word.as_str() {
            "matrix_localpart" => LocalpartSource::MatrixLocalpart,
            "username" => LocalpartSource::Username,
            "u_{public_id}" => LocalpartSource::PublicId,
            other => panic!("no localpart source {other}"),
        });
        let break_glass = self.break_glass.as_deref().map(user_id);
        let mut protected: BTreeSet<_> = self.protected.iter().map(|user| user_id(user)).collect();
        protected.insert(bot.clone());
        protected.extend(break_glass.clone());
        let mut standing = StandingTable::default();
        standing.0.extend(self.standing.iter().map(|(status, meaning)| {
            let meaning = match meaning.as_str() {
                "active" => Standing::Active,
                "lock" => Standing::Off,
                "gone" => Standing::Gone,
                other => panic!("no meaning {other}"),
            };
            (status.clone(), meaning)
        }));
        UsersPolicy {
            who: self.who.as_ref().map_or(Selector::Any(true), selector),
            create: self.create,
            update_profiles: self.update_profiles,
            email: self.email,
            own_display_name: self.own_display_name,
            localpart: localpart.collect(),
            display_name: self.display_name.clone(),
            professions: super::professions(),
            identity_provider: self.identity_provider.clone(),
            join: join(&self.join),
            standing,
            sign_out: self.sign_out.clone(),
            deactivate_after: duration(&self.deactivate_after),
            stale_after: std::time::Duration::from_secs(3600),
            protected,
            break_glass,
            reserved: self.reserved.clone(),
        }
    }
}

impl RoleForm {
    fn role(&self) -> Role {
        let rights: Rights = match self.rights.as_slice() {
            [all] if all == "all" => all_rights(),
            words => words.iter().map(|word| Right::from_word(word).unwrap_or_else(|| panic!("{word}"))).collect(),
        };
        Role {
            name: None,
            when: selector(&self.when),
            scope: self.scope.as_deref().map(Into::into),
            level: self.level,
            rights,
            server_admin: self.server_admin,
        }
    }
}

impl RoomForm {
    fn room(&self, key: &str, usual: JoinMode) -> RoomPolicy {
        RoomPolicy {
            kind: if self.kind.as_deref() == Some("space") { RoomKind::Space } else { RoomKind::Room },
            version: match &self.version {
                None => RoomVersion::Best,
                Some(Value::String(text)) => RoomVersion::Exactly(text.clone()),
                Some(other) => RoomVersion::Exactly(other.as_u64().expect("a room version").to_string()),
            },
            name: self.name.clone().unwrap_or_else(|| key.to_owned()),
            alias: self.alias.clone(),
            parent: self.parent.as_deref().map(Into::into),
            members: self.members.as_ref().map_or(Selector::Any(true), selector),
            administrators: self.administrators.as_ref().map(selector),
            levels: self.levels.iter().map(|(role, level)| (role.as_str().into(), *level)).collect(),
            default_level: self.default_level,
            join: self.join.as_deref().map_or(usual, join),
            leave_allowed: self.leave.as_deref() == Some("allowed"),
            settings: settings([
                (RoomSetting::Topic, self.topic.clone().map(SettingValue::Text)),
                (RoomSetting::Avatar, self.avatar.clone().map(SettingValue::Text)),
                (RoomSetting::History, Some(self.history.as_deref().unwrap_or("shared").into())),
                (RoomSetting::Retention, self.retention.as_deref().map(|text| SettingValue::Time(duration(text)))),
            ]),
        }
    }
}

impl LimitsForm {
    fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            lock_share: self.lock_share.unwrap_or(usual.lock_share),
            lock_least: self.lock_least.unwrap_or(usual.lock_least),
            remove_share: self.remove_share.unwrap_or(usual.remove_share),
            remove_least: self.remove_least.unwrap_or(usual.remove_least),
            join_share: self.join_share.unwrap_or(usual.join_share),
            join_least: self.join_least.unwrap_or(usual.join_least),
            gain: self.gain.unwrap_or(usual.gain),
            gain_lesser: self.gain_lesser.unwrap_or(usual.gain_lesser),
            lose: self.lose.unwrap_or(usual.lose),
            deactivate: self.deactivate.unwrap_or(usual.deactivate),
            shrink_share: self.shrink_share.unwrap_or(usual.shrink_share),
            two_consents: usual.two_consents,
        }
    }
}
