//! A database like EquipeMed's with invented people, written as Django does, and a read-only role.

use anyhow::Context as _;

use crate::Postgres;
use crate::postgres::{self, PASSWORD};

const SCHEMA: &str = include_str!("schema.sql");

/// A person to insert; other columns are invented from the number.
#[derive(Clone, Debug)]
pub struct Row {
    /// `accounts_eqmdcustomuser.id`.
    pub id: i64,
    /// Public id of the profile.
    pub public_id: String,
    /// Unique username.
    pub username: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Manually made groups, created if missing.
    pub groups: Vec<String>,
    /// Django's superuser flag.
    pub superuser: bool,
    /// In EquipeMed's words.
    pub account_status: String,
}

/// A database in a cluster.
#[derive(Debug)]
pub struct Equipemed {
    /// URL for EquipeMed's own role, which is its administrator.
    pub url: String,
    /// URL for the reading role.
    pub reader_url: String,
    /// The reading role.
    pub reader: String,
}

impl Equipemed {
    /// Creates an empty database and the reading role without grants.
    pub async fn new(cluster: &Postgres) -> anyhow::Result<Self> {
        let url = cluster.database("equipemed").await?;
        let name = url.rsplit('/').next().context("no name of a database")?.to_owned();
        let reader = format!("{name}_reader");
        let reader_url = format!("postgres://{reader}:{PASSWORD}@{}:{}/{name}", crate::LOOPBACK, cluster.port());
        let equipemed = Self { url, reader_url, reader };
        equipemed.sql(&format!("create role {} login password '{PASSWORD}';\n{SCHEMA}", equipemed.reader)).await?;
        Ok(equipemed)
    }

    /// Runs statements as EquipeMed; returns one row per line, with fields separated by `|`.
    pub async fn sql(&self, statements: &str) -> anyhow::Result<String> {
        postgres::sql(&self.url, statements).await
    }

    /// Invents people, each with a profile, a profession with its group, a specialty, and one of `wards` manually made
    /// groups.
    pub async fn invent(&self, people: usize, wards: usize) -> anyhow::Result<()> {
        self.sql(&format!(
            "begin;
insert into auth_group (name) select 'Ala ' || n from generate_series(0, {wards} - 1) n;
insert into accounts_eqmdcustomuser
select n, '!', now(), false, 'pessoa' || lpad(n::text, 5, '0'), 'Pessoa', 'Número ' || n, 'pessoa' || n || '@hospital.example',
    false, true, now(), n % 5, 'active', null, false, true, false, null, null, null
from generate_series(1, {people}) n;
insert into accounts_userprofile (user_id, public_id, matrix_localpart, display_name)
select n, ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, null, '' from generate_series(1, {people}) n;
insert into accounts_eqmdcustomuser_groups (eqmdcustomuser_id, group_id)
select n, 1 + n % 5 from generate_series(1, {people}) n
union all select n, g.id from generate_series(1, {people}) n join auth_group g on g.name = 'Ala ' || n % {wards};
insert into accounts_userspecialty (user_id, specialty_id, is_primary)
select n, ('00000000-0000-4000-8000-00000000c00' || 1 + n % 3)::uuid, true from generate_series(1, {people}) n;
commit;
select setval(pg_get_serial_sequence('accounts_eqmdcustomuser', 'id'), {people});
analyze;"
        ))
        .await?;
        Ok(())
    }

    /// Adds people.
    pub async fn add(&self, people: &[Row]) -> anyhow::Result<()> {
        let mut sql = "begin;\n".to_owned();
        for row in people {
            sql.push_str(&row.insert());
        }
        self.sql(&format!("{sql}commit;")).await?;
        Ok(())
    }

    /// One page view of a person as statements: rewrites the profile with the same values, deletes the profession's
    /// group, and reinserts it in a second transaction.
    #[must_use]
    pub fn page_view(person: i64) -> String {
        format!(
            "update accounts_userprofile set public_id = public_id, matrix_localpart = matrix_localpart,
    display_name = display_name where user_id = {person};
delete from accounts_eqmdcustomuser_groups where eqmdcustomuser_id = {person} and group_id <= 5;
insert into accounts_eqmdcustomuser_groups (eqmdcustomuser_id, group_id)
    select id, 1 + profession_type from accounts_eqmdcustomuser where id = {person} and profession_type is not null;
"
        )
    }
}

impl Row {
    /// An active person in these groups.
    pub fn new(id: i64, username: &str, groups: &[&str]) -> Self {
        Self {
            id,
            public_id: format!("00000000-0000-4000-8000-{id:012x}"),
            username: username.to_owned(),
            first_name: username.to_owned(),
            last_name: "Souza".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            superuser: false,
            account_status: "active".to_owned(),
        }
    }

    fn insert(&self) -> String {
        let Self { id, public_id, superuser, .. } = self;
        let (username, status) = (quoted(&self.username), quoted(&self.account_status));
        let (first, last) = (quoted(&self.first_name), quoted(&self.last_name));
        let mut sql = format!(
            "insert into accounts_eqmdcustomuser values ({id}, '!', null, {superuser}, {username}, {first}, {last}, '', false, true, now(), null, {status}, null, false, true, false, null, null, null);
insert into accounts_userprofile (user_id, public_id, matrix_localpart, display_name) values ({id}, '{public_id}', null, '');
"
        );
        for group in &self.groups {
            let group = quoted(group);
            sql.push_str(&format!(
                "insert into auth_group (name) values ({group}) on conflict do nothing;
insert into accounts_eqmdcustomuser_groups (eqmdcustomuser_id, group_id) select {id}, id from auth_group where name = {group};
"
            ));
        }
        sql
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
