//! Two processes with the same work.

use serde_json::json;

use super::{Hospital, count, crowd};
use equipemed_bot::homeserver::Endpoint;

#[tokio::test]
async fn two_syncs_at_the_same_moment_do_the_work_once() -> anyhow::Result<()> {
    let rooms = json!({
        "todos": {"name": "Equipe", "members": {"any": true}},
        "ward": {"name": "Enfermaria", "members": {"any": true}},
    });
    let hospital = Hospital::new(crowd("p", 8, &[]), rooms).await?;
    hospital.take();
    let (one, other) = (hospital.start(&["sync"])?, hospital.start(&["sync"])?);
    let (one, other) = (one.end().await?.ended(0), other.end().await?.ended(0));
    let handed = [&one, &other].iter().filter(|ran| ran.err.contains("is at work on this database")).count();
    assert_eq!(handed, 1, "{one:#?}\n{other:#?}");
    let writes = hospital.take_writes();
    assert_eq!(count(&writes, Endpoint::CreateRoom), 2);
    assert_eq!((count(&writes, Endpoint::PutAccount), count(&writes, Endpoint::AdminJoin)), (2 * 8, 16));
    let done = [&one, &other].iter().filter(|ran| ran.out.contains("create_account: 8 done")).count();
    assert_eq!(done, 1, "{one:#?}\n{other:#?}");
    hospital.finish().await
}

#[tokio::test]
async fn a_dry_run_beside_a_sync_waits_for_nobody_and_writes_nothing() -> anyhow::Result<()> {
    let hospital = Hospital::new(crowd("p", 3, &[]), json!({"todos": {"name": "E", "members": {"any": true}}})).await?;
    let serving = hospital.serve().await?;
    serving.told("A full pass ended").await?;
    hospital.take();
    let ran = hospital.sync(&["--dry-run", "--exit-code"]).await?.ended(0);
    assert!(!ran.err.contains("is at work"), "{}", ran.err);
    assert!(hospital.take_writes().is_empty());
    serving.term()?;
    serving.end().await?.ended(0);
    hospital.finish().await
}
