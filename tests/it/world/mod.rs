//! A whole hospital: people, rooms, a real Synapse behind a fault proxy, and the real program as a process.
//!
//! Every test ends with [`Hospital::finish`], which checks all requests against the closed list of endpoints, and that
//! every intent in the audit has an outcome.

mod accounts;
mod adopt;
mod again;
mod alarm;
mod authority;
mod away;
mod bans;
mod belonging;
mod brakes;
mod brought;
mod by_hand;
mod changed;
mod clients;
mod commands;
mod confirm;
mod day;
mod endurance;
mod equipemed;
mod explained;
mod first;
mod full_levels;
mod given_over;
mod halted;
mod holds;
mod import;
mod inventory;
mod kills;
mod late;
mod mass;
mod media;
mod misread;
mod observe;
mod outage;
mod people;
mod portuguese;
pub(crate) mod process;
mod quiet;
mod record;
mod released;
mod replaced;
mod replicas;
mod reports;
mod results;
mod rights;
mod rooms;
mod seats;
mod serve;
mod servers;
mod setting_up;
mod signed_out;
mod standing;
mod strangers;
mod sums;
mod talk;
mod together;
mod versions;
mod warm;
mod wire;
mod wrong;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use equipemed_bot::homeserver::Endpoint;
use equipemed_bot::store::{AuditEntry, AuditFilter, Store};
use equipemed_domain::key::RoomKey;
use equipemed_testbed::proxy::Recorded;
use equipemed_testbed::synapse::Options;
use equipemed_testbed::{Client, Folder, Proxy, Synapse};
use process::{PATIENCE, Ran, Running};
use seats::Seat;
use serde_json::{Value, json};
use tokio::process::Command;

/// A person of the roster.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    id: usize,
    name: String,
    groups: Vec<String>,
    superuser: bool,
    status: &'static str,
    first_name: String,
    /// Roster fields that replace those derived from the name.
    also: Value,
}

/// A person in these groups.
pub(crate) fn person(name: &str, groups: &[&str]) -> Person {
    Person {
        id: 0,
        name: name.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        superuser: false,
        status: "active",
        first_name: name.to_owned(),
        also: Value::Null,
    }
}

/// An EquipeMed superuser, whom the tests' policy makes an administrator.
pub(crate) fn chief(name: &str) -> Person {
    Person { superuser: true, ..person(name, &[]) }
}

/// `count` people in these groups, named `prefix00` and so on.
pub(crate) fn crowd(prefix: &str, count: usize, groups: &[&str]) -> Vec<Person> {
    (0..count).map(|number| person(&format!("{prefix}{number:02}"), groups)).collect()
}

/// An event stored by the service.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) event_id: String,
    pub(crate) kind: String,
    pub(crate) sender: String,
    pub(crate) content: Option<String>,
    pub(crate) is_handled: bool,
}

/// A hospital.
pub(crate) struct Hospital {
    pub(crate) people: BTreeMap<String, Person>,
    /// The configuration; call [`Self::write_config`] after a change.
    pub(crate) config: Value,
    pub(crate) proxy: Proxy,
    /// The service's database, if not in its folder.
    pub(crate) database: Option<String>,
    seat: Seat,
    folder: Folder,
}

impl Hospital {
    /// On the shared Synapse, set up, in mode enforce.
    pub(crate) async fn new(people: Vec<Person>, rooms: Value) -> anyhow::Result<Self> {
        let hospital = Self::bare(seats::shared().await?, people, rooms).await?;
        hospital.setup().await?.ended(0);
        Ok(hospital)
    }

    /// On its own Synapse, which does not accept invitations for people.
    pub(crate) async fn alone(people: Vec<Person>, rooms: Value) -> anyhow::Result<Self> {
        let hospital = Self::bare(seats::own().await?, people, rooms).await?;
        hospital.setup().await?.ended(0);
        Ok(hospital)
    }

    /// On its own Synapse with these options.
    pub(crate) async fn on(options: Options, people: Vec<Person>, rooms: Value) -> anyhow::Result<Self> {
        let hospital = Self::bare(seats::own_with(options).await?, people, rooms).await?;
        hospital.setup().await?.ended(0);
        Ok(hospital)
    }

    /// Only files: the bot has no account yet.
    pub(crate) async fn unprepared(people: Vec<Person>, rooms: Value) -> anyhow::Result<Self> {
        Self::bare(seats::shared().await?, people, rooms).await
    }

    /// The same on its own Synapse.
    pub(crate) async fn unprepared_alone(people: Vec<Person>, rooms: Value) -> anyhow::Result<Self> {
        Self::bare(seats::own().await?, people, rooms).await
    }

    /// The localpart of the bot's account.
    pub(crate) fn bot_name(&self) -> &str {
        &self.seat.registration.bot
    }

    async fn bare(seat: Seat, people: Vec<Person>, rooms: Value) -> anyhow::Result<Self> {
        let proxy = Proxy::start(&seat.synapse.url()).await?;
        let config = json!({
            "mode": "enforce",
            "homeserver": {"url": proxy.url(), "server_name": seat.synapse.server_name()},
            "appservice": {"registration": seat.registration.path, "listen": format!("127.0.0.1:{}", seat.port)},
            "bot": {"display_name": "EquipeMed", "control_room": {"alias": format!("{}control", seat.alias_prefix), "name": "Controle"}},
            "directory": {"source": "roster", "roster": "roster.yaml", "interval": "off"},
            "users": {"who": {"any": true}, "localpart": ["username"], "display_name": "{full_name}", "identity_provider": "oidc-equipemed"},
            "roles": {
                "admin": {"when": {"superuser": true}, "level": 100, "rights": ["all"]},
                "lead": {"when": {"group": "Leads"}, "level": 50, "rights": ["redact", "kick"]},
            },
            "rooms": rooms,
            "telemetry": {"log": "text"},
        });
        let mut hospital =
            Self { people: BTreeMap::new(), config, proxy, database: None, seat, folder: Folder::new("hospital")? };
        for (index, person) in people.into_iter().enumerate() {
            let id = index + 1;
            hospital.people.insert(person.name.clone(), Person { id, ..person });
        }
        hospital.write_config()?;
        hospital.write_roster()?;
        Ok(hospital)
    }

    pub(crate) fn synapse(&self) -> &Synapse {
        &self.seat.synapse
    }

    pub(crate) fn port(&self) -> u16 {
        self.seat.port
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A valid localpart for an alias.
    pub(crate) fn alias(&self, name: &str) -> String {
        format!("{}{name}", self.seat.alias_prefix)
    }

    pub(crate) fn write_config(&self) -> anyhow::Result<()> {
        Ok(std::fs::write(self.path("config.yaml"), serde_json::to_string_pretty(&self.config)?)?)
    }

    /// Replaces the file atomically.
    pub(crate) fn write_roster(&self) -> anyhow::Result<()> {
        std::fs::write(self.path("roster.new"), self.roster())?;
        Ok(std::fs::rename(self.path("roster.new"), self.path("roster.yaml"))?)
    }

    /// The roster's text.
    pub(crate) fn roster(&self) -> String {
        let people: Vec<Value> = self.people.values().map(|person| self.entry(person)).collect();
        json!({"count": people.len(), "people": people}).to_string()
    }

    fn entry(&self, person: &Person) -> Value {
        let mut entry = json!({
            "id": person.id,
            "public_id": self.public_id(person),
            "username": self.username(&person.name),
            "first_name": person.first_name,
            "last_name": "Souza",
            "email": format!("{}@hospital.example", person.name),
            "groups": person.groups,
            "superuser": person.superuser,
            "account_status": person.status,
        });
        if let (Some(entry), Some(also)) = (entry.as_object_mut(), person.also.as_object()) {
            entry.extend(also.clone());
        }
        entry
    }

    /// Unique across hospitals, which share a server.
    fn public_id(&self, person: &Person) -> String {
        format!("{:08x}-0000-4000-8000-{:012x}", self.seat.port, person.id)
    }

    pub(crate) fn username(&self, name: &str) -> String {
        format!("{name}{}", self.seat.suffix)
    }

    pub(crate) fn user(&self, name: &str) -> String {
        self.synapse().user_id(&self.username(name))
    }

    /// A person to modify; call [`Self::write_roster`] after it.
    pub(crate) fn someone(&mut self, name: &str) -> &mut Person {
        assert!(self.people.contains_key(name), "{name} is not in the roster");
        self.people.entry(name.to_owned()).or_insert_with(|| person(name, &[]))
    }

    pub(crate) fn add(&mut self, person: Person) {
        let id = self.people.values().map(|person| person.id).max().unwrap_or_default() + 1;
        self.people.insert(person.name.clone(), Person { id, ..person });
    }

    /// The program with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_equipemed-bot"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> anyhow::Result<Running> {
        Running::start(self.command(arguments))
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> anyhow::Result<Ran> {
        self.start(arguments)?.end().await
    }

    pub(crate) async fn sync(&self, arguments: &[&str]) -> anyhow::Result<Ran> {
        self.run(&[&["sync"], arguments].concat()).await
    }

    pub(crate) async fn setup(&self) -> anyhow::Result<Ran> {
        self.set_up_with(&[]).await
    }

    pub(crate) async fn set_up_with(&self, arguments: &[&str]) -> anyhow::Result<Ran> {
        let administrator = Client::administrator(self.synapse()).await?;
        let mut command = self.command(&[&["setup"], arguments].concat());
        command.env("MATRIX_ADMIN_TOKEN", administrator.token());
        Running::start(command)?.end().await
    }

    /// A running service that has taken the lease.
    pub(crate) async fn serve(&self) -> anyhow::Result<Running> {
        let serving = self.start(&["serve"])?;
        serving.told("This process runs the full passes").await?;
        Ok(serving)
    }

    pub(crate) async fn store(&self) -> anyhow::Result<Store> {
        let file = || format!("sqlite://{}", self.path("equipemed-bot.db").display());
        Ok(Store::open(&self.database.clone().unwrap_or_else(file)).await?)
    }

    pub(crate) async fn audit(&self) -> anyhow::Result<Vec<AuditEntry>> {
        let store = self.store().await?;
        let entries = store.audit(&AuditFilter::default()).await?;
        store.close().await;
        Ok(entries)
    }

    /// Waits until the service has stored an event, and so all earlier ones.
    pub(crate) async fn taken(&self, event: &str) -> anyhow::Result<()> {
        until("the event in the inbox", || async {
            Ok(self.inbox().await?.iter().any(|row| row.event_id == event).then_some(()))
        })
        .await
    }

    /// The stored events in order, handled or not.
    pub(crate) async fn inbox(&self) -> anyhow::Result<Vec<Taken>> {
        use sqlx::{Connection as _, Row as _};
        let url = format!("sqlite://{}", self.path("equipemed-bot.db").display());
        let mut database = sqlx::SqliteConnection::connect(&url).await?;
        let rows = sqlx::query("select event_id, kind, sender, content, state from inbox order by seq")
            .fetch_all(&mut database)
            .await?;
        database.close().await?;
        let taken = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Taken {
                event_id: row.try_get("event_id")?,
                kind: row.try_get("kind")?,
                sender: row.try_get("sender")?,
                content: row.try_get("content")?,
                is_handled: row.try_get::<String, _>("state")? == "done",
            })
        };
        rows.iter().map(taken).collect()
    }

    /// As if the lease of a killed process had expired, which takes 12 seconds.
    pub(crate) async fn forget_leases(&self) -> anyhow::Result<()> {
        self.sql("delete from leases").await?;
        Ok(())
    }

    /// The id of a managed room.
    pub(crate) async fn room(&self, key: &str) -> anyhow::Result<String> {
        let store = self.store().await?;
        let rooms = store.rooms().await?;
        store.close().await;
        Ok(rooms.get(&RoomKey::new(key)).with_context(|| format!("room {key} is not bound"))?.to_string())
    }

    /// A plain client of the bot, bypassing the proxy.
    pub(crate) fn bot(&self) -> anyhow::Result<Client> {
        let synapse = self.synapse();
        Client::new(&synapse.url(), &synapse.user_id(&self.seat.registration.bot), &self.seat.registration.as_token)
    }

    /// A person's own client.
    pub(crate) async fn client(&self, name: &str) -> anyhow::Result<Client> {
        Client::create(self.synapse(), &self.username(name)).await
    }

    /// This hospital's people who are joined to a room.
    pub(crate) async fn members(&self, key: &str) -> anyhow::Result<Vec<String>> {
        self.with_membership(key, "join").await
    }

    pub(crate) async fn with_membership(&self, key: &str, wanted: &str) -> anyhow::Result<Vec<String>> {
        let state = self.bot()?.state(&self.room(key).await?).await?;
        let mut names: Vec<String> = self
            .people
            .keys()
            .filter(|name| {
                let user = self.user(name);
                state.iter().any(|event| {
                    event["type"] == "m.room.member"
                        && event["state_key"] == user.as_str()
                        && event["content"]["membership"] == wanted
                })
            })
            .cloned()
            .collect();
        names.sort();
        Ok(names)
    }

    /// Somebody's level in a room; None without an entry.
    pub(crate) async fn level(&self, key: &str, name: &str) -> anyhow::Result<Option<i64>> {
        let levels = self.bot()?.power_levels(&self.room(key).await?).await?;
        Ok(levels["users"].get(self.user(name)).and_then(Value::as_i64))
    }

    /// Whether an account is locked.
    pub(crate) async fn is_locked(&self, name: &str) -> anyhow::Result<bool> {
        let administrator = Client::administrator(self.synapse()).await?;
        Ok(administrator.account(&self.user(name)).await?["locked"] == true)
    }

    /// Whether an account is deactivated.
    pub(crate) async fn is_deactivated(&self, name: &str) -> anyhow::Result<bool> {
        let administrator = Client::administrator(self.synapse()).await?;
        Ok(administrator.account(&self.user(name)).await?["deactivated"] == true)
    }

    /// Ids of this bot's rooms by key; more than one per key is an error.
    pub(crate) async fn rooms_by_key(&self) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
        let bot = self.bot()?;
        let mut rooms: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let administrator = Client::administrator(self.synapse()).await?;
        let list = administrator.get_ok("/_synapse/admin/v1/rooms?limit=5000").await?;
        for room in list["rooms"].as_array().context("no rooms")? {
            if room["creator"] != bot.user_id() {
                continue;
            }
            let id = room["room_id"].as_str().context("no id")?;
            let state = administrator.get_ok(&format!("/_synapse/admin/v1/rooms/{}/state", encode(id))).await?;
            let events = state["state"].as_array().context("no state")?;
            let create = events.iter().find(|event| event["type"] == "m.room.create").context("no create event")?;
            let content = create["content"].as_object().context("no content")?;
            let key = content.iter().find(|(field, _)| field.contains("equipemed")).map(|(_, key)| key.to_string());
            rooms.entry(key.unwrap_or_default().trim_matches('"').to_owned()).or_default().push(id.to_owned());
        }
        Ok(rooms)
    }

    /// Writes through the proxy since the last call.
    pub(crate) fn take_writes(&self) -> Vec<Recorded> {
        self.take().into_iter().filter(Recorded::writes).collect()
    }

    /// Requests through the proxy since the last call, checked against the closed list.
    pub(crate) fn take(&self) -> Vec<Recorded> {
        let recorded = self.proxy.take_recorded();
        wire::check(&recorded);
        recorded
    }

    /// The checks that every test ends with.
    pub(crate) async fn finish(self) -> anyhow::Result<()> {
        wire::check(&self.proxy.recorded());
        let unfinished: Vec<_> = self.audit().await?.into_iter().filter(|entry| entry.settled.is_none()).collect();
        assert!(unfinished.is_empty(), "intents without an outcome: {unfinished:#?}");
        Ok(())
    }
}

fn encode(text: &str) -> String {
    equipemed_testbed::client::encode(text)
}

/// Number of requests to an endpoint.
pub(crate) fn count(recorded: &[Recorded], endpoint: Endpoint) -> usize {
    recorded.iter().filter(|request| Endpoint::of(&request.method, &request.path) == Some(endpoint)).count()
}

/// Number of requests that wrote a state event of this type.
pub(crate) fn count_state(recorded: &[Recorded], kind: &str) -> usize {
    recorded
        .iter()
        .filter(|request| {
            let path = request.decoded_path();
            request.method == "PUT"
                && (path.contains(&format!("/state/{kind}/")) || path.ends_with(&format!("/state/{kind}")))
        })
        .count()
}

/// Waits for a condition.
pub(crate) async fn until<F>(what: &str, ready: impl FnMut() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<Option<()>>>,
{
    equipemed_testbed::eventually(what, PATIENCE, ready).await
}
