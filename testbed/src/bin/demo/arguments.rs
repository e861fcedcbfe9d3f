//! Parses the demo's command line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The parsed options.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) task: Task,
    pub(crate) root: PathBuf,
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// Run until stopped.
    Stay,
    /// Check the result and end.
    Once,
    /// Send a message in a demo that runs in another terminal.
    Say(Words),
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) text: String,
    /// The sender.
    pub(crate) name: String,
    /// Key of the room.
    pub(crate) room: String,
    /// The event to reply to, or `last`.
    pub(crate) reply: Option<String>,
}

/// An EquipeMed superuser in the example roster, to whom the example configuration gives all rights.
pub(crate) const ADMINISTRATOR: &str = "joao.pereira";

impl Arguments {
    pub(crate) fn parse(given: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut arguments = Self {
            task: Task::Stay,
            binary: root.join("target/debug/equipemed-bot"),
            folder: root.join("target/demo"),
            root,
        };
        let mut given = given;
        while let Some(argument) = given.next() {
            let path = |given: &mut dyn Iterator<Item = String>| {
                given.next().map(PathBuf::from).with_context(|| format!("{argument} wants a path"))
            };
            match argument.as_str() {
                "--once" => arguments.task = Task::Once,
                "--root" => arguments.root = path(&mut given)?,
                "--binary" => arguments.binary = path(&mut given)?,
                "--folder" => arguments.folder = path(&mut given)?,
                "say" => {
                    arguments.task = Task::Say(Words::parse(&mut given)?);
                    break;
                }
                other => bail!("{other:?} is none of --once, --root PATH, --binary PATH, --folder PATH, say"),
            }
        }
        Ok(arguments)
    }
}

impl Words {
    fn parse(given: &mut dyn Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut words =
            Self { text: String::new(), name: ADMINISTRATOR.to_owned(), room: "control".to_owned(), reply: None };
        while let Some(argument) = given.next() {
            let mut value = || given.next().with_context(|| format!("{argument} wants a value"));
            match argument.as_str() {
                "--as" => words.name = value()?,
                "--in" => words.room = value()?,
                "--reply" => words.reply = Some(value()?),
                _ if words.text.is_empty() => words.text = argument,
                other => {
                    bail!("{other:?} is one too much: put what is said in single quotes, as in say '!sync --dry-run'")
                }
            }
        }
        anyhow::ensure!(!words.text.is_empty(), "say what? Such as: say '!status'");
        Ok(words)
    }
}
