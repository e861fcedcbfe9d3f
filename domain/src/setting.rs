//! Room settings, one state event each, described by one row each.
//!
//! Planning, applying, showing and detecting drift use the row. A new setting needs a variant with its row, texts in
//! both languages, and a place in the configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use ruma_common::ServerName;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::policy::RoomPolicy;
use crate::render;

/// Settings with their values.
pub type RoomSettings = BTreeMap<RoomSetting, SettingValue>;

/// Collects the settings that have a value.
#[must_use]
pub fn settings(all: impl IntoIterator<Item = (RoomSetting, Option<SettingValue>)>) -> RoomSettings {
    all.into_iter().filter_map(|(setting, value)| Some((setting, value?))).collect()
}

/// Sets or removes a setting; returns whether that changed anything.
pub fn put(settings: &mut RoomSettings, setting: RoomSetting, value: Option<SettingValue>) -> bool {
    let before = match value.clone() {
        Some(value) => settings.insert(setting, value),
        None => settings.remove(&setting),
    };
    before != value
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SettingValue {
    /// Text.
    Text(String),
    /// A duration, in milliseconds in the event.
    Time(Duration),
}

/// Type and display of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Free text, shown in quotation marks.
    Words,
    /// An address.
    Address,
    /// One of a few values, translated with this text list.
    Listed(&'static str),
    /// One of a few values, for operators only.
    Word,
    /// A duration; none means for ever.
    Time,
}

/// The description of a setting.
#[derive(Clone, Copy, Debug)]
pub struct SettingRow {
    /// Kind of the action that changes it, permanent in audit rows. Without `set_` it is the key in text lists.
    pub kind: &'static str,
    /// Its state event type.
    pub event: &'static str,
    /// The content field with the value.
    pub field: &'static str,
    /// Type of its value.
    pub form: Form,
    /// Its name in plans.
    pub called: &'static str,
    /// Name of the power to change it, in text lists and in the store.
    pub power: &'static str,
    /// A fixed value for every room, regardless of the policy.
    pub always: Option<&'static str>,
}

/// Defines the settings with their rows; serialised as the action's kind.
macro_rules! settings {
    ($($(#[$doc:meta])* $setting:ident, $kind:literal, $event:literal.$field:literal, $form:expr,
        $called:literal, $power:literal, $always:expr;)*) => {
        /// A room setting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum RoomSetting { $($(#[$doc])* #[serde(rename = $kind)] $setting,)* }

        impl RoomSetting {
            /// All settings.
            pub const ALL: &'static [Self] = &[$(Self::$setting),*];

            /// Its row.
            #[must_use]
            pub const fn row(self) -> SettingRow {
                let (kind, event, field, form, called, power, always) = match self {
                    $(Self::$setting => ($kind, $event, $field, $form, $called, $power, $always),)*
                };
                SettingRow { kind, event, field, form, called, power, always }
            }
        }
    };
}

settings! {
    /// The name.
    Name, "set_name", "m.room.name"."name", Form::Words, "name", "change_name", None;
    /// The topic.
    Topic, "set_topic", "m.room.topic"."topic", Form::Words, "topic", "change_topic", None;
    /// The avatar, `mxc://`, or a picture's file until it is on Synapse.
    Avatar, "set_avatar", "m.room.avatar"."url", Form::Address, "picture", "change_picture", None;
    /// The full canonical alias.
    Alias, "set_alias", "m.room.canonical_alias"."alias", Form::Address, "alias", "change_alias", None;
    /// Who may join.
    JoinRule, "set_join_rule", "m.room.join_rules"."join_rule", Form::Listed("join-rule"), "join rule", "close",
        Some("invite");
    /// Who sees earlier messages.
    History, "set_history", "m.room.history_visibility"."history_visibility", Form::Word, "history",
        "change_history", None;
    /// How long messages are kept.
    Retention, "set_retention", "m.room.retention"."max_lifetime", Form::Time, "retention", "change_retention", None;
}

impl RoomSetting {
    /// The setting whose row matches.
    pub fn find(is_it: impl Fn(&SettingRow) -> bool) -> Option<Self> {
        Self::ALL.iter().copied().find(|setting| is_it(&setting.row()))
    }

    /// Its key in text lists, such as `join_rule`.
    #[must_use]
    pub fn word(self) -> &'static str {
        let kind = self.row().kind;
        kind.strip_prefix("set_").unwrap_or(kind)
    }

    /// Its desired value in a room; None leaves it unchanged.
    #[must_use]
    pub fn wanted(self, room: &RoomPolicy, server: &ServerName) -> Option<SettingValue> {
        match self {
            Self::Name => Some(room.name.as_str().into()),
            Self::Alias => room.alias.as_ref().map(|local| SettingValue::Text(format!("#{local}:{server}"))),
            _ => self.row().always.map(Into::into).or_else(|| room.settings.get(&self).cloned()),
        }
    }

    /// Its value in an event's content; None if missing, empty or of another type.
    #[must_use]
    pub fn read(self, content: &Map<String, Value>) -> Option<SettingValue> {
        let value = content.get(self.row().field)?;
        match self.row().form {
            Form::Time => value.as_u64().map(|ms| SettingValue::Time(Duration::from_millis(ms))),
            _ => value.as_str().filter(|text| !text.is_empty()).map(Into::into),
        }
    }

    /// Content that sets it to this value.
    #[must_use]
    pub fn content(self, value: &SettingValue) -> Value {
        let value = match value {
            SettingValue::Text(text) => json!(text),
            SettingValue::Time(time) => json!(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        };
        json!({ self.row().field: value })
    }

    /// A value as shown in plans.
    #[must_use]
    pub fn shown(self, value: Option<&SettingValue>) -> String {
        match (self.row().form, value) {
            (Form::Words, Some(SettingValue::Text(text))) => format!("“{text}”"),
            (_, Some(SettingValue::Text(text))) => {
                PictureFile::of(text).map_or(text.as_str(), |file| file.path).to_owned()
            }
            (_, Some(SettingValue::Time(time))) => render::duration(*time),
            (Form::Time, None) => "for ever".to_owned(),
            (_, None) => "nothing".to_owned(),
        }
    }
}

/// What a picture's file begins with as a setting's value.
const FILE: &str = "file:";

/// A picture that is a file on the service's machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureFile<'a> {
    /// The digest of its content, in hexadecimal digits.
    pub digest: &'a str,
    /// Its path.
    pub path: &'a str,
}

impl<'a> PictureFile<'a> {
    /// The file that a setting's value names, if it names one.
    #[must_use]
    pub fn of(value: &'a str) -> Option<Self> {
        let (digest, path) = value.strip_prefix(FILE)?.split_once(':')?;
        Some(Self { digest, path })
    }

    /// The digest of a picture's content.
    #[must_use]
    pub fn digest_of(content: &[u8]) -> String {
        Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Its media type, by the end of its name; none if browsers do not show such a file.
    #[must_use]
    pub fn media_type(&self) -> Option<&'static str> {
        match self.path.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "png" => Some("image/png"),
            "jpg" | "jpeg" => Some("image/jpeg"),
            "gif" => Some("image/gif"),
            "webp" => Some("image/webp"),
            _ => None,
        }
    }

    /// The setting's value.
    #[must_use]
    pub fn value(&self) -> String {
        format!("{FILE}{}:{}", self.digest, self.path)
    }
}

impl From<&str> for SettingValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Serialises settings of a new room by name, flattened, as before rows existed.
pub(crate) mod by_word {
    use super::{BTreeMap, Deserialize, Deserializer, RoomSetting, RoomSettings, Serializer, Value};

    pub(crate) fn serialize<S: Serializer>(settings: &RoomSettings, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(settings.iter().map(|(setting, value)| (setting.word(), value)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RoomSettings, D::Error> {
        let mut all = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let mut one = |setting: &RoomSetting| serde_json::from_value(all.remove(setting.word())?).ok();
        Ok(super::settings(RoomSetting::ALL.iter().map(|setting| (*setting, one(setting)))))
    }
}
