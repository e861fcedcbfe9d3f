//! Runs one piece of code on whichever database the store has.
//!
//! The two pools are different types, so the code is compiled once for each;
//! its text stands once. What the databases cannot say in the same words is a
//! [`PerDialect`], and every use of that is worth a look.

use super::{Dialect, Store};

/// Evaluates `$body` with `$db` as a connection that may write, and names the database in its errors.
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

/// Evaluates `$body` with `$db` as a connection that only reads.
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
/// On SQLite it is immediate: a transaction that begins with reading and writes later can fail halfway
/// when another process writes in between, one that takes the write lock first waits for its turn instead.
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

/// A statement that the two databases word differently.
pub(super) struct PerDialect {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// A statement that first picks rows to claim and then does the rest. On PostgreSQL rows that another
/// worker is just claiming are passed over; on SQLite there is only one writer and nothing to pass over.
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
