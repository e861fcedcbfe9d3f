//! The shipped roster as the demo needs it: who is in it, and the file edited as an operator would.
//!
//! Reads the few fields it compares from the text and shares no code with the service, so that a roster misread there is seen
//! here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// People of the shipped roster, by EquipeMed id, whom the example configuration gives an account.
const WITH_ACCOUNT: [&str; 16] =
    ["1", "2", "3", "4", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "25"];

/// A person of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) username: String,
    /// The account's name on Synapse, when all is well.
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

    /// Writes the file with this status for one person.
    pub(crate) fn set_status(&self, username: &str, status: &str) -> anyhow::Result<()> {
        let line = format!("    username: {username}\n");
        let edited = self.original.replacen(&line, &format!("{line}    account_status: {status}\n"), 1);
        anyhow::ensure!(edited != self.original, "the roster has no {username}");
        self.write(&edited)
    }

    /// Writes the file as it was shipped.
    pub(crate) fn restore(&self) -> anyhow::Result<()> {
        self.write(&self.original)
    }

    /// By renaming, as a careful export does: the running service must never read half a file.
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
