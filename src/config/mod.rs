//! The configuration: one YAML file, `${NAME}` from the environment, and the registration.
//!
//! `reader` walks the raw file and knows positions; `sections` turn it into `Settings`. All problems are reported at
//! once. Nothing outside this folder sees the raw file; nothing in it uses the network.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use equipemed_domain::policy::Policy;

pub mod environment;
pub(crate) mod lines;
pub mod problems;
pub(crate) mod reader;
pub mod registration;
pub(crate) mod secret;
mod sections;
pub mod settings;
pub mod values;

pub use environment::Environment;
pub use problems::{Problem, Problems};
pub use settings::Settings;

use problems::Sink;
use reader::{Document, Map};
use registration::Registration;
use sections::{Context, access, alarm, directory, limits, roles, rooms, service, users};

/// The shipped example, which explains every setting.
pub const EXAMPLE: &str = include_str!("../../config.example.yaml");

/// Reads and checks the configuration, the registration and all secret files.
///
/// # Errors
/// All problems in these files, not only the first.
pub fn load(path: &Path, environment: &Environment) -> Result<Settings, Problems> {
    let file = path.display().to_string();
    let sink = Sink::default();
    let settings = open(path, &file, environment, &sink).and_then(|document| read(path, &document, &sink));
    sink.finish(&file, settings)
}

/// What `equipemed-bot registration` needs before a registration exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationPlan {
    /// Path of the registration file in the configuration.
    pub file: PathBuf,
    /// Content of the new registration.
    pub wanted: registration::Wanted,
}

/// Reads only the settings that a new registration needs.
///
/// # Errors
/// Problems of `homeserver` and `appservice`; the rest of the file is ignored.
pub fn plan_registration(path: &Path, environment: &Environment) -> Result<RegistrationPlan, Problems> {
    let file = path.display().to_string();
    let sink = Sink::default();
    let plan = open(path, &file, environment, &sink).and_then(|document| {
        let mut map = document.root(&sink).map();
        let (server, _) = service::homeserver(&map.get("homeserver"));
        let listener = service::appservice(&map.get("appservice"), folder(path));
        let bot = registration::bot_id(registration::BOT_LOCALPART, &server?);
        let mut listen = listener.listen?;
        if listen.ip().is_unspecified() {
            // The unspecified address is no destination.
            listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        let url = url::Url::parse(&format!("http://{listen}")).ok()?;
        Some(RegistrationPlan { file: listener.registration_file?, wanted: registration::Wanted { bot: bot?, url } })
    });
    // Variables of other sections may still be unset.
    sink.finish_within(&file, &["homeserver", "appservice"], plan)
}

fn open(path: &Path, file: &str, environment: &Environment, sink: &Sink) -> Option<Document> {
    match std::fs::read_to_string(path) {
        Ok(text) => Document::parse(file, &text, Some(environment), sink),
        Err(error) => {
            sink.add_file(
                file,
                format!("cannot read the configuration: {error}; name the file with --config, or begin with `equipemed-bot config example > config.yaml`"),
            );
            None
        }
    }
}

/// The base of relative paths in the configuration.
fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn read(path: &Path, document: &Document, sink: &Sink) -> Option<Settings> {
    let folder = folder(path);
    let mut map: Map<'_> = document.root(sink).map();
    let (server, homeserver) = service::homeserver(&map.get("homeserver"));
    let listener = service::appservice(&map.get("appservice"), folder);
    let registration =
        listener.registration_file.as_deref().and_then(|file| Registration::read(file, server.as_deref(), sink));
    let bot_id = server
        .as_ref()
        .zip(registration.as_ref())
        .and_then(|(server, registration)| registration::bot_id(&registration.sender_localpart, server));
    let (roles_node, rooms_node) = (map.get("roles"), map.get("rooms"));
    let role_keys: BTreeSet<&str> = roles_node.map().entries().into_iter().map(|(key, _)| key).collect();
    let context =
        Context { folder, server, registration, bot: bot_id, roles: role_keys, rooms: rooms::kinds(&rooms_node) };

    let mode = service::mode(&map.get("mode"));
    let timezone = service::timezone(&map.get("timezone"));
    let bot = service::bot(&map.get("bot"), &context);
    let database = service::database(&map.get("database"), folder);
    let directory = directory::directory(&map.get("directory"), folder);
    let language = bot.as_ref().map_or(settings::Language::PtBr, |bot| bot.language);
    let users = users::users(&map.get("users"), &context, language);
    let roles = roles::roles(&roles_node, &context);
    let join = users.as_ref().map(|(_, policy)| policy.join);
    let rooms = rooms::rooms(&rooms_node, &context, join, bot.as_ref().map(|bot| &bot.control_room));
    let limits = limits::limits(&map.get("limits"));
    let media = limits::media(&map.get("media"));
    let drift = limits::drift(&map.get("drift"));
    let audit = limits::audit(&map.get("audit"));
    let api = access::api(&map.get("api"), folder);
    let web = access::web(&map.get("web"));
    let telemetry = service::telemetry(&map.get("telemetry"));
    let alarm = alarm::alarm(&map.get("alarm"), folder);
    let listening = [
        ("appservice", listener.listen),
        ("api", listen_of(api.as_ref(), |api| api.listen)),
        ("web", listen_of(web.as_ref(), |web| web.listen)),
        ("telemetry", telemetry.and_then(|telemetry| telemetry.listen)),
    ];
    check_addresses(&mut map, &listening);
    map.close();

    let (users, users_policy) = users?;
    let (bot, mut directory) = (bot?, directory?);
    let policy = Policy {
        server_name: context.server?,
        bot: bot.user_id.clone(),
        users: users_policy,
        roles: roles?,
        rooms: rooms?,
        limits: limits?,
    };
    if let settings::DirectorySource::Equipemed(equipemed) = &mut directory.source {
        equipemed.columns = policy.columns();
        equipemed.timezone = timezone.as_ref()?.iana_name().map(str::to_owned);
    }
    Some(Settings {
        mode: mode?,
        timezone: timezone?,
        homeserver: homeserver?,
        appservice: settings::Appservice {
            registration_file: listener.registration_file?,
            registration: context.registration?,
            listen: listener.listen?,
        },
        database: database?,
        directory,
        users,
        policy,
        bot,
        media: media?,
        drift: drift?,
        audit: audit?,
        api: api?,
        web: web?,
        telemetry: telemetry?,
        alarm: alarm?,
    })
}

fn listen_of<T>(section: Option<&Option<T>>, listen: impl Fn(&T) -> SocketAddr) -> Option<SocketAddr> {
    section?.as_ref().map(listen)
}

/// Refuses equal addresses here, because the system would only say "address in use".
fn check_addresses(map: &mut Map<'_>, listening: &[(&'static str, Option<SocketAddr>)]) {
    let mut taken: BTreeMap<SocketAddr, &str> = BTreeMap::new();
    for (section, address) in listening {
        // Port 0 is a different free port each time.
        let Some(address) = address.filter(|address| address.port() != 0) else { continue };
        if let Some(other) = taken.insert(address, section) {
            map.get(section)
                .map()
                .get("listen")
                .problem(format!("is the address of {other}.listen too; give each its own port"));
        }
    }
}
