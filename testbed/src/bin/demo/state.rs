//! How a demo that is up is found from another terminal: a small file in its folder, there as long as it runs.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use equipemed_testbed::Client;
use serde::{Deserialize, Serialize};

/// What one needs to know to take part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    /// The homeserver's address.
    pub(crate) url: String,
    /// Of everybody.
    pub(crate) password: String,
    /// Names to sign in with.
    pub(crate) people: Vec<String>,
    /// The bot's Matrix id.
    pub(crate) bot: String,
    /// The control room's id.
    pub(crate) control_room: String,
}

/// The file; dropping it removes it.
#[derive(Debug)]
pub(crate) struct Mark(PathBuf);

impl State {
    /// Leaves the file for others. For nobody else's eyes, as the password is in it.
    pub(crate) fn leave(&self, folder: &Path) -> anyhow::Result<Mark> {
        let path = path(folder);
        let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&path)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes()).context("cannot write the demo's state")?;
        Ok(Mark(path))
    }

    /// The demo that is running now; None when none is. A file without a server behind it was left by one that was killed.
    pub(crate) async fn find(folder: &Path) -> anyhow::Result<Option<Self>> {
        let Ok(text) = fs::read_to_string(path(folder)) else { return Ok(None) };
        let state: Self = serde_json::from_str(&text).context("the demo's state makes no sense")?;
        let answers = Client::new(&state.url, "", "")?.get("/_matrix/client/versions").await;
        Ok(answers.is_ok_and(|(status, _)| status == 200).then_some(state))
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("running.json")
}
