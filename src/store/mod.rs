//! The service's memory: bindings, wishes, wake-ups, runs, the audit.
//!
//! One type over SQLite (the default, one process) and PostgreSQL (several replicas). All SQL of the service's own
//! database is in this folder. Nothing here decides anything, reads a clock or talks to Synapse: callers pass `now`,
//! and `domain` defines the meaning.

#[macro_use]
mod dispatch;

mod account_changes;
mod announcements;
mod audit;
mod audit_mass;
mod audit_read;
mod bindings;
mod confirmations;
mod deeds;
mod drift;
mod error;
mod files_told;
mod foreign_rooms;
mod grants;
mod held;
mod inbox;
mod lease;
mod made_rooms;
mod meta;
mod migrations;
mod open;
mod people;
mod privileges;
mod reports;
mod rooms;
mod rows;
mod runs;
mod sole;
mod url;
mod wakeups;

use std::fmt;
use std::sync::{Arc, Mutex};

use sqlx::{PgPool, SqlitePool};

pub use self::announcements::OpenAnnouncement;
pub use self::audit::{AuditCause, AuditId, Intent};
pub use self::audit_mass::{Counted, Mass, PowersChanged};
pub use self::audit_read::{AuditEntry, AuditFilter, Settled};
use self::bindings::KeptBindings;
pub use self::confirmations::Confirmation;
pub use self::deeds::{ClaimedDeed, DeedEnd, DeedId, DeedRecord, DeedState, NewDeed, Pace, source_of_itself};
pub use self::drift::{DriftRecord, DriftState};
pub use self::files_told::FileTold;
pub use self::foreign_rooms::ForeignRoom;
pub use self::grants::{GrantFilter, GrantRecord, NewGrant};
pub use self::held::{Approval, HeldPlan, HeldState, NewHeld};
pub use self::inbox::InboxEvent;
pub use self::lease::Lease;
pub use self::meta::SYNC_TOKEN;
pub use self::migrations::{Dialect, migrator};
use self::people::KeptPeople;
pub use self::reports::{DroppedReport, ReportCase};
pub(crate) use self::rows::to_json;
pub use self::runs::{NewRun, Run, RunEnd, RunId, RunState};
pub use self::sole::Sole;
pub use self::url::without_password;
pub use self::wakeups::{ClaimedWake, Lane, WakeState};
pub use equipemed_domain::fault::StoreError;

/// Asker of a command at the machine.
pub const OPERATOR: &str = "operator";
/// Asker of what the service does by its own rules.
pub const SERVICE: &str = "equipemed-bot";

/// The service's database. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Store {
    /// The URL without its password, for errors.
    name: String,
    pools: Pools,
    /// The cached bindings with their version.
    bindings: Arc<Mutex<Option<KeptBindings>>>,
    /// The cached people with their version.
    people: Arc<Mutex<Option<KeptPeople>>>,
}

/// Connections to one of the two databases.
#[derive(Clone)]
enum Pools {
    /// SQLite allows one writer at a time, so one connection writes; readers do not wait for it.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    /// PostgreSQL.
    Postgres(PgPool),
}

impl Store {
    /// The database's URL without its password.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The database's dialect.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self.pools {
            Pools::Sqlite { .. } => Dialect::Sqlite,
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Closes all connections when they are idle. SQLite then merges its write-ahead log into the file.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("name", &self.name).finish_non_exhaustive()
    }
}
