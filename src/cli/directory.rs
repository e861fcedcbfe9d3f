//! `directory install-triggers` and `uninstall-triggers`: one-time work by an administrator of EquipeMed's database.

use std::path::Path;

use anyhow::Context as _;
use secrecy::SecretString;

use super::output::UsageError;
use super::{Exit, connect, output};
use crate::config::settings::{DirectorySource, EquipemedSettings};
use crate::directory::equipemed::{Script, role_of};

/// The database address with an administrator's credentials, or a file with it.
const ADMINISTRATOR: &str = "EQUIPEMED_ADMIN_URL";
const ADMINISTRATOR_FILE: &str = "EQUIPEMED_ADMIN_URL_FILE";

/// Installs the triggers.
pub(super) async fn install(config: &Path, print: bool) -> anyhow::Result<Exit> {
    let equipemed = equipemed(config)?;
    if equipemed.query.is_some() {
        return Err(UsageError(
            "directory.query is your own, so that it is not known which tables matter: everybody is compared every directory.poll. Triggers of your own may notify the channel equipemed_bot with ids, separated by commas, or *".to_owned(),
        )
        .into());
    }
    let script = Script::new(&equipemed.prefix, &equipemed.columns);
    let role = role_of(&equipemed.url).unwrap_or_default();
    if print {
        output::text(script.whole(&role).trim_end());
        return Ok(Exit::Done);
    }
    let administrator = administrator("install-triggers")?;
    Script::run(script.install(), &administrator, &equipemed.url).await?;
    output::text("EquipeMed's database tells who changed from now on; a running service notices within seconds.");
    match script.missing_grants(&administrator, &equipemed.url).await? {
        Some(missing) if missing.is_empty() => {}
        Some(missing) => output::text(&format!(
            "The role {role} may not read {} yet. The grants are at the top of: equipemed-bot directory install-triggers --print",
            shortly(&missing)
        )),
        None => output::text(&format!(
            "There is no role {role} yet. How to make it is at the top of: equipemed-bot directory install-triggers --print"
        )),
    }
    Ok(Exit::Done)
}

/// Removes the triggers.
pub(super) async fn uninstall(config: &Path, print: bool) -> anyhow::Result<Exit> {
    if print {
        output::text(Script::uninstall().trim_end());
        return Ok(Exit::Done);
    }
    let equipemed = equipemed(config)?;
    Script::run(Script::uninstall(), &administrator("uninstall-triggers")?, &equipemed.url).await?;
    output::text(
        "EquipeMed's database tells nothing any more; a running service compares everybody instead. The grants of the reading role are still there.",
    );
    Ok(Exit::Done)
}

/// The first few names, and the number of the rest.
fn shortly(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let first = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more columns"),
    }
}

fn equipemed(config: &Path) -> anyhow::Result<EquipemedSettings> {
    match connect::settings(config)?.directory.source {
        DirectorySource::Equipemed(equipemed) => Ok(equipemed),
        DirectorySource::Roster { .. } => {
            Err(UsageError("directory.source is roster: there is no database to put triggers into".to_owned()).into())
        }
    }
}

fn administrator(command: &str) -> anyhow::Result<SecretString> {
    if let Ok(url) = std::env::var(ADMINISTRATOR) {
        return Ok(url.into());
    }
    if let Some(file) = std::env::var_os(ADMINISTRATOR_FILE) {
        let url = std::fs::read_to_string(&file).with_context(|| {
            format!("{ADMINISTRATOR_FILE} names {}, which cannot be read", Path::new(&file).display())
        })?;
        return Ok(url.trim().to_owned().into());
    }
    Err(UsageError(format!(
        "set {ADMINISTRATOR} (or {ADMINISTRATOR_FILE}) to the address of an administrator of EquipeMed's database, such as postgres://postgres:…@db.hospital.example/equipemed; or `directory {command} --print` for somebody else to carry it out"
    ))
    .into())
}
