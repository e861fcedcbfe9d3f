//! What a room is set to, one state event each: every setting is one row that says all about it.
//!
//! Planning, applying, showing and noticing changes by hand go by the row. A new setting is a variant with its row, its
//! words in both languages, and where the configuration says it.

use std::collections::BTreeMap;
use std::time::Duration;

use ruma_common::ServerName;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::policy::RoomPolicy;
use crate::render;

/// Settings with their values.
pub type Settings = BTreeMap<RoomSetting, SettingValue>;

/// Settings of which some have no value.
#[must_use]
pub fn settings(all: impl IntoIterator<Item = (RoomSetting, Option<SettingValue>)>) -> Settings {
    all.into_iter().filter_map(|(setting, value)| Some((setting, value?))).collect()
}

/// Gives one setting this value or none; whether that changed anything.
pub fn put(settings: &mut Settings, setting: RoomSetting, value: Option<SettingValue>) -> bool {
    let before = match value.clone() {
        Some(value) => settings.insert(setting, value),
        None => settings.remove(&setting),
    };
    before != value
}

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SettingValue {
    /// A text or word.
    Text(String),
    /// A length of time, in the event as milliseconds.
    Time(Duration),
}

/// What kind of value a setting has, and how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// People's own words, shown in quotation marks.
    Words,
    /// An address.
    Address,
    /// One of a few words, said to people by this list of texts.
    Listed(&'static str),
    /// One of a few words, for operators only.
    Word,
    /// A length of time; without one it is for ever.
    Time,
}

/// All there is to know about a setting.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The kind of the action that changes it: in audit rows for ever. Behind `set_` it is its word in lists of texts.
    pub kind: &'static str,
    /// The type of its state event.
    pub event: &'static str,
    /// The field of the content that holds it.
    pub field: &'static str,
    /// What kind of value it has.
    pub form: Form,
    /// What it is called in a plan.
    pub called: &'static str,
    /// The word for the power to change it, in lists of texts and in the store.
    pub power: &'static str,
    /// What every room is set to, whatever the policy says.
    pub always: Option<&'static str>,
}

/// Each setting with its row; in an action it is stored by the action's kind.
macro_rules! settings {
    ($($(#[$doc:meta])* $setting:ident, $kind:literal, $event:literal.$field:literal, $form:expr,
        $called:literal, $power:literal, $always:expr;)*) => {
        /// One setting of a room.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum RoomSetting { $($(#[$doc])* #[serde(rename = $kind)] $setting,)* }

        impl RoomSetting {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$setting),*];

            /// Its row.
            #[must_use]
            pub const fn row(self) -> Row {
                let (kind, event, field, form, called, power, always) = match self {
                    $(Self::$setting => ($kind, $event, $field, $form, $called, $power, $always),)*
                };
                Row { kind, event, field, form, called, power, always }
            }
        }
    };
}

settings! {
    /// The name.
    Name, "set_name", "m.room.name"."name", Form::Words, "name", "change_name", None;
    /// The topic.
    Topic, "set_topic", "m.room.topic"."topic", Form::Words, "topic", "change_topic", None;
    /// The picture, `mxc://`.
    Avatar, "set_avatar", "m.room.avatar"."url", Form::Address, "picture", "change_picture", None;
    /// The canonical alias, whole.
    Alias, "set_alias", "m.room.canonical_alias"."alias", Form::Address, "alias", "change_alias", None;
    /// Who may join.
    JoinRule, "set_join_rule", "m.room.join_rules"."join_rule", Form::Listed("join-rule"), "join rule", "close",
        Some("invite");
    /// Who sees what was said before.
    History, "set_history", "m.room.history_visibility"."history_visibility", Form::Word, "history",
        "change_history", None;
    /// How long messages are kept.
    Retention, "set_retention", "m.room.retention"."max_lifetime", Form::Time, "retention", "change_retention", None;
}

impl RoomSetting {
    /// The setting of which this holds.
    pub fn find(is_it: impl Fn(&Row) -> bool) -> Option<Self> {
        Self::ALL.iter().copied().find(|setting| is_it(&setting.row()))
    }

    /// Its word in lists of texts, such as `join_rule`.
    #[must_use]
    pub fn word(self) -> &'static str {
        let kind = self.row().kind;
        kind.strip_prefix("set_").unwrap_or(kind)
    }

    /// What it should be in a room; None leaves it alone.
    #[must_use]
    pub fn wanted(self, room: &RoomPolicy, server: &ServerName) -> Option<SettingValue> {
        match self {
            Self::Name => Some(room.name.as_str().into()),
            Self::Alias => room.alias.as_ref().map(|local| SettingValue::Text(format!("#{local}:{server}"))),
            _ => self.row().always.map(Into::into).or_else(|| room.settings.get(&self).cloned()),
        }
    }

    /// The value in an event's content; None where there is none of the right form, and for an empty text.
    #[must_use]
    pub fn read(self, content: &Map<String, Value>) -> Option<SettingValue> {
        let value = content.get(self.row().field)?;
        match self.row().form {
            Form::Time => value.as_u64().map(|ms| SettingValue::Time(Duration::from_millis(ms))),
            _ => value.as_str().filter(|text| !text.is_empty()).map(Into::into),
        }
    }

    /// The content that sets it to this.
    #[must_use]
    pub fn content(self, value: &SettingValue) -> Value {
        let value = match value {
            SettingValue::Text(text) => json!(text),
            SettingValue::Time(time) => json!(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        };
        json!({ self.row().field: value })
    }

    /// A value as a plan shows it.
    #[must_use]
    pub fn shown(self, value: Option<&SettingValue>) -> String {
        match (self.row().form, value) {
            (Form::Words, Some(SettingValue::Text(text))) => format!("“{text}”"),
            (_, Some(SettingValue::Text(text))) => text.clone(),
            (_, Some(SettingValue::Time(time))) => render::duration(*time),
            (Form::Time, None) => "for ever".to_owned(),
            (_, None) => "nothing".to_owned(),
        }
    }
}

impl From<&str> for SettingValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// In a room to be made, by the setting's word: flat beside the rest, as before there were rows.
pub(crate) mod by_word {
    use super::{BTreeMap, Deserialize, Deserializer, RoomSetting, Serializer, Settings, Value};

    pub(crate) fn serialize<S: Serializer>(settings: &Settings, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(settings.iter().map(|(setting, value)| (setting.word(), value)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Settings, D::Error> {
        let mut all = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let mut one = |setting: &RoomSetting| serde_json::from_value(all.remove(setting.word())?).ok();
        Ok(super::settings(RoomSetting::ALL.iter().map(|setting| (*setting, one(setting)))))
    }
}
