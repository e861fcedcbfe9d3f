//! People, rooms, grants, held parts and remembered values.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use equipemed_bot::store::{Approval, GrantFilter, HeldPlan, HeldState, NewGrant, NewHeld, Store, StoreError};
use equipemed_domain::binding::{Binding, Noted};
use equipemed_domain::desired::AccountState;
use equipemed_domain::directory::PersonId;
use equipemed_domain::fault::Conflict;
use equipemed_domain::grant::{GrantId, GrantKind};
use equipemed_domain::key::RoomKey;
use equipemed_domain::privilege::Privilege;
use equipemed_domain::review::{Effect, HeldReason};
use jiff::{SignedDuration, Timestamp};
use ruma_common::{OwnedUserId, UserId, owned_user_id, room_id};

use super::{at, both, on_both};
use crate::faults::english;

on_both!(
    a_binding_is_kept_as_it_was_stored,
    that_all_sessions_ended_is_known_until_the_next_lock,
    who_is_in_line_is_noted_for_all_at_once,
    an_address_is_noted_for_one_person_alone_and_names_for_all_at_once,
    nobody_gets_another_persons_account,
    missing_people_are_counted_and_gone_since_the_first_time,
    the_first_binding_of_a_room_wins,
    a_room_has_one_key,
    grants_of_all_kinds_come_back_and_expire,
    a_grant_ends_once_and_stays_on_record,
    a_plan_is_held_once_approved_once_and_released,
    a_held_plan_expires_and_can_be_held_again,
    two_consents_are_those_of_two_people,
    what_has_grown_is_released_by_nobody,
    a_part_lives_beyond_its_expiry_and_ends_with_its_cause,
    absences_are_counted_by_what_reads_have_seen,
    a_room_is_fulfilled_once,
    power_is_noted_as_it_comes_and_goes,
    facts_are_remembered_and_forgotten,
);

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_binds_is_seen_at_once() -> Result<()> {
    for fresh in both().await? {
        let other = Store::open(&fresh.url).await?;
        let store = &fresh.store;
        store.bind(&binding(17, "ana")?).await?;
        store.bind(&binding(18, "rui")?).await?;
        // Both stores cache what they read.
        assert_eq!(*store.bindings().await?, *other.bindings().await?);
        other.note_synced(&[PersonId(18)], at(5)).await?;
        assert_eq!(store.bindings().await?.get(&PersonId(18)).context("it is gone")?.synced_at, Some(at(5)));
        store.note_presence(&BTreeSet::from([PersonId(17)]), &[]).await?;
        assert_eq!(other.bindings().await?.get(&PersonId(18)).context("it is gone")?.missing_reads, 1);
        let kept = other.bindings().await?;
        assert!(std::sync::Arc::ptr_eq(&kept, &other.bindings().await?), "nothing changed, and it was read again");
    }
    Ok(())
}

fn user(localpart: &str) -> Result<OwnedUserId> {
    Ok(UserId::parse(format!("@{localpart}:h.example"))?)
}

fn binding(person: i64, localpart: &str) -> Result<Binding> {
    Ok(Binding::new(PersonId(person), user(localpart)?))
}

async fn a_binding_is_kept_as_it_was_stored(store: Store) -> Result<()> {
    let mut ana = binding(17, "ana")?;
    store.bind(&ana).await?;
    assert_eq!(store.bindings().await?.values().collect::<Vec<_>>(), [&ana]);
    ana.pushed.external_id = Some("a1b2".to_owned());
    ana.server_admin_given = true;
    ana.gone_since = Some(at(3));
    ana.missing_reads = 2;
    ana.synced_at = Some(at(4));
    ana.pushed.email = Some("c3".to_owned());
    ana.pushed.display_name = Some("d4".to_owned());
    store.bind(&ana).await?;
    assert_eq!(store.bindings().await?.get(&PersonId(17)), Some(&ana));

    assert!(store.set_pushed_external_id(PersonId(17), None).await?);
    assert!(store.set_server_admin_given(PersonId(17), false).await?);
    assert!(!store.set_server_admin_given(PersonId(99), true).await?, "nobody is bound there");
    let bindings = store.bindings().await?;
    let changed = bindings.get(&PersonId(17)).context("it is gone")?;
    assert_eq!((&changed.pushed.external_id, changed.server_admin_given), (&None, false));
    Ok(())
}

async fn that_all_sessions_ended_is_known_until_the_next_lock(store: Store) -> Result<()> {
    let ana = user("ana")?;
    let known = async || anyhow::Ok(store.bindings().await?.get(&PersonId(17)).context("it is gone")?.clone());
    store.bind(&binding(17, "ana")?).await?;
    store.note_signed_out(&ana).await?;
    assert!(!known().await?.signed_out, "of an open account that says nothing");
    store.note_state(&ana, AccountState::Locked).await?;
    store.note_signed_out(&ana).await?;
    assert!(known().await?.signed_out);
    store.bind(&known().await?).await?;
    assert!(known().await?.signed_out);
    // Seen as it was, but for a name; and then unlocked by hand.
    let before = known().await?.noted;
    let named = Noted { name: Some("n1".to_owned()), ..before.clone() };
    store.note_accounts(&[(PersonId(17), [&before, &named])].into()).await?;
    assert!(known().await?.signed_out);
    let open = Noted { state: Some(AccountState::Active), ..named.clone() };
    store.note_accounts(&[(PersonId(17), [&named, &open])].into()).await?;
    assert!(!known().await?.signed_out);
    store.note_state(&ana, AccountState::Locked).await?;
    assert!(!known().await?.signed_out, "a new lock");
    Ok(())
}

async fn who_is_in_line_is_noted_for_all_at_once(store: Store) -> Result<()> {
    for (id, name) in [(17, "ana"), (18, "rui"), (19, "zoe")] {
        store.bind(&binding(id, name)?).await?;
    }
    store.note_synced(&[PersonId(17), PersonId(19), PersonId(99)], at(5)).await?;
    let noted: Vec<_> = store.bindings().await?.values().map(|binding| binding.synced_at).collect();
    assert_eq!(noted, [Some(at(5)), None, Some(at(5))]);
    Ok(())
}

async fn an_address_is_noted_for_one_person_alone_and_names_for_all_at_once(store: Store) -> Result<()> {
    for (id, name) in [(17, "ana"), (18, "rui"), (19, "zoe")] {
        store.bind(&binding(id, name)?).await?;
    }
    assert!(store.set_pushed_email(PersonId(17), "aa").await?);
    assert!(store.set_pushed_email(PersonId(18), "bb").await?);
    assert!(store.set_pushed_email(PersonId(19), "aa").await?);
    assert!(!store.set_pushed_email(PersonId(99), "bb").await?);
    store.set_pushed_names(&[(PersonId(17), "n1".to_owned()), (PersonId(19), "n2".to_owned())].into()).await?;
    let pushed: Vec<_> = store.bindings().await?.values().map(|binding| binding.pushed.clone()).collect();
    let emails: Vec<_> = pushed.iter().map(|pushed| pushed.email.as_deref()).collect();
    let names: Vec<_> = pushed.iter().map(|pushed| pushed.display_name.as_deref()).collect();
    assert_eq!(emails, [None, None, Some("aa")], "one address, one account, also a stranger's");
    assert_eq!(names, [Some("n1"), None, Some("n2")]);
    Ok(())
}

async fn nobody_gets_another_persons_account(store: Store) -> Result<()> {
    store.bind(&binding(17, "ana")?).await?;
    store.bind(&binding(18, "rui")?).await?;
    let before = store.bindings().await?;
    for thief in [binding(19, "ana")?, binding(18, "ana")?] {
        let error = store.bind(&thief).await.err().context("it was taken")?;
        assert_eq!(error, StoreError::Conflict { what: Conflict::Binding });
    }
    assert_eq!(store.bindings().await?, before);
    Ok(())
}

async fn missing_people_are_counted_and_gone_since_the_first_time(store: Store) -> Result<()> {
    for (person, localpart) in [(1, "ana"), (2, "rui"), (3, "eva")] {
        store.bind(&binding(person, localpart)?).await?;
    }
    let note = async |present: &[i64], gone: &[(i64, i64)]| -> Result<Vec<(u32, Option<i64>)>> {
        let present = present.iter().copied().map(PersonId).collect();
        let gone: Vec<_> = gone.iter().map(|(person, since)| (PersonId(*person), at(*since))).collect();
        store.note_presence(&present, &gone).await?;
        let since = |binding: &Binding| binding.gone_since.map(|since| since.as_second() - at(0).as_second());
        Ok(store.bindings().await?.values().map(|binding| (binding.missing_reads, since(binding))).collect())
    };
    // 2 has departed but is still listed; 3 is missing.
    assert_eq!(note(&[1, 2], &[(2, 10)]).await?, [(0, None), (0, Some(10)), (1, None)]);
    assert_eq!(note(&[1, 2], &[(2, 20), (3, 20)]).await?, [(0, None), (0, Some(10)), (2, Some(20))]);
    // Both come back. 77 is not bound and changes nothing.
    assert_eq!(note(&[1, 2, 3, 77], &[]).await?, [(0, None), (0, None), (0, None)]);
    Ok(())
}

async fn the_first_binding_of_a_room_wins(store: Store) -> Result<()> {
    let (first, second, icu) = (room_id!("!first:h.example"), room_id!("!second"), RoomKey::new("icu"));
    assert_eq!(store.bind_room(&icu, first, at(0)).await?, first);
    assert_eq!(store.bind_room(&icu, second, at(1)).await?, first);
    store.rebind_room(&icu, second, at(2)).await?;
    assert_eq!(store.rooms().await?.into_iter().collect::<Vec<_>>(), [(icu.clone(), second.to_owned())]);
    assert!(store.unbind_room(&icu).await?);
    assert!(!store.unbind_room(&icu).await?);
    Ok(())
}

async fn a_room_has_one_key(store: Store) -> Result<()> {
    let (room, icu, ward) = (room_id!("!room:h.example"), RoomKey::new("icu"), RoomKey::new("ward"));
    store.bind_room(&icu, room, at(0)).await?;
    store.bind_room(&ward, room_id!("!ward:h.example"), at(0)).await?;
    let third = RoomKey::new("third");
    for (key, error) in [
        (&third, store.bind_room(&third, room, at(1)).await.err()),
        (&ward, store.rebind_room(&ward, room, at(1)).await.err()),
    ] {
        let error = error.context("it was taken")?;
        assert_eq!(error, StoreError::Conflict { what: Conflict::Room { room: key.clone() } });
    }
    Ok(())
}

/// Approved parts that are still to be applied.
async fn approved_at(store: &Store, now: Timestamp) -> Result<Vec<HeldPlan>> {
    let mut held = store.held_live().await?;
    held.retain(|plan| plan.state == HeldState::Approved && plan.held.expires_at > now);
    Ok(held)
}

fn grant(kind: GrantKind, expires: Option<i64>) -> NewGrant {
    NewGrant {
        person: PersonId(17),
        kind,
        scope: Some(RoomKey::new("icu")),
        asker: "@ana:h.example".to_owned(),
        reason: Some("night shift".to_owned()),
        expires_at: expires.map(at),
        source: None,
    }
}

async fn grants_of_all_kinds_come_back_and_expire(store: Store) -> Result<()> {
    let kinds = [
        GrantKind::Moderator,
        GrantKind::Admin,
        GrantKind::Level(-7),
        GrantKind::Mute,
        GrantKind::Kick,
        GrantKind::Ban,
        GrantKind::Lock,
        GrantKind::Deactivate,
    ];
    let mut added = Vec::new();
    for (end, kind) in (1..).zip(kinds) {
        added.push(store.add_grant(&grant(kind, Some(end * 100)), at(0)).await?);
    }
    added.push(store.add_grant(&NewGrant { scope: None, reason: None, ..grant(GrantKind::Ban, None) }, at(0)).await?);
    assert_eq!(added.iter().map(|grant| grant.kind).take(8).collect::<Vec<_>>(), kinds);
    assert!(added.is_sorted_by_key(|grant| grant.id));
    assert_eq!(store.grants_holding(at(0)).await?, added);
    for now in [99, 100, 101, 799, 800] {
        let holding: Vec<_> = added.iter().filter(|grant| grant.holds_at(at(now))).cloned().collect();
        assert_eq!(store.grants_holding(at(now)).await?, holding, "the database and `holds_at` agree at {now}");
    }
    Ok(())
}

async fn a_grant_ends_once_and_stays_on_record(store: Store) -> Result<()> {
    let mute = store.add_grant(&grant(GrantKind::Mute, Some(100)), at(0)).await?;
    let ban = store.add_grant(&NewGrant { person: PersonId(18), ..grant(GrantKind::Ban, None) }, at(0)).await?;
    assert!(!store.end_grant(mute.id, "operator", at(100)).await?, "it has expired by itself");
    assert!(store.end_grant(ban.id, "operator", at(50)).await?);
    assert!(!store.end_grant(ban.id, "@rui:h.example", at(60)).await?);
    assert!(!store.end_grant(GrantId(99), "operator", at(60)).await?);

    let all = store.grants(&GrantFilter::default()).await?;
    assert_eq!(all.iter().map(|record| record.grant.id).collect::<Vec<_>>(), [ban.id, mute.id], "the newest first");
    assert_eq!(all[0].ended, Some((at(50), "operator".to_owned())));
    let ids = async |filter: GrantFilter| -> Result<Vec<GrantId>> {
        Ok(store.grants(&filter).await?.into_iter().map(|record| record.grant.id).collect())
    };
    assert_eq!(ids(GrantFilter { person: Some(PersonId(17)), ..Default::default() }).await?, [mute.id]);
    assert_eq!(ids(GrantFilter { scope: Some(RoomKey::new("ward")), ..Default::default() }).await?, []);
    assert_eq!(ids(GrantFilter { holding_at: Some(at(99)), ..Default::default() }).await?, [mute.id]);
    assert_eq!(ids(GrantFilter { limit: Some(1), ..Default::default() }).await?, [ban.id]);
    Ok(())
}

fn held(id: &str, expires: i64) -> NewHeld {
    let removal = |user: OwnedUserId| Effect::Remove { room: RoomKey::new("icu"), user };
    NewHeld {
        id: id.to_owned(),
        reason: HeldReason::ManyRemoved { room: RoomKey::new("icu"), people: 2, of: 3, went: 1 },
        effects: BTreeSet::from([removal(owned_user_id!("@rui:h.example")), removal(owned_user_id!("@eva:h.example"))]),
        expires_at: at(expires),
    }
}

async fn a_plan_is_held_once_approved_once_and_released(store: Store) -> Result<()> {
    assert!(store.hold(&held("0f", 100), at(0)).await?);
    assert!(!store.hold(&held("0f", 150), at(50)).await?, "it is announced once");
    let open = store.held_open(at(60)).await?;
    assert_eq!((open.len(), &open[0].held, open[0].created_at), (1, &held("0f", 100), at(0)));

    assert_eq!(store.approve("1e", "@ana:h.example", false, at(60)).await?, Approval::Unknown);
    assert!(!store.mark_released("0f").await?, "not before it is approved");
    assert_eq!(store.approve("0f", "@ana:h.example", false, at(60)).await?, Approval::Approved);
    assert_eq!(store.approve("0f", "@rui:h.example", false, at(61)).await?, Approval::Already);
    assert!(!store.hold(&held("0f", 170), at(70)).await?, "holding again does not take the approval away");
    let approved = approved_at(&store, at(70)).await?;
    assert_eq!(approved[0].approved, Some(("@ana:h.example".to_owned(), at(60))));
    assert_eq!(store.held_open(at(70)).await?, []);

    assert!(store.mark_released("0f").await?);
    assert!(!store.mark_released("0f").await?);
    assert_eq!(store.approve("0f", "@rui:h.example", false, at(71)).await?, Approval::Already);
    assert_eq!(approved_at(&store, at(71)).await?, []);
    Ok(())
}

async fn a_part_lives_beyond_its_expiry_and_ends_with_its_cause(store: Store) -> Result<()> {
    let live = async || -> Result<Vec<(String, HeldState)>> {
        Ok(store.held_live().await?.into_iter().map(|plan| (plan.held.id, plan.state)).collect())
    };
    store.hold(&held("0f", 100), at(0)).await?;
    store.expire_held(at(100)).await?;
    assert_eq!(live().await?, [("0f".to_owned(), HeldState::Expired)], "nobody has looked at it since");
    // A part that shrinks keeps its id.
    let whole = held("0f", 100).effects;
    let rest: BTreeSet<Effect> = whole.iter().take(1).cloned().collect();
    assert!(store.shrink_held("0f", &rest).await?);
    assert_eq!(store.held_plan("0f").await?.context("it is gone")?.held.effects, rest);
    assert!(store.close_held("0f").await? && !store.close_held("0f").await?);
    assert!(!store.shrink_held("0f", &whole).await?, "it has ended");
    assert_eq!(live().await?, []);
    assert_eq!(store.approve("0f", "@ana:h.example", false, at(110)).await?, Approval::Closed);
    assert!(store.hold(&held("0f", 300), at(200)).await?, "due again is new, and told");
    store.approve("0f", "@ana:h.example", false, at(210)).await?;
    assert_eq!(live().await?, [("0f".to_owned(), HeldState::Approved)]);
    assert!(store.mark_released("0f").await? && !store.close_held("0f").await?);
    Ok(())
}

async fn a_held_plan_expires_and_can_be_held_again(store: Store) -> Result<()> {
    store.hold(&held("0f", 100), at(0)).await?;
    store.hold(&held("1e", 100), at(0)).await?;
    store.hold(&held("2d", 200), at(0)).await?;
    assert_eq!(store.approve("1e", "@ana:h.example", false, at(99)).await?, Approval::Approved);
    assert_eq!(
        store.approve("0f", "@ana:h.example", false, at(100)).await?,
        Approval::Expired,
        "before anybody tidied up"
    );
    assert_eq!(approved_at(&store, at(100)).await?, [], "an approval expires too");
    let expired = store.expire_held(at(100)).await?;
    assert_eq!(expired, BTreeSet::from(["0f".to_owned(), "1e".to_owned()]));
    assert_eq!(store.expire_held(at(100)).await?, BTreeSet::new());
    assert_eq!(store.approve("0f", "@ana:h.example", false, at(101)).await?, Approval::Expired);

    assert!(store.hold(&held("1e", 300), at(200)).await?, "due again, announced again");
    let again = store.held_plan("1e").await?.context("it is gone")?;
    assert_eq!((again.state, again.created_at, again.approved), (HeldState::Held, at(200), None));
    Ok(())
}

async fn two_consents_are_those_of_two_people(store: Store) -> Result<()> {
    let (ana, rui) = ("@ana:h.example", "@rui:h.example");
    store.hold(&held("0f", 100), at(0)).await?;
    assert_eq!(store.approve("0f", ana, true, at(1)).await?, Approval::First);
    assert_eq!(store.approve("0f", ana, true, at(2)).await?, Approval::First, "one person is one");
    let plan = store.held_plan("0f").await?.context("it is gone")?;
    assert_eq!((plan.state, plan.first, plan.approved), (HeldState::Held, Some((ana.to_owned(), at(1))), None));
    store.take_first_back("0f", rui).await?;
    assert_eq!(store.approve("0f", rui, true, at(3)).await?, Approval::Approved);
    assert_eq!(store.approve("0f", ana, true, at(4)).await?, Approval::Already);

    // After a consent is taken back, or the part expires with one of two consents, counting starts again.
    store.hold(&held("1e", 100), at(0)).await?;
    store.approve("1e", ana, true, at(1)).await?;
    store.take_first_back("1e", ana).await?;
    assert_eq!(store.approve("1e", rui, true, at(2)).await?, Approval::First);
    assert_eq!(store.approve("1e", ana, true, at(100)).await?, Approval::Expired);
    store.hold(&held("1e", 300), at(200)).await?;
    assert_eq!(store.approve("1e", ana, true, at(201)).await?, Approval::First);

    // With two consents at the same moment, one is the first and the other the second.
    store.hold(&held("2d", 100), at(0)).await?;
    let (one, other) = tokio::join!(store.approve("2d", ana, true, at(1)), store.approve("2d", rui, true, at(1)));
    let both = [one?, other?];
    assert!(both.contains(&Approval::First) && both.contains(&Approval::Approved), "{both:?}");
    Ok(())
}

async fn what_has_grown_is_released_by_nobody(store: Store) -> Result<()> {
    for id in ["0f", "1e"] {
        store.hold(&held(id, 100), at(0)).await?;
    }
    store.approve("1e", "@ana:h.example", false, at(1)).await?;
    assert!(store.mark_outgrown("0f").await? && store.mark_outgrown("1e").await?, "a consent is taken back, too");
    assert!(!store.mark_outgrown("0f").await?);
    assert_eq!(store.approve("0f", "@ana:h.example", false, at(2)).await?, Approval::Outgrown);
    assert_eq!(approved_at(&store, at(2)).await?, []);
    assert_eq!(store.held_open(at(2)).await?, []);
    assert!(store.hold(&held("0f", 100), at(3)).await?, "the very same again is new");
    assert_eq!(store.approve("0f", "@ana:h.example", false, at(4)).await?, Approval::Approved);
    Ok(())
}

async fn power_is_noted_as_it_comes_and_goes(store: Store) -> Result<()> {
    let power = |text: &str| text.parse::<Privilege>().ok().with_context(|| text.to_owned());
    let powers = |texts: &[&str]| texts.iter().map(|text| power(text)).collect::<Result<BTreeSet<_>>>();
    let all =
        powers(&["server administrator", "level 100 in icu", "right approve everywhere", "right approve in icu"])?;
    store.note_privileges(PersonId(17), &all, &BTreeSet::new()).await?;
    store.note_privileges(PersonId(18), &powers(&["right approve everywhere"])?, &BTreeSet::new()).await?;
    let lost = powers(&["server administrator", "right approve everywhere"])?;
    store.note_privileges(PersonId(17), &powers(&["level 100 in icu"])?, &lost).await?;
    store.note_privileges(PersonId(18), &BTreeSet::new(), &powers(&["right approve everywhere"])?).await?;
    let privileged: Vec<_> = store.privileged().await?.into_iter().collect();
    assert_eq!(privileged, [(PersonId(17), powers(&["level 100 in icu", "right approve in icu"])?)]);
    assert_eq!(store.unplaced_powers().await?, None, "a new store has nothing from before");
    Ok(())
}

async fn absences_are_counted_by_what_reads_have_seen(store: Store) -> Result<()> {
    let hours = SignedDuration::from_hours;
    for (person, localpart) in [(1, "ana"), (2, "rui"), (3, "eva")] {
        store.bind(&binding(person, localpart)?).await?;
    }
    let present = BTreeSet::from([PersonId(1), PersonId(2), PersonId(3)]);
    store.note_presence(&present, &[(PersonId(2), at(0)), (PersonId(3), at(3600))]).await?;
    let absent = async || -> Result<Vec<SignedDuration>> {
        Ok(store.bindings().await?.values().map(|binding| binding.gone_for).collect())
    };
    store.add_to_absences(hours(24), at(2 * 3600)).await?;
    assert_eq!(absent().await?, [hours(0), hours(2), hours(1)], "of each no more than since then");
    store.add_to_absences(hours(24), at(40 * 24 * 3600)).await?;
    assert_eq!(absent().await?, [hours(0), hours(26), hours(25)], "a clock that jumps adds a day");
    store.note_state(&user("eva")?, AccountState::Deactivated).await?;
    let (unknown, locked) = (Noted::default(), Noted { state: Some(AccountState::Locked), ..Noted::default() });
    store
        .note_accounts(&BTreeMap::from([(PersonId(1), [&unknown, &locked]), (PersonId(2), [&unknown, &unknown])]))
        .await?;
    // What somebody else noted meanwhile stays.
    store.note_accounts(&BTreeMap::from([(PersonId(1), [&unknown, &unknown])])).await?;
    store.add_to_absences(hours(24), at(40 * 24 * 3600)).await?;
    assert_eq!(absent().await?, [hours(0), hours(50), hours(25)]);
    let states: Vec<_> = store.bindings().await?.values().map(|binding| binding.noted.state).collect();
    assert_eq!(states, [Some(AccountState::Locked), None, Some(AccountState::Deactivated)]);
    // The absence of somebody who comes back starts again at zero.
    store.note_presence(&present, &[(PersonId(3), at(0))]).await?;
    store.note_presence(&present, &[(PersonId(2), at(99)), (PersonId(3), at(0))]).await?;
    assert_eq!(absent().await?, [hours(0), hours(0), hours(25)]);
    Ok(())
}

async fn a_room_is_fulfilled_once(store: Store) -> Result<()> {
    let icu = RoomKey::new("icu");
    store.bind_room(&icu, room_id!("!icu:h.example"), at(0)).await?;
    assert!(store.fulfilled_rooms().await?.is_empty());
    store.note_fulfilled(&icu, at(100)).await?;
    store.note_fulfilled(&icu, at(200)).await?;
    assert_eq!(store.fulfilled_rooms().await?, BTreeSet::from([icu.clone()]));
    // A replacement room has to be filled first.
    store.rebind_room(&icu, room_id!("!next:h.example"), at(300)).await?;
    assert!(store.fulfilled_rooms().await?.is_empty());
    Ok(())
}

async fn facts_are_remembered_and_forgotten(store: Store) -> Result<()> {
    assert_eq!(store.remembered("sync_token").await?, None);
    store.remember("sync_token", "s1").await?;
    store.remember("sync_token", "s2").await?;
    assert_eq!(store.remembered("sync_token").await?.as_deref(), Some("s2"));
    store.forget("sync_token").await?;
    assert_eq!(store.remembered("sync_token").await?, None);

    assert_eq!(store.directory_size().await?, None);
    store.remember_directory_size(412).await?;
    assert_eq!(store.directory_size().await?, Some(412));
    store.remember("directory_size", "many").await?;
    let error = store.directory_size().await.err().context("that is no number")?;
    assert_eq!(
        english(error),
        "the store holds what makes no sense: meta.value of row directory_size: it is not a number"
    );
    Ok(())
}
