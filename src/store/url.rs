//! Parses `database.url` and shows it without its password.
//!
//! Kept apart from opening, because even a wrong URL must not leak: one that cannot be parsed for certain is not shown.

use std::path::PathBuf;
use std::str::FromStr;

use equipemed_domain::fault::BadUrl;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::StoreError;

/// Location of the database.
pub(super) enum DatabasePlace {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<PgConnectOptions>),
}

pub(super) fn parse(url: &str) -> Result<DatabasePlace, StoreError> {
    let bad = |why| StoreError::BadUrl { url: without_password(url), why };
    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.ends_with('/') {
            return Err(bad(BadUrl::NoFile));
        }
        if path.contains(":memory:") {
            return Err(bad(BadUrl::InMemory));
        }
        if path.contains('?') {
            return Err(bad(BadUrl::FileWithOptions));
        }
        return Ok(DatabasePlace::Sqlite(PathBuf::from(path)));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        // The driver's error is dropped: it might quote part of a password with a stray / or @.
        let options = PgConnectOptions::from_str(url).map_err(|_| bad(BadUrl::NotPostgres))?;
        return Ok(DatabasePlace::Postgres(Box::new(options.application_name("equipemed-bot"))));
    }
    Err(bad(BadUrl::Scheme))
}

/// The URL for people: scheme, user, host, port and database, without password and options.
#[must_use]
pub fn without_password(url: &str) -> String {
    if url.starts_with("sqlite:") {
        return url.to_owned();
    }
    let hidden = || {
        let scheme = url.split("://").next().filter(|scheme| scheme.starts_with("postgres") && scheme.len() <= 10);
        format!("{}://…", scheme.unwrap_or("…"))
    };
    let Ok(parsed) = Url::parse(url) else { return hidden() };
    let Some(host) = parsed.host_str().filter(|_| parsed.scheme().starts_with("postgres")) else { return hidden() };
    // An @ after the host means that the password contains a /, ? or # and was cut there.
    let behind = [parsed.path(), parsed.query().unwrap_or(""), parsed.fragment().unwrap_or("")];
    if behind.iter().any(|part| part.contains('@')) {
        return hidden();
    }
    let user = if parsed.username().is_empty() { String::new() } else { format!("{}@", parsed.username()) };
    let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{user}{host}{port}{}", parsed.scheme(), parsed.path())
}
