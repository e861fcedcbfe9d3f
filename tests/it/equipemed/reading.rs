//! Reads: people with everything that matters, as of one moment, without what only flickers.

use std::collections::BTreeSet;
use std::time::Duration;

use equipemed_bot::config::settings::Language;
use equipemed_bot::directory::Equipemed;
use equipemed_bot::speech::Texts;
use equipemed_domain::directory::{Directory, PersonId, Profession};
use equipemed_domain::naming::unknown_names;
use equipemed_testbed::equipemed::Row;
use equipemed_testbed::eventually;
use equipemed_testbed::postgres::Session;

use super::{database, read, settings, source};
use crate::faults::english;

#[tokio::test]
async fn everybody_is_read_with_all_that_matters() -> anyhow::Result<()> {
    let database = database().await?;
    database.invent(12, 3).await?;
    database
        .sql(
            "update accounts_eqmdcustomuser set is_staff = true, is_superuser = true, account_status = 'expiring_soon',
                access_expires_at = '2031-12-31 23:59:59.5-03', last_login = '2026-01-02 03:04:05Z' where id = 2;
            update accounts_userprofile set matrix_localpart = 'bad name!' where user_id = 2;
            update accounts_eqmdcustomuser set profession_type = null, is_active = false, access_expires_at = 'infinity',
                last_login = null where id = 3;
            update accounts_eqmdcustomuser set profession_type = 7, access_expires_at = '-infinity' where id = 4;
            delete from accounts_userprofile where user_id = 5;
            insert into accounts_userspecialty (user_id, specialty_id, is_primary)
                select 7, id, false from accounts_medicalspecialty where name = 'Cardiologia';
            insert into accounts_eqmdcustomuser_groups (eqmdcustomuser_id, group_id) select 2, id from auth_group where name = 'User Managers'",
        )
        .await?;
    let directory = source(&database)?.read().await?;
    assert_eq!(directory.len(), 12);
    let two = directory.get(PersonId(2)).unwrap();
    assert_eq!((two.username.as_str(), two.full_name().as_str()), ("pessoa00002", "Pessoa Número 2"));
    assert_eq!(two.public_id, "00000000-0000-4000-8000-000000000002");
    assert_eq!(two.matrix_localpart.as_deref(), Some("bad name!"));
    assert_eq!(two.profession, Some(Profession::Nurse));
    // Not the group Nurses, which EquipeMed constantly deletes and inserts again.
    assert_eq!(two.groups.iter().map(String::as_str).collect::<Vec<_>>(), ["Ala 2", "User Managers"]);
    assert!(two.staff && two.superuser && two.is_active);
    assert_eq!(two.access_expires_at, Some("2032-01-01T02:59:59.5Z".parse()?));
    assert_eq!(two.last_login, Some("2026-01-02T03:04:05Z".parse()?));
    let three = directory.get(PersonId(3)).unwrap();
    assert_eq!((three.profession, three.access_expires_at, three.last_login), (None, None, None));
    assert!(!three.is_active);
    assert_eq!(three.specialties, ["Cardiologia"]);
    assert_eq!(directory.get(PersonId(7)).unwrap().specialties, ["Pediatria", "Cardiologia"], "the primary one first");
    let four = directory.get(PersonId(4)).unwrap();
    assert_eq!(four.profession, None, "a profession that is not known here");
    assert!(four.access_expires_at.is_some_and(|end| end.as_second() < 0), "the access ended long ago");
    let five = directory.get(PersonId(5)).unwrap();
    assert_eq!((five.public_id.as_str(), five.specialties.len()), ("", 0), "no profile; the specialty is not in use");
    Ok(())
}

#[tokio::test]
async fn one_person_is_read_anew_beside_the_others() -> anyhow::Result<()> {
    let database = database().await?;
    database.invent(5, 2).await?;
    let source = source(&database)?;
    source.read().await?;
    database.sql("update accounts_eqmdcustomuser set username = 'nova.' || id where id in (1, 2)").await?;
    let directory = source.read_anew(&BTreeSet::from([PersonId(1)])).await?;
    let name = |id| directory.get(PersonId(id)).map(|person| person.username.clone());
    assert_eq!(name(1).as_deref(), Some("nova.1"));
    assert_eq!(name(2).as_deref(), Some("pessoa00002"), "not asked for");
    database.sql("delete from accounts_userprofile where user_id = 1; delete from accounts_userspecialty where user_id = 1; delete from accounts_eqmdcustomuser_groups where eqmdcustomuser_id = 1; delete from accounts_eqmdcustomuser where id = 1").await?;
    assert!(source.read_anew(&BTreeSet::from([PersonId(1)])).await?.get(PersonId(1)).is_none());
    assert_eq!(source.read().await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn a_group_that_is_gone_for_a_moment_is_not_lost() -> anyhow::Result<()> {
    let database = database().await?;
    database.add(&[Row::new(1, "ana", &["UTI"]), Row::new(2, "bia", &["UTI"])]).await?;
    let source = source(&database)?;
    source.read().await?;
    let take = "delete from accounts_eqmdcustomuser_groups where eqmdcustomuser_id = 1";
    let give = "insert into accounts_eqmdcustomuser_groups (eqmdcustomuser_id, group_id) select 1, id from auth_group where name = 'UTI'";
    // Uses an open connection, because starting a program would take too long.
    let mut session = Session::open(&database.url)?;
    let later = format!("select pg_sleep(0.02); {give}");
    // Missing in the first read, and back 20 ms later, well before the second.
    database.sql(take).await?;
    let (directory, given) = tokio::join!(source.read(), session.run(&later));
    given?;
    assert!(directory?.get(PersonId(1)).unwrap().groups.contains("UTI"));
    database.sql(take).await?;
    let ana = BTreeSet::from([PersonId(1)]);
    let (directory, given) = tokio::join!(source.read_anew(&ana), session.run(&later));
    given?;
    assert!(directory?.get(PersonId(1)).unwrap().groups.contains("UTI"));
    // A group that does not come back is gone.
    database.sql(take).await?;
    assert!(source.read_anew(&BTreeSet::from([PersonId(1)])).await?.get(PersonId(1)).unwrap().groups.is_empty());
    assert!(source.read().await?.get(PersonId(2)).unwrap().groups.contains("UTI"));
    Ok(())
}

#[tokio::test]
async fn callers_at_the_same_time_share_a_read_and_none_gets_an_older_one() -> anyhow::Result<()> {
    let database = database().await?;
    database.invent(5, 2).await?;
    // Slow enough that all have asked before the first read ends.
    let mut slow = settings(&database.reader_url);
    slow.query = Some(
        "select u.id, '00000000-0000-4000-8000-000000000007' as public_id, u.username, null as matrix_localpart, u.first_name,
            u.last_name, u.email, u.profession_type as profession, '{}'::text[] as groups, '{}'::text[] as specialties,
            u.is_staff as staff, u.is_superuser as superuser, u.is_active, u.account_status, u.access_expires_at, u.last_login
        from accounts_eqmdcustomuser u cross join (select pg_sleep(0.3)) as nap"
            .to_owned(),
    );
    let source = Equipemed::open(&slow)?;
    source.read().await?;
    database.sql("update accounts_eqmdcustomuser set username = 'nova' where id = 1").await?;
    let reads = futures_util::future::join_all((0..20).map(|_| source.read())).await;
    let reads: Vec<_> = reads.into_iter().collect::<Result<_, _>>()?;
    assert!(reads.iter().all(|directory| directory.people().any(|person| person.username == "nova")));
    let mut different: Vec<_> = reads.iter().map(std::sync::Arc::as_ptr).collect();
    different.sort();
    different.dedup();
    assert!(different.len() <= 2, "{} reads for 20 callers", different.len());
    Ok(())
}

#[tokio::test]
async fn a_query_of_ones_own_takes_the_place_of_the_tables() -> anyhow::Result<()> {
    let database = database().await?;
    database
        .sql(&format!(
            "create schema staff; create table staff.member (number integer, login text, given text, family text, mail text, job text, teams varchar[], works boolean);
            insert into staff.member values (7, 'ana', 'Ana', 'Souza', 'ana@hospital.example', 'nurse', '{{UTI,Nurses}}', true);
            grant usage on schema staff to {0}; grant select on staff.member to {0}",
            database.reader
        ))
        .await?;
    let own = "select number as id, '00000000-0000-4000-8000-000000000007' as public_id, login as username, null as matrix_localpart,
            given as first_name, family as last_name, mail as email, job as profession, teams as groups, '{}'::text[] as specialties,
            false as staff, false as superuser, works as is_active, 'active' as account_status,
            null::timestamptz as access_expires_at, null::timestamptz as last_login
        from staff.member -- the last line may be a comment";
    let with = |query: String| {
        let mut settings = settings(&database.reader_url);
        settings.query = Some(query);
        settings
    };
    let directory = read(with(format!("{own}\n;"))).await?;
    let ana = directory.get(PersonId(7)).unwrap();
    assert_eq!((ana.profession, ana.username.as_str(), ana.groups.len()), (Some(Profession::Nurse), "ana", 1));
    let wrong = [
        ("job as profession, ", "", "column profession is missing"),
        ("works as is_active", "'yes' as is_active", "column is_active is of type text, expected boolean"),
        ("works as is_active", "null::boolean as is_active", "write coalesce(is_active, false)"),
        ("teams as groups", "'UTI' as groups", "column groups is of type text, expected a list of text"),
        ("null::timestamptz as last_login", "null::date as last_login", "column last_login is of type date"),
        ("number as id", "number::numeric as id", "column id is of type numeric"),
        ("from staff.member", "from staff.nobody", "staff.nobody"),
    ];
    for (from, to, says) in wrong {
        let error = english(read(with(own.replace(from, to))).await.unwrap_err());
        assert!(error.contains(says), "{to}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_read_while_people_are_saved_is_never_a_part() -> anyhow::Result<()> {
    let database = database().await?;
    database.invent(400, 4).await?;
    let source = source(&database)?;
    // Each transaction changes everybody, and each read sees all of its changes or none.
    let mut saves = String::new();
    for round in 0..30 {
        saves.push_str(&format!("update accounts_eqmdcustomuser set last_name = 'Volta {round}';\n"));
    }
    let saving = database.sql(&saves);
    let reading = eventually("a read of the last save", Duration::from_secs(30), || async {
        let directory = source.read().await?;
        let mut names: Vec<_> = directory.people().map(|person| person.last_name.clone()).collect();
        names.sort();
        names.dedup();
        anyhow::ensure!(directory.len() == 400);
        anyhow::ensure!(names.len() == 1 || names.iter().all(|name| name.starts_with("Número")), "{names:?}");
        Ok((names == ["Volta 29"]).then_some(()))
    });
    let (saved, read) = tokio::join!(saving, reading);
    saved?;
    read
}

#[tokio::test]
async fn a_rule_that_names_no_group_of_equipemeds_is_told_with_the_nearest() -> anyhow::Result<()> {
    let database = database().await?;
    database.add(&[Row::new(1, "ana", &["Plantão UTI"])]).await?;
    // The group exists although nobody is in it.
    database.sql("insert into auth_group (name) values ('Ala 9')").await?;
    let rules = ["Plantao UTI", "Plantão UTI", "Ala 9", "Xadrez"].map(|name| format!("{{group: {name}}}"));
    let more = "{specialty: Homeopatia}, {not: {all: [{specialty: Pediatria}, {specialty: Cardiologa}]}}";
    let policy = crate::config::policy(&format!("users: {{who: {{any_of: [{}, {more}]}}}}\n", rules.join(", ")));
    let told = |directory: &Directory| -> Vec<String> {
        let texts = Texts::new(Language::En);
        unknown_names(&policy, directory).iter().map(|finding| texts.finding(finding).plain).collect()
    };
    let source = source(&database)?;
    let listed = [
        "a rule names the group “Plantao UTI”, which EquipeMed does not have; did you mean “Plantão UTI”?",
        "a rule names the group “Xadrez”, which EquipeMed does not have",
        "a rule names the specialty “Cardiologa”, which EquipeMed does not have in use; did you mean “Cardiologia”?",
        "a rule names the specialty “Homeopatia”, which EquipeMed does not have in use",
    ];
    assert_eq!(told(&*source.read().await?), listed);
    // The same after a read of a single person.
    assert_eq!(told(&*source.read_anew(&BTreeSet::from([PersonId(1)])).await?), listed);
    // Without the lists only names that are nearly another's are reported: nobody may be in the others yet.
    let people: Vec<_> = source.read().await?.people().cloned().collect();
    let of_nobody = told(&Directory::new(people));
    assert_eq!(of_nobody[0], "a rule names the group “Plantao UTI”, and nobody is in it; did you mean “Plantão UTI”?");
    assert!(!of_nobody.iter().any(|told| told.contains("Ala 9") || told.contains("Xadrez")), "{of_nobody:?}");
    Ok(())
}
