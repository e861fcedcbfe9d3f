//! Database migrations, embedded in the binary.
//!
//! They only go forward and are never edited once released: the driver checks a checksum. Every migration exists for
//! both databases under the same name and has a file of sample rows in `tests/samples/`.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// A database's SQL dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Version, name, SQL for SQLite, SQL for PostgreSQL.
type Step = (i64, &'static str, &'static str, &'static str);

macro_rules! step {
    ($version:literal, $name:literal) => {
        (
            $version,
            $name,
            include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        )
    };
}

const STEPS: [Step; 15] = [
    step!(1, "0001_init"),
    step!(2, "0002_control_room"),
    step!(3, "0003_accounts"),
    step!(4, "0004_two_consents"),
    step!(5, "0005_versions"),
    step!(6, "0006_foreign_rooms"),
    step!(7, "0007_people"),
    step!(8, "0008_brakes"),
    step!(9, "0009_sums"),
    step!(10, "0010_wishes"),
    step!(11, "0011_noted_accounts"),
    step!(12, "0012_signed_out"),
    step!(13, "0013_halted"),
    step!(14, "0014_files"),
    step!(15, "0015_reports"),
];

/// All migrations of one database, in order.
#[must_use]
pub fn migrator(dialect: Dialect) -> Migrator {
    let steps = STEPS.into_iter().map(|(version, name, sqlite, postgres)| {
        let sql = match dialect {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
        };
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(steps.collect())
}
