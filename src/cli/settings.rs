//! `config check`.

use std::path::Path;

use anyhow::Context as _;
use equipemed_domain::default_level::{Proposal, proposals};
use equipemed_domain::naming::unknown_names;
use equipemed_domain::render::Words as _;

use super::{Exit, connect, output};
use crate::config::settings::DirectorySource;
use crate::directory::Source;

/// Reads and checks everything that the configuration names.
pub(super) async fn check(config: &Path) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    output::text(&format!("{}\n\n{} is valid.", settings.summary().trim_end(), config.display()));
    for Proposal { room, level } in proposals(&settings.policy) {
        output::text(&format!(
            "rooms.{room}: everybody there stands at {level} at least. With `default_level: {level}` in place of a level for each the room can have any number of people; so it is full at some 1,300."
        ));
    }
    if let DirectorySource::Roster { file } = &settings.directory.source {
        std::fs::metadata(file).with_context(|| format!("directory.roster: {} cannot be read", file.display()))?;
    }
    // `doctor` reports whether EquipeMed can be read.
    if let Ok(source) = Source::open(&settings.directory)
        && let Ok(directory) = source.read().await
    {
        for finding in unknown_names(&settings.policy, &directory) {
            output::text(&output::English::new().finding(&finding));
        }
    }
    Ok(Exit::Done)
}
