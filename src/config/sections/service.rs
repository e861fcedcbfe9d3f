//! How the service runs: mode, time zone, homeserver, application service, bot, database, logs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use equipemed_domain::mode::Mode;
use equipemed_domain::setting::PictureFile;
use jiff::tz::TimeZone;
use ruma_common::{OwnedMxcUri, OwnedServerName, ServerName};
use secrecy::ExposeSecret;
use url::Url;

use super::Context;
use crate::config::problems::instead;
use crate::config::reader::{Map, Node};
use crate::config::secret::{Given, secret};
use crate::config::settings::{Bot, ControlRoom, Database, Homeserver, Language, LogFormat, Telemetry};

/// EquipeMed's own time zone.
const TIMEZONE: &str = "America/Bahia";

/// How often to ask what people reported: soon enough for a person, seldom enough for Synapse.
const REPORTS: Duration = Duration::from_secs(30);

const CONTROL_ALIAS: &str = "equipemed_control";

pub(in crate::config) fn mode(node: &Node<'_>) -> Option<Mode> {
    if !node.is_given() {
        // Without a mode, nothing may be written.
        return Some(Mode::Observe);
    }
    node.word(&[("observe", Mode::Observe), ("enforce", Mode::Enforce)])
}

pub(in crate::config) fn timezone(node: &Node<'_>) -> Option<TimeZone> {
    let name = if node.is_given() { node.text()? } else { TIMEZONE.to_owned() };
    if let Ok(zone) = TimeZone::get(&name) {
        return Some(zone);
    }
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    if known.is_empty() {
        node.problem("this machine has no time zone database; install the package tzdata");
    } else {
        let near = instead(&name, known.iter().map(String::as_str));
        node.problem(format!("is not in the time zone database; {near} (such as America/Bahia)"));
    }
    None
}

/// The server's name and address.
pub(in crate::config) fn homeserver(node: &Node<'_>) -> (Option<OwnedServerName>, Option<Homeserver>) {
    let mut map = node.map();
    let url =
        map.require("url", "the address where this machine reaches Synapse, such as http://127.0.0.1:8008").http_url();
    let name =
        map.require("server_name", "the part of Matrix ids after the colon, such as hospital.example").parsed(|text| {
            if text.contains("://") {
                return Err("is the name alone, without https://, such as hospital.example".to_owned());
            }
            ServerName::parse(text).map_err(|_| {
                "is not a valid server name; it is the part of Matrix ids after the colon, such as hospital.example"
                    .to_owned()
            })
        });
    map.close();
    (name, url.map(|url| Homeserver { url }))
}

/// The `appservice` section, before the registration is read.
pub(in crate::config) struct Listener {
    pub(in crate::config) registration_file: Option<PathBuf>,
    pub(in crate::config) listen: Option<SocketAddr>,
}

pub(in crate::config) fn appservice(node: &Node<'_>, folder: &Path) -> Listener {
    let mut map = node.map();
    let file = map.get("registration");
    let registration_file = if file.is_given() { file.text() } else { Some("registration.yaml".to_owned()) };
    let listen = map.get("listen");
    let listen = if listen.is_given() { listen.listen() } else { Some(SocketAddr::from(([127, 0, 0, 1], 9009))) };
    map.close();
    Listener { registration_file: registration_file.map(|file| folder.join(file)), listen }
}

pub(in crate::config) fn bot(node: &Node<'_>, context: &Context<'_>) -> Option<Bot> {
    let mut map = node.map();
    let display_name = or(&map.get("display_name"), "EquipeMed".to_owned(), Node::text);
    let avatar = or(&map.get("avatar"), None, |node| picture(node, context.folder).map(Some));
    let language =
        or(&map.get("language"), Language::PtBr, |node| node.word(&[("pt-BR", Language::PtBr), ("en", Language::En)]));
    let prefix =
        or(&map.get("prefix"), "!".to_owned(), |node| node.parsed(|text| check_prefix(text).map(|()| text.to_owned())));
    let tidy = or(&map.get("tidy"), true, Node::boolean);
    let reports = or(&map.get("reports"), Some(REPORTS), |node| node.duration_or_off(1, true));
    let mut room = map.get("control_room").map();
    let alias_node = room.get("alias");
    let alias = or(&alias_node, CONTROL_ALIAS.to_owned(), |node| context.alias(node));
    if !alias_node.is_given() {
        context.check_owned(&alias_node, CONTROL_ALIAS);
    }
    let name = or(&room.get("name"), "EquipeMed: controle".to_owned(), Node::text);
    room.close();
    map.close();
    Some(Bot {
        user_id: context.bot.clone()?,
        display_name: display_name?,
        avatar: avatar?,
        language: language?,
        prefix: prefix?,
        tidy: tidy?,
        reports: reports?,
        control_room: ControlRoom { alias: alias?, name: name? },
    })
}

fn check_prefix(prefix: &str) -> Result<(), String> {
    let count = prefix.chars().count();
    if !(1..=3).contains(&count) || prefix.chars().any(|c| c.is_alphanumeric() || c.is_whitespace() || c.is_control()) {
        return Err("has to be one to three characters that are no letters, digits or spaces, such as \"!\"".to_owned());
    }
    if prefix.starts_with('/') {
        return Err("must not begin with /, which Element keeps for its own commands; use \"!\"".to_owned());
    }
    Ok(())
}

/// An `mxc://` address.
/// A picture as the value of a room's setting: the address of one on the homeserver, or a file.
pub(super) fn picture(node: &Node<'_>, folder: &Path) -> Option<String> {
    node.parsed(|text| {
        if text.starts_with("mxc://") {
            let uri = OwnedMxcUri::from(text);
            return match uri.is_valid() {
                true => Ok(uri.to_string()),
                false => Err("expected the address of an uploaded picture, mxc://server/id".to_owned()),
            };
        }
        let path = folder.join(text);
        let content = std::fs::read(&path).map_err(|error| {
            format!("is neither an mxc:// address nor an image file that can be read ({error}); correct it or remove the line")
        })?;
        let digest = PictureFile::digest_of(&content);
        let file = PictureFile { digest: &digest, path: &path.to_string_lossy() };
        match file.media_type() {
            Some(_) => Ok(file.value()),
            None => Err("is not named .png, .jpg, .gif or .webp; give an image that browsers show".to_owned()),
        }
    })
}

pub(in crate::config) fn database(node: &Node<'_>, folder: &Path) -> Option<Database> {
    const EXPECTED: &str = "expected sqlite://FILE, such as sqlite://equipemed-bot.db, or postgres://user:password@host/database (in the password # / @ : and spaces are written as %23 %2F %40 %3A %20)";
    let mut map = node.map();
    let given = secret(&mut map, "url", "url_file", folder);
    let url_node = map.get("url");
    map.close();
    let url = match given {
        Given::Nothing => {
            return Some(Database::Sqlite { file: folder.join("equipemed-bot.db") });
        }
        given => given.secret()?,
    };
    let text = url.expose_secret().trim();
    if is_postgres(text) {
        return Some(Database::Postgres { url });
    }
    let file = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:"));
    match file {
        Some(file) if !file.is_empty() && !file.contains('?') && !file.contains(":memory:") => {
            Some(Database::Sqlite { file: folder.join(file) })
        }
        Some(file) if file.contains(":memory:") => {
            url_node.problem("what the service knows must outlive it; give a file, such as sqlite://equipemed-bot.db");
            None
        }
        // The text is not shown, since it may contain a password.
        _ => {
            url_node.problem(EXPECTED);
            None
        }
    }
}

/// Whether the text is a PostgreSQL URL with host and database.
pub(super) fn is_postgres(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "postgres" | "postgresql")
            && (url.host_str().is_some_and(|host| !host.is_empty())
                || url.query().is_some_and(|query| query.contains("host=")))
            && url.path().len() > 1
    })
}

pub(in crate::config) fn telemetry(node: &Node<'_>) -> Option<Telemetry> {
    let mut map = node.map();
    let log =
        or(&map.get("log"), LogFormat::Json, |node| node.word(&[("json", LogFormat::Json), ("text", LogFormat::Text)]));
    let metrics = or(&map.get("metrics"), true, Node::boolean);
    let listen = or(&map.get("listen"), None, |node| node.listen().map(Some));
    map.close();
    Some(Telemetry { log: log?, metrics: metrics?, listen: listen? })
}

/// The value, or a default if absent. A wrong value does not become the default.
pub(super) fn or<'r, T>(node: &Node<'r>, default: T, read: impl FnOnce(&Node<'r>) -> Option<T>) -> Option<T> {
    if node.is_given() { read(node) } else { Some(default) }
}

/// A list, or a default if absent.
pub(super) fn list_or<T>(
    map: &mut Map<'_>,
    key: &'static str,
    default: Vec<T>,
    read: impl Fn(&Node<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    or(&map.get(key), default, |node| Some(node.list()?.iter().filter_map(read).collect()))
}
