//! To whom the bot does not answer.

use equipemed_domain::restraint::{Answering, Restraint};
use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedEventId, OwnedUserId};

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

fn user(name: &str) -> OwnedUserId {
    format!("@{name}:h.example").try_into().expect("a user id")
}

fn event(number: usize) -> OwnedEventId {
    format!("${number}").try_into().expect("an event id")
}

#[test]
fn a_stranger_is_answered_once_a_minute() {
    let mut restraint = Restraint::default();
    let mut answers = |who, number, seconds| restraint.answers_stranger(&user(who), &event(number), at(seconds));
    assert!(answers("bot", 0, 0));
    assert!(!answers("bot", 1, 1));
    assert!(!answers("bot", 2, 59));
    assert!(answers("ana", 3, 59), "another sender");
    assert!(answers("bot", 4, 60), "a minute after the last answer");
    assert!(!answers("bot", 5, 61));
    assert!(answers("bot", 4, 62), "the answer to this one failed, and it is handled again");
}

#[test]
fn three_misunderstandings_in_a_row_are_answered_and_the_third_says_so() {
    let mut restraint = Restraint::default();
    let mut answering = |number, seconds| restraint.misunderstood(&user("bot"), &event(number), at(seconds));
    assert_eq!(answering(0, 0), Answering::Yes);
    assert_eq!(answering(1, 50), Answering::Yes);
    assert_eq!(answering(1, 51), Answering::Yes, "handled again");
    assert_eq!(answering(2, 100), Answering::LastTime);
    assert_eq!(answering(3, 101), Answering::No);
    assert_eq!(answering(4, 160), Answering::No, "as long as it goes on");
    assert_eq!(answering(5, 220), Answering::Yes, "a minute of silence ends the row");
}

#[test]
fn a_command_that_is_understood_ends_the_row() {
    let mut restraint = Restraint::default();
    let (ana, bot) = (user("ana"), user("bot"));
    for number in 0..4 {
        restraint.misunderstood(&ana, &event(number), at(0));
    }
    assert_eq!(restraint.misunderstood(&bot, &event(4), at(1)), Answering::Yes, "senders count alone");
    restraint.understood(&ana);
    assert_eq!(restraint.misunderstood(&ana, &event(5), at(2)), Answering::Yes);
}
