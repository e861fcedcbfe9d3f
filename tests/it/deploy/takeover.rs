//! A Synapse 1.99 with people, rooms, chats and files, taken over as deploy/README.md says: `deploy init --existing`,
//! then the current Synapse with what it wrote, on the same database and media.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use equipemed_bot::directory::equipemed::Script;
use equipemed_testbed::client::encode;
use equipemed_testbed::equipemed::Row;
use equipemed_testbed::nginx::{Nginx, Place};
use equipemed_testbed::rooms::room_path;
use equipemed_testbed::tools::{Release, python};
use equipemed_testbed::{Client, Equipemed, Folder, LOOPBACK, Postgres, Program, free_port, postgres, random_hex};
use serde_json::{Value, json};
use tokio::process::Command;

use super::nginx::HOSTS;
use super::until_healthy;
use crate::world::process::{Ran, Running};

const OLD_SECRET: &str = "the-old-registration-secret";
const PASSWORD: &str = "a-Password-of-20-and-more";
/// Of Synapse's role, with what `.pgpass` has to escape.
const DATABASE_PASSWORD: &str = r"pa:ss\word";
const FILE: &str = "Escala de sexta: Ana e Beto";
const PEOPLE: [(&str, i64); 3] = [("ana", 1), ("beto", 2), ("carla", 3)];

/// The machine: the old Synapse's folder, the set's, and the database that both use.
struct Machine {
    home: Folder,
    place: Folder,
    database: String,
    role: String,
    port: u16,
    metrics: u16,
    internal: u16,
}

impl Machine {
    async fn new() -> Result<Self> {
        let cluster = Postgres::shared().await?;
        let database = cluster.database("takeover").await?;
        let role = format!("synapse_{}", random_hex(4)?);
        let name = name_of(&database);
        let sql = format!(
            "create role {role} login password '{DATABASE_PASSWORD}'; alter database \"{name}\" owner to {role};"
        );
        postgres::sql(&database, &sql).await?;
        let (home, place) = (Folder::new("old")?, Folder::new("takeover")?);
        let [port, metrics, internal] = [free_port()?, free_port()?, free_port()?];
        let machine = Self { home, place, database, role, port, metrics, internal };
        fs::write(machine.old_file(), machine.old_settings(cluster.port()))?;
        Ok(machine)
    }

    fn url(&self) -> String {
        format!("http://{LOOPBACK}:{}", self.port)
    }

    fn old_file(&self) -> PathBuf {
        self.home.path().join("homeserver.yaml")
    }

    fn signing_key(&self) -> PathBuf {
        self.home.path().join("hospital.example.signing.key")
    }

    fn set(&self) -> PathBuf {
        self.place.path().join("set")
    }

    /// As the set of EquipeMed has it: passwords allowed, federation on, secrets in the file.
    fn old_settings(&self, database_port: u16) -> String {
        format!(
            "server_name: hospital.example\n\
             public_baseurl: https://matrix.hospital.example/\n\
             listeners:\n\
             - {{port: {port}, type: http, tls: false, x_forwarded: true, bind_addresses: [{LOOPBACK}],\n   \
                resources: [{{names: [client, federation], compress: false}}]}}\n\
             database:\n  name: psycopg2\n  args: {{user: {role}, password: '{DATABASE_PASSWORD}',\n    \
                database: {name}, host: {LOOPBACK}, port: {database_port}, cp_min: 5, cp_max: 10}}\n\
             signing_key_path: {key}\n\
             media_store_path: {home}/media_store\n\
             registration_shared_secret: {OLD_SECRET}\n\
             macaroon_secret_key: the-old-macaroon-secret-key\n\
             form_secret: the-old-form-secret\n\
             report_stats: false\ntrusted_key_servers: []\nenable_registration: false\n\
             rc_message: {{per_second: 1000, burst_count: 1000}}\n\
             oidc_providers:\n\
             - {{idp_id: eqmd, idp_name: EquipeMed, issuer: 'https://equipemed.invalid/o', client_id: '123456',\n   \
                client_secret: the-old-client-secret, scopes: [openid, profile], discover: false,\n   \
                user_profile_method: userinfo_endpoint, allow_existing_users: true,\n   \
                authorization_endpoint: 'https://equipemed.invalid/o/authorize',\n   \
                token_endpoint: 'https://equipemed.invalid/o/token',\n   \
                userinfo_endpoint: 'https://equipemed.invalid/o/userinfo'}}\n",
            port = self.port,
            role = self.role,
            name = name_of(&self.database),
            key = self.signing_key().display(),
            home = self.home.path().display(),
        )
    }

    async fn start_old(&self) -> Result<Program> {
        let (file, folder) = (self.old_file(), self.home.path());
        let arguments = ["-c", &file.to_string_lossy()];
        let keys = [&arguments[..], &["--generate-keys"]].concat();
        let mut command = Command::new(python(Release::Oldest).await?);
        command.args(["-m", "synapse.app.homeserver"]).args(keys).current_dir(folder);
        Running::start(command)?.end().await?.ended(0);
        self.start(Release::Oldest, folder, &arguments).await
    }

    async fn start_new(&self) -> Result<Program> {
        let folder = self.set().join("synapse");
        let [main, more] = ["homeserver.yaml", "setup"].map(|name| folder.join(name).display().to_string());
        self.start(Release::Current, &folder, &["-c", &main, "-c", &more]).await
    }

    async fn start(&self, release: Release, modules: &Path, arguments: &[&str]) -> Result<Program> {
        let python = python(release).await?.display().to_string();
        let modules = format!("PYTHONPATH={}", modules.display());
        let program = [&*modules, "PYTHONDONTWRITEBYTECODE=1", &python, "-m", "synapse.app.homeserver"];
        let output = self.place.path().join(format!("{}.log", release.version()));
        let mut program = Program::start(Path::new("/usr/bin/env"), &[&program, arguments].concat(), &output)?;
        until_healthy(&mut program, &self.url()).await?;
        Ok(program)
    }

    async fn run(&self, folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Ran> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_equipemed-bot"));
        command.args(arguments).current_dir(folder).envs(environment.iter().copied());
        Running::start(command)?.end().await
    }

    /// `deploy init --existing`, and then what containers would do: the set's folders where their files look for them.
    async fn init(&self, place: &Place) -> Result<()> {
        let answers = format!(
            "equipemed_url: https://equipemed.invalid\nsynapse_data: {}\ncertificate: {}\ncertificate_key: {}\n\
             signing_key: /data/hospital.example.signing.key\nmedia_store: /data/media_store\n",
            self.home.path().display(),
            place.certificate().display(),
            place.certificate_key().display()
        );
        fs::write(self.place.path().join("answers.yaml"), answers)?;
        let old = self.old_file().display().to_string();
        let arguments = ["deploy", "init", "set", "--existing", &old, "--answers", "answers.yaml", "--yes"];
        let ran = self.run(self.place.path(), &arguments, &[]).await?.ended(0);
        for secret in [OLD_SECRET, DATABASE_PASSWORD, "the-old-"] {
            assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{secret} is shown: {}", ran.out);
        }
        let own = format!(
            "listeners:\n- {{type: http, port: {}, bind_addresses: [{LOOPBACK}], x_forwarded: true,\n   \
                resources: [{{names: [client]}}]}}\n\
             - {{type: metrics, port: {}, bind_addresses: [{LOOPBACK}]}}\n",
            self.port, self.metrics
        );
        fs::create_dir_all(self.set().join("synapse/setup"))?;
        fs::write(self.set().join("synapse/setup/own.yaml"), own)?;
        let files = self.set().join("synapse").display().to_string();
        let home = format!("\"{}/", self.home.path().display());
        self.adapt("synapse/homeserver.yaml", &[("/etc/equipemed-set", &files), ("\"/data/", &home)])
    }

    fn adapt(&self, file: &str, changes: &[(&str, &str)]) -> Result<()> {
        let path = self.set().join(file);
        let mut text = fs::read_to_string(&path)?;
        for (old, new) in changes {
            anyhow::ensure!(text.contains(old), "{file} has no {old}");
            text = text.replace(old, new);
        }
        Ok(fs::write(path, text)?)
    }
}

fn name_of(database: &str) -> &str {
    database.rsplit('/').next().unwrap_or_default()
}

/// What the people of the hospital had on the old Synapse.
struct Had {
    administrator: Client,
    people: [Client; 3],
    room: String,
    chat: String,
    /// Another chat of the two, which they have encrypted.
    encrypted: String,
    said: String,
    file: String,
}

impl Had {
    async fn make(url: &str) -> Result<Self> {
        let token = Client::register(url, OLD_SECRET, "equipemed", PASSWORD, true).await?;
        let administrator = Client::new(url, "@equipemed:hospital.example", &token)?;
        for (name, number) in PEOPLE {
            let linked = json!([{"auth_provider": "oidc-eqmd", "external_id": Row::new(number, name, &[]).public_id}]);
            let account = json!({"password": PASSWORD, "displayname": name, "external_ids": linked});
            let path = format!("/_synapse/admin/v2/users/{}", encode(&format!("@{name}:hospital.example")));
            administrator.put_ok(&path, account).await?;
        }
        administrator.set_password("@breakglass:hospital.example", PASSWORD).await?;
        let login = |name| Client::login_at(url, name, PASSWORD);
        let [ana, beto, carla] = [login("ana").await?, login("beto").await?, login("carla").await?];
        let invited = json!([ana.user_id(), beto.user_id()]);
        let body = json!({"name": "UTI", "preset": "private_chat", "invite": invited});
        let room = administrator.create_room(body).await?;
        let body = json!({"preset": "trusted_private_chat", "is_direct": true, "invite": [beto.user_id()]});
        let chat = ana.create_room(body).await?;
        let encryption = json!({"algorithm": "m.megolm.v1.aes-sha2"});
        let state = json!([{"type": "m.room.encryption", "state_key": "", "content": encryption}]);
        let body = json!({"is_direct": true, "invite": [beto.user_id()], "initial_state": state});
        let encrypted = ana.create_room(body).await?;
        for (person, room) in [(&ana, &room), (&beto, &room), (&beto, &chat), (&beto, &encrypted)] {
            person.join(room).await?;
        }
        ana.send(&encrypted, "m.room.encrypted", encryption).await?;
        ana.put_ok(&direct(&ana), json!({beto.user_id(): [chat]})).await?;
        let file = ana.upload_ok("text/plain", FILE.as_bytes().to_vec()).await?;
        ana.send(&room, "m.room.message", file_message(&file)).await?;
        beto.send_text(&chat, "troca comigo?").await?;
        let said = beto.send_text(&room, "troca aceita").await?;
        Ok(Self { administrator, people: [ana, beto, carla], room, chat, encrypted, said, file })
    }

    async fn is_all_there(&self) -> Result<()> {
        let [ana, beto, carla] = &self.people;
        for client in self.people.iter().chain([&self.administrator]) {
            let answer = client.get_ok("/_matrix/client/v3/account/whoami").await;
            assert_eq!(answer.context("a token has ended")?["user_id"], client.user_id());
        }
        let mut rooms = [&self.room, &self.chat, &self.encrypted].map(Clone::clone);
        rooms.sort();
        for person in [ana, beto] {
            let mut joined = person.joined_rooms().await?;
            joined.sort();
            assert_eq!(joined, rooms, "{}", person.user_id());
            assert_eq!(bodies(person, &self.room).await?, ["troca aceita", "escala.txt"]);
            assert_eq!(bodies(person, &self.chat).await?, ["troca comigo?"]);
            let path = format!("/_matrix/client/v1/media/download/{}", self.file.trim_start_matches("mxc://"));
            assert_eq!(person.get_ok(&path).await?, FILE);
        }
        let kept = ana.messages(&self.encrypted, 1).await?;
        assert_eq!(kept.first().context("nothing was kept")?["type"], "m.room.encrypted");
        assert!(carla.joined_rooms().await?.is_empty());
        let name = ana.state_event(&self.room, "m.room.name", "").await?;
        assert_eq!(name, Some(json!({"name": "UTI"})));
        assert_eq!(ana.get_ok(&direct(ana)).await?, json!({beto.user_id(): [self.chat]}), "Element's list of chats");
        Ok(())
    }

    /// People write in both, and what they write is signed as before.
    async fn goes_on(&self, machine: &Machine) -> Result<()> {
        let [ana, beto, _] = &self.people;
        for (person, other, room) in [(ana, beto, &self.room), (beto, ana, &self.chat)] {
            let said = person.send_text(room, "depois").await?;
            assert_eq!(other.event(room, &said).await?["content"]["body"], "depois");
            let (before, after) = (signed_by(machine, &self.said).await?, signed_by(machine, &said).await?);
            assert_eq!(before, after, "another signing key");
        }
        ana.send(&self.chat, "m.room.message", file_message(&self.file))
            .await
            .context("the old file cannot be sent on")?;
        Ok(())
    }

    async fn the_policy_holds(&self, url: &str) -> Result<()> {
        let [ana, beto, carla] = &self.people;
        for (person, room) in [(ana, &self.chat), (beto, &self.chat), (beto, &self.room)] {
            let invite = json!({"user_id": carla.user_id()});
            let (status, answer) = person.post(&room_path(room, "invite"), invite).await?;
            assert!(status == 403 && answer["errcode"] == "M_FORBIDDEN", "{status} {answer}");
        }
        let path = room_path(&self.encrypted, "send/m.room.encrypted/1");
        let (status, answer) = ana.put(&path, json!({"algorithm": "m.megolm.v1.aes-sha2"})).await?;
        assert!(status == 403 && answer["errcode"] == "M_FORBIDDEN", "{status} {answer}");
        let refused = Client::login_at(url, "ana", PASSWORD).await.err().context("a password still lets in")?;
        assert!(format!("{refused:#}").contains("403"), "{refused:#}");
        Client::login_at(url, "breakglass", PASSWORD).await.context("break-glass stays out")?;
        Ok(())
    }
}

fn file_message(address: &str) -> Value {
    json!({"msgtype": "m.file", "body": "escala.txt", "url": address, "info": {"mimetype": "text/plain"}})
}

fn direct(person: &Client) -> String {
    format!("/_matrix/client/v3/user/{}/account_data/m.direct", encode(person.user_id()))
}

/// Messages of a room, newest first.
async fn bodies(person: &Client, room: &str) -> Result<Vec<String>> {
    let messages = person.messages(room, 50).await?;
    let body = |event: &Value| event["content"]["body"].as_str().map(str::to_owned);
    Ok(messages.iter().filter_map(body).collect())
}

/// Names of the keys that an event is signed with.
async fn signed_by(machine: &Machine, event: &str) -> Result<Vec<String>> {
    let asked = format!("select json from event_json where event_id = '{event}'");
    let event: Value = serde_json::from_str(&postgres::sql(&machine.database, &asked).await?)?;
    let keys = event["signatures"]["hospital.example"].as_object().context("no signature")?;
    Ok(keys.keys().cloned().collect())
}

/// The bot of the set, by way of the set's nginx, and the people whom it finds in EquipeMed.
async fn bot(machine: &Machine, place: Place) -> Result<(Nginx, Equipemed)> {
    let equipemed = Equipemed::new(Postgres::shared().await?).await?;
    equipemed.add(&PEOPLE.map(|(name, number)| Row::new(number, name, &[]))).await?;
    let script = Script::new("accounts_", &std::collections::BTreeSet::new());
    equipemed.sql(&script.grants(&equipemed.reader)).await?;
    equipemed.sql(&script.install()).await?;
    let internal = format!("{LOOPBACK}:{}", machine.internal);
    machine.adapt(
        "bot/config.yaml",
        &[
            ("mode: observe", "mode: enforce"),
            ("nginx:8010", &internal),
            ("0.0.0.0:9009", &format!("{LOOPBACK}:{}", free_port()?)),
            ("sqlite:///data/", &format!("sqlite://{}/", machine.place.path().display())),
            ("url_file: secrets/directory_url", &format!("url: '{}'", equipemed.reader_url)),
        ],
    )?;
    let read = |name: &str| fs::read_to_string(machine.set().join("nginx").join(name));
    let settings = format!("{}{}{}", read("00-log.conf")?, read("matrix.conf")?, read("internal.conf")?)
        .replace("http://synapse:8008", &machine.url())
        .replace("listen 8010;", &format!("listen {internal};"));
    Ok((Nginx::start(place, &settings).await?, equipemed))
}

/// Steps 9 and 10: set up with an administrator of the old server, everybody recognised, the old room managed.
async fn the_bot_takes_over(machine: &Machine, had: &Had) -> Result<()> {
    let folder = machine.set().join("bot");
    let run = async |arguments: &[&str]| machine.run(&folder, arguments, &[]).await;
    let token = [("MATRIX_ADMIN_TOKEN", had.administrator.token())];
    machine.run(&folder, &["setup"], &token).await?.ended(0);
    let listed = run(&["rooms", "list"]).await?.ended(0);
    assert!(listed.out.contains(&had.room) && listed.out.contains(&had.chat), "{}", listed.out);

    let bot = "@equipemed_bot:hospital.example";
    had.administrator.post_ok(&room_path(&had.room, "invite"), json!({"user_id": bot})).await?;
    had.administrator.set_level(&had.room, bot, 100).await?;
    let adopt = ["rooms", "adopt", &had.room, "todos", "--accept-creators", had.administrator.user_id()];
    run(&adopt).await?.ended(0);
    let planned = run(&["sync", "--dry-run"]).await?;
    let adopted = "adopt, they carry the external id (3)\n    @ana\n    @beto\n    @carla\n";
    assert!(planned.out.contains(adopted), "{}", planned.out);
    run(&["sync"]).await?.ended(0);
    let [ana, beto, carla] = &had.people;
    let name = ana.state_event(&had.room, "m.room.name", "").await?;
    assert_eq!(name, Some(json!({"name": "Equipe - Todos"})));
    assert!(carla.joined_rooms().await?.contains(&had.room), "she belongs there by EquipeMed");
    assert!(bodies(beto, &had.room).await?.iter().any(|body| body == "troca aceita"));
    Ok(())
}

/// Settings of somebody's own come last: with these the module is gone, and a registration secret is back.
async fn doctor_notices_what_would_open_the_set(machine: &Machine, synapse: Program) -> Result<()> {
    let folder = machine.set().join("bot");
    let sound = machine.run(&folder, &["doctor"], &[]).await?.ended(0);
    for told in ["✓ Synapse takes no registration secret", "✓ Synapse's policy module is called"] {
        assert!(sound.out.contains(told), "{}", sound.out);
    }
    synapse.stop().await?;
    let own = machine.set().join("synapse/setup/own.yaml");
    let opened = format!("{}modules: []\nregistration_shared_secret: {OLD_SECRET}\n", fs::read_to_string(&own)?);
    fs::write(&own, opened)?;
    let synapse = machine.start_new().await?;
    let found = machine.run(&folder, &["doctor"], &[]).await?.ended(1);
    for told in ["✗ Synapse takes its registration secret", "✗ Synapse takes a program as a file", "\n2 problems."]
    {
        assert!(found.out.contains(told), "{told}: {}", found.out);
    }
    synapse.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synapse_of_1_99_is_taken_over_with_its_rooms_direct_chats_and_files() -> Result<()> {
    let machine = Machine::new().await?;
    let old = machine.start_old().await?;
    let had = Had::make(&machine.url()).await?;
    let key = fs::read_to_string(machine.signing_key())?;
    old.stop().await?;

    let place = Place::new(HOSTS)?;
    machine.init(&place).await?;
    let new = machine.start_new().await?;
    assert_eq!(fs::read_to_string(machine.signing_key())?, key);
    had.is_all_there().await?;
    had.goes_on(&machine).await?;
    had.the_policy_holds(&machine.url()).await?;
    let _running = bot(&machine, place).await?;
    the_bot_takes_over(&machine, &had).await?;
    doctor_notices_what_would_open_the_set(&machine, new).await
}
