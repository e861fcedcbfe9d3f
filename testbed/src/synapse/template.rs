//! The migrated database that instances are copied from, made once per Synapse version and kept in the cache.
//!
//! Holds no accounts, so that it serves any server name.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Database, Options, Synapse};
use crate::{Folder, tools};

const SQLITE: &str = "homeserver.db";

/// Puts a fresh, migrated database in place for an instance in `folder`; returns Synapse's setting for it.
pub(super) async fn database(kind: Database, folder: &Path) -> anyhow::Result<Value> {
    match kind {
        Database::Sqlite => {
            let template = sqlite_template().await?;
            fs::copy(&template, folder.join(SQLITE)).context("cannot copy the template database")?;
            Ok(sqlite())
        }
        Database::Postgres => anyhow::bail!("not yet"),
    }
}

fn sqlite() -> Value {
    json!({"name": "sqlite3", "args": {"database": SQLITE}})
}

async fn sqlite_template() -> anyhow::Result<PathBuf> {
    let name = format!("template-{}", tools::SYNAPSE_VERSION);
    let template = tools::cache()?.join(format!("{name}.db"));
    if template.exists() {
        return Ok(template);
    }
    let _lock = tools::lock(&name).await?;
    if template.exists() {
        return Ok(template);
    }
    let synapse = Synapse::start_in(Folder::new("template")?, &Options::default(), &sqlite()).await?;
    synapse.stop().await.context("cannot stop the Synapse that migrated the template")?;
    // Renamed into place, so that the template is never seen half-written.
    let partial = template.with_extension("partial");
    fs::copy(synapse.folder().join(SQLITE), &partial).context("cannot keep the template database")?;
    fs::rename(&partial, &template).context("cannot keep the template database")?;
    Ok(template)
}
