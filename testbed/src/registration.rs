//! Application-service files, as the service's own `registration` command writes them.
//!
//! Written here a second time on purpose: the namespaces decide whether a token can impersonate people, and two texts that must
//! agree are compared by the tests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

/// A written file and its tokens. Not `Debug`, because of them.
#[derive(Clone)]
pub struct Registration {
    /// Where it is.
    pub path: PathBuf,
    /// The service's id at Synapse.
    pub id: String,
    /// Localpart of the bot.
    pub bot: String,
    /// What the service shows Synapse.
    pub as_token: String,
    /// What Synapse shows the service.
    pub hs_token: String,
    /// Where Synapse sends transactions; none are sent without it.
    pub url: Option<String>,
}

/// What a registration is made from.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The service's id at Synapse; also the file's name.
    pub id: &'a str,
    /// Localpart of the bot, the only account in the namespace.
    pub bot: &'a str,
    /// Room aliases that begin with this are the service's alone.
    pub alias_prefix: &'a str,
    /// Where Synapse sends transactions.
    pub url: Option<String>,
    /// The domain part of identifiers.
    pub server_name: &'a str,
}

impl Registration {
    /// Writes the file of a service with aliases `#equipemed_…` at `hospital.example`.
    pub fn write(folder: &Path, id: &str, bot: &str, url: Option<String>) -> anyhow::Result<Self> {
        Self::write_wanted(folder, Wanted { id, bot, alias_prefix: "equipemed_", url, server_name: "hospital.example" })
    }

    /// Writes a file with all its parts chosen.
    pub fn write_wanted(folder: &Path, wanted: Wanted<'_>) -> anyhow::Result<Self> {
        let registration = Self {
            path: folder.join(format!("{}.yaml", wanted.id)),
            id: wanted.id.to_owned(),
            bot: wanted.bot.to_owned(),
            as_token: crate::random_hex(32)?,
            hs_token: crate::random_hex(32)?,
            url: wanted.url,
        };
        let server = escaped(wanted.server_name);
        let file = json!({
            "id": registration.id,
            "url": registration.url,
            "as_token": registration.as_token,
            "hs_token": registration.hs_token,
            "sender_localpart": registration.bot,
            "rate_limited": false,
            "namespaces": {
                // Synapse matches at the start only, so that the end has to be in the expression.
                "users": [{"exclusive": true, "regex": format!("@{}:{server}$", escaped(wanted.bot))}],
                "aliases": [{"exclusive": true, "regex": format!("#{}.*:{server}$", escaped(wanted.alias_prefix))}],
                "rooms": [],
            },
        });
        fs::write(&registration.path, serde_json::to_string_pretty(&file)?).context("cannot write the registration")?;
        Ok(registration)
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if !character.is_ascii_alphanumeric() && character != '_' && character != '-' {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
