//! `deploy/backup/equipemed-backup`: a backup while people write, restored into an empty machine, and everything that may
//! go wrong with one.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use equipemed_testbed::synapse::{Database, Options};
use equipemed_testbed::{Client, Disk, Folder, Postgres, postgres, tools};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::world::{Hospital, chief, crowd, person};

/// What a run of the script said and how it ended.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn ended(self, code: i32, words: &[&str]) -> Self {
        let said = format!("{}{}", self.out, self.err);
        assert_eq!(self.code, Some(code), "{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in\n{said}");
        }
        self
    }
}

/// The script with its configuration, a key pair whose private half lies elsewhere, and a place for backups.
struct Script {
    folder: Folder,
    recipient: String,
}

/// Where everything is that is backed up.
struct Sources {
    synapse: String,
    password: String,
    media: PathBuf,
    bot: String,
    program: String,
    files: Vec<PathBuf>,
}

impl Script {
    fn new() -> anyhow::Result<Self> {
        let folder = Folder::new("backup")?;
        for name in ["etc", "stick", "backups"] {
            std::fs::create_dir(folder.path().join(name))?;
        }
        let mut script = Self { folder, recipient: String::new() };
        script.recipient = script.key("key")?;
        script.write("recipients.txt", &script.recipient)?;
        Ok(script)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new key on the stick; returns the public one.
    fn key(&self, name: &str) -> anyhow::Result<String> {
        let path = self.path("stick").join(name);
        let made = std::process::Command::new("age-keygen").arg("-o").arg(&path).output();
        assert!(made.context("age is missing: apt-get install age")?.status.success());
        let text = std::fs::read_to_string(path)?;
        let public = text.lines().find_map(|line| line.strip_prefix("# public key: ")).context("no public key")?;
        Ok(format!("{public}\n"))
    }

    fn stick(&self, name: &str) -> String {
        self.path("stick").join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        Ok(std::fs::write(self.path("etc").join(name), text)?)
    }

    /// Writes the configuration; lines in `more` go into `[backup]`.
    fn configure(&self, sources: &Sources, destination: &Path, more: &str) -> anyhow::Result<()> {
        let (etc, files) = (self.path("etc"), sources.files.iter().map(|file| format!("    {}\n", file.display())));
        self.write("password", &sources.password)?;
        let text = format!(
            "[backup]\ndestination = {}\nrecipients = {etc}/recipients.txt\nfree = 1M\n{more}\n\
             [synapse]\ndatabase = {}\npassword_file = {etc}/password\nmedia = {}\n\
             [bot]\n{}\nprogram = {}\n[files]\npaths =\n{}",
            destination.display(),
            sources.synapse,
            sources.media.display(),
            sources.bot,
            sources.program,
            files.collect::<String>(),
            etc = etc.display(),
        );
        self.write("backup.ini", &text)
    }

    async fn run(&self, arguments: &[&str]) -> anyhow::Result<Ran> {
        self.typing(arguments, "").await
    }

    /// The same, typing this when it asks.
    async fn typing(&self, arguments: &[&str], typed: &str) -> anyhow::Result<Ran> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/backup/equipemed-backup");
        let config = self.path("etc/backup.ini").display().to_string();
        let mut command = Command::new(program);
        command.args([&["-c", config.as_str()], arguments].concat()).kill_on_drop(true);
        let programs = tools::postgres_program("pg_dump")?.parent().context("no folder")?.display().to_string();
        command.env("PATH", format!("{programs}:{}", std::env::var("PATH")?)).env("HOME", self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("the script does not start")?;
        let mut input = child.stdin.take().context("no input")?;
        input.write_all(typed.as_bytes()).await.ok();
        drop(input);
        let output = child.wait_with_output().await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ran = Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
        assert!(!ran.err.contains("Traceback"), "{}", ran.err);
        assert!(!ran.err.contains(&sources_password()), "a secret in what it says");
        Ok(ran)
    }

    /// Names in the destination, without the lock.
    fn kept(&self) -> anyhow::Result<Vec<String>> {
        let mut names: Vec<String> = std::fs::read_dir(self.path("backups"))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<anyhow::Result<_>>()?;
        names.retain(|name| name != ".lock");
        names.sort();
        Ok(names)
    }
}

/// The password of the tests' cluster, which nothing may print.
fn sources_password() -> String {
    "s3cret-of-tests".to_owned()
}

/// Uploads a file; returns its address.
async fn upload(who: &Client, url: &str, content: &[u8]) -> anyhow::Result<String> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let request = http.post(format!("{url}/_matrix/media/v3/upload?filename=laudo.txt")).bearer_auth(who.token());
    let answer: Value =
        request.header("content-type", "text/plain").body(content.to_vec()).send().await?.json().await?;
    Ok(answer["content_uri"].as_str().context("not uploaded")?.to_owned())
}

async fn download(who: &Client, url: &str, address: &str) -> anyhow::Result<Vec<u8>> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let path = address.trim_start_matches("mxc://");
    let request = http.get(format!("{url}/_matrix/client/v1/media/download/{path}")).bearer_auth(who.token());
    Ok(request.send().await?.error_for_status()?.bytes().await?.to_vec())
}

/// Messages one after the other until told to stop; returns the events that Synapse has acknowledged.
async fn write_until(stop: &AtomicBool, who: &Client, room: &str) -> anyhow::Result<Vec<String>> {
    let mut sent = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        sent.push(who.send_text(room, &format!("mensagem {}", sent.len())).await?);
    }
    Ok(sent)
}

/// Where a hospital's parts are, by the configuration of its Synapse.
fn sources(hospital: &Hospital) -> anyhow::Result<(Sources, String)> {
    let folder = hospital.synapse().folder().to_owned();
    let settings: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("homeserver.yaml"))?)?;
    let given = &settings["database"]["args"];
    let [user, name, host, password] =
        ["user", "dbname", "host", "password"].map(|key| given[key].as_str().unwrap_or_default().to_owned());
    let registration = hospital.config["appservice"]["registration"].as_str().context("no registration")?;
    let files = ["homeserver.yaml", "extra.yaml", "log.yaml", "signing.key"].map(|name| folder.join(name));
    let own = [hospital.path("config.yaml"), hospital.path("roster.yaml"), PathBuf::from(registration)];
    let program = format!("env -C {} {}", hospital.path("").display(), env!("CARGO_BIN_EXE_equipemed-bot"));
    let sources = Sources {
        synapse: format!("host={host} port={} dbname={name} user={user}", given["port"]),
        password,
        media: folder.join("media"),
        bot: format!("sqlite = {}", hospital.path("equipemed-bot.db").display()),
        program,
        files: files.into_iter().chain(own).collect(),
    };
    Ok((sources, name))
}

/// As a new machine is: no database, no files.
async fn lose_everything(hospital: &Hospital, sources: &Sources, database: &str) -> anyhow::Result<()> {
    let cluster = Postgres::shared().await?.url("postgres");
    postgres::sql(&cluster, &format!("drop database \"{database}\"")).await?;
    postgres::sql(&cluster, &format!("create database \"{database}\" template template0")).await?;
    for file in &sources.files {
        std::fs::remove_file(file)?;
    }
    std::fs::remove_dir_all(&sources.media)?;
    for ending in ["", "-wal", "-shm", ".lock"] {
        std::fs::remove_file(hospital.path(&format!("equipemed-bot.db{ending}"))).ok();
    }
    Ok(())
}

const PASSWORD: &str = "one-of-ana";

#[tokio::test]
async fn a_backup_made_while_people_write_comes_back_without_sessions_and_without_what_was_redacted_since()
-> anyhow::Result<()> {
    let rooms = json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "icu": {"name": "UTI", "parent": "hospital", "members": {"any": true}},
    });
    let people = [vec![chief("chefe"), person("ana", &["Leads"])], crowd("p", 3, &[])].concat();
    let options = Options { database: Database::Postgres, ..Options::default() };
    let hospital = Hospital::on(options, people, rooms).await?;
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    let (url, synapse) = (hospital.synapse().url(), hospital.synapse());
    let administrator = Client::administrator(synapse).await?;
    administrator.set_password(&hospital.user("ana"), PASSWORD).await?;
    let (ana, colleague) = (Client::login(synapse, "ana", PASSWORD).await?, hospital.client("p00").await?);
    let (room, members) = (hospital.room("icu").await?, hospital.members("icu").await?);
    let levels = hospital.bot()?.power_levels(&room).await?;
    let direct = json!({"is_direct": true, "preset": "trusted_private_chat", "invite": [colleague.user_id()]});
    let chat = ana.create_room(direct).await?;
    colleague.join(&chat).await?;
    let (said, whispered) = (ana.send_text(&room, "o leito 7").await?, ana.send_text(&chat, "o leito 8").await?);
    let file = upload(&ana, &url, b"laudo do leito 7").await?;
    let bad = upload(&ana, &url, b"outro").await?;

    let (script, (sources, database)) = (Script::new()?, sources(&hospital)?);
    script.configure(&sources, &script.path("backups"), "")?;
    let stop = AtomicBool::new(false);
    let backing_up = async {
        let ran = script.run(&["backup"]).await;
        stop.store(true, Ordering::Relaxed);
        ran
    };
    let early = ana.send_text(&room, "antes").await?;
    let (ran, sent) = tokio::join!(backing_up, write_until(&stop, &ana, &room));
    ran?.ended(0, &["complete in", "2 media (2 new)"]);
    assert!(sent?.len() > 1, "nobody wrote meanwhile");

    // Since then: two messages and a file go, a device is signed out.
    ana.redact(&room, &said, "").await?;
    ana.redact(&chat, &whispered, "").await?;
    let quarantine = format!("/_synapse/admin/v1/media/quarantine/{}", bad.trim_start_matches("mxc://"));
    administrator.post_ok(&quarantine, json!({})).await?;
    let lost = Client::login(synapse, "ana", PASSWORD).await?;
    script.run(&["hourly"]).await?.ended(0, &["complete in"]);
    lost.post_ok("/_matrix/client/v3/logout", json!({})).await?;
    let key = script.stick("key");
    script.run(&["verify", "--identity", &key]).await?.ended(0, &["Z: ok", "Z.hourly: ok"]);

    serving.term()?;
    serving.end().await?.ended(0);
    let with_synapse = script.run(&["restore", "--identity", &key]).await?;
    with_synapse.ended(1, &["stop Synapse and equipemed-bot first"]);
    synapse.stop().await?;
    script.run(&["restore", "--identity", &key]).await?.ended(3, &["this overwrites", "nothing was changed"]);
    lose_everything(&hospital, &sources, &database).await?;
    let restored = script.run(&["restore", "--identity", &key]).await?;
    restored
        .ended(0, &["of 2 redactions made since, 2 were", "redacts 1 in its rooms", "1 media are", "Not known: what"]);

    synapse.start_again().await?;
    for old in [&ana, &lost, &colleague, &administrator] {
        assert_eq!(old.get("/_matrix/client/v3/account/whoami").await?.0, 401);
    }
    let ana = Client::login(synapse, "ana", PASSWORD).await?;
    for (place, event) in [(&room, &said), (&chat, &whispered)] {
        assert_eq!(
            ana.event(place, event).await?["content"],
            json!({}),
            "nobody reads it, even before the bot is there"
        );
    }
    assert_eq!(ana.event(&room, &early).await?["content"]["body"], "antes");
    assert_eq!(download(&ana, &url, &file).await?, b"laudo do leito 7");
    assert!(download(&ana, &url, &bad).await.is_err(), "quarantined again");
    assert_eq!(hospital.members("icu").await?, members);
    assert_eq!(hospital.bot()?.power_levels(&room).await?, levels);
    hospital.sync(&["--dry-run", "--verify", "--exit-code"]).await?.ended(0);

    let serving = hospital.serve().await?;
    hospital.redacted(&ana, "icu", &said).await?;
    hospital.run(&["resume"]).await?.ended(0).out.contains("resumed").then_some(()).context("it was not paused")?;
    let after = ana.send_text(&room, "depois").await?;
    assert_eq!(ana.event(&room, &after).await?["content"]["body"], "depois");
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}

/// Something small in place of Synapse, enough to make backups of.
async fn stand_in(script: &Script) -> anyhow::Result<Sources> {
    let cluster = Postgres::shared().await?;
    let url = cluster.database("backup").await?;
    let tables = "create table local_media_repository (media_id text, url_cache text, media_length int, quarantined_by text); \
                  insert into local_media_repository values ('abcdefgh', null, 5, null), ('deletedone', null, 5, null)";
    postgres::sql(&url, tables).await?;
    let name = url.rsplit('/').next().context("no name")?;
    let media = script.path("media");
    let content = media.join("local_content/ab/cd");
    std::fs::create_dir_all(&content)?;
    std::fs::write(content.join("efgh"), "laudo")?;
    Ok(Sources {
        // As with PostgreSQL in a container, whose programs something else starts.
        synapse: format!(
            "host=127.0.0.1 port={} dbname={name} user=postgres\nthrough = env PGAPPNAME=backup",
            cluster.port()
        ),
        password: sources_password(),
        media,
        bot: format!(
            "database = host=127.0.0.1 port={} dbname={name} user=postgres\npassword_file = {}",
            cluster.port(),
            script.path("etc/password").display()
        ),
        program: "true".to_owned(),
        files: Vec::new(),
    })
}

fn flip_a_byte(path: &Path) -> anyhow::Result<()> {
    let mut content = std::fs::read(path)?;
    let middle = content.len() / 2;
    *content.get_mut(middle).context("empty")? ^= 1;
    Ok(std::fs::write(path, content)?)
}

#[tokio::test]
async fn what_is_wrong_with_a_backup_is_said_with_what_to_do_and_leaves_nothing_half_done() -> anyhow::Result<()> {
    let script = Script::new()?;
    let (sources, backups) = (stand_in(&script).await?, script.path("backups"));
    script.configure(&sources, &backups, "")?;
    let missing = ["1 media that Synapse's database names are not in"];
    script.run(&["backup"]).await?.ended(0, &missing);
    let (first, key) = (script.kept()?.remove(0), script.stick("key"));
    script.run(&["verify", "--identity", &key]).await?.ended(0, &["ok"]);
    script.key("other")?;
    script
        .run(&["verify", "--identity", &script.stick("other")])
        .await?
        .ended(1, &["no identity matched", "another key"]);
    script.run(&["restore", "--identity", &script.stick("other")]).await?.ended(1, &["no identity matched"]);

    // A changed byte, anywhere.
    let medium = backups.join("media/ab").read_dir()?.next().context("no media")??.path();
    for file in ["synapse.pgdump.age", "bot.pgdump.age", "files.tar.age", "media.list", "manifest.json"] {
        let path = backups.join(&first).join(file);
        let before = std::fs::read(&path)?;
        flip_a_byte(&path)?;
        script.run(&["verify"]).await?.ended(1, &["not what was written", "1 of 1 backups are damaged"]);
        let refused = script.typing(&["restore", "--identity", &key], "overwrite\n").await?;
        refused.ended(1, if file == "manifest.json" { &["no complete backup"] } else { &["nothing was restored"] });
        std::fs::write(path, before)?;
    }
    // A medium is made anew once its damaged file is gone, and counts for the older backup, too.
    flip_a_byte(&medium)?;
    script.run(&["verify"]).await?.ended(1, &["not what was written", "remove the damaged files"]);
    std::fs::remove_file(&medium)?;
    script.run(&["verify"]).await?.ended(1, &["it is not there"]);
    script.run(&["backup"]).await?.ended(0, &["1 media (1 new)"]);
    script.run(&["verify"]).await?.ended(0, &["Z: ok"]);
    std::fs::remove_dir_all(backups.join(script.kept()?.remove(0)))?;
    let first = script.kept()?.remove(0);

    // Keys that are wrong or where they should not be.
    std::fs::copy(script.path("stick/key"), script.path("etc/key"))?;
    script.run(&["backup"]).await?.ended(1, &["is a private key"]);
    std::fs::remove_file(script.path("etc/key"))?;
    script.write("recipients.txt", "ssh-ed25519 AAAA\n")?;
    script.run(&["backup"]).await?.ended(1, &["must hold public keys", "age-keygen"]);
    std::fs::remove_file(script.path("etc/recipients.txt"))?;
    script.run(&["backup"]).await?.ended(2, &["recipients", "cannot be read"]);
    script.write("recipients.txt", &script.recipient)?;

    // Whatever fails leaves what was there.
    // Only root may mount a small disk; whoever runs this otherwise tests the rest.
    if let Some(disk) = Disk::new(2)? {
        script.configure(&sources, disk.path(), "")?;
        script.run(&["backup"]).await?.ended(1, &["MiB left", "make room"]);
        assert_eq!(disk.path().read_dir()?.count(), 1, "the lock alone");
    }
    let wrong = Sources { password: "wrong".to_owned(), ..stand_in(&script).await? };
    script.configure(&wrong, &backups, "")?;
    script.run(&["backup"]).await?.ended(1, &["[bot] database cannot be asked", "password authentication failed"]);
    let in_arguments = Sources { synapse: "postgres://u:p@h/d".to_owned(), ..wrong };
    script.configure(&in_arguments, &backups, "")?;
    script.run(&["backup"]).await?.ended(2, &["password_file"]);
    let lost = Sources { files: vec![script.path("no-such-file")], ..stand_in(&script).await? };
    script.configure(&lost, &backups, "")?;
    script.run(&["backup"]).await?.ended(1, &["no-such-file is not there"]);
    assert_eq!(script.kept()?, [first.as_str(), "media"]);

    // As many as are wanted are kept; what was deleted goes with the last backup that held it; new recipients get all anew.
    script.configure(&sources, &backups, "keep = 1\nship = false")?;
    std::fs::remove_dir_all(sources.media.join("local_content"))?;
    script.run(&["backup"]).await?.ended(1, &["removed", "is complete but is not off this machine"]);
    assert_eq!(script.kept()?.len(), 2);
    assert_eq!(backups.join("media/ab").read_dir()?.count(), 0);
    script.run(&["list"]).await?.ended(0, &["full"]);
    Ok(())
}
