//! Runs one piece of code on either database.
//!
//! The two pools have different types, so macros compile the code once for each. Statements that differ between the
//! databases are a [`PerDialect`]; check each use of it carefully.

use super::{Dialect, Store};

/// Evaluates `$body` with `$db` as a writable connection, and names the database in errors.
macro_rules! on_writer {
    ($store:expr, $db:ident => $body:expr) => {
        match &$store.pools {
            $crate::store::Pools::Sqlite { writer: $db, .. } => {
                async { Ok::<_, $crate::store::error::Unplaced>($body) }.await
            }
            $crate::store::Pools::Postgres($db) => async { Ok::<_, $crate::store::error::Unplaced>($body) }.await,
        }
        .map_err(|error| error.at($store.name()))
    };
}

/// Evaluates `$body` with `$db` as a read-only connection.
macro_rules! on_reader {
    ($store:expr, $db:ident => $body:expr) => {
        match &$store.pools {
            $crate::store::Pools::Sqlite { readers: $db, .. } => {
                async { Ok::<_, $crate::store::error::Unplaced>($body) }.await
            }
            $crate::store::Pools::Postgres($db) => async { Ok::<_, $crate::store::error::Unplaced>($body) }.await,
        }
        .map_err(|error| error.at($store.name()))
    };
}

/// Evaluates `$body` inside a transaction and commits it; an error or a cancelled future rolls it back.
///
/// On SQLite it is immediate: a transaction that reads first can fail at its first write if another process has written
/// in between, while one that takes the write lock first waits for its turn.
macro_rules! in_transaction {
    ($store:expr, $tx:ident => $body:expr) => {
        match &$store.pools {
            $crate::store::Pools::Sqlite { writer, .. } => {
                async {
                    let mut $tx = writer.begin_with("begin immediate").await?;
                    let result = $body;
                    $tx.commit().await?;
                    Ok::<_, $crate::store::error::Unplaced>(result)
                }
                .await
            }
            $crate::store::Pools::Postgres(pool) => {
                async {
                    let mut $tx = pool.begin().await?;
                    let result = $body;
                    $tx.commit().await?;
                    Ok::<_, $crate::store::error::Unplaced>(result)
                }
                .await
            }
        }
        .map_err(|error| error.at($store.name()))
    };
}

/// A statement worded differently for the two databases.
pub(super) struct PerDialect {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// A statement that picks rows to claim and then updates them. PostgreSQL skips rows that another worker is claiming;
/// SQLite has only one writer.
macro_rules! claiming {
    ($pick:expr, $rest:expr) => {
        $crate::store::dispatch::PerDialect {
            sqlite: concat!("with picked as (", $pick, ") ", $rest),
            postgres: concat!("with picked as materialized (", $pick, " for update skip locked) ", $rest),
        }
    };
}

impl Store {
    pub(super) fn pick(&self, statement: &PerDialect) -> &'static str {
        match self.dialect() {
            Dialect::Sqlite => statement.sqlite,
            Dialect::Postgres => statement.postgres,
        }
    }
}
