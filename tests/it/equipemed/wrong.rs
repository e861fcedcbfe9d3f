//! A database that is unavailable, refuses, or is not as expected: a clear error each, never only some of the people.

use std::collections::BTreeSet;

use equipemed_bot::directory::DirectoryError;
use equipemed_testbed::Postgres;

use super::{database, read, settings, source};
use crate::faults::english;

#[tokio::test]
async fn each_trouble_is_told_with_its_remedy() -> anyhow::Result<()> {
    let database = database().await?;
    database.invent(20, 2).await?;
    let reader = database.reader.clone();
    let whole = source(&database)?;
    assert_eq!(whole.read().await?.len(), 20);
    assert!(whole.needless_rights().await?.is_empty());

    let with = |change: &str| settings(&database.reader_url.replace("s3cret-of-tests", change));
    let error = read(with("other")).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Refused { .. }), "{error}");
    assert!(english(error).contains("directory.url"));
    let error = read(settings(&format!("{}x", database.reader_url))).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Refused { .. }), "{error}");
    let port = format!(":{}/", equipemed_testbed::free_port()?);
    let nowhere = database.reader_url.replace(&format!(":{}/", Postgres::shared().await?.port()), &port);
    let error = read(settings(&nowhere)).await.unwrap_err();
    assert!(matches!(&error, DirectoryError::Away { .. }) && error.to_string().contains("refused"), "{error}");

    let steps = [
        (
            format!("revoke select (account_status) on accounts_eqmdcustomuser from {reader}"),
            "no SELECT on public.accounts_eqmdcustomuser.account_status",
        ),
        (format!("grant select (account_status) on accounts_eqmdcustomuser to {reader}"), ""),
        ("alter table auth_group rename to auth_group_away".to_owned(), "auth_group"),
        ("alter table auth_group_away rename to auth_group".to_owned(), ""),
        ("alter table accounts_userprofile rename column public_id to pid".to_owned(), "public_id"),
        ("alter table accounts_userprofile rename column pid to public_id".to_owned(), ""),
        ("delete from accounts_userspecialty; delete from accounts_eqmdcustomuser_groups; delete from accounts_userprofile; delete from accounts_eqmdcustomuser".to_owned(), "gives nobody"),
    ];
    for (statement, says) in steps {
        database.sql(&statement).await?;
        match (whole.read().await, says) {
            (Ok(directory), "") => assert_eq!(directory.len(), 20, "after {statement}"),
            (Err(error), says) if !says.is_empty() => {
                let said = english(error);
                assert!(said.contains(says), "{statement}: {said}");
            }
            (result, _) => anyhow::bail!("{statement}: {result:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_role_that_may_more_than_read_is_told() -> anyhow::Result<()> {
    let database = database().await?;
    let reader = &database.reader;
    database.sql(&format!("grant update on accounts_userprofile to {reader}")).await?;
    assert_eq!(source(&database)?.needless_rights().await?, ["it may change accounts_userprofile"]);
    let mut settings = settings(&database.url);
    settings.notify = false;
    let superuser = equipemed_bot::directory::Equipemed::open(&settings)?;
    assert_eq!(superuser.needless_rights().await?, ["it is a superuser"]);
    Ok(())
}

#[tokio::test]
async fn a_server_that_stops_is_away_and_then_back() -> anyhow::Result<()> {
    let cluster = Postgres::start().await?;
    let database = equipemed_testbed::Equipemed::new(&cluster).await?;
    database
        .sql(&equipemed_bot::directory::equipemed::Script::new("accounts_", &BTreeSet::new()).grants(&database.reader))
        .await?;
    database.invent(20, 2).await?;
    let source = source(&database)?;
    let mut ear = source.listen().await?;
    assert_eq!(source.read().await?.len(), 20);
    cluster.stop().await?;
    let error = ear.next().await.unwrap_err();
    assert!(matches!(error, DirectoryError::Away { .. }), "{error}");
    let error = source.read().await.unwrap_err();
    assert!(matches!(error, DirectoryError::Away { .. }), "{error}");
    let error = source.listen().await.unwrap_err();
    assert!(matches!(error, DirectoryError::Away { .. }), "{error}");
    cluster.start_again().await?;
    assert_eq!(source.read().await?.len(), 20);
    source.listen().await?;
    cluster.stop().await
}
