//! What the triggers report, and that they do not interfere with EquipeMed.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_bot::directory::DirectoryError;
use equipemed_bot::directory::equipemed::{Heard, Installed, Listener, Script};
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Setup;
use equipemed_testbed::postgres::sql;
use equipemed_testbed::{Equipemed as Database, Postgres};
use secrecy::SecretString;

use super::{database, source};
use crate::faults::english;

async fn listening() -> anyhow::Result<(Database, Listener)> {
    let database = database().await?;
    database.invent(2500, 10).await?;
    database.sql(&Script::new("accounts_", &BTreeSet::new()).install()).await?;
    let ear = source(&database)?.listen().await?;
    Ok((database, ear))
}

/// Collects everything up to a notification that the test itself sends, so that silence is noticed without waiting.
pub(super) async fn heard(database: &Database, ear: &mut Listener) -> anyhow::Result<Option<Heard>> {
    const LAST: PersonId = PersonId(999_999);
    database.sql("notify equipemed_bot, '999999'").await?;
    let mut people = BTreeSet::new();
    let mut everybody = false;
    while !people.contains(&LAST) {
        match tokio::time::timeout(Duration::from_secs(10), ear.next()).await?? {
            Heard::People(mut heard) => people.append(&mut heard),
            // The test's own notification may have been merged into this one.
            Heard::Everybody => {
                everybody = true;
                database.sql("notify equipemed_bot, '999999'").await?;
            }
        }
    }
    people.remove(&LAST);
    Ok(match (everybody, people.is_empty()) {
        (true, _) => Some(Heard::Everybody),
        (false, true) => None,
        (false, false) => Some(Heard::People(people)),
    })
}

pub(super) fn people(ids: impl IntoIterator<Item = i64>) -> Option<Heard> {
    Some(Heard::People(ids.into_iter().map(PersonId).collect()))
}

#[tokio::test]
async fn every_change_that_matters_is_told_by_whom_it_is_about() -> anyhow::Result<()> {
    let (database, mut ear) = listening().await?;
    let all: [(&str, Option<Heard>); 22] = [
        ("update accounts_eqmdcustomuser set profession_type = 3 where id = 5", people([5])),
        ("update accounts_eqmdcustomuser set is_active = false where id in (6, 7)", people([6, 7])),
        ("update accounts_eqmdcustomuser set account_status = 'suspended' where id = 8", people([8])),
        ("update accounts_eqmdcustomuser set access_expires_at = now() where id = 8", people([8])),
        ("update accounts_eqmdcustomuser set username = 'x', first_name = 'y', email = 'z' where id = 9", people([9])),
        // Changes that do not matter here.
        ("update accounts_eqmdcustomuser set last_login = now(), password = 'other'", None),
        ("update accounts_eqmdcustomuser set is_active = is_active, username = username || ''", None),
        ("update accounts_userprofile set matrix_localpart = 'ana' where user_id = 3", people([3])),
        ("update accounts_userprofile set display_name = 'Dra. Ana'", None),
        ("insert into accounts_eqmdcustomuser_groups (eqmdcustomuser_id, group_id) values (1, 6)", people([1])),
        ("delete from accounts_eqmdcustomuser_groups where group_id = 6", people([1])),
        (
            "update accounts_eqmdcustomuser_groups set group_id = 6 where eqmdcustomuser_id = 4 and group_id > 6",
            people([4]),
        ),
        ("update auth_group set name = 'Outra ala' where name = 'Ala 3'", people((1..=2500).filter(|n| n % 10 == 3))),
        ("update auth_group set name = name", None),
        (
            "insert into accounts_userspecialty (user_id, specialty_id, is_primary) select 2, id, false from accounts_medicalspecialty where name = 'Cardiologia'",
            people([2]),
        ),
        ("update accounts_userspecialty set is_primary = not is_primary where user_id = 13", people([13])),
        ("update accounts_userspecialty set is_primary = is_primary", None),
        ("update accounts_medicalspecialty set abbreviation = 'X'", None),
        ("delete from accounts_userspecialty where user_id in (11, 12)", people([11, 12])),
        (
            "insert into accounts_eqmdcustomuser values (3000, '!', null, false, 'nova', '', '', '', false, true, now(), null, 'active', null, false, true, false, null, null, null)",
            people([3000]),
        ),
        ("delete from accounts_eqmdcustomuser where id = 3000", people([3000])),
        ("begin; update accounts_eqmdcustomuser set is_active = false where id = 20; rollback", None),
    ];
    for (statement, expected) in all {
        database.sql(statement).await?;
        assert_eq!(heard(&database, &mut ear).await?, expected, "{statement}");
    }
    Ok(())
}

#[tokio::test]
async fn a_change_of_many_is_told_in_pieces_or_as_many() -> anyhow::Result<()> {
    let (database, mut ear) = listening().await?;
    database
        .sql("update accounts_eqmdcustomuser set profession_type = 4 where id <= 900 and profession_type <> 4")
        .await?;
    assert_eq!(heard(&database, &mut ear).await?, people((1..=900).filter(|n| n % 5 != 4)));
    database.sql("update accounts_eqmdcustomuser set profession_type = 2 where profession_type <> 2").await?;
    assert_eq!(heard(&database, &mut ear).await?, Some(Heard::Everybody));
    database.sql("truncate accounts_userspecialty").await?;
    assert_eq!(heard(&database, &mut ear).await?, Some(Heard::Everybody));
    Ok(())
}

#[tokio::test]
async fn a_thousand_page_views_tell_nothing() -> anyhow::Result<()> {
    let (database, mut ear) = listening().await?;
    let views: String = (1..=1000).map(Database::page_view).collect();
    database.sql(&views).await?;
    assert_eq!(heard(&database, &mut ear).await?, None);
    Ok(())
}

#[tokio::test]
async fn what_goes_wrong_in_a_trigger_is_told_and_fails_nothing() -> anyhow::Result<()> {
    let (database, mut ear) = listening().await?;
    // Without the function that notifies, every trigger fails inside.
    database.sql("drop function equipemed_bot.tell(bigint[])").await?;
    database.sql("update accounts_eqmdcustomuser set profession_type = 3 where id = 5").await?;
    assert_eq!(heard(&database, &mut ear).await?, Some(Heard::Everybody));
    let profession = database.sql("select profession_type from accounts_eqmdcustomuser where id = 5").await?;
    assert_eq!(profession, "3");
    Ok(())
}

#[tokio::test]
async fn taken_out_they_leave_nothing_behind() -> anyhow::Result<()> {
    const EVERYTHING: &str = "select tgrelid::regclass, tgname from pg_trigger where not tgisinternal
        union all select 0::regclass, nspname from pg_namespace
        union all select pronamespace::regclass, proname from pg_proc where pronamespace <> 'pg_catalog'::regnamespace order by 1, 2";
    let database = database().await?;
    database.invent(3, 1).await?;
    let source = source(&database)?;
    let before = database.sql(EVERYTHING).await?;
    assert_eq!(source.triggers().await?, Installed::No);
    let script = Script::new("accounts_", &BTreeSet::new());
    let (administrator, reader) =
        (SecretString::from(database.url.clone()), SecretString::from(database.reader_url.clone()));
    Script::run(script.install(), &administrator, &reader).await?;
    // Installed again, as after an update of this program.
    Script::run(script.install(), &administrator, &reader).await?;
    assert_eq!(source.triggers().await?, Installed::Yes);
    assert_eq!(database.sql("select count(*) from pg_trigger where not tgisinternal").await?, "24");
    assert_eq!(script.missing_grants(&administrator, &reader).await?, Some(Vec::new()));
    database.sql("alter table accounts_userprofile disable trigger equipemed_bot_update").await?;
    assert_eq!(source.triggers().await?, Installed::Other, "one is switched off");
    Script::run(Script::uninstall(), &administrator, &reader).await?;
    assert_eq!(source.triggers().await?, Installed::No);
    assert_eq!(database.sql(EVERYTHING).await?, before);
    // A second removal has nothing to do.
    Script::run(Script::uninstall(), &administrator, &reader).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_printed_is_done_as_a_whole_or_not_at_all() -> anyhow::Result<()> {
    let database = Database::new(Postgres::shared().await?).await?;
    database.invent(3, 1).await?;
    let source = source(&database)?;
    let script = Script::new("accounts_", &BTreeSet::new());
    // If the role is missing, nothing is left behind.
    let error = database.sql(&script.whole("nobody_of_that_name")).await.unwrap_err();
    assert!(error.to_string().contains("nobody_of_that_name"), "{error}");
    assert_eq!(source.triggers().await?, Installed::No);
    database.sql(&script.whole(&database.reader)).await?;
    assert_eq!(source.triggers().await?, Installed::Yes);
    assert_eq!(source.read().await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn an_administrators_address_that_leads_nowhere_is_named() -> anyhow::Result<()> {
    let database = database().await?;
    let reader = SecretString::from(database.reader_url.clone());
    let wrong = [
        database.url.replace(
            &format!(":{}/", Postgres::shared().await?.port()),
            &format!(":{}/", equipemed_testbed::free_port()?),
        ),
        format!("{}_elsewhere", database.url),
        "http://nowhere".to_owned(),
    ];
    for url in wrong {
        let error = english(Script::run(Script::uninstall(), &SecretString::from(url), &reader).await.unwrap_err());
        assert!(error.contains("EQUIPEMED_ADMIN_URL") && !error.contains("directory.url"), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn they_are_never_installed_by_the_role_that_reads() -> anyhow::Result<()> {
    let database = database().await?;
    let reader = SecretString::from(database.reader_url.clone());
    let script = Script::new("accounts_", &BTreeSet::new());
    let error = Script::run(script.install(), &reader, &reader).await.unwrap_err();
    assert!(matches!(&error, DirectoryError::Setup { why: Setup::ReadingRole { .. } }), "{error}");
    assert!(english(error.clone()).contains("may only read"), "{error}");
    let error = sql(&database.reader_url, &script.install()).await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    // If tables are in use for long, EquipeMed does not have to wait behind the installation.
    let holding =
        database.sql("begin; lock table accounts_userprofile in access exclusive mode; select pg_sleep(8); commit");
    let administrator = SecretString::from(database.url.clone());
    let installing = async {
        equipemed_testbed::eventually("the lock", Duration::from_secs(5), || async {
            let locks = "select count(*) from pg_locks where relation = 'accounts_userprofile'::regclass and mode = 'AccessExclusiveLock'";
            Ok((database.sql(locks).await? == "1").then_some(()))
        })
        .await?;
        Ok::<_, anyhow::Error>(english(Script::run(script.install(), &administrator, &reader).await.unwrap_err()))
    };
    let (held, error) = tokio::join!(holding, installing);
    held?;
    assert!(error?.contains("in use for more than 5 s"));
    assert_eq!(source(&database)?.triggers().await?, Installed::No);
    Ok(())
}
