//! The registration file, shared by Synapse and the service.
//!
//! Read as Synapse reads it, without `${NAME}`. Its user namespace must contain only the bot, so that the token cannot
//! act as anybody else. `generate` makes new files.

use std::fmt::Write as _;
use std::path::Path;

use regex::Regex;
use ruma_common::{OwnedUserId, ServerName, UserId};
use secrecy::SecretString;
use url::Url;

use super::problems::Sink;
use super::reader::{Document, Node};
use super::secret::is_placeholder;

/// Localpart of the bot in generated files.
pub const BOT_LOCALPART: &str = "equipemed_bot";

/// Prefix of managed rooms' aliases.
pub const ALIAS_PREFIX: &str = "equipemed_";

/// The shipped file, whose placeholders are refused at startup.
pub const EXAMPLE: &str = include_str!("../../registration.yaml");

const RENEW: &str = "run `equipemed-bot registration --output registration.yaml` and give the new file to Synapse";

/// Shorter tokens can be guessed or are left over from a test.
const LEAST_TOKEN: usize = 16;

/// A checked registration.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Id of the application service.
    pub id: String,
    /// Where Synapse sends transactions.
    pub url: Url,
    /// The token that the service sends to Synapse.
    pub as_token: SecretString,
    /// The token that Synapse sends to the service.
    pub hs_token: SecretString,
    /// Localpart of the bot.
    pub sender_localpart: String,
    /// Patterns of the alias namespace.
    pub aliases: Vec<Regex>,
    /// Whether Synapse takes the token only from certain addresses, as in a set of `deploy init`.
    pub is_from_one_place: bool,
}

impl Registration {
    /// Reads and checks a file. Problems are reported under the file's name.
    pub(crate) fn read(path: &Path, server: Option<&ServerName>, sink: &Sink) -> Option<Self> {
        let file = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                sink.add_file(
                    &file,
                    format!("cannot read the registration: {error}; {RENEW}, or correct appservice.registration"),
                );
                return None;
            }
        };
        let document = Document::parse(&file, &text, None, sink)?;
        let mut map = document.root(sink).map();
        let id = map.require("id", "a name for this service, such as equipemed-bot").text();
        let url =
            map.require("url", "the address at which Synapse reaches this service, such as http://127.0.0.1:9009");
        let url = url.http_url();
        let as_node = map.require("as_token", &format!("a token, or {RENEW}"));
        let hs_node = map.require("hs_token", &format!("a token, or {RENEW}"));
        let (as_token, hs_token) = (token(&as_node), token(&hs_node));
        if as_token.is_some() && as_token == hs_token {
            hs_node.problem(format!("is the same as as_token; {RENEW}"));
        }
        let sender = map.require("sender_localpart", &format!("the bot's name, such as {BOT_LOCALPART}"));
        let sender_localpart = sender.text();
        let limited = map.get("rate_limited");
        if limited.boolean() != Some(false) {
            let text = "has to be `rate_limited: false`, or Synapse slows the service down until it skips work";
            if limited.is_given() { limited.problem(text) } else { limited.key_problem(text) }
        }
        let mut namespaces = map.require("namespaces", &format!("the namespaces, or {RENEW}")).map();
        let bot = server.zip(sender_localpart.as_deref()).and_then(|(server, localpart)| {
            let bot = bot_id(localpart, server);
            if bot.is_none() {
                sender.problem("is not a valid name for a Matrix account; use a-z, 0-9 and . _ = - / + only");
            }
            bot
        });
        check_users(&namespaces.get("users"), bot.as_ref());
        let aliases = alias_patterns(&namespaces.get("aliases"));
        Some(Self {
            id: id?,
            url: url?,
            as_token: as_token?.into(),
            hs_token: hs_token?.into(),
            sender_localpart: sender_localpart?,
            aliases: aliases?,
            is_from_one_place: map.get("ip_range_whitelist").is_given(),
        })
    }

    /// Whether the alias with this localpart is in the namespace.
    #[must_use]
    pub fn owns_alias(&self, localpart: &str, server: &ServerName) -> bool {
        let alias = format!("#{localpart}:{server}");
        self.aliases.iter().any(|pattern| pattern.is_match(&alias))
    }
}

/// The bot's id, if valid.
pub(crate) fn bot_id(localpart: &str, server: &ServerName) -> Option<OwnedUserId> {
    equipemed_domain::localpart::user_id(localpart, server, &std::collections::BTreeSet::new())
        .ok()
        .filter(|id: &OwnedUserId| id.localpart() == localpart)
}

fn token(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    if is_placeholder(&text) {
        node.problem(format!("is still a placeholder; {RENEW}"));
        return None;
    }
    if text.len() < LEAST_TOKEN {
        node.problem(format!("is shorter than {LEAST_TOKEN} characters; {RENEW}"));
        return None;
    }
    Some(text)
}

/// The namespace must be one exclusive entry that matches only the bot.
fn check_users(users: &Node<'_>, bot: Option<&OwnedUserId>) {
    let Some(bot) = bot else { return };
    let wanted = format!("{{exclusive: true, regex: '{}'}}", user_pattern(bot));
    let entries = users.list().unwrap_or_default();
    let [entry] = entries.as_slice() else {
        let text = format!("has to hold the bot and nobody else; write one entry: - {wanted}");
        if users.is_given() {
            users.problem(text)
        } else {
            users.key_problem(text)
        }
        return;
    };
    let mut entry = entry.map();
    if entry.get("exclusive").boolean() != Some(true) {
        entry
            .node()
            .problem(format!("has to be exclusive, so that nobody else can take the bot's name; write {wanted}"));
    }
    let regex = entry.require("regex", &format!("the bot's id: {wanted}"));
    let Some(text) = regex.text() else { return };
    if literal(&text).as_deref() != Some(bot.as_str()) {
        regex.problem(format!(
            "has to match {bot} alone, with every dot escaped and a $ at the end, or the token could act as other people; write {wanted}"
        ));
    }
}

/// The only text that an expression matches, if it is that simple and ends in `$`.
fn literal(pattern: &str) -> Option<String> {
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern).strip_suffix('$')?;
    let mut text = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            // A backslash before a letter or digit forms a class.
            '\\' => text.push(characters.next().filter(|c| !c.is_ascii_alphanumeric())?),
            '.' | '*' | '+' | '?' | '|' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => return None,
            other => text.push(other),
        }
    }
    Some(text)
}

fn alias_patterns(aliases: &Node<'_>) -> Option<Vec<Regex>> {
    aliases.missing(&format!("the aliases of managed rooms, or {RENEW}"));
    let mut patterns = Vec::new();
    for entry in aliases.list()? {
        let regex = entry.map().require("regex", "a regular expression such as '#equipemed_.*:hospital\\.example$'");
        let Some(text) = regex.text() else { continue };
        // Synapse matches from the start but not to the end.
        match Regex::new(&format!("^(?:{text})")) {
            Ok(pattern) => patterns.push(pattern),
            Err(_) => regex.problem("is not a regular expression that both Synapse and this service understand; write it with plain characters, . * and \\."),
        }
    }
    Some(patterns)
}

/// An expression that matches only this user.
fn user_pattern(user: &UserId) -> String {
    format!("{}$", escaped(user.as_str()))
}

/// Escapes all characters with a meaning in regular expressions.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if !(character.is_ascii_alphanumeric() || matches!(character, '_' | '@' | ':' | '#' | '-' | '=' | '/')) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Content of a new registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The bot's account.
    pub bot: OwnedUserId,
    /// Where Synapse reaches the service.
    pub url: Url,
}

/// Generates a registration file with fresh tokens. The text is secret; write it with mode 0600.
pub fn generate(wanted: &Wanted) -> Result<String, getrandom::Error> {
    let (as_token, hs_token) = (fresh_token()?, fresh_token()?);
    let server = escaped(wanted.bot.server_name().as_str());
    Ok(format!(
        "# Application service registration of equipemed-bot. Holds secrets: readable by the service and Synapse only.\n\
         # Synapse: add this file's path to app_service_config_files in homeserver.yaml and restart it.\n\
         id: equipemed-bot\n\
         # Where Synapse reaches the service; change it when they run on different machines or in containers.\n\
         url: {url}\n\
         as_token: {as_token}\n\
         hs_token: {hs_token}\n\
         sender_localpart: {localpart}\n\
         rate_limited: false\n\
         namespaces:\n\
         \x20 # The bot and nobody else. A wider expression would let the token act as other people; it is refused at start.\n\
         \x20 users:\n\
         \x20   - exclusive: true\n\
         \x20     regex: '{user}'\n\
         \x20 aliases:\n\
         \x20   - exclusive: true\n\
         \x20     regex: '#{ALIAS_PREFIX}.*:{server}$'\n\
         \x20 rooms: []\n",
        url = wanted.url.as_str().trim_end_matches('/'),
        localpart = wanted.bot.localpart(),
        user = user_pattern(&wanted.bot),
    ))
}

/// The text of a registration with fresh tokens and everything else as it is. None if it has no two tokens to replace.
/// The result is secret.
pub fn rotate(text: &str) -> Result<Option<String>, getrandom::Error> {
    let sink = Sink::default();
    let Some(document) = Document::parse("registration", text, None, &sink) else { return Ok(None) };
    let mut map = document.root(&sink).map();
    let (as_token, hs_token) = (map.get("as_token").text(), map.get("hs_token").text());
    let mut rotated = text.to_owned();
    for old in [as_token, hs_token] {
        // In the text, because comments and order belong to the hospital, and other programs read other fields.
        let Some(old) = old.filter(|old| rotated.matches(old.as_str()).count() == 1) else { return Ok(None) };
        rotated = rotated.replace(&old, &fresh_token()?);
    }
    Ok(Some(rotated))
}

/// 256 bits in hexadecimal.
fn fresh_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
