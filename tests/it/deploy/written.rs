//! What `deploy init` wrote, as the programs read it; and what it refuses to write.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use equipemed_bot::deploy::pieces::pieces;
use equipemed_bot::deploy::render::File;
use equipemed_bot::deploy::{Answers, Set};
use equipemed_testbed::nginx::Place as Certificate;
use equipemed_testbed::{Folder, LOOPBACK, Postgres, free_port, postgres, tools};

use super::init::Place;
use super::nginx::HOSTS;

/// The folder is included as Debian and the image include it, so what is shared has to be in what is read first.
#[test]
fn nginx_reads_the_folder_of_a_set_with_containers_and_with_systemd() -> Result<()> {
    for run in ["containers", "systemd"] {
        let (folder, certificate) = (Folder::new("nginx-set")?, Certificate::new(HOSTS)?);
        let here = folder.path().display().to_string();
        let answers = format!(
            "server_name: hospital.example\nrun: {run}\nequipemed_url: https://equipemed.hospital.example\n\
             client_id: synapse\ncertificate: {}\ncertificate_key: {}\n",
            certificate.certificate().display(),
            certificate.certificate_key().display()
        );
        let answers = Answers::read("deploy.yaml", &answers)?;
        std::fs::create_dir(folder.path().join("nginx"))?;
        let (plain, tls) = (free_port()?, free_port()?);
        for piece in pieces(&answers, &Set::new(&answers, &here))? {
            if !piece.path.starts_with("nginx/") {
                continue;
            }
            let lines = piece.text.replace("/var/log/nginx", &here);
            let lines = lines.lines().filter(|line| !line.contains("listen [::]"));
            let lines = lines.map(|line| match line.trim() {
                "listen 80;" => format!("listen {LOOPBACK}:{plain};"),
                "listen 443 ssl http2;" => format!("listen {LOOPBACK}:{tls} ssl http2;"),
                listen if listen.starts_with("listen ") => {
                    format!("listen {LOOPBACK}:{};", free_port().unwrap_or_default())
                }
                _ => line.to_owned(),
            });
            std::fs::write(folder.path().join(piece.path), lines.collect::<Vec<_>>().join("\n"))?;
        }
        let main = folder.path().join("nginx.conf");
        let text = format!("pid {here}/pid;\nevents {{}}\nhttp {{ include {here}/nginx/*.conf; }}\n");
        std::fs::write(&main, text)?;
        let output = Command::new(tools::nginx()?).arg("-t").arg("-c").arg(&main).args(["-e", "stderr"]).output()?;
        assert!(output.status.success(), "{run}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn roles(set: &Set, cluster: &Postgres) -> Result<(Option<i32>, String)> {
    let file = Path::new(&set.folder).join("postgres/roles.sql");
    std::fs::create_dir_all(file.parent().context("a folder")?)?;
    std::fs::write(&file, format!("{}\\echo [:synapse_password]\n", File::Roles.text(set)?))?;
    let mut psql = Command::new(tools::postgres_program("psql")?);
    let output = psql.arg(cluster.url("postgres")).args(["--no-psqlrc", "--file"]).arg(&file).output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
}

#[tokio::test]
async fn the_roles_file_leaves_administrators_alone_and_an_existing_synapse_too() -> Result<()> {
    let cluster = Postgres::start().await?;
    let folder = Folder::new("roles")?;
    let answers = "server_name: hospital.example\nequipemed_url: https://e.example\nclient_id: '1'\n";
    let mut set = Set::new(&Answers::read("answers", answers)?, &folder.path().display().to_string());
    set.equipemed_database_name = "postgres".to_owned();
    for (path, text) in [
        ("synapse/secrets/pgpass", "*:*:*:*:pa\\:ss\\\\word\n"),
        ("bot/secrets/directory_url", "postgres://equipemed_bot_ro:reader@db:5432/eqmd_db"),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().context("a folder")?)?;
        std::fs::write(path, text)?;
    }
    let url = cluster.url("postgres");
    let own = postgres::sql(&url, "select current_user").await?.trim().to_owned();
    set.database_user.clone_from(&own);
    let (code, said) = roles(&set, &cluster)?;
    assert!(code == Some(3) && said.contains("is an administrator of this PostgreSQL"), "{said}");
    let limits = format!("select rolsuper and rolconnlimit = -1 from pg_roles where rolname = '{own}'");
    assert_eq!(postgres::sql(&url, &limits).await?.trim(), "t");
    // Nothing of Synapse's where it has its role already, or a PostgreSQL of its own.
    for (is_existing, is_own_postgres) in [(true, false), (false, true)] {
        let (code, said) = roles(&Set { is_existing, is_own_postgres, ..set.clone() }, &cluster)?;
        assert!(code == Some(0) && said.contains("ALTER ROLE") && !said.contains("CREATE DATABASE"), "{said}");
    }
    assert_eq!(postgres::sql(&url, &limits).await?.trim(), "t");
    set.database_user = "synapse".to_owned();
    let (code, said) = roles(&set, &cluster)?;
    assert!(code == Some(0) && said.contains("[pa:ss\\word]"), "{said}");
    Ok(())
}

#[test]
fn what_would_break_a_set_is_refused_and_says_what_to_do() -> Result<()> {
    let place = Place::new()?;
    let (code, said) = place.init(&["--yes"])?;
    assert!(code == Some(2) && said.contains("--answers FILE"), "{said}");
    assert!(!said.contains("is missing") && !place.set().exists(), "{said}");
    let (code, said) = place.init(&["--answers", "answers.yaml", "--yes"])?;
    assert!(code == Some(1) && said.contains("--secret client_secret=FILE"), "{said}");
    place.first()?;
    let other = ["--answer", "server_name=other.example", "--answer", "break_glass=", "--answer", "service_accounts="];
    let refused: [(&[&str], &str); 5] = [
        (&other, "a server's name can never be changed"),
        (&["--answer", "certificate_key=/elsewhere/privkey.pem"], "in the folder of the certificate"),
        (&["--answer", "signing_key=/srv/synapse/x.signing.key"], "expected a path below /data"),
        (&["--overwrite", "homeserver.yaml"], "the set has no such file"),
        (&["--secret", "client_secret"], "expected NAME=FILE"),
    ];
    for (given, expected) in refused {
        let (code, said) = place.init(&[given, &["--yes"]].concat())?;
        assert!(code == Some(2) && said.contains(expected), "{expected}\n{said}");
    }
    // What is the operator's is not changed, and not silently.
    let (code, said) = place.init(&["--answer", "break_glass=@safe:hospital.example", "--yes"])?;
    let stale = "users.break_glass is not @safe:hospital.example";
    assert!(code == Some(0) && said.contains(&format!("bot/config.yaml is yours: {stale}")), "{said}");
    assert!(place.faults()?.contains(stale));
    let (_, said) = place.init(&["--answer", "listen_address=192.0.2.1", "--yes"])?;
    assert!(said.contains("+    ports: [\"192.0.2.1:80:80\", \"192.0.2.1:443:443\"]"), "{said}");
    std::fs::write(place.set().join("synapse/setup/own.yaml"), "enable_registration: true\n")?;
    assert!(place.faults()?.contains("synapse/setup/own.yaml: enable_registration is on"));
    Ok(())
}

#[test]
fn folders_can_be_entered_whatever_the_umask_is() -> Result<()> {
    let place = Place::new()?;
    let program = env!("CARGO_BIN_EXE_equipemed-bot");
    let script =
        format!("umask 077; {program} deploy init set/here --answers answers.yaml --secret client_secret=client --yes");
    let output = Command::new("sh").args(["-c", &script]).current_dir(place.folder.path()).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for path in ["", "here", "here/synapse", "here/synapse/secrets", "here/nginx"] {
        assert_eq!(place.set().join(path).metadata()?.mode() & 0o777, 0o755, "{path}");
    }
    std::fs::set_permissions(place.set().join("here/nginx"), std::fs::Permissions::from_mode(0o700))?;
    let (_, said) = place.run(&["deploy", "check", "set/here"])?;
    assert!(said.contains("here/nginx: cannot be entered by the programs"), "{said}");
    Ok(())
}

#[test]
fn an_existing_synapse_that_cannot_be_taken_over_says_why() -> Result<()> {
    let place = Place::new()?;
    let given = ["--existing", "old.yaml", "--answer", "equipemed_url=https://e.example", "--answer", "client_id=1"];
    let old = |text: &str| -> Result<String> {
        let text = format!("server_name: old.example\n{text}");
        std::fs::write(place.folder.path().join("old.yaml"), text)?;
        Ok(place.init(&[&given[..], &["--dry-run"]].concat())?.1)
    };
    let said = old("database: {name: sqlite3, args: {database: /data/homeserver.db}}\n")?;
    assert!(said.contains("✗ database is SQLite"), "{said}");
    let said = old("database: {name: psycopg2, args: {user: eqmd_user, host: db, database: synapse}}\n")?;
    assert!(said.contains("✗ database.args.user is the administrator's role"), "{said}");
    let said = old("media_store_path: /srv/synapse/media\n")?;
    assert!(said.contains("media_store: expected a path below /data"), "{said}");
    let said = old("signing_key_path: /data/old.signing.key\nmedia_store_path: /data/media\n")?;
    assert!(said.contains("✗ /var/lib/matrix-synapse/old.signing.key is not there"), "{said}");
    Ok(())
}
