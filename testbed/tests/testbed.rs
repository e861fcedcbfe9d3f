//! The testbed itself: that what tests lean on does what it says.

use equipemed_testbed::synapse::{Options, rss_bytes};
use equipemed_testbed::{Client, Synapse};
use serde_json::json;

#[tokio::test]
async fn a_synapse_keeps_its_data_when_started_again() -> anyhow::Result<()> {
    let start = std::time::Instant::now();
    let synapse = Synapse::start(Options::default()).await?;
    eprintln!("started in {:?}", start.elapsed());
    let ana = Client::create(&synapse, "ana").await?;
    let pid = synapse.pid().expect("runs");
    eprintln!("cpu {} rss {}", synapse.cpu_seconds()?, rss_bytes(pid)?);

    let start = std::time::Instant::now();
    synapse.stop().await?;
    eprintln!("stopped in {:?}", start.elapsed());
    assert!(ana.get("/_matrix/client/v3/account/whoami").await.is_err());

    let start = std::time::Instant::now();
    synapse.start_again().await?;
    eprintln!("again in {:?}", start.elapsed());
    let who = ana.get_ok("/_matrix/client/v3/account/whoami").await?;
    assert_eq!(who["user_id"], json!("@ana:hospital.example"));
    Ok(())
}
