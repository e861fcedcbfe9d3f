//! Application service files, as the service's own `registration` command writes them.
//!
//! Implemented twice on purpose: the namespaces decide whether a token can impersonate people, and the tests compare
//! both texts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

/// A file and its tokens, which are why it is not `Debug`.
#[derive(Clone)]
pub struct Registration {
    /// Path of the file.
    pub path: PathBuf,
    /// Id of the application service.
    pub id: String,
    /// Localpart of the bot.
    pub bot: String,
    /// The token that the service sends to Synapse.
    pub as_token: String,
    /// The token that Synapse sends to the service.
    pub hs_token: String,
    /// Where Synapse sends transactions, if at all.
    pub url: Option<String>,
}

/// Content of a new registration.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Id of the application service, also the file's name.
    pub id: &'a str,
    /// Localpart of the bot, the only account in the namespace.
    pub bot: &'a str,
    /// Prefix of the exclusive room aliases.
    pub alias_prefix: &'a str,
    /// Where Synapse sends transactions.
    pub url: Option<String>,
    /// The domain part of identifiers.
    pub server_name: &'a str,
}

impl Registration {
    /// Writes a file for aliases `#equipemed_…` at `hospital.example`.
    pub fn write(folder: &Path, id: &str, bot: &str, url: Option<String>) -> anyhow::Result<Self> {
        Self::write_wanted(folder, Wanted { id, bot, alias_prefix: "equipemed_", url, server_name: "hospital.example" })
    }

    /// Writes a file with the given content.
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
                // Synapse matches only from the start, so the expression must contain the end.
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
