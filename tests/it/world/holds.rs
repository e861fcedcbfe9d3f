//! Held parts over time: they end with their cause, bind every pass, and include what went before.

use serde_json::{Value, json};

use super::talk::{close, opened};
use super::{Hospital, chief, crowd, until};

fn rooms() -> Value {
    json!({"todos": {"name": "Equipe", "members": {"any": true}}})
}

/// Changes the status of these people with one write of the roster.
fn set(hospital: &mut Hospital, status: &'static str, numbers: impl IntoIterator<Item = usize>) -> anyhow::Result<()> {
    for number in numbers {
        hospital.someone(&format!("p{number:02}")).status = status;
    }
    hospital.write_roster()
}

async fn locked(hospital: &Hospital, numbers: impl IntoIterator<Item = usize>) -> anyhow::Result<usize> {
    let mut locked = 0;
    for number in numbers {
        locked += usize::from(hospital.is_locked(&format!("p{number:02}")).await?);
    }
    Ok(locked)
}

fn id_in(text: &str) -> String {
    text.rsplit("!approve ").next().unwrap_or_default().trim_end_matches('`').trim().to_owned()
}

const HELD: &[&str] = &["active people would be locked", "!approve"];

#[tokio::test]
async fn a_hold_ends_with_its_cause_and_a_new_cause_is_done_or_told() -> anyhow::Result<()> {
    let mut people = crowd("p", 20, &["Leads"]);
    people.push(chief("chefe"));
    let (mut hospital, serving) = opened(people, rooms(), |_| ()).await?;
    let chief = hospital.client("chefe").await?;

    // Six people in one write are judged together: none goes through below the limit.
    set(&mut hospital, "suspended", 0..6)?;
    let id = id_in(&hospital.told(&chief, HELD).await?[0]);
    assert_eq!(locked(&hospital, 0..6).await?, 0);
    // No pass applies consequences of a lock that was not done.
    hospital.ask(&chief, "!sync todos").await?;
    for number in 0..6 {
        assert_eq!(hospital.level("todos", &format!("p{number:02}")).await?, Some(50), "p{number:02}");
    }

    // The status is restored: the hold ends and this is reported.
    set(&mut hospital, "active", 0..6)?;
    hospital.told(&chief, &["is settled", &id]).await?;
    hospital.ask(&chief, "!status").await?.says(&["Held: nothing"]);
    hospital.ask(&chief, &format!("!approve {id}")).await?.says(&[&id, "is settled"]);
    assert_eq!(locked(&hospital, 0..6).await?, 0);

    // A real suspension of one of them is a new, small cause.
    set(&mut hospital, "suspended", 5..6)?;
    until("the one is locked", || async { Ok(hospital.is_locked("p05").await?.then_some(())) }).await?;
    until("the level follows", || async { Ok(hospital.level("todos", "p05").await?.is_none().then_some(())) }).await?;
    close(hospital, serving).await
}

#[tokio::test]
async fn what_went_before_is_told_and_what_is_left_keeps_its_id() -> anyhow::Result<()> {
    let mut people = crowd("p", 20, &["Leads"]);
    people.push(chief("chefe"));
    let (mut hospital, serving) = opened(people, rooms(), |_| ()).await?;
    let chief = hospital.client("chefe").await?;
    set(&mut hospital, "suspended", 0..3)?;
    until("three are locked", || async { Ok((locked(&hospital, 0..3).await? == 3).then_some(())) }).await?;
    set(&mut hospital, "suspended", 3..7)?;
    let told = hospital.told(&chief, HELD).await?;
    assert!(told[0].contains("7 of 21") && told[0].contains("3 of them already done"), "{told:?}");
    let id = id_in(&told[0]);

    // Two of the four are restored and the service restarts; the rest keeps its id.
    set(&mut hospital, "active", 3..5)?;
    serving.term()?;
    serving.end().await?.ended(0);
    let held = hospital.sync(&[]).await?.ended(3).held();
    assert_eq!(held, std::slice::from_ref(&id));
    assert_eq!(locked(&hospital, 3..7).await?, 0);
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    hospital.ask(&chief, "!status").await?.says(&[&id]);
    hospital.ask(&chief, &format!("!approve {id}")).await?.says(&["Released", &id]);
    assert_eq!((locked(&hospital, 5..7).await?, locked(&hospital, 3..5).await?), (2, 0));
    until("levels follow", || async { Ok(hospital.level("todos", "p06").await?.is_none().then_some(())) }).await?;
    assert_eq!(hospital.level("todos", "p04").await?, Some(50));
    close(hospital, serving).await
}

#[tokio::test]
async fn many_put_into_a_room_are_held_and_a_rotation_is_one_part() -> anyhow::Result<()> {
    let rooms = json!({
        "todos": {"name": "Equipe", "members": {"any": true}},
        "uti": {"name": "UTI", "members": {"group": "UTI"}},
    });
    let mut people = crowd("p", 40, &[]);
    people.push(chief("chefe"));
    people.iter_mut().filter(|person| person.name.as_str() < "p20").for_each(|person| {
        if person.name.starts_with('p') {
            person.groups = vec!["UTI".to_owned()];
        }
    });
    let mut hospital = Hospital::new(people, rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.members("uti").await?.len(), 20);

    // Twelve of twenty members are exchanged: one question, and nobody joins before it is answered.
    for number in 0..12 {
        hospital.someone(&format!("p{number:02}")).groups.clear();
        hospital.someone(&format!("p{:02}", number + 20)).groups = vec!["UTI".to_owned()];
    }
    hospital.write_roster()?;
    let ran = hospital.sync(&[]).await?.ended(3);
    assert!(ran.out.contains("12 of 20 members would be removed from the room uti and 12 people added"), "{}", ran.out);
    let held = ran.held();
    assert_eq!(held.len(), 1, "{}", ran.out);
    assert!(!hospital.members("uti").await?.contains(&"p20".to_owned()));
    hospital.sync(&["--approve", &held[0]]).await?.ended(0);
    let members = hospital.members("uti").await?;
    assert!(members.len() == 20 && members.contains(&"p20".to_owned()), "{members:?}");

    // Removing today's members needs no consent.
    for number in 20..32 {
        hospital.someone(&format!("p{number:02}")).groups.clear();
    }
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(hospital.members("uti").await?.len(), 8);
    hospital.finish().await
}

#[tokio::test]
async fn an_administrator_of_one_room_releases_nothing_and_gains_with_the_others() -> anyhow::Result<()> {
    let mut people = crowd("p", 7, &[]);
    people.extend(crowd("q", 5, &[]));
    people.push(chief("chefe"));
    let rooms = json!({
        "todos": {"name": "Equipe", "members": {"any": true}},
        "uti": {"name": "UTI", "members": {"any": true}},
    });
    let (mut hospital, serving) = opened(people, rooms, |hospital| {
        let user = hospital.username("p06");
        hospital.config["rooms"]["uti"]["administrators"] = json!({"user": user});
    })
    .await?;
    let (chief, local) = (hospital.client("chefe").await?, hospital.client("p06").await?);
    for number in 0..7 {
        hospital.someone(&format!("p{number:02}")).superuser = true;
    }
    hospital.write_roster()?;
    let told = hospital.told(&chief, &["would gain administrator power", "!approve"]).await?;
    assert!(told[0].contains("7 people"), "{told:?}");
    let id = id_in(&told[0]);
    let refused = hospital.ask(&local, &format!("!approve {id}")).await?;
    refused.says(&["right to", "held until somebody approves"]);
    // A held right cannot be used in any way: by command, in a room, or at the command line in its owner's name.
    let mute = format!("!mute {} in todos", hospital.username("p05"));
    hospital.ask(&local, &mute).await?.says(&["held until somebody approves"]);
    let (p00, p01) = (hospital.client("p00").await?, hospital.client("p01").await?);
    let message = hospital.say(&p01, "todos", "bom dia").await?;
    let said = p00.reply(&hospital.room("todos").await?, &message, "!redact").await?;
    hospital.answer(&p00, "todos", &said).await?.says(&["held until somebody approves"]);
    let (somebody, by) = (hospital.username("p05"), hospital.username("p00"));
    let ran = hospital.run(&["grants", "add", &somebody, "mute", "--in", "todos", "--as", &by]).await?;
    ran.ended(1).says(&["held until somebody approves"]);
    // Nor does it agree to what somebody else may not order alone.
    let many: Vec<String> = (0..5).map(|number| hospital.username(&format!("q{number:02}"))).collect();
    let preview = hospital.ask(&chief, &format!("!lock {}", many.join(", "))).await?;
    preview.says(&["5 people locked", "somebody else"]);
    assert!(!preview.text.contains("p06"), "{}", preview.text);
    hospital.ask(&local, &format!("!confirm {}", preview.code()?)).await?.says(&["need the right"]);
    assert_eq!(hospital.number("select count(*) from grants").await?, 0);
    for number in 0..7 {
        assert_eq!(hospital.level("todos", &format!("p{number:02}")).await?, None);
    }
    hospital.ask(&chief, &format!("!approve {id}")).await?.says(&["Released"]);
    assert_eq!(hospital.level("todos", "p06").await?, Some(100));
    close(hospital, serving).await
}
