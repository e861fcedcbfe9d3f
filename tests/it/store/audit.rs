//! Intents, outcomes, and the sliding windows of the brakes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use equipemed_bot::store::{AuditCause, AuditFilter, AuditId, DeedId, Intent, Mass, NewRun, RunId, Settled, Store};
use equipemed_domain::action::Action;
use equipemed_domain::deed::Deed;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Fault;
use equipemed_domain::grant::GrantId;
use equipemed_domain::key::RoomKey;
use equipemed_domain::mode::Mode;
use equipemed_domain::outcome::Outcome;
use equipemed_domain::policy::JoinMode;
use equipemed_domain::privilege::Privilege;
use equipemed_domain::wake::Wake;
use equipemed_domain::wish::Wish;
use ruma_common::{OwnedUserId, UserId, owned_event_id, owned_room_id, room_id};

use super::{at, on_both};

on_both!(
    an_intent_gets_one_outcome,
    a_batch_is_written_whole_or_not_at_all,
    entries_are_found_by_what_they_are_about,
    what_a_crash_left_is_found_and_settled,
    the_brakes_count_only_what_the_policy_did,
    the_brakes_window_slides,
    who_was_put_into_a_room_counts_once_it_was_complete,
    what_counts_is_begun_only_if_nothing_was_added_since_it_was_counted,
    what_was_done_for_a_wish_is_found_by_its_id,
);

fn user(localpart: &str) -> Result<OwnedUserId> {
    Ok(UserId::parse(format!("@{localpart}:h.example"))?)
}

fn lock(localpart: &str) -> Result<Action> {
    Ok(Action::LockAccount { user: user(localpart)? })
}

fn remove(room: &str, localpart: &str) -> Result<Action> {
    Ok(Action::RemoveMember { room: room.into(), user: user(localpart)?, reason: "left the ward".to_owned() })
}

fn power(person: i64, gained: &[&str], lost: &[&str]) -> Result<Action> {
    let powers = |words: &[&str]| words.iter().map(|word| Ok(word.parse::<Privilege>()?)).collect::<Result<_>>();
    Ok(Action::NotePrivileges {
        person: PersonId(person),
        user: user(&format!("p{person}"))?,
        gained: powers(gained)?,
        lost: powers(lost)?,
    })
}

fn add(room: &str, localpart: &str) -> Result<Action> {
    Ok(Action::AddMember { room: room.into(), user: user(localpart)?, how: JoinMode::Force })
}

/// Locked users, without whether they are deactivated.
async fn locked_since(store: &Store, since: i64) -> Result<BTreeSet<OwnedUserId>> {
    Ok(store.locked_since(at(since)).await?.into_iter().map(|(user, _)| user).collect())
}

fn intent(cause: AuditCause, action: &Action) -> Result<Intent> {
    Ok(Intent::of_action(None, "equipemed-bot", cause, action)?)
}

/// Stores the intent and outcome of an action.
async fn did(store: &Store, cause: AuditCause, action: &Action, outcome: Outcome, when: i64) -> Result<AuditId> {
    let ids = store.intend(&[intent(cause, action)?], at(when)).await?;
    assert!(store.conclude(&[(ids[0], outcome)], at(when)).await?.is_empty());
    Ok(ids[0])
}

async fn an_intent_gets_one_outcome(store: Store) -> Result<()> {
    let outcomes = [
        Outcome::Done(Some("$event".to_owned())),
        Outcome::Done(None),
        Outcome::AlreadySo,
        Outcome::Skipped(Fault::RoomNotMade { room: RoomKey::new("icu") }),
        Outcome::Failed(Fault::Worded("as an earlier version wrote it".to_owned())),
    ];
    let mut intents = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        intents.push(intent(AuditCause::Grant(GrantId(4)), &lock(name)?)?);
    }
    let ids = store.intend(&intents, at(0)).await?;
    assert!(ids.is_sorted());
    assert_eq!(store.unfinished().await?.len(), 5);
    let settled: Vec<_> = ids.iter().copied().zip(outcomes.iter().cloned()).collect();
    assert_eq!(store.conclude(&settled, at(1)).await?, BTreeSet::new());

    let entries = store.audit(&AuditFilter::default()).await?;
    for (entry, (intent, outcome)) in entries.iter().rev().zip(intents.iter().zip(outcomes)) {
        assert_eq!((&entry.intent, entry.at), (intent, at(0)));
        assert_eq!(entry.settled, Some(Settled { outcome, at: at(1) }));
    }
    let unknown = AuditId(9999);
    let late = [(ids[0], Outcome::Failed(Fault::Late)), (unknown, Outcome::AlreadySo)];
    assert_eq!(store.conclude(&late, at(2)).await?, BTreeSet::from([ids[0], unknown]));
    assert_eq!(store.audit(&AuditFilter::default()).await?, entries, "what is settled stays as it is");
    Ok(())
}

async fn a_batch_is_written_whole_or_not_at_all(store: Store) -> Result<()> {
    let good = intent(AuditCause::Policy, &lock("ana")?)?;
    let bad = Intent { run: Some(RunId(4711)), ..good.clone() };
    assert!(store.intend(&[good, bad], at(0)).await.is_err(), "there is no such run");
    assert_eq!(store.unfinished().await?, []);
    Ok(())
}

async fn entries_are_found_by_what_they_are_about(store: Store) -> Result<()> {
    let run = store
        .request_run(&NewRun { origin: "cli".to_owned(), options: serde_json::json!({}), source: None }, at(0))
        .await?;
    store.claim_run("a", Mode::Enforce, at(0), std::time::Duration::from_secs(60), None).await?;
    let lock = did(&store, AuditCause::Policy, &lock("ana")?, Outcome::AlreadySo, 10).await?;
    let add = Action::AddMember { room: "icu".into(), user: user("ana")?, how: JoinMode::Force };
    let add =
        store.intend(&[Intent::of_action(Some(run), "equipemed-bot", AuditCause::Policy, &add)?], at(20)).await?[0];
    let deed = Deed::Redact {
        room_id: owned_room_id!("!icu:h.example"),
        event_id: owned_event_id!("$event"),
        of: None,
        files: None,
    };
    let redact = Intent::of_deed("equipemed-bot", DeedId(3), &deed, Some("icu".into()), Some(user("rui")?))?;
    let redact = store.intend(&[redact], at(30)).await?[0];

    let found = async |filter: AuditFilter| -> Result<Vec<AuditId>> {
        Ok(store.audit(&filter).await?.into_iter().map(|entry| entry.id).collect())
    };
    let any = AuditFilter::default;
    assert_eq!(found(any()).await?, [redact, add, lock], "the newest first");
    assert_eq!(found(AuditFilter { user: Some(user("ana")?), ..any() }).await?, [add, lock]);
    assert_eq!(found(AuditFilter { room: Some("icu".into()), ..any() }).await?, [redact, add]);
    assert_eq!(found(AuditFilter { kind: Some("redact".to_owned()), ..any() }).await?, [redact]);
    assert_eq!(found(AuditFilter { run: Some(run), ..any() }).await?, [add]);
    assert_eq!(found(AuditFilter { outcome: Some("already_so".to_owned()), ..any() }).await?, [lock]);
    assert_eq!(found(AuditFilter { since: Some(at(20)), ..any() }).await?, [redact, add]);
    assert_eq!(found(AuditFilter { limit: Some(1), ..any() }).await?, [redact]);
    assert_eq!(found(AuditFilter { before: Some(redact), limit: Some(1), ..any() }).await?, [add], "the next page");
    assert_eq!(store.audit(&any()).await?[0].intent.cause, AuditCause::Deed(DeedId(3)));
    Ok(())
}

async fn what_a_crash_left_is_found_and_settled(store: Store) -> Result<()> {
    let make = |room: &str| -> Result<Intent> {
        Ok(Intent {
            kind: "create_room".to_owned(),
            room: Some(room.into()),
            ..intent(AuditCause::Policy, &lock("x")?)?
        })
    };
    let made = store.intend(&[make("made")?, make("half")?], at(0)).await?;
    store.conclude(&[(made[0], Outcome::Done(None))], at(1)).await?;
    let running = store.intend(&[make("running")?], at(50)).await?;
    let half_made = [RoomKey::new("half"), RoomKey::new("running")];
    assert_eq!(store.rooms_half_made().await?, BTreeSet::from(half_made));

    let ended = Outcome::Failed(Fault::ProcessEnded);
    assert!(store.conclude(&[(made[1], ended.clone())], at(60)).await?.is_empty());
    let left: Vec<_> = store.unfinished().await?.into_iter().map(|entry| entry.id).collect();
    assert_eq!(left, running, "what another replica is at is its own");
    let settled = store.audit(&AuditFilter { before: Some(running[0]), limit: Some(1), ..Default::default() }).await?;
    assert_eq!(settled[0].settled, Some(Settled { outcome: ended, at: at(60) }));
    Ok(())
}

async fn the_brakes_count_only_what_the_policy_did(store: Store) -> Result<()> {
    let done = || Outcome::Done(None);
    let failed = || Outcome::Failed(Fault::NotDone);
    let deactivate = Action::DeactivateAccount { user: user("bia")? };
    did(&store, AuditCause::Policy, &lock("ana")?, done(), 0).await?;
    did(&store, AuditCause::Policy, &deactivate, done(), 0).await?;
    did(&store, AuditCause::Policy, &remove("icu", "ana")?, done(), 0).await?;
    did(&store, AuditCause::Policy, &remove("icu", "bia")?, done(), 0).await?;
    did(&store, AuditCause::Policy, &remove("ward", "ana")?, done(), 0).await?;
    did(&store, AuditCause::Policy, &power(1, &["right approve everywhere"], &[])?, done(), 0).await?;
    // None of these count.
    did(&store, AuditCause::Policy, &power(2, &[], &["right approve in icu"])?, done(), 0).await?;
    did(&store, AuditCause::Policy, &Action::UnlockAccount { user: user("rui")? }, done(), 0).await?;
    for (cause, outcome) in [
        (AuditCause::Grant(GrantId(1)), done()),
        (AuditCause::Deed(DeedId(1)), done()),
        (AuditCause::Policy, failed()),
        (AuditCause::Policy, Outcome::AlreadySo),
    ] {
        did(&store, cause, &lock("eva")?, outcome.clone(), 0).await?;
        did(&store, cause, &remove("icu", "eva")?, outcome.clone(), 0).await?;
        did(&store, cause, &power(3, &["level 100 in icu"], &[])?, outcome, 0).await?;
    }
    // This one counts, because it is in progress.
    store.intend(&[intent(AuditCause::Policy, &lock("leo")?)?], at(0)).await?;

    let (ana, bia) = (user("ana")?, user("bia")?);
    assert_eq!(locked_since(&store, 0).await?, BTreeSet::from([ana.clone(), bia.clone(), user("leo")?]));
    let removed = BTreeMap::from([
        (RoomKey::new("icu"), BTreeSet::from([ana.clone(), bia])),
        (RoomKey::new("ward"), BTreeSet::from([ana])),
    ]);
    assert_eq!(store.removed_since(at(0)).await?, removed);
    let changed = store.powers_changed_since(at(0)).await?;
    let changed: Vec<_> =
        changed.iter().map(|change| (change.person.0, change.gained.len(), change.lost.len())).collect();
    assert_eq!(changed, [(1, 1, 0), (2, 0, 1)]);

    // A lock that was undone does not count; another one does.
    did(&store, AuditCause::Grant(GrantId(2)), &Action::UnlockAccount { user: user("ana")? }, done(), 1).await?;
    did(&store, AuditCause::Policy, &Action::ReactivateAccount { user: user("bia")? }, failed(), 1).await?;
    assert_eq!(locked_since(&store, 0).await?, BTreeSet::from([user("bia")?, user("leo")?]));
    assert!(store.locked_since(at(0)).await?.contains(&(user("bia")?, true)), "for good");
    did(&store, AuditCause::Policy, &lock("ana")?, done(), 2).await?;
    assert_eq!(locked_since(&store, 0).await?.len(), 3);
    Ok(())
}

async fn who_was_put_into_a_room_counts_once_it_was_complete(store: Store) -> Result<()> {
    let done = || Outcome::Done(None);
    for (key, id) in [("icu", room_id!("!icu:h.example")), ("ward", room_id!("!ward:h.example"))] {
        store.bind_room(&RoomKey::new(key), id, at(0)).await?;
    }
    did(&store, AuditCause::Policy, &add("icu", "first")?, done(), 10).await?;
    store.note_fulfilled(&RoomKey::new("icu"), at(20)).await?;
    for (room, who, when) in [("icu", "ana", 30), ("icu", "bia", 50), ("ward", "ana", 50)] {
        did(&store, AuditCause::Policy, &add(room, who)?, done(), when).await?;
    }
    did(&store, AuditCause::Policy, &add("icu", "eva")?, Outcome::Failed(Fault::NotDone), 50).await?;
    let icu = |names: &[&str]| -> Result<_> {
        Ok(BTreeMap::from([(
            RoomKey::new("icu"),
            names.iter().map(|name| user(name)).collect::<Result<BTreeSet<_>>>()?,
        )]))
    };
    assert_eq!(store.joined_since(at(0)).await?, icu(&["ana", "bia"])?);
    assert_eq!(store.joined_since(at(40)).await?, icu(&["bia"])?);
    Ok(())
}

async fn the_brakes_window_slides(store: Store) -> Result<()> {
    for (localpart, when) in [("old", 0), ("edge", 100), ("new", 200)] {
        did(&store, AuditCause::Policy, &lock(localpart)?, Outcome::Done(None), when).await?;
    }
    assert_eq!(locked_since(&store, 100).await?, BTreeSet::from([user("edge")?, user("new")?]));
    assert_eq!(locked_since(&store, 101).await?, BTreeSet::from([user("new")?]));
    assert_eq!(locked_since(&store, 201).await?, BTreeSet::new());
    Ok(())
}

async fn what_counts_is_begun_only_if_nothing_was_added_since_it_was_counted(store: Store) -> Result<()> {
    did(&store, AuditCause::Policy, &lock("old")?, Outcome::Done(None), 100).await?;
    let counted = store.counted_up_to(at(50)).await?;
    let begin = async |action: Action, own: u64| -> Result<bool> {
        let intent = intent(AuditCause::Policy, &action)?;
        let mass = intent.mass().unwrap_or(Mass::Powers);
        Ok(store.intend_counted(&[intent], &mass, counted, own, at(101)).await?.is_some())
    };
    assert!(begin(lock("ana")?, 0).await?);
    assert!(!begin(lock("bia")?, 0).await?, "another pass has begun one meanwhile");
    assert!(begin(lock("bia")?, 1).await?, "which was its own");
    assert!(!begin(Action::DeactivateAccount { user: user("eva")? }, 1).await?, "they count together");
    // Actions of another kind, in another room or asked for by somebody do not count.
    did(&store, AuditCause::Grant(GrantId(1)), &remove("icu", "ana")?, Outcome::Done(None), 101).await?;
    did(&store, AuditCause::Policy, &remove("ward", "ana")?, Outcome::Done(None), 101).await?;
    assert!(begin(remove("icu", "ana")?, 0).await?);
    assert!(!begin(remove("icu", "bia")?, 0).await?);
    assert!(begin(power(1, &["right approve everywhere"], &[])?, 0).await?);
    assert_eq!(locked_since(&store, 100).await?.len(), 3, "nothing was written of what was refused");

    // If several begin at the same moment, only one is written: the others find that one was added since they counted.
    let counted = store.counted_up_to(at(50)).await?;
    let crowd = ["c0", "c1", "c2", "c3", "c4", "c5"];
    let intents = crowd.iter().map(|name| intent(AuditCause::Policy, &lock(name)?)).collect::<Result<Vec<_>>>()?;
    let begun = intents
        .iter()
        .map(|intent| store.intend_counted(std::slice::from_ref(intent), &Mass::Locked, counted, 0, at(102)));
    let begun = futures_util::future::try_join_all(begun).await?;
    assert_eq!(begun.iter().flatten().count(), 1);
    Ok(())
}

async fn what_was_done_for_a_wish_is_found_by_its_id(store: Store) -> Result<()> {
    let (icu, ward) = (Wake::Room(RoomKey::new("icu")), Wake::Room(RoomKey::new("ward")));
    let wishes = [Wish::about("$command 0", PersonId(17)), Wish::new("$other")];
    store.wake_for(&[icu.clone(), ward.clone()], &wishes, "chat", at(0), at(0)).await?;
    store.wake_for(std::slice::from_ref(&icu), &wishes[..1], "chat", at(1), at(1)).await?;
    store.wake(&icu, "pushed", at(1), at(1)).await?;
    let minute = std::time::Duration::from_secs(60);
    let claimed = store.claim_wakeups("a", at(2), minute, None, 9).await?;
    assert!(claimed.iter().all(|claimed| claimed.wishes == wishes), "{claimed:?}");
    // A subject woken during the pass gets another pass, which serves its wishes too. The other room is done.
    store.wake(&icu, "pushed", at(3), at(3)).await?;
    for claimed in &claimed {
        assert_eq!(store.finish_wakeup(claimed).await?, claimed.wake == ward);
    }
    let again = store.claim_wakeups("a", at(4), minute, None, 9).await?;
    assert_eq!(
        again.iter().map(|claimed| (&claimed.wake, &claimed.wishes[..])).collect::<Vec<_>>(),
        [(&icu, &wishes[..])]
    );
    assert!(store.finish_wakeup(&again[0]).await?);
    store.wake(&icu, "pushed", at(5), at(5)).await?;
    assert_eq!(store.claim_wakeups("a", at(6), minute, None, 9).await?[0].wishes, []);

    let serving = |action: &Action, wishes: &[&str]| -> Result<Intent> {
        let wishes = wishes.iter().map(|&wish| wish.to_owned()).collect();
        Ok(Intent { wishes, ..intent(AuditCause::Policy, action)? })
    };
    let intents = [
        serving(&lock("ana")?, &["$command 0", "$other"])?,
        serving(&lock("bia")?, &["$other"])?,
        serving(&lock("caio")?, &[])?,
    ];
    let ids = store.intend(&intents, at(7)).await?;
    store.conclude(&[(ids[0], Outcome::AlreadySo)], at(8)).await?;
    let served = store.served("$command 0").await?;
    assert_eq!(served.iter().map(|entry| entry.id).collect::<Vec<_>>(), ids[..1]);
    assert_eq!(served[0].settled.as_ref().map(|settled| &settled.outcome), Some(&Outcome::AlreadySo));
    assert_eq!(store.served("$other").await?.iter().map(|entry| entry.id).collect::<Vec<_>>(), ids[..2]);
    assert!(store.served("$command").await?.is_empty());
    Ok(())
}
