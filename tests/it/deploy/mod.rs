//! What is put on the hospital's machine, tried with the real programs.

mod backup;
mod browser;
mod init;
pub(crate) mod nginx;
mod person;
mod policy;
mod rotation;
mod shipped;
mod takeover;
mod whole;
mod written;

use equipemed_testbed::{Program, eventually};

use crate::world::process::PATIENCE;

/// Waits until a Synapse answers.
async fn until_healthy(synapse: &mut Program, url: &str) -> anyhow::Result<()> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let health = format!("{url}/health");
    eventually("Synapse", PATIENCE, || {
        let (ended, output) = (synapse.ended(), synapse.output_tail());
        let asked = http.get(&health).send();
        async move {
            anyhow::ensure!(ended.is_none(), "Synapse ended while starting:\n{output}");
            Ok(asked.await.is_ok_and(|answer| answer.status().is_success()).then_some(()))
        }
    })
    .await
}
