//! Mass changes are held: reported once, and approved by authorised people for exactly what was shown.

use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, chief, crowd, person, until};

fn rooms() -> Value {
    json!({"todos": {"name": "Equipe", "members": {"any": true}}})
}

/// Suspends these people.
fn suspend(hospital: &mut Hospital, numbers: impl IntoIterator<Item = usize>) -> anyhow::Result<()> {
    for number in numbers {
        hospital.someone(&format!("p{number:02}")).status = "suspended";
    }
    hospital.write_roster()
}

async fn locked(hospital: &Hospital, count: usize) -> anyhow::Result<usize> {
    let mut locked = 0;
    for number in 0..count {
        locked += usize::from(hospital.is_locked(&format!("p{number:02}")).await?);
    }
    Ok(locked)
}

/// The id in an announcement.
fn id_in(text: &str) -> String {
    text.rsplit("!approve ").next().unwrap_or_default().trim_end_matches('`').trim().to_owned()
}

/// Words of an announcement about everybody.
const EVERYBODY: &[&str] = &["active people would be locked", "!approve"];

#[tokio::test]
async fn locking_forty_percent_is_told_once_and_released_by_who_may_for_what_was_looked_at() -> anyhow::Result<()> {
    let mut people = crowd("p", 18, &[]);
    people.extend([chief("chefe"), person("lider", &["Leads"])]);
    let (mut hospital, serving) = opened(people, rooms(), |_| ()).await?;
    let (chief, leader) = (hospital.client("chefe").await?, hospital.client("lider").await?);

    suspend(&mut hospital, 0..8)?;
    // Narrow passes see one person each: all but the first four wait for the full pass that sees them together.
    let told = hospital.told(&chief, EVERYBODY).await?;
    let old = id_in(&told[0]);
    let held = hospital.sync(&[]).await?.ended(3).held();
    assert_eq!((held, hospital.heard(&chief, EVERYBODY).await?.len()), (vec![old.clone()], 1), "told once");
    let before = locked(&hospital, 18).await?;
    assert!(before <= 4, "{before} were locked");
    let refused = hospital.ask(&leader, &format!("!approve {old}")).await?;
    refused.says(&["need the right"]);
    assert_eq!(locked(&hospital, 18).await?, before);

    // Something is added that nobody has looked at.
    suspend(&mut hospital, 8..9)?;
    until("it is told anew", || async { Ok((hospital.heard(&chief, EVERYBODY).await?.len() == 2).then_some(())) })
        .await?;
    let new = id_in(&hospital.heard(&chief, EVERYBODY).await?[0]);
    assert_ne!(new, old);
    let stale = hospital.ask(&chief, &format!("!approve {old}")).await?;
    stale.says(&[&old, "not released", "something was added", &new]);
    assert_eq!(locked(&hospital, 18).await?, before);
    hospital.ask(&chief, "!status").await?.says(&[&new]);

    // Concurrent narrow passes do not use up a consent.
    hospital.someone("p17").first_name = "Zoe".to_owned();
    hospital.write_roster()?;
    let released = hospital.ask(&chief, &format!("!approve {new}")).await?;
    released.says(&["Released", &new]);
    assert_eq!(locked(&hospital, 18).await?, 9, "{}", released.text);
    let again = hospital.ask(&chief, &format!("!approve {new}")).await?;
    again.says(&["Nothing is held"]);
    assert_eq!(hospital.heard(&chief, EVERYBODY).await?.len(), 2);
    close(hospital, serving).await
}

#[tokio::test]
async fn a_narrow_pass_does_its_share_of_what_was_released_and_leaves_the_consent() -> anyhow::Result<()> {
    let mut hospital = Hospital::new(crowd("p", 20, &[]), rooms()).await?;
    hospital.sync(&[]).await?.ended(0);
    suspend(&mut hospital, 0..8)?;
    let held = hospital.sync(&[]).await?.ended(3).held();
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    let store = hospital.store().await?;
    let now = equipemed_bot::clock::Clock::system().now();
    store.approve(&held[0], "@somebody:hospital.example", false, now).await?;
    let first = equipemed_domain::directory::PersonId(1);
    store.wake(&equipemed_domain::wake::Wake::Person(first), "test", now, now).await?;
    until("one is locked", || async { Ok(hospital.is_locked("p00").await?.then_some(())) }).await?;
    until("the pass ended", || async { Ok((store.wakeups_due(now).await? == 0).then_some(())) }).await?;
    assert_eq!(locked(&hospital, 20).await?, 1);
    store.close().await;
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(locked(&hospital, 20).await?, 8, "released once is released");
    hospital.finish().await
}

#[tokio::test]
async fn where_two_have_to_agree_one_is_not_enough() -> anyhow::Result<()> {
    let mut people = crowd("p", 18, &[]);
    people.extend([chief("chefe"), chief("outra")]);
    let two = |hospital: &mut Hospital| hospital.config["limits"] = json!({"two_consents": true, "lock_least": 1});
    let (mut hospital, serving) = opened(people, rooms(), two).await?;
    let (chief, other) = (hospital.client("chefe").await?, hospital.client("outra").await?);

    suspend(&mut hospital, 0..8)?;
    let told = hospital.told(&chief, &["active people would be locked", "two different people"]).await?;
    let id = id_in(&told[0]);
    let before = locked(&hospital, 18).await?;
    for _ in 0..2 {
        hospital.ask(&chief, &format!("!approve {id}")).await?.says(&[&id, "One more is needed"]);
    }
    hospital.ask(&other, "!status").await?.says(&[&id, "1 of 2 approvals", "chefe"]);
    let dry = hospital.sync(&["--dry-run"]).await?.ended(0);
    assert!(dry.out.contains(&format!("one more consent is needed for {id}")), "{}", dry.out);
    assert_eq!(hospital.sync(&[]).await?.ended(3).held(), std::slice::from_ref(&id));
    assert_eq!(locked(&hospital, 18).await?, before);
    hospital.ask(&other, &format!("!approve {id}")).await?.says(&["Released", &id]);
    assert_eq!(locked(&hospital, 18).await?, 8);

    // The operator gives only 1 of 2 approvals, however often; somebody in the room gives the other.
    suspend(&mut hospital, 8..10)?;
    let id = hospital.sync(&[]).await?.ended(3).held().remove(0);
    for _ in 0..2 {
        let ran = hospital.sync(&["--approve", &id]).await?.ended(3);
        assert!(ran.out.contains(&format!("one more consent is needed for {id}")), "{}", ran.out);
    }
    assert_eq!(locked(&hospital, 18).await?, 8);
    hospital.ask(&chief, &format!("!approve {id}")).await?.says(&["Released", &id]);
    assert_eq!(locked(&hospital, 18).await?, 10);

    // In the other order; and a consent does not count once its giver has lost the right.
    suspend(&mut hospital, 10..12)?;
    let id = hospital.sync(&[]).await?.ended(3).held().remove(0);
    hospital.ask(&other, &format!("!approve {id}")).await?.says(&["One more is needed"]);
    hospital.someone("outra").superuser = false;
    hospital.write_roster()?;
    hospital.ask(&chief, &format!("!approve {id}")).await?.says(&["One more is needed"]);
    assert_eq!(locked(&hospital, 18).await?, 10);
    hospital.sync(&["--approve", &id]).await?.ended(0);
    assert_eq!(locked(&hospital, 18).await?, 12);
    close(hospital, serving).await
}
