//! Parses the benchmark's command line by hand, because it has only five options.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};

/// Text of `--help`.
pub(crate) const HELP: &str = "\
cargo xtask bench [OPTIONS]

  --quick       20 people and 2 rooms, in about a minute: shows that the benchmark works, its numbers mean little
  --only NAME   first, again, wide, memory, talk, many, flood, live, pure or ways; may be repeated. `ways` runs only when it is named,
                and `pure` alone needs neither the service nor a Synapse
  --people N    for first, again, talk, flood, live, pure and ways, in place of 200, 200, 50, 50, 5000, 10000 and 100
  --rounds N    how often the first sync is measured against the best bare client after the search for it (default 1), and how
                often things are said in talk, flood and live, or planned in pure (default 40, 60, 100 and 20)
  --json FILE   writes the numbers there, too
  --bot FILE    the binary to measure (default: equipemed-bot beside this program)
  --strict      exit code 1 when a target is missed";

/// A measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// The first sync, compared with a bare client.
    First,
    /// A sync without changes, a dry run, and the loop that always writes everything.
    Again,
    /// A sync without changes with many people and rooms.
    Wide,
    /// Memory of the running service.
    Memory,
    /// Latency for people who talk to the bot.
    Talk,
    /// The redaction of many messages by one command.
    Many,
    /// The same as `talk` during heavy traffic in other rooms.
    Flood,
    /// Latency from a change in EquipeMed's database to its effect.
    Live,
    /// The pure part of a pass over a large hospital.
    Pure,
    /// What memberships cost Synapse with different methods.
    Ways,
}

impl Scenario {
    const ALL: [Self; 10] = [
        Self::First,
        Self::Again,
        Self::Wide,
        Self::Memory,
        Self::Talk,
        Self::Many,
        Self::Flood,
        Self::Live,
        Self::Pure,
        Self::Ways,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Again => "again",
            Self::Wide => "wide",
            Self::Memory => "memory",
            Self::Talk => "talk",
            Self::Many => "many",
            Self::Flood => "flood",
            Self::Live => "live",
            Self::Pure => "pure",
            Self::Ways => "ways",
        }
    }
}

/// The parsed options.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) quick: bool,
    pub(crate) people: Option<usize>,
    pub(crate) rounds: Option<usize>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) bot: PathBuf,
    pub(crate) strict: bool,
}

impl Arguments {
    /// None when help was requested.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> anyhow::Result<Option<Self>> {
        let mut all = Self {
            scenarios: Vec::new(),
            quick: false,
            people: None,
            rounds: None,
            json: None,
            bot: std::env::current_exe()?.with_file_name("equipemed-bot"),
            strict: false,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word.as_str() {
                "--quick" => all.quick = true,
                "--strict" => all.strict = true,
                "--only" => all.scenarios.push(scenario(&value()?)?),
                "--people" => all.people = Some(value()?.parse().context("--people needs a number")?),
                "--rounds" => all.rounds = Some(value()?.parse().context("--rounds needs a number")?),
                "--json" => all.json = Some(value()?.into()),
                "--bot" => all.bot = value()?.into(),
                "-h" | "--help" => return Ok(None),
                other => bail!("unknown option {other}"),
            }
        }
        if all.scenarios.is_empty() {
            all.scenarios = Scenario::ALL.to_vec();
            all.scenarios.retain(|scenario| *scenario != Scenario::Ways && !(all.quick && *scenario == Scenario::Wide));
        }
        if all.scenarios != [Scenario::Pure] && !all.bot.is_file() {
            bail!("{} is missing: cargo build --release --bin equipemed-bot", all.bot.display());
        }
        Ok(Some(all))
    }

    /// `full`, or `quick` in a quick run.
    pub(crate) fn size(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// Number of people, unless given: `full`, or `quick` in a quick run.
    pub(crate) fn people(&self, full: usize, quick: usize) -> usize {
        self.people.unwrap_or(self.size(full, quick))
    }

    /// Time limit for one measurement.
    pub(crate) fn within(&self) -> Duration {
        Duration::from_secs(if self.quick { 120 } else { 1200 })
    }
}

fn scenario(name: &str) -> anyhow::Result<Scenario> {
    let found = Scenario::ALL.into_iter().find(|scenario| scenario.name() == name);
    found.with_context(|| {
        format!("--only {name}: there is first, again, wide, memory, talk, many, flood, live, pure and ways")
    })
}
