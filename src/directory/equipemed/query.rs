//! What is asked of EquipeMed's database: one statement for everybody, and one for the names of groups and specialties,
//! in one transaction, so that a read is of one moment.
//!
//! The columns of the answer are a contract: another Django application gives a query of its own with the same ones
//! (docs/EQUIPEMED.md).

use std::collections::BTreeSet;
use std::fmt;

use equipemed_domain::column::Column;

/// On the day when as many months have passed. EquipeMed takes no months for no length; what is longer than a life is a slip
/// that must not fail the read of everybody.
const INTERNSHIP_OVER: &str = "(case when u.expected_duration_months between 1 and 1200
        then coalesce(u.internship_start_date + make_interval(months => u.expected_duration_months) <= current_date, false)
        else false end)";

/// The statements of a source.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    /// Everybody.
    pub(super) all: String,
    /// People whose id is in `$1`.
    pub(super) some: String,
    /// Names of groups and of specialties in use, as two lists; None where only people tell of them.
    pub(super) catalogue: Option<String>,
}

impl Query {
    /// EquipeMed's own tables, whose names begin with `prefix`; Django's groups lie in the same schema.
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
        // Groups and specialties by subselects and not by joins: for one person that is one look into an index each.
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

    /// The hospital's own query.
    #[must_use]
    pub fn own(text: &str) -> Self {
        Self::around(text.trim().trim_end_matches(';').trim_end())
    }

    fn around(people: &str) -> Self {
        // The query ends before the bracket even if its last line is a comment.
        let all = format!("select * from (\n{people}\n) as people");
        Self { some: format!("{all} where people.id = any($1)"), all, catalogue: None }
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Query")
    }
}

/// Names of EquipeMed's tables, ready to stand in SQL.
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
    /// By the prefix of Django's application, with a schema before it where that is not `public`: `accounts_`,
    /// `hospital.accounts_`. The configuration lets only plain names through. Of the columns that only some policies ask for,
    /// these.
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

    /// The schema they are in.
    #[must_use]
    pub fn schema(&self) -> &str {
        self.user.split('.').next().unwrap_or_default()
    }

    /// What has to be readable, column by column, each key first.
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
