//! A small file by which other terminals find a running demo.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use equipemed_testbed::Client;
use serde::{Deserialize, Serialize};

/// What another terminal needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    /// The homeserver's address.
    pub(crate) url: String,
    /// Password of all people.
    pub(crate) password: String,
    /// Localparts to sign in with.
    pub(crate) people: Vec<String>,
    /// The bot's Matrix id.
    pub(crate) bot: String,
    /// The control room's id.
    pub(crate) control_room: String,
}

/// The file; dropping this removes it.
#[derive(Debug)]
pub(crate) struct Mark(PathBuf);

impl State {
    /// Writes the file, readable only by its owner because it contains the password.
    pub(crate) fn leave(&self, folder: &Path) -> anyhow::Result<Mark> {
        let path = path(folder);
        let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&path)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes()).context("cannot write the demo's state")?;
        Ok(Mark(path))
    }

    /// The running demo, if any. A file without a running server was left by a killed demo.
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
