//! Synapse goes away in the middle of a sync and comes back.

use std::time::Duration;

use equipemed_bot::homeserver::Endpoint;
use serde_json::json;

use super::{Hospital, count, crowd, until};

/// Longer than a restart of a small server with migrations.
const AWAY: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_sync_waits_for_synapse_and_finishes_when_it_is_back() -> anyhow::Result<()> {
    let rooms = json!({
        "hospital": {"kind": "space", "name": "Hospital", "members": {"any": true}},
        "todos": {"name": "Equipe", "parent": "hospital", "members": {"any": true}},
        "ward": {"name": "Enfermaria", "parent": "hospital", "members": {"any": true}},
    });
    let hospital = Hospital::alone(crowd("p", 20, &[]), rooms).await?;
    hospital.take();
    let sync = hospital.start(&["sync"])?;
    until("the first room", || async {
        Ok((count(&hospital.proxy.recorded(), Endpoint::CreateRoom) >= 1).then_some(()))
    })
    .await?;
    hospital.synapse().kill().await?;
    sync.told("waiting for Synapse").await?;
    // The outage.
    tokio::time::sleep(AWAY).await;
    hospital.synapse().start_again().await?;
    let ran = sync.end().await?.ended(0);
    assert!(ran.took > AWAY);
    let rooms = hospital.rooms_by_key().await?;
    assert!(rooms.len() == 4 && rooms.values().all(|rooms| rooms.len() == 1), "{rooms:?}");
    for key in ["hospital", "todos", "ward"] {
        assert_eq!(hospital.members(key).await?.len(), 20, "{key}");
    }
    hospital.take();
    hospital.sync(&[]).await?.ended(0);
    assert!(hospital.take_writes().is_empty());
    hospital.finish().await
}
