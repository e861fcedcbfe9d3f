//! Every status with every flag and every expiry: the one table that decides who is active.

use equipemed_domain::standing::{KNOWN_STATUSES, Standing, StandingTable, StatusMeaning};
use jiff::{SignedDuration, Timestamp};

use crate::world::person;

fn now() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().expect("an instant")
}

#[test]
fn every_status_with_every_flag_and_expiry() {
    let table = StandingTable::default();
    let second = SignedDuration::from_secs(1);
    let before = now().checked_sub(second).ok();
    let after = now().checked_add(second).ok();
    // Status; then without expiry, expired, expiring now, expiring later. A disabled account is gone whatever else.
    let rows = [
        ("active", [Standing::Active, Standing::Off, Standing::Off, Standing::Active]),
        ("expiring_soon", [Standing::Active, Standing::Off, Standing::Off, Standing::Active]),
        ("expired", [Standing::Off; 4]),
        ("inactive", [Standing::Off; 4]),
        ("suspended", [Standing::Off; 4]),
        ("renewal_required", [Standing::Off; 4]),
        ("departed", [Standing::Gone; 4]),
    ];
    assert_eq!(rows.len(), KNOWN_STATUSES.len());
    for (status, expected) in rows {
        for (expiry, wanted) in [None, before, Some(now()), after].into_iter().zip(expected) {
            let mut person = person(1, "ana");
            person.account_status = status.to_owned();
            person.access_expires_at = expiry;
            assert_eq!(table.standing(&person, now()), Some(wanted), "{status} {expiry:?}");
            person.is_active = false;
            assert_eq!(table.standing(&person, now()), Some(Standing::Gone), "disabled {status} {expiry:?}");
        }
    }
}

#[test]
fn an_unknown_status_has_no_standing_even_when_disabled() {
    let mut person = person(1, "ana");
    person.account_status = "on_the_moon".to_owned();
    assert_eq!(StandingTable::default().standing(&person, now()), None);
    person.is_active = false;
    assert_eq!(StandingTable::default().standing(&person, now()), None);
}

#[test]
fn the_table_can_be_changed() {
    let mut table = StandingTable::default();
    table.0.insert("inactive".to_owned(), StatusMeaning::Active);
    table.0.insert("suspended".to_owned(), StatusMeaning::Departed);
    let mut person = person(1, "ana");
    person.account_status = "inactive".to_owned();
    assert_eq!(table.standing(&person, now()), Some(Standing::Active));
    person.account_status = "suspended".to_owned();
    assert_eq!(table.standing(&person, now()), Some(Standing::Gone));
}

#[test]
fn only_an_expiry_to_come_changes_the_answer_by_itself() {
    let table = StandingTable::default();
    let mut person = person(1, "ana");
    assert_eq!(table.next_change(&person, now()), None);
    person.access_expires_at = Some(now());
    assert_eq!(table.next_change(&person, now()), None);
    person.access_expires_at = now().checked_add(SignedDuration::from_hours(1)).ok();
    assert_eq!(table.next_change(&person, now()), person.access_expires_at);
}
