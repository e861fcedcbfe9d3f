//! What templates below `deploy/` may name.
//!
//! Derived from the answers alone: the same answers give the same files. It holds no secret.

use super::Answers;
use crate::config::registration::BOT_LOCALPART;

/// A server, as its files name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// `hospital.example`.
    pub server_name: String,
    /// `matrix.hospital.example`.
    pub matrix_host: String,
    /// `chat.hospital.example`.
    pub element_host: String,
    /// `bot.hospital.example`: the bot's pages and API.
    pub bot_host: String,
    /// `https://equipemed.hospital.example`.
    pub equipemed_url: String,
    /// Issuer of EquipeMed's OpenID Connect.
    pub issuer: String,
    /// Synapse's client id there.
    pub client_id: String,
    /// `idp_id` in homeserver.yaml.
    pub identity_provider: String,
    /// Path of the certificate with its chain.
    pub certificate: String,
    /// Path of its key.
    pub certificate_key: String,
    /// Containers; else systemd.
    pub is_containers: bool,
    /// Into an existing set; else a new one.
    pub is_existing: bool,
    /// Host and port of Synapse's listener for clients.
    pub synapse_address: String,
    /// Where the internal nginx listens for the bot.
    pub internal_listen: String,
    /// Host and port of that listener, as the bot reaches it.
    pub internal_address: String,
    /// Host and port of the bot's listener for Synapse.
    pub bot_address: String,
    /// How Synapse reaches that listener: in containers by way of nginx, because no network has both.
    pub appservice_url: String,
    /// Host and port of the bot's pages and API.
    pub pages_address: String,
    /// Host and port of Element, in containers.
    pub element_address: String,
    /// Folder of Element's release, with systemd.
    pub element_folder: String,
    /// The machine's address that nginx's container listens on; empty for all.
    pub listen_address: String,
    /// Largest upload, such as `50M`.
    pub upload_size: String,
    /// Full id of the break-glass account; may be empty.
    pub break_glass: String,
    /// Full ids of accounts that may make rooms and invite.
    pub service_accounts: Vec<String>,
    /// Full id of the bot.
    pub bot: String,
    /// IANA time zone.
    pub timezone: String,
    /// Synapse gets a PostgreSQL of its own.
    pub is_own_postgres: bool,
    /// Host of Synapse's database.
    pub database_host: String,
    /// Its port.
    pub database_port: String,
    /// Its name.
    pub database_name: String,
    /// Its role.
    pub database_user: String,
    /// Host of EquipeMed's database.
    pub equipemed_database_host: String,
    /// Its port.
    pub equipemed_database_port: String,
    /// Its name.
    pub equipemed_database_name: String,
    /// Folder of Synapse's data.
    pub synapse_data: String,
    /// Path of the signing key, as Synapse sees it.
    pub signing_key: String,
    /// Folder of the media, as Synapse sees it.
    pub media_store: String,
    /// Folder that Synapse may write, as Synapse sees it.
    pub synapse_home: String,
    /// Address that Synapse listens on.
    pub synapse_bind: String,
    /// Its port for clients.
    pub synapse_port: u16,
    /// Its port for Prometheus.
    pub metrics_port: u16,
    /// Folder of the certificate and its key.
    pub certificate_folder: String,
    /// Folder of Synapse's files of the set, as Synapse sees it.
    pub synapse_files: String,
    /// Folder of the bot's files of the set, as the bot sees it.
    pub bot_files: String,
    /// Folder that the bot may write, as the bot sees it.
    pub bot_data: String,
    /// Folder of the media on the machine.
    pub media_on_machine: String,
    /// Path of the signing key on the machine.
    pub signing_key_on_machine: String,
    /// Folder that the bot may write, on the machine.
    pub bot_data_on_machine: String,
    /// The set's folder on the machine.
    pub folder: String,
}

impl Set {
    /// The set of these answers in this folder.
    #[must_use]
    pub fn new(answers: &Answers, folder: &str) -> Self {
        let get = |key| answers.get(key).to_owned();
        let is_containers = answers.get("run") == "containers";
        // Synapse's container has the folder of its data as /data.
        let on_machine = |key: &str| match answers.get(key).strip_prefix("/data/") {
            Some(rest) if is_containers => format!("{}/{rest}", answers.get("synapse_data")),
            _ => answers.get(key).to_owned(),
        };
        let at = |containers: &str, systemd: &str| if is_containers { containers } else { systemd }.to_owned();
        Self {
            server_name: get("server_name"),
            matrix_host: get("matrix_host"),
            element_host: get("element_host"),
            bot_host: get("bot_host"),
            equipemed_url: get("equipemed_url"),
            issuer: get("issuer"),
            client_id: get("client_id"),
            identity_provider: get("identity_provider"),
            certificate: get("certificate"),
            certificate_key: get("certificate_key"),
            is_containers,
            is_existing: answers.get("set") == "existing",
            synapse_address: at("synapse:8008", "127.0.0.1:8008"),
            internal_listen: at("8010", "127.0.0.1:8010"),
            internal_address: at("nginx:8010", "127.0.0.1:8010"),
            bot_address: at("bot:9009", "127.0.0.1:9009"),
            appservice_url: at("http://nginx:8011", "http://127.0.0.1:9009"),
            pages_address: at("bot:9010", "127.0.0.1:9010"),
            element_address: "element:8080".to_owned(),
            element_folder: "/usr/share/element-web".to_owned(),
            listen_address: get("listen_address"),
            upload_size: get("upload_size"),
            break_glass: get("break_glass"),
            service_accounts: answers.list("service_accounts"),
            bot: format!("@{BOT_LOCALPART}:{}", answers.get("server_name")),
            timezone: get("timezone"),
            is_own_postgres: answers.get("postgres") == "own",
            database_host: get("database_host"),
            database_port: get("database_port"),
            database_name: get("database_name"),
            database_user: get("database_user"),
            equipemed_database_host: get("equipemed_database_host"),
            equipemed_database_port: get("equipemed_database_port"),
            equipemed_database_name: get("equipemed_database_name"),
            synapse_data: get("synapse_data"),
            signing_key: get("signing_key"),
            media_store: get("media_store"),
            synapse_home: if is_containers { "/data".to_owned() } else { get("synapse_data") },
            synapse_bind: at("0.0.0.0", "127.0.0.1"),
            synapse_port: 8008,
            metrics_port: 9092,
            certificate_folder: answers.get("certificate").rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
            synapse_files: at("/etc/equipemed-set", &format!("{folder}/synapse")),
            bot_files: at("/etc/equipemed-bot", &format!("{folder}/bot")),
            bot_data: at("/data", "/var/lib/equipemed-bot"),
            media_on_machine: on_machine("media_store"),
            signing_key_on_machine: on_machine("signing_key"),
            bot_data_on_machine: at(
                "/var/lib/docker/volumes/equipemed-matrix_bot-data/_data",
                "/var/lib/equipemed-bot",
            ),
            folder: folder.to_owned(),
        }
    }
}
