//! Configuration files of an instance. They are JSON, which is valid YAML.

use std::fs;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{LOG, Options, Synapse};

/// The generated file in the instance's folder.
pub(super) const MAIN: &str = "homeserver.yaml";
/// The caller's additions, in a separate file because Synapse merges files by top-level key.
pub(super) const EXTRA: &str = "extra.yaml";

pub(super) fn write(synapse: &Synapse, options: &Options, database: &Value) -> anyhow::Result<()> {
    let folder = synapse.folder();
    let put =
        |name: &str, text: String| fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"));
    put(MAIN, serde_json::to_string_pretty(&main(synapse, options, database)?)?)?;
    let extra = if options.extra_yaml.trim().is_empty() { "{}" } else { &options.extra_yaml };
    put(EXTRA, extra.to_owned())?;
    put("log.yaml", serde_json::to_string_pretty(&log())?)?;
    // Without federation nobody checks signatures, so any valid key will do.
    put("signing.key", format!("ed25519 testbed {}\n", "A".repeat(43)))
}

fn main(synapse: &Synapse, options: &Options, database: &Value) -> anyhow::Result<Value> {
    let has_modules = options.modules.is_some();
    let resources = if has_modules { ["client", "metrics"].as_slice() } else { &["client"] };
    let mut settings = json!({
        "server_name": options.server_name,
        "public_baseurl": format!("{}/", synapse.url()),
        "listeners": [{
            "port": synapse.port,
            "bind_addresses": [crate::LOOPBACK],
            "type": "http",
            "tls": false,
            "resources": [{"names": resources, "compress": false}],
        }],
        "enable_metrics": has_modules,
        "database": database,
        "log_config": "log.yaml",
        "signing_key_path": "signing.key",
        "media_store_path": "media",
        "registration_shared_secret": synapse.shared_secret,
        "macaroon_secret_key": crate::random_hex(16)?,
        "form_secret": crate::random_hex(16)?,
        "bcrypt_rounds": 4,
        "report_stats": false,
        "federation_domain_whitelist": [],
        "trusted_key_servers": [],
        "suppress_key_server_warning": true,
        "enable_registration": false,
        "url_preview_enabled": false,
        // Push gateways of tests.
        "ip_range_whitelist": [crate::LOOPBACK],
        "encryption_enabled_by_default_for_room_type": "off",
        "app_service_config_files": options.registrations,
        "auto_accept_invites": {"enabled": options.auto_accept_invites, "only_from_local_users": true},
    });
    let limits = settings.as_object_mut().context("settings are an object")?;
    limits.extend(rate_limits());
    Ok(settings)
}

/// Too high for people's clients to reach. The registration exempts the service itself.
fn rate_limits() -> serde_json::Map<String, Value> {
    let free = json!({"per_second": 10_000, "burst_count": 100_000});
    let mut limits = serde_json::Map::new();
    for name in [
        "rc_message",
        "rc_registration",
        "rc_registration_token_validity",
        "rc_admin_redaction",
        "rc_joins_per_room",
        "rc_3pid_validation",
        "rc_media_create",
        "rc_key_requests",
        "rc_room_creation",
        "rc_user_directory",
        "rc_reports",
        "rc_reports",
        "rc_delayed_event_mgmt",
    ] {
        limits.insert(name.to_owned(), free.clone());
    }
    for (name, parts) in [
        ("rc_login", ["address", "account", "failed_attempts"].as_slice()),
        ("rc_joins", &["local", "remote"]),
        ("rc_invites", &["per_room", "per_user", "per_issuer"]),
        ("rc_presence", &["per_user"]),
    ] {
        let all: serde_json::Map<String, Value> = parts.iter().map(|part| ((*part).to_owned(), free.clone())).collect();
        limits.insert(name.to_owned(), Value::Object(all));
    }
    limits
}

fn log() -> Value {
    json!({
        "version": 1,
        "formatters": {"plain": {"format": "%(asctime)s %(name)s %(levelname)s %(request)s %(message)s"}},
        "handlers": {"file": {"class": "logging.FileHandler", "formatter": "plain", "filename": LOG, "encoding": "utf8"}},
        "root": {"level": "WARNING", "handlers": ["file"]},
        "disable_existing_loggers": false,
    })
}
