//! The files of a set that hold no secret: where each lies, and what it says.

use anyhow::Context as _;

use super::render::File;
use super::{Answers, Set};

/// Answers, in the folder of a set.
pub const ANSWERS: &str = "deploy.yaml";

/// Synapse's settings, in the folder of a set.
pub const HOMESERVER: &str = "synapse/homeserver.yaml";

/// The policy module.
pub const MODULE: &str = "synapse/equipemed_policy.py";

/// The bot's configuration.
pub const BOT_CONFIG: &str = "bot/config.yaml";

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Path in the folder of the set.
    pub path: &'static str,
    /// What it says.
    pub text: String,
    /// Written once; the operator's from then on.
    pub is_begun: bool,
}

/// All files of a set.
///
/// # Errors
/// None that is known.
pub fn pieces(answers: &Answers, set: &Set) -> anyhow::Result<Vec<Piece>> {
    let made = |path, text| Piece { path, text, is_begun: false };
    let mut all = vec![
        made(ANSWERS, answers.to_yaml().context("the answers cannot be written as YAML")?),
        made(MODULE, include_str!("../../deploy/synapse/equipemed_policy.py").to_owned()),
        made("synapse/equipemed_log.py", include_str!("../../deploy/synapse/equipemed_log.py").to_owned()),
    ];
    all.extend(as_they_are(set).into_iter().map(|(path, text)| made(path, text.to_owned())));
    for (path, file) in files(set) {
        let text = file.text(set).with_context(|| format!("{path} cannot be made"))?;
        all.push(Piece { path, text, is_begun: matches!(file, File::BotConfig | File::Backup) });
    }
    let text = include_str!("../../deploy/synapse/own.yaml").to_owned();
    all.push(Piece { path: "synapse/setup/own.yaml", text, is_begun: true });
    all.sort_by_key(|piece| piece.path);
    Ok(all)
}

/// What is the same for every set: the form of nginx's log, alarm, backup, and their units.
fn as_they_are(set: &Set) -> Vec<(&'static str, &'static str)> {
    macro_rules! unit {
        ($name:literal) => {
            (concat!("systemd/", $name), include_str!(concat!("../../deploy/systemd/", $name)))
        };
    }
    let mut all = vec![
        ("nginx/00-log.conf", include_str!("../../deploy/nginx/00-log.conf")),
        ("alarm/equipemed-bot-alarm", include_str!("../../deploy/systemd/equipemed-bot-alarm")),
        ("alarm/alarm.conf.example", include_str!("../../deploy/systemd/alarm.conf.example")),
        ("backup/equipemed-backup", include_str!("../../deploy/backup/equipemed-backup")),
        unit!("equipemed-backup.service"),
        unit!("equipemed-backup.timer"),
        unit!("equipemed-backup-hourly.service"),
        unit!("equipemed-backup-hourly.timer"),
        unit!("equipemed-bot-health.timer"),
    ];
    if !set.is_containers {
        all.extend([unit!("equipemed-bot-health.service"), unit!("equipemed-bot-alarm@.service")]);
    }
    all
}

fn files(set: &Set) -> Vec<(&'static str, File)> {
    let mut files = vec![
        (HOMESERVER, File::Homeserver),
        ("synapse/log.yaml", File::SynapseLog),
        ("nginx/matrix.conf", File::NginxMatrix),
        ("nginx/internal.conf", File::NginxInternal),
        ("element/config.json", File::Element),
        (BOT_CONFIG, File::BotConfig),
        ("backup/backup.ini", File::Backup),
        ("postgres/roles.sql", File::Roles),
    ];
    match set.is_containers {
        true => {
            files.push(("compose.yaml", File::Compose));
            files.push(("compose.equipemed.yaml", File::ComposeEquipemed));
            files.push(("nginx/appservice.conf", File::Appservice));
            files.push(("systemd/equipemed-bot-health.service", File::HealthUnit));
            files.push(("systemd/equipemed-bot-alarm@.service", File::AlarmUnit));
        }
        false => {
            files.push(("systemd/equipemed-synapse.service", File::SynapseUnit));
            files.push(("systemd/equipemed-bot.service", File::BotUnit));
        }
    }
    files
}
