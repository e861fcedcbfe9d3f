//! `config check`.

use std::path::Path;

use equipemed_domain::default_level::{Proposal, proposals};

use super::{Exit, connect, output};

/// Reads and checks everything the configuration names.
pub(super) fn check(config: &Path) -> anyhow::Result<Exit> {
    let settings = connect::settings(config)?;
    output::text(&format!("{}\n\n{} is valid.", settings.summary().trim_end(), config.display()));
    for Proposal { room, level } in proposals(&settings.policy) {
        output::text(&format!(
            "rooms.{room}: everybody there stands at {level} at least. With `default_level: {level}` in place of a level for each the room can have any number of people; so it is full at some 1,300."
        ));
    }
    Ok(Exit::Done)
}
