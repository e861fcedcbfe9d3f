//! What `deploy init` asks: each question with its default, what it is for, and what it takes.
//!
//! Answers become parts of configuration files unescaped, so every check names the characters that it lets in.

use ruma_common::UserId;
use url::Url;

use super::answers::{Draft, listed};
use crate::config::registration::BOT_LOCALPART;

/// One question.
pub struct Question {
    /// Its key in `deploy.yaml`.
    pub key: &'static str,
    /// What is wanted, as in "give …".
    pub what: &'static str,
    /// What it is for.
    pub why: &'static str,
    /// Whether several answers are possible.
    pub is_list: bool,
    default: fn(&Draft) -> Option<String>,
    check: fn(&str, &Draft) -> Result<(), String>,
}

impl Question {
    /// The default after earlier answers.
    #[must_use]
    pub fn default_for(&self, draft: &Draft) -> Option<String> {
        (self.default)(draft)
    }

    /// Whether an answer may be taken.
    ///
    /// # Errors
    /// What would be right, without the answer.
    pub fn check(&self, answer: &str, draft: &Draft) -> Result<(), String> {
        (self.check)(answer, draft)
    }
}

macro_rules! questions {
    ($($key:literal: $what:literal, $why:literal, $default:expr, $check:expr;)*) => {
        /// All questions in their order; a default uses only answers before it.
        pub const QUESTIONS: &[Question] = &[$(Question {
            key: $key, what: $what, why: $why, is_list: matches!($key.as_bytes(), b"service_accounts"),
            default: $default, check: $check,
        },)*];
    };
}

questions! {
    "server_name": "the server's name, such as hospital.example",
        "stands behind the colon of every Matrix id; can never be changed", none, server_name;
    "set": "new, or existing for a Synapse that is there already",
        "an existing one keeps its signing key, database, media and chats", |_| fixed("new"), words_set;
    "run": "containers or systemd", "what runs the programs", |_| fixed("containers"), words_run;
    "matrix_host": "the host name that Matrix clients connect to",
        "public, in the certificate", |draft| host(draft, "matrix"), host_name;
    "element_host": "the host name of Element", "public, in the certificate", |draft| host(draft, "chat"), host_name;
    "bot_host": "the host name of the bot's pages and API",
        "public or inside the hospital, in the certificate", |draft| host(draft, "bot"), host_name;
    "certificate": "the path of the TLS certificate with its chain",
        "for the three hosts and the server's name; nginx reads it", |_| fixed("/etc/equipemed-matrix/tls/fullchain.pem"), path;
    "certificate_key": "the path of the certificate's key",
        "in the same folder; read by nginx alone",
        |draft| Some(format!("{}/privkey.pem", folder(&draft.get("certificate")?))), certificate_key;
    "listen_address": "the address of this machine that nginx's container listens on",
        "empty for all; one of its own where EquipeMed's nginx has ports 80 and 443", |_| fixed(""), listen_address;
    "equipemed_url": "EquipeMed's address, such as https://equipemed.hospital.example",
        "where people sign in", none, https;
    "issuer": "the issuer of EquipeMed's OpenID Connect",
        "as its /.well-known/openid-configuration says", |draft| Some(format!("{}/o", draft.get("equipemed_url")?)), https;
    "client_id": "the OpenID Connect client that EquipeMed has for Synapse",
        "from EquipeMed's administration", none, word;
    "identity_provider": "the idp_id of EquipeMed in homeserver.yaml",
        "accounts are linked as oidc-…; an existing one must be kept", |_| fixed("equipemed"), word;
    "postgres": "equipemed for the PostgreSQL that EquipeMed runs, or own for one beside Synapse",
        "an own one takes memory, and nobody else reaches it", |_| fixed("equipemed"), words_postgres;
    "database_host": "the host of Synapse's PostgreSQL", "as Synapse reaches it", database_host, host_or_address;
    "database_port": "the port of Synapse's PostgreSQL", "", |_| fixed("5432"), port;
    "database_name": "Synapse's database", "made with locale C", |_| fixed("synapse"), word;
    "database_user": "the role of Synapse's database", "owns it, and nothing else", |_| fixed("synapse"), word;
    "equipemed_database_host": "the host of EquipeMed's PostgreSQL",
        "as the bot reaches it, with a role that may only read", equipemed_host, host_or_address;
    "equipemed_database_port": "the port of EquipeMed's PostgreSQL", "", |_| fixed("5432"), port;
    "equipemed_database_name": "EquipeMed's database", "the bot reads people there", |_| fixed("eqmd_db"), word;
    "synapse_data": "the folder of Synapse's data on this machine",
        "holds signing key and media", |_| fixed("/var/lib/matrix-synapse"), path;
    "signing_key": "the path of Synapse's signing key", "as Synapse sees it; never lose it",
        |draft| inside(draft, &format!("{}.signing.key", draft.get("server_name")?)), path_inside;
    "media_store": "the folder of Synapse's media", "as Synapse sees it", |draft| inside(draft, "media"), path_inside;
    "upload_size": "the largest file that people may send, such as 50M", "", |_| fixed("50M"), size;
    "break_glass": "the Matrix id of the account that may sign in with a password",
        "when EquipeMed is down; empty for none", |draft| Some(format!("@breakglass:{}", draft.get("server_name")?)),
        |text, draft| if text.is_empty() { Ok(()) } else { user(text, draft) };
    "service_accounts": "other programs' Matrix ids that may make rooms and invite",
        "usually none", |_| fixed(""), users;
    "timezone": "the time zone of times that people read", "", |_| fixed("America/Bahia"), time_zone;
}

#[expect(clippy::unnecessary_wraps, reason = "a default may be missing")]
fn fixed(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn none(_: &Draft) -> Option<String> {
    None
}

fn host(draft: &Draft, first: &str) -> Option<String> {
    Some(format!("{first}.{}", draft.get("server_name")?))
}

fn is(draft: &Draft, key: &str, answer: &str) -> bool {
    draft.get(key).is_some_and(|given| given == answer)
}

fn database_host(draft: &Draft) -> Option<String> {
    match (is(draft, "run", "systemd"), is(draft, "postgres", "own")) {
        (true, _) => fixed("127.0.0.1"),
        (false, true) => fixed("synapse-database"),
        (false, false) => fixed("postgres"),
    }
}

fn equipemed_host(draft: &Draft) -> Option<String> {
    fixed(if is(draft, "run", "systemd") { "127.0.0.1" } else { "postgres" })
}

/// Synapse's data, as Synapse sees it.
fn data(draft: &Draft) -> Option<String> {
    if is(draft, "run", "systemd") { draft.get("synapse_data") } else { fixed("/data") }
}

/// A path below it.
fn inside(draft: &Draft, name: &str) -> Option<String> {
    Some(format!("{}/{name}", data(draft)?))
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn words_set(text: &str, _: &Draft) -> Result<(), String> {
    one_of(text, &["new", "existing"])
}

fn words_run(text: &str, _: &Draft) -> Result<(), String> {
    one_of(text, &["containers", "systemd"])
}

fn words_postgres(text: &str, draft: &Draft) -> Result<(), String> {
    if text == "own" && is(draft, "run", "systemd") {
        return Err("with systemd, make the PostgreSQL yourself and say equipemed".to_owned());
    }
    one_of(text, &["equipemed", "own"])
}

fn one_of(text: &str, words: &[&str]) -> Result<(), String> {
    match words.contains(&text) {
        true => Ok(()),
        false => Err(format!("expected {}", words.join(" or "))),
    }
}

fn only(text: &str, more: &str, what: &str) -> Result<(), String> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
    match !text.is_empty() && text.chars().all(is_good) {
        true => Ok(()),
        false => Err(format!("expected {what}: letters, digits and {more} only")),
    }
}

fn word(text: &str, _: &Draft) -> Result<(), String> {
    only(text, "_-.", "a name")
}

fn path(text: &str, _: &Draft) -> Result<(), String> {
    if !text.starts_with('/') || text.split('/').any(|part| part == "..") {
        return Err("expected a path from the root, such as /etc/ssl/hospital.pem".to_owned());
    }
    only(text, "/_-.", "a path")
}

/// Elsewhere Synapse finds nothing, and makes a new key and an empty store by itself.
fn path_inside(text: &str, draft: &Draft) -> Result<(), String> {
    path(text, draft)?;
    let (data, on_machine) = (data(draft).unwrap_or_default(), draft.get("synapse_data").unwrap_or_default());
    match text.strip_prefix(&data).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/')) {
        true => Ok(()),
        false if data == on_machine => Err(format!("expected a path below {data}, which is synapse_data")),
        false => {
            Err(format!("expected a path below {data}: there Synapse's container has {on_machine} (synapse_data)"))
        }
    }
}

fn certificate_key(text: &str, draft: &Draft) -> Result<(), String> {
    path(text, draft)?;
    let wanted = draft.get("certificate").unwrap_or_default();
    match is(draft, "run", "systemd") || folder(text) == folder(&wanted) {
        true => Ok(()),
        false => {
            Err("expected a path in the folder of the certificate: nginx's container has that one alone".to_owned())
        }
    }
}

fn listen_address(text: &str, draft: &Draft) -> Result<(), String> {
    match text.is_empty() || (text.parse::<std::net::Ipv4Addr>().is_ok() && !is(draft, "run", "systemd")) {
        true => Ok(()),
        false => Err("expected an address such as 192.168.1.10, and with systemd none".to_owned()),
    }
}

fn server_name(text: &str, _: &Draft) -> Result<(), String> {
    let is_plain = only(text, "-.", "").is_ok() && text.contains('.') && text == text.to_lowercase();
    match is_plain && ruma_common::ServerName::parse(text).is_ok() {
        true => Ok(()),
        false => Err("expected a name such as hospital.example, in small letters, without a port".to_owned()),
    }
}

fn host_name(text: &str, draft: &Draft) -> Result<(), String> {
    server_name(text, draft)?;
    let hosts = ["matrix_host", "element_host", "bot_host"].map(|key| draft.get(key));
    match hosts.iter().flatten().filter(|host| *host == text).count() {
        0 | 1 => Ok(()),
        _ => Err("is the host of something else, too; give each its own".to_owned()),
    }
}

fn host_or_address(text: &str, _: &Draft) -> Result<(), String> {
    only(text, "-_.:/", "a host name, an address, or the folder of a socket")
}

fn port(text: &str, _: &Draft) -> Result<(), String> {
    match text.parse::<u16>() {
        Ok(1..) => Ok(()),
        _ => Err("expected a port from 1 to 65535".to_owned()),
    }
}

fn size(text: &str, _: &Draft) -> Result<(), String> {
    let number = text.strip_suffix(['K', 'M']).and_then(|number| number.parse::<u32>().ok());
    match number {
        Some(1..=9999) => Ok(()),
        _ => Err("expected a size such as 50M".to_owned()),
    }
}

fn https(text: &str, _: &Draft) -> Result<(), String> {
    let is_plain = only(text, "-_.:/~", "").is_ok() && !text.ends_with('/');
    match Url::parse(text) {
        Ok(url) if is_plain && url.scheme() == "https" && url.host_str().is_some() => Ok(()),
        _ => Err("expected an address such as https://equipemed.hospital.example, without / at the end".to_owned()),
    }
}

fn user(text: &str, draft: &Draft) -> Result<(), String> {
    let server = draft.get("server_name").unwrap_or_default();
    let own = text.strip_prefix('@').and_then(|rest| rest.strip_suffix(&format!(":{server}")));
    let Some(own) = own.filter(|own| only(own, "._=-/+", "").is_ok() && *own == own.to_lowercase()) else {
        return Err(format!("expected an id such as @name:{server}"));
    };
    if own == BOT_LOCALPART || UserId::parse(text).is_err() {
        return Err("is the bot's own id, or too long".to_owned());
    }
    Ok(())
}

fn users(text: &str, draft: &Draft) -> Result<(), String> {
    listed(text).try_for_each(|one| user(one, draft))
}

fn time_zone(text: &str, _: &Draft) -> Result<(), String> {
    match jiff::tz::TimeZone::get(text) {
        Ok(_) => only(text, "/_-+", "a time zone"),
        Err(_) => Err("expected an IANA time zone such as America/Bahia".to_owned()),
    }
}
