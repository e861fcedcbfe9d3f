//! The secrets of a set: one file each, for the one program that reads it.
//!
//! A secret is made once. Later runs keep it, and only bring in line what stands beside it in the file, such as the host
//! of a database's address.

use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::Set;
use crate::config::registration::{Wanted, generate};

/// Where nginx says that the bot's requests come from (RFC 5737: nobody can have it). Elsewhere its token is unknown.
const BOT_COMES_FROM: &str = "192.0.2.53/32";

/// The file that lets `setup` register an administrator. It goes afterwards.
pub const FOR_SETUP: &str = "synapse/setup/registration_secret.yaml";

/// The programs that read secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consumer {
    /// Synapse.
    Synapse,
    /// The bot.
    Bot,
    /// A PostgreSQL of Synapse's own.
    Postgres,
}

/// What a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Fresh random text.
    Random,
    /// A random password as a line of libpq's password file.
    Pgpass,
    /// The password of that line.
    PasswordOf(&'static str),
    /// The address of EquipeMed's database with a random password.
    DirectoryUrl,
    /// The registration of the bot.
    Registration,
    /// The same as another file.
    CopyOf(&'static str),
    /// A setting of Synapse with a random value.
    ForSetup,
    /// From elsewhere: EquipeMed makes it.
    Given,
}

/// One secret of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Path in the folder of the set.
    pub path: &'static str,
    /// Who reads it.
    pub consumer: Consumer,
    kind: Kind,
}

impl Secret {
    /// The last part of its path, by which one is handed in.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Whether nobody can make it here.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.kind == Kind::Given
    }

    /// Its file, from what the file and others (by path) hold now. None: it cannot be made here.
    ///
    /// # Errors
    /// What the file holds is not what it should be, or there are no random numbers.
    pub fn text(
        &self,
        set: &Set,
        old: Option<&SecretString>,
        other: impl Fn(&str) -> Option<SecretString>,
    ) -> anyhow::Result<Option<SecretString>> {
        let old = old.map(|old| old.expose_secret());
        let text = match self.kind {
            Kind::Given => old.map(str::to_owned),
            Kind::Random => Some(or_fresh(old)?),
            Kind::Pgpass => Some(match old {
                Some(old) => old.to_owned(),
                None => format!("*:*:*:*:{}\n", fresh()?),
            }),
            Kind::ForSetup => Some(match old {
                Some(old) => old.to_owned(),
                None => format!(
                    "# For `equipemed-bot setup`, once. Remove this file afterwards and restart Synapse.\n\
                     registration_shared_secret: {}\n",
                    fresh()?
                ),
            }),
            Kind::DirectoryUrl => Some(directory_url(set, old)?),
            Kind::Registration => Some(registration(set, old)?),
            Kind::CopyOf(path) => other(path).map(|text| text.expose_secret().to_owned()),
            Kind::PasswordOf(path) => other(path).and_then(|text| {
                let password = text.expose_secret().trim_end().splitn(5, ':').nth(4)?;
                Some(password.replace("\\:", ":").replace("\\\\", "\\"))
            }),
        };
        Ok(text.map(SecretString::from))
    }

    /// The file of a secret that is handed in.
    ///
    /// # Errors
    /// It is empty, or of several lines where it is one text.
    pub fn taken(&self, text: &str) -> anyhow::Result<SecretString> {
        if matches!(self.kind, Kind::Registration) {
            return Ok(text.to_owned().into());
        }
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() || text.contains('\n') {
            bail!("has to hold one line with the secret and nothing else");
        }
        let pgpass = || format!("*:*:*:*:{}\n", text.replace('\\', "\\\\").replace(':', "\\:"));
        Ok(if self.kind == Kind::Pgpass { pgpass() } else { text.to_owned() }.into())
    }
}

/// The secrets of a set, each after those that it is made from.
#[must_use]
pub fn secrets(set: &Set) -> Vec<Secret> {
    use Consumer::{Bot, Postgres, Synapse};
    let secret = |path, consumer, kind| Secret { path, consumer, kind };
    let mut all = vec![
        secret("synapse/secrets/macaroon_secret_key", Synapse, Kind::Random),
        secret("synapse/secrets/form_secret", Synapse, Kind::Random),
        secret("synapse/secrets/client_secret", Synapse, Kind::Given),
        secret("synapse/secrets/pgpass", Synapse, Kind::Pgpass),
        secret("bot/registration.yaml", Bot, Kind::Registration),
        secret("synapse/registration.yaml", Synapse, Kind::CopyOf("bot/registration.yaml")),
        secret("bot/secrets/directory_url", Bot, Kind::DirectoryUrl),
        secret(FOR_SETUP, Synapse, Kind::ForSetup),
    ];
    if set.is_own_postgres {
        all.push(secret("postgres/secrets/synapse_password", Postgres, Kind::PasswordOf("synapse/secrets/pgpass")));
    }
    all
}

fn or_fresh(old: Option<&str>) -> anyhow::Result<String> {
    match old.map(str::trim) {
        Some("") => bail!("is empty; remove it, and a new one is made"),
        Some(old) => Ok(old.to_owned()),
        None => fresh(),
    }
}

fn no_random(error: getrandom::Error) -> anyhow::Error {
    anyhow::anyhow!("no random numbers from the operating system: {error}")
}

/// 256 bits in hexadecimal.
fn fresh() -> anyhow::Result<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(no_random)?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn directory_url(set: &Set, old: Option<&str>) -> anyhow::Result<String> {
    let wanted =
        format!("{}:{}/{}", set.equipemed_database_host, set.equipemed_database_port, set.equipemed_database_name);
    let Some(old) = old else { return Ok(format!("postgres://equipemed_bot_ro:{}@{wanted}", fresh()?)) };
    let url = Url::parse(old.trim()).ok().filter(|url| url.password().is_some());
    let url = url.context("is no postgres://user:password@host/database")?;
    Ok(format!("postgres://{}:{}@{wanted}", url.username(), url.password().unwrap_or_default()))
}

fn registration(set: &Set, old: Option<&str>) -> anyhow::Result<String> {
    let text = match old {
        Some(old) => old.to_owned(),
        None => {
            let bot = set.bot.parse().context("the bot's id")?;
            let url = set.appservice_url.parse().context("the bot's address")?;
            generate(&Wanted { bot, url }).map_err(no_random)?
        }
    };
    // The tokens stay; where the bot is, and where it may come from, is the set's.
    let kept = text.lines().scan(false, |is_list, line| {
        let is_item = *is_list && line.trim_start().starts_with('-');
        *is_list = is_item || line.starts_with("ip_range_whitelist:");
        Some((!*is_list).then_some(line))
    });
    let mut text = String::new();
    for line in kept.flatten() {
        match line.starts_with("url:") {
            true => _ = writeln!(text, "url: {}", set.appservice_url),
            false => _ = writeln!(text, "{line}"),
        }
    }
    _ = writeln!(text, "ip_range_whitelist: [{BOT_COMES_FROM}]");
    Ok(text)
}
