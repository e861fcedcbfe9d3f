//! The configuration's meaning, after all checks.
//!
//! One struct per section, independent of the file's format: paths are resolved, secrets read, defaults filled in. Only
//! `load` builds it; nothing here validates again or can print a secret.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use equipemed_domain::column::Column;
use equipemed_domain::media::Accepted;
use equipemed_domain::mode::{Mode, OnDrift, OnFile};
use equipemed_domain::policy::Policy;
use jiff::tz::TimeZone;
use ruma_common::OwnedUserId;
use secrecy::SecretString;
use url::Url;

use super::registration::Registration;

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Observe or enforce.
    pub mode: Mode,
    /// Time zone for times that people read and write.
    pub timezone: TimeZone,
    /// Connection to Synapse.
    pub homeserver: Homeserver,
    /// Settings of the application service.
    pub appservice: Appservice,
    /// The bot's account and messages.
    pub bot: Bot,
    /// The service's own database.
    pub database: Database,
    /// The source of people.
    pub directory: DirectorySettings,
    /// Account settings outside the policy.
    pub users: Users,
    /// The policy: accounts, roles, rooms and limits.
    pub policy: Policy,
    /// Files in managed rooms.
    pub media: Media,
    /// What to do about changes by hand.
    pub drift: OnDrift,
    /// Settings of the audit.
    pub audit: Audit,
    /// The API for EquipeMed's back end; None when off.
    pub api: Option<Api>,
    /// The pages for administrators; None when off.
    pub web: Option<Web>,
    /// Logs and metrics.
    pub telemetry: Telemetry,
    /// Where outages are told outside Matrix.
    pub alarm: Alarm,
}

/// Connection to Synapse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Homeserver {
    /// Base URL of the client and admin API. The server's name is in the policy.
    pub url: Url,
}

/// Settings of the application service.
#[derive(Clone, Debug)]
pub struct Appservice {
    /// Path of the registration file, which Synapse reads too.
    pub registration_file: PathBuf,
    /// Its content.
    pub registration: Registration,
    /// Address for transactions, health and metrics.
    pub listen: SocketAddr,
}

/// The bot's account and messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bot {
    /// The registration's sender on this homeserver.
    pub user_id: OwnedUserId,
    /// Its display name.
    pub display_name: String,
    /// Its avatar, as the value of a room's; None leaves it unchanged.
    pub avatar: Option<String>,
    /// Language of its messages.
    pub language: Language,
    /// Prefix of commands.
    pub prefix: String,
    /// Whether a `!redact` in a managed room is itself removed together with its target.
    pub tidy: bool,
    /// How often to ask Synapse what people reported; None never does.
    pub reports: Option<Duration>,
    /// The room for commands and reports. Its policy is among the rooms under the key `control`.
    pub control_room: ControlRoom,
}

/// Languages of the bot's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Brazilian Portuguese.
    PtBr,
    /// English.
    En,
}

impl Language {
    /// The language tag.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PtBr => "pt-BR",
            Self::En => "en",
        }
    }
}

/// Names of the control room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlRoom {
    /// Localpart of its alias.
    pub alias: String,
    /// Its name.
    pub name: String,
}

/// The service's own database.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file.
    Sqlite {
        /// Path of the file, which is created if missing.
        file: PathBuf,
    },
    /// A server; several replicas may share it.
    Postgres {
        /// `postgres://user:password@host/database`
        url: SecretString,
    },
}

/// The source of people.
#[derive(Clone, Debug)]
pub struct DirectorySettings {
    /// The source.
    pub source: DirectorySource,
    /// Interval of full passes; None never runs them by time.
    pub interval: Option<Duration>,
    /// Interval of comparing accounts with how they were left; None leaves it to full passes.
    pub accounts: Option<Duration>,
}

/// A source of people.
#[derive(Clone, Debug)]
pub enum DirectorySource {
    /// A YAML file.
    Roster {
        /// Path of the file.
        file: PathBuf,
    },
    /// EquipeMed's database, read-only.
    Equipemed(EquipemedSettings),
}

/// Access to EquipeMed's database.
#[derive(Clone, Debug)]
pub struct EquipemedSettings {
    /// `postgres://user:password@host/database`
    pub url: SecretString,
    /// Prefix of its table names, optionally with a schema.
    pub prefix: String,
    /// A query to use instead of EquipeMed's own tables.
    pub query: Option<String>,
    /// Whether to listen for changes.
    pub notify: bool,
    /// Interval of comparing everybody when there are no notifications; None never compares.
    pub poll: Option<Duration>,
    /// Columns that are read only because the policy asks for them.
    pub columns: BTreeSet<Column>,
    /// The hospital's time zone by its IANA name: what day it is there. None leaves that to UTC.
    pub timezone: Option<String>,
}

/// Account settings outside the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Users {
    /// Which id the identity provider uses.
    pub external_id: ExternalIdSource,
}

/// Ids that the identity provider may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalIdSource {
    /// EquipeMed's `public_id`, its OIDC `sub`.
    PublicId,
}

/// Files in managed rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The types that are accepted.
    pub allow: Accepted,
    /// What happens to others.
    pub action: OnFile,
    /// Whether a redacted message's files become unreachable, too.
    pub quarantine: bool,
}

/// Settings of the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// How long to keep entries; None for ever.
    pub retention: Option<Duration>,
    /// Whether redactions, kicks and bans show asker and reason in the room, not only in the audit.
    pub reasons_in_rooms: bool,
}

/// The API for EquipeMed's back end.
#[derive(Clone, Debug)]
pub struct Api {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Allowed callers.
    pub tokens: Vec<ApiToken>,
    /// Key for signed wake-ups, `whsec_` and base64; None refuses them.
    pub webhook_secret: Option<SecretString>,
}

/// One caller of the API.
#[derive(Clone, Debug)]
pub struct ApiToken {
    /// Its name in the audit.
    pub name: String,
    /// The bearer token.
    pub token: SecretString,
    /// Permissions.
    pub scopes: Vec<ApiScope>,
}

/// A permission of an API caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiScope {
    /// Read users, rooms and plans.
    Read,
    /// Start a sync.
    Sync,
    /// Redactions, kicks, bans, mutes.
    Moderate,
    /// Read the audit.
    Audit,
    /// Manage grants. Must be named explicitly.
    Grants,
    /// Approve held parts. Must be named explicitly.
    Approve,
}

impl ApiScope {
    /// Permissions of a token that names none.
    pub const DEFAULT: [Self; 4] = [Self::Read, Self::Sync, Self::Moderate, Self::Audit];
}

/// The pages for administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Their URL in a browser.
    pub public_url: Url,
}

/// Logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telemetry {
    /// Format of log lines.
    pub log: LogFormat,
    /// Whether to serve `/metrics`.
    pub metrics: bool,
    /// Separate address for `/health`, `/ready` and `/metrics`; None uses the application service's address.
    pub listen: Option<SocketAddr>,
}

/// Where outages are told outside Matrix; nowhere if neither way is given.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// How long an outage lasts before it is told.
    pub after: Duration,
    /// An address that takes JSON. It often holds a token.
    pub webhook: Option<SecretString>,
    /// Mail through a program of the machine.
    pub mail: Option<AlarmMail>,
}

/// Alarms by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmMail {
    /// To whom.
    pub to: Vec<String>,
    /// From whom.
    pub from: String,
    /// The program that takes a message and delivers it.
    pub sendmail: PathBuf,
}

/// Format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Text for a terminal.
    Text,
}

impl Settings {
    /// A short summary for `config check`: enabled features and counts, no secrets or people.
    #[must_use]
    pub fn summary(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = |on: bool| if on { "on" } else { "off" };
        let mode = match self.mode {
            Mode::Observe => "observe (plans and reports, writes nothing)",
            Mode::Enforce => "enforce",
        };
        let spaces =
            self.policy.rooms.values().filter(|room| room.kind == equipemed_domain::policy::RoomKind::Space).count();
        writeln!(f, "mode:       {mode}")?;
        writeln!(f, "homeserver: {} at {}", self.policy.server_name, self.homeserver.url)?;
        writeln!(f, "bot:        {}", self.bot.user_id)?;
        match &self.database {
            Database::Sqlite { file } => writeln!(f, "database:   SQLite, {}", file.display())?,
            Database::Postgres { .. } => writeln!(f, "database:   PostgreSQL")?,
        }
        match &self.directory.source {
            DirectorySource::Roster { file } => writeln!(f, "directory:  roster file {}", file.display())?,
            DirectorySource::Equipemed(equipemed) => {
                writeln!(f, "directory:  EquipeMed's database, notifications {}", on(equipemed.notify))?;
            }
        }
        writeln!(f, "roles:      {}", self.policy.roles.len())?;
        writeln!(
            f,
            "rooms:      {}, with {spaces} space{} and the control room",
            self.policy.rooms.len(),
            if spaces == 1 { "" } else { "s" }
        )?;
        writeln!(f, "listening:  {}", self.appservice.listen)?;
        write!(f, "api:        {}, web: {}", on(self.api.is_some()), on(self.web.is_some()))
    }
}
