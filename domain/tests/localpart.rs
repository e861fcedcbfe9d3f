//! Valid localparts: the Matrix grammar and Synapse's own rules.

use std::collections::BTreeSet;

use equipemed_domain::localpart::{LocalpartError, user_id};
use ruma_common::ServerName;

use crate::world::SERVER;

fn server() -> &'static ServerName {
    SERVER.try_into().expect("a server name")
}

fn check(wish: &str) -> Result<String, LocalpartError> {
    let reserved = BTreeSet::from(["root".to_owned()]);
    user_id(wish, server(), &reserved).map(|user| user.localpart().to_owned())
}

#[test]
fn valid_names_are_taken_in_lower_case() {
    for (wish, name) in [
        ("ana", "ana"),
        ("Dr.Ana", "dr.ana"),
        (" ana ", "ana"),
        ("a_b=c-d/e+f.g", "a_b=c-d/e+f.g"),
        ("1a", "1a"),
        ("u_0b1e", "u_0b1e"),
    ] {
        assert_eq!(check(wish).as_deref(), Ok(name));
    }
}

#[test]
fn every_broken_rule_is_named() {
    for (wish, error) in [
        ("", LocalpartError::Empty),
        ("   ", LocalpartError::Empty),
        ("bad name", LocalpartError::Character(' ')),
        ("ana!", LocalpartError::Character('!')),
        ("João", LocalpartError::Character('ã')),
        ("ana@x", LocalpartError::Character('@')),
        ("ana:x", LocalpartError::Character(':')),
        ("12345", LocalpartError::Digits),
        ("_ana", LocalpartError::Underscore),
        ("root", LocalpartError::Reserved),
        ("ROOT", LocalpartError::Reserved),
    ] {
        assert_eq!(check(wish), Err(error), "{wish:?}");
    }
}

#[test]
fn the_whole_id_has_at_most_255_bytes() {
    let most = 255 - SERVER.len() - 2;
    assert_eq!(check(&"a".repeat(most)).map(|name| name.len()), Ok(most));
    assert_eq!(check(&"a".repeat(most + 1)), Err(LocalpartError::TooLong));
}
