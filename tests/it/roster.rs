//! Roster files: the shipped one, invalid ones, and partially written ones.

use std::fs;

use equipemed_bot::directory::roster::{self, Roster};
use equipemed_bot::directory::{DirectoryError, Source};
use equipemed_domain::directory::{PersonId, Profession};
use equipemed_domain::standing::{Standing, StandingTable};
use tempfile::TempDir;

use crate::faults::english;

const ONE: &str = "people:\n  - {id: 1, public_id: 3f2b8c1e-5d47-4a90-9c6e-1b7f0a2d4e58, username: ana}\n";

fn write(text: &str) -> (TempDir, Roster) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roster.yaml");
    fs::write(&file, text).unwrap();
    let roster = Roster::new(file);
    (folder, roster)
}

fn error(text: &str) -> String {
    let (folder, roster) = write(text);
    let problems = match roster.read().unwrap_err() {
        DirectoryError::Problems { text } => Some(text),
        _ => None,
    };
    problems.unwrap().replace(&format!("{}/", folder.path().display()), "")
}

#[tokio::test]
async fn the_shipped_roster_has_every_kind_of_person() {
    let (_folder, roster) = write(roster::EXAMPLE);
    let directory = Source::Roster(roster).read().await.unwrap();
    assert_eq!(directory.len(), 25);
    for profession in Profession::ALL {
        assert!(directory.people().any(|person| person.profession == Some(profession)), "{profession:?} is missing");
    }
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let count = |wanted| {
        directory.people().filter(|person| StandingTable::default().standing(person, now) == Some(wanted)).count()
    };
    assert_eq!((count(Standing::Active), count(Standing::Off), count(Standing::Gone)), (19, 4, 2));
    assert_eq!(directory.people().filter(|person| person.superuser).count(), 2);
    let marcia = directory.people().find(|person| person.username == "marcia.silva").unwrap();
    assert!(marcia.groups.contains("Plantão UTI") && marcia.staff);
    assert_eq!(marcia.last_login, "2026-01-30T10:12:00Z".parse().ok());
}

#[test]
fn absent_fields_are_as_in_equipemed() {
    let (_folder, roster) = write(ONE);
    let directory = roster.read().unwrap();
    let ana = directory.get(PersonId(1)).unwrap();
    assert!(ana.is_active && !ana.staff && !ana.superuser && ana.groups.is_empty() && ana.specialties.is_empty());
    assert_eq!((ana.account_status.as_str(), ana.matrix_localpart.as_ref(), ana.profession), ("active", None, None));
    assert_eq!((ana.email.as_str(), ana.access_expires_at, ana.last_login), ("", None, None));
}

#[test]
fn a_bad_roster_lists_all_its_problems_and_names_nobody() {
    let found = error(
        "people:
  - {id: 1, public_id: 3f2b8c1e-5d47-4a90-9c6e-1b7f0a2d4e58, username: secretname}
  - {id: 1, public_id: 3F2B8C1E-5d47-4a90-9c6e-1b7f0a2d4e58, username: secretname}
  - {id: two, public_id: 3f2b, username: 12, profesion: nurse}
  - id: 4
    public_id: 3f2b8c1e-5d47-4a90-9c6e-1b7f0a2d4e59
    username: other
    profession: doctor
    staff: yes
    groups: Plantão UTI
    specialties: [~]
    access_expires_at: 2025-01-31
    email: {secret: mail}
  - nobody
  -
  - {username: late}
",
    );
    insta::assert_snapshot!(found, @r#"
    roster.yaml:3:10: people[1].id: is the same as in line 2; each person has their own, as in EquipeMed
    roster.yaml:3:24: people[1].public_id: is the same as in line 2; each person has their own, as in EquipeMed
    roster.yaml:3:72: people[1].username: is the same as in line 2; each person has their own, as in EquipeMed
    roster.yaml:4:10: people[2].id: expected a whole number, found text
    roster.yaml:4:26: people[2].public_id: is not a UUID; it has 32 hexadecimal digits in five groups, such as 3f2b8c1e-5d47-4a90-9c6e-1b7f0a2d4e58
    roster.yaml:4:42: people[2].username: expected text, found a number; put it in quotes
    roster.yaml:4:46: people[2].profesion: unknown key; did you mean "profession"?
    roster.yaml:8:17: people[3].profession: "doctor" is not known here; known are: medical_doctor, resident, nurse, physiotherapist, student
    roster.yaml:9:12: people[3].staff: expected true or false, found text
    roster.yaml:10:13: people[3].groups: expected a list in [brackets] or with dashes, found text
    roster.yaml:11:19: people[3].specialties[0]: is empty; fill it in or remove it
    roster.yaml:12:24: people[3].access_expires_at: is not a point in time; write date, time and zone, such as 2031-12-31T23:59:59-03:00
    roster.yaml:13:12: people[3].email: expected text, found a group of settings
    roster.yaml:14:5: people[4]: expected settings of the form `key: value`, found text
    roster.yaml:15:4: people[5]: is empty; fill it in or remove it
    roster.yaml:16:5: people[6].id: is missing; give EquipeMed's number of the person
    roster.yaml:16:5: people[6].public_id: is missing; give the person's UUID from EquipeMed
    "#);
    assert!(!found.contains("secretname"));
}

#[test]
fn nobody_is_never_an_empty_hospital() {
    for text in [
        "",
        "\n\n",
        "people:\n",
        "people: []\n",
        "persons: []\n",
        "{}\n",
        "# only a comment\n",
        "people: {}\n",
        "null\n",
    ] {
        let (_folder, roster) = write(text);
        let error = roster.read().unwrap_err();
        assert!(!english(error).is_empty(), "{text:?} was read");
    }
    insta::assert_snapshot!(error("people: []\n"), @r#"
    roster.yaml:1:9: people: has nobody in it; an empty list would mean that nobody works here any more, and is never believed
    "#);
    insta::assert_snapshot!(error("persons:\n"), @r#"
    roster.yaml:1:1: people: is missing; give the people as a list; an empty list would mean that nobody works here any more, and is never believed
    roster.yaml:1:1: persons: unknown key; known are: people, count
    "#);
}

#[test]
fn a_roster_that_breaks_off_is_a_failed_read() {
    let whole = roster::EXAMPLE;
    // Stops the copy at every 67th byte: the stated count, a missing field or broken YAML shows it. Only the last
    // newline is dispensable.
    for end in (1..whole.len() - 1).step_by(67).filter(|end| whole.is_char_boundary(*end)) {
        let text = &whole[..end];
        if let Ok(directory) = roster::parse("roster.yaml", text) {
            assert_eq!(directory.len(), 25, "cut at {end} gave a part of the people");
        }
    }
    let (_folder, roster) = write(&format!("count: 2\n{ONE}"));
    let error = roster.read().unwrap_err();
    assert!(matches!(&error, DirectoryError::HalfWritten { .. }), "{error}");
    let (_folder, roster) = write(&format!("count: 1\n{ONE}").replace("count: 1", "count: 0"));
    assert!(matches!(roster.read().unwrap_err(), DirectoryError::Problems { .. }));
}

#[test]
fn bytes_that_are_no_text_are_half_written() {
    let (folder, roster) = write("");
    fs::write(folder.path().join("roster.yaml"), b"people:\n  - {id: 1, username: an\xc3").unwrap();
    assert!(matches!(roster.read().unwrap_err(), DirectoryError::HalfWritten { .. }));
}

#[test]
fn a_missing_roster_says_which_file() {
    let (folder, roster) = write(ONE);
    fs::remove_file(roster.file()).unwrap();
    let error = roster.read().unwrap_err();
    assert!(matches!(&error, DirectoryError::Unreadable { .. }));
    assert!(english(error).contains(&folder.path().join("roster.yaml").display().to_string()));
    assert!(roster.digest().is_err());
}

#[test]
fn the_digest_follows_the_content() {
    let (_folder, roster) = write(ONE);
    let first = roster.digest().unwrap();
    assert_eq!(first, roster.digest().unwrap());
    fs::write(roster.file(), ONE.replace("ana", "bia")).unwrap();
    assert_ne!(first, roster.digest().unwrap());
    fs::write(roster.file(), ONE).unwrap();
    assert_eq!(first, roster.digest().unwrap());
}
