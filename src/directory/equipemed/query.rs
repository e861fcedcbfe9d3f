//! The queries for EquipeMed's database: one for everybody and one for the names of groups and specialties, in one
//! transaction and thus of one snapshot.
//!
//! The result columns are a contract: other Django applications supply a query with the same columns
//! (docs/EQUIPEMED.md).

use std::collections::BTreeSet;
use std::fmt;

use equipemed_domain::column::Column;

/// True from the day on which all months have passed. EquipeMed treats zero months as no duration; a duration longer
/// than a life is a typo, which must not fail the read of everybody.
const INTERNSHIP_OVER: &str = "(case when u.expected_duration_months between 1 and 1200
        then coalesce(u.internship_start_date + make_interval(months => u.expected_duration_months) <= current_date, false)
        else false end)";

/// A source's SQL.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    /// Everybody.
    pub(super) all: String,
    /// People whose id is in `$1`.
    pub(super) some: String,
    /// Names of groups and of active specialties, as two lists; None for a hospital's own query.
    pub(super) catalogue: Option<String>,
}

impl Query {
    /// Queries EquipeMed's own tables. Django's groups are in the same schema.
    #[must_use]
    pub fn of_tables(tables: &Tables) -> Self {
        let Tables { user, profile, user_groups, group, user_specialty, specialty, columns } = tables;
        let extra: String = columns
            .iter()
            .map(|column| {
                let value = match column {
                    Column::DisplayName => "p.display_name".to_owned(),
                    Column::CurrentSpecialty => {
                        format!("(select cs.name::text from {specialty} cs where cs.id = p.current_specialty_id)")
                    }
                    Column::Researcher => "u.is_researcher".to_owned(),
                    Column::TermsAccepted => "u.terms_accepted".to_owned(),
                    Column::PasswordChangeRequired => "u.password_change_required".to_owned(),
                    Column::InternshipOver => INTERNSHIP_OVER.to_owned(),
                    Column::Supervisor => format!("(select s.username from {user} s where s.id = u.supervisor_id)"),
                };
                format!(",\n    {value} as {}", column.as_str())
            })
            .collect();
        // Subselects instead of joins for groups and specialties: for one person, each is one index lookup.
        let catalogue = format!(
            "select array(select name::text from {group}) as groups, array(select name::text from {specialty} where is_active) as specialties"
        );
        let people = Self::around(&format!(
            "select u.id, p.public_id::text as public_id, u.username, p.matrix_localpart, u.first_name, u.last_name,
    u.email, u.profession_type as profession, u.is_staff as staff, u.is_superuser as superuser, u.is_active,
    u.account_status, u.access_expires_at, u.last_login,
    array(select g.name::text from {user_groups} ug join {group} g on g.id = ug.group_id
        where ug.eqmdcustomuser_id = u.id) as groups,
    array(select s.name::text from {user_specialty} us join {specialty} s on s.id = us.specialty_id
        where us.user_id = u.id and s.is_active order by us.is_primary desc, s.name) as specialties{extra}
from {user} u left join {profile} p on p.user_id = u.id"
        ));
        Self { catalogue: Some(catalogue), ..people }
    }

    /// A query supplied by the hospital.
    #[must_use]
    pub fn own(text: &str) -> Self {
        Self::around(text.trim().trim_end_matches(';').trim_end())
    }

    fn around(people: &str) -> Self {
        // The line break keeps the bracket out of a comment at the end of the query.
        let all = format!("select * from (\n{people}\n) as people");
        Self { some: format!("{all} where people.id = any($1)"), all, catalogue: None }
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Query")
    }
}

/// Names of EquipeMed's tables, ready for SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    pub(super) user: String,
    pub(super) profile: String,
    pub(super) user_groups: String,
    pub(super) group: String,
    pub(super) user_specialty: String,
    pub(super) specialty: String,
    pub(super) columns: BTreeSet<Column>,
}

impl Tables {
    /// From the table prefix of the Django app, preceded by its schema unless that is `public`: `accounts_`,
    /// `hospital.accounts_`. The configuration allows only plain names. `columns` are the optional columns to read.
    #[must_use]
    pub fn new(prefix: &str, columns: &BTreeSet<Column>) -> Self {
        let (schema, prefix) = prefix.split_once('.').unwrap_or(("public", prefix));
        let table = |name: &str| format!("{schema}.{prefix}{name}");
        Self {
            user: table("eqmdcustomuser"),
            profile: table("userprofile"),
            user_groups: table("eqmdcustomuser_groups"),
            group: format!("{schema}.auth_group"),
            user_specialty: table("userspecialty"),
            specialty: table("medicalspecialty"),
            columns: columns.clone(),
        }
    }

    /// Their schema.
    #[must_use]
    pub fn schema(&self) -> &str {
        self.user.split('.').next().unwrap_or_default()
    }

    /// Columns that must be readable, by table, each key first.
    #[must_use]
    pub fn columns(&self) -> [(&str, Vec<&'static str>); 6] {
        let mut user = vec![
            "id",
            "username",
            "first_name",
            "last_name",
            "email",
            "profession_type",
            "is_staff",
            "is_superuser",
            "is_active",
            "account_status",
            "access_expires_at",
            "last_login",
        ];
        let mut profile = vec!["user_id", "public_id", "matrix_localpart"];
        for column in &self.columns {
            match column {
                Column::DisplayName => profile.push("display_name"),
                Column::CurrentSpecialty => profile.push("current_specialty_id"),
                Column::Researcher => user.push("is_researcher"),
                Column::TermsAccepted => user.push("terms_accepted"),
                Column::PasswordChangeRequired => user.push("password_change_required"),
                Column::InternshipOver => user.extend(["internship_start_date", "expected_duration_months"]),
                Column::Supervisor => user.push("supervisor_id"),
            }
        }
        [
            (&self.user, user),
            (&self.profile, profile),
            (&self.user_groups, vec!["eqmdcustomuser_id", "group_id"]),
            (&self.group, vec!["id", "name"]),
            (&self.user_specialty, vec!["user_id", "specialty_id", "is_primary"]),
            (&self.specialty, vec!["id", "name", "is_active"]),
        ]
    }
}
