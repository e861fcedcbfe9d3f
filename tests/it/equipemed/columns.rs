//! Optional columns: unless the policy uses them, they need no grant, no trigger and no place in a query.

use std::collections::BTreeSet;

use equipemed_bot::config::settings;
use equipemed_bot::directory::Equipemed;
use equipemed_bot::directory::equipemed::{Heard, Installed, Script};
use equipemed_domain::column::Column;
use equipemed_domain::directory::{Directory, PersonId};
use equipemed_testbed::Equipemed as Database;

use super::triggers::{heard, people};
use super::{database, read};
use crate::faults::english;

fn asking(database: &Database, columns: &[Column]) -> settings::EquipemedSettings {
    let mut settings = super::settings(&database.reader_url);
    settings.columns = columns.iter().copied().collect();
    settings
}

/// The value of a column for a person.
fn said(directory: &Directory, person: i64, column: Column) -> String {
    let extra = &directory.get(PersonId(person)).unwrap().extra;
    match column {
        Column::DisplayName => extra.display_name.clone(),
        Column::CurrentSpecialty => extra.current_specialty.clone().unwrap_or_default(),
        Column::Researcher => extra.researcher.to_string(),
        Column::TermsAccepted => extra.terms_accepted.to_string(),
        Column::PasswordChangeRequired => extra.password_change_required.to_string(),
        Column::InternshipOver => extra.internship_over.to_string(),
        Column::Supervisor => extra.supervisor.clone().unwrap_or_default(),
    }
}

/// A column, the table's column that it needs, a statement that sets it for person 5, its value then, and the people
/// whom notifications of the change name.
const ALL: [(Column, &str, &str, &str, &[i64]); 7] = [
    (
        Column::DisplayName,
        "accounts_userprofile.display_name",
        "update accounts_userprofile set display_name = 'Dra. Ana' where user_id = 5",
        "Dra. Ana",
        &[5],
    ),
    (
        Column::CurrentSpecialty,
        "accounts_userprofile.current_specialty_id",
        "update accounts_userprofile set current_specialty_id = (select id from accounts_medicalspecialty where name = 'Homeopatia') where user_id = 5",
        "Homeopatia",
        &[5],
    ),
    (
        Column::Researcher,
        "accounts_eqmdcustomuser.is_researcher",
        "update accounts_eqmdcustomuser set is_researcher = true where id = 5",
        "true",
        &[5],
    ),
    (
        Column::TermsAccepted,
        "accounts_eqmdcustomuser.terms_accepted",
        "update accounts_eqmdcustomuser set terms_accepted = true where id = 5",
        "true",
        &[5],
    ),
    (
        Column::PasswordChangeRequired,
        "accounts_eqmdcustomuser.password_change_required",
        "update accounts_eqmdcustomuser set password_change_required = true where id = 5",
        "true",
        &[5],
    ),
    (
        Column::InternshipOver,
        "accounts_eqmdcustomuser.internship_start_date",
        "update accounts_eqmdcustomuser set internship_start_date = '2024-02-29', expected_duration_months = 12 where id = 5",
        "true",
        &[5],
    ),
    (
        Column::Supervisor,
        "accounts_eqmdcustomuser.supervisor_id",
        "update accounts_eqmdcustomuser set supervisor_id = 2 where id = 5",
        "pessoa00002",
        &[5],
    ),
];

/// Resets all columns for everybody.
const NOTHING: &str = "update accounts_userprofile set display_name = '', current_specialty_id = null;
    update accounts_eqmdcustomuser set is_researcher = false, terms_accepted = false, password_change_required = false,
        internship_start_date = null, expected_duration_months = null, supervisor_id = null";

#[tokio::test]
async fn each_is_read_granted_and_told_only_when_it_is_asked_for() -> anyhow::Result<()> {
    for (column, needs, statement, says, about) in ALL {
        let database = database().await?;
        database.invent(8, 2).await?;
        let (nothing, asked) = (BTreeSet::new(), BTreeSet::from([column]));
        database.sql(&Script::new("accounts_", &nothing).install()).await?;
        database.sql(NOTHING).await?;
        let plain = Equipemed::open(&asking(&database, &[]))?;
        let mut ear = plain.listen().await?;
        database.sql(statement).await?;
        assert_eq!(heard(&database, &mut ear).await?, None, "{column:?} is told and nobody asked");
        assert!(!said(&*plain.read().await?, 5, column).contains(says), "{column:?}");

        // When the configuration begins to use it, the error names what is missing and the command to run.
        let wanting = Equipemed::open(&asking(&database, &[column]))?;
        let error = english(wanting.read().await.unwrap_err());
        assert!(error.contains(needs) && error.contains("install-triggers --print"), "{error}");
        assert_eq!(wanting.triggers().await?, Installed::Other);
        let script = Script::new("accounts_", &asked);
        database.sql(&format!("{}{}", script.grants(&database.reader), script.install())).await?;
        assert_eq!(wanting.triggers().await?, Installed::Yes);
        assert_eq!(said(&*wanting.read().await?, 5, column), says, "{column:?}");
        assert_ne!(said(&*wanting.read().await?, 6, column), says, "{column:?}");
        database.sql(NOTHING).await?;
        let _: Option<Heard> = heard(&database, &mut ear).await?;
        database.sql(statement).await?;
        assert_eq!(heard(&database, &mut ear).await?, people(about.iter().copied()), "{column:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_specialty_that_is_called_something_else_is_told_of_whoever_works_in_it() -> anyhow::Result<()> {
    let database = database().await?;
    database.invent(8, 2).await?;
    let asked = BTreeSet::from([Column::CurrentSpecialty]);
    database.sql(&Script::new("accounts_", &asked).install()).await?;
    let mut ear = Equipemed::open(&asking(&database, &[]))?.listen().await?;
    database.sql("delete from accounts_userspecialty").await?;
    database.sql(ALL[1].2).await?;
    _ = heard(&database, &mut ear).await?;
    database.sql("update accounts_medicalspecialty set name = 'Fitoterapia' where name = 'Homeopatia'").await?;
    assert_eq!(heard(&database, &mut ear).await?, people([5]));
    Ok(())
}

#[tokio::test]
async fn a_supervisor_who_is_called_something_else_is_told_of_whoever_they_supervise() -> anyhow::Result<()> {
    let database = database().await?;
    database.invent(8, 2).await?;
    let script = Script::new("accounts_", &BTreeSet::from([Column::Supervisor]));
    database.sql(&format!("{}{}", script.grants(&database.reader), script.install())).await?;
    let source = Equipemed::open(&asking(&database, &[Column::Supervisor]))?;
    let mut ear = source.listen().await?;
    database.sql("update accounts_eqmdcustomuser set supervisor_id = 2 where id in (5, 6)").await?;
    assert_eq!(heard(&database, &mut ear).await?, people([5, 6]));
    database.sql("update accounts_eqmdcustomuser set username = 'chefe' where id = 2").await?;
    assert_eq!(heard(&database, &mut ear).await?, people([2, 5, 6]));
    assert_eq!(said(&*source.read().await?, 6, Column::Supervisor), "chefe");
    Ok(())
}

#[tokio::test]
async fn an_internship_is_over_on_the_day_when_its_months_have_passed() -> anyhow::Result<()> {
    let database = database().await?;
    database.invent(8, 2).await?;
    let script = Script::new("accounts_", &BTreeSet::from([Column::InternshipOver]));
    database.sql(&script.grants(&database.reader)).await?;
    let source = Equipemed::open(&asking(&database, &[Column::InternshipOver]))?;
    let when = [
        ("current_date - interval '6 months'", "6", true),
        ("current_date - interval '5 months'", "6", false),
        ("current_date - interval '5 years'", "0", false),
        ("current_date - interval '5 years'", "null", false),
        ("null", "6", false),
        ("'0001-01-01'", "2147483647", false),
        ("'infinity'", "6", false),
    ];
    for (person, (start, months, _)) in (1..).zip(when) {
        database.sql(&format!("update accounts_eqmdcustomuser set internship_start_date = {start}, expected_duration_months = {months} where id = {person}")).await?;
    }
    let directory = source.read().await?;
    for (person, (start, months, over)) in (1..).zip(when) {
        assert_eq!(said(&directory, person, Column::InternshipOver), over.to_string(), "{start} {months}");
    }
    Ok(())
}

#[tokio::test]
async fn an_internship_is_over_by_the_day_at_the_hospital() -> anyhow::Result<()> {
    let database = database().await?;
    database.invent(1, 1).await?;
    let script = Script::new("accounts_", &BTreeSet::from([Column::InternshipOver]));
    database.sql(&script.grants(&database.reader)).await?;
    // At every instant the day is a later one there than here.
    let (there, here) = ("Pacific/Kiritimati", "Etc/GMT+12");
    let start = format!("(now() at time zone '{there}')::date - interval '6 months'");
    let change = "update accounts_eqmdcustomuser set expected_duration_months = 6, internship_start_date";
    database.sql(&format!("{change} = {start}")).await?;
    for (timezone, is_over) in [(there, "true"), (here, "false")] {
        let settings = settings::EquipemedSettings {
            timezone: Some(timezone.to_owned()),
            ..asking(&database, &[Column::InternshipOver])
        };
        let directory = Equipemed::open(&settings)?.read().await?;
        assert_eq!(said(&directory, 1, Column::InternshipOver), is_over, "{timezone}");
    }
    Ok(())
}

#[tokio::test]
async fn a_query_of_ones_own_gives_such_a_column_only_when_it_is_used() -> anyhow::Result<()> {
    let database = database().await?;
    database.invent(3, 1).await?;
    let own = "select u.id, u.id::text as public_id, u.username, null as matrix_localpart, u.first_name, u.last_name, u.email,
            u.profession_type as profession, '{}'::text[] as groups, '{}'::text[] as specialties, u.is_staff as staff,
            u.is_superuser as superuser, u.is_active, u.account_status, u.access_expires_at, u.last_login
        from accounts_eqmdcustomuser u";
    for (column, ..) in ALL {
        let mut settings = asking(&database, &[]);
        settings.query = Some(own.to_owned());
        assert_eq!(read(settings.clone()).await?.len(), 3);
        settings.columns = BTreeSet::from([column]);
        let error = english(read(settings.clone()).await.unwrap_err());
        assert!(error.contains(&format!("column {} is missing", column.as_str())), "{error}");
        let is_text = matches!(column, Column::DisplayName | Column::CurrentSpecialty | Column::Supervisor);
        let (given, says) = if is_text { ("'Cardiologia'", "Cardiologia") } else { ("true", "true") };
        settings.query =
            Some(own.replace("u.last_login\n", &format!("u.last_login, {given} as {}\n", column.as_str())));
        assert_eq!(said(&*read(settings).await?, 1, column), says);
    }
    Ok(())
}
