//! Leaving and returning, with one person for each way in which EquipeMed expresses it.

use equipemed_testbed::Client;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Hospital, Person, chief, crowd, person, until};

/// Observed state of an account.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Open,
    Locked,
    Deactivated,
}

async fn seen(hospital: &Hospital, name: &str) -> anyhow::Result<Seen> {
    let account = Client::administrator(hospital.synapse()).await?.account(&hospital.user(name)).await?;
    Ok(match (&account["deactivated"], &account["locked"]) {
        (deactivated, _) if *deactivated == true => Seen::Deactivated,
        (_, locked) if *locked == true => Seen::Locked,
        _ => Seen::Open,
    })
}

fn from_now(span: SignedDuration) -> anyhow::Result<Timestamp> {
    Ok(equipemed_bot::clock::Clock::system().now().checked_add(span)?)
}

/// Roster fields of somebody whose access ends then.
fn until_then(end: Timestamp) -> Value {
    json!({"access_expires_at": end.to_string()})
}

/// People who leave, in what way, and what happens to them.
const WAYS: [(&str, Seen); 8] = [
    ("suspended", Seen::Locked),
    ("expired", Seen::Locked),
    ("inactive", Seen::Locked),
    ("renewal_required", Seen::Locked),
    ("past", Seen::Locked),
    ("departed", Seen::Locked),
    ("disabled", Seen::Locked),
    ("vanished", Seen::Locked),
];
/// The ways after which the account is deactivated eventually.
const GONE: [&str; 3] = ["departed", "disabled", "vanished"];

fn go(hospital: &mut Hospital) -> anyhow::Result<()> {
    for (way, _) in WAYS {
        match way {
            "past" => hospital.someone(way).also = until_then(from_now(SignedDuration::from_secs(-1))?),
            // The word alone says nothing: it stays when the date is extended.
            "expired" => {
                let also = until_then(from_now(SignedDuration::from_secs(-1))?);
                *hospital.someone(way) = Person { status: "expired", also, ..hospital.people[way].clone() };
            }
            "disabled" => hospital.someone(way).also = json!({"is_active": false}),
            "vanished" => _ = hospital.people.remove(way),
            status => hospital.someone(status).status = status,
        }
    }
    hospital.someone("odd").status = "on_the_moon";
    hospital.someone("extended").status = "expired";
    hospital.someone("extended").also = until_then(from_now(SignedDuration::from_hours(1))?);
    hospital.write_roster()
}

async fn all_in_their_places(hospital: &Hospital) -> anyhow::Result<()> {
    for (way, _) in WAYS {
        assert_eq!(seen(hospital, way).await?, Seen::Open, "{way}");
        assert_eq!(hospital.level("todos", way).await?, Some(50), "{way}");
    }
    assert_eq!(hospital.members("todos").await?.len(), 30);
    Ok(())
}

#[tokio::test]
async fn everybody_who_goes_is_locked_or_gone_and_finds_everything_again() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let mut people: Vec<Person> = WAYS.iter().map(|(way, _)| person(way, &["Leads"])).collect();
    people.extend([person("odd", &["Leads"]), person("extended", &["Leads"]), chief("marcia")]);
    people.extend(crowd("p", 19, &[]));
    let mut hospital = Hospital::new(people, rooms).await?;
    hospital.config["limits"] = json!({"lock_least": 100, "shrink_share": "90%"});
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    all_in_their_places(&hospital).await?;
    let before = hospital.people.clone();

    go(&mut hospital)?;
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(ran.out.contains("on_the_moon"), "an unknown status is told: {}", ran.out);
    assert_eq!(seen(&hospital, "vanished").await?, Seen::Open, "missing once may be a slip");
    hospital.sync(&[]).await?.ended(0);
    let (room, bot) = (hospital.room("todos").await?, hospital.bot()?);
    for (way, wanted) in WAYS {
        assert_eq!(seen(&hospital, way).await?, wanted, "{way}");
        let member = bot.state_event(&room, "m.room.member", &hospital.user(way)).await?;
        assert_eq!(member.unwrap_or_default()["membership"], "join", "{way} keeps the place");
        let levels = bot.power_levels(&room).await?;
        assert!(levels["users"].get(hospital.user(way)).is_none(), "{way} keeps no level");
    }
    for stays in ["odd", "extended"] {
        assert_eq!((seen(&hospital, stays).await?, hospital.level("todos", stays).await?), (Seen::Open, Some(50)));
    }

    // They return before the waiting time is over.
    hospital.people = before.clone();
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    all_in_their_places(&hospital).await?;

    // Away for longer than that.
    go(&mut hospital)?;
    hospital.sync(&[]).await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    hospital.config["users"]["deactivate_after"] = json!("1h");
    hospital.write_config()?;
    hospital.sync(&[]).await?.ended(0);
    assert_eq!(seen(&hospital, "departed").await?, Seen::Locked, "not before");
    hospital
        .sql("update bindings set gone_since = gone_since - 3600000, gone_for = 3600000 where gone_since is not null")
        .await?;
    hospital.sync(&[]).await?.ended(0);
    for (way, _) in WAYS {
        let wanted = if GONE.contains(&way) { Seen::Deactivated } else { Seen::Locked };
        assert_eq!(seen(&hospital, way).await?, wanted, "{way}");
    }

    // Nevertheless everything is restored: accounts, rooms and levels.
    hospital.people = before;
    hospital.write_roster()?;
    hospital.sync(&[]).await?.ended(0);
    hospital.sync(&[]).await?.ended(0);
    all_in_their_places(&hospital).await?;
    hospital.finish().await
}

#[tokio::test]
async fn an_access_that_expires_locks_at_that_moment_though_nothing_else_happens() -> anyhow::Result<()> {
    let rooms = json!({"todos": {"name": "Equipe", "members": {"any": true}}});
    let mut hospital = Hospital::new(crowd("p", 3, &[]), rooms).await?;
    hospital.sync(&[]).await?.ended(0);
    // Late enough for the first pass to be over; the interval is off and nobody writes the roster.
    let end = from_now(SignedDuration::from_secs(6))?;
    hospital.someone("p01").also = until_then(end);
    hospital.write_roster()?;
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    if from_now(SignedDuration::ZERO)? < end {
        assert_eq!(seen(&hospital, "p01").await?, Seen::Open);
    }
    until("it is locked", || async { Ok((seen(&hospital, "p01").await? == Seen::Locked).then_some(())) }).await?;
    let late = from_now(SignedDuration::ZERO)?.duration_since(end);
    assert!(late >= SignedDuration::ZERO && late < SignedDuration::from_secs(10), "{late:?}");

    // The same from a narrow pass: the roster changes shortly before and is then left alone.
    let end = from_now(SignedDuration::from_secs(4))?;
    hospital.someone("p02").also = until_then(end);
    hospital.write_roster()?;
    until("it is locked", || async { Ok((seen(&hospital, "p02").await? == Seen::Locked).then_some(())) }).await?;
    let late = from_now(SignedDuration::ZERO)?.duration_since(end);
    assert!(late >= SignedDuration::ZERO && late < SignedDuration::from_secs(10), "{late:?}");
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}
