//! `cargo xtask texts`: the pages of what the bot says, for reading, and their snapshots.
//!
//! A test writes them, because only the library knows how a text is shown, and the tests are built anyway.

use crate::run::{self, Failure, say};
use crate::workspace::Workspace;

/// Writes the pages and compares them with the snapshots, or accepts them.
pub(crate) fn pages(accept: bool) -> Result<(), Failure> {
    let workspace = Workspace::find()?;
    let folder = workspace.target().join("texts");
    // As for all tests, so that nothing is built twice.
    let mut command = workspace.cargo(&["test", "--workspace", "--test", "it", "--", "texts::"]);
    command.env("EQUIPEMED_TEXTS", &folder).env("INSTA_UPDATE", if accept { "always" } else { "no" });
    let ended = run::step("write the texts", &mut command);
    for page in ["pt-BR.md", "en.md"].map(|name| folder.join(name)).iter().filter(|page| page.is_file()) {
        say(&format!("xtask texts: {}", page.display()));
    }
    let changed =
        "a text has changed, or cannot be shown (see above). If it was read and is right: cargo xtask texts --accept";
    ended.map(|_| ()).map_err(|Failure(why)| Failure(format!("{changed} ({why})")))
}
