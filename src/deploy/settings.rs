//! What Synapse's settings have to say for a set to hold what it promises, and what they say.
//!
//! As Synapse reads them: homeserver.yaml, then the files in setup/, whose top-level keys replace its own.

use serde_yaml::{Mapping, Value};

use super::Set;

/// A setting that is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Which one, such as `push.include_content`.
    pub setting: &'static str,
    /// What is wrong with it.
    pub what: String,
}

/// One rule: the setting, whether it holds, and what does not hold otherwise.
struct Rule {
    setting: &'static str,
    holds: fn(&Value, &Set) -> bool,
    otherwise: &'static str,
}

/// A value by its path.
fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, key| value.get(key).unwrap_or(&Value::Null))
}

fn is_off(value: &Value) -> bool {
    value.as_bool() == Some(false)
}

fn is_off_or_absent(value: &Value) -> bool {
    is_off(value) || value.is_null()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_sequence().into_iter().flatten()
}

fn is_empty_list(value: &Value) -> bool {
    value.as_sequence().is_some_and(Vec::is_empty)
}

/// The names of a listener's resources.
fn resources(listener: &Value) -> impl Iterator<Item = &str> {
    items(at(listener, "resources")).flat_map(|resource| items(at(resource, "names"))).filter_map(Value::as_str)
}

fn module(value: &Value) -> Option<&Value> {
    let found =
        items(at(value, "modules")).find(|module| at(module, "module").as_str() == Some("equipemed_policy.Policy"));
    found.map(|module| at(module, "config"))
}

fn names(value: &Value) -> Vec<&str> {
    items(value).filter_map(Value::as_str).collect()
}

fn provider<'v>(value: &'v Value, set: &Set) -> Option<&'v Value> {
    items(at(value, "oidc_providers")).find(|one| at(one, "idp_id").as_str() == Some(&set.identity_provider))
}

const RULES: &[Rule] = &[
    Rule {
        setting: "server_name",
        holds: |all, set| at(all, "server_name").as_str() == Some(&set.server_name),
        otherwise: "is not the server name of deploy.yaml",
    },
    Rule {
        setting: "federation_domain_whitelist",
        holds: |all, _| is_empty_list(at(all, "federation_domain_whitelist")),
        otherwise: "is not []: other servers may be talked to",
    },
    Rule {
        setting: "listeners",
        holds: |all, _| {
            items(at(all, "listeners")).all(|one| {
                at(one, "type").as_str() == Some("metrics")
                    || resources(one).all(|name| matches!(name, "client" | "health"))
            })
        },
        otherwise: "has more than client, health and metrics: other servers could reach this one",
    },
    Rule {
        setting: "listeners: x_forwarded",
        holds: |all, _| {
            let mut http = items(at(all, "listeners")).filter(|one| at(one, "type").as_str() == Some("http"));
            http.all(|one| at(one, "x_forwarded").as_bool() == Some(true))
        },
        otherwise: "is not true: the bot's token is not taken, and all people count as one address",
    },
    Rule {
        setting: "enable_registration",
        holds: |all, _| is_off_or_absent(at(all, "enable_registration")),
        otherwise: "is on: anybody could make an account",
    },
    Rule {
        setting: "allow_guest_access",
        holds: |all, _| is_off_or_absent(at(all, "allow_guest_access")),
        otherwise: "is on: people without an account could read",
    },
    Rule {
        setting: "modules",
        holds: |all, _| module(all).is_some(),
        otherwise: "has no equipemed_policy.Policy: people could make rooms, send any file, and sign in with a password",
    },
    Rule {
        setting: "modules: equipemed_policy.Policy: bot",
        holds: |all, set| module(all).is_none_or(|config| at(config, "bot").as_str() == Some(&set.bot)),
        otherwise: "is not the bot's id",
    },
    Rule {
        setting: "modules: equipemed_policy.Policy: break_glass",
        holds: |all, set| {
            module(all).is_none_or(|config| {
                let wanted: Vec<_> = Some(set.break_glass.as_str()).filter(|id| !id.is_empty()).into_iter().collect();
                names(at(config, "break_glass")) == wanted
            })
        },
        otherwise: "is not the break-glass account of deploy.yaml: others could sign in with a password, or it could not",
    },
    Rule {
        setting: "modules: equipemed_policy.Policy: service_accounts",
        holds: |all, set| {
            module(all).is_none_or(|config| names(at(config, "service_accounts")) == set.service_accounts)
        },
        otherwise: "are not those of deploy.yaml: others could make rooms and invite",
    },
    Rule {
        setting: "encryption_enabled_by_default_for_room_type",
        holds: |all, _| {
            matches!(at(all, "encryption_enabled_by_default_for_room_type"), Value::Null | Value::Bool(false))
                || at(all, "encryption_enabled_by_default_for_room_type").as_str() == Some("off")
        },
        otherwise: "encrypts new rooms, where the bot cannot moderate",
    },
    Rule {
        setting: "oidc_providers",
        holds: |all, set| provider(all, set).is_some_and(|one| at(one, "issuer").as_str() == Some(&set.issuer)),
        otherwise: "has no provider with this idp_id and issuer: people cannot sign in, or not as who they are",
    },
    Rule {
        setting: "oidc_providers: allow_existing_users",
        holds: |all, _| items(at(all, "oidc_providers")).all(|one| is_off_or_absent(at(one, "allow_existing_users"))),
        otherwise: "is on: somebody with the right name at a provider gets the account of that name",
    },
    Rule {
        setting: "oidc_providers: enable_registration",
        holds: |all, _| items(at(all, "oidc_providers")).all(|one| is_off(at(one, "enable_registration"))),
        otherwise: "is not false: whoever can sign in there gets an account",
    },
    Rule {
        setting: "app_service_config_files",
        holds: |all, set| {
            let file = format!("{}/registration.yaml", set.synapse_files);
            names(at(all, "app_service_config_files")).contains(&file.as_str())
        },
        otherwise: "does not name the registration of the set: Synapse does not know the bot",
    },
    Rule {
        setting: "push.include_content",
        holds: |all, _| is_off(at(all, "push.include_content")),
        otherwise: "is not false: the text of messages goes to the push services of Google and Apple",
    },
    Rule {
        setting: "url_preview_enabled",
        holds: |all, _| is_off_or_absent(at(all, "url_preview_enabled")),
        otherwise: "is on: the server visits addresses that people write",
    },
    Rule {
        setting: "allow_per_room_profiles",
        holds: |all, _| is_off(at(all, "allow_per_room_profiles")),
        otherwise: "is not false: people can take another's name in a room",
    },
    Rule {
        setting: "enable_room_list_search",
        holds: |all, _| is_off(at(all, "enable_room_list_search")),
        otherwise: "is not false: rooms can be searched for",
    },
    Rule {
        setting: "forget_rooms_on_leave",
        holds: |all, _| at(all, "forget_rooms_on_leave").as_bool() == Some(true),
        otherwise: "is not true: who left a room keeps reading what was said before",
    },
    Rule {
        setting: "report_stats",
        holds: |all, _| is_off(at(all, "report_stats")),
        otherwise: "is not false: figures of this server are sent away",
    },
    Rule {
        setting: "media_store_path",
        holds: |all, _| module(all).is_none_or(|config| at(config, "media.store") == at(all, "media_store_path")),
        otherwise: "is another folder than the one whose size the module bounds",
    },
];

/// What Synapse reads from these files, in their order.
///
/// # Errors
/// One is no YAML; the text does not repeat what stands there.
pub fn effective(files: &[String]) -> Result<Value, String> {
    let mut all = Mapping::new();
    for file in files {
        match serde_yaml::from_str::<Value>(file) {
            Ok(Value::Mapping(map)) => all.extend(map),
            Ok(Value::Null) => {}
            Ok(_) => return Err("holds no settings of the form `key: value`".to_owned()),
            Err(error) => {
                let line = error.location().map_or(0, |at| at.line());
                return Err(format!("is not valid YAML, near line {line}"));
            }
        }
    }
    Ok(Value::Mapping(all))
}

/// The server that settings are of.
#[must_use]
pub fn server_name(file: String) -> Option<String> {
    effective(&[file]).ok()?.get("server_name")?.as_str().map(str::to_owned)
}

/// Which of these files has a setting: Synapse takes the last one.
#[must_use]
pub fn place(files: &[String], setting: &str) -> Option<usize> {
    let key = setting.split(['.', ':']).next()?;
    files.iter().rposition(|file| effective(std::slice::from_ref(file)).is_ok_and(|all| all.get(key).is_some()))
}

/// Settings that are not as they have to be.
#[must_use]
pub fn wrong(all: &Value, set: &Set) -> Vec<Wrong> {
    let broken = RULES.iter().filter(|rule| !(rule.holds)(all, set));
    broken.map(|rule| Wrong { setting: rule.setting, what: rule.otherwise.to_owned() }).collect()
}

/// Whether accounts can be registered with a secret.
#[must_use]
pub fn takes_registration_secret(all: &Value) -> bool {
    ["registration_shared_secret", "registration_shared_secret_path"].iter().any(|key| !at(all, key).is_null())
}
