//! Columns that are read only where the policy asks for them: without a grant, a trigger or a place in a query otherwise.

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

fn asking(database: &Database, columns: &[Column]) -> settings::Equipemed {
    let mut settings = super::settings(&database.reader_url);
    settings.columns = columns.iter().copied().collect();
    settings
}

/// What a column says of somebody.
fn said(directory: &Directory, person: i64, column: Column) -> String {
    let extra = &directory.get(PersonId(person)).unwrap().extra;
    match column {
        Column::DisplayName => extra.display_name.clone(),
        Column::CurrentSpecialty => extra.current_specialty.clone().unwrap_or_default(),
    }
}

/// A column: the table's column that it needs, what says so of person 5, what it is then, and whom a change of it is about.
const ALL: [(Column, &str, &str, &str, &[i64]); 2] = [
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
];

#[tokio::test]
async fn each_is_read_granted_and_told_only_when_it_is_asked_for() -> anyhow::Result<()> {
    for (column, needs, statement, says, about) in ALL {
        let database = database().await?;
        database.invent(8, 2).await?;
        let (nothing, asked) = (BTreeSet::new(), BTreeSet::from([column]));
        database.sql(&Script::new("accounts_", &nothing).install()).await?;
        let plain = Equipemed::open(&asking(&database, &[]))?;
        let mut ear = plain.listen().await?;
        database.sql(statement).await?;
        assert_eq!(heard(&database, &mut ear).await?, None, "{column:?} is told and nobody asked");
        assert!(!said(&*plain.read().await?, 5, column).contains(says), "{column:?}");

        // The configuration begins to use it: what is missing is named, with what to run.
        let wanting = Equipemed::open(&asking(&database, &[column]))?;
        let error = english(wanting.read().await.unwrap_err());
        assert!(error.contains(needs) && error.contains("install-triggers --print"), "{error}");
        assert_eq!(wanting.triggers().await?, Installed::Other);
        let script = Script::new("accounts_", &asked);
        database.sql(&format!("{}{}", script.grants(&database.reader), script.install())).await?;
        assert_eq!(wanting.triggers().await?, Installed::Yes);
        assert_eq!(said(&*wanting.read().await?, 5, column), says, "{column:?}");
        assert_ne!(said(&*wanting.read().await?, 6, column), says, "{column:?}");
        database.sql("update accounts_userprofile set display_name = '', current_specialty_id = null").await?;
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
        settings.query =
            Some(own.replace("u.last_login\n", &format!("u.last_login, {} as {}\n", GIVEN, column.as_str())));
        assert!(said(&*read(settings).await?, 1, column).contains("Cardio"));
    }
    Ok(())
}

const GIVEN: &str = "'Cardiologia'";
