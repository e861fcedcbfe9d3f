//! `deploy init` and `deploy check`, on a folder.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result};
use equipemed_testbed::Folder;

const ANSWERS: &str = "server_name: hospital.example\nequipemed_url: https://equipemed.hospital.example\n\
    client_id: '123456'\nservice_accounts: ['@alerts:hospital.example']\n";

const SECRETS: &[&str] = &[
    "synapse/secrets/macaroon_secret_key",
    "synapse/secrets/form_secret",
    "synapse/secrets/client_secret",
    "synapse/secrets/pgpass",
    "synapse/registration.yaml",
    "synapse/setup/registration_secret.yaml",
    "bot/registration.yaml",
    "bot/secrets/directory_url",
];

const GIVEN: &str = "the-secret-of-the-client-4711";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A folder with answers and a client secret; the set is in `set` in it.
pub(super) struct Place {
    pub(super) folder: Folder,
}

impl Place {
    pub(super) fn new() -> Result<Self> {
        let folder = Folder::new("deploy")?;
        std::fs::write(folder.path().join("answers.yaml"), ANSWERS)?;
        std::fs::write(folder.path().join("client"), format!("{GIVEN}\n"))?;
        Ok(Self { folder })
    }

    pub(super) fn set(&self) -> PathBuf {
        self.folder.path().join("set")
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Result<(Option<i32>, String)> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_equipemed-bot"));
        let Output { status, stdout, stderr } = command.args(arguments).current_dir(self.folder.path()).output()?;
        Ok((status.code(), format!("{}{}", String::from_utf8(stdout)?, String::from_utf8(stderr)?)))
    }

    pub(super) fn init(&self, more: &[&str]) -> Result<(Option<i32>, String)> {
        self.run(&[&["deploy", "init", "set"], more].concat())
    }

    /// The first time, with everything that is asked for.
    pub(super) fn first(&self) -> Result<String> {
        let (code, said) = self.init(&["--answers", "answers.yaml", "--secret", "client_secret=client", "--yes"])?;
        assert_eq!(code, Some(0), "{said}");
        Ok(said)
    }

    pub(super) fn read(&self, path: &str) -> Result<String> {
        std::fs::read_to_string(self.set().join(path)).with_context(|| path.to_owned())
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        Ok(std::fs::write(self.set().join(path), text)?)
    }

    fn secrets(&self) -> Result<BTreeMap<&'static str, String>> {
        SECRETS.iter().map(|path| Ok((*path, self.read(path)?))).collect()
    }

    /// What is secret in the secrets: every long word that is no address or name.
    fn words(&self) -> Result<Vec<String>> {
        let secrets = self.secrets()?;
        let words = secrets.values().flat_map(|text| text.split(|c: char| !c.is_ascii_hexdigit()));
        let mut words: Vec<_> = words.filter(|word| word.len() >= 40).map(str::to_owned).collect();
        words.push(GIVEN.to_owned());
        assert!(words.len() >= 8, "{words:?}");
        Ok(words)
    }

    fn assert_nothing_secret(&self, said: &str) -> Result<()> {
        for word in self.words()? {
            assert!(!said.contains(&word), "a secret is shown:\n{said}");
        }
        Ok(())
    }

    pub(super) fn faults(&self) -> Result<String> {
        Ok(self.run(&["deploy", "check", "set"])?.1)
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut open, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        if path.symlink_metadata()?.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                open.push(entry?.path());
            }
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

#[test]
fn a_new_set_has_each_secret_in_a_file_of_its_reader_alone_and_nowhere_else() -> Result<()> {
    let place = Place::new()?;
    let said = place.first()?;
    place.assert_nothing_secret(&said)?;
    let words = place.words()?;
    for path in files(&place.set())? {
        let relative = path.strip_prefix(place.set())?.to_string_lossy().into_owned();
        let metadata = path.metadata()?;
        let is_secret = SECRETS.contains(&relative.as_str());
        assert_eq!(metadata.mode() & 0o777, if is_secret { 0o400 } else { 0o644 }, "{relative}");
        if is_root() {
            let uid = match (is_secret, relative.starts_with("bot/")) {
                (false, _) => 0,
                (true, true) => 7009,
                (true, false) => 991,
            };
            assert_eq!(metadata.uid(), uid, "{relative}");
        }
        let text = std::fs::read_to_string(&path)?;
        assert!(is_secret || !words.iter().any(|word| text.contains(word)), "{relative} holds a secret");
        assert!(!text.contains("{{ ") && !text.contains("{%") || text.contains("user.sub"), "{relative}");
    }
    assert_eq!(place.read("bot/registration.yaml")?, place.read("synapse/registration.yaml")?);
    assert!(place.read("bot/registration.yaml")?.contains("ip_range_whitelist: [192.0.2.53/32]"));
    let (code, said) = place.init(&["--yes"])?;
    assert_eq!((code, said.trim()), (Some(0), "Nothing changes."));
    Ok(())
}

#[test]
fn run_again_with_other_answers_it_keeps_every_secret_and_shows_what_changes() -> Result<()> {
    let place = Place::new()?;
    place.first()?;
    let before = place.secrets()?;
    let other = ["--answer", "matrix_host=m.hospital.example", "--answer", "equipemed_database_host=db2"];
    let (code, said) = place.init(&[&other[..], &["--dry-run"]].concat())?;
    assert_eq!(code, Some(4), "{said}");
    let url = "public_baseurl: \"https://";
    assert!(said.contains(&format!("-{url}matrix.hospital.example/\"\n+{url}m.hospital.example/\"")), "{said}");
    assert_eq!(place.secrets()?, before, "--dry-run writes nothing");
    // Nothing is written unless somebody says so.
    let (code, told) = place.init(&other)?;
    assert!(code == Some(2) && told.contains("--yes"), "{told}");
    assert!(place.read("synapse/homeserver.yaml")?.contains("https://matrix.hospital.example/"));
    let (code, said) = place.init(&[&other[..], &["--yes"]].concat())?;
    assert_eq!(code, Some(0), "{said}");
    place.assert_nothing_secret(&said)?;
    let after = place.secrets()?;
    for (path, text) in &before {
        match *path {
            "bot/secrets/directory_url" => assert_eq!(after[path], text.replace("@postgres:", "@db2:")),
            path => assert_eq!(&after[path], text, "{path}"),
        }
    }
    assert!(place.read("deploy.yaml")?.contains("matrix_host: m.hospital.example"));
    // deploy.yaml is made to be edited, with comments.
    let edited = place.read("deploy.yaml")?.replace("upload_size: 50M", "# Larger.\nupload_size: 60M");
    place.write("deploy.yaml", &edited)?;
    let (_, said) = place.init(&["--yes"])?;
    assert!(said.contains("+max_upload_size: 60M") && !said.contains("EDITED"), "{said}");
    assert_eq!(place.read("deploy.yaml")?, edited);
    // The registration secret went after setup, and does not come back by itself.
    std::fs::remove_file(place.set().join("synapse/setup/registration_secret.yaml"))?;
    let (_, said) = place.init(&["--answer", "upload_size=20M", "--yes"])?;
    assert!(!place.set().join("synapse/setup/registration_secret.yaml").exists(), "{said}");
    place.init(&["--for-setup", "--yes"])?;
    assert!(place.set().join("synapse/setup/registration_secret.yaml").exists());
    // To systemd: the bot is elsewhere, its tokens are the same, what is no longer part of the set is named.
    if !is_root() {
        let (_, said) = place.init(&["--answer", "run=systemd", "--yes"])?;
        assert!(said.contains("compose.yaml is no longer part of the set"), "{said}");
        let text = place.read("synapse/registration.yaml")?;
        let old = &before["synapse/registration.yaml"];
        assert_eq!(text, old.replace("http://nginx:8011", "http://127.0.0.1:9009"));
    }
    Ok(())
}

#[test]
fn what_was_edited_by_hand_is_named_and_left_alone_and_a_secret_in_it_is_not_shown() -> Result<()> {
    let place = Place::new()?;
    place.first()?;
    let path = "synapse/homeserver.yaml";
    let edited = place.read(path)?.replace("rc_message:", "turn_shared_secret: geheim42\nrc_message:");
    place.write(path, &edited)?;
    place.write("bot/config.yaml", "mode: enforce\n")?;
    let (code, said) = place.init(&["--answer", "upload_size=20M", "--yes"])?;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("EDITED by hand since it was written: {path}")), "{said}");
    assert!(said.contains("-turn_shared_secret: (not shown)") && !said.contains("geheim42"), "{said}");
    assert_eq!(place.read(path)?, edited);
    assert!(place.read("deploy.yaml")?.contains("upload_size: 20M"));
    // The bot's configuration is the operator's from the beginning.
    assert_eq!(place.read("bot/config.yaml")?, "mode: enforce\n");
    assert!(place.faults()?.contains(&format!("{path}: was edited by hand")));
    let (code, said) = place.init(&["--yes", "--overwrite", path])?;
    assert_eq!(code, Some(0), "{said}");
    assert!(place.read(path)?.contains("max_upload_size: 20M") && !place.read(path)?.contains("geheim42"));
    assert!(!place.faults()?.contains("edited"));
    Ok(())
}

#[test]
fn a_link_in_the_place_of_a_file_or_folder_is_refused_and_not_followed() -> Result<()> {
    for path in ["synapse/secrets/form_secret", "synapse/secrets", "synapse/homeserver.yaml", "manifest.json"] {
        let place = Place::new()?;
        let victim = place.folder.path().join("victim");
        std::fs::create_dir(&victim)?;
        let target = if path == "synapse/secrets" { victim.clone() } else { victim.join("file") };
        let link = place.set().join(path);
        std::fs::create_dir_all(link.parent().context("no folder")?)?;
        symlink(&target, &link)?;
        let (code, said) = place.init(&["--answers", "answers.yaml", "--yes"])?;
        assert_eq!(code, Some(1), "{path}: {said}");
        assert!(said.contains("is a link"), "{path}: {said}");
        assert_eq!(std::fs::read_dir(&victim)?.count(), 0, "{path}");
    }
    // Whoever may write the folder could put one there meanwhile.
    let place = Place::new()?;
    std::fs::create_dir(place.set())?;
    std::fs::set_permissions(place.set(), Permissions::from_mode(0o777))?;
    let (code, said) = place.init(&["--answers", "answers.yaml", "--yes"])?;
    assert!(code == Some(1) && said.contains("can be changed by others"), "{said}");
    assert_eq!(files(&place.set())?.len(), 0);
    Ok(())
}

#[test]
fn all_wrong_answers_are_told_at_once_with_their_lines() -> Result<()> {
    let place = Place::new()?;
    let wrong = "server_name: Hospital\nrun: docker\nissuer: http://x\nclientid: 1\nbot_host: 'a.example; return 200'\n\
        certificate: ../x\nbreak_glass: '@a:other.example'\n";
    std::fs::write(place.folder.path().join("answers.yaml"), wrong)?;
    let (code, said) = place.init(&["--answers", "answers.yaml", "--yes"])?;
    assert_eq!(code, Some(2), "{said}");
    for expected in [
        "answers.yaml:1:14: server_name: expected a name",
        "answers.yaml:2:6: run: expected containers or systemd",
        "answers.yaml:3:9: issuer: expected an address such as https",
        "answers.yaml:4:1: clientid: unknown key; did you mean \"client_id\"?",
        "answers.yaml:5:11: bot_host: expected a name",
        "answers.yaml:6:14: certificate: expected a path from the root",
        "answers.yaml:7:14: break_glass: expected an id",
        "equipemed_url: is missing",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert!(!place.set().exists());
    Ok(())
}

#[test]
fn check_names_every_fault_with_its_file_and_what_to_do() -> Result<()> {
    let place = Place::new()?;
    place.first()?;
    // As somebody would who wants to try something.
    let path = "synapse/homeserver.yaml";
    let mut text = place.read(path)?;
    for (old, new) in [
        ("federation_domain_whitelist: []", "federation_domain_whitelist: [other.example]"),
        ("names: [client]", "names: [client, federation]"),
        ("enable_registration: false\nallow", "enable_registration: true\nallow"),
        ("include_content: false", "include_content: true"),
        ("allow_existing_users: false", "allow_existing_users: true"),
        ("[\"@breakglass:hospital.example\"]", "[\"@breakglass:hospital.example\", \"@me:hospital.example\"]"),
        ("x_forwarded: true", "x_forwarded: false"),
    ] {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    place.write(path, &text)?;
    std::fs::remove_file(place.set().join("synapse/equipemed_policy.py"))?;
    std::fs::remove_file(place.set().join("synapse/secrets/client_secret"))?;
    let secret = place.set().join("bot/registration.yaml");
    std::fs::set_permissions(&secret, Permissions::from_mode(0o644))?;
    std::fs::set_permissions(place.set().join("element/config.json"), Permissions::from_mode(0o666))?;
    let said = place.faults()?;
    for expected in [
        "homeserver.yaml: federation_domain_whitelist is not []",
        "homeserver.yaml: listeners has more than client",
        "homeserver.yaml: enable_registration is on",
        "homeserver.yaml: push.include_content is not false",
        "homeserver.yaml: oidc_providers: allow_existing_users is on",
        "break_glass is not the break-glass account",
        "x_forwarded is not true",
        "equipemed_policy.py: is missing",
        "client_secret: is missing, and only you have it",
        "bot/registration.yaml: can be read by others",
        "element/config.json: can be changed by others",
        "registration_secret.yaml: is still there",
        "fullchain.pem: is not there",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    place.assert_nothing_secret(&said).or_else(|_| Ok::<_, anyhow::Error>(()))?;
    // The files in setup/ count as Synapse counts them: after homeserver.yaml.
    place.init(&["--yes", "--overwrite", path, "--secret", "client_secret=client"])?;
    place.write("synapse/setup/own.yaml", "modules: []\n")?;
    let said = place.faults()?;
    assert!(said.contains("modules has no equipemed_policy.Policy") && !said.contains("federation"), "{said}");
    Ok(())
}

#[test]
fn check_looks_at_the_certificate() -> Result<()> {
    let place = Place::new()?;
    let path = |name: &str| place.folder.path().join(name).display().to_string();
    for (name, days, hosts) in [
        ("good", "90", "DNS:matrix.hospital.example,DNS:chat.hospital.example,DNS:bot.hospital.example"),
        ("other", "90", "DNS:matrix.hospital.example"),
        ("ending", "3", "DNS:*.hospital.example"),
    ] {
        let (key, pem, subject) =
            (path(&format!("{name}.key")), path(&format!("{name}.pem")), format!("subjectAltName={hosts}"));
        let arguments =
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", days];
        let mut command = Command::new("openssl");
        command.args(arguments).args(["-subj", "/CN=x", "-addext", &subject, "-keyout", &key, "-out", &pem]);
        assert!(command.output()?.status.success());
        std::fs::set_permissions(&key, Permissions::from_mode(0o640))?;
        std::os::unix::fs::chown(&key, None, is_root().then_some(101))?;
    }
    place.first()?;
    let with = |certificate: &str, key: &str| -> Result<String> {
        let answers = [format!("certificate={}", path(certificate)), format!("certificate_key={}", path(key))];
        place.init(&["--answer", &answers[0], "--answer", &answers[1], "--yes"])?;
        place.faults()
    };
    let said = with("good.pem", "good.key")?;
    assert!(!said.contains(".pem") && (!is_root() || !said.contains("good.key")), "{said}");
    std::fs::set_permissions(path("good.key"), Permissions::from_mode(0o600))?;
    assert!(place.faults()?.contains("good.key: cannot be read by nginx"));
    std::fs::set_permissions(path("good.key"), Permissions::from_mode(0o666))?;
    assert!(place.faults()?.contains("good.key: can be read or changed by others"));
    let said = with("other.pem", "good.key")?;
    assert!(
        said.contains("is not for chat.hospital.example") && said.contains("good.key is the key of another"),
        "{said}"
    );
    let said = with("ending.pem", "ending.key")?;
    assert!(said.contains("expires within 14 days"), "{said}");
    Ok(())
}

#[test]
fn an_existing_synapse_keeps_what_it_is_and_is_told_what_changes() -> Result<()> {
    let place = Place::new()?;
    let old = "server_name: old.example\npublic_baseurl: https://synapse.old.example/\n\
        signing_key_path: /data/old.signing.key\nmedia_store_path: /data/media_store\n\
        database:\n  name: psycopg2\n  args: {host: db, user: synapse_user, password: 'pa:ss\\word', database: synapse_old, cp_max: 10}\n\
        macaroon_secret_key: old-macaroon\nform_secret: old-form\nregistration_shared_secret: old-registration\n\
        oidc_providers:\n  - {idp_id: eqmd, idp_name: E, issuer: 'https://e.old.example/o', client_id: '77', client_secret: old-client, allow_existing_users: true}\n\
        turn_uris: ['turn:x']\nenable_registration: true\n\
        app_service_config_files: [/data/other.yaml]\n\
        listeners: [{type: http, port: 8008, resources: [{names: [client, federation]}]}]\n";
    std::fs::write(place.folder.path().join("old.yaml"), old)?;
    let given = ["--existing", "old.yaml", "--answer", "equipemed_url=https://e.old.example", "--yes"];
    let (code, said) = place.init(&given)?;
    assert_eq!(code, Some(1), "other services are to be decided about: {said}");
    for expected in [
        "keeps    server_name: old.example",
        "keeps    signing_key: /data/old.signing.key",
        "keeps    media_store: /data/media_store",
        "keeps    matrix_host: synapse.old.example",
        "keeps    database_name: synapse_old",
        "keeps    identity_provider: eqmd",
        "keeps    synapse/secrets/macaroon_secret_key (not shown)",
        "changes  enable_registration: is on",
        "changes  listeners: has more than client",
        "changes  registration_shared_secret: is gone",
        "drops    turn_uris",
        "✗ app_service_config_files names other services",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    for secret in ["old-macaroon", "old-form", "old-client", "old-registration", "ss\\word"] {
        assert!(!said.contains(secret), "{said}");
    }
    assert_eq!(place.read("synapse/secrets/pgpass")?, "*:*:*:*:pa\\:ss\\\\word\n");
    assert_eq!(place.read("synapse/secrets/macaroon_secret_key")?, "old-macaroon");
    assert_eq!(place.read("synapse/secrets/client_secret")?, "old-client");
    assert!(!place.set().join("synapse/setup/registration_secret.yaml").exists());
    let settings = place.read("synapse/homeserver.yaml")?;
    for expected in ["server_name: \"old.example\"", "signing_key_path: \"/data/old.signing.key\"", "idp_id: \"eqmd\""]
    {
        assert!(settings.contains(expected), "{expected}");
    }
    assert!(place.read("bot/config.yaml")?.contains("identity_provider: oidc-eqmd"));
    let (_, said) = place.init(&["--yes"])?;
    assert_eq!(said.trim(), "Nothing changes.");
    Ok(())
}
