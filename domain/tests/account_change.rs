//! What counts as a change of an account by hand, and what becomes of it.

use equipemed_domain::account_change::{AccountChange, ChangedAccount, Then, changes};
use equipemed_domain::announcement::{Announcement, accounts_changed};
use equipemed_domain::binding::Noted;
use equipemed_domain::directory::PersonId;
use equipemed_domain::grant::GrantKind;
use equipemed_domain::observed::ObservedAccount;
use ruma_common::owned_user_id;

fn ana() -> ObservedAccount {
    ObservedAccount { display_name: Some("Ana".to_owned()), ..ObservedAccount::default() }
}

#[test]
fn what_is_unknown_or_goes_with_a_deactivation_is_no_change() {
    let (open, locked) = (Noted::of(&ana()), Noted::of(&ObservedAccount { locked: true, ..ana() }));
    let gone = Noted::of(&ObservedAccount { deactivated: true, admin: true, display_name: None, ..ana() });
    assert_eq!(changes(&Noted::default(), &locked), []);
    assert_eq!(changes(&open, &open), []);
    assert_eq!(changes(&open, &locked), [AccountChange::Locked]);
    assert_eq!(changes(&locked, &open), [AccountChange::Unlocked]);
    assert_eq!(changes(&locked, &gone), [AccountChange::Deactivated], "not its name nor its flag");
    assert_eq!(changes(&gone, &open), [AccountChange::Reactivated]);
    let other = Noted::of(&ObservedAccount { admin: true, display_name: Some("Bia".to_owned()), ..ana() });
    assert_eq!(changes(&open, &other), [AccountChange::AdminGiven, AccountChange::Renamed]);
    assert_eq!(changes(&other, &open), [AccountChange::AdminTaken, AccountChange::Renamed]);
}

#[test]
fn many_changes_are_told_in_one_message_that_names_some() {
    let changed = |change, then| ChangedAccount {
        person: PersonId(1),
        user: owned_user_id!("@ana:h.example"),
        before: Noted::default(),
        now: Noted::default(),
        changes: vec![(change, then)],
    };
    let locked = changed(AccountChange::Locked, Then::Kept);
    assert_eq!((locked.kept(), locked.loses_admin()), (Some(GrantKind::Lock), false));
    assert_eq!(changed(AccountChange::Deactivated, Then::Left).kept(), None);
    assert!(changed(AccountChange::AdminGiven, Then::PutBack).loses_admin());
    assert!(!changed(AccountChange::AdminGiven, Then::Left).loses_admin());
    let renamed = changed(AccountChange::Renamed, Then::PutBack);
    let all: Vec<&ChangedAccount> = std::iter::repeat_n(&renamed, 31).chain([&locked]).collect();
    let Announcement::AccountsChanged { changes } = accounts_changed(&all) else { unreachable!("another one") };
    let told: Vec<_> = changes.iter().map(|one| (one.change, one.count, one.users.len())).collect();
    assert_eq!(told, [(AccountChange::Locked, 1, 1), (AccountChange::Renamed, 31, 20)]);
}
