//! Builds the parts from settings: the store, the connection to Synapse, the engine.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use equipemed_domain::directory::{Directory, Person, PersonId};
use equipemed_domain::find::Names;
use equipemed_domain::finding::Finding;
use equipemed_domain::key::RoomKey;
use equipemed_domain::mode::Mode;
use equipemed_domain::policy::Policy;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedUserId, UserId};
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use super::given::{Given, is_away};
use super::output::{self, English, UsageError};
use crate::clock::Clock;
use crate::config::settings::Database;
use crate::config::values::parse_duration;
use crate::config::{Environment, Settings};
use crate::directory::Source;
use crate::engine::files::FileRules;
use crate::engine::who::is_who;
use crate::engine::{Engine, Parts, policy_with_rooms};
use crate::homeserver::{Connection, OnWait, Patience, Reader, WritePermit, Writer};
use crate::operations::Scene;
use crate::store::{Sole, Store};

/// Limit of concurrent requests. Synapse uses one core, so more would only wait there.
const REQUESTS_IN_FLIGHT: usize = 8;

/// Threads besides the one that waits for signals. Synapse and the disk take most of the time; each further thread
/// would have its own heap, which grows to the needs of the largest pass.
const WORKERS: usize = 1;

/// Runs a command's future.
pub(super) fn on_runtime<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .context("the runtime could not be started")?;
    runtime.block_on(future)
}

/// Reads the configuration.
pub(super) fn settings(config: &Path) -> anyhow::Result<Settings> {
    Ok(crate::config::load(config, &Environment::of_process())?)
}

/// Opens the store.
pub(super) async fn store(settings: &Settings) -> anyhow::Result<Store> {
    Ok(Store::open(&url(settings)).await?)
}

fn url(settings: &Settings) -> String {
    match &settings.database {
        Database::Sqlite { file } => format!("sqlite://{}", file.display()),
        Database::Postgres { url } => url.expose_secret().to_owned(),
    }
}

/// Locks the database for the service in this process.
pub(super) fn sole(settings: &Settings) -> anyhow::Result<Sole> {
    Ok(Sole::take(&url(settings), &format!("process {} on {}", std::process::id(), host()))?)
}

/// The connection settings for the bot.
pub(super) fn connection(
    settings: &Settings,
    patience: Patience,
    stop: &CancellationToken,
    on_wait: Option<OnWait>,
) -> Connection {
    Connection {
        url: settings.homeserver.url.clone(),
        bot: settings.policy.bot.clone(),
        token: settings.appservice.registration.as_token.clone(),
        in_flight: REQUESTS_IN_FLIGHT,
        patience,
        cancel: stop.clone(),
        on_wait,
    }
}

/// A reader, after checking that the server is a Synapse and knows the bot's token.
pub(super) async fn reader(connection: Connection, settings: &Settings) -> anyhow::Result<Reader> {
    let url = settings.homeserver.url.clone();
    let reader = Reader::new(connection).await?;
    let me = reader.whoami().await.with_context(|| format!("homeserver.url {url}"))?;
    if me != settings.policy.bot {
        anyhow::bail!(
            "Synapse knows the as_token as {me}, the configuration as {}: the registration file Synapse has read is another one. Give Synapse {} and restart it",
            settings.policy.bot,
            settings.appservice.registration_file.display(),
        );
    }
    Ok(reader)
}

/// An engine for these settings; without a writer in mode observe.
pub(super) fn engine(
    settings: &Settings,
    reader: Reader,
    store: Store,
    clock: Clock,
    stop: CancellationToken,
) -> anyhow::Result<Engine> {
    let writer = (settings.mode == Mode::Enforce).then(|| Writer::new(reader.clone(), WritePermit::for_mode_enforce()));
    Ok(Engine::new(Parts {
        policy: Arc::new(settings.policy.clone()),
        source: Source::open(&settings.directory)?,
        reader,
        writer,
        store,
        clock,
        reasons_in_rooms: settings.audit.reasons_in_rooms,
        drift: settings.drift,
        files: FileRules {
            accepted: settings.media.allow.clone(),
            action: settings.media.action,
            quarantine: settings.media.quarantine,
        },
        stop,
    }))
}

/// Tells a person at the terminal about waits for Synapse.
fn tell_waits() -> OnWait {
    Arc::new(|waiting| output::note(&waiting.to_string()))
}

/// The name of this process in leases and claims. It has a random part, because in a container every start has the same
/// process id.
pub(super) fn holder(kind: &str) -> String {
    let random = getrandom::u32().unwrap_or_default();
    format!("{kind}:{}:{}:{random:08x}", host(), std::process::id())
}

/// This machine's name.
fn host() -> String {
    std::fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned()
}

/// The settings, the store and what a command builds from them.
pub(super) struct Local {
    pub(super) settings: Settings,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) given: Given,
    /// Cancelled for a graceful stop.
    pub(super) stop: CancellationToken,
}

impl Local {
    /// Reads the configuration and opens the store.
    pub(super) async fn open(given: &Given) -> anyhow::Result<Self> {
        Self::of(given, settings(&given.config)?).await
    }

    /// The same with settings already read.
    pub(super) async fn of(given: &Given, settings: Settings) -> anyhow::Result<Self> {
        let store = store(&settings).await?;
        let given = given.clone();
        Ok(Self { settings, store, clock: Clock::system(), given, stop: CancellationToken::new() })
    }

    /// A reader, once Synapse has answered. Its later requests are not retried.
    pub(super) async fn reader(&self) -> anyhow::Result<Reader> {
        let connection = connection(&self.settings, Patience::NONE, &self.stop, Some(tell_waits()));
        let first = async || reader(connection.clone(), &self.settings).await;
        self.given.first_word(&self.settings.homeserver.url, first).await.map_err(|error| match is_away(&error) {
            true => anyhow::anyhow!("{}; {}", output::worded(&error), self.given.advice()),
            false => error,
        })
    }

    /// A reader that retries when Synapse goes away; a person at the terminal is told.
    pub(super) async fn patient_reader(&self) -> anyhow::Result<Reader> {
        let total = Patience::COMMAND.total.max(self.given.wait);
        Ok(self.reader().await?.patient(Patience { total }))
    }

    pub(super) fn engine(&self, reader: Reader) -> anyhow::Result<Engine> {
        engine(&self.settings, reader, self.store.clone(), self.clock.clone(), self.stop.clone())
    }

    /// An instant in the hospital's time zone.
    pub(super) fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.settings.timezone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The end of what begins now and lasts so long.
    pub(super) fn ends_after(&self, lasts: SignedDuration) -> Result<Timestamp, UsageError> {
        self.clock.now().checked_add(lasts).map_err(|_| UsageError("--for is too long".to_owned()))
    }

    /// Start of a day in the hospital's time zone.
    pub(super) fn start_of(&self, date: Date) -> anyhow::Result<Timestamp> {
        let start = date.to_zoned(self.settings.timezone.clone()).context("--since names a day that does not exist")?;
        Ok(start.timestamp())
    }

    /// EquipeMed's people as the store knows them, without asking Synapse; stores new people if `note`.
    pub(super) async fn people(&self, note: bool) -> anyhow::Result<Arc<Directory>> {
        let read = Source::open(&self.settings.directory)?.read().await?;
        let note = note.then(|| self.clock.now());
        Ok(is_who(&read, &self.settings.policy, &self.store, None, note).await?)
    }

    /// Texts for these findings, with people's names if there are findings and EquipeMed can be read.
    pub(super) async fn words(&self, findings: &[Finding]) -> English {
        match findings.is_empty() {
            true => English::new(),
            false => self.people(false).await.map_or_else(|_| English::new(), |people| English::naming(&people)),
        }
    }

    /// The current people, grants and rooms; stores new people if `note`.
    pub(super) async fn scene(&self, note: bool) -> anyhow::Result<Scene> {
        let policy = policy_with_rooms(&Arc::new(self.settings.policy.clone()), &self.store).await?;
        Ok(Scene::of(policy, self.people(note).await?, &self.store, self.clock.now()).await?)
    }

    /// Finds a person by EquipeMed username, number, full name, or the Matrix id of their account.
    pub(super) async fn person<'d>(&self, who: &str, directory: &'d Directory) -> anyhow::Result<&'d Person> {
        let bindings = self.store.bindings().await?;
        let names = Names { directory, bindings: &bindings, policy: &self.settings.policy };
        let mut people = match UserId::parse(who) {
            Ok(user) => names.of_account(&user).into_iter().collect(),
            Err(_) => names.people(who),
        };
        people.extend(names.numbered(who));
        let found: Vec<&Person> = people.into_iter().filter_map(|id| directory.get(id)).collect();
        if let [one] = found[..] {
            return Ok(one);
        }
        if !found.is_empty() {
            let each = found.iter().map(|person| {
                let account = bindings.get(&person.id).map_or("no account yet", |binding| binding.user.as_str());
                format!("{} ({account}, number {})", person.username, directory.number_of(person.id))
            });
            let each = each.collect::<Vec<_>>().join(" or ");
            let why = format!("{who:?} may be {each}: say which, by the exact username or the account");
            return Err(UsageError(why).into());
        }
        let near = names.nearest(who).and_then(|id| directory.get(id));
        let hint = near.map_or_else(String::new, |person| format!("; did you mean {}?", person.username));
        Err(UsageError(format!("nobody in EquipeMed is {who:?} (username, number, full name or Matrix id){hint}"))
            .into())
    }
}

/// Finds a bound account, even of somebody no longer in EquipeMed: by Matrix id, or as [`Local::person`].
pub(super) async fn account(who: &str, scene: &Scene, local: &Local) -> anyhow::Result<(PersonId, OwnedUserId)> {
    if let Ok(user) = UserId::parse(who)
        && let Some(person) = scene.bindings.owner(&user)
    {
        return Ok((person, user));
    }
    let person = local.person(who, &scene.directory).await?;
    let user = scene.user_of(person.id).cloned();
    let user = user.ok_or_else(|| UsageError(format!("{} has no account yet", person.username)))?;
    Ok((person.id, user))
}

/// What `--for` says.
pub(super) fn duration(text: &str) -> Result<SignedDuration, UsageError> {
    let lasts = parse_duration(text).map_err(|why| UsageError(format!("--for {text:?}: {why}")))?;
    SignedDuration::try_from(lasts).map_err(|_| UsageError(format!("--for {text:?} is too long")))
}

/// Refuses a protected account, for which nothing is changed.
pub(super) fn must_not_be_protected(user: &UserId, policy: &Policy) -> Result<(), UsageError> {
    match policy.users.protected.contains(user) {
        true => Err(UsageError(format!("{user} is protected (users.protected): nothing is changed for it"))),
        false => Ok(()),
    }
}

/// Finds a managed room by key, name or alias, like the control room's commands.
pub(super) fn room(name: &str, scene: &Scene) -> Result<RoomKey, UsageError> {
    scene.world().names().room(name).map_err(|near| {
        let hint = near.map_or_else(String::new, |key| format!("; did you mean {key}?"));
        let keys = scene.policy.rooms.keys().map(RoomKey::as_str).collect::<Vec<_>>().join(", ");
        UsageError(format!("no managed room is {name:?} (key, name or alias){hint}; there are {keys}"))
    })
}
