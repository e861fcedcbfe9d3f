//! A hospital to measure: a fresh Synapse, a roster, a configuration, and the bot set up as an operator would.
//!
//! Two configurations share one database: directly to Synapse for timing, through the proxy for counting.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use equipemed_testbed::registration::Wanted;
use equipemed_testbed::synapse::Options;
use equipemed_testbed::{Client, Folder, LOOPBACK, Proxy, Registration, Synapse, free_port};
use serde_json::{Value, json};

use crate::bot::{self, Ran};

/// The homeserver's name.
pub(crate) const SERVER: &str = "hospital.example";
/// Synapse's name of the identity provider.
pub(crate) const PROVIDER: &str = "oidc-equipemed";

const FIRST: [&str; 10] = ["Ana", "Bruno", "Carla", "Davi", "Elisa", "Fábio", "Gabriela", "Heitor", "Inês", "João"];
const LAST: [&str; 10] =
    ["Almeida", "Barbosa", "Cardoso", "Duarte", "Esteves", "Ferreira", "Gonçalves", "Lima", "Moreira", "Nogueira"];
/// Professions with their levels.
const PROFESSIONS: [(&str, i64); 5] =
    [("medical_doctor", 25), ("resident", 10), ("nurse", 0), ("physiotherapist", 0), ("student", 0)];
/// Every person whose number is divisible by this is a lead with this level.
const LEAD: (usize, i64) = (10, 50);

/// Members of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Members {
    /// Everybody.
    All,
    /// Every n-th person, starting with the i-th.
    Each { nth: usize, from: usize },
}

impl Members {
    pub(crate) fn has(self, person: usize) -> bool {
        match self {
            Self::All => true,
            Self::Each { nth, from } => person % nth == from,
        }
    }
}

/// Size of the hospital.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) people: usize,
    pub(crate) rooms: Vec<Members>,
    /// Whether the first person has all rights, to talk to the bot.
    pub(crate) has_chief: bool,
}

impl Plan {
    /// Everybody in every room.
    pub(crate) fn everywhere(people: usize, rooms: usize) -> Self {
        Self { people, rooms: vec![Members::All; rooms], has_chief: false }
    }

    pub(crate) fn memberships(&self) -> usize {
        self.rooms.iter().map(|room| (0..self.people).filter(|person| room.has(*person)).count()).sum()
    }
}

/// A person's Matrix name.
pub(crate) fn localpart(person: usize) -> String {
    format!("pessoa{person:04}")
}

/// A person's display name.
pub(crate) fn full_name(person: usize) -> String {
    let pick = |names: [&'static str; 10], at: usize| names.get(at % names.len()).copied().unwrap_or_default();
    format!("{} {} {}", pick(FIRST, person), pick(LAST, person / 10), pick(LAST, person / 100 + person))
}

/// A person's id at the identity provider.
pub(crate) fn public_id(person: usize) -> String {
    format!("5a6d1c2e-0000-4000-8000-{person:012x}")
}

/// A person's level in rooms.
pub(crate) fn level(person: usize) -> i64 {
    let lead = if person.is_multiple_of(LEAD.0) { LEAD.1 } else { 0 };
    PROFESSIONS.get(person % PROFESSIONS.len()).map_or(0, |(_, level)| *level).max(lead)
}

/// A room's key.
pub(crate) fn room_key(room: usize) -> String {
    format!("sala{room:02}")
}

/// A room's name.
pub(crate) fn room_name(room: usize) -> String {
    format!("Equipe {room:02}")
}

/// One hospital.
pub(crate) struct World {
    // Before the folder, because it reads files there.
    pub(crate) synapse: Synapse,
    pub(crate) proxy: Proxy,
    pub(crate) plan: Plan,
    registration: Registration,
    folder: Folder,
    program: PathBuf,
}

impl World {
    /// Starts a Synapse, writes the files and runs `setup`.
    pub(crate) async fn start(program: &Path, plan: Plan) -> anyhow::Result<Self> {
        Self::start_with(program, plan, Options::default()).await
    }

    /// The same with other Synapse options.
    pub(crate) async fn start_with(program: &Path, plan: Plan, options: Options) -> anyhow::Result<Self> {
        let folder = Folder::new("bench")?;
        let listen = free_port()?;
        let wanted = Wanted {
            id: "equipemed-bot",
            bot: "equipemed_bot",
            alias_prefix: "equipemed_",
            url: Some(format!("http://{LOOPBACK}:{listen}")),
            server_name: SERVER,
        };
        let registration = Registration::write_wanted(folder.path(), wanted)?;
        let options = Options { registrations: vec![registration.path.clone()], ..options };
        let synapse = Synapse::start(options).await?;
        let proxy = Proxy::start(&synapse.url()).await?;
        let world = Self { synapse, proxy, plan, registration, folder, program: program.to_owned() };
        for (file, url) in [("direct.yaml", world.synapse.url()), ("counted.yaml", world.proxy.url())] {
            world.write(file, &serde_json::to_string_pretty(&world.config(&url, listen))?)?;
        }
        world.write("roster.yaml", &roster(&world.plan)?)?;
        let secret = [("SYNAPSE_REGISTRATION_SHARED_SECRET", world.synapse.shared_secret())];
        bot::run(&world.program, &world.direct(), &["setup"], &secret, Duration::from_secs(120)).await?;
        Ok(world)
    }

    /// The configuration that connects directly to Synapse.
    pub(crate) fn direct(&self) -> PathBuf {
        self.path("direct.yaml")
    }

    /// A file in the hospital's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A bare client with the bot's token.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.synapse.url(), &self.synapse.user_id("equipemed_bot"), &self.registration.as_token)
    }

    /// A client for the running service, with Synapse's token.
    pub(crate) fn to_service(&self) -> anyhow::Result<Client> {
        let url = self.registration.url.as_deref().context("the service has no address")?;
        Client::new(url, "", &self.registration.hs_token)
    }

    /// Runs the binary directly against Synapse; also returns Synapse's processor time.
    pub(crate) async fn run(&self, words: &[&str], within: Duration) -> anyhow::Result<(Ran, f64)> {
        let before = self.synapse.cpu_seconds()?;
        let ran = bot::run(&self.program, &self.direct(), words, &[], within).await?;
        Ok((ran, self.synapse.cpu_seconds()? - before))
    }

    /// Runs the binary through the proxy; counts requests and writes.
    pub(crate) async fn count(&self, words: &[&str], within: Duration) -> anyhow::Result<(usize, usize)> {
        self.proxy.take_recorded();
        bot::run(&self.program, &self.path("counted.yaml"), words, &[], within).await?;
        let recorded = self.proxy.take_recorded();
        Ok((recorded.len(), recorded.iter().filter(|request| request.writes()).count()))
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        std::fs::write(self.path(name), text).with_context(|| format!("cannot write {name}"))
    }

    /// The configuration as JSON, which is valid YAML.
    fn config(&self, url: &str, listen: u16) -> Value {
        let mut roles: serde_json::Map<String, Value> = PROFESSIONS
            .iter()
            .filter(|(_, level)| *level != 0)
            .map(|(name, level)| ((*name).to_owned(), json!({"when": {"profession": name}, "level": level})))
            .collect();
        roles.insert("lead".to_owned(), json!({"when": {"group": "Lideres"}, "level": LEAD.1, "rights": ["redact"]}));
        if self.plan.has_chief {
            let chief = json!({"when": {"user": localpart(0)}, "level": 100, "rights": ["all"]});
            roles.insert("chief".to_owned(), chief);
        }
        let rooms: serde_json::Map<String, Value> = self
            .plan
            .rooms
            .iter()
            .enumerate()
            .map(|(room, members)| {
                let who = match members {
                    Members::All => json!({"any": true}),
                    Members::Each { nth, from } => json!({"group": group(*nth, *from)}),
                };
                (room_key(room), json!({"name": room_name(room), "members": who}))
            })
            .collect();
        json!({
            "mode": "enforce",
            "homeserver": {"url": url, "server_name": SERVER},
            "appservice": {"registration": self.registration.path, "listen": format!("{LOOPBACK}:{listen}")},
            "database": {"url": "sqlite://bench.db"},
            "directory": {"source": "roster", "roster": "roster.yaml"},
            "users": {"identity_provider": PROVIDER},
            "roles": roles,
            "rooms": rooms,
        })
    }
}

fn group(nth: usize, from: usize) -> String {
    format!("Ala {from:02} de {nth:02}")
}

fn roster(plan: &Plan) -> anyhow::Result<String> {
    let mut text = "people:\n".to_owned();
    for person in 0..plan.people {
        let name = full_name(person);
        let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
        let profession = PROFESSIONS.get(person % PROFESSIONS.len()).map_or("", |(name, _)| name);
        let user = localpart(person);
        let mut groups: Vec<String> = plan
            .rooms
            .iter()
            .filter(|room| room.has(person))
            .filter_map(|room| match room {
                Members::All => None,
                Members::Each { nth, from } => Some(group(*nth, *from)),
            })
            .collect();
        if person.is_multiple_of(LEAD.0) {
            groups.push("Lideres".to_owned());
        }
        write!(
            text,
            "  - id: {id}\n    public_id: {public_id}\n    username: {user}\n    first_name: {first}\n    last_name: {last}\n    \
             email: {user}@hospital.example\n    profession: {profession}\n    groups: {groups}\n    specialties: [Cardiologia]\n",
            id = person + 1,
            public_id = public_id(person),
            groups = serde_json::to_string(&groups)?,
        )?;
    }
    Ok(text)
}
