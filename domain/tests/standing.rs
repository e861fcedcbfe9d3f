//! Every status with every flag and expiry: the one table that decides who is active.

use equipemed_domain::standing::{KNOWN_STATUSES, Standing, StandingTable};
use jiff::{SignedDuration, Timestamp};

use crate::world::person;

fn now() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().expect("an instant")
}

#[test]
fn the_whole_table_is_what_is_written_here() {
    use Standing::{Active, Gone, Off};
    // Status, is_active; result by expiry (none, before now, now, after now).
    const TABLE: &str = "
        active           yes  active off off active
        active           no   gone gone gone gone
        expiring_soon    yes  active off off active
        expiring_soon    no   gone gone gone gone
        expired          yes  active off off active
        expired          no   gone gone gone gone
        inactive         yes  off off off off
        inactive         no   gone gone gone gone
        suspended        yes  off off off off
        suspended        no   gone gone gone gone
        renewal_required yes  off off off off
        renewal_required no   gone gone gone gone
        departed         yes  gone gone gone gone
        departed         no   gone gone gone gone
        on_the_moon      yes  - - - -
        on_the_moon      no   - - - -
    ";
    let millisecond = SignedDuration::from_millis(1);
    let expiries = [None, now().checked_sub(millisecond).ok(), Some(now()), now().checked_add(millisecond).ok()];
    let mut rows = 0;
    for line in TABLE.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [status, is_active, outcomes @ ..] = words.as_slice() else { panic!("{line}") };
        assert_eq!(outcomes.len(), expiries.len(), "{line}");
        for (expiry, outcome) in expiries.iter().zip(outcomes) {
            let mut person = person(1, "ana");
            person.account_status = (*status).to_owned();
            person.is_active = *is_active == "yes";
            person.access_expires_at = *expiry;
            let wanted = match *outcome {
                "active" => Some(Active),
                "off" => Some(Off),
                "gone" => Some(Gone),
                _ => None,
            };
            assert_eq!(StandingTable::default().standing(&person, now()), wanted, "{line} {expiry:?}");
            rows += 1;
        }
    }
    assert_eq!(rows, (KNOWN_STATUSES.len() + 1) * 2 * expiries.len());
}

#[test]
fn the_table_can_be_changed() {
    let mut table = StandingTable::default();
    table.0.insert("inactive".to_owned(), Standing::Active);
    table.0.insert("suspended".to_owned(), Standing::Gone);
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
