//! The policy module in real Synapses: what people cannot do, what they can, and that each callback is called.
//!
//! One server of each release is shared by the tests; their people and rooms have different names.

mod events;
pub(super) mod files;
mod rooms;
mod start;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use equipemed_testbed::client::encode;
use equipemed_testbed::rooms::room_path;
use equipemed_testbed::synapse::{Database, Options};
use equipemed_testbed::tools::Release;
use equipemed_testbed::{Client, Folder, Registration, Synapse};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const RELEASES: [Release; 2] = [Release::Current, Release::Oldest];
const BREAK_GLASS: &str = "break_glass";
const SERVICE: &str = "service";

/// The folder of the shipped module.
fn module() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/synapse")
}

/// A Synapse with the module.
struct Server {
    release: Release,
    synapse: Synapse,
    bot_token: String,
    _folder: Folder,
}

/// A test's view of one: connections belong to the test that opened them.
struct Ward {
    server: Arc<Server>,
    bot: Client,
    administrator: Client,
}

impl Ward {
    /// The shared one of a release.
    async fn shared(release: Release) -> anyhow::Result<Self> {
        static CURRENT: OnceCell<Arc<Server>> = OnceCell::const_new();
        static OLDEST: OnceCell<Arc<Server>> = OnceCell::const_new();
        let cell = if release == Release::Current { &CURRENT } else { &OLDEST };
        let start = async || anyhow::Ok(Self::start(release, json!({})).await?.server);
        Self::at(Arc::clone(cell.get_or_try_init(start).await?)).await
    }

    /// A new one with these settings of `media`.
    async fn start(release: Release, media: Value) -> anyhow::Result<Self> {
        let folder = Folder::new("policy")?;
        let modules = vec![json!({"module": "equipemed_policy.Policy", "config": config(&folder, media)?})];
        Self::start_in(folder, release, modules).await
    }

    async fn start_in(folder: Folder, release: Release, modules: Vec<Value>) -> anyhow::Result<Self> {
        let registration = Registration::write(folder.path(), "bot", "equipemed_bot", None)?;
        // EquipeMed's machine has PostgreSQL; the testbed keeps none for the oldest release.
        let database = if release == Release::Current { Database::Postgres } else { Database::Sqlite };
        let synapse = Synapse::start(Options {
            release,
            database,
            registrations: vec![registration.path.clone()],
            extra_yaml: extra(&folder, &modules),
            modules: Some(module()),
            ..Options::default()
        })
        .await?;
        let ward =
            Self::at(Arc::new(Server { release, synapse, bot_token: registration.as_token, _folder: folder })).await?;
        let account = json!({"type": "m.login.application_service", "username": "equipemed_bot"});
        ward.bot.post_ok("/_matrix/client/v3/register", account).await?;
        ward.administrator.make_administrator(ward.bot.user_id()).await?;
        Ok(ward)
    }

    async fn at(server: Arc<Server>) -> anyhow::Result<Self> {
        let administrator = Client::administrator(&server.synapse).await?;
        let bot = Client::new(&server.synapse.url(), &server.synapse.user_id("equipemed_bot"), &server.bot_token)?;
        Ok(Self { server, bot, administrator })
    }

    fn synapse(&self) -> &Synapse {
        &self.server.synapse
    }

    /// A new person, without a password.
    async fn person(&self, name: &str) -> anyhow::Result<Client> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.administrator.signed_in(&self.server.synapse.user_id(&format!("{name}{number}"))).await
    }

    /// Another administrator.
    async fn second_administrator(&self) -> anyhow::Result<Client> {
        let person = self.person("chief").await?;
        self.administrator.make_administrator(person.user_id()).await?;
        Ok(person)
    }

    /// A room of the hospital with these people, who may do there what Synapse lets level 100 do.
    async fn room(&self, people: &[&Client]) -> anyhow::Result<String> {
        let levels: serde_json::Map<String, Value> =
            people.iter().map(|person| (person.user_id().to_owned(), json!(100))).collect();
        // Where the levels let people do everything, only the module refuses.
        let mut levels = json!({"users": levels, "events": {"m.room.tombstone": 50}});
        if self.is_oldest() {
            levels["users"][self.bot.user_id()] = json!(9001);
        }
        let invited: Vec<&str> = people.iter().map(|person| person.user_id()).collect();
        let wanted = json!({
            "name": "UTI", "preset": "private_chat", "invite": invited, "power_level_content_override": levels,
        });
        let room = self.bot.create_room(wanted).await?;
        for person in people {
            person.join(&room).await?;
        }
        Ok(room)
    }

    fn is_oldest(&self) -> bool {
        self.server.release == Release::Oldest
    }

    /// Lines of Synapse's metrics that the module wrote.
    async fn metrics(&self) -> anyhow::Result<String> {
        let (_, text) = self.administrator.get("/_synapse/metrics").await?;
        let text = text.as_str().context("the metrics are no text")?;
        Ok(text.lines().filter(|line| line.starts_with("equipemed")).collect::<Vec<_>>().join("\n"))
    }
}

/// The module's configuration as shipped, with other settings of `media`.
fn config(folder: &Folder, media: Value) -> anyhow::Result<Value> {
    let store = folder.path().join("media");
    let mut config = json!({
        "bot": "@equipemed_bot:hospital.example",
        "service_accounts": [format!("@{SERVICE}:hospital.example")],
        "break_glass": [format!("@{BREAK_GLASS}:hospital.example")],
        "media": {
            "allow": [
                "text/plain", "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "image/heic",
                "audio/ogg", "audio/mpeg", "audio/mp4", "audio/wav", "audio/webm", "audio/flac", "audio/aac",
            ],
            "store": store, "limit": "50G", "per_person_and_day": "500M", "state": folder.path().join("policy.db"),
        },
    });
    let settings = config["media"].as_object_mut().context("media is a mapping")?;
    settings.extend(media.as_object().context("the settings are a mapping")?.clone());
    Ok(config)
}

/// Of homeserver.yaml what the module leans on.
fn extra(folder: &Folder, modules: &[Value]) -> String {
    json!({
        "modules": modules,
        "media_store_path": folder.path().join("media"),
        "allowed_avatar_mimetypes": ["image/png", "image/jpeg", "image/webp"],
        "allow_per_room_profiles": false,
    })
    .to_string()
}

/// What Element for the web asks for when a direct chat begins, encryption included.
fn direct_chat(with: &Client) -> Value {
    json!({
        "invite": [with.user_id()],
        "is_direct": true,
        "preset": "trusted_private_chat",
        "visibility": "private",
        "power_level_content_override": {"events": {"m.room.name": 50, "org.matrix.msc3401.call.member": 0}},
        "initial_state": [
            {"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "can_join"}},
            {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}},
        ],
    })
}

/// A direct chat in which both are.
async fn chat(one: &Client, other: &Client) -> anyhow::Result<String> {
    let room = one.create_room(direct_chat(other)).await?;
    other.join(&room).await?;
    Ok(room)
}

/// Asserts a status and error code.
#[track_caller]
pub(super) fn refused(what: &str, (status, answer): (u16, Value), expected: (u16, &str)) {
    let code = answer.get("errcode").and_then(Value::as_str).unwrap_or_default();
    assert_eq!((status, code), expected, "{what}: {answer}");
}

/// What nearly everything is refused with.
pub(super) const FORBIDDEN: (u16, &str) = (403, "M_FORBIDDEN");

/// Sends an event; any status.
pub(super) async fn send(client: &Client, room: &str, kind: &str, content: Value) -> anyhow::Result<(u16, Value)> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let transaction = NEXT.fetch_add(1, Ordering::Relaxed);
    client.put(&room_path(room, &format!("send/{}/{transaction}", encode(kind))), content).await
}

/// Sends a state event; any status.
async fn put_state(client: &Client, room: &str, kind: &str, content: Value) -> anyhow::Result<(u16, Value)> {
    client.put(&room_path(room, &format!("state/{}/", encode(kind))), content).await
}

/// Invites; any status.
async fn invite(client: &Client, room: &str, whom: &Client) -> anyhow::Result<(u16, Value)> {
    client.post(&room_path(room, "invite"), json!({"user_id": whom.user_id()})).await
}
