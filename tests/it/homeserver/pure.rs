//! Tests without a server: the list of endpoints and the back-off.

use std::time::Duration;

use equipemed_bot::homeserver::retry::{FIRST, LONGEST, next_wait};
use equipemed_bot::homeserver::{Endpoint, HomeserverError, Patience};
use equipemed_domain::fault::{NoAnswer, NotMatrix};

#[test]
fn every_endpoint_finds_itself_and_no_other() {
    for &endpoint in Endpoint::ALL {
        let path = endpoint.path().replace("{}", "%40ana%3Ahospital.example");
        assert_eq!(Endpoint::of(endpoint.method(), &path), Some(endpoint));
    }
}

#[test]
fn what_acts_as_somebody_is_not_in_the_list() {
    for (method, path) in [
        ("POST", "/_synapse/admin/v1/users/@ana:hospital.example/login"),
        ("POST", "/_synapse/admin/v1/rooms/!icu/make_room_admin"),
        ("POST", "/_matrix/client/v3/login"),
        ("GET", "/_matrix/client/v3/sync"),
        ("POST", "/_matrix/client/v3/rooms/!icu/invite/more"),
        ("DELETE", "/_synapse/admin/v2/users/@ana:hospital.example"),
    ] {
        assert_eq!(Endpoint::of(method, path), None, "{method} {path}");
    }
}

#[test]
fn an_empty_state_key_is_one() {
    let path = "/_matrix/client/v3/rooms/!icu/state/m.room.name/";
    assert_eq!(Endpoint::of("GET", path), Some(Endpoint::StateEvent));
    assert_eq!(Endpoint::of("PUT", path), Some(Endpoint::SendState));
}

#[test]
fn nothing_else_in_an_address_may_be_empty() {
    for endpoint in Endpoint::ALL.iter().filter(|endpoint| endpoint.path().contains("{}")) {
        for empty in 0..endpoint.path().matches("{}").count() {
            let mut pieces = endpoint.path().split("{}");
            let mut path = pieces.next().unwrap_or_default().to_owned();
            for (place, piece) in pieces.enumerate() {
                path += if place == empty { "" } else { "one" };
                path += piece;
            }
            assert_eq!(Endpoint::of(endpoint.method(), &path).is_some(), path.ends_with("/state/one/"), "{path}");
        }
    }
}

fn unreachable() -> HomeserverError {
    HomeserverError::Unreachable { why: NoAnswer::InTime, sent: false }
}

#[test]
fn waits_grow_to_half_a_minute_and_are_never_short() {
    let mut before = Duration::ZERO;
    for attempt in 1..40 {
        let wait = next_wait(&unreachable(), attempt, Duration::ZERO, Patience::SERVE, 1.0).expect("patient");
        assert!(wait >= before && wait <= LONGEST, "{attempt}: {wait:?}");
        before = wait;
        let least = next_wait(&unreachable(), attempt, Duration::ZERO, Patience::SERVE, 0.0).expect("patient");
        assert!(least >= FIRST && least <= wait);
    }
    assert_eq!(before, LONGEST);
}

#[test]
fn patience_ends() {
    let total = Patience::COMMAND.total;
    assert!(next_wait(&unreachable(), 9, total - Duration::from_secs(5), Patience::COMMAND, 1.0).is_none());
    assert!(next_wait(&unreachable(), 1, Duration::ZERO, Patience::NONE, 0.0).is_none());
}

#[test]
fn synapse_is_left_alone_for_as_long_as_it_asks() {
    let limited = |seconds| HomeserverError::Limited { retry_after: Some(Duration::from_secs(seconds)) };
    let wait = next_wait(&limited(7), 1, Duration::ZERO, Patience::COMMAND, 0.5).expect("patient");
    assert!(wait >= Duration::from_secs(7) && wait < Duration::from_secs(8), "{wait:?}");
    assert!(next_wait(&limited(3600), 1, Duration::ZERO, Patience::COMMAND, 0.0).is_none(), "an hour is too long");
}

#[test]
fn an_error_that_synapse_reports_itself_is_believed_sooner_than_silence() {
    let error = HomeserverError::Refused { status: 500, errcode: "M_UNKNOWN".to_owned(), error: String::new() };
    let later = Duration::from_secs(90);
    assert!(next_wait(&error, 5, later, Patience::SERVE, 0.0).is_none());
    assert!(next_wait(&unreachable(), 5, later, Patience::SERVE, 0.0).is_some());
}

#[test]
fn refusals_are_final() {
    for error in [
        HomeserverError::Refused { status: 403, errcode: "M_FORBIDDEN".to_owned(), error: String::new() },
        HomeserverError::UnknownToken,
        HomeserverError::NotMatrix { why: NotMatrix::NoJson },
        HomeserverError::MaybeDone { why: NoAnswer::InTime },
    ] {
        assert!(next_wait(&error, 1, Duration::ZERO, Patience::SERVE, 0.0).is_none(), "{error}");
    }
}
