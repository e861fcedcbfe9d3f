//! What EquipeMed's database says went wrong, by what somebody has to do about it.

use crate::directory::DirectoryError;

/// Sorts an error. PostgreSQL's sentences name tables, columns and roles, no people; its details, which quote rows, are
/// left out.
pub(super) fn said(error: sqlx::Error) -> DirectoryError {
    let Some(database) = error.as_database_error() else {
        return match error {
            sqlx::Error::PoolTimedOut => DirectoryError::Away("no connection within 20 s".to_owned()),
            sqlx::Error::Io(error) => DirectoryError::Away(error.to_string()),
            sqlx::Error::Tls(error) => DirectoryError::Away(format!("TLS: {error}")),
            error => DirectoryError::Away(error.to_string()),
        };
    };
    let what = database.message().to_owned();
    let code = database.code().unwrap_or_default();
    match code.as_ref() {
        // Class 28: who one is; 3D000: no such database.
        code if code.starts_with("28") || code == "3D000" => DirectoryError::Refused(what),
        "42501" => DirectoryError::NotAllowed(what),
        "42P01" | "42703" | "3F000" | "42883" => DirectoryError::OtherSchema(what),
        "42601" => DirectoryError::OtherSchema(format!("{what} in directory.query")),
        "57014" => DirectoryError::Away("a read of people took longer than 20 s".to_owned()),
        // Class 08: connection; 53: too many of them; 57P: shutting down or starting.
        code if ["08", "53", "57P"].iter().any(|class| code.starts_with(class)) => DirectoryError::Away(what),
        _ => DirectoryError::Failed(what),
    }
}
