//! `config check`.

use std::path::Path;

use super::{Exit, connect, output};

/// Reads and checks everything the configuration names.
pub(super) fn check(config: &Path) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    output::text(&format!("{}\n\n{} is valid.", settings.summary().trim_end(), config.display()));
    Ok(Exit::Done)
}
