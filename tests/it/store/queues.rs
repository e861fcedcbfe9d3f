//! Queues that several workers share: wake-ups, deeds, runs, leases.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use equipemed_bot::store::{
    ClaimedDeed, DeedEnd, DeedId, DeedState, Lane, NewDeed, NewRun, Pace, RunEnd, RunState, Store,
};
use equipemed_domain::deed::Deed;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::{Fault, Interruption};
use equipemed_domain::key::RoomKey;
use equipemed_domain::mode::Mode;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::summary::{Counts, Summary};
use equipemed_domain::wake::Wake;
use ruma_common::{owned_event_id, owned_room_id, owned_user_id};
use sqlx::{Connection, Executor, PgConnection};

use super::{Fresh, at, on_both};

const MINUTE: Duration = Duration::from_secs(60);

on_both!(
    equal_wakes_merge_and_the_earliest_wins,
    a_wake_is_claimed_when_due_the_longest_due_first,
    two_workers_never_get_the_same_one,
    a_wake_during_a_pass_survives_it,
    a_wake_for_later_during_a_pass_keeps_its_instant,
    an_expired_claim_is_claimed_again,
    a_failed_pass_comes_back_later,
    a_deed_is_claimed_tried_again_and_ends,
    a_worker_that_lost_its_deed_can_end_nothing,
    the_first_of_each_request_goes_first_and_a_request_is_halted,
    a_run_goes_from_wish_to_summary,
    a_lane_takes_only_its_own_wake_ups,
    a_run_is_claimed_by_its_number_and_withdrawn_only_while_nobody_began,
    a_silent_run_is_taken_over,
    only_an_applied_run_counts_as_applied,
    a_lease_has_one_holder_and_is_taken_over_only_after_expiry,
    a_released_lease_is_free_at_once,
    of_many_who_want_a_lease_one_gets_it,
);

fn icu() -> Wake {
    Wake::Room(RoomKey::new("icu"))
}

async fn equal_wakes_merge_and_the_earliest_wins(store: Store) -> Result<()> {
    for (due, origin) in [(50, "timer"), (20, "notify"), (90, "chat")] {
        store.wake(&icu(), origin, at(due), at(0)).await?;
    }
    assert_eq!(store.wakeups_waiting().await?, 1);
    let claimed = store.claim_wakeups("a", at(20), MINUTE, None, 9).await?;
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].seq, claimed[0].origin.as_str(), claimed[0].woken_at), (3, "chat", at(0)));
    assert!(store.finish_wakeup(&claimed[0]).await?);
    assert_eq!(store.wakeups_waiting().await?, 0);
    Ok(())
}

async fn a_wake_is_claimed_when_due_the_longest_due_first(store: Store) -> Result<()> {
    let person = |id| Wake::Person(PersonId(id));
    store.wake_all(&[person(1), person(2), Wake::Everything], "timer", at(10), at(0)).await?;
    store.wake(&icu(), "transaction", at(5), at(0)).await?;
    store.wake(&person(3), "expiry", at(500), at(0)).await?;
    let wakes = |claimed: Vec<equipemed_bot::store::ClaimedWake>| -> Vec<Wake> {
        claimed.into_iter().map(|claimed| claimed.wake).collect()
    };
    assert_eq!(wakes(store.claim_wakeups("a", at(4), MINUTE, None, 9).await?), []);
    assert_eq!(wakes(store.claim_wakeups("a", at(10), MINUTE, None, 2).await?), [icu(), Wake::Everything]);
    assert_eq!(wakes(store.claim_wakeups("a", at(10), MINUTE, None, 9).await?), [person(1), person(2)]);
    assert_eq!(store.wakeups_waiting().await?, 5);
    Ok(())
}

async fn two_workers_never_get_the_same_one(store: Store) -> Result<()> {
    let wakes: Vec<_> = (0..200).map(|id| Wake::Person(PersonId(id))).collect();
    store.wake_all(&wakes, "timer", at(0), at(0)).await?;
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claimed = store.claim_wakeups(&format!("worker {worker}"), at(1), MINUTE, None, 7).await?;
                    if claimed.is_empty() || mine.len() > 200 {
                        return anyhow::Ok(mine);
                    }
                    mine.extend(claimed.into_iter().map(|claimed| claimed.wake));
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await??);
    }
    // A worker may find nothing while others hold the last rows, so check only that no row was claimed twice.
    let distinct: BTreeSet<_> = all.iter().cloned().collect();
    assert_eq!(distinct.len(), all.len());
    all.extend(store.claim_wakeups("last", at(1), MINUTE, None, 999).await?.into_iter().map(|claimed| claimed.wake));
    assert_eq!(all.len(), wakes.len());
    Ok(())
}

/// A worker that is claiming one row does not block others from claiming the rest.
#[tokio::test]
async fn a_row_that_is_being_claimed_is_passed_over() -> Result<()> {
    let fresh = Fresh::postgres().await?;
    fresh.store.wake_all(&[icu(), Wake::Everything], "timer", at(0), at(0)).await?;
    let mut other = PgConnection::connect(&fresh.url).await?;
    other.execute("begin").await?;
    other.execute("select subject from wakeups where subject = 'room:icu' for update").await?;
    let claimed = tokio::time::timeout(MINUTE / 6, fresh.store.claim_wakeups("a", at(0), MINUTE, None, 9)).await??;
    assert_eq!(claimed.into_iter().map(|claimed| claimed.wake).collect::<Vec<_>>(), [Wake::Everything]);
    Ok(())
}

async fn a_wake_during_a_pass_survives_it(store: Store) -> Result<()> {
    store.wake(&icu(), "timer", at(0), at(0)).await?;
    let claimed = store.claim_wakeups("a", at(0), MINUTE, None, 9).await?;
    store.wake(&icu(), "notify", at(3), at(3)).await?;
    assert_eq!(store.claim_wakeups("b", at(4), MINUTE, None, 9).await?, [], "a subject is in one pass at a time");
    assert!(!store.finish_wakeup(&claimed[0]).await?);
    let again = store.claim_wakeups("b", at(4), MINUTE, None, 9).await?;
    assert_eq!((again.len(), again[0].origin.as_str(), again[0].woken_at), (1, "notify", at(3)));
    assert!(store.finish_wakeup(&again[0]).await?);
    assert_eq!(store.wakeups_waiting().await?, 0);
    Ok(())
}

async fn a_wake_for_later_during_a_pass_keeps_its_instant(store: Store) -> Result<()> {
    store.wake(&icu(), "timer", at(0), at(0)).await?;
    let claimed = store.claim_wakeups("a", at(0), MINUTE, None, 9).await?;
    store.wake(&icu(), "expiry", at(500), at(3)).await?;
    store.wake(&icu(), "expiry", at(400), at(3)).await?;
    assert!(!store.finish_wakeup(&claimed[0]).await?);
    Ok(())
}

async fn an_expired_claim_is_claimed_again(store: Store) -> Result<()> {
    store.wake(&icu(), "timer", at(0), at(0)).await?;
    let lost = store.claim_wakeups("a", at(0), MINUTE, None, 9).await?;
    // The claim is kept even if the subject was woken for much later meanwhile, because the pass is not finished.
    store.wake(&icu(), "expiry", at(9_000), at(1)).await?;
    assert_eq!(store.keep_wakeups("a", &[icu()], at(10), MINUTE).await?, [icu()]);
    // A claim that is not extended ends after the time it was made for.
    assert_eq!(store.keep_wakeups("a", &[Wake::Everything], at(20), MINUTE).await?, []);
    assert_eq!(store.keep_wakeups("a", &[], at(20), MINUTE).await?, []);
    assert_eq!(store.claim_wakeups("b", at(69), MINUTE, None, 9).await?, []);
    let taken = store.claim_wakeups("b", at(70), MINUTE, None, 9).await?;
    assert_eq!(taken.len(), 1);
    assert!(!store.finish_wakeup(&lost[0]).await?);
    assert!(!store.retry_wakeup(&lost[0], at(500), "too late").await?);
    assert_eq!(store.claim_wakeups("c", at(71), MINUTE, None, 9).await?, [], "the late one has not freed it");
    assert!(store.finish_wakeup(&taken[0]).await?);
    Ok(())
}

async fn a_failed_pass_comes_back_later(store: Store) -> Result<()> {
    store.wake(&icu(), "timer", at(0), at(0)).await?;
    let first = store.claim_wakeups("a", at(0), MINUTE, None, 9).await?;
    assert!(store.retry_wakeup(&first[0], at(30), "502").await?);
    assert_eq!(store.claim_wakeups("a", at(29), MINUTE, None, 9).await?, []);
    let second = store.claim_wakeups("a", at(30), MINUTE, None, 9).await?;
    assert_eq!(second[0].attempts, 1);
    store.wake(&icu(), "chat", at(31), at(31)).await?;
    assert!(store.retry_wakeup(&second[0], at(90), "502").await?);
    Ok(())
}

fn redaction(due: i64) -> NewDeed {
    NewDeed {
        deed: Deed::Redact {
            room_id: owned_room_id!("!icu:h.example"),
            event_id: owned_event_id!("$event"),
            of: None,
            files: None,
        },
        asker: "@ana:h.example".to_owned(),
        reason: Some("wrong room".to_owned()),
        due_at: at(due),
        source: None,
    }
}

async fn a_deed_is_claimed_tried_again_and_ends(store: Store) -> Result<()> {
    let later = store.add_deed(&redaction(5), at(0)).await?;
    let first = store.add_deed(&redaction(0), at(0)).await?;
    let claimed = store.claim_deeds("a", at(9), MINUTE, (Pace::Quick, 9)).await?;
    assert_eq!(claimed.iter().map(|deed| deed.id).collect::<Vec<_>>(), [first, later]);
    assert_eq!((&claimed[0].deed, claimed[0].attempt), (&redaction(0).deed, 1));
    assert_eq!(store.claim_deeds("b", at(9), MINUTE, (Pace::Quick, 9)).await?, []);

    let wait = DeedEnd { deed: &claimed[0], audit: None, outcome: None, again: Some((at(20), Fault::Waits)) };
    assert!(store.end_deeds(&[wait], at(9)).await?.is_empty());
    let record = store.deed(first).await?.context("it is gone")?;
    assert_eq!((record.state, record.error), (DeedState::Waiting, Some(Fault::Waits)));
    let again = store.claim_deeds("b", at(20), MINUTE, (Pace::Quick, 9)).await?;
    assert_eq!(again[0].attempt, 2);

    let done = Outcome::Done(Some("$redaction".to_owned()));
    assert!(store.end_deeds(&[over(&again[0], &done)], at(21)).await?.is_empty());
    let record = store.deed(first).await?.context("it is gone")?;
    assert_eq!((record.state, record.ended, record.error), (DeedState::Done, Some((at(21), done)), None));
    let failed = Outcome::Failed(Fault::LevelsFull);
    assert!(store.end_deeds(&[over(&claimed[1], &failed)], at(22)).await?.is_empty());
    assert_eq!(store.deed(later).await?.context("it is gone")?.state, DeedState::Failed);
    assert_eq!(store.deeds_open().await?, 0);
    Ok(())
}

fn over<'a>(deed: &'a ClaimedDeed, outcome: &Outcome) -> DeedEnd<'a> {
    DeedEnd { deed, audit: None, outcome: Some(outcome.clone()), again: None }
}

async fn the_first_of_each_request_goes_first_and_a_request_is_halted(store: Store) -> Result<()> {
    let of = |source: &str| NewDeed { source: Some(source.to_owned()), ..redaction(0) };
    let many: Vec<NewDeed> = (0..5).map(|number| of(&format!("$m_ny {number}"))).chain([of("$m_ny itself")]).collect();
    let many = store.add_deeds(&many, at(0)).await?;
    let one = store.add_deed(&of("$one 0"), at(0)).await?;
    let first = store.claim_deeds("a", at(9), MINUTE, (Pace::Quick, 3)).await?;
    assert_eq!(first.iter().map(|deed| deed.id).collect::<Vec<_>>(), [many[0], many[1], one]);
    let asker = redaction(0).asker;
    assert_eq!(store.requests_under_way(&asker).await?, ["$m_ny"]);
    assert_eq!(store.requests_under_way("@other:h").await?, Vec::<String>::new());
    let halted = Outcome::Skipped(Fault::Halted);
    // An underscore is no wildcard.
    assert_eq!(store.halt_deeds("$many", &halted, at(10)).await?, 0);
    assert_eq!(store.halt_deeds("$m_ny", &halted, at(10)).await?, 3);
    assert_eq!(store.deed(many[4]).await?.context("it is gone")?.ended, Some((at(10), halted.clone())));
    for (index, ended) in [(1, false), (2, true), (5, false)] {
        assert_eq!(store.deed(many[index]).await?.context("it is gone")?.ended.is_some(), ended, "{index}");
    }
    assert_eq!(store.halt_deeds("$m_ny", &halted, at(11)).await?, 0);
    // What a worker has begun is finished, but not tried again.
    let again = |deed| DeedEnd { deed, audit: None, outcome: None, again: Some((at(20), Fault::Waits)) };
    store.end_deeds(&[again(&first[0])], at(12)).await?;
    assert_eq!(store.deed(many[0]).await?.context("it is gone")?.ended, Some((at(12), halted.clone())));
    // Half of a replacement would leave two rooms.
    let replace = Deed::ReplaceRoom { room_id: owned_room_id!("!icu:h.example"), room: RoomKey::from("icu") };
    let replacing = store.add_deed(&NewDeed { deed: replace, ..of("$replace 0") }, at(30)).await?;
    let quick = store.claim_deeds("a", at(30), MINUTE, (Pace::Quick, 9)).await?;
    assert!(quick.iter().all(|deed| deed.id != replacing), "it would hold up redactions");
    let claimed = store.claim_deeds("a", at(30), MINUTE, (Pace::Slow, 1)).await?;
    assert_eq!(claimed[0].id, replacing);
    assert_eq!(store.halt_deeds("$replace", &halted, at(31)).await?, 0);
    store.end_deeds(&[again(&claimed[0])], at(32)).await?;
    assert_eq!(store.halt_deeds("$replace", &halted, at(33)).await?, 0, "it was begun");
    assert!(store.deed(replacing).await?.context("it is gone")?.ended.is_none());
    // The files of a message that is redacted already.
    let (room_id, file) = (owned_room_id!("!icu:h.example"), "mxc://h.example/abc".into());
    let sender = owned_user_id!("@ana:h.example");
    let quarantine = Deed::Quarantine { room_id, sender, file, unwanted: false };
    store.add_deed(&NewDeed { deed: quarantine, ..of("$file 0-file-0") }, at(34)).await?;
    assert_eq!(store.halt_deeds("$file", &halted, at(34)).await?, 0);
    Ok(())
}

async fn a_worker_that_lost_its_deed_can_end_nothing(store: Store) -> Result<()> {
    let id = store.add_deed(&redaction(0), at(0)).await?;
    let lost = store.claim_deeds("a", at(0), MINUTE, (Pace::Quick, 9)).await?;
    assert_eq!(store.claim_deeds("b", at(59), MINUTE, (Pace::Quick, 9)).await?, []);
    // A claim that is not extended ends after the time it was made for.
    assert_eq!(store.keep_deeds("a", &[DeedId(id.0 + 1)], at(30), MINUTE).await?, 0);
    let taken = store.claim_deeds("b", at(60), MINUTE, (Pace::Quick, 9)).await?;
    assert_eq!(store.keep_deeds("b", &[id], at(60), MINUTE).await?, 1);
    let late = Outcome::Failed(Fault::Late);
    assert_eq!(store.end_deeds(&[over(&lost[0], &late)], at(61)).await?, [id].into());
    let again = DeedEnd { deed: &lost[0], audit: None, outcome: None, again: Some((at(99), Fault::Late)) };
    assert_eq!(store.end_deeds(&[again], at(61)).await?, [id].into());
    assert!(store.end_deeds(&[over(&taken[0], &Outcome::AlreadySo)], at(62)).await?.is_empty());
    assert_eq!(store.end_deeds(&[over(&taken[0], &late)], at(63)).await?, [id].into());
    assert_eq!(store.deed(id).await?.context("it is gone")?.ended, Some((at(62), Outcome::AlreadySo)));
    Ok(())
}

fn full() -> NewRun {
    NewRun { origin: "cli".to_owned(), options: serde_json::json!({"user": ["ana"]}), source: None }
}

async fn a_run_goes_from_wish_to_summary(store: Store) -> Result<()> {
    let id = store.request_run(&full(), at(0)).await?;
    let other = store.request_run(&full(), at(0)).await?;
    let run = store.claim_run("a", Mode::Enforce, at(1), MINUTE, None).await?.context("nothing to claim")?;
    assert_eq!((run.id, run.state, run.options), (id, RunState::Running, full().options));
    assert_eq!(store.claim_run("b", Mode::Enforce, at(1), MINUTE, None).await?.map(|run| run.id), Some(other));
    assert!(store.claim_run("c", Mode::Enforce, at(1), MINUTE, None).await?.is_none());

    assert!(store.progress(id, "a", (3, 10), at(2)).await?);
    assert!(!store.progress(id, "b", (9, 10), at(2)).await?, "it is another one's");
    assert_eq!(store.run(id).await?.context("it is gone")?.progress, (3, 10));

    let counts = BTreeMap::from([("create_account".to_owned(), Counts { done: 7, ..Counts::default() })]);
    let summary = Box::new(Summary { findings: 2, counts, ..Summary::default() });
    assert!(store.finish_run(id, "a", &RunEnd::Done(summary.clone()), at(5)).await?);
    assert!(store.finish_run(other, "b", &RunEnd::Failed(Fault::Interrupted(Interruption::Synapse)), at(5)).await?);
    assert!(!store.progress(id, "a", (4, 10), at(6)).await?, "it has ended");
    let runs = store.recent_runs(9).await?;
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [other, id]);
    assert_eq!(runs[1].end, Some(RunEnd::Done(summary)));
    assert_eq!((runs[0].state, runs[0].finished_at), (RunState::Failed, Some(at(5))));
    assert_eq!(runs[0].end, Some(RunEnd::Failed(Fault::Interrupted(Interruption::Synapse))));
    Ok(())
}

async fn a_lane_takes_only_its_own_wake_ups(store: Store) -> Result<()> {
    store.wake_all(&[Wake::Everything, icu(), Wake::Person(PersonId(1))], "test", at(0), at(0)).await?;
    let full = store.claim_wakeups("a", at(1), MINUTE, Some(Lane::Full), 9).await?;
    assert_eq!(full.into_iter().map(|claimed| claimed.wake).collect::<Vec<_>>(), [Wake::Everything]);
    let narrow = store.claim_wakeups("b", at(1), MINUTE, Some(Lane::Narrow), 9).await?;
    assert_eq!(narrow.len(), 2);
    Ok(())
}

async fn a_run_is_claimed_by_its_number_and_withdrawn_only_while_nobody_began(store: Store) -> Result<()> {
    let (first, second) = (store.request_run(&full(), at(0)).await?, store.request_run(&full(), at(0)).await?);
    let claimed = store.claim_run("a", Mode::Enforce, at(1), MINUTE, Some(second)).await?;
    assert_eq!(claimed.map(|run| run.id), Some(second));
    assert!(!store.withdraw_run(second).await?);
    assert!(store.withdraw_run(first).await?);
    assert!(store.run(first).await?.is_none());
    Ok(())
}

async fn a_silent_run_is_taken_over(store: Store) -> Result<()> {
    let id = store.request_run(&full(), at(0)).await?;
    store.claim_run("a", Mode::Enforce, at(0), MINUTE, None).await?;
    assert!(store.progress(id, "a", (1, 10), at(30)).await?);
    assert!(store.claim_run("b", Mode::Enforce, at(89), MINUTE, None).await?.is_none());
    let run = store.claim_run("b", Mode::Enforce, at(90), MINUTE, None).await?.context("nothing to claim")?;
    assert_eq!((run.id, run.holder.as_deref(), run.progress), (id, Some("b"), (0, 0)));
    assert!(!store.progress(id, "a", (2, 10), at(91)).await?);
    assert!(!store.finish_run(id, "a", &RunEnd::Failed(Fault::Late), at(91)).await?);
    Ok(())
}

async fn only_an_applied_run_counts_as_applied(store: Store) -> Result<()> {
    for (mode, end, applied) in [
        (Mode::Observe, RunEnd::Done(Box::default()), false),
        (Mode::Enforce, RunEnd::Failed(Fault::Interrupted(Interruption::Synapse)), false),
        (Mode::Enforce, RunEnd::Done(Box::default()), true),
    ] {
        let id = store.request_run(&full(), at(0)).await?;
        store.claim_run("a", mode, at(0), MINUTE, None).await?;
        assert!(store.finish_run(id, "a", &end, at(7)).await?);
        assert_eq!(store.applied_before().await?, applied, "{mode:?} {end:?}");
    }
    assert_eq!(store.first_applied_at().await?, Some(at(7)));
    Ok(())
}

async fn a_lease_has_one_holder_and_is_taken_over_only_after_expiry(store: Store) -> Result<()> {
    let mut first = store.acquire("apply", "a", at(0), MINUTE).await?.context("it was free")?;
    assert!(store.acquire("apply", "b", at(59), MINUTE).await?.is_none());
    assert!(store.acquire("apply", "a", at(59), MINUTE).await?.is_none(), "not even for its holder a second time");
    assert!(store.acquire("timer", "b", at(59), MINUTE).await?.is_some(), "another lease is another matter");
    assert!(store.renew(&mut first, at(59), MINUTE).await?);
    assert_eq!(first.expires_at(), at(119));
    assert_eq!(store.holder_of("apply", at(118)).await?.as_deref(), Some("a"));
    assert!(first.holds_at(at(118)) && !first.holds_at(at(119)));
    assert_eq!(store.holder_of("apply", at(119)).await?, None);
    let second = store.acquire("apply", "b", at(119), MINUTE).await?.context("it has expired")?;
    assert!(!store.renew(&mut first, at(120), MINUTE).await?);
    store.release(&mut first, at(120)).await?;
    assert_eq!(store.holder_of("apply", at(120)).await?.as_deref(), Some(second.holder()), "not its to release");
    Ok(())
}

async fn a_released_lease_is_free_at_once(store: Store) -> Result<()> {
    let mut lease = store.acquire("apply", "a", at(0), MINUTE).await?.context("it was free")?;
    store.release(&mut lease, at(1)).await?;
    assert!(!lease.holds_at(at(1)));
    assert_eq!(store.holder_of("apply", at(1)).await?, None);
    assert!(store.acquire("apply", "b", at(1), MINUTE).await?.is_some());
    Ok(())
}

async fn of_many_who_want_a_lease_one_gets_it(store: Store) -> Result<()> {
    let many: Vec<_> = (0..8)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.acquire("apply", &format!("holder {number}"), at(0), MINUTE).await })
        })
        .collect();
    let mut got = 0;
    for one in many {
        got += usize::from(one.await??.is_some());
    }
    assert_eq!(got, 1);
    Ok(())
}
