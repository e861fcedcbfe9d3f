//! What was written once and is the operator's: whether it still fits the answers.

use serde_yaml::Value;

use super::pieces::BOT_CONFIG;
use super::render::File;
use super::{Disk, Set};

/// The backup's configuration to begin with.
const BACKUP: &str = "backup/backup.ini";

/// Settings of the bot that follow from the answers.
const SETTINGS: &[&str] = &[
    "homeserver.url",
    "homeserver.server_name",
    "appservice.listen",
    "database.url",
    "users.identity_provider",
    "users.break_glass",
];

/// Settings of the backup that do.
const OPTIONS: &[&str] = &["database", "passfile", "media", "sqlite", "program"];

/// Something that no longer fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The file.
    pub file: &'static str,
    /// What in it should be what.
    pub what: String,
}

/// What no longer fits.
///
/// # Errors
/// A file cannot be read.
pub fn stale(disk: &Disk, set: &Set) -> anyhow::Result<Vec<Stale>> {
    let mut all = Vec::new();
    if let Some(text) = disk.read(BOT_CONFIG)? {
        all.extend(of_the_bot(&text, set)?.into_iter().map(|what| Stale { file: BOT_CONFIG, what }));
    }
    if let Some(text) = disk.read(BACKUP)? {
        all.extend(of_the_backup(&text, set)?.into_iter().map(|what| Stale { file: BACKUP, what }));
    }
    Ok(all)
}

fn of_the_bot(text: &str, set: &Set) -> anyhow::Result<Vec<String>> {
    // What is no YAML, `config check` says better.
    let Ok(own) = serde_yaml::from_str::<Value>(text) else { return Ok(Vec::new()) };
    let wanted: Value = serde_yaml::from_str(&File::BotConfig.text(set)?)?;
    let at = |value: &Value, path: &str| {
        let found = path.split('.').try_fold(value, |value, key| value.get(key));
        found.and_then(Value::as_str).map(str::to_owned)
    };
    let mut all = Vec::new();
    for setting in SETTINGS {
        let (own, wanted) = (at(&own, setting), at(&wanted, setting));
        // The store may be PostgreSQL, whose address is nobody's to show.
        let is_elsewhere = *setting == "database.url" && !own.as_ref().is_some_and(|url| url.starts_with("sqlite:"));
        if own == wanted || is_elsewhere {
            continue;
        }
        all.push(match wanted {
            Some(wanted) => format!("{setting} is not {wanted}, which follows from deploy.yaml"),
            None => format!("{setting} is set, and by deploy.yaml there is none"),
        });
    }
    Ok(all)
}

fn of_the_backup(text: &str, set: &Set) -> anyhow::Result<Vec<String>> {
    let lines = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    let (own, wanted) = (lines(text), lines(&File::Backup.text(set)?));
    let is_option = |line: &String| line.split_once(" = ").is_some_and(|(key, _)| OPTIONS.contains(&key));
    let mut missing: Vec<_> = wanted.iter().filter(|line| is_option(line) && !own.contains(line)).cloned().collect();
    if !own.contains(&set.signing_key_on_machine) {
        missing.push(set.signing_key_on_machine.clone());
    }
    Ok(missing.into_iter().map(|line| format!("has no line `{line}`, which follows from deploy.yaml")).collect())
}
