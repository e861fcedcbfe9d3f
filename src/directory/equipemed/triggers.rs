//! SQL that an administrator of EquipeMed's database runs once: grants for the reading role, and triggers that report
//! changed people.
//!
//! The triggers run per statement (transition tables). They send only ids, and only if a relevant value changed: each
//! page view rewrites profiles and profession groups. They must never fail a statement of EquipeMed's, so every error
//! in them is caught and reported as `*`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use equipemed_domain::column::Column;
use equipemed_domain::directory::Profession;
use equipemed_domain::fault::Setup;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _, PgPool};

use super::failure::said;
use super::query::Tables;
use crate::directory::DirectoryError;

/// Name of the channel and of the functions' schema.
pub(super) const CHANNEL: &str = "equipemed_bot";

/// Changes of more people than this are reported as `*`.
const MANY: usize = 1000;
/// Ids per notification: even with the longest ids, a payload stays below PostgreSQL's 8,000 bytes.
const PIECE: usize = 300;
/// How long the statements wait for EquipeMed's tables; equals their `lock_timeout`.
const LOCK_WITHIN_SECONDS: u64 = 5;
/// `lock_timeout` expired.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// Events, each with its own trigger per table: in PostgreSQL, triggers for several events have no transition tables.
const EVENTS: [(&str, &str); 4] = [
    ("insert", " referencing new table as after"),
    ("update", " referencing old table as before new table as after"),
    ("delete", " referencing old table as before"),
    ("truncate", ""),
];

/// Whether the triggers are installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// In this version.
    Yes,
    /// Some, or of another version, for other tables, or disabled.
    Other,
    /// None.
    No,
}

/// A watched table: its relevant columns, and whom a change concerns.
struct Watched<'t> {
    /// Name of its function.
    name: &'static str,
    table: &'t str,
    /// Relevant columns, key first.
    columns: String,
    /// SQL from changed rows `c` to people's ids.
    people: String,
}

fn watched(tables: &Tables) -> [Watched<'_>; 6] {
    let Tables { user, profile, user_groups, group, user_specialty, columns, .. } = tables;
    let flickering = Profession::ALL.map(|profession| format!("'{}'", profession.flickering_group())).join(", ");
    let mut own = "select c.id from changed c".to_owned();
    if columns.contains(&Column::Supervisor) {
        own.push_str(&format!(" union select u.id from {user} u join changed c on c.id = u.supervisor_id"));
    }
    let of_user = "select c.user_id from changed c".to_owned();
    // Profession groups are deleted and inserted again at every page view.
    let in_group = format!(
        "select c.eqmdcustomuser_id from changed c left join {group} g on g.id = c.group_id
            where g.name is null or g.name not in ({flickering})"
    );
    let of_group = format!("select ug.eqmdcustomuser_id from {user_groups} ug join changed c on c.id = ug.group_id");
    let mut of_specialty =
        format!("select us.user_id from {user_specialty} us join changed c on c.id = us.specialty_id");
    if columns.contains(&Column::CurrentSpecialty) {
        let more = format!(" union select p.user_id from {profile} p join changed c on c.id = p.current_specialty_id");
        of_specialty.push_str(&more);
    }
    let about = [
        ("user_changed", own),
        ("profile_changed", of_user.clone()),
        ("user_groups_changed", in_group),
        ("group_changed", of_group),
        ("user_specialty_changed", of_user),
        ("specialty_changed", of_specialty),
    ];
    let mut about = about.into_iter();
    tables.columns().map(|(table, columns)| {
        let (name, people) = about.next().unwrap_or_default();
        // Changes at each sign-in, and nothing depends on it.
        let columns: Vec<&str> = columns.into_iter().filter(|column| *column != "last_login").collect();
        Watched { name, table, columns: columns.join(", "), people }
    })
}

/// SQL for an administrator of EquipeMed's database.
#[derive(Clone, Debug)]
pub struct Script {
    tables: Tables,
}

impl Script {
    /// For tables with this prefix and these optional columns.
    #[must_use]
    pub fn new(prefix: &str, columns: &BTreeSet<Column>) -> Self {
        Self { tables: Tables::new(prefix, columns) }
    }

    /// The grants of the reading role, and nothing else.
    #[must_use]
    pub fn grants(&self, role: &str) -> String {
        let role = quoted(role);
        let mut sql = format!(
            "-- The role that equipemed-bot reads with. Make it first, if it is not there:\n--   create role {role} login password '…';\n"
        );
        _ = writeln!(sql, "grant usage on schema {} to {role};", self.tables.schema());
        for (table, columns) in self.tables.columns() {
            _ = writeln!(sql, "grant select ({}) on {table} to {role};", columns.join(", "));
        }
        sql
    }

    /// Grants, functions and triggers in one transaction, for somebody else to run.
    #[must_use]
    pub fn whole(&self, role: &str) -> String {
        self.transaction(&self.grants(role))
    }

    /// Creates functions and triggers, replacing earlier ones.
    #[must_use]
    pub fn install(&self) -> String {
        self.transaction("")
    }

    fn transaction(&self, grants: &str) -> String {
        let version = self.version();
        format!(
            "begin;
-- EquipeMed must not wait for this: it gives up instead, and can be run again.
set local lock_timeout = '5s';
{grants}{}{}comment on schema {CHANNEL} is '{version}';
commit;
",
            drop_schema(),
            self.body()
        )
    }

    /// Removes everything.
    #[must_use]
    pub fn uninstall() -> String {
        format!("begin;\nset local lock_timeout = '5s';\n{}commit;\n", drop_schema())
    }

    fn version(&self) -> String {
        let digest = Sha256::digest(self.body());
        let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("equipemed-bot tells who changed; {digest}")
    }

    fn body(&self) -> String {
        let mut sql = format!(
            "create schema {CHANNEL};
create function {CHANNEL}.tell(ids bigint[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $body$
declare
    people constant integer := coalesce(array_length(ids, 1), 0);
begin
    if people > {MANY} then
        perform pg_notify('{CHANNEL}', '*');
        return;
    end if;
    for place in 1..people by {PIECE} loop
        perform pg_notify('{CHANNEL}', array_to_string(ids[place:place + {PIECE} - 1], ','));
    end loop;
end
$body$;
"
        );
        for watched in watched(&self.tables) {
            sql.push_str(&watched.function());
            sql.push_str(&watched.triggers());
        }
        sql
    }

    /// Runs statements as an administrator.
    ///
    /// # Errors
    /// When the URL is invalid or that of the reading role, or the database refuses.
    pub async fn run(sql: String, administrator: &SecretString, reader: &SecretString) -> Result<(), DirectoryError> {
        let mut db = connect(administrator, reader).await?;
        let result = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await;
        result.map(drop).map_err(|error| match error.as_database_error() {
            Some(database) if database.code().is_some_and(|code| code == LOCK_NOT_AVAILABLE) => {
                setup(Setup::InUse { seconds: LOCK_WITHIN_SECONDS })
            }
            Some(database) => setup(Setup::Refused { said: database.message().to_owned() }),
            None => said(error),
        })
    }

    /// Columns that the reading role needs and cannot read, as the administrator sees; None without such a role.
    pub async fn missing_grants(
        &self,
        administrator: &SecretString,
        reader: &SecretString,
    ) -> Result<Option<Vec<String>>, DirectoryError> {
        let mut db = connect(administrator, reader).await?;
        let role = role_of(reader).unwrap_or_default();
        let known: Option<i32> = sqlx::query_scalar("select 1 from pg_roles where rolname = $1")
            .bind(&role)
            .fetch_optional(&mut db)
            .await
            .map_err(said)?;
        if known.is_none() {
            return Ok(None);
        }
        without_grant(&mut db, &self.tables, &role).await.map(Some).map_err(said)
    }
}

impl Watched<'_> {
    fn function(&self) -> String {
        let Self { name, table, columns, people } = self;
        // Rows in only one of the two tables. Compares values, so writing the same value again is no change.
        format!(
            "
create function {CHANNEL}.{name}() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
declare
    ids bigint[];
begin
    if tg_op = 'INSERT' then
        with changed as (select {columns} from after)
        select array_agg(distinct people.id) into ids from ({people}) as people (id);
    elsif tg_op = 'DELETE' then
        with changed as (select {columns} from before)
        select array_agg(distinct people.id) into ids from ({people}) as people (id);
    elsif tg_op = 'UPDATE' then
        with changed as (
            (select {columns} from before except select {columns} from after)
            union all (select {columns} from after except select {columns} from before))
        select array_agg(distinct people.id) into ids from ({people}) as people (id);
    else
        perform pg_notify('{CHANNEL}', '*');
    end if;
    perform {CHANNEL}.tell(ids);
    return null;
exception when others then
    -- A statement of EquipeMed's goes through whatever happens here.
    begin
        perform pg_notify('{CHANNEL}', '*');
    exception when others then
        raise log 'equipemed-bot could not be told of a change in {table}';
    end;
    return null;
end
$body$;
"
        )
    }

    fn triggers(&self) -> String {
        let Self { name, table, .. } = self;
        EVENTS.iter().fold(String::new(), |mut sql, (event, tables)| {
            _ = writeln!(
                sql,
                "create trigger {CHANNEL}_{event} after {event} on {table}{tables}
    for each statement execute function {CHANNEL}.{name}();"
            );
            sql
        })
    }
}

/// Dropping the functions drops the triggers.
fn drop_schema() -> String {
    format!("set local client_min_messages = warning;\ndrop schema if exists {CHANNEL} cascade;\n")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The role in a database URL.
#[must_use]
pub fn role_of(url: &SecretString) -> Option<String> {
    let options: PgConnectOptions = url.expose_secret().trim().parse().ok()?;
    Some(options.get_username().to_owned())
}

fn setup(why: Setup) -> DirectoryError {
    DirectoryError::Setup { why }
}

async fn connect(administrator: &SecretString, reader: &SecretString) -> Result<PgConnection, DirectoryError> {
    let options: PgConnectOptions =
        administrator.expose_secret().trim().parse().map_err(|_| setup(Setup::NoAddress))?;
    if role_of(reader).as_deref() == Some(options.get_username()) {
        return Err(setup(Setup::ReadingRole { role: options.get_username().to_owned() }));
    }
    // The error is about this URL, not `directory.url`.
    PgConnection::connect_with(&options).await.map_err(|error| match error.as_database_error() {
        Some(database) => setup(Setup::NoConnection { said: database.message().to_owned() }),
        None => setup(Setup::NoConnection { said: error.to_string() }),
    })
}

pub(super) async fn installed(pool: &PgPool, tables: &Tables) -> Result<Installed, DirectoryError> {
    let comment: Option<Option<String>> =
        sqlx::query_scalar("select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = $1")
            .bind(CHANNEL)
            .fetch_optional(pool)
            .await
            .map_err(said)?;
    let Some(comment) = comment else { return Ok(Installed::No) };
    let names: Vec<String> = watched(tables).iter().map(|watched| watched.table.to_owned()).collect();
    let active: i64 = sqlx::query_scalar(
        "select count(*) from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
        where n.nspname || '.' || c.relname = any($1) and t.tgname = any($2) and t.tgenabled <> 'D'",
    )
    .bind(&names)
    .bind(EVENTS.map(|(event, _)| format!("{CHANNEL}_{event}")).to_vec())
    .fetch_one(pool)
    .await
    .map_err(said)?;
    let all = usize::try_from(active).is_ok_and(|active| active == names.len() * EVENTS.len());
    let is_this = comment == Some(Script { tables: tables.clone() }.version());
    Ok(if all && is_this { Installed::Yes } else { Installed::Other })
}

/// Columns that the current role needs and cannot read.
pub(super) async fn columns_without_grant(pool: &PgPool, tables: &Tables) -> Result<Vec<String>, sqlx::Error> {
    let mut db = pool.acquire().await?;
    let role: String = sqlx::query_scalar("select current_user::text").fetch_one(&mut *db).await?;
    without_grant(&mut db, tables, &role).await
}

async fn without_grant(db: &mut PgConnection, tables: &Tables, role: &str) -> Result<Vec<String>, sqlx::Error> {
    let (names, columns): (Vec<&str>, Vec<&str>) = tables
        .columns()
        .into_iter()
        .flat_map(|(table, columns)| columns.into_iter().map(move |column| (table, column)))
        .unzip();
    sqlx::query_scalar(
        "select n.nspname || '.' || c.relname || '.' || a.attname
        from unnest($1::text[], $2::text[]) with ordinality as wanted (relation, attribute, place)
        join pg_namespace n on n.nspname = split_part(wanted.relation, '.', 1)
        join pg_class c on c.relnamespace = n.oid and c.relname = split_part(wanted.relation, '.', 2)
        join pg_attribute a on a.attrelid = c.oid and a.attname = wanted.attribute and not a.attisdropped
        where not has_schema_privilege($3, n.oid, 'usage') or not has_column_privilege($3, c.oid, a.attnum, 'select')
        order by wanted.place",
    )
    .bind(names)
    .bind(columns)
    .bind(role)
    .fetch_all(db)
    .await
}

/// What the current role can do beyond reading: change tables, or be a superuser.
pub(super) async fn needless_rights(pool: &PgPool) -> Result<Vec<String>, DirectoryError> {
    sqlx::query_scalar(
        "select 'it is a superuser' from pg_roles where rolname = current_user and rolsuper
        union all
        (select 'it may change ' || c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
            and has_table_privilege(c.oid, 'insert, update, delete, truncate')
            and not exists (select 1 from pg_roles where rolname = current_user and rolsuper)
        order by c.relname limit 5)",
    )
    .fetch_all(pool)
    .await
    .map_err(said)
}
