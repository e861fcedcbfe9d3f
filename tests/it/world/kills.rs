//! A process killed at any moment of a first sync leaves nothing that the next one does not fix.

use std::time::Duration;

use equipemed_bot::homeserver::Endpoint;
use equipemed_testbed::proxy::{Fault, Rule};
use serde_json::json;

use super::{Hospital, chief, count, crowd};

const KILLS: usize = 20;
/// Short enough to fall within a first sync, because requests take at least [`SLOW`] on any machine.
const LONGEST: u64 = 1400;
const SLOW: Duration = Duration::from_millis(90);

/// A random delay up to the longest.
fn moment() -> anyhow::Result<Duration> {
    let random = u64::from_str_radix(&equipemed_testbed::random_hex(4)?, 16)?;
    Ok(Duration::from_millis(random % LONGEST))
}

#[tokio::test]
async fn twenty_kills_in_a_row_leave_nothing_twice_and_nothing_undone() -> anyhow::Result<()> {
    let rooms = json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "todos": {"name": "Equipe", "parent": "hospital", "members": {"any": true}},
        "icu": {"name": "UTI", "parent": "hospital", "members": {"group": "UTI"}},
        "ward": {"name": "Enfermaria", "parent": "hospital", "members": {"any": true}},
        "open": {"name": "Café", "members": {"any": true}, "join": "invite"},
        "night": {"name": "Noite", "members": {"group": "UTI"}},
    });
    let mut people = crowd("p", 16, &[]);
    people.extend(crowd("u", 8, &["UTI"]));
    people.push(chief("marcia"));
    let hospital = Hospital::alone(people, rooms).await?;
    hospital.take();
    let mut killed = 0;
    for round in 0..KILLS {
        if round % 4 == 0 {
            // Synapse creates the room, but the response is lost.
            hospital.proxy.add_rule(Rule::new("/createRoom", Fault::CutAfterForward).once());
        }
        hospital.proxy.add_rule(Rule::new("", Fault::Delay(SLOW)));
        let mut sync = hospital.start(&["sync"])?;
        let made = count(&hospital.proxy.recorded(), Endpoint::CreateRoom);
        let delay = moment()?;
        if round % 4 == 1 {
            // Right after a room is created, before it can be stored; or later if none is left to create.
            let start = std::time::Instant::now();
            while count(&hospital.proxy.recorded(), Endpoint::CreateRoom) == made
                && start.elapsed() < Duration::from_secs(3)
                && !sync.has_ended()
            {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        } else {
            // Random moments are the point of this test.
            tokio::time::sleep(delay).await;
        }
        if !sync.has_ended() {
            sync.kill9()?;
            killed += 1;
        }
        let ran = sync.end().await?;
        assert!(ran.code.is_none_or(|code| code == 0), "round {round} after {delay:?}: {ran:?}");
        hospital.proxy.clear_rules();
        hospital.forget_leases().await?;
    }
    assert!(killed >= KILLS / 2, "only {killed} were killed: the sync is too short for this test");

    hospital.sync(&[]).await?.ended(0);
    let rooms = hospital.rooms_by_key().await?;
    assert_eq!(rooms.len(), 7, "{rooms:?}");
    assert!(rooms.values().all(|rooms| rooms.len() == 1), "{rooms:?}");
    for (key, members) in [("hospital", 25), ("todos", 25), ("icu", 8), ("ward", 25), ("night", 8), ("control", 1)] {
        assert_eq!(hospital.members(key).await?.len(), members, "{key}");
    }
    assert_eq!(hospital.with_membership("open", "invite").await?.len(), 25, "nobody accepts invites here");
    assert_eq!(hospital.level("todos", "marcia").await?, Some(100));
    let space = hospital.bot()?.state(&hospital.room("hospital").await?).await?;
    assert_eq!(space.iter().filter(|event| event["type"] == "m.space.child").count(), 3);
    hospital.take();
    let ran = hospital.sync(&[]).await?.ended(0);
    assert!(hospital.take_writes().is_empty() && ran.out.contains("Nothing to do"), "{}", ran.out);
    hospital.finish().await
}
