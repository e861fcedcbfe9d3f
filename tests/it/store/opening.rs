//! Mistakes of operators with the database, and the errors that the store reports.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use equipemed_bot::store::{Dialect, Store, StoreError, without_password};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Executor};

use super::{both, fresh_database, is_root, scratch};
use crate::faults::english;

async fn refusal(url: &str) -> Result<StoreError> {
    Store::open(url).await.err().with_context(|| format!("{url} opened"))
}

#[tokio::test]
async fn a_missing_file_is_made_for_its_owner_alone() -> Result<()> {
    let folder = scratch()?;
    let path = folder.path().join("new.db");
    let store = Store::open(&format!("sqlite://{}", path.display())).await?;
    assert_eq!(store.dialect(), Dialect::Sqlite);
    store.remember("key", "value").await?;
    for name in ["new.db", "new.db-wal", "new.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(name))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    store.close().await;
    assert!(!folder.path().join("new.db-wal").exists(), "closing folds the log into the file");
    assert_eq!(
        Store::open(&format!("sqlite:{}", path.display())).await?.remembered("key").await?.as_deref(),
        Some("value")
    );
    Ok(())
}

#[tokio::test]
async fn what_is_opened_again_is_still_there() -> Result<()> {
    for fresh in both().await? {
        fresh.store.remember("key", "value").await?;
        fresh.store.close().await;
        let error = fresh.store.wakeups_waiting().await.err().context("it is closed")?;
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
        let again = Store::open(&fresh.url).await?;
        assert_eq!(again.remembered("key").await?.as_deref(), Some("value"));
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_url_is_explained() -> Result<()> {
    for (url, says) in [
        ("", "begins with neither"),
        ("mysql://u:hush@h/db", "begins with neither"),
        ("sqlite://", "name of a file is missing"),
        ("sqlite:///var/lib/", "name of a file is missing"),
        ("sqlite::memory:", "would forget everything"),
        ("sqlite://x.db?mode=ro", "takes no options"),
        ("postgres://u:hu/sh@h/db", "percent-encode"),
    ] {
        let error = refusal(url).await?;
        assert!(matches!(error, StoreError::BadUrl { .. }), "{url}: {error}");
        let text = english(error);
        assert!(text.contains(says), "{url}: {text}");
        assert!(!text.contains("hu") || !text.contains("sh@"), "{url}: {text}");
    }
    Ok(())
}

#[test]
fn a_url_is_shown_without_its_password() {
    for (url, shown) in [
        ("postgres://bot:hush@db.example:5433/bot", "postgres://bot@db.example:5433/bot"),
        ("postgresql://bot:hush@db.example/bot?sslmode=require&password=hush", "postgresql://bot@db.example/bot"),
        ("postgres:///bot?host=/run/pg&user=bot&password=hush", "postgres://…"),
        ("postgres://db.example/bot", "postgres://db.example/bot"),
        // Unencoded characters in the password shift the boundaries of the URL's parts.
        ("postgres://bot:hu@sh@db.example/bot", "postgres://bot@db.example/bot"),
        ("postgres://bot:hu/sh@db.example/bot", "postgres://…"),
        ("postgres://bot:12/hush@db.example/bot", "postgres://…"),
        ("postgres://bot:#hush@db.example/bot", "postgres://…"),
        ("postgres://bot:12?hush@db.example/bot", "postgres://…"),
        ("hush", "…://…"),
        ("mysql://bot:hush@db.example/bot", "…://…"),
        ("sqlite://var/bot.db", "sqlite://var/bot.db"),
    ] {
        assert_eq!(without_password(url), shown);
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_shown() -> Result<()> {
    let good = fresh_database().await?;
    let mut url = url::Url::parse(&good)?;
    let _ = url.set_password(Some("hush-hush"));
    let error = refusal(url.as_str()).await?;
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    let shown = format!("{} {error} {error:?}", english(error.clone()));
    assert!(shown.contains("password authentication failed") && shown.contains("pg_hba.conf"), "{shown}");
    assert!(shown.contains("postgres://postgres@127.0.0.1:"), "{shown}");
    assert!(!shown.contains("hush"), "{shown}");

    url = url::Url::parse(&good)?;
    url.set_path("no_such_database");
    let error = refusal(url.as_str()).await?;
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");

    let secret = url.password().context("it has one")?;
    let store = Store::open(&good).await?;
    assert!(!format!("{store:?} {}", store.name()).contains(secret));
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_away_is_unreachable() -> Result<()> {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let error = refusal(&format!("postgres://bot:hush@127.0.0.1:{nobody}/bot")).await?;
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert!(english(error).starts_with(&format!("cannot reach the database postgres://bot@127.0.0.1:{nobody}/bot")));
    Ok(())
}

#[tokio::test]
async fn a_place_that_is_no_database_is_explained() -> Result<()> {
    let folder = scratch()?;
    let path = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    std::fs::write(folder.path().join("text"), "This is not a database, however long it may be.".repeat(99))?;
    for (name, says) in [
        ("missing/bot.db", "Make its folder first: mkdir -p"),
        ("text/bot.db", "is not a folder"),
        (".", "must name a file"),
        ("text", "not an SQLite database"),
    ] {
        let error = refusal(&path(name)).await?;
        let said = english(error);
        assert!(said.contains(says), "{name}: {said}");
    }
    assert!(!folder.path().join("missing").exists());
    Ok(())
}

/// Root may write anywhere, so the test runs itself again as an unprivileged user.
#[test]
fn a_file_or_folder_that_cannot_be_written_is_named_with_what_to_do() -> Result<()> {
    const PLACE: &str = "EQUIPEMED_TEST_UNWRITABLE";
    const NOBODY: u32 = 65534;
    if let Some(folder) = std::env::var_os(PLACE) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(refusals(Path::new(&folder)));
    }
    let folder = scratch()?;
    let (locked, open) = (folder.path().join("locked"), folder.path().join("open"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for place in [&locked, &open] {
        std::fs::create_dir(place)?;
        let path = place.join("old.db");
        runtime.block_on(async {
            let store = Store::open(&format!("sqlite://{}", path.display())).await?;
            store.close().await;
            Ok::<_, StoreError>(())
        })?;
    }
    // In `locked` the file is writable and the folder is not, in `open` the other way round.
    let mode = std::fs::Permissions::from_mode;
    std::fs::set_permissions(locked.join("old.db"), mode(0o666))?;
    std::fs::set_permissions(&locked, mode(0o555))?;
    std::fs::set_permissions(open.join("old.db"), mode(0o444))?;
    std::fs::set_permissions(&open, mode(0o777))?;

    // Not by its path, because an unprivileged user may be unable to enter the folder of the checkout.
    let mut again = Command::new("/proc/self/exe");
    again.arg("a_file_or_folder_that_cannot_be_written_is_named").env(PLACE, folder.path()).current_dir("/");
    if is_root() {
        chown(&locked, Some(0), Some(0))?;
        again.uid(NOBODY).gid(NOBODY);
    }
    let output = again.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

async fn refusals(folder: &Path) -> Result<()> {
    for name in ["locked/new.db", "locked/old.db", "open/old.db"] {
        let path = folder.join(name);
        let error = refusal(&format!("sqlite://{}", path.display())).await?;
        assert!(matches!(error, StoreError::NotWritable { .. }), "{name}: {error:?}");
        let text = english(error);
        assert!(text.contains(&*path.to_string_lossy()) && text.contains("chown both"), "{name}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn root_makes_no_database_in_another_users_folder() -> Result<()> {
    let folder = scratch()?;
    let url = format!("sqlite://{}", folder.path().join("bot.db").display());
    // Users other than root own the files that they create.
    if is_root() {
        chown(folder.path(), Some(65534), None)?;
        let error = refusal(&url).await?;
        assert!(matches!(&error, StoreError::OfUser { owner, .. } if owner == "nobody"), "{error:?}");
        let text = english(error);
        assert!(text.contains("runuser -u nobody -- equipemed-bot"), "{text}");
        assert!(!folder.path().join("bot.db").exists());
        chown(folder.path(), Some(0), None)?;
    }
    Store::open(&url).await?.close().await;
    Ok(())
}

#[tokio::test]
async fn another_process_that_keeps_writing_makes_it_busy_for_a_while() -> Result<()> {
    let folder = scratch()?;
    let path = folder.path().join("bot.db");
    let store = Store::open(&format!("sqlite://{}", path.display())).await?;
    let mut other = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await?;
    other.execute("begin immediate").await?;
    store.wakeups_waiting().await.context("reading does not wait for the writer")?;
    let error = store.remember("key", "value").await.err().context("it was locked")?;
    assert!(matches!(error, StoreError::Busy { .. }), "{error:?}");
    other.execute("rollback").await?;
    store.remember("key", "value").await?;
    Ok(())
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_named_and_not_shown() -> Result<()> {
    for fresh in both().await? {
        const ROW: &str = "insert into bindings (person_id, user_id) values (17, 'Ana Silva')";
        if fresh.store.dialect() == Dialect::Sqlite {
            SqliteConnection::connect(&fresh.url).await?.execute(ROW).await?;
        } else {
            sqlx::PgConnection::connect(&fresh.url).await?.execute(ROW).await?;
        }
        let error = fresh.store.bindings().await.err().context("it was read")?;
        let says = "the store holds what makes no sense: bindings.user_id of row 17: it is no Matrix id";
        assert_eq!(english(error), says);
    }
    Ok(())
}
