//! The whole server with the real programs: PostgreSQL, Synapse with the shipped settings and module, nginx, the bot,
//! and EquipeMed's sign-in in a real Django.
//!
//! One test, because starting all of it takes longest. What the module refuses is `policy`'s, what nginx refuses
//! `nginx`'s; here is that they are really in the way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use equipemed_bot::deploy::Set;
use equipemed_bot::deploy::render::File;
use equipemed_bot::directory::equipemed::Script;
use equipemed_testbed::equipemed::Row;
use equipemed_testbed::nginx::{Nginx, Place};
use equipemed_testbed::oidc::{Person, Provider, Wanted};
use equipemed_testbed::{Client, Equipemed, Folder, LOOPBACK, Postgres, Program, Registration, eventually, free_port};
use equipemed_testbed::{client, registration, synapse, tools};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use super::browser::Browser;
use super::nginx::{HOSTS, rendered, set};
use super::{person, until_healthy};
use crate::world::process::{PATIENCE, Ran, Running};

const MATRIX: &str = "https://matrix.hospital.example";
const BOT: &str = "@equipemed_bot:hospital.example";
const SETUP_SECRET: &str = "for-setup-only";
const BREAK_GLASS_PASSWORD: &str = "correct horse battery staple of the safe";
const CLIENT_SECRET: &str = "a-secret-of-tests";
/// Who can sign in with EquipeMed: username, number, the claim `matrix_localpart`.
const PEOPLE: &[(&str, i64, Option<&str>)] =
    &[("ana", 1, None), ("beto", 2, None), ("nobody", 98, Some("nobody")), ("mallory", 99, Some("admin"))];

struct Whole {
    nginx: Nginx,
    provider: Provider,
    /// EquipeMed's address, and the port behind its TLS.
    site: (String, u16),
    synapse: Option<Program>,
    synapse_url: String,
    internal_url: String,
    equipemed: Equipemed,
    registration: Registration,
    http: reqwest::Client,
    /// Of the bot.
    folder: Folder,
    /// Of Synapse.
    home: Folder,
}

impl Whole {
    async fn start() -> anyhow::Result<Self> {
        let place = Place::new(HOSTS)?;
        let (home, folder) = (Folder::new("set")?, Folder::new("bot")?);
        let [synapse, metrics, internal, bot, django, equipemed] =
            [free_port()?, free_port()?, free_port()?, free_port()?, free_port()?, free_port()?];
        let url = format!("https://{LOOPBACK}:{equipemed}");
        let cluster = Postgres::shared().await?;
        let database = synapse::database().await?;
        let path = |name: &str| home.path().join(name).to_string_lossy().into_owned();
        let set = Set {
            issuer: format!("{url}/o"),
            synapse_address: format!("{LOOPBACK}:{synapse}"),
            synapse_port: synapse,
            metrics_port: metrics,
            internal_listen: format!("{LOOPBACK}:{internal}"),
            internal_address: format!("{LOOPBACK}:{internal}"),
            bot_address: format!("{LOOPBACK}:{bot}"),
            database_port: cluster.port().to_string(),
            database_name: database.rsplit('/').next().unwrap_or_default().to_owned(),
            database_user: "postgres".to_owned(),
            signing_key: path("signing.key"),
            media_store: path("media"),
            synapse_home: home.path().display().to_string(),
            synapse_files: home.path().display().to_string(),
            ..set(&place)?
        };
        let registration = registration(home.path(), bot)?;
        write_synapse(home.path(), &set, &database)?;
        // EquipeMed has its own TLS.
        let own = format!(
            "server {{ listen {LOOPBACK}:{equipemed} ssl; ssl_certificate {}; ssl_certificate_key {};\n\
             location / {{ proxy_pass http://{LOOPBACK}:{django}; proxy_set_header Host $http_host; }} }}\n",
            set.certificate, set.certificate_key
        );
        let authority = place.authority();
        let http = trusting(&authority, place.https)?;
        let nginx = Nginx::start(place, &format!("{}{own}", rendered(&set)?)).await?;
        let provider = provider(&url, django, CLIENT_SECRET).await?;
        let synapse_url = format!("http://{}", set.synapse_address);
        let synapse = start_synapse(home.path(), &authority, &synapse_url).await?;
        Ok(Self {
            nginx,
            provider,
            site: (url, django),
            synapse: Some(synapse),
            synapse_url,
            internal_url: format!("http://{}", set.internal_address),
            equipemed: people(cluster).await?,
            registration,
            http,
            folder,
            home,
        })
    }

    /// The bot's configuration, and its set-up with the registration secret by way of the internal listener.
    async fn set_up(&self) -> anyhow::Result<()> {
        let listen = self.registration.url.as_deref().unwrap_or_default().replace("http://", "");
        let config = json!({
            "mode": "enforce",
            "homeserver": {"url": self.internal_url, "server_name": "hospital.example"},
            "appservice": {"registration": self.registration.path, "listen": listen},
            "bot": {"control_room": {"alias": "equipemed_control", "name": "Controle"}},
            "directory": {"source": "equipemed", "url": self.equipemed.reader_url, "interval": "off", "poll": "1s"},
            "users": {
                "localpart": ["username"],
                "identity_provider": "oidc-equipemed",
                "break_glass": "@breakglass:hospital.example",
            },
            "roles": {
                "admin": {"when": {"superuser": true}, "level": 100, "rights": ["all"]},
                "lead": {"when": {"group": "Leads"}, "level": 50, "rights": ["redact", "kick"]},
            },
            "rooms": {
                "todos": {"name": "Todos", "members": {"any": true}},
                "icu": {"name": "UTI", "members": {"group": "UTI"}},
            },
            "telemetry": {"log": "text"},
        });
        fs::write(self.folder.path().join("config.yaml"), config.to_string())?;
        let ran = self.run("setup").await?.ended(0);
        assert!(ran.out.contains("the bot is a server administrator now"), "{}", ran.out);
        self.run("sync").await?.ended(0);
        Ok(())
    }

    fn command(&self, argument: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_equipemed-bot"));
        command.arg(argument).current_dir(self.folder.path());
        command.env("SYNAPSE_REGISTRATION_SHARED_SECRET", SETUP_SECRET);
        command
    }

    async fn run(&self, argument: &str) -> anyhow::Result<Ran> {
        Running::start(self.command(argument))?.end().await
    }

    /// A client that comes from outside.
    fn outside(&self, user: &str, token: &str) -> Client {
        Client::through(self.http.clone(), MATRIX, user, token)
    }

    /// Signs in as people do: their browser goes to EquipeMed, and their client gets a token for what it comes back
    /// with. Without a way back, the page that they see instead.
    async fn sign_in(&self, user: &str) -> anyhow::Result<Result<(u16, Value), (u16, String)>> {
        let mut browser = Browser::new(self.http.clone());
        let begin = format!("{MATRIX}/_matrix/client/v3/login/sso/redirect?redirectUrl={}", client::encode(ELEMENT));
        match browser.sign_in(&begin, user, "senha", ELEMENT).await? {
            Ok(token) => {
                let body = json!({"type": "m.login.token", "token": token});
                Ok(Ok(self.outside("", "").post("/_matrix/client/v3/login", body).await?))
            }
            Err(page) => Ok(Err(page)),
        }
    }

    async fn signed_in(&self, user: &str) -> anyhow::Result<Client> {
        let (status, answer) = self.sign_in(user).await?.map_err(|page| anyhow::anyhow!("{page:?}"))?;
        let token = answer["access_token"].as_str().with_context(|| format!("{status} {answer}"))?;
        assert_eq!(answer["user_id"], format!("@{user}:hospital.example"), "into that very account");
        Ok(self.outside(&format!("@{user}:hospital.example"), token))
    }

    /// Somebody with a password, made at the machine.
    async fn by_hand(&self, localpart: &str, is_administrator: bool) -> anyhow::Result<Client> {
        let url = &self.synapse_url;
        let token = Client::register(url, SETUP_SECRET, localpart, BREAK_GLASS_PASSWORD, is_administrator).await?;
        Client::new(url, &format!("@{localpart}:hospital.example"), &token)
    }

    async fn password(&self, user: &str) -> anyhow::Result<(u16, Value)> {
        let identifier = json!({"type": "m.id.user", "user": user});
        let body = json!({"type": "m.login.password", "identifier": identifier, "password": BREAK_GLASS_PASSWORD});
        self.outside("", "").post("/_matrix/client/v3/login", body).await
    }

    /// Waits until a request is answered like this.
    async fn until(&self, client: &Client, status: u16, word: &str) -> anyhow::Result<()> {
        eventually(word, PATIENCE, || async {
            let (got, answer) = client.get("/_matrix/client/v3/account/whoami").await?;
            Ok((got == status && answer.to_string().contains(word)).then_some(()))
        })
        .await
    }
}

/// Where Element would be.
const ELEMENT: &str = "https://chat.hospital.example/";

fn registration(folder: &Path, port: u16) -> anyhow::Result<Registration> {
    let registration = Registration::write_wanted(
        folder,
        registration::Wanted {
            id: "registration",
            bot: "equipemed_bot",
            alias_prefix: "equipemed_",
            url: Some(format!("http://{LOOPBACK}:{port}")),
            server_name: "hospital.example",
        },
    )?;
    let mut file: Value = serde_json::from_str(&fs::read_to_string(&registration.path)?)?;
    file["ip_range_whitelist"] = json!(["192.0.2.53/32"]);
    fs::write(&registration.path, file.to_string())?;
    Ok(registration)
}

/// Synapse's files as shipped, with secrets, and with what only setup needs on top.
fn write_synapse(folder: &Path, set: &Set, database: &str) -> anyhow::Result<()> {
    let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy/synapse");
    let write = |name: &str, text: String| fs::write(folder.join(name), text);
    write("homeserver.yaml", File::Homeserver.text(set)?)?;
    write("log.yaml", File::SynapseLog.text(set)?)?;
    write("setup.yaml", format!("registration_shared_secret: {SETUP_SECRET}\n"))?;
    for name in ["equipemed_policy.py", "equipemed_log.py"] {
        fs::copy(shipped.join(name), folder.join(name))?;
    }
    // Without federation nobody checks signatures, so any valid key will do.
    write("signing.key", format!("ed25519 testbed {}\n", "A".repeat(43)))?;
    fs::create_dir(folder.join("media"))?;
    fs::create_dir(folder.join("secrets"))?;
    for name in ["macaroon_secret_key", "form_secret", "client_secret"] {
        write(&format!("secrets/{name}"), "a-secret-of-tests".to_owned())?;
    }
    let database = url::Url::parse(database)?;
    let password = database.password().context("the password of the database")?;
    write("secrets/pgpass", format!("*:*:*:*:{password}\n"))?;
    fs::set_permissions(folder.join("secrets/pgpass"), fs::Permissions::from_mode(0o600))?;
    Ok(())
}

async fn start_synapse(folder: &Path, authority: &Path, url: &str) -> anyhow::Result<Program> {
    let python = tools::python(tools::Release::default()).await?;
    let [file, setup] = ["homeserver.yaml", "setup.yaml"].map(|name| folder.join(name).display().to_string());
    let trust = format!("SSL_CERT_FILE={}", authority.display());
    let modules = format!("PYTHONPATH={}", folder.display());
    let python = python.to_string_lossy();
    let arguments = [&trust, &modules, &*python, "-m", "synapse.app.homeserver", "-c", &file, "-c", &setup];
    let mut synapse = Program::start(Path::new("/usr/bin/env"), &arguments, &folder.join("output.log"))?;
    until_healthy(&mut synapse, url).await?;
    Ok(synapse)
}

async fn provider(url: &str, port: u16, client_secret: &str) -> anyhow::Result<Provider> {
    let person = |(username, number, localpart): &(&str, i64, Option<&str>)| Person {
        username: (*username).to_owned(),
        public_id: Row::new(*number, username, &[]).public_id,
        matrix_localpart: localpart.map(str::to_owned),
        password: "senha".to_owned(),
    };
    let people: Vec<Person> = PEOPLE.iter().map(person).collect();
    Provider::start(Wanted {
        url,
        port,
        client_id: "synapse",
        client_secret,
        redirect_uri: &format!("{MATRIX}/_synapse/client/oidc/callback"),
        people: &people,
    })
    .await
}

/// Two of the four, in the database that the bot reads.
async fn people(cluster: &Postgres) -> anyhow::Result<Equipemed> {
    let equipemed = Equipemed::new(cluster).await?;
    equipemed.add(&[Row::new(1, "ana", &["Leads", "UTI"]), Row::new(2, "beto", &["UTI"])]).await?;
    equipemed.add(&[Row { superuser: true, ..Row::new(3, "chefe", &[]) }]).await?;
    let script = Script::new("accounts_", &std::collections::BTreeSet::new());
    equipemed.sql(&script.grants(&equipemed.reader)).await?;
    equipemed.sql(&script.install()).await?;
    Ok(equipemed)
}

/// A client program that knows the names of the set, and that follows no redirect by itself.
fn trusting(authority: &Path, https: u16) -> anyhow::Result<reqwest::Client> {
    let authority = reqwest::Certificate::from_pem(&fs::read(authority)?)?;
    let mut http = reqwest::Client::builder().no_proxy().tls_certs_only([authority]).timeout(PATIENCE);
    for host in HOSTS {
        http = http.resolve(host, (std::net::Ipv4Addr::LOCALHOST, https).into());
    }
    Ok(http.redirect(reqwest::redirect::Policy::none()).build()?)
}

#[tokio::test]
async fn people_work_on_the_shipped_server_and_nobody_else_gets_in() -> anyhow::Result<()> {
    let mut whole = Whole::start().await?;
    whole.set_up().await?;
    let serving = Running::start(whole.command("serve"))?;
    serving.told("Listening for changes in EquipeMed's database").await?;
    whole.by_hand("breakglass", true).await?;
    whole.by_hand("admin", true).await?;
    let plain = whole.by_hand("plain", false).await?;

    let ana = whole.signed_in("ana").await?;
    sees_rooms_and_level(&whole, &ana).await?;
    for stranger in ["nobody", "mallory"] {
        match whole.sign_in(stranger).await? {
            Err((status, page)) => assert!(status == 400 && page.contains("User does not exist"), "{status} {page}"),
            Ok(answer) => anyhow::bail!("{stranger} came in: {answer:?}"),
        }
    }
    a_person_gets_no_further_than_the_client_api(&whole, &ana).await?;
    let (beto, plain) = (whole.signed_in("beto").await?, whole.outside(plain.user_id(), plain.token()));
    let bot = Client::new(&whole.internal_url, BOT, &whole.registration.as_token)?;
    person::works_and_gets_no_further(&ana, &beto, &plain, &named(&bot, "UTI").await?).await?;
    the_bots_token_is_nothing_from_outside_and_its_list_inside(&whole).await?;
    a_locked_one_is_out_until_unlocked(&whole).await?;
    a_new_client_secret_ends_no_session(&mut whole, &ana).await?;
    break_glass_comes_in_without_equipemed(&whole).await?;

    assert_eq!(ana.get("/_matrix/client/v3/account/whoami").await?.0, 200, "who is in stays in");
    serving.term()?;
    serving.end().await?.ended(0);
    let mut synapse = whole.synapse.take().context("Synapse was stopped")?;
    assert!(synapse.ended().is_none(), "{}", synapse.output_tail());
    let logs = [whole.nginx.log("access.log")?, whole.nginx.log("error.log")?];
    let synapse = fs::read_to_string(whole.home.path().join("output.log"))?;
    for (log, word) in logs.iter().chain([&synapse]).flat_map(|log| [(log, "@ana"), (log, "mallory"), (log, "%40")]) {
        assert!(!log.contains(word), "{word} is in\n{log}");
    }
    Ok(())
}

async fn sees_rooms_and_level(whole: &Whole, ana: &Client) -> anyhow::Result<()> {
    let bot = Client::new(&whole.internal_url, BOT, &whole.registration.as_token)?;
    let (todos, icu) = (named(&bot, "Todos").await?, named(&bot, "UTI").await?);
    let seen = ana.get_ok("/_matrix/client/v3/sync?timeout=0").await?;
    let rooms = seen["rooms"]["join"].as_object().context("no rooms")?;
    // The third is the control room, for who may kick.
    assert!(rooms.len() == 3 && rooms.contains_key(&todos) && rooms.contains_key(&icu), "{:?}", rooms.keys());
    let levels = ana.power_levels(&todos).await?;
    assert_eq!(levels["users"][ana.user_id()], 50, "{levels}");
    ana.send(&icu, "m.room.message", json!({"msgtype": "m.text", "body": "Bom dia"})).await?;
    Ok(())
}

async fn named(bot: &Client, name: &str) -> anyhow::Result<String> {
    for room in bot.joined_rooms().await? {
        if bot.state_event(&room, "m.room.name", "").await?.is_some_and(|content| content["name"] == name) {
            return Ok(room);
        }
    }
    anyhow::bail!("there is no room {name}")
}

async fn a_person_gets_no_further_than_the_client_api(whole: &Whole, ana: &Client) -> anyhow::Result<()> {
    for (status, method, path) in [
        (404, Method::GET, "/_synapse/admin/v2/users".to_owned()),
        (404, Method::GET, "/_matrix/federation/v1/version".to_owned()),
        (404, Method::GET, "/_matrix/key/v2/server".to_owned()),
        (403, Method::POST, "/_matrix/client/v3/register".to_owned()),
        (403, Method::GET, format!("/_matrix/client/v3/account/whoami?access_token={}", ana.token())),
    ] {
        let (got, answer) = ana.request(method, &path, Some(json!({}))).await?;
        assert_eq!(got, status, "{path}: {answer}");
    }
    // Who has no token is told so by nginx, before it takes a body.
    let text = || b"Leito 7".to_vec();
    let stranger = whole.outside("", "nobody").upload("a.txt", "text/plain", text()).await?;
    assert_eq!((stranger.0, &stranger.1["error"]), (401, &json!("Not signed in")), "{stranger:?}");
    assert_eq!(ana.upload("a.txt", "text/plain", text()).await?.0, 200);
    let (status, answer) = whole.password("plain").await?;
    assert!(status == 403 && answer["errcode"] == "M_FORBIDDEN", "{status} {answer}");
    Ok(())
}

async fn the_bots_token_is_nothing_from_outside_and_its_list_inside(whole: &Whole) -> anyhow::Result<()> {
    let whoami = "/_matrix/client/v3/account/whoami";
    let token = &whole.registration.as_token;
    let outside = whole.outside(BOT, token);
    let (status, answer) = outside.get(whoami).await?;
    assert!(status == 401 && answer["errcode"] == "M_UNKNOWN_TOKEN", "{status} {answer}");
    let identifier = json!({"type": "m.id.user", "user": "equipemed_bot"});
    let login = json!({"type": "m.login.application_service", "identifier": identifier});
    let (status, answer) = outside.post("/_matrix/client/v3/login", login).await?;
    assert_eq!(status, 401, "a session would be free of the token's limits: {answer}");
    let register = json!({"type": "m.login.application_service", "username": "equipemed_bot"});
    assert_eq!(outside.post("/_matrix/client/v3/register", register).await?.0, 403);
    let nobody = whole.outside("", "");
    assert_eq!(nobody.get(&format!("{whoami}?access_token={token}")).await?.0, 403);
    assert_eq!(outside.get("/_synapse/admin/v2/users").await?.0, 404);
    assert_eq!(outside.get(&format!("{whoami}?user_id=@ana:hospital.example")).await?.0, 401);

    let inside = Client::new(&whole.internal_url, BOT, token)?;
    assert_eq!(inside.get_ok(whoami).await?["user_id"], BOT);
    assert_eq!(inside.get("/_synapse/admin/v2/users?limit=1").await?.0, 200);
    for (method, path) in [
        (Method::POST, "/_synapse/admin/v1/users/@ana:hospital.example/login".to_owned()),
        (Method::POST, "/_synapse/admin/v1/reset_password/@ana:hospital.example".to_owned()),
        (Method::POST, "/_matrix/client/v3/login".to_owned()),
        (Method::GET, "/_matrix/client/v3/sync".to_owned()),
        (Method::GET, format!("{whoami}?user_id=@ana:hospital.example")),
    ] {
        let (status, answer) = inside.request(method, &path, Some(json!({}))).await?;
        assert!(status == 403 && answer.to_string().contains("never sends"), "{path}: {status} {answer}");
    }
    // Past the listener the token is unknown: Synapse goes by the address that only the listener gives.
    let (status, _) = Client::new(&whole.synapse_url, BOT, token)?.get(whoami).await?;
    assert_eq!(status, 401);
    Ok(())
}

async fn a_locked_one_is_out_until_unlocked(whole: &Whole) -> anyhow::Result<()> {
    let status = async |word: &str| {
        let sql = format!("update accounts_eqmdcustomuser set account_status = '{word}' where id = 2");
        whole.equipemed.sql(&sql).await.map(drop)
    };
    let phone = whole.signed_in("beto").await?;
    let rooms = phone.joined_rooms().await?;
    status("suspended").await?;
    whole.until(&phone, 401, "M_UNKNOWN_TOKEN").await.context("the phone's session goes on")?;
    let bot = Client::new(&whole.internal_url, BOT, &whole.registration.as_token)?;
    let devices = bot.get_ok("/_synapse/admin/v2/users/@beto:hospital.example/devices").await?;
    assert_eq!(devices["total"], 0, "{devices}");
    match whole.sign_in("beto").await? {
        Ok((status, answer)) => assert!(status == 401 && answer["errcode"] == "M_USER_LOCKED", "{status} {answer}"),
        Err(page) => anyhow::bail!("{page:?}"),
    }
    status("active").await?;
    eventually("the unlocked account", PATIENCE, || async {
        let account = bot.get_ok("/_synapse/admin/v2/users/@beto:hospital.example").await?;
        Ok((account["locked"] == false).then_some(()))
    })
    .await?;
    let back = whole.signed_in("beto").await?;
    assert_eq!(back.joined_rooms().await?.len(), rooms.len(), "rooms were kept");
    assert_eq!(phone.get("/_matrix/client/v3/account/whoami").await?.0, 401, "the lost phone stays signed out");
    Ok(())
}

/// As docs/BACKUP.md says: in EquipeMed, then Synapse's file, then Synapse's restart.
async fn a_new_client_secret_ends_no_session(whole: &mut Whole, ana: &Client) -> anyhow::Result<()> {
    let (secret, path) = ("another-secret-of-tests", whole.home.path().join("secrets/client_secret"));
    assert_eq!(fs::read_to_string(&path)?.trim(), CLIENT_SECRET);
    whole.provider.stop().await?;
    whole.provider = provider(&whole.site.0, whole.site.1, secret).await?;
    assert!(whole.sign_in("ana").await?.is_err(), "the old one is refused");
    fs::write(&path, secret)?;
    whole.synapse.take().context("Synapse was stopped")?.stop().await?;
    let authority = whole.nginx.place.authority();
    whole.synapse = Some(start_synapse(whole.home.path(), &authority, &whole.synapse_url).await?);
    assert_eq!(ana.get("/_matrix/client/v3/account/whoami").await?.0, 200, "who is in stays in");
    whole.signed_in("ana").await?;
    Ok(())
}

async fn break_glass_comes_in_without_equipemed(whole: &Whole) -> anyhow::Result<()> {
    whole.provider.stop().await?;
    assert!(whole.sign_in("ana").await?.is_err(), "EquipeMed is down");
    let (status, answer) = whole.password("breakglass").await?;
    assert_eq!(status, 200, "{answer}");
    let token = answer["access_token"].as_str().context("no token")?;
    let inside = whole.outside("@breakglass:hospital.example", token);
    assert_eq!(inside.get("/_matrix/client/v3/account/whoami").await?.0, 200);
    assert_eq!(inside.get("/_synapse/admin/v2/users").await?.0, 404, "an administrator's token too, from outside");
    let (status, answer) = whole.password("admin").await?;
    assert_eq!(status, 403, "only the one account: {answer}");
    Ok(())
}
