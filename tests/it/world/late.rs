//! Late and repeated commands: durations count from when a command was sent, and a restored database repeats nothing.

use serde_json::json;

use super::talk::{begun, close, opened};
use super::{Hospital, chief, crowd};

/// Milliseconds since 1970, by this machine's clock, which Synapse shares.
fn now() -> i64 {
    equipemed_bot::clock::Clock::system().now().as_millisecond()
}

/// Pushes a command of `chefe` as if sent this long ago; returns its event.
async fn said_ago(hospital: &Hospital, text: &str, seconds: i64) -> anyhow::Result<String> {
    let chief = hospital.client("chefe").await?;
    let control = hospital.room("control").await?;
    // A real event, so that it can be answered, with content and time from the transaction.
    let event = chief.send_text(&control, "bom dia").await?;
    let pushed = json!({
        "type": "m.room.message", "room_id": control, "event_id": event, "sender": chief.user_id(),
        "origin_server_ts": now() - seconds * 1000, "content": {"msgtype": "m.text", "body": text},
    });
    assert_eq!(hospital.push(&event, &[pushed]).await?, 200);
    Ok(event)
}

#[tokio::test]
async fn how_long_something_lasts_counts_from_when_it_was_said() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let mut people = crowd("p", 3, &[]);
    people.push(chief("chefe"));
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let reader = hospital.client("chefe").await?;
    let name = |number: usize| hospital.username(&format!("p{number:02}"));

    let over = said_ago(&hospital, &format!("!kick {} in icu for 3m", name(0)), 240).await?;
    hospital.answer(&reader, "control", &over).await?.says(&["ended at", "Nothing was done"]);
    assert_eq!(hospital.number("select count(*) from grants").await?, 0);
    assert!(hospital.members("icu").await?.contains(&"p00".to_owned()));

    let shorter = said_ago(&hospital, &format!("!mute {} in icu for 10m", name(1)), 240).await?;
    hospital.answer(&reader, "control", &shorter).await?;
    let lasts = "select expires_at - created_at from grants where kind = 'mute'";
    let left = hospital.number(lasts).await?;
    assert!(left > 0 && left <= 360_000, "{left} ms of ten minutes are left after four");

    // A fast clock gives no extra time.
    let ahead = said_ago(&hospital, &format!("!ban {} in icu for 10m", name(2)), -3600).await?;
    hospital.answer(&reader, "control", &ahead).await?;
    let lasts = "select expires_at - created_at from grants where kind = 'ban'";
    assert!(hospital.number(lasts).await? <= 600_000);
    close(hospital, serving).await
}

#[tokio::test]
async fn a_restored_database_does_nothing_twice_that_was_answered() -> anyhow::Result<()> {
    let rooms = json!({"icu": {"name": "UTI", "members": {"any": true}}});
    let mut people = crowd("p", 3, &[]);
    people.push(chief("chefe"));
    let (hospital, serving) = opened(people, rooms, |_| ()).await?;
    let chief = hospital.client("chefe").await?;
    serving.term()?;
    serving.end().await?.ended(0);
    let (database, backup) = (hospital.path("equipemed-bot.db"), hospital.path("backup.db"));
    std::fs::copy(&database, &backup)?;

    let (hospital, serving) = begun(hospital).await?;
    let name = hospital.username("p00");
    let locked = hospital.say(&chief, "control", &format!("!lock {name}")).await?;
    hospital.answer(&chief, "control", &locked).await?.says(&["locked"]);
    let open = hospital.say(&chief, "control", &format!("!unlock {name}")).await?;
    hospital.answer(&chief, "control", &open).await?;
    let asked = hospital.say(&chief, "control", "!whoami").await?;
    hospital.answer(&chief, "control", &asked).await?;
    serving.term()?;
    serving.end().await?.ended(0);

    for file in ["equipemed-bot.db-wal", "equipemed-bot.db-shm"] {
        std::fs::remove_file(hospital.path(file)).ok();
    }
    std::fs::copy(&backup, &database)?;
    hospital.forget_leases().await?;
    // This one was not answered.
    let new = hospital.say(&chief, "control", &format!("!mute {} in icu", hospital.username("p01"))).await?;
    let (hospital, serving) = begun(hospital).await?;
    hospital.answer(&chief, "control", &new).await?.says(&["p01"]);
    for event in [&locked, &open, &asked] {
        hospital.handled(event).await?;
        assert_eq!(hospital.answers(&chief, "control", event).await?.len(), 1, "answered once");
    }
    assert_eq!(hospital.number("select count(*) from grants where kind = 'lock'").await?, 0);
    assert_eq!(hospital.outcomes("lock").await?, Vec::<String>::new());
    assert_eq!(hospital.outcomes("unlock").await?, Vec::<String>::new());
    close(hospital, serving).await
}
