//! Lists of people: the status of an account in one word, and filters.

use std::collections::BTreeMap;
use std::time::Duration;

use equipemed_domain::account_status::{AccountStatus, is_stale};
use equipemed_domain::binding::{Binding, Bindings};
use equipemed_domain::directory::{Directory, Person};
use equipemed_domain::listing::{PeopleFilter, list};
use equipemed_domain::observed::ObservedAccount;
use equipemed_domain::standing::Standing;
use jiff::{SignedDuration, Timestamp};
use serde_yaml::from_str;

use crate::world::{person, policy_form::PolicyForm, user_id};

const HOUR: Duration = Duration::from_secs(3600);

fn now() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().expect("an instant")
}

fn ago(minutes: i64) -> Option<Timestamp> {
    now().checked_sub(SignedDuration::from_mins(minutes)).ok()
}

#[test]
fn an_account_is_stale_when_no_pass_can_have_seen_it_in_line_for_so_long() {
    let rows = [(Some(0), false), (Some(60), false), (Some(90), false), (Some(91), true), (None, true)];
    for (minutes, stale) in rows {
        assert_eq!(is_stale(minutes.and_then(ago), HOUR, now()), stale, "noted {minutes:?} minutes ago");
    }
    assert!(!is_stale(Some(now()), Duration::MAX, now()));
}

#[test]
fn what_synapse_says_of_an_account_comes_before_how_old_the_note_is() {
    let account = |locked, deactivated| ObservedAccount { locked, deactivated, ..ObservedAccount::default() };
    let usable = account(false, false);
    let rows = [
        (None, Some(Standing::Active), true, AccountStatus::Never),
        (Some(&usable), Some(Standing::Active), false, AccountStatus::Synced),
        (Some(&usable), Some(Standing::Active), true, AccountStatus::Stale),
        (Some(&account(true, false)), Some(Standing::Off), true, AccountStatus::Locked),
        (Some(&account(true, false)), Some(Standing::Gone), false, AccountStatus::Gone),
        (Some(&account(false, true)), None, true, AccountStatus::Gone),
    ];
    for (account, standing, stale, status) in rows {
        assert_eq!(AccountStatus::of(account, standing, true, stale), status, "{account:?} {standing:?} {stale}");
    }
    let of_left_out = |account: &ObservedAccount| AccountStatus::of(Some(account), Some(Standing::Active), false, true);
    assert_eq!(of_left_out(&usable), AccountStatus::Released);
    assert_eq!(of_left_out(&account(true, false)), AccountStatus::Locked);
    assert_eq!(AccountStatus::of(None, Some(Standing::Active), false, true), AccountStatus::Never);
    for status in AccountStatus::ALL {
        assert_eq!(AccountStatus::from_word(status.as_str()), Some(status));
    }
}

#[test]
fn filters_select_by_every_name_by_status_by_superuser_and_by_last_login() {
    let policy = from_str::<PolicyForm>("{}").expect("a policy").policy();
    let ana = Person {
        first_name: "João".to_owned(),
        last_name: "Araújo".to_owned(),
        email: "chefia@hospital.example".to_owned(),
        superuser: true,
        last_login: ago(60),
        ..person(1, "ana.lima")
    };
    let bia = Person { matrix_localpart: Some("Doutora".to_owned()), last_login: ago(0), ..person(2, "bia") };
    let directory = Directory::new([ana, bia, person(3, "caio")]);
    let noted = |id, name, synced_at| Binding {
        synced_at,
        ..Binding::new(equipemed_domain::directory::PersonId(id), user_id(name))
    };
    // Of two who are missing in EquipeMed, one has been for long, and one is deactivated.
    let missing = |id, name| Binding { missing_reads: 9, ..noted(id, name, None) };
    let bindings: Bindings =
        [noted(1, "x.um", ago(1)), noted(2, "bia", None), missing(4, "dora"), missing(5, "eva")].into_iter().collect();
    let account = |name: &str| ObservedAccount {
        locked: name == "dora",
        deactivated: name == "eva",
        ..ObservedAccount::default()
    };
    let accounts: BTreeMap<_, _> =
        bindings.values().map(|one| (one.user.clone(), account(one.user.localpart()))).collect();
    let found = |filter: PeopleFilter| {
        let people = list(&directory, &policy, &bindings, &accounts, &filter, now());
        people.iter().map(|one| one.id.0).collect::<Vec<_>>()
    };
    let search = |text: &str| found(PeopleFilter { search: Some(text.to_owned()), ..PeopleFilter::default() });
    let status = |status| found(PeopleFilter { status: Some(status), ..PeopleFilter::default() });
    let since = |since| found(PeopleFilter { since, ..PeopleFilter::default() });

    assert_eq!(found(PeopleFilter::default()), [1, 2, 3, 4]);
    assert_eq!(search("DORA"), [4]);
    for text in ["ANA.L", "joao ara", "JOÃO", "chefia@", "x.um", ""] {
        assert!(search(text).contains(&1), "{text:?}");
    }
    assert_eq!((search("doutora"), search("nobody")), (vec![2], vec![]));
    assert_eq!((status(AccountStatus::Synced), status(AccountStatus::Stale)), (vec![1], vec![2]));
    assert_eq!((status(AccountStatus::Never), status(AccountStatus::Gone)), (vec![3], vec![4]));
    assert_eq!(found(PeopleFilter { superusers: true, ..PeopleFilter::default() }), [1]);
    assert_eq!((since(ago(60)), since(ago(59)), since(ago(-1))), (vec![1, 2], vec![2], vec![]));
}
