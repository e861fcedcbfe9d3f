//! The demo's copy of the shipped roster, edited as an operator would.
//!
//! Parses the few fields it needs without sharing code with the service, so that it detects parsing mistakes there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// EquipeMed ids of people to whom the example gives an account.
const WITH_ACCOUNT: [&str; 16] =
    ["1", "2", "3", "4", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "25"];

/// A person of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) username: String,
    /// Localpart of the account on Synapse, if all is well.
    pub(crate) localpart: String,
    pub(crate) full_name: String,
    pub(crate) public_id: String,
    pub(crate) has_account: bool,
}

/// The roster file in the demo's folder.
#[derive(Debug)]
pub(crate) struct Roster {
    path: PathBuf,
    original: String,
}

impl Roster {
    /// Copies the shipped file.
    pub(crate) fn copy(shipped: &Path, path: PathBuf) -> anyhow::Result<Self> {
        let original = fs::read_to_string(shipped).with_context(|| format!("cannot read {}", shipped.display()))?;
        fs::write(&path, &original).context("cannot write the roster")?;
        Ok(Self { path, original })
    }

    /// Everybody in the shipped file.
    pub(crate) fn people(&self) -> anyhow::Result<Vec<Person>> {
        self.original.split("\n  - id: ").skip(1).map(person).collect()
    }

    /// Writes the file with another status for one person.
    pub(crate) fn set_status(&self, username: &str, status: &str) -> anyhow::Result<()> {
        let line = format!("    username: {username}\n");
        let edited = self.original.replacen(&line, &format!("{line}    account_status: {status}\n"), 1);
        anyhow::ensure!(edited != self.original, "the roster has no {username}");
        self.write(&edited)
    }

    /// Writes the original file.
    pub(crate) fn restore(&self) -> anyhow::Result<()> {
        self.write(&self.original)
    }

    /// Replaces the file by renaming, so that the service never reads half of it.
    fn write(&self, text: &str) -> anyhow::Result<()> {
        let draft = self.path.with_extension("new");
        fs::write(&draft, text).and_then(|()| fs::rename(&draft, &self.path)).context("cannot write the roster")
    }
}

fn person(block: &str) -> anyhow::Result<Person> {
    let (id, rest) = block.split_once('\n').context("a person of the roster has an id only")?;
    let fields: BTreeMap<&str, &str> = rest
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_once(": "))
        .map(|(key, value)| (key, value.trim_matches('"')))
        .collect();
    let field = |name: &str| fields.get(name).copied().unwrap_or_default();
    let username = field("username").to_owned();
    let wished = field("matrix_localpart");
    Ok(Person {
        localpart: if wished.is_empty() { username.clone() } else { wished.to_owned() },
        username,
        full_name: format!("{} {}", field("first_name"), field("last_name")),
        public_id: field("public_id").to_owned(),
        has_account: WITH_ACCOUNT.contains(&id.trim()),
    })
}
