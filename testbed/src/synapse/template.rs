//! The migrated database from which instances are copied, created once per Synapse version and cached.
//!
//! It contains no accounts, so it suits any server name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{Database, Options, Synapse};
use crate::postgres::{self, Postgres};
use crate::tools::{self, Release};
use crate::{Folder, eventually};

const SQLITE: &str = "homeserver.db";
const UPDATES_LEFT: &str = "select count(*) from background_updates";

/// Copies a migrated database for an instance in `folder`; returns Synapse's setting for it.
pub(super) async fn database(kind: Database, release: Release, folder: &Path) -> anyhow::Result<Value> {
    match kind {
        Database::Sqlite => {
            let template = sqlite_template(release).await?;
            fs::copy(&template, folder.join(SQLITE)).context("cannot copy the template database")?;
            Ok(sqlite())
        }
        Database::Postgres => {
            let cluster = Postgres::shared().await?;
            ensure!(release == Release::Current, "PostgreSQL is kept for the current Synapse");
            let template = postgres_template(cluster).await?;
            Ok(postgres(cluster, &cluster.copy(template, "synapse").await?))
        }
    }
}

fn sqlite() -> Value {
    json!({"name": "sqlite3", "args": {"database": SQLITE}})
}

async fn sqlite_template(release: Release) -> anyhow::Result<PathBuf> {
    let name = format!("template-{}", release.version());
    let template = tools::cache()?.join(format!("{name}.db"));
    if template.exists() {
        return Ok(template);
    }
    let _lock = tools::lock(&name).await?;
    if template.exists() {
        return Ok(template);
    }
    let synapse = start(&sqlite(), release).await?;
    let file = synapse.folder().join(SQLITE);
    until_updated(|| sqlite_query(&file, UPDATES_LEFT)).await?;
    stop(&synapse).await?;
    // Only this file is copied, so it must include the write-ahead log.
    sqlite_query(&file, "pragma wal_checkpoint(truncate)").await?;
    // Renamed into place, so that nobody sees a partial template.
    let partial = template.with_extension("partial");
    fs::copy(&file, &partial).context("cannot keep the template database")?;
    fs::rename(&partial, &template).context("cannot keep the template database")?;
    Ok(template)
}

fn postgres(cluster: &Postgres, url: &str) -> Value {
    let name = url.rsplit('/').next();
    json!({
        "name": "psycopg2",
        "args": {"user": postgres::SUPERUSER, "password": postgres::PASSWORD, "dbname": name, "host": crate::LOOPBACK, "port": cluster.port(), "cp_min": 2, "cp_max": 10},
    })
}

/// Name of the template in the shared cluster. A cluster starts empty, so the cache holds the template as statements.
pub(super) async fn postgres_template(cluster: &Postgres) -> anyhow::Result<&'static str> {
    const NAME: &str = "synapse_template";
    static MADE: OnceCell<()> = OnceCell::const_new();
    MADE.get_or_try_init(async || {
        let statements = postgres_statements(cluster).await?;
        postgres::sql(&cluster.url(postgres::SUPERUSER), &format!("create database {NAME} template template0")).await?;
        postgres::sql(&cluster.url(NAME), &statements).await.context("cannot fill the template database")?;
        anyhow::Ok(())
    })
    .await?;
    Ok(NAME)
}

async fn postgres_statements(cluster: &Postgres) -> anyhow::Result<String> {
    let name = format!("template-{}", Release::Current.version());
    let template = tools::cache()?.join(format!("{name}.sql"));
    if template.exists() {
        return fs::read_to_string(&template).context("cannot read the template");
    }
    let _lock = tools::lock(&name).await?;
    if !template.exists() {
        let url = cluster.database("migrate").await?;
        let synapse = start(&postgres(cluster, &url), Release::Current).await?;
        until_updated(|| postgres::sql(&url, UPDATES_LEFT)).await?;
        stop(&synapse).await?;
        let partial = template.with_extension("partial");
        fs::write(&partial, postgres::dump(&url).await?).context("cannot keep the template")?;
        fs::rename(&partial, &template).context("cannot keep the template")?;
    }
    fs::read_to_string(&template).context("cannot read the template")
}

async fn start(database: &Value, release: Release) -> anyhow::Result<Synapse> {
    let extra_yaml = "background_updates: {sleep_enabled: false}".to_owned();
    let options = Options { extra_yaml, release, ..Options::default() };
    Synapse::start_in(Folder::new("template")?, &options, database).await
}

async fn stop(synapse: &Synapse) -> anyhow::Result<()> {
    synapse.stop().await.context("cannot stop the Synapse that migrated the template")
}

/// Synapse responds long before its background updates end. A copy made before would build some fifty indexes in its
/// first minutes and disturb measurements.
async fn until_updated<F: Future<Output = anyhow::Result<String>>>(left: impl Fn() -> F) -> anyhow::Result<()> {
    let done = || async { Ok((left().await? == "0").then_some(())) };
    eventually("the end of Synapse's background updates", Duration::from_secs(300), done).await
}

async fn sqlite_query(file: &Path, statement: &str) -> anyhow::Result<String> {
    let program = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1], 60).execute(sys.argv[2]).fetchone()[0])";
    let mut command = Command::new(tools::python(Release::Current).await?);
    command.args(["-c", program]).arg(file).arg(statement);
    Ok(tools::run(&mut command)?.trim().to_owned())
}
