//! A real Synapse with the shipped settings, log and all.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use equipemed_bot::deploy::render::File;
use equipemed_bot::deploy::{Answers, Set};
use equipemed_testbed::tools::{Release, python};
use equipemed_testbed::{Client, Folder, Postgres, Program, eventually, free_port, random_hex};
use serde_json::{Value, json};

use super::until_healthy;

const ANSWERS: &str = "server_name: hospital.example\nequipemed_url: https://equipemed.invalid\nclient_id: '1'\n\
    run: systemd\n";
const SECRET: &str = "registration-secret-of-a-test";
const PASSWORD: &str = "a-Password-of-20-and-more";

/// The set of a test, in a folder with its files where Synapse looks for them.
async fn set(folder: &Path) -> Result<Set> {
    let here = |name: &str| folder.join(name).display().to_string();
    let mut set = Set::new(&Answers::read("answers", ANSWERS)?, &folder.display().to_string());
    set.synapse_port = free_port()?;
    set.metrics_port = free_port()?;
    set.synapse_home = here("data");
    set.media_store = here("data/media");
    set.signing_key = here("data/signing.key");
    let cluster = Postgres::shared().await?;
    let url = url::Url::parse(&cluster.database("shipped").await?)?;
    set.database_host = url.host_str().context("a host")?.to_owned();
    set.database_port = url.port().context("a port")?.to_string();
    set.database_user = url.username().to_owned();
    set.database_name = url.path().trim_start_matches('/').to_owned();
    for name in ["data", "synapse/secrets", "synapse/setup"] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    let write = |name: &str, text: &str| std::fs::write(folder.join("synapse").join(name), text);
    write("homeserver.yaml", &File::Homeserver.text(&set)?)?;
    write("log.yaml", &File::SynapseLog.text(&set)?)?;
    for name in ["equipemed_policy.py", "equipemed_log.py"] {
        write(name, &crate::architecture::read(&format!("deploy/synapse/{name}"))?)?;
    }
    for name in ["macaroon_secret_key", "form_secret", "client_secret"] {
        write(&format!("secrets/{name}"), &random_hex(32)?)?;
    }
    write("setup/registration_secret.yaml", &format!("registration_shared_secret: {SECRET}\n"))?;
    // Made by the program with this mode; libpq takes no password from a file that others can read.
    write("secrets/pgpass", &format!("*:*:*:*:{}\n", url.password().unwrap_or_default()))?;
    std::fs::set_permissions(folder.join("synapse/secrets/pgpass"), Permissions::from_mode(0o400))?;
    let wanted = equipemed_testbed::registration::Wanted {
        id: "equipemed-bot",
        bot: "equipemed_bot",
        alias_prefix: "equipemed_",
        url: None,
        server_name: "hospital.example",
    };
    let made = equipemed_testbed::Registration::write_wanted(folder, wanted)?;
    std::fs::copy(made.path, folder.join("synapse/registration.yaml"))?;
    Ok(set)
}

async fn start(set: &Set, folder: &Path) -> Result<Program> {
    let python = python(Release::Current).await?.display().to_string();
    let path = format!("PYTHONPATH={}", set.synapse_files);
    let (main, more) = (format!("{}/homeserver.yaml", set.synapse_files), format!("{}/setup", set.synapse_files));
    let arguments = [&path, &python, "-m", "synapse.app.homeserver", "-c", &main, "-c", &more];
    let output = folder.join("output.log");
    let keys = [&arguments[..], &["--generate-keys"]].concat();
    let mut program = Program::start(Path::new("/usr/bin/env"), &keys, &output)?;
    eventually("a signing key", Duration::from_secs(60), || {
        let over = program.ended().map(drop);
        async move { Ok(over) }
    })
    .await?;
    assert!(Path::new(&set.signing_key).exists(), "{}", program.output_tail());
    let mut program = Program::start(Path::new("/usr/bin/env"), &arguments, &output)?;
    until_healthy(&mut program, &format!("http://127.0.0.1:{}", set.synapse_port)).await?;
    Ok(program)
}

/// Registers an account as `setup` does.
async fn register(url: &str, guest: &Client, name: &str) -> Result<Client> {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let nonce = guest.get_ok("/_synapse/admin/v1/register").await?;
    let nonce = nonce["nonce"].as_str().context("a nonce")?;
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes())?;
    mac.update([nonce, name, PASSWORD, "notadmin"].join("\0").as_bytes());
    let mac: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let body = json!({"nonce": nonce, "username": name, "password": PASSWORD, "admin": false, "mac": mac});
    let made = guest.post_ok("/_synapse/admin/v1/register", body).await?;
    let text = |key: &str| made[key].as_str().map(str::to_owned).context("a text");
    Client::new(url, &text("user_id")?, &text("access_token")?)
}

#[tokio::test(flavor = "multi_thread")]
async fn synapse_starts_with_the_shipped_settings_and_writes_no_person_into_its_log() -> Result<()> {
    let folder = Folder::new("shipped")?;
    let set = set(folder.path()).await?;
    let program = start(&set, folder.path()).await?;
    let url = format!("http://127.0.0.1:{}", set.synapse_port);
    let guest = Client::new(&url, "@nobody:hospital.example", "")?;

    // Nothing for other servers, for guests, or for whoever would like an account.
    assert_eq!(guest.get("/_matrix/federation/v1/version").await?.0, 404);
    assert_eq!(guest.get("/_matrix/key/v2/server").await?.0, 404);
    assert_eq!(guest.post("/_matrix/client/v3/register", json!({"username": "x", "password": PASSWORD})).await?.0, 403);
    assert_eq!(guest.post("/_matrix/client/v3/register?kind=guest", json!({})).await?.0, 403);
    assert_eq!(guest.get("/_matrix/client/v3/publicRooms").await?.0, 401);
    let (_, flows) = guest.get("/_matrix/client/v3/login").await?;
    let has = |kind: &str| flows["flows"].as_array().is_some_and(|all| all.iter().any(|flow| flow["type"] == kind));
    assert!(has("m.login.sso") && has("m.login.password"), "{flows}");
    let metrics = reqwest::get(format!("http://127.0.0.1:{}/metrics", set.metrics_port)).await?.text().await?;
    assert!(metrics.contains("synapse_"), "no metrics");

    // What people do, and what fails.
    let person = register(&url, &guest, "maria.silva").await?;
    let _ = register(&url, &guest, "joao.souza").await?;
    let _ = register(&url, &guest, "breakglass").await?;
    Client::login_at(&url, "breakglass", PASSWORD).await?;
    assert!(Client::login_at(&url, "maria.silva", PASSWORD).await.is_err(), "passwords are for break-glass alone");
    let _ = Client::login_at(&url, "maria.silva", "wrong").await;
    let wrong = json!({"name": 7, "invite": ["@joao.souza:hospital.example"], "is_direct": true});
    let _ = person.post("/_matrix/client/v3/createRoom", wrong).await?;
    let right =
        json!({"preset": "trusted_private_chat", "invite": ["@joao.souza:hospital.example"], "is_direct": true});
    let made = person.post_ok("/_matrix/client/v3/createRoom", right).await?;
    let room = made["room_id"].as_str().context("a room")?.trim_start_matches('!');
    let _ = person.get("/_matrix/client/v3/profile/@joao.souza:hospital.example").await?;
    let search = json!({"search_term": "joao"});
    assert_eq!(person.post("/_matrix/client/v3/user_directory/search", search).await?.0, 200);
    let changed =
        person.put("/_matrix/client/v3/profile/@maria.silva:hospital.example/displayname", json!({"displayname": "x"}));
    assert_ne!(changed.await?.0, 200, "names are EquipeMed's");
    let _ = person.get("/_matrix/client/v3/sync?timeout=0").await?;
    // A loop does not get far, a person at work is not stopped.
    let mut answers = Vec::new();
    for _ in 0..80 {
        answers.push(guest.post("/_matrix/client/v3/login", json!({"type": "m.login.token", "token": "x"})).await?.0);
    }
    assert!(answers.iter().take(30).all(|status| *status != 429) && answers.contains(&429), "{answers:?}");

    program.stop().await?;
    let log = std::fs::read_to_string(folder.path().join("output.log"))?;
    assert!(log.contains("Synapse now listening on TCP port"), "{log}");
    for personal in ["maria", "joao", "127.0.0.1", ":hospital.example", PASSWORD, person.token(), room] {
        let found: Vec<_> = log.lines().filter(|line| line.contains(personal)).collect();
        assert!(found.is_empty(), "{personal}: {found:#?}");
    }
    Ok(())
}

/// Every option is one that this Synapse knows: it says nothing about others.
#[tokio::test]
async fn every_shipped_option_is_known_to_synapse() -> Result<()> {
    let set = Set::new(&Answers::read("answers", ANSWERS)?, "/etc/equipemed-matrix");
    let python = python(Release::Current).await?;
    let script =
        "import pathlib, synapse.config as c; print([p.read_text() for p in pathlib.Path(c.__path__[0]).glob('*.py')])";
    let known = String::from_utf8(std::process::Command::new(python).args(["-c", script]).output()?.stdout)?;
    let settings: Value = serde_yaml::from_str(&File::Homeserver.text(&set)?)?;
    for key in settings.as_object().context("settings")?.keys() {
        // Rate limits are named by their first part in "rc_login.address".
        assert!(known.contains(&format!("\"{key}\"")) || known.contains(&format!("\"{key}.")), "{key}");
    }
    Ok(())
}
