//! What the configuration means, after every check passed.
//!
//! One struct a section, without a trace of how the file looks: paths are
//! resolved, secrets are read, defaults are filled in. Built by `load` only;
//! nothing here validates again, and nothing here can print a secret.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use equipemed_domain::column::Column;
use equipemed_domain::mode::{Mode, OnDrift};
use equipemed_domain::policy::Policy;
use jiff::tz::TimeZone;
use mime::Mime;
use ruma_common::{OwnedMxcUri, OwnedUserId};
use secrecy::SecretString;
use url::Url;

use super::registration::Registration;

/// Everything the service was told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether anything is written.
    pub mode: Mode,
    /// For times that people read and write.
    pub timezone: TimeZone,
    /// Synapse.
    pub homeserver: Homeserver,
    /// How Synapse and the service know each other.
    pub appservice: Appservice,
    /// The bot's account and how it talks.
    pub bot: Bot,
    /// The service's own database.
    pub database: Database,
    /// Where people come from.
    pub directory: Directory,
    /// What is not part of the policy about accounts.
    pub users: Users,
    /// Who should be where with what: accounts, roles, rooms and limits.
    pub policy: Policy,
    /// Which files may be sent.
    pub media: Media,
    /// What is done about changes by hand.
    pub drift: OnDrift,
    /// The record of what was done.
    pub audit: Audit,
    /// The interface for EquipeMed's back end; None when it is off.
    pub api: Option<Api>,
    /// The pages for administrators; None when they are off.
    pub web: Option<Web>,
    /// Logs and metrics.
    pub telemetry: Telemetry,
}

/// Synapse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Homeserver {
    /// Where its client and admin API answer. The server's name is in the policy.
    pub url: Url,
}

/// How Synapse and the service know each other.
#[derive(Clone, Debug)]
pub struct Appservice {
    /// The registration file, which Synapse reads too.
    pub registration_file: PathBuf,
    /// Its content.
    pub registration: Registration,
    /// Where transactions, health and metrics are answered.
    pub listen: SocketAddr,
}

/// The bot's account and how it talks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bot {
    /// The registration's sender on this homeserver.
    pub user_id: OwnedUserId,
    /// Its display name.
    pub display_name: String,
    /// Its picture; None leaves it alone.
    pub avatar: Option<Avatar>,
    /// The language it answers in.
    pub language: Language,
    /// What a command begins with.
    pub prefix: String,
    /// Whether `!redact`, said in a managed room, is removed together with what it was about.
    pub tidy: bool,
    /// Where commands are given and problems are told. Its policy stands among the rooms under the key `control`.
    pub control_room: ControlRoom,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Avatar {
    /// Already on the homeserver.
    Mxc(OwnedMxcUri),
    /// An image file to upload.
    File(PathBuf),
}

/// Languages of the bot's texts.
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
        /// The file, made when it is missing.
        file: PathBuf,
    },
    /// A server; several replicas may share it.
    Postgres {
        /// `postgres://user:password@host/database`
        url: SecretString,
    },
}

/// Where people come from.
#[derive(Clone, Debug)]
pub struct Directory {
    /// The source.
    pub source: DirectorySource,
    /// How often everything is looked at without being asked to; None is never.
    pub interval: Option<Duration>,
}

/// A source of people.
#[derive(Clone, Debug)]
pub enum DirectorySource {
    /// A YAML file.
    Roster {
        /// The file.
        file: PathBuf,
    },
    /// EquipeMed's database, read only.
    Equipemed(Equipemed),
}

/// EquipeMed's database.
#[derive(Clone, Debug)]
pub struct Equipemed {
    /// `postgres://user:password@host/database`
    pub url: SecretString,
    /// What the names of its tables begin with, perhaps with a schema before it.
    pub prefix: String,
    /// A query in place of EquipeMed's own tables.
    pub query: Option<String>,
    /// Whether changes are listened for.
    pub notify: bool,
    /// How often everybody is compared where changes are not told; None is never.
    pub poll: Option<Duration>,
    /// Columns that are read only because the policy asks for them.
    pub columns: BTreeSet<Column>,
}

/// What is not part of the policy about accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Users {
    /// What the identity provider knows a person by.
    pub external_id: ExternalId,
}

/// What the identity provider knows a person by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalId {
    /// EquipeMed's `public_id`, its OIDC `sub`.
    PublicId,
}

/// Which files may be sent in managed rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Media types and ranges such as `audio/*`. Text messages are no files and always allowed.
    pub allow: Vec<Mime>,
}

/// The record of what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// How long entries are kept; None is for ever.
    pub retention: Option<Duration>,
    /// Whether redactions, kicks and bans show asker and reason in the room; otherwise only here.
    pub reasons_in_rooms: bool,
}

/// The interface for EquipeMed's back end.
#[derive(Clone, Debug)]
pub struct Api {
    /// Where it is answered.
    pub listen: SocketAddr,
    /// Who may call it.
    pub tokens: Vec<ApiToken>,
    /// Key of signed wake-ups, `whsec_` and base64; None refuses them.
    pub webhook_secret: Option<SecretString>,
}

/// One caller of the API.
#[derive(Clone, Debug)]
pub struct ApiToken {
    /// Name in the audit.
    pub name: String,
    /// The bearer token.
    pub token: SecretString,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// What a caller of the API may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Users, rooms and plans.
    Read,
    /// Start a synchronisation.
    Sync,
    /// Redactions, kicks, bans, mutes.
    Moderate,
    /// The audit.
    Audit,
    /// Grants. Not given unless named.
    Grants,
    /// Release held plans. Not given unless named.
    Approve,
}

impl Scope {
    /// What a token has that names no scopes.
    pub const DEFAULT: [Self; 4] = [Self::Read, Self::Sync, Self::Moderate, Self::Audit];
}

/// The pages for administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// Where they are answered.
    pub listen: SocketAddr,
    /// Their address in a browser.
    pub public_url: Url,
}

/// Logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telemetry {
    /// How log lines look.
    pub log: LogFormat,
    /// Whether `/metrics` answers.
    pub metrics: bool,
    /// Where `/health`, `/ready` and `/metrics` answer instead of at the appservice's address; None is there.
    pub listen: Option<SocketAddr>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a person at a terminal.
    Text,
}

impl Media {
    /// Whether files of this type may be sent. A type that lies or is missing is judged by the caller.
    #[must_use]
    pub fn allows(&self, media: &Mime) -> bool {
        self.allow.iter().any(|range| {
            (range.type_() == mime::STAR || range.type_() == media.type_())
                && (range.subtype() == mime::STAR
                    || (range.subtype() == media.subtype() && range.suffix() == media.suffix()))
        })
    }
}

impl Settings {
    /// The configuration in a few lines for `config check`: what is on, and counts. No secrets, no people.
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
