//! Maps errors of EquipeMed's database by what has to be done about them.

use equipemed_domain::fault::{DirectoryError, NotAllowed, NotLetIn, NotThere};

use super::{CONNECT_WITHIN, READ_WITHIN};

/// Classifies an error. PostgreSQL's messages name tables, columns and roles, but no people. Its details may quote rows
/// and are omitted.
pub(super) fn said(error: sqlx::Error) -> DirectoryError {
    let away = |said: String| DirectoryError::Away { why: NotThere::Said { said } };
    let Some(database) = error.as_database_error() else {
        return match error {
            sqlx::Error::PoolTimedOut => {
                DirectoryError::Away { why: NotThere::NoConnection { seconds: CONNECT_WITHIN.as_secs() } }
            }
            sqlx::Error::Io(error) => away(error.to_string()),
            sqlx::Error::Tls(error) => away(format!("TLS: {error}")),
            error => away(error.to_string()),
        };
    };
    let what = database.message().to_owned();
    let code = database.code().unwrap_or_default();
    match code.as_ref() {
        // Class 28: authentication; 3D000: no such database.
        code if code.starts_with("28") || code == "3D000" => {
            DirectoryError::Refused { why: NotLetIn::Said { said: what } }
        }
        "42501" => DirectoryError::NotAllowed { why: NotAllowed::Said { said: what } },
        "42P01" | "42703" | "3F000" | "42883" => DirectoryError::OtherSchema { said: what, in_query: false },
        "42601" => DirectoryError::OtherSchema { said: what, in_query: true },
        "57014" => DirectoryError::Away { why: NotThere::SlowRead { seconds: READ_WITHIN.as_secs() } },
        // Class 08: connection; 53: resources, such as too many connections; 57P: shutdown or startup.
        code if ["08", "53", "57P"].iter().any(|class| code.starts_with(class)) => away(what),
        _ => DirectoryError::Failed { said: what },
    }
}
