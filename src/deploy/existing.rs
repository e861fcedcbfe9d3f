//! Into what is there: from an existing homeserver.yaml to answers, secrets, and the list of what changes.
//!
//! Taken over is what the server is (name, key, database, media, links of accounts). How it behaves is the set's.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_yaml::Value;

use super::settings::{self, effective};
use super::{Answers, Set};

/// The administrator of EquipeMed's PostgreSQL, and PostgreSQL's own.
const ADMINISTRATORS: &[&str] = &["eqmd_user", "postgres"];

/// What an existing homeserver.yaml says about itself.
#[derive(Debug, Default)]
pub struct Found {
    /// Answers by their keys.
    pub answers: BTreeMap<String, String>,
    /// Secrets by their paths in the set.
    pub secrets: BTreeMap<&'static str, SecretString>,
    /// What cannot be taken over, and what to do.
    pub obstacles: Vec<String>,
    settings: Value,
}

/// Reads an existing homeserver.yaml.
///
/// # Errors
/// It is no YAML.
pub fn read(text: &str) -> Result<Found, String> {
    let settings = effective(&[text.to_owned()])?;
    let mut found = Found { settings, ..Found::default() };
    found.answers.insert("set".to_owned(), "existing".to_owned());
    for (key, path) in [
        ("server_name", "server_name"),
        ("signing_key", "signing_key_path"),
        ("media_store", "media_store_path"),
        ("upload_size", "max_upload_size"),
    ] {
        found.read_answer(key, path);
    }
    if !found.is_sqlite() {
        for (key, path) in [
            ("database_host", "database.args.host"),
            ("database_port", "database.args.port"),
            ("database_user", "database.args.user"),
            // Both names are psycopg2's; the first holds.
            ("database_name", "database.args.database"),
            ("database_name", "database.args.dbname"),
        ] {
            found.read_answer(key, path);
        }
    }
    if let Some(host) =
        found.text("public_baseurl").and_then(|url| url::Url::parse(&url).ok()?.host_str().map(str::to_owned))
    {
        found.answers.insert("matrix_host".to_owned(), host);
    }
    found.read_provider();
    found.read_secrets();
    found.find_obstacles();
    Ok(found)
}

impl Found {
    fn value(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.settings, |value, key| value.get(key)).filter(|value| !value.is_null())
    }

    fn text(&self, path: &str) -> Option<String> {
        match self.value(path)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn read_answer(&mut self, key: &str, path: &str) {
        if let Some(text) = self.text(path) {
            self.answers.insert(key.to_owned(), text);
        }
    }

    fn is_sqlite(&self) -> bool {
        self.text("database.name").as_deref() == Some("sqlite3")
    }

    /// The one provider, whose id is in the accounts' links.
    fn read_provider(&mut self) {
        let providers = self.value("oidc_providers").and_then(Value::as_sequence).cloned().unwrap_or_default();
        let [one] = providers.as_slice() else {
            if providers.len() > 1 {
                let what =
                    "oidc_providers has several: say identity_provider, issuer and client_id yourself; the others end";
                self.obstacles.push(what.to_owned());
            }
            return;
        };
        for (key, name) in [("identity_provider", "idp_id"), ("issuer", "issuer"), ("client_id", "client_id")] {
            if let Some(text) = one.get(name).and_then(Value::as_str) {
                self.answers.insert(key.to_owned(), text.trim_end_matches('/').to_owned());
            }
        }
        if let Some(secret) = one.get("client_secret").and_then(Value::as_str) {
            self.secrets.insert("synapse/secrets/client_secret", secret.to_owned().into());
        }
    }

    fn read_secrets(&mut self) {
        for (path, key) in [
            ("synapse/secrets/macaroon_secret_key", "macaroon_secret_key"),
            ("synapse/secrets/form_secret", "form_secret"),
        ] {
            if let Some(text) = self.text(key) {
                self.secrets.insert(path, text.into());
            }
        }
        if let Some(password) = self.text("database.args.password") {
            let escaped = password.replace('\\', "\\\\").replace(':', "\\:");
            self.secrets.insert("synapse/secrets/pgpass", format!("*:*:*:*:{escaped}\n").into());
        }
    }

    fn find_obstacles(&mut self) {
        let (is_sqlite, user) = (self.is_sqlite(), self.text("database.args.user"));
        let mut add = |what: &str| self.obstacles.push(what.to_owned());
        if is_sqlite {
            add("database is SQLite: move it with Synapse's synapse_port_db first, by its own documentation");
        }
        if user.is_some_and(|user| ADMINISTRATORS.contains(&user.as_str())) {
            add(
                "database.args.user is the administrator's role of PostgreSQL: make a role of Synapse's own that owns its \
                 database and its tables, and name that under database_user",
            );
        }
        if self
            .settings
            .get("password_config")
            .and_then(|config| config.get("pepper"))
            .is_some_and(|pepper| !pepper.is_null())
        {
            add("password_config.pepper is not kept, so old passwords end: set the break-glass account's anew");
        }
        let has = |key: &str| self.settings.get(key).is_some_and(|value| !value.is_null());
        if has("worker_app") || has("instance_map") || has("stream_writers") {
            add("it has workers, which the set does not: one process carries a hospital");
        }
        if has("signing_key") {
            add(
                "signing_key stands in the file: write it into a file of its own, and name that under signing_key_path",
            );
        }
        if has("matrix_authentication_service") {
            add("accounts are kept by a Matrix Authentication Service, which is not supported");
        }
        let services = self.settings.get("app_service_config_files").and_then(Value::as_sequence).map_or(0, Vec::len);
        if services > 0 {
            add(
                "app_service_config_files names other services: what you keep goes into synapse/setup/own.yaml, with the bot's",
            );
        }
        if has("modules") {
            add(
                "modules: others than equipemed_policy end; what you keep goes into synapse/setup/own.yaml, with equipemed_policy",
            );
        }
    }

    /// What stays and what changes, one line each.
    #[must_use]
    pub fn told(&self, answers: &Answers, set: &Set) -> Vec<String> {
        let mut lines = Vec::new();
        for key in self.answers.keys().filter(|key| *key != "set") {
            let is_kept = self.answers.get(key).is_some_and(|old| old == answers.get(key));
            let now = answers.get(key);
            lines.push(if is_kept {
                format!("keeps    {key}: {now}")
            } else {
                format!("changes  {key}: {now}, by your answer")
            });
        }
        lines.extend(self.secrets.keys().map(|path| format!("keeps    {path} (not shown)")));
        let wrong = settings::wrong(&self.settings, set);
        lines.extend(wrong.into_iter().map(|wrong| format!("changes  {}: {}", wrong.setting, wrong.what)));
        if settings::takes_registration_secret(&self.settings) {
            lines.push(
                "changes  registration_shared_secret: is gone; `--for-setup` makes one for `equipemed-bot setup`"
                    .to_owned(),
            );
        }
        if let Value::Mapping(map) = &self.settings {
            let known = super::render::File::Homeserver.text(set).ok().and_then(|text| effective(&[text]).ok());
            let is_known = |key: &str| known.as_ref().is_some_and(|known| known.get(key).is_some());
            let other = map.keys().filter_map(Value::as_str).filter(|key| !is_known(key));
            let is_secret =
                |key: &&str| ["macaroon_secret_key", "form_secret", "registration_shared_secret"].contains(key);
            lines.extend(other.filter(|key| !is_secret(key)).map(|key| {
                format!("drops    {key}: the set does not name it; what you keep goes into synapse/setup/own.yaml")
            }));
        }
        lines
    }
}
